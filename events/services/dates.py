"""What a new date of an event, or none, brings with it: its agenda, the end of registration, its history."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from events.models import EventDateChange, SeatReserve
from events.times import wall_clock

WHEN = ("start_date", "start_time", "end_date", "end_time")


@dataclass(frozen=True)
class Deadlines:
    """What the hosts set themselves together with a new date; all else moves by as many days as the beginning.

    `registration` holds columns of Event ("closes_date", "closes_time", "opens_…"), `releases` {kept seats: (day, clock)}.
    """

    registration: dict = field(default_factory=dict)
    releases: dict = field(default_factory=dict)


def instants(event):
    return event.starts_at, event.ends_at


def change_date(event, when: dict, *, actor, reason="", deadlines: Deadlines | None = None):
    """Set the clock of a locked event, of WHEN and perhaps "time_zone", without saving it; returns an EventDateChange.

    The agenda moves with the beginning and, with `deadlines`, the registration and the release of kept seats too; None
    where the instants stay the same. Raises ValidationError by field for times that the clocks skip or show twice;
    those of kept seats under "release_" and their number.
    """
    if not when:
        return None
    old, began = instants(event), last_beginning(event)
    for name, value in when.items():
        setattr(event, name, value)
    begins = _beginning(event)
    days = begins.date() - began.date() if began and begins else timedelta()
    if deadlines is not None:
        _move_registration(event, days, deadlines.registration)
    event.derive_times()
    if deadlines is not None:
        _move_releases(event, days, deadlines.releases)
    elif "time_zone" in when:
        _move_releases(event, timedelta(), {})
    if instants(event) == old:
        return None
    if begins:
        move_agenda(event, began or begins, begins)
    return record(event, old, actor=actor, reason=reason)


def _move_registration(event, days, own):
    """Move the dates of registration, but for those of `own`; a registration that is open stays so."""
    is_open = event.registration_opens_at is not None and event.registration_opens_at <= timezone.now()
    if event.opens_date and not is_open:
        event.opens_date += days
    if event.closes_date:
        event.closes_date += days
    for name, value in own.items():
        setattr(event, name, value)


def _move_releases(event, days, own):
    errors = {}
    for reserve in SeatReserve.objects.filter(pool__event=event).select_related("pool"):
        moved = reserve.releases_date + days, reserve.releases_time
        reserve.releases_date, reserve.releases_time = own.get(reserve.pk, moved)
        reserve.pool.event = event
        try:
            reserve.derive_times()
        except ValidationError as error:
            errors[f"release_{reserve.pk}"] = ValidationError(f"{reserve}: {error.message}", code=error.code)
        else:
            reserve.save(update_fields=["releases_date", "releases_time", "releases_at"])
    if errors:
        raise ValidationError(errors)


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
