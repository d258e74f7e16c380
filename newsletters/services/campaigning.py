"""The life of a newsletter: draft, scheduled, recipients gathered, being sent or paused, sent; or cancelled.

Each verb locks the newsletter, looks only then, and records the step in the same transaction. They return the newsletter
as it is stored then, and raise PermissionDenied for who does not write for its network, ValidationError with a `code`
for what cannot be.
"""

import logging
import time
from datetime import date
from datetime import time as clock_time

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from common.background import enqueue
from events.times import check_zone, instant, settled_instant
from newsletters.models import Campaign, CampaignStep, Delivery
from newsletters.rules import edits_campaign
from newsletters.services.checking import problems_of, refuse_problems
from newsletters.services.claiming import recall
from newsletters.services.completing import complete, settle_cancelled
from newsletters.services.freezing import freeze, is_as_frozen
from newsletters.services.recipients import materialise_next
from newsletters.services.warning import tell_not_begun

State = Campaign.State
PREPARE, SEND = "newsletters.tasks.prepare_bulk", "newsletters.tasks.send_bulk"
"""Hints; without them it goes on within a minute."""

NOTE = 200
SECONDS = 50
"""For one round of work: less than the minute until the next."""

logger = logging.getLogger(__name__)


def check_editable(campaign: Campaign, *, actor, seen: int) -> Campaign:
    """Lock a newsletter that is about to be changed, until the caller's transaction ends.

    `seen` is the version that the editor saw: where somebody else was quicker nothing may be changed (code "stale"),
    and nothing once it is frozen (code "state").
    """
    found = locked(campaign, actor, *Campaign.OPEN)
    if found.version != seen:
        raise ValidationError(_("Somebody else has changed this meanwhile. Look at it again first."), code="stale")
    return found


@transaction.atomic
def schedule(campaign: Campaign, day: date, clock: clock_time, zone: str, *, actor) -> Campaign:
    """Send it when the clocks of the zone show this time; a time that they skip or show twice is refused."""
    campaign = locked(campaign, actor, *Campaign.OPEN)
    due_at = _due(day, clock, zone)
    refuse_problems(campaign)
    campaign.scheduled_date, campaign.scheduled_time, campaign.time_zone = day, clock, zone
    campaign.due_at = due_at
    return _enter(campaign, State.SCHEDULED, actor, f"{day:%Y-%m-%d} {clock:%H:%M} {zone}")


def _due(day, clock, zone):
    for name, check in (
        ("time_zone", lambda: check_zone(zone)),
        ("scheduled_time", lambda: instant(day, clock, zone)),
    ):
        try:
            due_at = check()
        except ValidationError as error:
            raise ValidationError({name: error}) from error
    if due_at <= timezone.now():
        raise ValidationError({"scheduled_time": ValidationError(_("This time is over."), code="past")})
    return due_at


@transaction.atomic
def unschedule(campaign: Campaign, *, actor) -> Campaign:
    """Make it a draft again; the day and time stay as a proposal."""
    campaign = locked(campaign, actor, State.SCHEDULED)
    campaign.due_at = None
    return _enter(campaign, State.DRAFT, actor)


@transaction.atomic
def begin(campaign: Campaign, *, actor) -> Campaign:
    """Freeze the text in all languages and let the recipients be gathered: from here on nothing of it changes."""
    campaign = locked(campaign, actor, *Campaign.OPEN)
    refuse_problems(campaign)
    enqueue(PREPARE)
    return _begin(campaign, actor)


def _begin(campaign, actor):
    campaign.content_hash = freeze(campaign)
    campaign.begun_at, campaign.cursor, campaign.audience = timezone.now(), 0, 0
    return _enter(campaign, State.MATERIALISING, actor)


@transaction.atomic
def pause(campaign: Campaign, *, actor) -> Campaign:
    """Hand over nothing more for now; the one mail that each worker is handing over just now still goes."""
    campaign = locked(campaign, actor, State.SENDING)
    recall(campaign.pk)
    return _enter(campaign, State.PAUSED, actor)


@transaction.atomic
def resume(campaign: Campaign, *, actor) -> Campaign:
    """Go on with the very text that was begun with (code "changed" where it is another)."""
    campaign = locked(campaign, actor, State.PAUSED)
    if not is_as_frozen(campaign):
        text = _("The text is not the one that was begun with. A newsletter is never sent in two versions.")
        raise ValidationError(text, code="changed")
    campaign.pause_reason, campaign.failures_in_a_row = "", 0
    enqueue(SEND)
    return _enter(campaign, State.SENDING, actor)


@transaction.atomic
def cancel(campaign: Campaign, *, actor, note="") -> Campaign:
    """End it for good. What has not left does not leave; what a worker is handing over just now still may."""
    campaign = locked(campaign, actor, State.SCHEDULED, *Campaign.UNDER_WAY)
    campaign.due_at = None
    _enter(campaign, State.CANCELLED, actor, note)
    settle_cancelled(campaign.pk)
    campaign.refresh_from_db()
    return campaign


@transaction.atomic
def retry_failed(campaign: Campaign, *, actor, with_uncertain=False) -> int:
    """Queue once more what was refused for a passing reason, each under its old key; returns how many.

    What is uncertain may have arrived: it goes again only where the coordinator says so.
    """
    campaign = locked(campaign, actor, State.SENDING, State.PAUSED, State.COMPLETED, State.WITH_FAILURES)
    if not is_as_frozen(campaign):
        raise ValidationError(_("The text that was sent is not kept any more."), code="changed")
    chosen = failed_for_now(campaign)
    if with_uncertain:
        chosen = chosen | campaign.deliveries.filter(state=Delivery.State.UNCERTAIN)
    count = chosen.let_go(Delivery.State.QUEUED, attempts=0, next_attempt_at=timezone.now())
    if not count:
        raise ValidationError(_("There is nothing to try again."), code="nothing")
    if campaign.state != State.PAUSED:
        campaign.completed_at, campaign.failures_in_a_row = None, 0
        enqueue(SEND)
        _enter(campaign, State.SENDING, actor, str(count))
    return count


def failed_for_now(campaign):
    """Deliveries refused for a reason that may pass: the server was full or slow, or the failure was ours.

    Not those whose address does not exist or whose text was refused (5xx).
    """
    return campaign.deliveries.filter(state=Delivery.State.REJECTED).exclude(smtp_code__startswith="5")


# By the clock ------------------------------------------------------------------------------------


def begin_due(now=None) -> int:
    """Begin what is due; returns how many. Safe to run by two at once, and again after any failure.

    What has become impossible since it was scheduled is a draft again, with the reasons in its history.
    """
    now, begun = now or timezone.now(), 0
    follow_zone_rules()
    for pk in Campaign.objects.filter(state=State.SCHEDULED, due_at__lte=now).values_list("pk", flat=True):
        try:
            begun += _begin_due(pk, now)
        except Exception:
            logger.exception("Newsletter %s could not be begun", pk)
    return begun


@transaction.atomic
def _begin_due(pk, now):
    due = Campaign.objects.select_for_update(skip_locked=True)
    campaign = due.filter(pk=pk, state=State.SCHEDULED, due_at__lte=now).first()
    if campaign is None:
        return 0
    found = [problem.note for problem in problems_of(campaign) if not problem.is_hint]
    if not found:
        _begin(campaign, None)
        return 1
    campaign.due_at = None
    tell_not_begun(_enter(campaign, State.DRAFT, None, _kept(found)))
    logger.error("Newsletter %s was not begun: %s", pk, "; ".join(found))
    return 0


def _kept(notes):
    """As many as fit, none cut in two."""
    words = " ".join(notes)
    return words if len(words) <= NOTE else words[: NOTE + 1].rpartition(" ")[0]


def follow_zone_rules() -> int:
    """Derive the instants of scheduled newsletters anew, for countries change their clocks; returns how many moved."""
    moved = 0
    for campaign in Campaign.objects.filter(state=State.SCHEDULED).exclude(scheduled_time=None):
        due_at = settled_instant(campaign.scheduled_date, campaign.scheduled_time, campaign.time_zone)
        unchanged = Campaign.objects.filter(pk=campaign.pk, state=State.SCHEDULED, due_at=campaign.due_at)
        if due_at != campaign.due_at:
            moved += unchanged.update(due_at=due_at)
    return moved


def advance(*, seconds=SECONDS) -> int:
    """Bring everything under way as far as it goes in so many seconds; returns how many readers were written down.

    Safe to run by two at once, and after a worker was killed at any moment.
    """
    deadline, written = time.monotonic() + seconds, 0
    for pk in _ids(State.MATERIALISING):
        with _logged(pk):
            while time.monotonic() < deadline and (count := materialise_next(pk)):
                written += count
    for pk in _ids(State.SENDING):
        with _logged(pk):
            complete(pk)
    for pk in _ids(State.CANCELLED, completed_at=None, begun_at__isnull=False):
        with _logged(pk):
            settle_cancelled(pk)
    return written


def _ids(state, **condition):
    return list(Campaign.objects.filter(state=state, **condition).order_by("pk").values_list("pk", flat=True))


class _logged:
    """What fails with one newsletter keeps no other from going on."""

    def __init__(self, pk):
        self.pk = pk

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        if isinstance(error, Exception):
            logger.error("Newsletter %s could not go on", self.pk, exc_info=error)
            return True
        return False


# Inside ------------------------------------------------------------------------------------------


def locked(campaign, actor, *states) -> Campaign:
    """The newsletter as it is stored, for this transaction, if the actor may and it is in one of the states."""
    found = Campaign.objects.select_for_update().get(pk=campaign.pk)
    if not edits_campaign(actor, found):
        raise PermissionDenied
    if found.state not in states:
        text = _("This is not possible any more: the newsletter is in the state “%(state)s”.")
        raise ValidationError(text % {"state": found.get_state_display()}, code="state")
    return found


def _enter(campaign, state, actor, note=""):
    campaign.state = state
    campaign.version += 1
    campaign.save()
    CampaignStep.objects.create(campaign=campaign, action=state, actor=actor, note=note[:NOTE])
    return campaign
