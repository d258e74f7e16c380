"""Who was there: marked at the door, by code or from the log of a video conference; settled when the event is over."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from events.models import Attendance, Certificate, Event, Registration, Session
from events.rules import runs
from events.services.seats import lock_pools, set_state

State = Registration.State
Source = Attendance.Source

OVER = (Event.Status.HELD, Event.Status.REPORTED, Event.Status.ARCHIVED)
TAKES_ATTENDANCE = (Event.Status.PUBLISHED, Event.Status.HELD, Event.Status.REPORTED)


def _check_may_record(actor, event):
    if not runs(actor, event):
        raise PermissionDenied
    if event.status not in TAKES_ATTENDANCE:
        raise ValidationError(_("Nobody can be checked in to this event now."), code="closed")


def _check_session(session, event):
    if session is not None and (session.event_id != event.pk or session.kind == Session.Kind.PAUSE):
        raise ValidationError(_("Choose one of those offered."), code="session")


def _locked(registration):
    lock_pools(registration.event_id)
    return Registration.objects.select_for_update(of=["self"]).select_related("event").get(pk=registration.pk)


@transaction.atomic
def check_in(registration: Registration, *, actor, session=None, source=Source.MANUAL) -> bool:
    """Mark that somebody with a place is there, in a session or at the event; False where that was marked already."""
    registration = _locked(registration)
    _check_may_record(actor, registration.event)
    _check_session(session, registration.event)
    if registration.state not in Registration.WITH_PLACE:
        raise ValidationError(_("This person has no place at the event."), code="no-place")
    _row, is_new = Attendance.objects.get_or_create(
        registration=registration, session=session, defaults={"source": source, "recorded_by": actor}
    )
    if registration.event.status in OVER:
        set_state(registration, State.ATTENDED, actor=actor)
    return is_new


@transaction.atomic
def undo_check_in(registration: Registration, *, actor, session=None) -> bool:
    """Take a mark back; False where there was none. Not while a certificate says the contrary."""
    registration = _locked(registration)
    _check_may_record(actor, registration.event)
    if Certificate.objects.filter(registration=registration, revoked_at=None).exists():
        raise ValidationError(_("Revoke the certificate of this person first."), code="certified")
    deleted, _of_kinds = Attendance.objects.filter(registration=registration, session=session).delete()
    if deleted and registration.event.status in OVER and not registration.attendances.exists():
        set_state(registration, State.NO_SHOW, actor=actor)
    return bool(deleted)


@transaction.atomic
def settle_attendance(event: Event, *, actor=None) -> Counter:
    """Say of everybody with a place who came and who did not; returns how many changed, by their new state.

    Where nobody was marked among those on site, or among those online, attendance was not taken there, and nobody of
    them is called absent. To be called when the event was held, and again when a log comes later. Nobody gets a mail.
    Without an actor the hub itself settles.
    """
    if actor is not None and not runs(actor, event):
        raise PermissionDenied
    lock_pools(event.pk)
    if Event.objects.get(pk=event.pk).status not in OVER:
        raise ValidationError(_("The event was not held yet."), code="not-held")
    rows = event.registrations.taking_part().select_for_update(of=["self"]).order_by("pk")
    registrations = list(rows)
    present = set(Attendance.objects.filter(registration__event=event).values_list("registration", flat=True))
    taken = {registration.mode for registration in registrations if registration.pk in present}
    changed = Counter()
    for registration in registrations:
        if registration.mode not in taken:
            continue
        state = State.ATTENDED if registration.pk in present else State.NO_SHOW
        if set_state(registration, state, actor=actor):
            changed[state] += 1
    return changed


# Logs of video conferences -----------------------------------------------------------------------


@dataclass(frozen=True)
class Presence:
    """What logs tell of one participant: intervals that may overlap, and seconds of which they do not tell when."""

    intervals: tuple[tuple[datetime, datetime], ...] = ()
    seconds: int = 0


def merged(intervals) -> list[tuple[datetime, datetime]]:
    """The same time as intervals that neither overlap nor touch, in order."""
    result = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def minutes_within(intervals, start, end) -> int:
    """Whole minutes of merged intervals that fall between two instants."""
    clipped = ((max(first, start), min(last, end)) for first, last in merged(intervals))
    return int(sum((last - first).total_seconds() for first, last in clipped if last > first) // 60)


def length_of(sessions) -> int:
    """Minutes that sessions last; what runs side by side counts once."""
    spans = merged((session.starts_at, session.ends_at) for session in sessions)
    return int(sum((end - start).total_seconds() for start, end in spans) // 60)


def attended_minutes(presence: Presence, sessions, event, *, seats=frozenset(), only=None) -> dict:
    """{session, or None for the event: minutes} that logs show.

    `sessions` are those of the agenda but pauses. Of sessions that run side by side a log cannot tell which one it was:
    there it counts for those in which the participant holds a seat (`seats`, ids), unless `only` one session is meant.
    """
    has_times = bool(presence.intervals) and not presence.seconds
    if has_times and (only or sessions):
        wanted = [only] if only else [one for one in sessions if one.pk in seats or not _has_rival(one, sessions)]
        found = {one: minutes_within(presence.intervals, one.starts_at, one.ends_at) for one in wanted}
        return {one: minutes for one, minutes in found.items() if minutes}
    if has_times:
        minutes = minutes_within(presence.intervals, event.starts_at, event.ends_at)
    else:
        whole = length_of([only] if only else sessions) or minutes_of_event(event)
        timed = sum((end - start).total_seconds() for start, end in merged(presence.intervals))
        minutes = min(int(presence.seconds + timed) // 60, whole)
    return {only: minutes} if minutes else {}


def _has_rival(session, sessions):
    return any(
        other.pk != session.pk and other.starts_at < session.ends_at and session.starts_at < other.ends_at
        for other in sessions
    )


def minutes_of_event(event) -> int:
    """From beginning to end, for an event of one day without an agenda; 0 where nights would count."""
    if event.starts_at is None or event.start_date != event.end_date:
        return 0
    return int((event.ends_at - event.starts_at).total_seconds() // 60)


def sessions_that_count(event) -> list[Session]:
    """The agenda without pauses."""
    return list(event.sessions.exclude(kind=Session.Kind.PAUSE).order_by("starts_at", "pk"))


@transaction.atomic
def store_log(event: Event, presences: dict[int, Presence], *, actor, session=None) -> int:
    """Record what logs tell of participants ({id of a registration: presence}); returns how many people were there.

    What was marked by hand or by code stays: the whole session counts there. An earlier log of the same person and
    session is replaced, so the same file twice changes nothing.
    """
    lock_pools(event.pk)
    event = Event.objects.get(pk=event.pk)
    _check_may_record(actor, event)
    _check_session(session, event)
    sessions = sessions_that_count(event)
    registrations = event.registrations.taking_part().select_for_update(of=["self"]).in_bulk(presences)
    seats = seats_by_registration(registrations)
    rows = []
    for pk, registration in registrations.items():
        found = attended_minutes(presences[pk], sessions, event, seats=frozenset(seats.get(pk, ())), only=session)
        rows += [
            Attendance(
                registration=registration, session=one, source=Source.VIDEO_LOG, minutes=minutes, recorded_by=actor
            )
            for one, minutes in found.items()
        ]
    _replace(rows)
    if event.status in OVER:
        settle_attendance(event, actor=actor)
    return len({row.registration_id for row in rows})


def seats_by_registration(registrations) -> dict[int, set]:
    """{id: ids of the sessions in which it holds a seat} of registrations, named by their ids."""
    held = {}
    rows = Registration.objects.filter(pk__in=registrations, allocations__state="held")
    for pk, session in rows.values_list("pk", "allocations__pool__session"):
        held.setdefault(pk, set()).add(session)
    return held


def _replace(rows):
    ids = {row.registration_id for row in rows}
    existing = {(one.registration_id, one.session_id): one for one in Attendance.objects.filter(registration__in=ids)}
    fresh = []
    for row in rows:
        earlier = existing.get((row.registration_id, row.session_id))
        if earlier is None:
            fresh.append(row)
        elif earlier.source == Source.VIDEO_LOG and earlier.minutes != row.minutes:
            earlier.minutes = row.minutes
            earlier.save(update_fields=["minutes"])
    Attendance.objects.bulk_create(fresh)
