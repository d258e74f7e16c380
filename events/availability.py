"""How full an event is, for showing: one question to the database for all its pools. Deciding needs the lock."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.templatetags.hub import number
from events.models import SeatAllocation, SeatPool, SeatReserve

State = SeatAllocation.State


@dataclass(frozen=True)
class Availability:
    """How a pool stands for a newcomer; `free` is None where there is no limit and leaves kept seats out."""

    pool: SeatPool
    free: int | None
    reserved: int
    waiting: int
    offered: int

    @property
    def queues(self):
        """Whether a newcomer is put into the queue: no seat is free for everybody, or others were there before."""
        return self.free == 0 or self.waiting > 0 or self.offered > 0

    @property
    def is_shut(self):
        """Nobody can get or await anything here, whatever the organisation."""
        return self.queues and not self.reserved and not self.pool.has_waiting_list

    @property
    def words(self):
        if self.is_shut:
            return _("full, no waiting list")
        if self.queues:
            if not self.pool.has_waiting_list:
                return _("full but for kept places")
            if not self.waiting:
                return _("full; you would be the first on the waiting list")
            waits = ngettext("%(count)s person waits", "%(count)s people wait", self.waiting)
            return _("full; %(waits)s") % {"waits": waits % {"count": number(self.waiting)}}
        if self.free is None:
            return _("places are free")
        return ngettext("%(count)s place is free", "%(count)s places are free", self.free) % {
            "count": number(self.free)
        }


def availability_of(event) -> list[Availability]:
    """All pools of an event, those of modes first, then those of break-out sessions by time."""
    pools = list(SeatPool.objects.filter(event=event).select_related("session").order_by("session__starts_at", "pk"))
    counts, takers = defaultdict(Counter), defaultdict(Counter)
    rows = (
        SeatAllocation.objects.filter(pool__in=pools, state__in=SeatAllocation.OPEN)
        .order_by()
        .values_list("pool", "state", "registration__stakeholder")
        .annotate(count=Count("pk"))
    )
    for pool, state, stakeholder, count in rows:
        counts[pool][state] += count
        if state in (State.HELD, State.OFFERED):
            takers[pool][stakeholder] += count
    kept = Counter()
    for reserve in SeatReserve.objects.filter(pool__in=pools, releases_at__gt=timezone.now()):
        kept[reserve.pool_id] += max(0, reserve.seats - takers[reserve.pool_id][reserve.stakeholder_id])
    for pool in pools:
        # The session's own title needs the language of its event.
        if pool.session_id:
            pool.session.event = event
    found = [_of(pool, counts[pool.pk], kept[pool.pk]) for pool in pools]
    return sorted(found, key=lambda one: one.pool.session_id is not None)


def _of(pool, states, kept):
    free = None
    if pool.capacity is not None:
        free = max(0, pool.capacity - states[State.HELD] - states[State.OFFERED] - kept)
    return Availability(pool, free, kept, states[State.WAITING], states[State.OFFERED])
