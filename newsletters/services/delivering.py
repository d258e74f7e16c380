"""Handing deliveries to the mail server, by as many workers as there are, each mail at most once.

A worker claims a few rows for some minutes, marks each "handing over" before and "accepted" after, and commits both marks:
the second together with the first of the next mail, so that each mail costs one commit. Whoever lost the lease changes
nothing any more. All that is decided here is decided by rows; tasks only say that there may be something to do.
"""

import logging
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from common.models import Heartbeat
from newsletters import frames, lines
from newsletters.composing import Skeleton, message_id
from newsletters.keys import key_of
from newsletters.lines import Answer, Outcome
from newsletters.models import Campaign, Delivery, Edition
from newsletters.services import throttling
from newsletters.services.bouncing import count_bounce
from newsletters.services.pausing import MOST_IN_A_ROW, pause, pause_if_unhealthy
from newsletters.services.watching import ACCEPTED

State = Delivery.State
BATCH = 50
SECONDS = 60
LEASE = timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
"""Longer than the server may be silent; so long a mail waits whose worker died."""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=12)
MOST_ATTEMPTS = 12
MOST_SKELETONS = 2000
FAILURES = (Outcome.LATER, Outcome.NO_MAILBOX, Outcome.UNWANTED, Outcome.UNCERTAIN)
"""What counts when a newsletter is judged; a server that is away for a while does not."""

logger = logging.getLogger(__name__)


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


@dataclass
class Batch:
    """What became of one round of work."""

    answers: Counter = field(default_factory=Counter)
    streak: int = 0
    """Failures since the last mail that was accepted."""
    is_refused: bool = False
    """The server takes nothing from us at present."""
    has_more: bool = False
    """The time was over before the work was."""


class Sender:
    """A line to the mail server and the mails made ready for it, kept over many batches."""

    def __init__(self, line=None):
        self.line = line or lines.open_line()
        self._skeletons = {}

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.line.close()

    def make_ready(self, edition_ids) -> None:
        """Read the editions that are not at hand in one query; one that cannot be made is found out when it is wanted."""
        missing = set(edition_ids) - set(self._skeletons)
        if len(self._skeletons) > MOST_SKELETONS:
            self._skeletons.clear()
        for edition in Edition.objects.select_related("campaign__network").filter(pk__in=missing):
            try:
                self._skeletons[edition.pk] = Skeleton(edition, frames.frame_of(edition))
            except Exception:
                logger.exception("Edition %s cannot be made into a mail", edition.pk)

    def hand_over(self, row: "Claimed") -> Answer:
        """Send one mail. Whatever fails in making it is that mail's failure alone."""
        try:
            skeleton = self._skeletons[row.edition_id]
            key = key_of(row.uid, row.token_version, row.scope)
            return self.line.send(skeleton, row.email, key, message_id(row.key))
        except Exception as error:
            logger.exception("Delivery %s could not be made", row.id)
            return Answer(Outcome.UNWANTED, type(error).__name__[:20])


def send_all_due(*, seconds=SECONDS) -> Batch:
    """Send what is due until nothing is left, the server refuses, or the time is over."""
    done, deadline = Batch(), time.monotonic() + seconds
    with Sender() as sender:
        while not done.is_refused and (batch := send_due(sender, deadline=deadline)).answers:
            done.answers += batch.answers
            done.is_refused = batch.is_refused
            if time.monotonic() >= deadline:
                done.has_more = True
                break
    return done


def send_due(sender, *, limit=BATCH, deadline=None) -> Batch:
    """Send up to `limit` due mails. Safe to run by many at once, at any time.

    `answers` counts outcomes; where it is empty there was nothing to do, or a limit was reached.
    """
    done = Batch()
    settle_expired()
    allowed, _wait = throttling.take(throttling.ALL, limit)
    if not allowed:
        return done
    claim, rows = claim_due(allowed)
    throttling.give_back(throttling.ALL, allowed - len(rows))
    if not rows:
        return done
    try:
        rows = _within_limits_of_domains(claim, rows)
        _send(claim, rows, sender, done, deadline=deadline or time.monotonic() + SECONDS)
    finally:
        give_back(claim)
    if done.answers[Outcome.ACCEPTED]:
        Heartbeat.record(ACCEPTED)
    if campaign_id := rows[0].campaign_id if rows else None:
        judge(campaign_id, done)
    return done


def judge(campaign_id: int, done: Batch) -> None:
    """Stop a newsletter after a batch that went badly."""
    if done.answers[Outcome.SENDER]:
        pause(campaign_id, "sender")
        return
    failed = sum(done.answers[outcome] for outcome in FAILURES)
    if not failed and not done.answers[Outcome.ACCEPTED]:
        return
    campaign = Campaign.objects.filter(pk=campaign_id)
    if done.answers[Outcome.ACCEPTED]:
        campaign.exclude(failures_in_a_row=done.streak).update(failures_in_a_row=done.streak)
    else:
        campaign.update(failures_in_a_row=F("failures_in_a_row") + failed)
    if not failed:
        return
    if campaign.filter(failures_in_a_row__gte=MOST_IN_A_ROW).exists():
        pause(campaign_id, "failures")
    else:
        pause_if_unhealthy(campaign_id)


# Claiming ----------------------------------------------------------------------------------------

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
    {scope},
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
    scope="%(scope)s",
    join="",
    wanted="""SELECT 1 FROM newsletters_subscription w WHERE w.subscriber_id = s.id AND w.channel = 'newsletter'
              AND w.network_id IS NOT DISTINCT FROM %(network)s""",
)
_OF_DIGESTS = _CLAIM.format(
    source="campaign_id IS NULL",
    scope="%(scope)s",
    join="JOIN newsletters_digestissue i ON i.id = c.issue_id",
    wanted="""SELECT 1 FROM newsletters_subscription w WHERE w.subscriber_id = s.id AND w.channel <> 'newsletter'
              AND w.frequency = i.frequency""",
)


def claim_due(limit, now=None) -> tuple[uuid.UUID, list[Claimed]]:
    """Take due rows of the digests or of one campaign for this worker; rows that others hold are passed over."""
    claim, now = uuid.uuid4(), now or timezone.now()
    values = {"limit": limit, "now": now, "until": now + LEASE, "claim": str(claim)}
    for campaign in _sources():
        with connection.cursor() as cursor:
            if campaign is None:
                cursor.execute(_OF_DIGESTS, values | {"scope": frames.SCOPE_OF_DIGESTS})
            else:
                found = {"campaign": campaign.pk, "network": campaign.network_id, "scope": frames.scope_of(campaign)}
                cursor.execute(_OF_CAMPAIGN, values | found)
            rows = [Claimed(*row) for row in cursor.fetchall()]
        if rows:
            return claim, rows
    return claim, []


def _sources():
    """The digests (None) and each campaign that is being sent, in a random order, so that none waits for another."""
    found = [None, *Campaign.objects.filter(state=Campaign.State.SENDING)]
    random.shuffle(found)
    return found


def settle_expired(now=None) -> tuple[int, int]:
    """Rows whose worker died: what it had not begun is queued again, what it was handing over is uncertain."""
    expired = Delivery.objects.filter(lease_until__lt=now or timezone.now())
    queued = expired.filter(state=State.CLAIMED).update(state=State.QUEUED, claim=None, lease_until=None)
    lost = expired.filter(state=State.HANDING_OVER).update(
        state=State.UNCERTAIN, claim=None, lease_until=None, smtp_code="worker lost"
    )
    return queued, lost


def give_back(claim) -> int:
    """Queue again what this worker holds and has not begun."""
    held = Delivery.objects.filter(claim=claim, state=State.CLAIMED)
    return held.update(state=State.QUEUED, claim=None, lease_until=None)


def _within_limits_of_domains(claim, rows):
    """Rows that may go now; those of a domain whose limit is reached wait until it is not."""
    limited = throttling.limited_domains()
    wanted = Counter(row.domain for row in rows if row.domain in limited)
    if not wanted:
        return rows
    late = set()
    for domain, count in wanted.items():
        taken, wait = throttling.take(domain, count)
        waiting = [row.id for row in rows if row.domain == domain][taken:]
        late.update(waiting)
        until = timezone.now() + timedelta(seconds=max(wait, 0.1))
        Delivery.objects.filter(pk__in=waiting, claim=claim).update(
            state=State.QUEUED, claim=None, lease_until=None, next_attempt_at=until
        )
    return [row for row in rows if row.id not in late]


# Sending -----------------------------------------------------------------------------------------


def _send(claim, rows, sender, done, *, deadline):
    sender.make_ready(row.edition_id for row in rows if not row.skip)
    accepted = None
    for row in rows:
        if time.monotonic() > deadline:
            break
        if row.skip:
            _settle(claim, row, state=State.SKIPPED, was=State.CLAIMED, skip_reason=row.skip)
            done.answers["skipped"] += 1
            continue
        # One commit for the mark of the mail before and of this one.
        is_ours = _begin(claim, row.id, accepted)
        accepted = None
        if not is_ours:
            continue
        answer = sender.hand_over(row)
        done.answers[answer.outcome] += 1
        if answer.outcome == Outcome.ACCEPTED:
            accepted, done.streak = row.id, 0
            continue
        done.streak += answer.outcome in FAILURES
        _note(claim, row, answer)
        if answer.outcome in (Outcome.SENDER, Outcome.BROKEN):
            done.is_refused = True
            break
    if accepted is not None:
        _begin(claim, None, accepted)


_BEGIN = """
UPDATE newsletters_delivery SET
    state = CASE WHEN id = %(next)s THEN 'handing-over' ELSE 'accepted' END,
    attempts = attempts + CASE WHEN id = %(next)s THEN 1 ELSE 0 END,
    accepted_at = CASE WHEN id = %(next)s THEN accepted_at ELSE %(now)s END,
    smtp_code = CASE WHEN id = %(next)s THEN smtp_code ELSE '250' END,
    claim = CASE WHEN id = %(next)s THEN claim END,
    lease_until = CASE WHEN id = %(next)s THEN lease_until END
WHERE id = ANY(%(ids)s) AND claim = %(claim)s
    AND (id = %(next)s AND state = 'claimed' OR id = %(accepted)s AND state = 'handing-over')
RETURNING id
"""


def _begin(claim, next_id, accepted_id) -> bool:
    """Mark one mail as accepted and the next as being handed over, in one commit; False if the next is not ours."""
    values = {"next": next_id or 0, "accepted": accepted_id or 0, "claim": str(claim), "now": timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, values | {"ids": [one for one in (next_id, accepted_id) if one]})
        changed = {one for (one,) in cursor.fetchall()}
    return next_id in changed


def _note(claim, row, answer):
    """Store what a mail's end was where it was not accepted."""
    is_last = row.attempts + 1 >= MOST_ATTEMPTS
    match answer.outcome:
        case Outcome.UNCERTAIN:
            _settle(claim, row, state=State.UNCERTAIN, smtp_code=answer.code)
        case Outcome.NO_MAILBOX:
            with transaction.atomic():
                if _settle(claim, row, state=State.REJECTED, smtp_code=answer.code):
                    count_bounce(row.uid, is_hard=True)
        case Outcome.UNWANTED:
            _settle(claim, row, state=State.REJECTED, smtp_code=answer.code)
        case Outcome.LATER if is_last:
            with transaction.atomic():
                if _settle(claim, row, state=State.REJECTED, smtp_code=answer.code):
                    count_bounce(row.uid, is_hard=False)
        case _:
            # A refusal of us or a broken line is no attempt of this mail: it waits as long as it takes.
            counts = answer.outcome == Outcome.LATER
            _settle(
                claim,
                row,
                state=State.QUEUED,
                smtp_code=answer.code,
                attempts=row.attempts + (1 if counts else 0),
                next_attempt_at=timezone.now() + pause_after(row.attempts),
            )


def pause_after(attempts: int) -> timedelta:
    """How long a mail waits after so many attempts: doubled each time, and never all for the same time."""
    return min(FIRST_PAUSE * 2 ** min(attempts, 16), LONGEST_PAUSE) * random.uniform(0.8, 1.2)


def _settle(claim, row, *, state, was=State.HANDING_OVER, **values) -> bool:
    """Put a row that this worker holds into its next state; False where it is not held any more."""
    held = Delivery.objects.filter(pk=row.id, claim=claim, state=was)
    return bool(held.update(state=state, claim=None, lease_until=None, **values))
