"""A new event after the pattern of a former one: the clock stays, people do not come along."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from events.models import Event, MinutesRevision, Nomination, Registration, SeatReserve
from events.services.duplicating import duplicate_event, duplicate_series
from networks.models import RoleAssignment
from networks.services import grant_role
from tests.events.factories import (
    SUMMER,
    make_event,
    make_group,
    make_registration,
    make_reserve,
    make_room,
    make_series,
    make_session,
)
from tests.factories import make_city, make_network, make_person, make_term

pytestmark = pytest.mark.django_db

NOVEMBER = date(2027, 11, 10)


@pytest.fixture
def administrator():
    return make_person(is_superuser=True, is_staff=True)


def coordinator_of(network):
    person = make_person()
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=make_person(is_superuser=True), network=network)
    return person


def test_copy_is_a_draft_of_its_own_at_the_same_clock_times(administrator):
    event = make_event(
        day=SUMMER,
        end_date=SUMMER + timedelta(days=1),
        closes_date=SUMMER - timedelta(days=7),
        closes_time=time(12),
        registration_opens_at=datetime(2027, 5, 15, 7, tzinfo=UTC),
        title_sv="Möte",
        status_note_en="Moved.",
        sequence=4,
        venue="Town hall",
    )
    theme = make_term("theme")
    event.themes.add(theme)
    new = Event.objects.get(pk=duplicate_event(event, actor=administrator, first_day=NOVEMBER).pk)

    assert (new.status, new.sequence, new.published_at, new.uid == event.uid) == ("draft", 0, None, False)
    assert (new.start_date, new.end_date, new.closes_date) == (NOVEMBER, date(2027, 11, 11), date(2027, 11, 3))
    # Summer time has ended meanwhile: the clock stays, the instant moves.
    assert (event.starts_at.hour, new.starts_at.hour, new.start_time) == (8, 9, time(10))
    assert f"{new.registration_opens_at:%Y-%m-%d %H:%M}" == "2027-10-10 07:00"
    assert (new.title_en, new.title_sv, new.status_note_en, new.venue) == (event.title_en, "Möte", "", "Town hall")
    assert (list(new.networks.all()), list(new.themes.all())) == (list(event.networks.all()), [theme])
    assert (new.owner, new.created_by) == (administrator, administrator)
    assert list(new.steps.values_list("action", "note")) == [("created", f"#{event.pk}")]


def test_copy_has_the_programme_and_the_limits(administrator):
    event = make_event(day=SUMMER, seats=40, mode="hybrid", online_seats=100)
    room = make_room(event, "Hall", capacity=80, join_link="https://meet.example.org/secret")
    make_session(event, "Opening", room=room, day=SUMMER)
    workshop = make_session(event, "Workshops", kind="breakout", start=time(11), end=time(12), seats=7, room=room)
    make_group(workshop, "Schools", room=room, capacity=6)
    pool = event.pools.get(kind="in-person")
    event.pools.filter(pk=pool.pk).update(per_city_maximum=2, offer_hours=24, queue_counter=5)
    make_reserve(
        pool,
        stakeholder=make_term("organisation-type"),
        seats=3,
        releases_at=datetime(2027, 6, 1, 10, tzinfo=UTC),
    )
    new = duplicate_event(event, actor=administrator, first_day=NOVEMBER)

    sessions = [(str(one), one.day, f"{one.starts_at:%H:%M}", str(one.room)) for one in new.sessions.all()]
    assert sessions == [("Opening", NOVEMBER, "09:00", "Hall"), ("Workshops", NOVEMBER, "10:00", "Hall")]
    [group] = new.sessions.get(kind="breakout").groups.all()
    assert (str(group), group.capacity, group.room.event, group.room.join_link) == ("Schools", 6, new, "")
    limits = new.pools.order_by("kind").values_list(
        "kind", "capacity", "per_city_maximum", "offer_hours", "queue_counter"
    )
    assert list(limits) == [
        ("breakout", 7, None, None, 0),
        ("in-person", 40, 2, 24, 0),
        ("online", 100, None, None, 0),
    ]
    reserve = SeatReserve.objects.get(pool__event=new)
    assert (reserve.seats, f"{reserve.releases_at:%Y-%m-%d %H:%M}") == (3, "2027-10-27 10:00")
    assert set(new.sessions.values_list("uid", flat=True)).isdisjoint(event.sessions.values_list("uid", flat=True))


def test_copy_has_nothing_of_people(administrator):
    event = make_event(day=SUMMER, online_link="https://meet.example.org/secret", entry="nominated")
    speaker = event.speakers.create(name="Ada")
    session = make_session(event, moderator=speaker)
    session.speakers.add(speaker)
    make_registration(event)
    event.nominations.create(email="a@example.org")
    MinutesRevision.objects.create(event=event, number=1, language="en", text="<p>x</p>")
    event.documents.create(file="events/documents/x.pdf", language="en", title_en="Paper")
    event.recordings.create(url="https://example.org/v", language="en")
    new = duplicate_event(event, actor=administrator, first_day=NOVEMBER)

    counts = [
        getattr(new, name).count()
        for name in ("registrations", "nominations", "speakers", "minutes", "documents", "recordings")
    ]
    assert (counts, new.online_link, new.sessions.get().moderator) == ([0] * 6, "", None)
    assert new.sessions.get().speakers.count() == 0
    # The control: the pattern has them still.
    assert (Registration.objects.count(), Nomination.objects.count(), event.speakers.count()) == (1, 1, 1)


def test_postponed_event_is_copied_by_the_date_it_had(administrator):
    event = make_event(day=SUMMER)
    make_session(event, day=SUMMER)
    event.date_changes.create(old_starts_at=event.starts_at, old_ends_at=event.ends_at)
    Event.objects.filter(pk=event.pk).update(
        status="postponed",
        starts_at=None,
        ends_at=None,
        start_date=None,
        start_time=None,
        end_date=None,
        end_time=None,
    )
    event.refresh_from_db()
    new = duplicate_event(event, actor=administrator, first_day=NOVEMBER)

    assert (new.start_date, new.start_time, new.end_time, new.sessions.get().day) == (
        NOVEMBER,
        time(10),
        time(16),
        NOVEMBER,
    )


def test_coordinator_copies_for_the_own_networks_only():
    own, other = make_network(), make_network()
    event = make_event(networks=[own, other])
    new = duplicate_event(event, actor=coordinator_of(own), first_day=NOVEMBER)

    assert list(new.networks.all()) == [own]


def test_foreign_event_and_series_are_not_copied():
    event, series = make_event(), make_series()
    stranger = coordinator_of(make_network())
    with pytest.raises(PermissionDenied):
        duplicate_event(event, actor=stranger, first_day=NOVEMBER)
    with pytest.raises(PermissionDenied):
        duplicate_series(series, actor=stranger, first_day=NOVEMBER)
    assert Event.objects.count() == 1


def test_clock_gap_on_the_new_day_is_told_by_its_field_and_nothing_is_made(administrator):
    event = make_event(day=SUMMER, start_time=time(2, 30))
    with pytest.raises(ValidationError) as raised:
        duplicate_event(event, actor=administrator, first_day=date(2027, 3, 28))
    assert list(raised.value.message_dict) == ["start_time"]
    assert Event.objects.count() == 1


def test_series_is_copied_with_the_days_between_its_events(administrator):
    network = make_network(cities=[make_city()])
    series = make_series(networks=[network], title_sv="Serie")
    for days in (0, 14, 60):
        make_event(networks=[network], series=series, day=SUMMER + timedelta(days=days))
    new = duplicate_series(series, actor=administrator, first_day=date(2028, 6, 13))

    assert (new.title_sv, list(new.networks.all()), new.uid == series.uid) == ("Serie", [network], False)
    assert sorted(new.events.values_list("start_date", flat=True)) == [
        date(2028, 6, 13),
        date(2028, 6, 27),
        date(2028, 8, 12),
    ]
    assert set(new.events.values_list("status", flat=True)) == {"draft"}
    assert series.events.count() == 3


def test_series_copy_leaves_out_events_that_others_run():
    own = make_network()
    series = make_series(networks=[own])
    make_event(networks=[own], series=series, day=SUMMER)
    make_event(networks=[make_network()], series=series, day=SUMMER)
    new = duplicate_series(series, actor=coordinator_of(own), first_day=NOVEMBER)

    assert new.events.count() == 1


def test_series_without_any_date_is_not_copied(administrator):
    series = make_series()
    with pytest.raises(ValidationError):
        duplicate_series(series, actor=administrator, first_day=timezone.localdate())
