"""Rows that a worker holds: taken for some minutes, marked step by step, given back. No two workers hold the same.

Every write asks whether the row is still held (fencing), so that a worker that wakes late changes nothing. By the
database's clock, since those of workers may differ by minutes.
"""

import random
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletters import frames
from newsletters.models import Campaign, Delivery
from newsletters.services import throttling

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
    UPDATE newsletters_delivery AS d SET state = 'claimed', claim = %(claim)s, lease_until = %(until)s
    FROM picked WHERE d.id = picked.id
    RETURNING d.id, d.key, d.campaign_id, d.issue_id, d.edition_id, d.attempts, d.domain, d.subscriber_id
)
SELECT c.id, c.key, c.campaign_id, c.edition_id, c.attempts, c.domain, s.email, s.uid, s.token_version,
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

    (claim, rows, when), by the database's clock: those of workers may differ by minutes.
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


def settle_expired(now=None) -> tuple[int, int]:
    """Rows whose worker died: what it had not begun is queued again, what it was handing over is uncertain."""
    expired = Delivery.objects.filter(lease_until__lt=now or database_clock())
    queued = expired.filter(state=State.CLAIMED).let_go(State.QUEUED)
    lost = expired.filter(state=State.HANDING_OVER).let_go(State.UNCERTAIN, smtp_code="worker lost")
    return queued, lost


def give_back(claim) -> int:
    """Queue again what this worker holds and has not begun."""
    held = Delivery.objects.filter(claim=claim, state=State.CLAIMED)
    return held.let_go(State.QUEUED)


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
UPDATE newsletters_delivery AS d SET
    state = CASE WHEN id = %(next)s THEN 'handing-over' ELSE 'accepted' END,
    attempts = attempts + CASE WHEN id = %(next)s THEN 1 ELSE 0 END,
    accepted_at = CASE WHEN id = %(next)s THEN accepted_at ELSE %(now)s END,
    smtp_code = CASE WHEN id = %(next)s THEN smtp_code ELSE '250' END,
    claim = CASE WHEN id = %(next)s THEN claim END,
    lease_until = CASE WHEN id = %(next)s THEN lease_until END
WHERE id = ANY(%(ids)s) AND claim = %(claim)s AND (
    id = %(accepted)s AND state = 'handing-over'
    OR id = %(next)s AND state = 'claimed'
    AND EXISTS (
        SELECT FROM newsletters_subscriber s
        WHERE s.id = d.subscriber_id AND s.email = %(email)s AND s.token_version = %(version)s
        AND NOT EXISTS (
            SELECT FROM newsletters_subscription w WHERE w.subscriber_id = s.id AND w.state_at > %(claimed_at)s
        )
    )
    AND (
        campaign_id IS NULL
        OR EXISTS (SELECT FROM newsletters_campaign c WHERE c.id = d.campaign_id AND c.state = 'sending')
    )
)
RETURNING id
"""


def begin(claim, row, accepted_id, claimed_at) -> bool:
    """Mark one mail as accepted and the next as being handed over, in one commit.

    False if the next is not ours, or something has changed for its reader or its newsletter since it was claimed: then it
    goes back to the queue and is looked at anew.
    """
    values = {
        "next": row.id if row else 0,
        "email": row.email if row else "",
        "version": row.token_version if row else 0,
        "accepted": accepted_id or 0,
        "claim": str(claim),
        "claimed_at": claimed_at,
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, values | {"ids": [one for one in (values["next"], accepted_id) if one]})
        changed = {one for (one,) in cursor.fetchall()}
    return values["next"] in changed


def settle(claim, row, *, state, was=State.HANDING_OVER, **values) -> bool:
    """Put a row that this worker holds into its next state; False where it is not held any more."""
    held = Delivery.objects.filter(pk=row.id, claim=claim, state=was)
    return bool(held.let_go(state, **values))


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
