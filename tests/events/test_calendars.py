"""Calendars as programs read them: parsed by two readers, expanded by a third, compared octet by octet."""

import re
from datetime import UTC, date, datetime, time, timedelta

import icalendar
import pytest
import recurring_ical_events
import vobject
from django.urls import reverse
from django.utils import timezone, translation

from common.models import OutboxMail
from events.calendar_entries import HOST, page_address
from events.calendars import Invitations, personal_address, subscribed
from events.feeds import PAST_STAYS_DAYS
from events.models import CANCELLED_STAYS_DAYS, Event, EventDateChange, GroupPlace, PersonalCalendar
from events.services.personal_calendars import personal_calendar_of, rotate_calendar
from events.services.registering import withdraw
from networks.models import Membership, RoleAssignment
from networks.services import grant_role
from tests.events.factories import make_event, make_group, make_registration, make_room, make_session
from tests.factories import make_city, make_network, make_person, make_term

pytestmark = pytest.mark.django_db

SUMMER = date(2027, 6, 15)
HOSTILE = 'A, b; c\\n "d": e\r\nEND:VEVENT\r\nATTACH:https://evil.example/\u2028X-EVIL:1\x85X-EVIL:2\x0bX-EVIL:3'
SECRETS = ("join.example", "guest@example.org", "Ruth Guest")


@pytest.fixture(autouse=True)
def _before_the_events(time_machine):
    time_machine.move_to(datetime(2027, 3, 1, 12, tzinfo=UTC), tick=False)


def fetch(client, address, **headers):
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def entries(text):
    """{UID without the common end: VEVENT} as icalendar reads it."""
    return {str(event["uid"]).split("@")[0]: event for event in icalendar.Calendar.from_ical(text).walk("VEVENT")}


def only(text):
    (found,) = entries(text).values()
    return found


def invitation(registration, method, link=""):
    return Invitations(registration.event_id).to(registration, method, link)


def public(client, query="", language="en"):
    with translation.override(language):
        return fetch(client, reverse("events:calendar") + query)


def one(client, event, query="", language="en"):
    with translation.override(language):
        return fetch(client, reverse("events:ics", args=[event.pk, event.slug]) + query)


def check_letters(text):
    """What RFC 5545 asks of every line, and of the calendar as a whole."""
    octets = text.encode()
    assert octets.endswith(b"END:VCALENDAR\r\n")
    lines = octets.split(b"\r\n")[:-1]
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()
        assert b"\n" not in line
        assert b"\r" not in line
    for zone in icalendar.Calendar.from_ical(text).walk("VTIMEZONE"):
        assert len(zone.subcomponents) > 0
    assert octets.count(b"BEGIN:VTIMEZONE") == len(set(re.findall(r"^TZID:(.*)\r$", text, re.M)))


# One entry -----------------------------------------------------------------------------------


def test_entry_says_what_the_event_says(client):
    city = make_city("Malmö", latitude=55.605, longitude=13.0038)
    network = make_network(name_en="Nordic Safe Cities")
    event = make_event(
        day=SUMMER,
        networks=[network],
        city=city,
        venue="Town hall",
        address="August Palms Plats 1",
        title_en="Dialogue, step by step",
        summary_en="Two days; bring a case.",
    )
    event.themes.add(make_term("theme", "schools", label_en="Schools, youth"))
    text = one(client, event)
    found = only(text)
    address = f"http://localhost:8000/en/events/{event.pk}-dialogue-step-by-step/"
    assert {name: str(found[name]) for name in ("UID", "SUMMARY", "LOCATION", "STATUS", "TRANSP", "URL")} == {
        "UID": f"{event.uid}@{HOST}",
        "SUMMARY": "Dialogue, step by step",
        "LOCATION": "Town hall, August Palms Plats 1, Malmö",
        "STATUS": "CONFIRMED",
        "TRANSP": "OPAQUE",
        "URL": address,
    }
    assert str(found["DESCRIPTION"]) == f"Two days; bring a case.\n\nAbout the event: {address}"
    assert found["SEQUENCE"] == 0
    assert found["GEO"].to_ical() == "55.605;13.0038"
    assert [str(name) for name in found["CATEGORIES"].cats] == ["Schools, youth", "Nordic Safe Cities"]
    assert (found.start, found.end) == (event.starts_at, event.ends_at)
    assert "DTSTART;TZID=Europe/Stockholm:20270615T100000\r\n" in text
    assert found["DTSTAMP"].dt == found["LAST-MODIFIED"].dt == event.updated_at.replace(microsecond=0)


def test_calendar_says_its_name_and_when_to_ask_again(client):
    network = make_network("nordic", name_en="Nordic")
    make_event(day=SUMMER, networks=[network])
    text = public(client, "?network=nordic&language=en")
    found = icalendar.Calendar.from_ical(text)
    assert str(found["NAME"]) == str(found["X-WR-CALNAME"]) == "City Networks Hub · Events · Nordic · English"
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT6H\r\nX-PUBLISHED-TTL:PT6H\r\n" in text
    assert str(found["SOURCE"]) == "http://localhost:8000/en/events/calendar.ics?network=nordic&language=en"
    assert "METHOD" not in found


def test_text_is_in_the_language_of_the_address_or_says_which_one_it_is_in(client):
    event = make_event(
        day=SUMMER, title_en="Dialogue", title_sv="Samtal", summary_en="In words", title_ar="", source_language="en"
    )
    swedish = only(one(client, event, language="sv"))
    arabic = only(one(client, event, language="ar"))
    assert (str(swedish["SUMMARY"]), swedish["SUMMARY"].params["LANGUAGE"]) == ("Samtal", "sv")
    assert str(swedish["DESCRIPTION"]).startswith("[engelska] In words\n\n")
    assert (str(arabic["SUMMARY"]), arabic["SUMMARY"].params["LANGUAGE"]) == ("Dialogue", "en")
    with translation.override("ar"):
        assert str(arabic["URL"]) == page_address(event)


@pytest.mark.parametrize(
    ("mode", "where", "has_geo"),
    [("in-person", "Malmö", True), ("hybrid", "Malmö, Online", True), ("online", "Online", False)],
)
def test_place_follows_the_mode(client, mode, where, has_geo):
    city = make_city("Malmö", latitude=55.6, longitude=13.0)
    found = only(one(client, make_event(day=SUMMER, mode=mode, city=city)))
    assert (str(found["LOCATION"]), "GEO" in found) == (where, has_geo)


def postponed(event):
    """As a coordinator leaves it: no date, and the one it had noted."""
    EventDateChange.objects.create(event=event, old_starts_at=event.starts_at, old_ends_at=event.ends_at)
    event.start_date = event.start_time = event.end_date = event.end_time = None
    event.status, event.sequence = Event.Status.POSTPONED, event.sequence + 1
    event.derive_times()
    event.save()
    return event


def rescheduled(event, day):
    EventDateChange.objects.create(
        event=event,
        old_starts_at=event.starts_at,
        old_ends_at=event.ends_at,
        new_starts_at=timezone.now(),
        new_ends_at=timezone.now(),
        at=timezone.now() + timedelta(minutes=1),
    )
    event.start_date = event.end_date = day
    event.start_time, event.end_time = time(10), time(16)
    event.status, event.sequence = Event.Status.PUBLISHED, event.sequence + 1
    event.derive_times()
    event.save()
    return event


def cancelled(event, at=None):
    event.status, event.status_at, event.sequence = Event.Status.CANCELLED, at or timezone.now(), event.sequence + 1
    event.save()
    return event


def standing(client, event):
    found = only(public(client))
    return str(found["STATUS"]), str(found["SUMMARY"]), found["SEQUENCE"], found.start


def test_postponed_rescheduled_cancelled_under_one_uid_with_a_growing_sequence(client):
    event = make_event(day=SUMMER, title_en="Dialogue")
    first, later = event.starts_at, datetime(2027, 9, 1, 8, tzinfo=UTC)
    uid = str(only(public(client))["UID"])
    assert standing(client, event) == ("CONFIRMED", "Dialogue", 0, first)
    postponed(event)
    assert standing(client, event) == ("CANCELLED", "Postponed: Dialogue", 1, first)
    rescheduled(event, date(2027, 9, 1))
    assert standing(client, event) == ("CONFIRMED", "Dialogue", 2, later)
    description = str(only(public(client))["DESCRIPTION"])
    assert "Moved from 15 June 2027, 10:00" in description
    cancelled(event)
    assert standing(client, event) == ("CANCELLED", "Cancelled: Dialogue", 3, later)
    assert str(only(public(client))["UID"]) == uid


def test_several_days_are_one_entry_and_with_the_agenda_a_bar_over_whole_days(client):
    event = make_event(day=SUMMER, end_date=SUMMER + timedelta(days=2))
    session = make_session(event, "Opening", description_en="Welcome", start=time(10), end=time(11))
    assert (only(one(client, event)).start, only(one(client, event)).end) == (event.starts_at, event.ends_at)
    found = entries(one(client, event, "?sessions=1"))
    whole, part = found[str(event.uid)], found[str(session.uid)]
    assert (whole.start, whole.end, str(whole["TRANSP"])) == (SUMMER, SUMMER + timedelta(days=3), "TRANSPARENT")
    assert (part.start, part.end, str(part["TRANSP"])) == (session.starts_at, session.ends_at, "OPAQUE")
    assert (str(part["SUMMARY"]), str(part["RELATED-TO"])) == ("Opening", f"{event.uid}@{HOST}")


def test_address_of_a_title_in_arabic_is_that_of_its_page(client):
    event = make_event(day=SUMMER, title_en="حوار المدن: 100%")
    found = only(one(client, event))
    assert str(found["URL"]) == page_address(event)


def test_event_until_midnight_has_no_bar_over_the_next_day(client):
    event = make_event(day=SUMMER, end_date=SUMMER + timedelta(days=2), end_time=time(0))
    assert entries(one(client, event, "?sessions=1"))[str(event.uid)].end == SUMMER + timedelta(days=2)


# Letters -------------------------------------------------------------------------------------


def test_hostile_text_stays_text(client):
    network = make_network(name_en=HOSTILE)
    event = make_event(
        day=SUMMER, networks=[network], title_en=HOSTILE, summary_en=HOSTILE, venue=HOSTILE, status_note_en=HOSTILE
    )
    text = one(client, event)
    check_letters(text)
    names = set(re.findall(r"^([A-Z-]+)[:;]", text.replace("\r\n ", ""), re.M))
    assert {"ATTACH", "X-EVIL"} & names == set()
    found = only(text)
    clean = 'A, b; c\\n "d": e\nEND:VEVENT\nATTACH:https://evil.example/\nX-EVIL:1\nX-EVIL:2X-EVIL:3'
    assert (str(found["SUMMARY"]), str(found["LOCATION"])) == (clean, clean)
    assert str(vobject.readOne(text).vevent.summary.value) == clean
    assert [str(name) for name in found["CATEGORIES"].cats] == [clean]


@pytest.mark.parametrize(
    "title",
    [
        "مدينة التعارف والحوار بين الثقافات، لقاء الشبكة السنوي؛ برنامج العمل",
        "👩🏽‍🚒👨‍👩‍👧‍👦🇸🇪" * 8,
        "a" * 66 + "é" * 10,
        "x" * 120,
        "ö" * 120,
    ],
)
def test_lines_are_folded_between_characters(client, title):
    event = make_event(day=SUMMER, title_en=title, summary_en=(title + ", ") * 3)
    text = one(client, event)
    check_letters(text)
    assert str(only(text)["SUMMARY"]) == title
    assert vobject.readOne(text).vevent.summary.value == title


@pytest.mark.parametrize("length", range(60, 72))
def test_lines_of_any_length_keep_within_75_octets(client, length):
    check_letters(one(client, make_event(day=SUMMER, title_en="é" * length, venue="x" * length)))


ZONES = {
    "Europe/Stockholm": date(2027, 6, 15),
    "Europe/Rome": date(2027, 12, 1),
    "Africa/Casablanca": date(2028, 2, 10),
    "Africa/Cairo": date(2027, 7, 1),
    "Africa/Tunis": date(2027, 7, 1),
    "Asia/Beirut": date(2027, 10, 30),
    "America/Argentina/Buenos_Aires": date(2027, 7, 1),
    "UTC": date(2027, 7, 1),
}


def test_three_readers_agree_on_every_moment(client):
    """icalendar, vobject (which reads the rules of zones from the file) and recurring-ical-events."""
    events = {str(make_event(day=day, time_zone=zone).uid): zone for zone, day in ZONES.items()}
    starts = {str(event.uid): event.starts_at for event in Event.objects.all()}
    text = public(client)
    check_letters(text)
    assert {uid: event.start for uid, event in entries(text).items()} == starts
    second = vobject.readOne(text)
    assert {row.uid.value.split("@")[0]: row.dtstart.value for row in second.vevent_list} == starts
    spread = recurring_ical_events.of(icalendar.Calendar.from_ical(text)).between(date(2027, 1, 1), date(2029, 1, 1))
    assert {str(row["UID"]).split("@")[0]: row.start for row in spread} == starts
    named = set(re.findall(r"TZID[=:]([^:\r]*)", text))
    assert named == set(events.values()) - {"UTC"}


def test_rules_of_zones_are_right_at_every_hour_around_their_changes():
    """By the file alone, without looking the zone up: the hour before and after each change for three years."""
    import io
    import zoneinfo

    from dateutil.tz import tzical

    from events.rfc5545 import time_zone

    wrong = []
    for zone in ZONES.keys() - {"UTC"}:
        read, real = tzical(io.StringIO(time_zone(zone, 2027, 2029))).get(zone), zoneinfo.ZoneInfo(zone)
        moment = datetime(2027, 1, 1)
        while moment.year < 2030:
            local = moment.replace(tzinfo=real)
            if local.utcoffset() != moment.replace(tzinfo=read).utcoffset() and not _is_twice_or_never(local):
                wrong.append((zone, moment))
            moment += timedelta(hours=1)
    assert wrong == []


def _is_twice_or_never(local):
    return local.utcoffset() != local.replace(fold=1).utcoffset()


# Which events are in it ----------------------------------------------------------------------


def test_public_calendar_has_announced_public_events_only(client):
    shown = make_event(day=SUMMER)
    make_event(day=SUMMER, published=False)
    make_event(day=SUMMER, visibility="network")
    assert set(entries(public(client))) == {str(shown.uid)}


def test_public_calendar_is_the_same_for_who_is_signed_in(client, admin_user):
    make_event(day=SUMMER, visibility="network")
    client.force_login(admin_user)
    assert entries(public(client)) == {}


@pytest.mark.parametrize(("days", "count"), [(CANCELLED_STAYS_DAYS - 1, 1), (CANCELLED_STAYS_DAYS + 1, 0)])
def test_cancelled_event_stays_thirty_days(client, days, count):
    cancelled(make_event(day=SUMMER), at=timezone.now() - timedelta(days=days))
    assert len(entries(public(client))) == count


@pytest.mark.parametrize(("days", "count"), [(PAST_STAYS_DAYS - 1, 1), (PAST_STAYS_DAYS + 1, 0)])
def test_past_event_stays_a_year(client, days, count):
    make_event(day=timezone.localdate() - timedelta(days=days))
    assert len(entries(public(client))) == count


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", {"Both", "First", "Second"}),
        ("?network=first", {"Both", "First"}),
        ("?network=first&network=second", {"Both", "First", "Second"}),
        ("?language=ar", {"Both"}),
        ("?network=second&language=fr", {"Second"}),
        ("?language=tlh", set()),
        ("?language=zz-nothing", set()),
        ("?language=%00", set()),
    ],
)
def test_public_calendar_of_networks_and_languages(client, query, titles):
    first, second = make_network("first"), make_network("second")
    make_event(day=SUMMER, title_en="First", networks=[first], languages=["en"])
    make_event(day=SUMMER, title_en="Second", networks=[second], languages=["en", "fr"])
    make_event(day=SUMMER, title_en="Both", networks=[first, second], languages=["en", "ar"])
    assert {str(row["SUMMARY"]) for row in entries(public(client, query)).values()} == titles


@pytest.mark.parametrize("query", ["?network=unknown", "?network=first&network=unknown", "?network=%00", "?network="])
def test_calendar_of_an_unknown_network_is_not_found(client, query):
    make_network("first")
    assert client.get(reverse("events:calendar") + query).status_code == 404


def test_public_calendars_hold_no_secret(client):
    event = make_event(day=SUMMER, mode="hybrid", online_link="https://join.example/event")
    room = make_room(event, join_link="https://join.example/room")
    make_group(make_session(event, kind="breakout", room=room), room=room)
    make_registration(event, "guest@example.org", name="Ruth Guest", is_listed=True)
    texts = [public(client), one(client, event), one(client, event, "?sessions=1")]
    assert [name for name in (*SECRETS, "CONFERENCE", "ATTENDEE") for text in texts if name in text] == []


def test_event_for_members_is_found_by_members_only(client):
    network = make_network(cities=[make_city("Lund")])
    event = make_event(day=SUMMER, networks=[network], visibility="network")
    address = reverse("events:ics", args=[event.pk, event.slug])
    assert client.get(address).status_code == 404
    officer = make_person()
    city = Membership.objects.get(network=network).city
    grant_role(officer, RoleAssignment.Role.CONTRIBUTOR, actor=make_person(is_superuser=True), city=city)
    client.force_login(officer)
    response = client.get(address)
    assert (response.status_code, response["Cache-Control"]) == (200, "private, no-store")


def test_old_address_of_an_event_leads_to_the_present_one(client):
    event = make_event(day=SUMMER, title_en="Dialogue")
    response = client.get(reverse("events:ics", args=[event.pk, "old-title"]) + "?sessions=1")
    assert (response.status_code, response["Location"]) == (301, f"/en/events/{event.pk}-dialogue.ics?sessions=1")


def test_draft_without_a_date_has_no_calendar(client, admin_user):
    event = make_event(published=False, start_date=None, end_date=None)
    client.force_login(admin_user)
    assert client.get(reverse("events:ics", args=[event.pk, event.slug])).status_code == 404


# Asking again --------------------------------------------------------------------------------


def test_unchanged_calendar_answers_304_until_something_in_it_changes(client, time_machine):
    network = make_network(name_en="Nordic")
    event = make_event(day=SUMMER, networks=[network])
    address = reverse("events:calendar")
    first = client.get(address)
    asked = {"If-None-Match": first["ETag"]}
    time_machine.shift(timedelta(hours=5))
    assert client.get(address, headers=asked).status_code == 304
    network.name_en = "Northern"
    network.save()
    second = client.get(address, headers=asked)
    assert (second.status_code, second["ETag"] != first["ETag"]) == (200, True)
    Event.objects.filter(pk=event.pk).update(visibility="network")
    assert client.get(address, headers={"If-None-Match": second["ETag"]}).status_code == 200


def test_program_that_asks_by_date_learns_of_a_hidden_event(client, time_machine):
    event = make_event(day=SUMMER)
    time_machine.shift(timedelta(minutes=5))
    address = reverse("events:calendar")
    asked = {"If-Modified-Since": client.get(address)["Last-Modified"]}
    assert client.get(address, headers=asked).status_code == 304
    event.visibility = "network"
    event.save()
    assert client.get(address, headers=asked).status_code == 200


def test_program_that_asks_by_date_gets_the_whole_once_a_day(client, time_machine):
    make_event(day=SUMMER)
    asked = {"If-Modified-Since": client.get(reverse("events:calendar"))["Last-Modified"]}
    time_machine.shift(timedelta(days=1))
    assert client.get(reverse("events:calendar"), headers=asked).status_code == 200


def test_calendar_is_a_file_that_caches_ask_about(client):
    event = make_event(day=SUMMER)
    response = client.get(reverse("events:ics", args=[event.pk, event.slug]))
    assert {name: response[name] for name in ("Content-Type", "Content-Disposition", "Cache-Control")} == {
        "Content-Type": "text/calendar; charset=utf-8",
        "Content-Disposition": f'attachment; filename="event-{event.pk}-en.ics"',
        "Cache-Control": "public, max-age=0, must-revalidate",
    }
    assert client.post(reverse("events:calendar")).status_code == 405


@pytest.mark.parametrize("count", [1, 3])
def test_public_calendar_asks_as_often_for_many_events(client, django_assert_num_queries, count):
    for number in range(count):
        event = make_event(day=SUMMER, city=make_city(f"City {number}"))
        event.themes.add(make_term("theme", f"theme-{number}"))
        postponed(event)
    with django_assert_num_queries(8):
        public(client)


# One's own -----------------------------------------------------------------------------------


def own(client, email="guest@example.org", language="en"):
    with translation.override(language):
        return fetch(client, personal_address(personal_calendar_of(email)).removeprefix("http://localhost:8000"))


def placed(**values):
    """A guest with a place in an online event, and in a group of its break-out session."""
    event = make_event(
        day=SUMMER, mode="hybrid", title_en="Dialogue", online_link="https://join.example/event", **values
    )
    session = make_session(event, "Rooms", kind="breakout", start=time(14), end=time(15))
    mine = make_group(session, "Schools", room=make_room(event, "Blue", join_link="https://join.example/blue"))
    make_group(session, "Police", room=make_room(event, "Red", join_link="https://join.example/red"))
    guest = make_registration(event, "guest@example.org", name="Ruth Guest", mode="online")
    guest.allocations.create(pool=session.pool, state="held")
    GroupPlace.objects.create(registration=guest, session=session, group=mine)
    return event, session, guest


def test_personal_calendar_has_own_room_and_links_and_nobody_elses(client):
    event, session, _guest = placed()
    text = own(client)
    check_letters(text)
    found = entries(text)
    whole, part = found[str(event.uid)], found[str(session.uid)]
    links = [str(row) for row in whole["CONFERENCE"]]
    assert links == ["https://join.example/event", "https://join.example/blue"]
    assert str(part["CONFERENCE"]) == "https://join.example/blue"
    assert (str(part["SUMMARY"]), str(part["LOCATION"])) == ("Rooms – Schools", "Blue")
    assert "Join online: https://join.example/event" in str(whole["DESCRIPTION"])
    assert "2:00\u202fPM – Rooms – Schools – Blue – https://join.example/blue" in str(whole["DESCRIPTION"])
    assert "join.example/red" not in text
    assert "/registration/" not in text


@pytest.mark.parametrize(("kind", "where"), [("physical", "Blue, Town hall, Malmö"), ("virtual", "Blue")])
def test_own_room_is_in_the_building_unless_it_is_virtual(client, kind, where):
    _event, session, guest = placed(city=make_city("Malmö"), venue="Town hall")
    guest.event.rooms.update(kind=kind)
    assert str(entries(own(client))[str(session.uid)]["LOCATION"]) == where


def test_own_room_of_an_event_of_several_days_says_the_day(client):
    event, _session, _guest = placed(end_date=SUMMER + timedelta(days=1))
    assert "6/15/27, 2:00\u202fPM – Rooms" in str(entries(own(client))[str(event.uid)]["DESCRIPTION"])


@pytest.mark.parametrize(
    ("state", "status"),
    [("confirmed", "CONFIRMED"), ("waitlisted", "TENTATIVE"), ("offered", "TENTATIVE"), ("attended", "CONFIRMED")],
)
def test_personal_calendar_shows_secrets_to_who_has_a_place_only(client, state, status):
    event, _session, guest = placed()
    guest.state = state
    guest.save()
    text = own(client)
    found = entries(text)[str(event.uid)]
    assert (str(found["STATUS"]), "join.example" in text) == (status, status == "CONFIRMED")


def test_silence_after_a_new_date_hides_the_links(client):
    _event, _session, guest = placed()
    guest.reconfirm_until = timezone.now() + timedelta(days=3)
    guest.save()
    assert "join.example" not in own(client)


def test_participant_in_the_building_is_not_given_the_link_of_the_event(client):
    _event, _session, guest = placed()
    guest.mode = "in-person"
    guest.save()
    text = own(client)
    assert ("join.example/event" in text, "join.example/blue" in text) == (False, True)


@pytest.mark.parametrize("state", ["unverified", "withdrawn", "removed", "declined", "lapsed"])
def test_personal_calendar_leaves_out_what_one_has_no_part_in(client, state):
    _event, _session, guest = placed()
    guest.state = state
    guest.save()
    assert entries(own(client)) == {}


def test_personal_calendar_belongs_to_the_address_in_any_case(client):
    event, session, _guest = placed()
    other = make_event(day=SUMMER)
    make_registration(other, "other@example.org")
    assert set(entries(own(client, "Guest@Example.org"))) == {str(event.uid), str(session.uid)}
    assert set(entries(own(client, "other@example.org"))) == {str(other.uid)}
    assert PersonalCalendar.objects.count() == 2


def test_personal_calendar_says_where_an_event_moved_from_and_that_it_is_cancelled(client):
    event, _session, _guest = placed()
    rescheduled(event, date(2027, 9, 1))
    assert "Moved from 15 June 2027, 10:00" in str(entries(own(client))[str(event.uid)]["DESCRIPTION"])
    cancelled(event)
    text = own(client)
    assert str(entries(text)[str(event.uid)]["STATUS"]) == "CANCELLED"
    assert "join.example" not in text


def test_personal_calendar_has_events_for_members_that_one_takes_part_in(client):
    event, session, _guest = placed(visibility="network")
    assert set(entries(own(client))) == {str(event.uid), str(session.uid)}


def test_new_secret_closes_the_old_address(client):
    placed()
    holder = personal_calendar_of("guest@example.org")
    old = personal_address(holder)
    rotate_calendar(holder)
    new = personal_address(holder)
    assert [client.get(address).status_code for address in (old, new)] == [404, 200]
    assert subscribed(new).startswith("webcal://localhost:8000/en/events/calendar/")


def test_personal_calendar_by_guess_is_not_found(client):
    mine, other = personal_calendar_of("guest@example.org"), personal_calendar_of("other@example.org")
    token = personal_address(mine).rpartition("/")[2].removesuffix(".ics")
    guest = make_registration(make_event(), "guest@example.org")
    tries = [(mine.uid, "x" * 40), (other.uid, token), (guest.uid, token)]
    assert [client.get(reverse("events:my-calendar", args=args)).status_code for args in tries] == [404] * 3
    assert client.get(reverse("events:my-calendar", args=[mine.uid, token])).status_code == 200


def test_personal_calendar_is_kept_by_nobody(client):
    placed()
    address = personal_address(personal_calendar_of("guest@example.org"))
    response = client.get(address)
    names = ("Cache-Control", "X-Robots-Tag", "Referrer-Policy", "Content-Disposition")
    assert {name: response[name] for name in names} == {
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex, nofollow",
        "Referrer-Policy": "no-referrer",
        "Content-Disposition": 'attachment; filename="my-events.ics"',
    }
    again = client.get(address, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again["Cache-Control"]) == (304, "private, no-store")


@pytest.mark.parametrize("count", [1, 3])
def test_personal_calendar_asks_as_often_for_many_events(client, django_assert_num_queries, count):
    for _number in range(count):
        placed()
    address = personal_address(personal_calendar_of("guest@example.org"))
    with django_assert_num_queries(8):
        client.get(address)


# In mails ------------------------------------------------------------------------------------


def test_invitation_names_organiser_and_participant(client):
    event, _session, guest = placed(networks=[make_network(name_en="Nordic; Safe")])
    text = invitation(guest, "REQUEST", "http://localhost:8000/en/mine/")
    check_letters(text)
    found = only(text)
    assert str(icalendar.Calendar.from_ical(text)["METHOD"]) == "REQUEST"
    assert (str(found["ORGANIZER"]), found["ORGANIZER"].params["CN"]) == ("mailto:events@example.org", "Nordic; Safe")
    assert (str(found["ATTENDEE"]), dict(found["ATTENDEE"].params)) == (
        "mailto:guest@example.org",
        {"CN": "Ruth Guest", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED"},
    )
    assert "http://localhost:8000/en/mine/" in str(found["DESCRIPTION"])
    assert "https://join.example/blue" in str(found["DESCRIPTION"])
    assert str(found["UID"]) == f"{event.uid}@{HOST}"


def test_organiser_of_an_event_without_mailbox_is_the_plain_address_of_the_site(settings):
    settings.DEFAULT_FROM_EMAIL = "City Networks Hub <noreply@example.org>"
    guest = make_registration(make_event(day=SUMMER, contact_email=""))
    assert str(only(invitation(guest, "REQUEST"))["ORGANIZER"]) == "mailto:noreply@example.org"


def test_hostile_name_of_a_participant_stays_a_name():
    guest = make_registration(make_event(day=SUMMER), name='Eve";PARTSTAT=DECLINED:mailto:x@y\r\nATTACH:z')
    text = invitation(guest, "REQUEST")
    check_letters(text)
    attendee = only(text)["ATTENDEE"]
    assert (str(attendee), attendee.params["PARTSTAT"]) == (f"mailto:{guest.email}", "ACCEPTED")
    assert "\r\nATTACH" not in text


def imported(calendar, text):
    """What a calendar program does with a file (RFC 5546, 2.1.5): by UID, the higher SEQUENCE, then the later DTSTAMP."""
    method = str(icalendar.Calendar.from_ical(text).get("METHOD", "PUBLISH"))
    for uid, row in entries(text).items():
        known = calendar.get(uid)
        new = (row["SEQUENCE"], row["DTSTAMP"].dt)
        if known is None or new >= known[0]:
            calendar[uid] = (new, "CANCELLED" if method == "CANCEL" else str(row["STATUS"]), row.start)
    return calendar


def test_mails_imported_one_after_the_other_leave_one_entry_that_follows(time_machine):
    event = make_event(day=SUMMER)
    guest = make_registration(event, "guest@example.org")
    calendar = imported({}, invitation(guest, "REQUEST"))
    first = invitation(guest, "REQUEST")
    assert imported(calendar, first)[str(event.uid)][1:] == ("CONFIRMED", event.starts_at)
    time_machine.shift(timedelta(hours=1))
    rescheduled(event, date(2027, 9, 1))
    imported(calendar, invitation(guest, "REQUEST"))
    assert calendar[str(event.uid)][1:] == ("CONFIRMED", event.starts_at)
    # The first mail, opened again, changes nothing.
    imported(calendar, first)
    assert calendar[str(event.uid)][2] == event.starts_at
    cancelled(event)
    imported(calendar, invitation(guest, "CANCEL"))
    assert (len(calendar), calendar[str(event.uid)][1]) == (1, "CANCELLED")


def test_mail_of_a_withdrawal_cancels_with_a_higher_sequence():
    event = make_event(day=SUMMER)
    guest = make_registration(event, "guest@example.org")
    before = only(invitation(guest, "REQUEST"))["SEQUENCE"]
    withdraw(guest)
    text = OutboxMail.objects.get(kind="events/withdrawn").calendar
    found = only(text)
    assert (str(icalendar.Calendar.from_ical(text)["METHOD"]), str(found["STATUS"])) == ("CANCEL", "CANCELLED")
    assert found["SEQUENCE"] > before
    again = make_registration(event, "guest@example.org")
    assert only(invitation(again, "REQUEST"))["SEQUENCE"] >= found["SEQUENCE"]


def test_cancel_of_a_postponed_event_repeats_the_time_it_had():
    event = make_event(day=SUMMER)
    first = event.starts_at
    guest = make_registration(event)
    postponed(event)
    found = only(invitation(guest, "CANCEL"))
    assert (str(found["STATUS"]), found["SEQUENCE"], found.start) == ("CANCELLED", 1, first)


def test_feeds_imported_again_make_no_second_entry(client):
    event = make_event(day=SUMMER)
    calendar = imported(imported({}, public(client)), public(client))
    assert len(calendar) == 1
    rescheduled(event, date(2027, 9, 1))
    imported(calendar, public(client))
    cancelled(event)
    imported(calendar, public(client))
    assert [row[1:] for row in calendar.values()] == [("CANCELLED", event.starts_at)]
