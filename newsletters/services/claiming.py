"""Rows that a worker holds: taken for some minutes, marked step by step, let go. No two workers hold the same.

How far a worker is stands in its claim: which mail it has in hand, which were accepted. Each mail costs one small write
that is committed before the mail leaves; the deliveries themselves are written when the claim is released, all at once, by
the worker or, should it die, by another. Every write asks whether the claim still stands (fencing), so that a worker that
wakes late changes nothing. By the database's clock, since those of workers may differ by minutes.
"""

import random
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakSet

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from newsletters import frames
from newsletters.models import Campaign, Claim, Delivery
from newsletters.services import throttling
from newsletters.services.taking_back import pull_left

State = Delivery.State
LEASE = timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
"""Longer than the server may be silent; so long a mail waits whose worker died."""

SOON = 5.0
"""Seconds for which a worker waits for a mail that is not due yet; longer ones are left to the next minute."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One row that this worker holds, with what is needed to send it."""

    id: int
    key: uuid.UUID
    campaign_id: int | None
    edition_id: int
    attempts: int
    domain: str
    subscriber_id: int
    email: str | None
    uid: uuid.UUID
    token_version: int
    scope: int
    skip: str


_CLAIM = """
WITH picked AS (
    SELECT id FROM newsletters_delivery
    WHERE state = 'queued' AND next_attempt_at <= %(now)s AND {source}
    ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE newsletters_delivery AS d SET state = 'claimed', claim_id = %(claim)s
    FROM picked WHERE d.id = picked.id
    RETURNING d.id, d.key, d.campaign_id, d.issue_id, d.edition_id, d.attempts, d.domain, d.subscriber_id
), noted AS (
    INSERT INTO newsletters_claim (id, lease_until, accepted, is_recalled)
    SELECT %(claim)s, %(until)s, '{{}}', FALSE WHERE EXISTS (SELECT FROM claimed)
)
SELECT c.id, c.key, c.campaign_id, c.edition_id, c.attempts, c.domain, c.subscriber_id, s.email, s.uid, s.token_version,
    %(scope)s,
    CASE
        WHEN s.email IS NULL THEN 'erased'
        WHEN EXISTS (SELECT 1 FROM newsletters_suppression x WHERE x.email_hash = s.email_hash) THEN 'suppressed'
        WHEN NOT EXISTS ({wanted} AND (w.state = 'active' OR w.state = 'paused')) THEN 'unsubscribed'
        WHEN NOT EXISTS ({wanted} AND (w.state = 'active' OR w.state = 'paused' AND w.paused_until <= %(now)s))
            THEN 'paused'
        ELSE ''
    END
FROM claimed c JOIN newsletters_subscriber s ON s.id = c.subscriber_id
{join}
ORDER BY c.id
"""
_OF_CAMPAIGN = _CLAIM.format(
    source="campaign_id = %(campaign)s",
    join="",
    wanted="""SELECT 1 FROM newsletters_subscription w WHERE w.subscriber_id = s.id AND w.channel = 'newsletter'
              AND w.network_id IS NOT DISTINCT FROM %(network)s""",
)
_OF_DIGESTS = _CLAIM.format(
    source="campaign_id IS NULL",
    join="JOIN newsletters_digestissue i ON i.id = c.issue_id",
    wanted="""SELECT 1 FROM newsletters_subscription w WHERE w.subscriber_id = s.id AND w.channel <> 'newsletter'
              AND w.frequency = i.frequency""",
)


def claim_due(limit, now=None) -> tuple[uuid.UUID, list[Claimed], datetime]:
    """Take due rows of the digests or of one campaign for this worker; rows that others hold are passed over.

    A digest of which the reader has left a part since is taken back, to be made anew. (claim, rows, when), by the
    database's clock: those of workers may differ by minutes.
    """
    claim, now = uuid.uuid4(), now or database_clock()
    values = {"limit": limit, "now": now, "until": now + LEASE, "claim": str(claim)}
    for campaign in sources():
        with connection.cursor() as cursor:
            if campaign is None:
                cursor.execute(_OF_DIGESTS, values | {"scope": frames.SCOPE_OF_DIGESTS})
            else:
                found = {"campaign": campaign.pk, "network": campaign.network_id, "scope": frames.scope_of(campaign)}
                cursor.execute(_OF_CAMPAIGN, values | found)
            rows = [Claimed(*row) for row in cursor.fetchall()]
        if rows and campaign is None:
            left = pull_left(claim, [row.id for row in rows if not row.skip])
            return claim, [row for row in rows if row.id not in left], now
        if rows:
            return claim, rows, now
    return claim, [], now


def database_clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def sources():
    """The digests (None) and each campaign that is being sent, in a random order, so that none waits for another."""
    found = [None, *Campaign.objects.filter(state=Campaign.State.SENDING)]
    random.shuffle(found)
    return found


_RELEASE = """
WITH ended AS (
    DELETE FROM newsletters_claim WHERE {which} RETURNING id, accepted || %(accepted)s::bigint[] AS accepted, in_hand
)
UPDATE newsletters_delivery AS d SET
    state = CASE WHEN d.id = ANY(ended.accepted) THEN 'accepted'
        WHEN d.id = ended.in_hand THEN 'uncertain' ELSE 'queued' END,
    attempts = d.attempts + CASE WHEN d.id = ANY(ended.accepted) OR d.id = ended.in_hand THEN 1 ELSE 0 END,
    accepted_at = CASE WHEN d.id = ANY(ended.accepted) THEN now() ELSE d.accepted_at END,
    smtp_code = CASE WHEN d.id = ANY(ended.accepted) THEN '250'
        WHEN d.id = ended.in_hand THEN 'worker lost' ELSE d.smtp_code END,
    claim_id = NULL
FROM ended WHERE d.claim_id = ended.id
RETURNING d.state
"""
_RELEASE_OWN = _RELEASE.format(which="id = %(claim)s")
_RELEASE_EXPIRED = _RELEASE.format(
    which="id IN (SELECT id FROM newsletters_claim WHERE lease_until < %(now)s FOR UPDATE SKIP LOCKED)"
)


def release(claim, accepted_id=None) -> Counter:
    """Let go of all that a worker still holds, its last mail accepted or not; {state: rows}.

    What it has not begun is queued again. A mail whose end it did not learn is uncertain.
    """
    return _released(_RELEASE_OWN, {"claim": str(claim), "accepted": [accepted_id] if accepted_id else []})


def settle_expired(now=None) -> Counter:
    """The same for workers that died: {state: rows}, of which those they had in hand are uncertain."""
    return _released(_RELEASE_EXPIRED, {"now": now or database_clock(), "accepted": []})


def _released(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return Counter(state for (state,) in cursor.fetchall())


@transaction.atomic
def recall(campaign_id: int) -> int:
    """Queue again what workers hold of a newsletter and have not begun; they hand over nothing more of it."""
    held = Delivery.objects.filter(campaign=campaign_id, state=State.CLAIMED)
    claims = Claim.objects.filter(pk__in=held.values("claim"))
    # The claims are locked by this before they are read: whoever marks a mail in one just now comes before it, or not at all.
    claims.update(is_recalled=True)
    begun = {pk for row in claims.values_list("accepted", "in_hand") for pk in (*row[0], row[1])}
    return held.exclude(pk__in=begun - {None}).let_go(State.QUEUED)


def within_limits_of_domains(claim, rows):
    """(rows that may go now, seconds until the next may); those of a domain whose limit is reached wait, one by one."""
    limited = throttling.limited_domains() if rows else set()
    wanted = Counter(row.domain for row in rows if row.domain in limited)
    late, soonest = set(), 0.0
    for domain, count in wanted.items():
        taken, wait, each = throttling.take(domain, count)
        now, waiting = timezone.now(), [row for row in rows if row.domain == domain][taken:]
        for place, row in enumerate(waiting):
            row_waits = timedelta(seconds=max(wait, 0.05) + place * each)
            held = Delivery.objects.filter(pk=row.id, claim=claim)
            held.let_go(State.QUEUED, next_attempt_at=now + row_waits)
        if waiting:
            late.update(row.id for row in waiting)
            soonest = min(soonest or wait, wait) or 0.05
    return [row for row in rows if row.id not in late], soonest


# Marking -----------------------------------------------------------------------------------------

_BEGIN = """
UPDATE newsletters_claim SET in_hand = $2, accepted = accepted || $3
WHERE id = $1 AND NOT is_recalled
AND EXISTS (
    SELECT FROM newsletters_delivery d WHERE d.id = $2 AND d.claim_id = $1
    AND (
        d.campaign_id IS NULL
        OR EXISTS (SELECT FROM newsletters_campaign c WHERE c.id = d.campaign_id AND c.state = 'sending')
    )
)
AND EXISTS (SELECT FROM newsletters_subscriber s WHERE s.id = $4 AND s.email = $5 AND s.token_version = $6)
AND NOT EXISTS (SELECT FROM newsletters_subscription w WHERE w.subscriber_id = $4 AND w.state_at > $7)
"""
_PREPARE = f"PREPARE begin_mail (uuid, bigint, bigint[], bigint, text, integer, timestamptz) AS {_BEGIN}"
_EXECUTE = "EXECUTE begin_mail (%s, %s, %s::bigint[], %s, %s, %s, %s)"
_prepared_on = WeakSet()
"""Connections to the database that know the statement: to plan it takes as long as to carry it out."""


def begin(claim, row, accepted_id, claimed_at) -> bool:
    """Mark the mail before as accepted and this one as in hand, in one commit.

    False, and nothing is marked, if the claim is lost, or something has changed for the reader or the newsletter since it
    was claimed: then the mail goes back to the queue and is looked at anew.
    """
    accepted = [accepted_id] if accepted_id else []
    with connection.cursor() as cursor:
        if connection.connection not in _prepared_on:
            cursor.execute(_PREPARE)
            _prepared_on.add(connection.connection)
        who = [row.subscriber_id, row.email, row.token_version]
        cursor.execute(_EXECUTE, [str(claim), row.id, accepted, *who, claimed_at])
        return bool(cursor.rowcount)


def settle(claim, row, *, state, **values) -> bool:
    """Put a row that this worker holds into its next state; False where it is not held any more."""
    return bool(Delivery.objects.filter(pk=row.id, claim=claim).let_go(state, **values))


# What is due -------------------------------------------------------------------------------------


def is_any_due() -> bool:
    until = _next_due()
    return until is not None and until <= timezone.now()


def soon_due() -> float:
    """Seconds until a mail is due that a limit has put off a little; 0 where none is due within SOON."""
    until = _next_due()
    wait = (until - timezone.now()).total_seconds() if until else SOON
    return max(wait, 0.05) if wait < SOON else 0.0


def _next_due():
    queued = Delivery.objects.filter(state=State.QUEUED)
    moments = [
        queued.filter(campaign=source).order_by("next_attempt_at").values_list("next_attempt_at", flat=True).first()
        for source in sources()
    ]
    return min(filter(None, moments), default=None)
