"""What is due by the clock: reminders, answers that did not come, offers that ran out, needs to be forgotten.

Everything here may run early, late, twice or not for a week: rows say what was done, not the time of the last run. One
event that fails is logged and stops no other.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from common.models import OutboxMail
from events import notices
from events.models import Event, EventStep, Registration, SeatAllocation, SeatPool
from events.services.registering import forget_needs
from events.services.seats import lock_pools, release_all, set_state, settle_event

logger = logging.getLogger(__name__)
State, Status, Seat = Registration.State, Event.Status, SeatAllocation.State

FIRST_REMINDER = timedelta(hours=2160)
ASKED_AGAIN_BEFORE = timedelta(days=3)
UNVERIFIED_STAY = timedelta(days=3)


def _each(verb, records) -> int:
    """The sum of what a verb did, each in a transaction of its own."""
    done = 0
    for record in records:
        try:
            with transaction.atomic():
                done += verb(record)
        except Exception:
            logger.exception("%s failed for %s", verb.__name__, record)
    return done


# Reminders ---------------------------------------------------------------------------------------


def queue_reminders(now=None) -> int:
    """Remind people with a place, at each of the event's hours before its beginning; returns how many mails.

    A run that comes late sends the nearest reminder only, and none after the beginning.
    """
    now = now or timezone.now()
    near = Event.objects.filter(status=Status.PUBLISHED, starts_at__gt=now, starts_at__lte=now + FIRST_REMINDER)

    def remind(event):
        due = [hours for hours in event.reminder_hours if event.starts_at - timedelta(hours=hours) <= now]
        return _remind(event, min(due)) if due else 0

    return _each(remind, near.exclude(reminder_hours=[]))


def _remind(event, hours):
    people = [person for person in event.registrations.filter(state=State.CONFIRMED) if not person.must_reconfirm]
    if any(other < hours for other in event.reminder_hours):
        # Who came in after this reminder has just been told all of it, and gets the next.
        due_at = event.starts_at - timedelta(hours=hours)
        people = [
            person for person in people if max(person.state_at, person.reconfirmed_at or person.state_at) < due_at
        ]
    keys = {f"event-reminder:{person.pk}:{notices.reminder_key(person, hours)}": person for person in people}
    told = set(OutboxMail.objects.filter(key__in=keys).values_list("key", flat=True))
    for key, person in keys.items():
        if key not in told:
            notices.remind(person, hours)
    return len(keys.keys() - told)


def ask_silent_again(now=None) -> int:
    """Three days before the answers to a new date are due, remind those who were silent; once. Returns how many."""
    now = now or timezone.now()
    silent = _silent().filter(reconfirm_until__gt=now, reconfirm_until__lte=now + ASKED_AGAIN_BEFORE)

    def ask(registration):
        key = f"event-answer-due:{registration.pk}:{registration.reconfirm_until:%Y%m%d%H%M}"
        moved = EventStep.objects.filter(event=registration.event, action=EventStep.Action.RESCHEDULED).first()
        was_just_asked = moved and moved.at > registration.reconfirm_until - ASKED_AGAIN_BEFORE
        if was_just_asked or OutboxMail.objects.filter(key=key).exists():
            return 0
        notices.ask_again(registration)
        return 1

    return _each(ask, silent.select_related("event"))


def _silent():
    asked = Registration.objects.active().filter(event__status=Status.PUBLISHED).exclude(state=State.UNVERIFIED)
    return asked.filter(reconfirm_until__isnull=False, reconfirmed_at__isnull=True)


def remind_of_reports(now=None) -> int:
    """Ask for the report of events that ended so many days ago as they say; returns how many events are due."""
    now = now or timezone.now()
    over = Event.objects.filter(status__in=[Status.PUBLISHED, Status.HELD], ends_at__lte=now)

    def remind(event):
        if event.ends_at + timedelta(days=event.report_due_days) > now:
            return 0
        notices.tell_report_due(event)
        return 1

    return _each(remind, over.select_related("owner"))


# Seats -------------------------------------------------------------------------------------------


def lapse_silent(now=None) -> int:
    """End the registrations of those who did not say in time whether the new date suits; returns how many.

    Silence is no yes. Their seats go to those who wait, in order.
    """
    now = now or timezone.now()
    events = Event.objects.filter(pk__in=_silent().filter(reconfirm_until__lte=now).values("event"))

    def lapse(event):
        lock_pools(event.pk)
        silent = _silent().filter(event=event, reconfirm_until__lte=now).select_for_update(of=["self"])
        count = 0
        for registration in silent.select_related("event").order_by("pk"):
            set_state(registration, State.LAPSED, note="no answer")
            release_all(registration, now)
            count += 1
        forget_needs(event.registrations.filter(state=State.LAPSED))
        return count

    return _each(lapse, events)


def settle_due(now=None) -> int:
    """Settle events where an offer ran out, or somebody waits beside a free seat; returns how many moved up.

    Seats are free beside a queue when kept ones were released, or when those in front are held back by a limit of
    their city and somebody from another city has come since.
    """
    now = now or timezone.now()
    offers = SeatAllocation.objects.filter(state=Seat.OFFERED, offered_until__lte=now).values("pool__event")
    taken = Count("allocations", filter=Q(allocations__state__in=[Seat.HELD, Seat.OFFERED]))
    waiting = Count("allocations", filter=Q(allocations__state=Seat.WAITING))
    beside = (
        SeatPool.objects.filter(event__status=Status.PUBLISHED, event__starts_at__gt=now)
        .annotate(taken=taken, waiting=waiting)
        .filter(Q(capacity__isnull=True) | Q(capacity__gt=F("taken")), waiting__gt=0)
    )
    due = set(offers.values_list("pool__event", flat=True)) | set(beside.values_list("event", flat=True))
    return _each(lambda event_id: len(settle_event(event_id, now)), sorted(due))


# Forgetting --------------------------------------------------------------------------------------


def forget_needs_after(now=None) -> int:
    """Delete access and food needs and messages so many days after an event as it says; returns how many had any."""
    now = now or timezone.now()
    over = Event.objects.filter(ends_at__lte=now, needs_purged_at__isnull=True).exclude(status=Status.DRAFT)

    def forget(event):
        if event.ends_at + timedelta(days=event.purge_after_days) > now:
            return 0
        Event.objects.filter(pk=event.pk).update(needs_purged_at=now)
        return forget_needs(event.registrations.all())

    return _each(forget, over)


def forget_unverified(now=None) -> int:
    """Delete registrations whose address nobody confirmed within three days; returns how many."""
    now = now or timezone.now()
    old = Registration.objects.filter(state=State.UNVERIFIED, created_at__lte=now - UNVERIFIED_STAY)
    with transaction.atomic():
        # One that is being confirmed at this moment is locked, and stays.
        rows = list(old.select_for_update(of=["self"], skip_locked=True).values_list("pk", flat=True))
        Registration.objects.filter(pk__in=rows).delete()
    return len(rows)
