"""What a new date of an event, or none, brings with it: its agenda, the end of registration, its history."""

from datetime import datetime

from django.utils import timezone

from events.models import EventDateChange
from events.times import wall_clock

WHEN = ("start_date", "start_time", "end_date", "end_time")


def instants(event):
    return event.starts_at, event.ends_at


def change_date(event, when: dict, *, actor, reason="", with_deadline=False) -> EventDateChange | None:
    """Set the clock of a locked event, of WHEN and perhaps "time_zone", without saving it.

    The agenda moves with the beginning, and `with_deadline` the end of registration too; None where the instants stay
    the same. Raises ValidationError by field for times that the clocks skip or show twice.
    """
    if not when:
        return None
    old, began = instants(event), last_beginning(event)
    for name, value in when.items():
        setattr(event, name, value)
    event.derive_times()
    begins = _beginning(event)
    if with_deadline and began and begins and event.closes_date:
        event.closes_date += begins.date() - began.date()
        event.derive_times()
    if instants(event) == old:
        return None
    if begins:
        move_agenda(event, began or begins, begins)
    return record(event, old, actor=actor, reason=reason)


def record(event, old, *, actor=None, reason="") -> EventDateChange:
    """Write down from which instants an event moved."""
    return EventDateChange.objects.create(
        event=event,
        old_starts_at=old[0],
        old_ends_at=old[1],
        new_starts_at=event.starts_at,
        new_ends_at=event.ends_at,
        reason=reason[:500],
        actor=actor,
        at=timezone.now(),
    )


def _beginning(event):
    if event.start_date is None or event.start_time is None:
        return None
    return datetime.combine(event.start_date, event.start_time)


def last_beginning(event) -> datetime | None:
    """The clock of the place at the beginning: now, or before the event was postponed; None where it had no date yet."""
    if begins := _beginning(event):
        return begins
    change = event.date_changes.filter(old_starts_at__isnull=False).first()
    return wall_clock(change.old_starts_at, event.time_zone).replace(tzinfo=None) if change else None


def move_agenda(event, old: datetime, new: datetime) -> None:
    """Move all sessions as the beginning of their event moved, and derive their instants by its zone.

    A session that would pass midnight keeps its hours and moves by days alone.
    """
    for session in event.sessions.all():
        begins = datetime.combine(session.day, session.start_time) + (new - old)
        ends = datetime.combine(session.day, session.end_time) + (new - old)
        if begins.date() == ends.date():
            session.day, session.start_time, session.end_time = begins.date(), begins.time(), ends.time()
        else:
            session.day += new.date() - old.date()
        session.derive_times(is_strict=False)
        session.save(update_fields=["day", "start_time", "end_time", "starts_at", "ends_at"])
