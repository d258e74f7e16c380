"""Seats of all at once, when the event itself changes: offers taken back, seats moved online, all of them ended.

The pools are locked by whoever calls.
"""

from django.utils import timezone
from django.utils.translation import gettext as _

from events.models import EventStep, Registration, SeatAllocation, SeatPool
from events.services.registering import forget_needs
from events.services.seats import set_state

Seat, State = SeatAllocation.State, Registration.State
TAKEN = (Seat.HELD, Seat.OFFERED)


def take_offers_back(pools, actor) -> int:
    """Offers become waiting again, each at its place in the queue: an offer was for the old date. Returns how many.

    Nobody is told by this: the mail of the change tells it.
    """
    offered = SeatAllocation.objects.filter(pool__in=pools, state=Seat.OFFERED).select_related("registration")
    for allocation in offered:
        allocation.state, allocation.offered_until, allocation.changed_at = Seat.WAITING, None, timezone.now()
        allocation.save(update_fields=["state", "offered_until", "changed_at"])
        if allocation.registration.state == State.OFFERED:
            set_state(allocation.registration, State.WAITLISTED, actor=actor, is_told=False)
    return len(offered)


def move_seats(event, source: SeatPool, target: SeatPool, actor) -> None:
    """Carry everything from one pool to the other: held seats and offers stay such, the queue joins the end in its order.

    Who has a seat in both keeps the one in `target`. Seats beyond its limit raise the limit, and the history says so.
    """
    order = {Seat.HELD: 0, Seat.OFFERED: 1, Seat.WAITING: 2}
    moving = list(source.allocations.filter(state__in=SeatAllocation.OPEN).order_by("position", "pk"))
    there = {allocation.registration_id: allocation for allocation in target.allocations.all()}
    now = timezone.now()
    for allocation in sorted(moving, key=lambda one: order[one.state]):
        new = there.get(allocation.registration_id) or SeatAllocation(
            pool=target, registration_id=allocation.registration_id
        )
        if new.state not in SeatAllocation.OPEN or order[new.state] > order[allocation.state]:
            new.state, new.offered_until, new.changed_at = allocation.state, allocation.offered_until, now
            new.position = None if new.state == Seat.HELD else new.position or _next_position(target)
        allocation.state, allocation.position, allocation.offered_until = Seat.RELEASED, None, None
        allocation.is_overbooked, allocation.changed_at = False, now
        allocation.save()
        new.save()
    event.registrations.active().update(mode=target.kind)
    _raise_limit(event, target, actor)


def _next_position(pool):
    pool.queue_counter += 1
    pool.save(update_fields=["queue_counter"])
    return pool.queue_counter


def _raise_limit(event, pool, actor):
    taken = pool.allocations.filter(state__in=TAKEN).count()
    if pool.capacity is None or taken <= pool.capacity:
        return
    was, pool.capacity = pool.capacity, taken
    pool.save(update_fields=["capacity"])
    EventStep.objects.create(
        event=event,
        action=EventStep.Action.OVERBOOKED,
        note=_("%(kind)s: %(was)s → %(is)s") % {"kind": pool.get_kind_display(), "was": was, "is": taken},
        sequence=event.sequence,
        actor=actor,
    )


def end_all(event, pools, state, actor) -> None:
    """End every active registration without letting anybody move up, and forget what was asked for the host."""
    SeatAllocation.objects.filter(pool__in=pools, state__in=SeatAllocation.OPEN).update(
        state=Seat.RELEASED, position=None, offered_until=None, is_overbooked=False, changed_at=timezone.now()
    )
    for registration in event.registrations.active():
        set_state(registration, state, actor=actor, is_told=False)
    forget_needs(event.registrations.all())
