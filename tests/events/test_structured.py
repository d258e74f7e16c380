"""What search engines are told of an event, in each of its states."""

import json
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.utils import timezone

from events.models import Event, EventDateChange
from events.structured import json_ld
from tests.events.factories import make_event, make_registration, make_room, make_series
from tests.factories import make_city, make_network, make_term

pytestmark = pytest.mark.django_db

SUMMER = date(2027, 6, 15)
SCHEMA = "https://schema.org/"


def moved(event, day):
    """To another day, or (None) to none for now."""
    change = EventDateChange(event=event, old_starts_at=event.starts_at, old_ends_at=event.ends_at)
    change.at = timezone.now() + timedelta(minutes=event.date_changes.count())
    event.start_date = event.end_date = day
    event.start_time, event.end_time = (time(10), time(16)) if day else (None, None)
    event.status = Event.Status.PUBLISHED if day else Event.Status.POSTPONED
    event.derive_times()
    change.new_starts_at, change.new_ends_at = event.starts_at, event.ends_at
    change.save()
    event.save()
    return event


def test_event_is_described_in_full():
    city = make_city("Malmö", latitude=55.6, longitude=13.0)
    network = make_network("nordic", name_en="Nordic Safe Cities")
    event = make_event(
        day=SUMMER,
        networks=[network],
        city=city,
        venue="Town hall",
        address="Main street 1",
        title_en="Dialogue",
        summary_en="Two days.",
        languages=["en", "ar"],
        series=make_series(title_en="Steps"),
    )
    event.themes.add(make_term("theme", "schools", label_en="Schools"))
    address = f"http://localhost:8000/en/events/{event.pk}-dialogue/"
    assert json_ld(event, "en") == {
        "@context": "https://schema.org",
        "@type": "Event",
        "@id": address,
        "url": address,
        "name": "Dialogue",
        "description": "Two days.",
        "startDate": "2027-06-15T10:00+02:00",
        "endDate": "2027-06-15T16:00+02:00",
        "eventStatus": "https://schema.org/EventScheduled",
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": [
            {
                "@type": "Place",
                "name": "Town hall",
                "address": {
                    "@type": "PostalAddress",
                    "streetAddress": "Main street 1",
                    "addressLocality": "Malmö",
                    "addressCountry": "SE",
                },
                "geo": {"@type": "GeoCoordinates", "latitude": 55.6, "longitude": 13.0},
            }
        ],
        "inLanguage": ["en", "ar"],
        "keywords": ["Schools"],
        "organizer": [
            {
                "@type": "Organization",
                "name": "Nordic Safe Cities",
                "url": "http://localhost:8000/en/networks/nordic/",
            }
        ],
        "superEvent": {"@type": "EventSeries", "name": "Steps"},
    }


@pytest.mark.parametrize(
    ("mode", "attendance", "types"),
    [
        ("in-person", "OfflineEventAttendanceMode", ["Place"]),
        ("online", "OnlineEventAttendanceMode", ["VirtualLocation"]),
        ("hybrid", "MixedEventAttendanceMode", ["Place", "VirtualLocation"]),
    ],
)
def test_where_follows_the_mode_and_leads_to_the_page(mode, attendance, types):
    event = make_event(day=SUMMER, mode=mode, city=make_city(), online_link="https://join.example/secret")
    found = json_ld(event, "en")
    assert (found["eventAttendanceMode"], [row["@type"] for row in found["location"]]) == (SCHEMA + attendance, types)
    assert [row["url"] for row in found["location"] if row["@type"] == "VirtualLocation"] == [found["url"]] * (
        "VirtualLocation" in types
    )


def test_postponed_rescheduled_cancelled():
    event = make_event(day=SUMMER)
    old, new = "2027-06-15T10:00+02:00", "2027-11-20T10:00+01:00"

    def told():
        found = json_ld(Event.objects.get(pk=event.pk), "en")
        return found["eventStatus"].removeprefix(SCHEMA), found["startDate"], found.get("previousStartDate")

    assert told() == ("EventScheduled", old, None)
    moved(event, None)
    assert told() == ("EventPostponed", old, None)
    moved(event, date(2027, 11, 20))
    assert told() == ("EventRescheduled", new, [old])
    moved(event, date(2027, 12, 1))
    assert told() == ("EventRescheduled", "2027-12-01T10:00+01:00", [new, old])
    event.status = Event.Status.CANCELLED
    event.save()
    assert told() == ("EventCancelled", "2027-12-01T10:00+01:00", [new, old])


def test_event_that_came_back_to_its_first_date_is_as_scheduled():
    event = make_event(day=SUMMER)
    moved(event, None)
    moved(event, SUMMER)
    found = json_ld(event, "en")
    assert (found["eventStatus"], "previousStartDate" in found) == (SCHEMA + "EventScheduled", False)


def test_event_moved_online_and_to_another_date_says_both():
    event = make_event(day=SUMMER, mode="online", moved_online_at=datetime(2027, 3, 1, tzinfo=UTC))
    assert json_ld(event, "en")["eventStatus"] == SCHEMA + "EventMovedOnline"
    moved(event, date(2027, 11, 20))
    assert json_ld(event, "en")["eventStatus"] == [SCHEMA + "EventRescheduled", SCHEMA + "EventMovedOnline"]


def test_draft_without_a_date_has_none():
    event = make_event(published=False, start_date=None, end_date=None)
    assert {"startDate", "endDate", "previousStartDate"} & json_ld(event, "en").keys() == set()


def test_words_and_addresses_are_those_of_the_language():
    event = make_event(day=SUMMER, title_en="Dialogue", title_ar="حوار", city=make_city("Malmö", name_ar="مالمو"))
    found = json_ld(event, "ar")
    assert (found["name"], found["location"][0]["name"]) == ("حوار", "مالمو")
    assert found["url"].startswith("http://localhost:8000/ar/events/")


def test_nothing_secret_is_told():
    event = make_event(day=SUMMER, mode="hybrid", online_link="https://join.example/event", city=make_city())
    make_room(event, join_link="https://join.example/room")
    make_registration(event, "guest@example.org", name="Ruth Guest", is_listed=True)
    text = json.dumps(json_ld(event, "en"))
    assert [word for word in ("join.example", "guest@example.org", "Ruth") if word in text] == []
