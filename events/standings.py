"""How the seats of events stand, for lists, pages and forms: read at once for many pools, never to decide by."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.hub import number
from events.models import SeatAllocation, SeatPool, SeatReserve
from events.rules import closed_because

FEW = 5
OPEN, FEW_LEFT, WAITING_LIST, FULL = "open", "few", "waiting-list", "full"
BEST_FIRST = (OPEN, FEW_LEFT, WAITING_LIST, FULL)
State = SeatAllocation.State


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of a pool: how many are held, offered, waited for, and kept for a type of organisation."""

    pool: SeatPool
    held: int
    offered: int
    waiting: int
    reserved: int

    @property
    def kind(self):
        return self.pool.kind

    @property
    def capacity(self):
        return self.pool.capacity

    @property
    def has_waiting_list(self):
        return self.pool.has_waiting_list

    @property
    def free(self):
        """What a newcomer for whom none is kept may still get; None: no limit."""
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

    @property
    def is_shut(self):
        """Nobody can get or await anything here, whatever the organisation."""
        return self.state == FULL and not self.reserved

    @property
    def words(self):
        """What somebody who is about to register is told."""
        if self.is_shut:
            return _("full, no waiting list")
        if self.free is None:
            return _("places are free")
        if self.free:
            return ngettext("%(count)s place is free", "%(count)s places are free", self.free) % {
                "count": number(self.free)
            }
        if not self.has_waiting_list:
            return _("full but for kept places")
        if not self.waiting:
            return _("full; you would be the first on the waiting list")
        waits = ngettext("%(count)s person waits", "%(count)s people wait", self.waiting)
        return _("full; %(waits)s") % {"waits": waits % {"count": number(self.waiting)}}


def seats_of(events, now=None) -> dict[int, list[Seats]]:
    """{event id: its pools of seats in the building and online}, in two statements for any number of events."""
    found = {event.pk: [] for event in events}
    pools = SeatPool.objects.filter(event__in=found, session__isnull=True).order_by("event", "pk")
    for seats in _read(pools, now or timezone.now()):
        found[seats.pool.event_id].append(seats)
    return found


def availability_of(event) -> list[Seats]:
    """All pools of one event, those of modes first, then those of break-out sessions by time."""
    pools = SeatPool.objects.filter(event=event).select_related("session")
    found = _read(pools.order_by(F("session__starts_at").asc(nulls_first=True), "pk"), timezone.now())
    for seats in found:
        # The session's own title needs the language of its event.
        if seats.pool.session_id:
            seats.pool.session.event = event
    return found


def _read(pools, now):
    pools = list(
        pools.annotate(
            held=Count("allocations", filter=Q(allocations__state=State.HELD)),
            offered=Count("allocations", filter=Q(allocations__state=State.OFFERED)),
            waiting=Count("allocations", filter=Q(allocations__state=State.WAITING)),
        )
    )
    kept = _held_back([pool.pk for pool in pools], now)
    return [Seats(pool, pool.held, pool.offered, pool.waiting, kept[pool.pk]) for pool in pools]


def _held_back(pool_ids, now):
    """{pool: seats kept for a type of organisation that has not taken them yet}."""
    taken = Q(
        pool__allocations__state__in=[State.HELD, State.OFFERED],
        pool__allocations__registration__stakeholder=F("stakeholder"),
    )
    found = Counter()
    reserves = SeatReserve.objects.filter(pool__in=pool_ids, releases_at__gt=now)
    for reserve in reserves.annotate(taken=Count("pool__allocations", filter=taken)):
        found[reserve.pool_id] += max(0, reserve.seats - reserve.taken)
    return found


def registration_state(event, seats, now=None) -> str:
    """Why nobody can register (see `closed_because`), or the best that a pool of the event has to give."""
    reason = closed_because(event, now)
    if reason:
        return reason
    return min((pool.state for pool in seats), key=BEST_FIRST.index, default=OPEN)
