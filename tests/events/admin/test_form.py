"""The form of an event in the administration: its dates, its hosts, and who was quicker."""

from datetime import timedelta

import pytest

from events.models import Event
from tests.events.admin.desk import ADD, LIST, errors_of, event_data, overview_of, save
from tests.events.factories import make_event, make_registration
from tests.factories import make_network

pytestmark = pytest.mark.django_db


def test_event_is_added_as_a_draft_by_the_clock_of_its_place(browser, network, coordinator):
    answer = browser.post(ADD, event_data(network, opens_date="2027-05-01", opens_time="09:00"))

    event = Event.objects.get()
    assert answer.url == overview_of(event)
    assert (event.status, f"{event.starts_at:%H:%M}", f"{event.registration_opens_at:%H:%M}") == (
        "draft",
        "08:00",
        "07:00",
    )
    assert (list(event.networks.all()), event.created_by, event.reminder_hours) == ([network], coordinator, [168, 24])
    assert list(event.pools.values_list("kind", flat=True)) == ["in-person"]
    assert list(event.steps.values_list("action", "actor")) == [("created", coordinator.pk)]


@pytest.mark.parametrize(
    ("day", "clock", "field", "told"),
    [
        ("2027-03-28", "02:30", "start_time", "The clocks skip this time on that day: summer time begins."),
        ("2027-10-31", "02:30", "start_time", "The clocks show this time twice on that day: summer time ends."),
    ],
)
def test_event_time_that_the_clocks_do_not_show_once_is_refused_at_its_field(
    browser, network, day, clock, field, told
):
    answer = browser.post(ADD, event_data(network, start_date=day, start_time=clock, end_date=day))

    assert errors_of(answer) == {field: [told]}
    assert not Event.objects.exists()


def test_event_that_ends_before_it_begins_and_half_a_date_are_refused_at_their_fields(browser, network):
    early = browser.post(ADD, event_data(network, end_time="09:00"))
    half = browser.post(ADD, event_data(network, end_date="", opens_date="2027-05-01"))

    assert errors_of(early) == {"end_time": ["An event cannot end before it begins."]}
    assert errors_of(half) == {
        "end_date": ["A day and a time are both needed."],
        "opens_time": ["A day and a time are both needed."],
    }


def test_event_needs_its_title_in_its_own_language(browser, network):
    answer = browser.post(ADD, event_data(network, source_language="sv"))

    assert errors_of(answer) == {"title_sv": ["Needed in the language the event is written in."]}


def test_event_of_a_foreign_network_is_refused(browser, network):
    answer = browser.post(ADD, event_data(make_network("other")))

    assert list(errors_of(answer)) == ["networks"]
    assert not Event.objects.exists()


def test_administrator_chooses_among_all_networks(admin_client, network):
    other = make_network("other")
    admin_client.post(ADD, event_data(network, networks=[network.pk, other.pk]))

    assert set(Event.objects.get().networks.all()) == {network, other}


def test_co_host_stays_when_the_other_host_saves(browser, network):
    other = make_network("other")
    event = make_event(networks=[network, other], published=False)
    answer = save(browser, network, event)

    assert answer.status_code == 302
    assert set(event.networks.all()) == {network, other}


def test_form_that_is_older_than_the_event_changes_nothing(browser, network):
    event = make_event(networks=[network], published=False)
    data = event_data(network, seen_at=(event.updated_at - timedelta(minutes=1)).isoformat(), status="cancelled")
    answer = browser.post(f"{LIST}{event.pk}/change/", data)

    event.refresh_from_db()
    assert errors_of(answer) == {"__all__": ["Somebody else has changed this meanwhile. Look at it again first."]}
    assert (event.status, event.title_en == data["title_en"]) == ("draft", False)


def test_form_never_writes_status_or_sequence(browser, network):
    event = make_event(networks=[network], published=False)
    save(browser, network, event, status="cancelled", sequence=99)

    event.refresh_from_db()
    assert (event.status, event.sequence, event.title_en) == ("draft", 0, "Youth and dialogue")


def test_announced_event_with_people_changes_its_day_only_by_the_verb(browser, network):
    event = make_event(networks=[network])
    make_registration(event)
    answer = save(browser, network, event)

    assert list(errors_of(answer)) == ["start_date"]
    event.refresh_from_db()
    assert event.title_en != "Youth and dialogue"


def test_announced_event_takes_no_mode_away_from_people(browser, network):
    event = make_event(networks=[network])
    make_registration(event)
    day = {"start_date": event.start_date, "end_date": event.end_date, "time_zone": event.time_zone}
    refused = save(browser, network, event, mode="online", **day)
    taken = save(browser, network, event, mode="hybrid", online_link="https://meet.example.org/x", **day)

    assert list(errors_of(refused)) == ["mode"]
    assert taken.status_code == 302
    assert sorted(event.pools.values_list("kind", flat=True)) == ["in-person", "online"]
