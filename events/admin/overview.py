"""All that is known of an event, gathered for one page with as many queries for three registrations as for thirty."""

from collections import Counter, defaultdict

from django.core.paginator import Paginator
from django.db.models import Count, Q, Window
from django.db.models.functions import Coalesce, RowNumber

from common.models import OutboxMail
from events.admin.deciding import DecisionForm, NeedsExportForm, TransitionForm
from events.admin.doing import DECISIONS, decisions_of, transitions_of
from events.exports import needs_of
from events.models import BreakoutGroup, Registration, SeatAllocation
from events.services.invariants import problems_of
from events.services.seats import standing
from events.showing import moment_in_words, when_in_words
from events.times import wall_clock

ON_A_PAGE = 50
IN_THE_QUEUE = 100
MAILS = 20
STEPS = 50
Seat = SeatAllocation.State


def overview(event, query, bound=None):
    """The page's context. `query` has q, state and page; `bound` is a refused form that takes the place of its kind."""
    agenda, rooms, groups = _programme(event)
    sessions = {session.pk: session for session in agenda}
    pools = list(event.pools.all())
    for pool in pools:
        pool.session = sessions.get(pool.session_id)
    return {
        "event": event,
        "when": when_in_words(event),
        "transitions": [
            bound if _is_of(bound, transition) else TransitionForm(transition, event)
            for transition in transitions_of(event)
        ],
        "agenda": agenda,
        "rooms": rooms,
        "groups": groups,
        "speakers": list(event.speakers.select_related("organisation", "city")),
        "documents": list(event.documents.all()),
        "recordings": list(event.recordings.all()),
        "practices": list(event.event_practices.select_related("practice", "city")),
        "pools": [_pool(pool, event) for pool in pools if _is_used(pool, event)],
        "queues": _queues(pools, event),
        "needs": needs_of(event),
        "needs_form": NeedsExportForm(initial={"kind": "csv"}),
        "nominations": event.nominations.count(),
        "mails": _mails(event),
        "steps": list(event.steps.select_related("actor")[:STEPS]),
        "date_changes": _date_changes(event),
        "problems": problems_of(event),
        **_registrations(event, query, pools, bound),
    }


def _is_of(form, transition):
    return isinstance(form, TransitionForm) and form.transition == transition


def _programme(event):
    """Agenda, rooms, groups, each knowing the others without asking again."""
    rooms = list(event.rooms.all())
    by_id = {room.pk: room for room in rooms}
    sessions = list(event.sessions.select_related("moderator", "rapporteur"))
    of_session = {}
    for session in sessions:
        session.room = by_id.get(session.room_id)
        session.clock = (wall_clock(session.starts_at, event.time_zone), wall_clock(session.ends_at, event.time_zone))
        session.is_outside = bool(
            event.starts_at and (session.starts_at < event.starts_at or session.ends_at > event.ends_at)
        )
        of_session[session.pk] = session
    groups = list(
        BreakoutGroup.objects.filter(session__event=event)
        .select_related("moderator", "rapporteur")
        .annotate(people=Count("places_taken"))
        .order_by("session__starts_at", "order", "pk")
    )
    for group in groups:
        group.session, group.room = of_session[group.session_id], by_id.get(group.room_id)
    return sessions, rooms, groups


def _is_used(pool, event):
    """Not the seats of a mode that the event once had, unless somebody has one still."""
    modes = {"in-person": event.is_in_person, "online": event.is_online}
    return modes.get(pool.kind, True) or pool.allocations.filter(state__in=SeatAllocation.OPEN).exists()


def _pool(pool, event):
    """A pool, how it stands, what is kept for whom, and of how many cities come as many as may."""
    reserves = list(pool.reserves.select_related("stakeholder"))
    for reserve in reserves:
        reserve.until = moment_in_words(reserve.releases_at, event.time_zone)
    taken = pool.allocations.filter(state__in=[Seat.HELD, Seat.OFFERED], registration__city__isnull=False)
    by_city = Counter(dict(taken.values_list("registration__city").annotate(people=Count("pk")).order_by()))
    limit = pool.per_city_maximum
    return {
        "pool": pool,
        "standing": standing(pool),
        "reserves": reserves,
        "cities": len(by_city),
        "full_cities": sum(people >= limit for people in by_city.values()) if limit else 0,
    }


def _queues(pools, event):
    """The first who wait for what, in order; those who have an offer stand first."""
    rows = SeatAllocation.objects.filter(pool__in=pools, state__in=[Seat.OFFERED, Seat.WAITING]).order_by()
    counts = dict(rows.values_list("pool").annotate(people=Count("pk")))
    in_order = Window(RowNumber(), partition_by="pool", order_by=["position", "pk"])
    first = rows.annotate(number=in_order).filter(number__lte=IN_THE_QUEUE).select_related("registration__city")
    entries, waiting = defaultdict(list), Counter()
    for allocation in first.order_by("pool", "position", "pk"):
        waits = allocation.state == Seat.WAITING
        waiting[allocation.pool_id] += waits
        until = allocation.offered_until and moment_in_words(allocation.offered_until, event.time_zone)
        place = waiting[allocation.pool_id] if waits else None
        entries[allocation.pool_id].append((place, allocation.registration, until))
    return [
        {"pool": pool, "entries": entries[pool.pk], "count": counts[pool.pk]} for pool in pools if entries[pool.pk]
    ]


def _mails(event):
    mails = OutboxMail.objects.filter(about=f"event:{event.pk}").order_by()
    counts = dict(mails.values_list("state").annotate(count=Count("pk")))
    return {
        "states": [(label, counts[state]) for state, label in OutboxMail.State.choices if state in counts],
        "last": list(mails.order_by("-pk").only("subject", "recipient", "state", "queued_at")[:MAILS]),
        "count": sum(counts.values()),
    }


def _date_changes(event):
    changes = list(event.date_changes.select_related("actor")[:STEPS])
    for change in changes:
        change.was, change.now = (
            moment and moment_in_words(moment, event.time_zone)
            for moment in (change.old_starts_at, change.new_starts_at)
        )
    return changes


# Registrations -----------------------------------------------------------------------------------


def _registrations(event, query, pools, bound):
    counts = dict(event.registrations.order_by().values_list("state").annotate(count=Count("pk")))
    state, words = query.get("state", ""), query.get("q", "").strip()[:100]
    rows = event.registrations.select_related("city", "stakeholder").prefetch_related("allocations")
    if state in Registration.State.values:
        rows = rows.filter(state=state)
    for word in words.split()[:5]:
        rows = rows.filter(Q(name__icontains=word) | Q(email__icontains=word) | Q(organisation__icontains=word))
    page = Paginator(rows.order_by(Coalesce("verified_at", "created_at").desc(), "-pk"), ON_A_PAGE).get_page(
        query.get("page")
    )
    of_mode = {pool.pk: pool for pool in pools}
    for registration in page.object_list:
        registration.event = event
        registration.seats = [
            (of_mode[allocation.pool_id], allocation)
            for allocation in registration.allocations.all()
            if allocation.state in SeatAllocation.OPEN and allocation.pool_id in of_mode
        ]
        names = decisions_of(registration, event)
        registration.decisions = [(name, DECISIONS[name]) for name in names]
        is_bound = isinstance(bound, DecisionForm) and bound.registration.pk == registration.pk
        registration.form = bound if is_bound else None
        if registration.decisions and not is_bound:
            registration.form = DecisionForm(registration, pools if "give-seat" in names else [])
    return {
        "page": page,
        "states": [(value, label, counts[value]) for value, label in Registration.State.choices if value in counts],
        "registered": sum(counts.values()),
        "state": state,
        "words": words,
    }
