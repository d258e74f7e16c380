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
from datetime import datetime, timedelta

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
SOON = 5.0
"""Seconds for which a worker waits for a mail that is not due yet; longer ones are left to the next minute."""

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
    wait: float = 0.0
    """Seconds until a limit lets more go; 0 where none held anything back."""
    suspects: list = field(default_factory=list)
    """(row, answer) of refusals since the last mail that was accepted: whose fault they are shows later."""


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
        if len(self._skeletons) > MOST_SKELETONS:
            self._skeletons.clear()
        missing = set(edition_ids) - set(self._skeletons)
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
    """Send what is due until nothing is left, the server refuses, or the time is over. Waits for limits meanwhile."""
    done, deadline = Batch(), time.monotonic() + seconds
    with Sender() as sender:
        while not done.is_refused:
            batch = send_due(sender, deadline=deadline)
            done.answers += batch.answers
            done.is_refused = batch.is_refused
            if not batch.answers and not batch.wait:
                break
            rest = deadline - time.monotonic()
            if rest <= batch.wait:
                done.has_more = True
                break
            time.sleep(batch.wait)
    return done


def send_due(sender, *, limit=BATCH, deadline=None) -> Batch:
    """Send up to `limit` due mails. Safe to run by many at once, at any time.

    `answers` counts outcomes; where it is empty there was nothing to do, or a limit was reached, and then there is a `wait`.
    """
    done = Batch()
    settle_expired()
    allowed, wait, _each = throttling.take(throttling.ALL, limit)
    if not allowed:
        done.wait = wait if is_any_due() else 0.0
        return done
    claim, rows, claimed_at = claim_due(allowed)
    try:
        rows, done.wait = _within_limits_of_domains(claim, rows)
        _send(claim, rows, claimed_at, sender, done, deadline=deadline or time.monotonic() + SECONDS)
    finally:
        give_back(claim)
        throttling.give_back(throttling.ALL, allowed - sum(done.answers.values()))
    if not rows:
        done.wait = done.wait or soon_due()
        return done
    if done.answers[Outcome.ACCEPTED]:
        Heartbeat.record(ACCEPTED)
    _settle_suspects(done)
    if campaign_id := rows[0].campaign_id:
        judge(campaign_id, done)
    return done


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
        for source in _sources()
    ]
    return min(filter(None, moments), default=None)


def _settle_suspects(done):
    """Refusals are the readers' own unless all that was tried was refused: then it is we who are, and they wait.

    Once; who is refused in such company a second time stays refused.
    """
    if done.streak < MOST_IN_A_ROW:
        for row, answer in done.suspects:
            if answer.outcome == Outcome.NO_MAILBOX:
                with transaction.atomic():
                    count_bounce(row.uid, is_hard=True, address=row.email)
        return
    done.is_refused = True
    first_time = [row.id for row, _answer in done.suspects if row.attempts == 0]
    again = Delivery.objects.filter(pk__in=first_time, state=State.REJECTED)
    again.update(state=State.QUEUED, next_attempt_at=timezone.now() + pause_after(3))
    logger.error("%s mails in a row were refused: it may be us", done.streak)


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


def claim_due(limit, now=None) -> tuple[uuid.UUID, list[Claimed], datetime]:
    """Take due rows of the digests or of one campaign for this worker; rows that others hold are passed over.

    (claim, rows, when), by the database's clock: those of workers may differ by minutes.
    """
    claim, now = uuid.uuid4(), now or database_clock()
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
            return claim, rows, now
    return claim, [], now


def database_clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _sources():
    """The digests (None) and each campaign that is being sent, in a random order, so that none waits for another."""
    found = [None, *Campaign.objects.filter(state=Campaign.State.SENDING)]
    random.shuffle(found)
    return found


def settle_expired(now=None) -> tuple[int, int]:
    """Rows whose worker died: what it had not begun is queued again, what it was handing over is uncertain."""
    expired = Delivery.objects.filter(lease_until__lt=now or database_clock())
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
            held.update(state=State.QUEUED, claim=None, lease_until=None, next_attempt_at=now + row_waits)
        if waiting:
            late.update(row.id for row in waiting)
            soonest = min(soonest or wait, wait) or 0.05
    return [row for row in rows if row.id not in late], soonest


# Sending -----------------------------------------------------------------------------------------


def _send(claim, rows, claimed_at, sender, done, *, deadline):
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
        is_ours = _begin(claim, row, accepted, claimed_at)
        accepted = None
        if not is_ours:
            continue
        answer = sender.hand_over(row)
        done.answers[answer.outcome] += 1
        if answer.outcome == Outcome.ACCEPTED:
            accepted = row.id
            _clear(done)
            continue
        done.streak += answer.outcome in FAILURES
        _note(claim, row, answer, has_worked=bool(done.answers[Outcome.ACCEPTED]))
        if answer.outcome in (Outcome.NO_MAILBOX, Outcome.UNWANTED):
            done.suspects.append((row, answer))
        if answer.outcome in (Outcome.SENDER, Outcome.BROKEN):
            done.is_refused = True
            break
    if accepted is not None:
        _begin(claim, None, accepted, claimed_at)


def _clear(done):
    """A mail was accepted: what was refused before it was refused for its own sake."""
    done.streak = 0
    _settle_suspects(done)
    done.suspects.clear()


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


def _begin(claim, row, accepted_id, claimed_at) -> bool:
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


def _note(claim, row, answer, *, has_worked=False):
    """Store what a mail's end was where it was not accepted. `has_worked`: the server took others in this batch."""
    # A refusal of us or a broken line is no attempt of this mail, unless it alone is what breaks the line.
    counts = answer.outcome == Outcome.LATER or (answer.outcome == Outcome.BROKEN and has_worked)
    match answer.outcome:
        case Outcome.UNCERTAIN:
            _settle(claim, row, state=State.UNCERTAIN, smtp_code=answer.code)
        case Outcome.NO_MAILBOX | Outcome.UNWANTED:
            _settle(claim, row, state=State.REJECTED, smtp_code=answer.code)
        case _ if counts and row.attempts + 1 >= MOST_ATTEMPTS:
            if _settle(claim, row, state=State.REJECTED, smtp_code=answer.code):
                with transaction.atomic():
                    count_bounce(row.uid, is_hard=False, address=row.email)
        case _:
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
