"""What must always be true of an event, looked at from outside; a problem is told in words."""

from django.db.models import Count, F, Q
from django.utils.translation import gettext as _

from events.models import SeatAllocation

TAKEN = (SeatAllocation.State.HELD, SeatAllocation.State.OFFERED)


def problems_of(event) -> list[str]:
    """Pools in which more seats are taken than there are. After places were made fewer that is meant to be so."""
    taken = Count("allocations", filter=Q(allocations__state__in=TAKEN))
    pools = event.pools.annotate(taken=taken).filter(taken__gt=F("capacity")).select_related("session__event")
    text = _("%(pool)s: %(taken)s places are taken, and there are %(capacity)s.")
    return [text % {"pool": pool, "taken": pool.taken, "capacity": pool.capacity} for pool in pools]
