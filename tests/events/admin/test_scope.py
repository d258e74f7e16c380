"""Each coordinator keeps the events of the own networks, and meets nothing of others."""

import re

import pytest
from django.test import Client

from events.models import Event, Registration
from tests.events.admin.desk import LIST, full_event, overview_of
from tests.events.conftest import make_coordinator
from tests.events.factories import make_event
from tests.factories import make_network

pytestmark = pytest.mark.django_db


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
        client.force_login(make_coordinator(host))
        assert client.get(overview_of(event)).status_code == 200
    client.force_login(make_coordinator(make_network("third")))
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
