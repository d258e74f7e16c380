"""How the seats of events stand, for lists and pages: read at once for many events, never to decide by."""

from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.utils import timezone

from events.models import SeatAllocation, SeatPool, SeatReserve
from events.rules import closed_because

FEW = 5
OPEN, FEW_LEFT, WAITING_LIST, FULL = "open", "few", "waiting-list", "full"
BEST_FIRST = (OPEN, FEW_LEFT, WAITING_LIST, FULL)
State = SeatAllocation.State


@dataclass(frozen=True, slots=True)
class Seats:
    """A pool of a mode. `free` is what a newcomer without a kept seat may still get; None: no limit."""

    kind: str
    capacity: int | None
    held: int
    offered: int
    waiting: int
    reserved: int
    has_waiting_list: bool

    @property
    def free(self):
        if self.waiting or self.offered:
            return 0  # A newcomer never passes somebody who waits or considers an offer.
        if self.capacity is None:
            return None
        return max(0, self.capacity - self.held - self.reserved)

    @property
    def state(self):
        """One of BEST_FIRST."""
        if self.free is None or self.free > FEW:
            return OPEN
        if self.free:
            return FEW_LEFT if self.capacity > FEW else OPEN
        return WAITING_LIST if self.has_waiting_list else FULL


def seats_of(events, now=None) -> dict[int, list[Seats]]:
    """{event id: its pools of seats in the building and online}, in two statements for any number of events."""
    now = now or timezone.now()
    found = {event.pk: [] for event in events}
    pools = SeatPool.objects.filter(event__in=found, session__isnull=True).annotate(
        held=Count("allocations", filter=Q(allocations__state=State.HELD)),
        offered=Count("allocations", filter=Q(allocations__state=State.OFFERED)),
        waiting=Count("allocations", filter=Q(allocations__state=State.WAITING)),
    )
    held_back = _held_back(found, now)
    for pool in pools.order_by("event", "pk"):
        found[pool.event_id].append(
            Seats(
                pool.kind,
                pool.capacity,
                pool.held,
                pool.offered,
                pool.waiting,
                held_back.get(pool.pk, 0),
                pool.has_waiting_list,
            )
        )
    return found


def _held_back(event_ids, now):
    """{pool: seats kept for a type of organisation that has not taken them yet}."""
    taken = Q(
        pool__allocations__state__in=[State.HELD, State.OFFERED],
        pool__allocations__registration__stakeholder=F("stakeholder"),
    )
    reserves = SeatReserve.objects.filter(pool__event__in=event_ids, pool__session__isnull=True, releases_at__gt=now)
    found = {}
    for reserve in reserves.annotate(taken=Count("pool__allocations", filter=taken)):
        found[reserve.pool_id] = found.get(reserve.pool_id, 0) + max(0, reserve.seats - reserve.taken)
    return found


def registration_state(event, seats, now=None) -> str:
    """Why nobody can register (see `closed_because`), or the best that a pool of the event has to give."""
    reason = closed_because(event, now)
    if reason:
        return reason
    return min((pool.state for pool in seats), key=BEST_FIRST.index, default=OPEN)
