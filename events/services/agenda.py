"""Changing the programme of an event: its sessions, and the seats of break-out sessions."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from events.models import Event, EventStep, SeatPool, Session
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


@transaction.atomic
def note_programme_change(event: Event, *, actor, note="") -> None:
    """Record that the programme changed; calendars of an announced event learn of it by the sequence."""
    check_runs(actor, event)
    if event.status != Event.Status.DRAFT:
        Event.objects.filter(pk=event.pk).update(sequence=F("sequence") + 1, updated_at=timezone.now())
        event.refresh_from_db(fields=["sequence"])
    EventStep.objects.create(
        event=event, action=EventStep.Action.EDITED, note=note[:500], sequence=event.sequence, actor=actor
    )
