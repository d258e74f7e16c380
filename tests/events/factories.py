"""Small events for tests: announced, tomorrow in a month, in the building, without limits unless the test says so."""

from datetime import date, time, timedelta
from itertools import count

from django.utils import timezone

from events.models import (
    BreakoutGroup,
    DatePoll,
    Event,
    EventSeries,
    Registration,
    Room,
    SeatPool,
    SeatReserve,
    Session,
)
from events.services.registering import ensure_pools
from events.times import wall_clock
from tests.factories import make_network, make_term

_numbers = count(1)


def make_event(*, networks=None, published=True, day=None, seats=None, online_seats=None, **values):
    """An event of one network; `seats` and `online_seats` are the limits of its pools, `title_xx` its texts."""
    number = next(_numbers)
    day = day or timezone.localdate() + timedelta(days=30)
    if opens_at := values.pop("registration_opens_at", None):
        local = wall_clock(opens_at, values.get("time_zone", "Europe/Stockholm"))
        values |= {"opens_date": local.date(), "opens_time": local.time()}
    language = values.pop("source_language", "en")
    event = Event(
        source_language=language,
        **(
            {
                f"title_{language}": f"Event {number}",
                f"summary_{language}": f"Summary {number}",
                "start_date": day,
                "start_time": time(10),
                "end_date": values.get("end_date", day),
                "end_time": time(16),
                "time_zone": "Europe/Stockholm",
                "languages": ["en"],
                "status": Event.Status.PUBLISHED if published else Event.Status.DRAFT,
                "published_at": timezone.now() if published else None,
                "contact_email": "events@example.org",
            }
            | values
        ),
    )
    event.derive_times()
    event.save()
    event.networks.set(networks if networks is not None else [make_network()])
    ensure_pools(event)
    SeatPool.objects.filter(event=event, kind="in-person").update(capacity=seats)
    SeatPool.objects.filter(event=event, kind="online").update(capacity=online_seats)
    return event


def make_series(*, networks=None, **values):
    series = EventSeries.objects.create(**{"source_language": "en", "title_en": f"Series {next(_numbers)}"} | values)
    series.networks.set(networks if networks is not None else [make_network()])
    return series


def make_session(
    event, title="Opening", *, kind="plenary", start=time(10), end=time(11), day=None, seats=None, **values
):
    """A session; a break-out session gets its pool."""
    session = Session(
        event=event,
        kind=kind,
        day=day or event.start_date,
        start_time=start,
        end_time=end,
        **{f"title_{event.source_language}": title},
        **values,
    )
    session.derive_times()
    session.save()
    if kind == "breakout":
        SeatPool.objects.create(event=event, kind="breakout", session=session, capacity=seats)
    return session


def make_reserve(pool, *, releases_at, seats=1, **values):
    """Seats kept until an instant, by the clock of the event's place."""
    local = wall_clock(releases_at, pool.event.time_zone)
    reserve = SeatReserve(
        pool=pool,
        stakeholder=values.get("stakeholder") or make_term("organisation-type"),
        seats=seats,
        releases_date=local.date(),
        releases_time=local.time(),
    )
    reserve.derive_times()
    reserve.save()
    return reserve


def make_room(event, name="Room", **values):
    return Room.objects.create(event=event, **{f"name_{event.source_language}": name}, **values)


def make_group(session, title="Group", **values):
    return BreakoutGroup.objects.create(session=session, **{f"title_{session.event.source_language}": title}, **values)


def make_registration(event, email=None, *, state="confirmed", seat=True, **values):
    """A registration in a state, with a held seat in its mode where it is confirmed."""
    email = email or f"participant-{next(_numbers)}@example.org"
    values = {
        "mode": "in-person" if event.is_in_person else "online",
        "language": "en",
        "name": email.split("@")[0],
        "verified_at": timezone.now(),
    } | values
    registration = Registration.objects.create(event=event, email=email, state=state, **values)
    if seat and state in ("confirmed", "attended", "no-show"):
        pool = event.pools.get(kind=registration.mode, session=None)
        registration.allocations.create(pool=pool, state="held")
    return registration


def make_asked_participant(network, **values):
    """Somebody who is asked which dates suit, and whether a new date does."""
    event = make_event(networks=[network], **values)
    in_a_week = timezone.now() + timedelta(days=7)
    poll = DatePoll.objects.create(event=event, closes_at=in_a_week, question="In the morning or later?")
    for day in (date(2027, 9, 14), date(2027, 9, 21)):
        poll.options.create(start_date=day, start_time=time(10), end_date=day, end_time=time(16))
    return make_registration(event, reconfirm_until=in_a_week)


SUMMER = date(2027, 6, 15)
