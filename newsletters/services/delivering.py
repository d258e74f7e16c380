"""Handing deliveries to the mail server, by as many workers as there are, each mail at most once.

A worker claims a few rows for some minutes and notes of each, in its claim, that it has it in hand before and that it was
accepted after: the second note together with the first of the next mail, so that each mail costs one commit. Whoever lost
the claim changes nothing any more. All that is decided here is decided by rows; tasks only say that there may be something
to do.
"""

import logging
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
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
from newsletters.services.claiming import (
    Claimed,
    begin,
    claim_due,
    is_any_due,
    release,
    settle,
    settle_expired,
    soon_due,
    within_limits_of_domains,
)
from newsletters.services.pausing import MOST_IN_A_ROW, pause, pause_if_unhealthy
from newsletters.services.watching import ACCEPTED

State = Delivery.State
BATCH = 50
SECONDS = 60
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=12)
MOST_ATTEMPTS = 12
MOST_SKELETONS = 2000
FAILURES = (Outcome.LATER, Outcome.NO_MAILBOX, Outcome.UNWANTED, Outcome.UNCERTAIN)
"""What counts when a newsletter is judged; a server that is away for a while does not."""

logger = logging.getLogger(__name__)


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
    last_accepted: int | None = None
    """The mail that was accepted and is not marked so yet."""
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

    def hand_over(self, row: Claimed) -> Answer:
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
    # Once a run: leases last longer than a run does.
    settle_expired()
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
    allowed, wait, _each = throttling.take(throttling.ALL, limit)
    if not allowed:
        done.wait = wait if is_any_due() else 0.0
        return done
    claim, rows, claimed_at = claim_due(allowed)
    try:
        rows, done.wait = within_limits_of_domains(claim, rows)
        _send(claim, rows, claimed_at, sender, done, deadline=deadline or time.monotonic() + SECONDS)
    finally:
        release(claim, done.last_accepted)
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


# Sending -----------------------------------------------------------------------------------------


def _send(claim, rows, claimed_at, sender, done, *, deadline):
    sender.make_ready(row.edition_id for row in rows if not row.skip)
    for row in rows:
        if time.monotonic() > deadline:
            break
        if row.skip:
            settle(claim, row, state=State.SKIPPED, skip_reason=row.skip)
            done.answers["skipped"] += 1
            continue
        if not begin(claim, row, done.last_accepted, claimed_at):
            continue
        done.last_accepted = None
        answer = sender.hand_over(row)
        done.answers[answer.outcome] += 1
        if answer.outcome == Outcome.ACCEPTED:
            done.last_accepted = row.id
            _clear(done)
            continue
        done.streak += answer.outcome in FAILURES
        _note(claim, row, answer, has_worked=bool(done.answers[Outcome.ACCEPTED]))
        if answer.outcome in (Outcome.NO_MAILBOX, Outcome.UNWANTED):
            done.suspects.append((row, answer))
        if answer.outcome in (Outcome.SENDER, Outcome.BROKEN):
            done.is_refused = True
            break


def _clear(done):
    """A mail was accepted: what was refused before it was refused for its own sake."""
    done.streak = 0
    _settle_suspects(done)
    done.suspects.clear()


def _note(claim, row, answer, *, has_worked=False):
    """Store what a mail's end was where it was not accepted. `has_worked`: the server took others in this batch."""
    # A refusal of us or a broken line is no attempt of this mail, unless it alone is what breaks the line.
    counts = answer.outcome == Outcome.LATER or (answer.outcome == Outcome.BROKEN and has_worked)
    match answer.outcome:
        case Outcome.UNCERTAIN:
            settle(claim, row, state=State.UNCERTAIN, smtp_code=answer.code, attempts=row.attempts + 1)
        case Outcome.NO_MAILBOX | Outcome.UNWANTED:
            settle(claim, row, state=State.REJECTED, smtp_code=answer.code, attempts=row.attempts + 1)
        case _ if counts and row.attempts + 1 >= MOST_ATTEMPTS:
            if settle(claim, row, state=State.REJECTED, smtp_code=answer.code, attempts=row.attempts + 1):
                with transaction.atomic():
                    count_bounce(row.uid, is_hard=False, address=row.email)
        case _:
            settle(
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
