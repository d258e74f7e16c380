"""What must be true of seats at any time, asked every night: a fault shows itself before somebody stands at the door."""

import logging

from django.db.models import Case, Count, F, IntegerField, Max, Min, Q, Value, When
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from events.models import Event, Registration, SeatAllocation
from events.services.seats import OF_MODE, standing

logger = logging.getLogger(__name__)
Seat, State = SeatAllocation.State, Registration.State

SEAT_OF_STATE = {State.CONFIRMED: Seat.HELD, State.OFFERED: Seat.OFFERED, State.WAITLISTED: Seat.WAITING}
AFTERWARDS = (State.ATTENDED, State.NO_SHOW)
MOST = 50
"""Problems of one kind that are listed; where something is broken for everybody, more lines tell no more."""


def check_all() -> int:
    """Look at all events that are not over, and log an error for each problem; returns how many there are."""
    count = 0
    for event in Event.objects.announced().upcoming().order_by("pk").iterator(chunk_size=100):
        with translation.override("en"):
            problems = problems_of(event)
        for problem in problems:
            logger.error("Event %s: %s", event.pk, problem)
        count += len(problems)
    return count


def problems_of(event: Event) -> list[str]:
    """What contradicts itself among the registrations and seats of an event; for its hosts, in the active language.

    Nobody is named: the same lines stand in the log. The database looks, so that ten thousand registrations cost little.
    To be asked in a transaction of its own that nobody else writes in, or what is just being changed may look wrong.
    """
    pools = list(event.pools.select_related("session__event"))
    return [
        *_beyond_limits(pools),
        *_without_agreement(event),
        *_in_two_modes(event),
        *_twice(event, pools),
        *_idle(event, pools),
    ]


def _open_seats(**of):
    return SeatAllocation.objects.filter(state__in=SeatAllocation.OPEN, **of).order_by()


def _beyond_limits(pools):
    rows = _open_seats(pool__in=pools).values("pool")
    is_taken = Q(state__in=[Seat.HELD, Seat.OFFERED])
    found = {
        row["pool"]: row
        for row in rows.annotate(
            taken=Count("pk", filter=is_taken),
            overbooked=Count("pk", filter=Q(is_overbooked=True)),
            last=Max("position"),
        )
    }
    for pool in pools:
        row = found.get(pool.pk)
        if row and pool.capacity is not None and row["taken"] - row["overbooked"] > pool.capacity:
            told = _("%(seats)s: %(taken)s seats are taken, and there are %(places)s.")
            yield told % {"seats": pool, "taken": row["taken"], "places": pool.capacity}
        if row and (row["last"] or 0) > pool.queue_counter:
            told = _("%(seats)s: place %(place)s in the queue is beyond its counter, which stands at %(counter)s.")
            yield told % {"seats": pool, "place": row["last"], "counter": pool.queue_counter}


_RANKS = (Seat.HELD, Seat.OFFERED, Seat.WAITING)
_NONE = len(_RANKS)


def _without_agreement(event):
    """Registrations whose state says another thing than the best of their seats."""
    of_mode = Q(allocations__pool__kind__in=OF_MODE, allocations__state__in=SeatAllocation.OPEN)
    rank = Case(
        *(When(allocations__state=state, then=Value(rank)) for rank, state in enumerate(_RANKS)),
        output_field=IntegerField(),
    )
    expected = Case(
        *(When(state=state, then=Value(_RANKS.index(seat))) for state, seat in SEAT_OF_STATE.items()),
        default=Value(_NONE),
        output_field=IntegerField(),
    )
    rows = event.registrations.exclude(state__in=AFTERWARDS).order_by()
    rows = rows.annotate(best=Coalesce(Min(rank, filter=of_mode), Value(_NONE)), expected=expected)
    wrong = rows.exclude(best=F("expected")).order_by("pk")
    for pk, state, best in wrong.values_list("pk", "state", "best")[:MOST]:
        seat = _("missing") if best == _NONE else Seat(_RANKS[best]).label
        told = _("Registration %(number)s: its state is “%(state)s”, its seat “%(seat)s”.")
        yield told % {"number": pk, "state": State(state).label, "seat": seat}


def _in_two_modes(event):
    held = Q(allocations__pool__kind__in=OF_MODE, allocations__state=Seat.HELD)
    rows = event.registrations.order_by().annotate(
        first=Min("allocations__pool__kind", filter=held), last=Max("allocations__pool__kind", filter=held)
    )
    for pk in rows.exclude(first=F("last")).exclude(first=None).order_by("pk").values_list("pk", flat=True)[:MOST]:
        yield _("Registration %(number)s holds a seat in person and one online.") % {"number": pk}
    elsewhere = rows.filter(first=F("last")).exclude(first=F("mode")).order_by("pk")
    kinds = dict(Registration.Mode.choices)
    for pk, mode, kind in elsewhere.values_list("pk", "mode", "first")[:MOST]:
        told = _("Registration %(number)s takes part “%(mode)s”, but its seat is “%(seat)s”.")
        yield told % {"number": pk, "mode": kinds[mode], "seat": kinds[kind]}


def _twice(event, pools):
    active = event.registrations.active().exclude(email="").order_by()
    doubled = active.annotate(address=Lower("email")).values("address").annotate(count=Count("pk")).filter(count__gt=1)
    sharing = active.annotate(address=Lower("email")).filter(address__in=doubled.values("address"))
    for pk in sharing.order_by("pk").values_list("pk", flat=True)[:MOST]:
        yield _("Registration %(number)s has the address of another one that is active.") % {"number": pk}
    by_id = {pool.pk: pool for pool in pools}
    positions = _open_seats(pool__in=pools).exclude(position=None).values("pool", "position")
    for row in positions.annotate(count=Count("pk")).filter(count__gt=1).order_by("pool", "position")[:MOST]:
        told = _("%(seats)s: place %(place)s in the queue was given out %(count)s times.")
        yield told % {"seats": by_id[row["pool"]], "place": row["position"], "count": row["count"]}


def _idle(event, pools):
    """People wait while a seat is free, and no limit of a city, kept seat or open answer explains it."""
    now = timezone.now()
    if event.status != Event.Status.PUBLISHED or event.starts_at <= now:
        return
    silent = Q(
        registration__state__in=Registration.ACTIVE,
        registration__reconfirm_until__isnull=False,
        registration__reconfirmed_at__isnull=True,
    )
    rows = SeatAllocation.objects.filter(pool__in=pools, state=Seat.WAITING).exclude(silent).order_by()
    waiting = dict(rows.values_list("pool").annotate(count=Count("pk")))
    for pool in pools:
        count = waiting.get(pool.pk, 0)
        if not count or pool.per_city_maximum:
            continue
        found = standing(pool, now)
        free = None if found.free is None else found.free - found.reserved
        if free is None:
            yield _("%(seats)s: people wait (%(count)s) though there is no limit.") % {"seats": pool, "count": count}
        elif free > 0:
            told = _("%(seats)s: people wait (%(count)s) though seats are free (%(free)s).")
            yield told % {"seats": pool, "count": count, "free": free}
