"""Sessions, rooms, people, papers and practices of an event in the administration."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from events.models import EventDocument, EventPractice, Session
from tests.events.admin.desk import errors_of, overview_of
from tests.events.factories import SUMMER, make_event, make_registration, make_room, make_session
from tests.factories import make_practice

pytestmark = pytest.mark.django_db


def add_part(browser, event, part, **values):
    return browser.post(f"/admin/events/{part}/add/?event={event.pk}", values)


def session_data(**values):
    return {
        "kind": "plenary",
        "title_en": "Opening",
        "day": SUMMER,
        "start_time": "10:00",
        "end_time": "11:00",
    } | values


def test_session_is_added_by_the_clock_of_the_place(browser, network):
    event = make_event(networks=[network], day=SUMMER)
    answer = add_part(browser, event, "session", **session_data())

    session = event.sessions.get()
    assert (answer.url, f"{session.starts_at:%H:%M}") == (overview_of(event), "08:00")
    event.refresh_from_db()
    assert (event.sequence, event.steps.get().action) == (1, "edited")


def test_session_keeps_its_calendar_name_when_it_changes(browser, network):
    session = make_session(make_event(networks=[network], day=SUMMER))
    browser.post(f"/admin/events/session/{session.pk}/change/", session_data(title_en="Welcome"))

    changed = Session.objects.get()
    assert (changed.title_en, changed.uid) == ("Welcome", session.uid)


def test_break_out_session_gets_its_seats(browser, network):
    event = make_event(networks=[network], day=SUMMER)
    add_part(browser, event, "session", **session_data(kind="breakout", has_seats="on", seats=12))
    session = event.sessions.get()
    browser.post(
        f"/admin/events/session/{session.pk}/change/", session_data(kind="breakout", has_seats="on", seats=20)
    )

    assert list(event.pools.filter(session=session).values_list("kind", "capacity")) == [("breakout", 20)]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"day": "2027-03-28", "start_time": "02:30"}, "start_time"),
        ({"end_time": "09:00"}, "end_time"),
        ({"title_en": ""}, "title_en"),
        ({"has_seats": "on"}, "kind"),
    ],
)
def test_session_is_refused_at_the_field(browser, network, values, field):
    answer = add_part(browser, make_event(networks=[network]), "session", **session_data(**values))

    assert list(errors_of(answer)) == [field]


def test_session_that_people_hold_seats_in_is_not_deleted(browser, network):
    event = make_event(networks=[network])
    session = make_session(event, kind="breakout", seats=2)
    registration = make_registration(event)
    registration.allocations.create(pool=session.pool, state="held")

    assert browser.post(f"/admin/events/session/{session.pk}/delete/", {"post": "yes"}).status_code == 403
    registration.allocations.filter(pool=session.pool).update(state="released")
    assert browser.post(f"/admin/events/session/{session.pk}/delete/", {"post": "yes"}).url == overview_of(event)


def test_part_takes_rooms_and_sessions_of_its_own_event_only(browser, network, foreign):
    event = make_event(networks=[network])
    refused = add_part(
        browser, event, "session", **session_data(room=foreign["room"].pk, moderator=foreign["speaker"].pk)
    )
    group = add_part(browser, event, "breakoutgroup", session=foreign["session"].pk, title_en="Schools", order=0)

    assert sorted(errors_of(refused)) == ["moderator", "room"]
    assert list(errors_of(group)) == ["session"]


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("room", {"name_en": "Hall", "kind": "physical", "order": 0}),
        ("speaker", {"name": "Ada", "order": 0}),
        ("recording", {"url": "https://example.org/v", "language": "en"}),
        ("outcome", {"title_en": "Charter", "order": 0}),
        ("nomination", {"email": "ada@example.org", "language": "en"}),
    ],
)
def test_part_is_added_to_its_event(browser, network, part, values):
    event = make_event(networks=[network])
    answer = add_part(browser, event, part, **values)

    assert answer.status_code == 302, errors_of(answer)
    related = {"room": "rooms", "speaker": "speakers", "recording": "recordings", "outcome": "outcomes"}
    assert getattr(event, related.get(part, "nominations")).count() == 1


def test_document_is_cleaned_and_stored_under_a_random_name(browser, network, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    event = make_event(networks=[network])
    upload = SimpleUploadedFile("Salaries of Anna.txt", b"Agenda")
    answer = add_part(browser, event, "eventdocument", file=upload, language="en", title_en="Agenda", order=0)
    disguised = add_part(
        browser,
        event,
        "eventdocument",
        file=SimpleUploadedFile("x.pdf", b"<script>"),
        language="en",
        title_en="X",
        order=0,
    )

    assert answer.status_code == 302, errors_of(answer)
    assert re.fullmatch(r"events/documents/[0-9a-f]{32}\.txt", EventDocument.objects.get().file.name)
    assert list(errors_of(disguised)) == ["file"]


def test_practice_is_chosen_from_those_the_coordinator_may_read(browser, network):
    event = make_event(networks=[network])
    public = make_practice(texts={"title_en": "Dialogue in public"})
    hidden = make_practice(published=False, texts={"title_en": "Dialogue in secret"})
    names = {"app_label": "events", "model_name": "eventpractice", "field_name": "practice"}
    offered = browser.get("/admin/autocomplete/", {"term": "Dialogue", **names}).json()["results"]
    taken = add_part(browser, event, "eventpractice", practice=public.pk, role="shown")
    refused = add_part(browser, event, "eventpractice", practice=hidden.pk, role="shown")

    assert [entry["text"] for entry in offered] == ["Dialogue in public"]
    assert (taken.status_code, list(errors_of(refused))) == (302, ["practice"])
    assert EventPractice.objects.get().practice == public


def test_practice_list_stays_within_the_own_networks(browser):
    make_practice(texts={"title_en": "Dialogue in public"})

    assert browser.get("/admin/practices/practice/").context["cl"].result_count == 0


def test_rooms_are_deleted_from_the_list_and_that_is_in_the_history(browser, network):
    event = make_event(networks=[network])
    room = make_room(event, "Hall")
    browser.post("/admin/events/room/", {"action": "delete_selected", "_selected_action": [room.pk], "post": "yes"})

    assert (event.rooms.count(), event.steps.get().note) == (0, "– room: Hall")
