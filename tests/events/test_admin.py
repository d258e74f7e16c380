"""Events in the administration: each coordinator's own, and one page for all of an event."""

import re
from datetime import date, time, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from common.waiting import waiting_for
from events.admin import doing
from events.admin.refusals import LOCKED
from events.models import (
    Event,
    EventDocument,
    EventPractice,
    EventSeries,
    EventStep,
    Nomination,
    Registration,
    SeatAllocation,
    SeatReserve,
    Session,
)
from events.services.life import postpone
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
from tests.factories import make_city, make_network, make_person, make_practice, make_term

pytestmark = pytest.mark.django_db

LIST = "/admin/events/event/"
ADD = f"{LIST}add/"


def overview_of(event):
    return f"{LIST}{event.pk}/overview/"


def coordinator_of(network):
    person = make_person()
    grant_role(person, RoleAssignment.Role.COORDINATOR, actor=make_person(is_superuser=True), network=network)
    return person


@pytest.fixture
def network():
    return make_network("nordic")


@pytest.fixture
def foreign(db):
    """An event, and all that can belong to one, of a network that the coordinator does not keep."""
    event = make_event(networks=[make_network("foreign")], title_en="Foreign secret", source_language="en")
    session = make_session(event, "Foreign session", kind="breakout", seats=3)
    room = make_room(event, "Foreign room")
    group = make_group(session, "Foreign group")
    speaker = event.speakers.create(name="Foreign speaker")
    recording = event.recordings.create(url="https://example.org/x", language="en", title_en="Foreign recording")
    practice = event.event_practices.create(title="Foreign practice", city=make_city())
    outcome = event.outcomes.create(title_en="Foreign outcome")
    document = event.documents.create(file="events/documents/x.pdf", language="en", title_en="Foreign document")
    nomination = event.nominations.create(email="foreign@example.org")
    registration = make_registration(event, "foreign-person@example.org")
    return {
        "event": event,
        "eventseries": make_series(networks=event.networks.all(), title_en="Foreign series"),
        "session": session,
        "room": room,
        "breakoutgroup": group,
        "speaker": speaker,
        "recording": recording,
        "eventpractice": practice,
        "outcome": outcome,
        "eventdocument": document,
        "nomination": nomination,
        "registration": registration,
        "seatpool": event.pools.get(kind="in-person"),
    }


@pytest.fixture
def coordinator(network):
    return coordinator_of(network)


@pytest.fixture
def browser(client, coordinator):
    client.force_login(coordinator)
    return client


def event_data(network, **values):
    return {
        "source_language": "en",
        "title_en": "Youth and dialogue",
        "networks": [network.pk],
        "languages": ["en"],
        "time_zone": "Europe/Rome",
        "mode": "in-person",
        "visibility": "public",
        "entry": "open",
        "fresh_yes_hours": 24,
        "reminder_hours": "168,24",
        "report_due_days": 21,
        "purge_after_days": 30,
        "start_date": "2027-06-15",
        "start_time": "10:00",
        "end_date": "2027-06-15",
        "end_time": "16:00",
    } | values


def save(browser, network, event, **values):
    """The form of an event, sent by somebody who has just opened it."""
    event.refresh_from_db()
    data = event_data(network, seen_at=event.updated_at.isoformat(), **values)
    return browser.post(f"{LIST}{event.pk}/change/", data)


def errors_of(answer):
    return {name: list(texts) for name, texts in answer.context["adminform"].form.errors.items()}


# The form ----------------------------------------------------------------------------------------


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


# The overview ------------------------------------------------------------------------------------


def full_event(network, people=3):
    event = make_event(networks=[network], seats=people, mode="hybrid", online_seats=10, needs_approval=False)
    room = make_room(event, "Great hall", capacity=80)
    make_session(event, "Opening", room=room)
    workshop = make_session(event, "Workshops", kind="breakout", start=time(11), end=time(12), seats=5)
    make_group(workshop, "Schools", room=room)
    pool = event.pools.get(kind="in-person")
    make_reserve(
        pool, stakeholder=make_term("organisation-type"), seats=1, releases_at=timezone.now() + timedelta(days=3)
    )
    for number in range(people):
        make_registration(
            event, name=f"Person {number}", city=make_city(f"City {number}"), needs_diet="Vegan", needs_access="Ramp"
        )
    waiting = make_registration(event, state="waitlisted", name="Who waits")
    waiting.allocations.create(pool=pool, state="waiting", position=1)
    OutboxMail.objects.create(
        kind="x",
        key=f"x{event.pk}",
        recipient="a@example.org",
        language="en",
        subject="A place",
        not_before=timezone.now(),
        message_id="x",
        about=f"event:{event.pk}",
    )
    return event


def test_overview_shows_all_of_an_event(browser, network):
    event = full_event(network)
    html = browser.get(overview_of(event)).content.decode()

    expected = ["Opening", "Great hall", "Schools", "Who waits", "Vegan", "Ramp", "A place"]
    assert [text for text in expected if text not in html] == []


def test_overview_asks_as_often_for_thirty_as_for_three(browser, network):
    few, many = full_event(network, 3), full_event(network, 30)
    browser.get(overview_of(few))

    def queries(event):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert browser.get(overview_of(event)).status_code == 200
        return len(asked)

    assert queries(few) == queries(many)


def test_overview_finds_people_by_words_and_state(browser, network):
    event = full_event(network)

    def found(**query):
        return [row.name for row in browser.get(overview_of(event), query).context["page"].object_list]

    assert found(q="who waits") == ["Who waits"]
    assert found(state="waitlisted") == ["Who waits"]
    assert found(q="who waits", state="confirmed") == []


def test_overview_has_pages_of_fifty(browser, network):
    event = make_event(networks=[network])
    Registration.objects.bulk_create(
        Registration(event=event, email=f"p{n}@example.org", mode="in-person", language="en") for n in range(51)
    )
    pages = [len(browser.get(overview_of(event), {"page": page}).context["page"].object_list) for page in (1, 2)]

    assert pages == [50, 1]


def test_overview_without_needs_after_they_were_deleted(browser, network):
    event = full_event(network)
    Event.objects.filter(pk=event.pk).update(needs_purged_at=timezone.now())
    html = browser.get(overview_of(event)).content.decode()

    assert ("Vegan" in html, "The needs were deleted on" in html) == (False, True)


def test_overview_names_what_is_not_right(browser, network):
    event = full_event(network)
    event.pools.filter(kind="in-person").update(capacity=1)

    assert len(browser.get(overview_of(event)).context["problems"]) >= 1


def test_draft_is_announced_from_the_overview(browser, network):
    event = make_event(networks=[network], published=False, city=make_city())
    answer = browser.post(overview_of(event), {"do": "publish"})

    event.refresh_from_db()
    assert (answer.status_code, event.status) == (302, "published")


def test_announcing_what_is_incomplete_says_what_is_lacking(browser, network):
    event = make_event(networks=[network], published=False, summary_en="")
    answer = browser.post(overview_of(event), {"do": "publish"})

    event.refresh_from_db()
    assert (answer.status_code, event.status) == (422, "draft")
    assert answer.context["bound"].errors


CLOCK = {"start_date": "2027-09-01", "start_time": "09:00", "end_date": "2027-09-01", "end_time": "12:00"}


@pytest.mark.parametrize(
    ("name", "before", "typed", "after"),
    [
        ("postpone", "published", {"reason": "Floods."}, "postponed"),
        ("reschedule", "published", {"reason": "Floods.", **CLOCK}, "published"),
        ("move_online", "published", {"reason": "Floods.", "link": "https://meet.example.org/x"}, "published"),
        ("cancel", "published", {"reason": "Floods."}, "cancelled"),
        ("mark_held", "published", {}, "held"),
        ("mark_reported", "held", {}, "reported"),
        ("archive", "reported", {}, "archived"),
    ],
)
def test_transition_does_what_was_asked_and_tells_the_reason(
    browser, network, coordinator, name, before, typed, after
):
    event = make_event(
        networks=[network], day=timezone.localdate() - timedelta(days=2) if name == "mark_held" else None
    )
    Event.objects.filter(pk=event.pk).update(status=before)
    answer = browser.post(overview_of(event), {"do": name, **typed})

    event.refresh_from_db()
    step = event.steps.first()
    told = typed.get("reason", "")
    assert (answer.status_code, event.status, event.status_note_en, step.note) == (302, after, told, told)
    assert step.actor == coordinator
    if name == "reschedule":
        assert (event.start_date, event.start_time) == (date(2027, 9, 1), time(9))
    if name == "move_online":
        assert (event.mode, event.online_link) == ("online", "https://meet.example.org/x")


def test_new_date_asks_those_who_are_registered_until_a_moment_of_the_place(browser, network):
    event = make_event(networks=[network])
    registration = make_registration(event)
    typed = {"do": "reschedule", "reason": "Floods.", **CLOCK}
    unasked = browser.post(overview_of(event), typed)
    asked = browser.post(overview_of(event), typed | {"reconfirm_date": "2027-08-01", "reconfirm_time": "12:00"})

    registration.refresh_from_db()
    assert (unasked.status_code, list(unasked.context["bound"].errors), asked.status_code) == (
        422,
        ["reconfirm_date"],
        302,
    )
    assert f"{registration.reconfirm_until:%Y-%m-%d %H:%M}" == "2027-08-01 10:00"


def test_transition_refused_keeps_what_was_typed(browser, network):
    event = make_event(networks=[network])
    typed = {"do": "reschedule", "reason": "The hall is flooded.", **CLOCK, "end_time": "08:00"}
    answer = browser.post(overview_of(event), typed)

    assert answer.status_code == 422
    assert dict(answer.context["bound"].errors) == {"end_time": ["An event cannot end before it begins."]}
    assert "The hall is flooded." in answer.content.decode()


def test_transition_that_is_not_possible_any_more_does_nothing(browser, network):
    event = make_event(networks=[network], published=False)
    answer = browser.post(overview_of(event), {"do": "postpone", "reason": "x"}, follow=True)

    event.refresh_from_db()
    assert event.status == "draft"
    assert [str(message) for message in answer.context["messages"]] == [
        "This is not possible any more: the event has changed meanwhile."
    ]


def test_transitions_of_each_state():
    found = {
        status: [one.name for one in doing.TRANSITIONS if status in one.possible_from]
        for status in Event.Status.values
    }
    assert found == {
        "draft": ["publish"],
        "published": ["reschedule", "postpone", "move_online", "cancel", "mark_held"],
        "postponed": ["reschedule", "cancel"],
        "cancelled": [],
        "held": ["mark_reported", "archive"],
        "reported": ["archive"],
        "archived": [],
    }


# Registrations -----------------------------------------------------------------------------------


def decide(browser, registration, name, **values):
    return browser.post(
        overview_of(registration.event), {"do": name, "registration": registration.pk, "note": "", **values}
    )


@pytest.mark.parametrize(
    ("name", "state", "expected"),
    [
        ("approve", "awaiting-approval", "confirmed"),
        ("decline", "awaiting-approval", "declined"),
        ("remove", "confirmed", "removed"),
    ],
)
def test_decision_changes_the_state(browser, network, coordinator, name, state, expected):
    registration = make_registration(make_event(networks=[network]), state=state)
    answer = decide(browser, registration, name, note="For cities.")

    registration.refresh_from_db()
    assert (answer.status_code, registration.state) == (302, expected)
    assert registration.steps.get().actor == coordinator


def test_given_seat_needs_a_reason_and_raises_the_limit(browser, network):
    event = make_event(networks=[network], seats=0)
    pool = event.pools.get()
    registration = make_registration(event, state="waitlisted")
    registration.allocations.create(pool=pool, state="waiting", position=1)
    refused = decide(browser, registration, "give-seat", pool=pool.pk)
    given = decide(browser, registration, "give-seat", pool=pool.pk, note="The mayor.")

    registration.refresh_from_db()
    pool.refresh_from_db()
    assert (refused.status_code, given.status_code, registration.state, pool.capacity) == (422, 302, "confirmed", 1)
    assert event.steps.get().note == "The mayor."


def test_link_is_sent_again(browser, network):
    registration = make_registration(make_event(networks=[network]))
    decide(browser, registration, "resend")

    assert OutboxMail.objects.get().recipient == registration.email


@pytest.mark.parametrize("name", doing.DECISIONS)
def test_foreign_registration_posted_to_an_own_event_is_not_found(browser, network, foreign, name):
    own = make_event(networks=[network])
    answer = browser.post(overview_of(own), {"do": name, "registration": foreign["registration"].pk, "note": "x"})

    foreign["registration"].refresh_from_db()
    assert (answer.status_code, foreign["registration"].state) == (404, "confirmed")


def test_foreign_pool_posted_to_an_own_event_is_refused(browser, network, foreign):
    registration = make_registration(make_event(networks=[network], seats=0), state="waitlisted")
    answer = decide(browser, registration, "give-seat", pool=foreign["seatpool"].pk, note="x")

    assert (answer.status_code, foreign["seatpool"].allocations.count()) == (422, 1)


def test_somebody_is_entered_by_hand(browser, network):
    event = make_event(networks=[network], seats=5)
    data = {"name": "Ada", "email": "ada@example.org", "language": "sv", "mode": "in-person"}
    answer = browser.post(f"{LIST}{event.pk}/register/", data)
    again = browser.post(f"{LIST}{event.pk}/register/", data | {"email": "ADA@example.org"})

    assert (answer.status_code, event.registrations.get().state) == (302, "confirmed")
    assert (again.status_code, list(again.context["form"].errors)) == (422, ["email"])


def test_former_participants_are_nominated(browser, network, foreign):
    series = make_series(networks=[network])
    past = make_event(networks=[network], series=series, day=timezone.localdate() - timedelta(days=9))
    came = make_registration(past, "came@example.org", state="attended", name="Ada")
    absent = make_registration(past, "absent@example.org", state="no-show")
    event = make_event(networks=[network], series=series, entry="nominated")
    page = f"{LIST}{event.pk}/nominate/"
    offered = browser.get(page).content.decode()
    answer = browser.post(page, {"registrations": [came.pk]})
    refused = browser.post(page, {"registrations": [foreign["registration"].pk]})

    assert ("came@example.org" in offered, "absent@example.org" in offered, absent.pk > 0) == (True, False, True)
    assert (answer.status_code, refused.status_code) == (302, 422)
    assert list(Nomination.objects.filter(event=event).values_list("email", "from_registration")) == [
        ("came@example.org", came.pk)
    ]


# Programme ---------------------------------------------------------------------------------------


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


def test_pool_change_moves_up_who_waits(browser, network):
    event = make_event(networks=[network], seats=0)
    pool = event.pools.get()
    registration = make_registration(event, state="waitlisted")
    registration.allocations.create(pool=pool, state="waiting", position=1)
    data = {"capacity": 1, "has_waiting_list": "on", "reserves-TOTAL_FORMS": 0, "reserves-INITIAL_FORMS": 0}
    answer = browser.post(f"/admin/events/seatpool/{pool.pk}/change/", data)

    registration.refresh_from_db()
    assert (answer.url, registration.state) == (overview_of(event), "confirmed")


def test_pool_that_is_locked_says_so_and_changes_nothing(browser, network, monkeypatch):
    def locked(pool, values, *, actor):
        raise OperationalError

    monkeypatch.setattr("events.admin.seats.change_pool", locked)
    pool = make_event(networks=[network], seats=10).pools.get()
    data = {"capacity": 5, "has_waiting_list": "on", "reserves-TOTAL_FORMS": 0, "reserves-INITIAL_FORMS": 0}
    answer = browser.post(f"/admin/events/seatpool/{pool.pk}/change/", data, follow=True)

    pool.refresh_from_db()
    assert ([str(message) for message in answer.context["messages"]], pool.capacity) == ([str(LOCKED)], 10)


def test_rooms_are_deleted_from_the_list_and_that_is_in_the_history(browser, network):
    event = make_event(networks=[network])
    room = make_room(event, "Hall")
    browser.post("/admin/events/room/", {"action": "delete_selected", "_selected_action": [room.pk], "post": "yes"})

    assert (event.rooms.count(), event.steps.get().note) == (0, "– room: Hall")


def test_reserve_is_released_by_the_clock_of_the_place(browser, network):
    pool = make_event(networks=[network], seats=10).pools.get()
    data = {
        "capacity": 10,
        "has_waiting_list": "on",
        "reserves-TOTAL_FORMS": 1,
        "reserves-INITIAL_FORMS": 0,
        "reserves-0-stakeholder": make_term("organisation-type").pk,
        "reserves-0-seats": 3,
        "reserves-0-releases_date": "2027-06-01",
        "reserves-0-releases_time": "12:00",
    }
    browser.post(f"/admin/events/seatpool/{pool.pk}/change/", data)

    assert f"{SeatReserve.objects.get().releases_at:%Y-%m-%d %H:%M}" == "2027-06-01 10:00"


# Whose it is -------------------------------------------------------------------------------------

PARTS = [
    *("event", "eventseries", "session", "room", "breakoutgroup", "speaker", "recording", "eventpractice", "outcome"),
    *("eventdocument", "nomination", "registration", "seatpool"),
]


@pytest.mark.parametrize("part", PARTS)
def test_foreign_record_answers_like_one_that_does_not_exist(browser, foreign, part):
    record = foreign[part]
    pages = [f"/admin/events/{part}/{record.pk}/{page}/" for page in ("change", "history", "delete")]
    pages += [f"{page}?_popup=1" for page in pages]
    answers = {page: browser.get(page).status_code for page in pages}
    posted = {page: browser.post(page, {"post": "yes"}).status_code for page in pages}

    assert {page: code for page, code in answers.items() if code not in (403, 404)} == {}
    assert {page: code for page, code in posted.items() if code not in (403, 404)} == {}
    assert type(record).objects.filter(pk=record.pk).exists()


@pytest.mark.parametrize("part", PARTS)
def test_administrator_opens_the_same_record(admin_client, foreign, part):
    assert admin_client.get(f"/admin/events/{part}/{foreign[part].pk}/change/").status_code == 200


@pytest.mark.parametrize("part", PARTS)
def test_list_shows_and_counts_nothing_foreign(browser, foreign, part):
    answer = browser.get(f"/admin/events/{part}/", {"q": "foreign"} if part in ("event", "registration") else {})
    everything = browser.get(f"/admin/events/{part}/")

    assert (answer.status_code, everything.status_code) == (200, 200)
    assert (answer.context["cl"].result_count, everything.context["cl"].result_count) == (0, 0)
    assert "oreign" not in re.sub(r'value="foreign"', "", everything.content.decode())


@pytest.mark.parametrize("page", ["overview", "register", "nominate", "duplicate", "poll"])
def test_foreign_event_pages_are_not_found(browser, foreign, page):
    address = f"{LIST}{foreign['event'].pk}/{page}/"
    data = {"do": "cancel", "reason": "x", "first_day": "2027-09-01"}

    assert (browser.get(address).status_code, browser.post(address, data).status_code) == (404, 404)
    assert browser.get(f"/admin/events/eventseries/{foreign['eventseries'].pk}/duplicate/").status_code == 404


@pytest.mark.parametrize(
    "part", [part for part in PARTS if part not in ("event", "eventseries", "registration", "seatpool")]
)
def test_nothing_is_added_to_a_foreign_event(browser, foreign, part):
    event = foreign["event"]
    address = f"/admin/events/{part}/add/?event={event.pk}"
    count = type(foreign[part]).objects.count()

    assert (browser.get(address).status_code, browser.post(address, {}).status_code) == (404, 404)
    assert type(foreign[part]).objects.count() == count


def test_action_with_posted_foreign_ids_touches_nothing(browser, foreign):
    Event.objects.update(status="draft")
    Registration.objects.update(state="removed")
    for part in ("event", "session", "room", "nomination"):
        browser.post(
            f"/admin/events/{part}/",
            {"action": "delete_selected", "_selected_action": [foreign[part].pk], "post": "yes"},
        )

    assert all(type(foreign[part]).objects.filter(pk=foreign[part].pk).exists() for part in foreign)


def test_export_holds_own_registrations_only_and_is_logged(browser, network, foreign):
    make_registration(make_event(networks=[network]), "own@example.org", needs_diet="Halal")
    listed = b"".join(browser.post("/admin/events/registration/export/", {"kind": "csv"}).streaming_content).decode()
    chosen = browser.post(
        "/admin/events/registration/",
        {"action": "export_chosen_json", "_selected_action": [foreign["registration"].pk]},
    )

    assert ("own@example.org" in listed, "foreign-person" in listed, "Halal" in listed) == (True, False, False)
    assert not chosen.streaming or b"foreign-person" not in b"".join(chosen.streaming_content)
    assert LogEntry.objects.filter(change_message="1 row exported as CSV.").count() == 1


def test_autocomplete_offers_nothing_foreign(browser, foreign):
    def asked(field):
        names = {"app_label": "events", "model_name": "event", "field_name": field}
        return browser.get("/admin/autocomplete/", {"term": "", **names})

    assert asked("owner").status_code == 403
    assert asked("series").json()["results"] == []


def test_co_hosted_event_is_kept_by_coordinators_of_each_host(client, network):
    other = make_network("other")
    event = make_event(networks=[network, other])
    for host in (network, other):
        client.force_login(coordinator_of(host))
        assert client.get(overview_of(event)).status_code == 200
    client.force_login(coordinator_of(make_network("third")))
    assert client.get(overview_of(event)).status_code == 404


def test_own_event_opens_for_its_coordinator(browser, network):
    event = full_event(network)
    records = {
        "session": event.sessions.first(),
        "room": event.rooms.get(),
        "breakoutgroup": event.sessions.get(kind="breakout").groups.get(),
        "seatpool": event.pools.first(),
        "registration": event.registrations.first(),
    }
    for part, record in records.items():
        assert browser.get(f"/admin/events/{part}/{record.pk}/change/").status_code == 200
    pages = ["overview", "register", "nominate", "duplicate", "change", "history"]
    assert {page: browser.get(f"{LIST}{event.pk}/{page}/").status_code for page in pages} == dict.fromkeys(pages, 200)


def test_draft_without_people_is_deleted_and_an_announced_event_is_not(browser, network):
    draft, announced = make_event(networks=[network], published=False), make_event(networks=[network])
    answers = [browser.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code for event in (draft, announced)]

    assert (answers, list(Event.objects.all())) == ([302, 403], [announced])


def test_forms_of_other_sites_are_refused(network, coordinator):
    event, strict = make_event(networks=[network], published=False), Client(enforce_csrf_checks=True)
    strict.force_login(coordinator)
    pages = ["overview", "register", "nominate", "duplicate", "poll"]

    assert {strict.post(f"{LIST}{event.pk}/{page}/", {"do": "publish"}).status_code for page in pages} == {403}


def test_first_page_lists_events_and_series_and_hides_the_parts(browser):
    apps = {
        app["app_label"]: [model["object_name"] for model in app["models"]]
        for app in browser.get("/admin/").context["app_list"]
    }

    assert sorted(apps["events"]) == ["Event", "EventSeries", "Registration"]


def test_list_leads_to_the_overview_with_one_query_count(browser, network):
    make_event(networks=[network], city=make_city())
    browser.get(LIST)

    def queries():
        with CaptureQueriesContext(connection) as asked:
            html = browser.get(LIST).content.decode()
        return len(asked), html

    one, html = queries()
    for _ in range(2):
        make_event(networks=[network], city=make_city())
    three, _html = queries()
    assert one == three
    assert overview_of(Event.objects.last()) in html


# A new date -----------------------------------------------------------------------------------------


def poll_data(**values):
    return {
        "question": "Which week?",
        "closes_date": "2027-03-01",
        "closes_time": "12:00",
        "start_date_1": "2027-06-01",
        "start_time_1": "10:00",
        "end_date_1": "2027-06-01",
        "end_time_1": "16:00",
    } | values


@pytest.fixture
def postponed(network):
    event = make_event(networks=[network])
    make_registration(event, city=make_city("Malmö"))
    return postpone(event, actor=make_person(is_superuser=True))


def test_dates_are_asked_for_by_the_clock_of_the_place_and_answers_shown(browser, postponed):
    page = f"{LIST}{postponed.pk}/poll/"
    answer = browser.post(page, poll_data())
    poll = postponed.polls.get()
    results = browser.get(page).context["results"]
    closed = browser.post(page, {"do": "close"})

    assert (answer.status_code, f"{poll.closes_at:%Y-%m-%d %H:%M}", poll.question) == (
        302,
        "2027-03-01 11:00",
        "Which week?",
    )
    assert [str(option) for option in poll.options.all()] == ["2027-06-01 10:00"]
    assert (results.asked, results.interest["silent"], results.dates[0].cities[0][0]) == (1, 1, "Malmö")
    poll.refresh_from_db()
    assert (closed.status_code, poll.closed_at is not None) == (302, True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"start_date_1": "2027-03-28", "start_time_1": "02:30"}, "start_time_1"),
        ({"end_time_1": "09:00"}, "end_time_1"),
        ({"start_date_2": "2027-06-08"}, "end_date_2"),
        ({"closes_date": "2020-01-01"}, "closes_date"),
    ],
)
def test_dates_that_cannot_be_asked_for_are_refused_with_what_was_typed(browser, postponed, values, field):
    answer = browser.post(f"{LIST}{postponed.pk}/poll/", poll_data(**values))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "Which week?" in answer.content.decode()
    assert not postponed.polls.exists()


def test_dates_are_not_asked_for_while_an_event_has_one(browser, network):
    event = make_event(networks=[network])
    browser.post(f"{LIST}{event.pk}/poll/", poll_data())

    assert not event.polls.exists()


# What waits --------------------------------------------------------------------------------------


def test_waiting_names_what_a_coordinator_has_to_do_and_nothing_foreign(network, coordinator, foreign):
    asks = make_event(networks=[network], title_en="Asks", needs_approval=True)
    make_registration(asks, state="awaiting-approval")
    due = make_event(networks=[network], title_en="Due", day=timezone.localdate() - timedelta(days=30))
    Event.objects.filter(pk=due.pk).update(status="held")
    recent = make_event(networks=[network], title_en="Recent", day=timezone.localdate() - timedelta(days=3))
    Event.objects.filter(pk=recent.pk).update(status="held")
    gone = make_event(networks=[network], title_en="Gone")
    Event.objects.filter(pk=gone.pk).update(
        status="postponed", starts_at=None, ends_at=None, status_at=timezone.now() - timedelta(days=40)
    )
    Registration.objects.filter(pk=foreign["registration"].pk).update(state="awaiting-approval")

    found = [(entry.title, entry.note) for entry in waiting_for(coordinator)]
    assert found == [
        ("Asks", "1 registration awaits approval"),
        ("Due", "the report is due"),
        ("Gone", "postponed without a new date"),
    ]
    assert waiting_for(make_person()) == []


def test_needs_totals_leave_as_a_file_without_names(browser, network):
    event = full_event(network)
    answer = browser.post(overview_of(event), {"do": "export-needs", "kind": "csv"})
    text = b"".join(answer.streaming_content).decode()

    assert "food,Vegan,3" in text
    assert "Person" not in text
    assert LogEntry.objects.filter(object_id=event.pk, change_message="2 rows exported as CSV.").count() == 1


def test_series_is_duplicated_from_its_page(browser, network):
    series = make_series(networks=[network])
    make_event(networks=[network], series=series)
    answer = browser.post(f"/admin/events/eventseries/{series.pk}/duplicate/", {"first_day": "2027-09-01"})

    new = EventSeries.objects.exclude(pk=series.pk).get()
    assert answer.url == reverse("admin:events_eventseries_change", args=[new.pk])
    assert list(new.events.values_list("start_date", "status")) == [(date(2027, 9, 1), "draft")]


def test_event_is_duplicated_and_a_clock_gap_is_told(browser, network):
    event = make_event(networks=[network], start_time=time(2, 30))
    page = f"{LIST}{event.pk}/duplicate/"
    refused = browser.post(page, {"first_day": "2027-03-28"})
    made = browser.post(page, {"first_day": "2027-03-29"})

    new = Event.objects.exclude(pk=event.pk).get()
    assert (refused.status_code, made.url) == (422, overview_of(new))
    assert (EventStep.objects.get(event=new).action, SeatAllocation.objects.count()) == ("created", 0)
