"""What must be true of seats at any time, asked every night: a fault shows itself before somebody stands at the door."""

import logging
from collections import Counter

from django.utils import timezone

from events.models import Event, Registration, SeatAllocation
from events.services.seats import OF_MODE, standing

logger = logging.getLogger(__name__)
Seat, State = SeatAllocation.State, Registration.State

SEAT_OF_STATE = {State.CONFIRMED: Seat.HELD, State.OFFERED: Seat.OFFERED, State.WAITLISTED: Seat.WAITING}
AFTERWARDS = (State.ATTENDED, State.NO_SHOW)


def check_all() -> int:
    """Look at all events that are not over, and log an error for each problem; returns how many there are."""
    count = 0
    for event in Event.objects.announced().upcoming().order_by("pk").iterator(chunk_size=100):
        for problem in problems_of(event):
            logger.error("Event %s: %s", event.pk, problem)
            count += 1
    return count


def problems_of(event: Event) -> list[str]:
    """What contradicts itself among the registrations and seats of an event; for administrators, in English.

    To be asked in a transaction of its own that nobody else writes in, or what is just being changed may look wrong.
    """
    seats = list(
        SeatAllocation.objects.filter(pool__event=event, state__in=SeatAllocation.OPEN)
        .select_related("pool", "registration")
        .order_by("pk")
    )
    registrations = list(event.registrations.order_by("pk"))
    return [
        *_beyond_limits(event, seats),
        *_without_agreement(registrations, seats),
        *_twice(registrations, seats),
        *_idle(event, seats),
    ]


def _beyond_limits(event, seats):
    for pool in event.pools.all():
        there = [seat for seat in seats if seat.pool_id == pool.pk]
        taken = sum(seat.state in (Seat.HELD, Seat.OFFERED) for seat in there)
        overbooked = sum(seat.is_overbooked for seat in there)
        if pool.capacity is not None and taken - overbooked > pool.capacity:
            yield f"{pool.kind} pool {pool.pk}: {taken} seats taken of {pool.capacity}"
        last = max((seat.position or 0 for seat in there), default=0)
        if last > pool.queue_counter:
            yield f"{pool.kind} pool {pool.pk}: position {last} was not given out by its counter {pool.queue_counter}"


def _without_agreement(registrations, seats):
    held = {}
    for seat in seats:
        held.setdefault(seat.registration_id, []).append(seat)
    order = (Seat.HELD, Seat.OFFERED, Seat.WAITING)
    for registration in registrations:
        own = held.get(registration.pk, [])
        of_mode = {seat.state for seat in own if seat.pool.kind in OF_MODE}
        best = next((state for state in order if state in of_mode), None)
        if best != SEAT_OF_STATE.get(registration.state) and registration.state not in AFTERWARDS:
            yield f"registration {registration.pk} is {registration.state}, its seat {best or 'missing'}"
        modes = {seat.pool.kind for seat in own if seat.pool.kind in OF_MODE and seat.state == Seat.HELD}
        if len(modes) > 1:
            yield f"registration {registration.pk} holds seats of two modes"
        if len(modes) == 1 and registration.mode not in modes:
            yield f"registration {registration.pk} takes part {registration.mode}, its seat is {modes.pop()}"


def _twice(registrations, seats):
    active = Counter(one.email.lower() for one in registrations if one.is_active and one.email)
    for pk in (one.pk for one in registrations if one.is_active and active[one.email.lower()] > 1):
        yield f"registration {pk} shares its address with another active one"
    positions = Counter((seat.pool_id, seat.position) for seat in seats if seat.position is not None)
    for (pool, position), count in positions.items():
        if count > 1:
            yield f"pool {pool}: position {position} in the queue was given {count} times"


def _idle(event, seats):
    """People wait while a seat is free, and no limit of a city, kept seat or open answer explains it."""
    now = timezone.now()
    if event.status != Event.Status.PUBLISHED or event.starts_at <= now:
        return
    for pool in event.pools.all():
        waiting = [seat for seat in seats if seat.pool_id == pool.pk and seat.state == Seat.WAITING]
        waiting = [seat for seat in waiting if not seat.registration.must_reconfirm]
        if not waiting or pool.per_city_maximum:
            continue
        found = standing(pool, now)
        free = None if found.free is None else found.free - found.reserved
        if free is None or free > 0:
            yield f"{pool.kind} pool {pool.pk}: {len(waiting)} wait while {free or 'any number of'} seats are free"
