"""The pages on which people register and take part: what they show, keep and refuse."""

import re
import statistics
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from common.waiting import waiting_for
from events.models import DatePoll, Event, GroupPlace, Nomination, PersonalCalendar, Registration
from events.services import entering, registering
from events.tokens import token_of
from networks.models import Membership
from tests.events.factories import (
    make_event,
    make_group,
    make_registration,
    make_room,
    make_session,
)
from tests.factories import make_city, make_network, make_person, make_term

pytestmark = pytest.mark.django_db
State = Registration.State
TYPED = {"name": "Åsa Ek", "email": "asa@example.org", "country": "SE", "language": "en", "consent_data": "on"}


@pytest.fixture(autouse=True)
def own_limits(settings):
    """Each test counts by itself: all of them share one address and one store."""
    limits = configured.CACHES["limits"] | {"KEY_PREFIX": f"test-{uuid4()}"}
    settings.CACHES = configured.CACHES | {"limits": limits}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("events.views.registering.LEAST_SECONDS", 0)


def form_of(event, language="en"):
    return f"/{language}" + reverse("events:register", args=[event.pk, event.slug]).removeprefix("/en")


def link(registration, name="manage", *args):
    return reverse(f"events:{name}", args=[registration.uid, token_of(registration), *args])


def enter(event, email, **changes):
    values = {"email": email, "name": email.split("@")[0], "mode": "in-person"} | changes
    registration = registering.register(event, values, consents=["data"], language="en")
    return entering.confirm_address(registration)


def text(response):
    return response.content.decode()


# The form ----------------------------------------------------------------------------------------


def test_form_registers_and_tells_to_look_into_the_mail(client):
    event = make_event(seats=5)
    answer = client.post(form_of(event), TYPED | {"time_zone": "Africa/Tunis", "needs_diet": "Nuts"}, follow=True)
    row = Registration.objects.get()
    assert (answer.status_code, answer.redirect_chain[-1][0]) == (200, form_of(event) + "sent/")
    assert (row.name, row.email, row.country.code, row.time_zone) == (
        "Åsa Ek",
        "asa@example.org",
        "SE",
        "Africa/Tunis",
    )
    assert (row.mode, row.needs_diet, row.state, row.person) == ("in-person", "Nuts", State.UNVERIFIED, None)
    assert [consent.kind for consent in row.consents.all()] == ["data"]


def test_form_keeps_all_it_asks_for(client):
    malmo, school = make_city("Malmö"), make_term("organisation-type", "school")
    event = make_event(
        networks=[make_network(cities=[malmo])], mode="hybrid", languages=["en", "sv"], interpretation=["ar"]
    )
    session = make_session(event, "Youth", kind="breakout", seats=3)
    typed = TYPED | {
        "city": "malmö (se)",
        "country": "",
        "organisation": "Skolan",
        "stakeholder": school.pk,
        "language": "sv",
        "mode": "online",
        "online_meanwhile": "on",
        "sessions": [session.pk],
        "spoken": ["sv", "ar"],
        "needs_access": "Ramp",
        "needs_interpretation": "ar",
        "message": "Hej",
        "consent_list": "on",
    }
    client.post(form_of(event), typed)
    row = Registration.objects.get()
    assert (row.city, row.country.code, row.organisation, row.stakeholder) == (malmo, "SE", "Skolan", school)
    assert (row.mode, row.online_meanwhile, row.language, row.spoken) == ("online", True, "sv", ["sv", "ar"])
    assert (row.needs_access, row.needs_interpretation, row.message) == ("Ramp", "ar", "Hej")
    assert (row.is_listed, list(row.wanted_sessions.all())) == (True, [session])
    assert sorted(row.consents.values_list("kind", flat=True)) == ["data", "list"]


def test_form_offers_cities_of_the_networks_first():
    make_city("Aarhus", "DK")
    event = make_event(networks=[make_network(cities=[make_city("Malmö"), make_city("Lund")])])
    page = text(Client().get(form_of(event)))
    assert re.findall(r'<option value="([^"]+ \(\w\w\))">', page) == ["Lund (SE)", "Malmö (SE)", "Aarhus (DK)"]


def test_form_opens_in_the_language_of_the_page(client):
    page = text(client.get(form_of(make_event(), "sv")))
    assert '<option value="sv" selected>' in page


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"email": "no address"}, "email"),
        ({"country": ""}, "country"),
        ({"city": "Nowhere"}, "city"),
        ({"consent_data": ""}, "consent_data"),
        ({"needs_access": "x" * 501}, "needs_access"),
        ({"language": "xx"}, "language"),
    ],
)
def test_refused_form_says_so_beside_the_field_and_keeps_the_rest(client, change, field):
    answer = client.post(form_of(make_event()), TYPED | {"message": "My long message"} | change)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in text(answer)
    assert "My long message" in text(answer)
    assert Registration.objects.count() == 0


def test_time_zone_that_is_none_is_left_out(client):
    client.post(form_of(make_event()), TYPED | {"time_zone": "CEST<script>"})
    assert Registration.objects.get().time_zone == ""


def test_form_of_an_own_account_needs_no_mail(client):
    person, event = make_person("asa@example.org", name="Åsa"), make_event(seats=5)
    client.force_login(person)
    shown = text(client.get(form_of(event)))
    answer = client.post(form_of(event), TYPED | {"email": "Asa@example.org"})
    row = Registration.objects.get()
    assert 'value="asa@example.org"' in shown
    assert (answer.status_code, answer["Location"]) == (302, link(row))
    assert (row.state, row.person) == (State.CONFIRMED, person)


def test_form_of_an_account_with_another_address_gives_no_rights(client):
    person, event = make_person("asa@example.org"), make_event()
    client.force_login(person)
    answer = client.post(form_of(event), TYPED | {"email": "bo@example.org"})
    row = Registration.objects.get()
    assert answer["Location"] == form_of(event) + "sent/"
    assert (row.state, row.person) == (State.UNVERIFIED, None)


def test_answer_is_the_same_for_known_and_unknown_addresses():
    event = make_event()
    make_registration(event, "known@example.org")
    answers = [
        Client().post(form_of(event), TYPED | {"email": email}, follow=True)
        for email in ("known@example.org", "KNOWN@example.org", "unknown@example.org")
    ]
    seen = {(one.status_code, one.redirect_chain[-1], one.content) for one in answers}
    assert len(seen) == 1
    kinds = OutboxMail.objects.order_by("pk").values_list("kind", "recipient")
    assert list(kinds) == [
        ("events/already-registered", "known@example.org"),
        ("events/confirm-address", "unknown@example.org"),
    ]


def test_answer_comes_at_the_same_time_for_known_and_unknown_addresses(monkeypatch):
    monkeypatch.setattr("events.views.registering.LEAST_SECONDS", 0.25)
    event = make_event()
    make_registration(event, "known@example.org")

    def seconds(email):
        started = time.perf_counter()
        Client().post(form_of(event), TYPED | {"email": email})
        return time.perf_counter() - started

    known = [seconds("known@example.org") for _round in range(5)]
    unknown = [seconds(f"unknown-{number}@example.org") for number in range(5)]
    assert abs(statistics.median(known) - statistics.median(unknown)) < 0.05


def test_nominated_only_answers_alike_whether_nominated_or_not():
    event = make_event(entry="nominated")
    Nomination.objects.create(event=event, email="in@example.org")
    answers = [
        Client().post(form_of(event), TYPED | {"email": email}, follow=True)
        for email in ("in@example.org", "out@example.org")
    ]
    assert len({(one.status_code, one.content) for one in answers}) == 1
    assert list(Registration.objects.values_list("email", flat=True)) == ["in@example.org"]


def test_trap_that_is_filled_registers_nobody(client):
    event = make_event()
    answer = client.post(form_of(event), TYPED | {"website": "https://spam.example"})
    assert answer["Location"] == form_of(event) + "sent/"
    assert (Registration.objects.count(), OutboxMail.objects.count()) == (0, 0)


def test_address_gets_no_more_than_ten_mails_a_day(client):
    rows = [make_event() for _number in range(11)]
    answers = [client.post(form_of(event), TYPED | {"email": "ASA@example.org"}) for event in rows]
    assert [one.status_code for one in answers] == [302] * 10 + [429]
    assert OutboxMail.objects.count() == 10
    assert 'value="Åsa Ek"' in text(answers[-1])
    assert int(answers[-1]["Retry-After"]) > 3600


def test_limits_of_an_address_are_its_own(client):
    event = make_event()
    answers = [client.post(form_of(event), TYPED | {"email": f"p{number}@example.org"}) for number in range(12)]
    assert {one.status_code for one in answers} == {302}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "postponed", "starts_at": None, "ends_at": None}, "postponed"),
        ({"status": "cancelled"}, "cancelled"),
        ({"status": "held"}, "over"),
        ({"entry": "none"}, "no registration here"),
        ({"registration_opens_at": timezone.now() + timedelta(days=1)}, "not open yet"),
        ({"registration_closes_at": timezone.now() - timedelta(days=1)}, "Registration is closed"),
    ],
)
def test_closed_registration_is_explained_and_takes_nothing(client, values, words):
    event = make_event()
    Event.objects.filter(pk=event.pk).update(**values)
    shown, sent = client.get(form_of(event)), client.post(form_of(event), TYPED)
    assert (shown.status_code, sent.status_code, Registration.objects.count()) == (200, 409, 0)
    assert words in text(shown)
    assert "<textarea" not in text(shown)


def test_registration_that_closes_while_typing_is_told(client, monkeypatch):
    event = make_event()
    monkeypatch.setattr("events.views.registering.closed_because", lambda event: "")
    Event.objects.filter(pk=event.pk).update(status="cancelled")
    assert client.post(form_of(event), TYPED).status_code == 409


def test_full_event_tells_how_many_wait_before_anything_is_typed(client):
    event = make_event(seats=1)
    for number in range(3):
        enter(event, f"p{number}@example.org")
    assert "full; 2 people wait" in text(client.get(form_of(event)))


def test_full_event_without_waiting_list_has_no_form(client):
    event = make_event(seats=1)
    event.pools.update(has_waiting_list=False)
    before = text(client.get(form_of(event)))
    enter(event, "a@example.org")
    after = client.get(form_of(event))
    assert ("1 place is free" in before, "<textarea" in before) == (True, True)
    assert "there is no waiting list" in text(after)
    assert ("<textarea" in text(after), client.post(form_of(event), TYPED).status_code) == (False, 409)


@pytest.mark.parametrize("values", [{"published": False}, {"visibility": "network"}])
def test_hidden_event_has_no_form(client, values):
    event = make_event(**values)
    assert client.get(form_of(event)).status_code == client.post(form_of(event), TYPED).status_code == 404


def test_form_takes_a_constant_number_of_questions(client, django_assert_max_num_queries):
    def questions(count):
        event = make_event(networks=[make_network()], mode="hybrid")
        for number in range(count):
            make_session(event, f"Session {number}", kind="breakout", seats=1)
            Membership.objects.create(network=event.networks.get(), city=make_city(f"City {number}"))
        with django_assert_max_num_queries(40) as asked:
            client.get(form_of(event))
        return len(asked)

    client.get(form_of(make_event()))
    assert questions(1) == questions(3)


def test_form_and_sent_page_are_kept_by_nobody(client):
    event = make_event()
    for address in (form_of(event), form_of(event) + "sent/"):
        answer = client.get(address)
        assert "no-store" in answer["Cache-Control"]
        assert '<meta name="robots" content="noindex">' in text(answer)


def test_page_weighs_less_than_100_kb_with_many_cities(client):
    for number in range(400):
        make_city(f"A city with rather a long name {number}")
    assert len(client.get(form_of(make_event(languages=["en", "fr"]))).content) < 100_000


@pytest.mark.parametrize(("origin", "is_kept"), [("http://testserver", True), ("https://evil.example", False)])
def test_form_without_its_token_keeps_what_this_site_sent(origin, is_kept):
    event = make_event()
    answer = Client(enforce_csrf_checks=True).post(
        form_of(event), TYPED | {"message": "My long message"}, headers={"Origin": origin}
    )
    assert (answer.status_code, Registration.objects.count()) == (403, 0)
    assert ("My long message" in text(answer), "csrfmiddlewaretoken" in text(answer)) == (is_kept, is_kept)


# Locked seats ------------------------------------------------------------------------------------


@pytest.fixture
def locked(monkeypatch):
    """Somebody holds the seats of an event from another connection."""
    monkeypatch.setattr("events.services.seats.LOCK_TIMEOUT_MS", 100)

    def lock(event):
        other = connection.copy()
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM events_seatpool WHERE event_id = %s FOR UPDATE", [event.pk])
        opened.append(other)

    opened = []
    yield lock
    for other in opened:
        other.rollback()
        other.close()


@pytest.mark.django_db(transaction=True)
def test_locked_seats_keep_all_that_was_typed(client, locked):
    event = make_event(seats=1)
    locked(event)
    answer = client.post(form_of(event), TYPED | {"message": "My long message"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert all(part in text(answer) for part in ("My long message", "Åsa Ek", "Nothing is lost"))
    assert Registration.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_locked_seats_give_the_button_back(client, locked):
    event = make_event(seats=1, mode="hybrid")
    row = make_registration(event)
    locked(event)
    answer = client.post(link(row, "registration-mode"), {"mode": "online"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert '<input type="hidden" name="mode" value="online">' in text(answer)


@pytest.mark.django_db(transaction=True)
def test_locked_seats_leave_the_address_to_be_confirmed_again(client, locked):
    event = make_event(seats=1)
    row = unverified(event)
    locked(event)
    answer = client.post(link(row, "confirm"))
    row.refresh_from_db()
    assert (answer.status_code, answer["Retry-After"], row.state) == (503, "5", State.UNVERIFIED)


# Confirming --------------------------------------------------------------------------------------


def unverified(event, email="a@example.org"):
    return make_registration(event, email, state="unverified", seat=False)


def test_confirm_page_asks_and_button_acts(client):
    row = unverified(make_event(seats=1))
    shown = client.get(link(row, "confirm"))
    row.refresh_from_db()
    before = row.state
    answer = client.post(link(row, "confirm"))
    row.refresh_from_db()
    assert (shown.status_code, before) == (200, State.UNVERIFIED)
    assert (answer.status_code, answer["Location"], row.state) == (302, link(row), State.CONFIRMED)


def test_confirm_page_says_what_is_done_already(client):
    row = make_registration(make_event())
    shown = text(client.get(link(row, "confirm")))
    assert "The address is confirmed already." in shown
    assert client.post(link(row, "confirm"))["Location"] == link(row)


@pytest.mark.parametrize(("status", "words"), [("cancelled", "The event is cancelled."), ("held", "is over")])
def test_confirm_page_of_an_event_that_ended_has_no_button(client, status, words):
    event = make_event()
    row = unverified(event)
    Event.objects.filter(pk=event.pk).update(status=status)
    shown, sent = client.get(link(row, "confirm")), client.post(link(row, "confirm"))
    assert (shown.status_code, sent.status_code) == (200, 409)
    assert all(
        words in text(one) and "<form" not in text(one).partition("<main")[2].partition("</main")[0]
        for one in (shown, sent)
    )
    row.refresh_from_db()
    assert row.state == State.UNVERIFIED


# The own page ------------------------------------------------------------------------------------


def test_own_page_tells_its_origin_only_and_is_kept_by_nobody(client):
    answer = client.get(link(make_registration(make_event())))
    assert answer["Referrer-Policy"] == "strict-origin"
    assert "no-store" in answer["Cache-Control"]
    assert '<meta name="robots" content="noindex">' in text(answer)
    assert "Whoever has the link to this page can do here what you can" in text(answer)


BUTTONS = {
    "registration-withdraw": (),
    "registration-accept": (1,),
    "registration-decline": (1,),
    "registration-mode": (),
    "registration-sessions": (),
    "registration-details": (),
    "registration-wishes": (),
    "registration-calendar": (),
}


def test_wrong_link_opens_nothing(client):
    row = make_registration(make_event())
    closed = link(row)
    Registration.objects.update(token_version=1)
    wrong = reverse("events:manage", args=[row.uid, "0" * 40])
    stranger = reverse("events:manage", args=[uuid4(), token_of(row)])
    assert [client.get(address).status_code for address in (closed, wrong, stranger)] == [404] * 3
    posts = [
        client.post(reverse(f"events:{name}", args=[row.uid, "0" * 40, *args])).status_code
        for name, args in BUTTONS.items()
    ]
    assert posts == [404] * len(BUTTONS)
    assert Registration.objects.get().state == State.CONFIRMED


@pytest.mark.parametrize("name", BUTTONS)
def test_buttons_are_not_pressed_by_reading_nor_by_other_sites(name):
    row = make_registration(make_event(mode="hybrid"))
    address = link(row, name, *BUTTONS[name])
    client = Client(enforce_csrf_checks=True)
    answers = [client.get(address), client.head(address), client.post(address, {"mode": "online"})]
    assert [one.status_code for one in answers] == [405, 405, 403]
    row.refresh_from_db()
    assert (row.state, row.mode) == (State.CONFIRMED, "in-person")


def test_button_works_without_account_and_with_the_token_of_the_page():
    row = make_registration(make_event())
    client = Client(enforce_csrf_checks=True)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text(client.get(link(row))))[1]
    client.post(link(row, "registration-withdraw"), {"csrfmiddlewaretoken": token})
    row.refresh_from_db()
    assert row.state == State.WITHDRAWN


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("unverified", "Your address is not confirmed yet."),
        ("awaiting-approval", "The hosts decide about your registration."),
        ("confirmed", "You have a place on site."),
        ("declined", "You could not be admitted."),
        ("lapsed", "You did not answer in time, and the place went to the next person."),
        ("withdrawn", "You have withdrawn."),
        ("removed", "The hosts have removed this registration."),
        ("attended", "You took part."),
        ("no-show", "You were not seen at the event."),
        ("event-cancelled", "The event is cancelled."),
    ],
)
def test_own_page_says_how_one_stands(client, state, words):
    row = make_registration(make_event(), state=state)
    assert f"<h1>{words}" in text(client.get(link(row)))


def test_own_page_tells_the_place_in_the_queue(client):
    event = make_event(seats=1)
    rows = [enter(event, f"p{number}@example.org") for number in range(4)]
    pages = [text(client.get(link(row))) for row in rows]
    assert "You have a place on site." in pages[0]
    found = [f"<h1>You are number {number} on the waiting list.</h1>" in page for number, page in enumerate(pages)]
    assert found == [False, True, True, True]


def offered():
    event = make_event(seats=1)
    event.pools.update(offer_hours=24)
    first, second = enter(event, "a@example.org"), enter(event, "b@example.org")
    registering.withdraw(first)
    return event, Registration.objects.get(pk=second.pk)


def test_offer_is_accepted_by_its_button(client):
    event, row = offered()
    shown = text(client.get(link(row)))
    answer = client.post(link(row, "registration-accept", event.pools.get().pk), follow=True)
    assert "A place is kept for you until" in shown
    assert "Yes, I take the place" in shown
    assert "You have a place on site." in text(answer)


def test_offer_is_declined_by_its_button(client):
    event, row = offered()
    client.post(link(row, "registration-decline", event.pools.get().pk))
    row.refresh_from_db()
    assert row.state == State.WITHDRAWN


def test_offer_that_ended_is_told_and_has_no_button(client, time_machine):
    event, row = offered()
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    shown = text(client.get(link(row)))
    answer = client.post(link(row, "registration-accept", event.pools.get().pk))
    assert "The offer has ended" in shown
    assert "Yes, I take the place" not in shown
    assert (answer.status_code, "This offer has ended" in text(answer)) == (409, True)


def test_pool_of_another_event_is_not_there(client):
    row, other = make_registration(make_event()), make_event()
    assert client.post(link(row, "registration-accept", other.pools.get().pk)).status_code == 404


def test_postponed_event_puts_on_hold_and_shows_no_secret(client):
    event = make_event(mode="online", online_link="https://meet.example/secret")
    row = make_registration(event)
    DatePoll.objects.create(event=event, closes_at=timezone.now() + timedelta(days=3))
    before = text(client.get(link(row)))
    Event.objects.filter(pk=event.pk).update(status="postponed", starts_at=None, ends_at=None)
    after = text(client.get(link(row)))
    assert ("meet.example/secret" in before, "meet.example/secret" in after) == (True, False)
    assert "The event is postponed. Your registration is on hold." in after
    assert "Withdraw my registration" in after


def test_new_date_asks_before_it_shows_anything(client):
    event = make_event(mode="online", online_link="https://meet.example/secret")
    row = make_registration(event, reconfirm_until=timezone.now() + timedelta(days=3))
    page = text(client.get(link(row)))
    assert "There is a new date, and your answer is awaited." in page
    assert "meet.example/secret" not in page


@pytest.mark.parametrize("state", ["unverified", "awaiting-approval", "withdrawn", "declined", "removed", "lapsed"])
def test_links_are_for_people_with_a_place(client, state):
    event = make_event(mode="online", online_link="https://meet.example/secret")
    room = make_room(event, kind="virtual", join_link="https://meet.example/room")
    make_session(event, room=room)
    with_place, without = make_registration(event), make_registration(event, state=state)
    pages = [text(client.get(link(row))) for row in (with_place, without)]
    assert [("meet.example/secret" in page, "meet.example/room" in page) for page in pages] == [
        (True, True),
        (False, False),
    ]


def test_waiting_person_sees_no_link(client):
    event = make_event(mode="online", online_seats=1, online_link="https://meet.example/secret")
    rows = [enter(event, f"p{number}@example.org", mode="online") for number in range(2)]
    assert ["meet.example/secret" in text(client.get(link(row))) for row in rows] == [True, False]


def test_group_room_is_shown_to_those_of_the_group(client):
    event = make_event(mode="online")
    session = make_session(event, "Workshops", kind="breakout", seats=9)
    groups = [
        make_group(session, f"Group {number}", room=make_room(event, join_link=f"https://meet.example/{number}"))
        for number in range(2)
    ]
    row = make_registration(event)
    row.allocations.create(pool=session.pool, state="held")
    GroupPlace.objects.create(registration=row, session=session, group=groups[1])
    page = text(client.get(link(row)))
    assert ["meet.example/0" in page, "meet.example/1" in page, "Group 1" in page] == [False, True, True]


def test_withdrawing_gives_the_seat_to_the_next(client):
    event = make_event(seats=1)
    first, second = enter(event, "a@example.org"), enter(event, "b@example.org")
    answer = client.post(link(first, "registration-withdraw"), follow=True)
    second.refresh_from_db()
    assert "You have withdrawn." in text(answer)
    assert "Register again" in text(answer)
    assert second.state == State.CONFIRMED


def test_mode_is_changed_by_its_button(client):
    row = enter(make_event(mode="hybrid", seats=1, online_seats=5), "a@example.org")
    answer = client.post(link(row, "registration-mode"), {"mode": "online"}, follow=True)
    row.refresh_from_db()
    assert (row.mode, "You have a place online." in text(answer)) == ("online", True)


def test_mode_that_is_full_is_waited_for_and_left(client):
    event = make_event(mode="hybrid", seats=1)
    enter(event, "a@example.org")
    row = enter(event, "b@example.org", mode="online")
    answer = client.post(link(row, "registration-mode"), {"mode": "in-person"}, follow=True)
    assert "You have a place online." in text(answer)
    assert "You are number 1 on the waiting list." in text(answer)
    client.post(link(row, "registration-decline", event.pools.get(kind="in-person").pk))
    row.refresh_from_db()
    assert row.state == State.CONFIRMED
    assert not row.allocations.filter(state="waiting").exists()


def test_mode_that_is_not_offered_is_refused(client):
    row = enter(make_event(), "a@example.org")
    assert client.post(link(row, "registration-mode"), {"mode": "online"}).status_code == 409


def test_sessions_are_chosen_and_given_back(client):
    event = make_event()
    first, second = (make_session(event, f"Session {number}", kind="breakout", seats=1) for number in range(2))
    row = enter(event, "a@example.org")
    client.post(link(row, "registration-sessions"), {"sessions": [first.pk]})
    client.post(link(row, "registration-sessions"), {"sessions": [second.pk]})
    seats = row.allocations.filter(pool__kind="breakout").order_by("pool__session").values_list("state", flat=True)
    assert list(seats) == ["released", "held"]
    assert client.post(link(row, "registration-sessions"), {"sessions": ["0"]}).status_code == 422


def test_session_that_is_full_is_told(client):
    event = make_event()
    session = make_session(event, "Youth", kind="breakout", seats=1)
    session.pool.has_waiting_list = False
    session.pool.save()
    rows = [enter(event, f"p{number}@example.org") for number in range(2)]
    answers = [
        client.post(link(row, "registration-sessions"), {"sessions": [session.pk]}, follow=True) for row in rows
    ]
    assert ["No place is left in Youth." in text(answer) for answer in answers] == [False, True]


def test_details_are_changed_but_not_the_address(client):
    row = make_registration(make_event(languages=["en", "fr"]), "a@example.org")
    typed = {"name": "New Name", "language": "fr", "spoken": ["fr"], "needs_diet": "Nuts", "email": "b@example.org"}
    answer = client.post(link(row, "registration-details"), typed)
    row.refresh_from_db()
    assert answer.status_code == 302
    assert (row.name, row.language, row.spoken, row.needs_diet, row.email) == (
        "New Name",
        "fr",
        ["fr"],
        "Nuts",
        "a@example.org",
    )


def test_being_named_is_noted_as_a_consent_and_so_is_its_end(client):
    row = make_registration(make_event())
    found = []
    for ticked in ({"is_listed": "on"}, {}):
        client.post(link(row, "registration-details"), {"name": "Åsa", "language": "sv"} | ticked)
        row.refresh_from_db()
        found.append((row.is_listed, list(row.consents.values_list("kind", "language"))))
    assert found == [(True, [("list", "sv")]), (False, [])]


def test_details_that_are_refused_keep_what_was_typed(client):
    row = make_registration(make_event())
    answer = client.post(link(row, "registration-details"), {"name": "", "language": "en", "message": "My words"})
    assert (answer.status_code, "My words" in text(answer)) == (422, True)


def test_details_of_what_has_ended_are_not_changed(client):
    row = make_registration(make_event(), state="withdrawn")
    answer = client.post(link(row, "registration-details"), {"name": "New", "language": "en"})
    row.refresh_from_db()
    assert (answer.status_code, row.name == "New") == (409, False)


def test_wishes_are_ranked_and_their_gaps_closed(client):
    event = make_event()
    session = make_session(event, "Workshops", kind="breakout", seats=9)
    groups = [make_group(session, f"Group {number}") for number in range(3)]
    row = make_registration(event)
    names = [f"wish-{session.pk}-{rank}" for rank in (1, 2, 3)]
    client.post(link(row, "registration-wishes"), {names[0]: "", names[1]: groups[2].pk, names[2]: groups[0].pk})
    assert list(row.wishes.values_list("rank", "group")) == [(1, groups[2].pk), (2, groups[0].pk)]
    twice = client.post(link(row, "registration-wishes"), {names[0]: groups[0].pk, names[1]: groups[0].pk})
    assert (twice.status_code, "Choose each group once." in text(twice)) == (422, True)


def test_group_of_another_event_is_no_choice(client):
    event = make_event()
    session = make_session(event, "Workshops", kind="breakout", seats=9)
    make_group(session, "One")
    make_group(session, "Two")
    foreign = make_group(make_session(make_event(), "Other", kind="breakout", seats=9), "Foreign")
    row = make_registration(event)
    answer = client.post(link(row, "registration-wishes"), {f"wish-{session.pk}-1": foreign.pk})
    assert (answer.status_code, row.wishes.count()) == (422, 0)


def test_calendar_is_mailed_by_its_button_and_shown_to_nobody_else(client):
    row = make_registration(make_event(), "ASA@example.org")
    client.get(link(row))
    before = PersonalCalendar.objects.count()
    for _round in range(2):
        client.post(link(row, "registration-calendar"))
    [told] = OutboxMail.objects.filter(kind="events/my-calendar")
    assert (told.recipient, told.link in told.text) == ("ASA@example.org", True)
    assert client.get(told.link.removeprefix(configured.SITE_URL)).status_code == 200
    assert "/events/calendar/" not in client.get(link(row)).content.decode()
    client.post(link(make_registration(make_event(), state="unverified"), "registration-calendar"))
    assert (before, [one.email for one in PersonalCalendar.objects.all()]) == (0, ["ASA@example.org"])


# The workspace -----------------------------------------------------------------------------------


def test_my_events_are_those_of_the_account_and_of_its_address(client):
    person = make_person("asa@example.org")
    by_person = make_registration(make_event(title_en="By account"), "old@example.org", person=person)
    by_address = make_registration(make_event(title_en="By address"), "ASA@example.org")
    make_registration(make_event(title_en="Of another"), "bo@example.org")
    past = make_registration(make_event(title_en="Withdrawn from"), "asa@example.org", state="withdrawn")
    client.force_login(person)
    answer = client.get(reverse("event_desk:mine"))
    assert {one.registration for one in answer.context["upcoming"]} == {by_person, by_address}
    assert [one.registration for one in answer.context["past"]] == [past]
    assert link(by_address) in text(answer)


def test_my_events_need_an_account(client):
    assert client.get(reverse("event_desk:mine")).status_code == 302


def test_unverified_address_shows_nothing_of_others(client):
    person = make_person("asa@example.org")
    person.emailaddress_set.update(verified=False)
    make_registration(make_event(), "asa@example.org")
    client.force_login(person)
    assert client.get(reverse("event_desk:mine")).context["upcoming"] == []


def test_my_events_ask_the_same_for_one_and_three(client, django_assert_max_num_queries):
    person = make_person("asa@example.org")
    client.force_login(person)

    def questions():
        with django_assert_max_num_queries(40) as asked:
            client.get(reverse("event_desk:mine"))
        return len(asked)

    make_registration(make_event(), person.email)
    client.get(reverse("event_desk:mine"))
    one = questions()
    make_registration(make_event(city=make_city()), person.email)
    make_registration(make_event(), person.email, state="waitlisted")
    assert questions() == one


def test_offer_and_new_date_wait_for_their_person(client):
    person = make_person("asa@example.org")
    event = make_event(seats=1)
    event.pools.update(offer_hours=24)
    first = enter(event, "a@example.org")
    row = enter(event, person.email)
    assert waiting_for(person) == []
    registering.withdraw(first)
    moved = make_registration(make_event(), person.email, reconfirm_until=timezone.now() + timedelta(days=2))
    found = waiting_for(person)
    assert [entry.url for entry in found] == [link(row), link(moved)]
    assert found[0].note.startswith("A place is kept for you until")
    assert waiting_for(make_person("bo@example.org")) == []
