"""Seats: who holds one, who is offered one, who waits. All that gives or takes goes through `settle`.

A transaction that touches seats first locks the pools of the event, ordered by id, and looks only afterwards (READ
COMMITTED sees then what others have committed). Two registrations for the last seat therefore never both see it free,
and no two transactions wait for each other.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace

from django.db import connection, transaction
from django.db.models import Count, Min, Q
from django.utils import timezone

from events.emails.participating import announce_offer, announce_seat, announce_states
from events.models import GroupPlace, Registration, RegistrationStep, SeatAllocation, SeatPool

State = SeatAllocation.State
LOCK_TIMEOUT_MS = 3000
"""A pool locked for longer answers with "try again", not with a page that hangs."""


def lock_pools(event_id: int) -> list[SeatPool]:
    """All pools of an event, locked in the order of their ids until the transaction ends.

    Raises OperationalError (lock_not_available) where somebody holds one for longer than LOCK_TIMEOUT_MS.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
    return list(SeatPool.objects.select_for_update().filter(event=event_id).order_by("pk"))


@dataclass(frozen=True)
class Standing:
    """How a pool stands: numbers of seats held, offered and waited for, free ones (None: no limit), reserved ones."""

    held: int
    offered: int
    waiting: int
    free: int | None
    reserved: int


@dataclass
class _Count:
    """A locked pool's taken seats, kept up to date while seats are given."""

    taken: int
    by_city: Counter
    by_stakeholder: Counter

    def add(self, city, stakeholder, seats=1):
        self.taken += seats
        self.by_city[city] += seats
        self.by_stakeholder[stakeholder] += seats


def standing(pool: SeatPool, now=None) -> Standing:
    """How a pool stands; for showing. Deciding needs the lock."""
    tally, count = _tally(pool), _count(pool)
    reserved = _held_back(pool, count, _reserves(pool, now or timezone.now()))
    free = None if pool.capacity is None else max(0, pool.capacity - count.taken)
    return Standing(tally.held, tally.offered, tally.waiting, free, reserved)


def _tally(pool):
    """How many hold a seat of a pool, are offered one and wait, and when the first offer ends."""
    numbers = {name: Count("pk", filter=Q(state=state)) for name, state in _TALLIED.items()}
    found = pool.allocations.filter(state__in=SeatAllocation.OPEN).aggregate(
        **numbers, first_end=Min("offered_until", filter=Q(state=State.OFFERED))
    )
    return SimpleNamespace(**found)


_TALLIED = {"held": State.HELD, "offered": State.OFFERED, "waiting": State.WAITING}


def _count(pool):
    taken = pool.allocations.filter(state__in=[State.HELD, State.OFFERED]).order_by()
    rows = taken.values_list("registration__city", "registration__stakeholder").annotate(seats=Count("pk"))
    count = _Count(0, Counter(), Counter())
    for city, stakeholder, seats in rows:
        count.add(city, stakeholder, seats)
    return count


def _reserves(pool, now):
    """{type of organisation: seats} still held back."""
    return dict(pool.reserves.filter(releases_at__gt=now).values_list("stakeholder", "seats"))


def _held_back(pool, count, reserves, but_for=None):
    """Seats nobody takes but those they are kept for."""
    return sum(
        max(0, seats - count.by_stakeholder[stakeholder])
        for stakeholder, seats in reserves.items()
        if stakeholder != but_for
    )


def _fits(pool, count, reserves, registration):
    """Whether there is a seat for this person: within the limits of the pool, the person's city and kept seats."""
    if pool.per_city_maximum and registration.city_id and count.by_city[registration.city_id] >= pool.per_city_maximum:
        return False
    if pool.capacity is None:
        return True
    return count.taken + _held_back(pool, count, reserves, registration.stakeholder_id) < pool.capacity


def request_seat(pool: SeatPool, registration: Registration, now) -> SeatAllocation | None:
    """Ask for a seat in a locked pool: held if there is one and nobody waits, else in the queue.

    None where the pool is full and has no waiting list. Who asks again keeps what he has.
    """
    allocation = SeatAllocation.objects.filter(pool=pool, registration=registration).first()
    if allocation and allocation.state in SeatAllocation.OPEN:
        return allocation
    admission = Admission(pool, now)
    state = admission.state_for(registration)
    if state is None:
        return None
    admission.keep_counter()
    allocation = allocation or SeatAllocation(pool=pool, registration=registration)
    allocation.position = pool.queue_counter if state == State.WAITING else None
    _set(allocation, state, now)
    return allocation


def request_seats(pool: SeatPool, registrations: list[Registration], now) -> list[SeatAllocation | None]:
    """As `request_seat`, for people who never had anything in the pool, in their order: it is looked at once."""
    admission = Admission(pool, now)
    found = []
    for registration in registrations:
        state = admission.state_for(registration)
        position = pool.queue_counter if state == State.WAITING else None
        values = {"pool": pool, "registration": registration, "state": state, "position": position, "changed_at": now}
        found.append(SeatAllocation(**values) if state else None)
    SeatAllocation.objects.bulk_create([allocation for allocation in found if allocation])
    admission.keep_counter()
    return found


class Admission:
    """What newcomers to a locked pool get. Counts in memory: good until anything else changes seats of the pool."""

    def __init__(self, pool: SeatPool, now):
        settle(pool, now)
        self._pool = pool
        self._counter = pool.queue_counter
        self._has_queue = pool.allocations.filter(state__in=[State.WAITING, State.OFFERED]).exists()
        # Behind others nobody asks how many seats there are.
        self._count = None if self._has_queue else _count(pool)
        self._reserves = None if self._has_queue else _reserves(pool, now)

    def state_for(self, registration: Registration) -> State | None:
        """Held, or waiting under the pool's new `queue_counter`; None where there is no waiting list."""
        # A newcomer never passes somebody who waits or considers an offer.
        if not self._has_queue and _fits(self._pool, self._count, self._reserves, registration):
            self._count.add(registration.city_id, registration.stakeholder_id)
            return State.HELD
        if not self._pool.has_waiting_list:
            return None
        self._has_queue = True
        self._pool.queue_counter += 1
        return State.WAITING

    def keep_counter(self) -> None:
        """Store the places in the queue that were given out."""
        if self._pool.queue_counter != self._counter:
            self._counter = self._pool.queue_counter
            self._pool.save(update_fields=["queue_counter"])


def release(pool: SeatPool, registration: Registration, now, *, state=State.RELEASED) -> bool:
    """Give back what a registration has in a locked pool, and settle; False where it has nothing there."""
    allocation = SeatAllocation.objects.filter(
        pool=pool, registration=registration, state__in=SeatAllocation.OPEN
    ).first()
    if allocation is None:
        return False
    _set(allocation, state, now)
    settle(pool, now)
    return True


def settle(pool: SeatPool, now=None) -> list[SeatAllocation]:
    """Bring a locked pool in order: end offers nobody answered, and give free seats to those who wait, in their order.

    The one place where anybody moves up, whatever made room: a withdrawal, more seats, released reserves, an offer that
    ran out, a change of mode. Fewer seats than are taken remove nobody; they only end the moving up. Who cannot have a
    free seat because of a limit of the city or kept seats is passed over and keeps the place in the queue.
    Returns the allocations that moved up.
    """
    now = now or timezone.now()
    tally = _tally(pool)
    if tally.first_end and tally.first_end <= now:
        _end_offers(pool, now)
        tally = _tally(pool)
    event = pool.event
    if event.status != event.Status.PUBLISHED or event.starts_at <= now:
        return []
    if not tally.waiting or (pool.capacity is not None and tally.held + tally.offered >= pool.capacity):
        # The common cases: nobody need be read.
        return []
    count = _count(pool)
    waiting = list(
        pool.allocations.filter(state=State.WAITING).select_related("registration").order_by("position", "pk")
    )
    reserves = _reserves(pool, now)
    moved = []
    for allocation in waiting:
        if pool.capacity is not None and count.taken >= pool.capacity:
            break
        registration = allocation.registration
        if registration.must_reconfirm or not _fits(pool, count, reserves, registration):
            continue
        allocation.refresh_from_db()
        registration.refresh_from_db()
        if allocation.state != State.WAITING:
            # Moved up already: a seat of another pool that became free settled that one, which led back here.
            continue
        _move_up(pool, allocation, now)
        count = _count(pool)
        moved.append(allocation)
    return moved


def _end_offers(pool, now):
    over = pool.allocations.filter(state=State.OFFERED, offered_until__lte=now).select_related("registration")
    for allocation in over:
        _set(allocation, State.EXPIRED, now)
        follow(allocation.registration, now, note="offer expired")


def _move_up(pool, allocation, now):
    until = offer_until(pool, now)
    if until is None:
        hold(allocation, now)
    else:
        allocation.offered_until = until
        _set(allocation, State.OFFERED, now)
        announce_offer(allocation)
        follow(allocation.registration, now)


def offer_until(pool: SeatPool, now):
    """Until when an offered seat is kept; None where it is given without asking.

    Shortly before the event nobody is moved up unasked: people have made other plans by then.
    """
    event = pool.event
    is_late = now >= event.starts_at - timedelta(hours=event.fresh_yes_hours)
    if pool.offer_hours is None and not is_late:
        return None
    hours = pool.offer_hours or max(1, min(12, event.fresh_yes_hours // 4))
    return min(now + timedelta(hours=hours), event.starts_at)


def _set(allocation, state, now):
    if allocation.state == State.HELD != state and allocation.pool.session_id:
        # With the seat goes the place in a room, and its link.
        GroupPlace.objects.filter(registration=allocation.registration_id, session=allocation.pool.session_id).delete()
    allocation.state = state
    allocation.changed_at = now
    if state != State.OFFERED:
        allocation.offered_until = None
    if state in (State.HELD, State.RELEASED, State.EXPIRED):
        allocation.position = None
    if state in (State.RELEASED, State.EXPIRED):
        allocation.is_overbooked = False
    allocation.save()


def hold(allocation: SeatAllocation, now, *, is_overbooked=False, actor=None) -> None:
    """Make a seat of a locked pool held; a seat of the other mode, held meanwhile, becomes free."""
    allocation.is_overbooked = is_overbooked
    _set(allocation, State.HELD, now)
    registration, pool = allocation.registration, allocation.pool
    if pool.kind == SeatPool.Kind.BREAKOUT:
        announce_seat(allocation)
        return
    had_place = registration.state == Registration.State.CONFIRMED
    registration.mode = pool.kind
    registration.save(update_fields=["mode"])
    others = registration.allocations.filter(pool__kind__in=OF_MODE, state=State.HELD).exclude(pk=allocation.pk)
    for other in others.select_related("pool"):
        _set(other, State.RELEASED, now)
        settle(other.pool, now)
    follow(registration, now, actor=actor)
    if had_place:
        announce_seat(allocation)


# What a registration's seats say of its state ----------------------------------------------------

OF_MODE = (SeatPool.Kind.IN_PERSON, SeatPool.Kind.ONLINE)
STATE_BY_SEAT = {
    State.HELD: Registration.State.CONFIRMED,
    State.OFFERED: Registration.State.OFFERED,
    State.WAITING: Registration.State.WAITLISTED,
    State.EXPIRED: Registration.State.LAPSED,
}
"""The first of these that a registration's seats have says how it stands."""


def follow(registration: Registration, now, *, note="", actor=None) -> None:
    """Set the state of a registration to what its seats of a mode say, and tell the person where it changed.

    Held beats offered beats waiting: who waits for a seat in the building and holds one online has a place.
    """
    if registration.state not in Registration.ACTIVE:
        return
    states = set(registration.allocations.filter(pool__kind__in=OF_MODE).values_list("state", flat=True))
    meaning = next((meaning for state, meaning in STATE_BY_SEAT.items() if state in states), None)
    if meaning is None:
        return
    set_state(registration, meaning, note=note, actor=actor)
    if meaning == Registration.State.LAPSED:
        release_all(registration, now)


def release_all(registration: Registration, now) -> None:
    """Give back all seats of a registration, in pools that are locked."""
    for allocation in registration.allocations.filter(state__in=SeatAllocation.OPEN).select_related("pool"):
        release(allocation.pool, registration, now)


def set_state(registration: Registration, state, *, actor=None, note="", is_told=True) -> bool:
    """Record a state and tell the person, unless another mail tells it; False where nothing changed."""
    if registration.state == state:
        return False
    set_states([registration], state, actor=actor, note=note, is_told=is_told)
    return True


def set_states(registrations: list[Registration], state, *, actor=None, note="", is_told=True, **columns) -> None:
    """As `set_state`, for registrations of which none is in that state yet; stores other `columns` with it."""
    steps = [
        RegistrationStep(registration=one, from_state=one.state, to_state=state, actor=actor, note=note[:500])
        for one in registrations
    ]
    at = timezone.now()
    for registration in registrations:
        registration.state, registration.state_at = state, at
    Registration.objects.filter(pk__in=[one.pk for one in registrations]).update(state=state, state_at=at, **columns)
    RegistrationStep.objects.bulk_create(steps)
    if is_told:
        announce_states(list(zip(registrations, steps, strict=True)))


def place_in_queue(allocation: SeatAllocation) -> int:
    """The number shown to somebody who waits: 1 is next."""
    before = SeatAllocation.objects.filter(
        pool=allocation.pool_id, state=State.WAITING, position__lt=allocation.position
    )
    return before.count() + 1


@transaction.atomic
def settle_event(event_id: int, now=None) -> list[SeatAllocation]:
    """Settle all pools of an event, for whoever has not locked them. Safe to run at any time, and twice."""
    return [allocation for pool in lock_pools(event_id) for allocation in settle(pool, now)]
