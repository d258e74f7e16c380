"""Changing the programme of an event: its sessions, and the seats of break-out sessions."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from common.languages import in_all_languages
from events import notices
from events.models import BreakoutGroup, Event, EventStep, GroupPlace, Room, SeatAllocation, SeatPool, Session
from events.rules import runs
from events.services.admitting import change_pool


def check_runs(actor, event) -> None:
    """Raise PermissionDenied for somebody who does not run the event."""
    if not runs(actor, event):
        raise PermissionDenied


@transaction.atomic
def save_session(session: Session, *, actor, seats: int | None = None, sets_seats=False) -> Session:
    """Store a session by the clock of the event's place.

    With `sets_seats` a break-out session gets a pool of `seats` places (None: without limit); an existing pool changes its
    limit, which never removes anybody.
    """
    check_runs(actor, session.event)
    session.derive_times()
    session.save()
    pool = SeatPool.objects.filter(session=session).first()
    if pool and pool.capacity != seats and sets_seats:
        change_pool(pool, {"capacity": seats}, actor=actor)
    elif pool is None and sets_seats and session.kind == Session.Kind.BREAKOUT:
        SeatPool.objects.create(event=session.event, kind=SeatPool.Kind.BREAKOUT, session=session, capacity=seats)
    return session


TOLD = {
    Session: {"day", "start_time", "end_time", "room"},
    BreakoutGroup: {"room", "session"},
    Room: {"kind", "join_link", *in_all_languages("name")},
}
"""What those concerned are told by mail when it changes; of the rest calendars learn."""


def concerned(record, changed=None) -> set[int]:
    """Ids of the registrations that hold a seat or have a place where `changed` columns of a part of the programme matter.

    None: all of it, as when the part is deleted. Nobody is concerned by what is over.
    """
    told = TOLD.get(type(record), set())
    changed = told if changed is None else told & set(changed)
    if not changed:
        return set()
    if isinstance(record, BreakoutGroup):
        places = GroupPlace.objects.filter(group=record, session__ends_at__gt=timezone.now())
        return set(places.values_list("registration", flat=True))
    if isinstance(record, Room):
        return _in_room(record)
    if record.ends_at <= timezone.now():
        return set()
    return _in_session(record) if changed - {"room"} else _in_session(record, but_for_rooms_of_groups=True)


def _in_room(room):
    """In its groups, and in its sessions whoever has no group that meets elsewhere."""
    now = timezone.now()
    places = GroupPlace.objects.filter(group__room=room, session__ends_at__gt=now)
    found = set(places.values_list("registration", flat=True))
    for session in room.sessions.filter(ends_at__gt=now):
        found |= _in_session(session, but_for_rooms_of_groups=True)
    return found


def _in_session(session, *, but_for_rooms_of_groups=False):
    held = SeatAllocation.objects.filter(pool__session=session, state=SeatAllocation.State.HELD)
    places = GroupPlace.objects.filter(session=session)
    found = {*held.values_list("registration", flat=True), *places.values_list("registration", flat=True)}
    if but_for_rooms_of_groups:
        found -= set(places.filter(group__room__isnull=False).values_list("registration", flat=True))
    return found


@transaction.atomic
def note_programme_change(event: Event, *, actor, note="", people=()) -> None:
    """Record that the programme changed; calendars of an announced event learn of it by the sequence.

    `people` are ids of registrations that are told by mail, see `concerned`; changes within minutes share one.
    """
    check_runs(actor, event)
    if event.status != Event.Status.DRAFT:
        Event.objects.filter(pk=event.pk).update(sequence=F("sequence") + 1, updated_at=timezone.now())
        event.refresh_from_db(fields=["sequence"])
    EventStep.objects.create(
        event=event, action=EventStep.Action.EDITED, note=note[:500], sequence=event.sequence, actor=actor
    )
    notices.tell_programme_changed(event, people)
