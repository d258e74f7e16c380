"""The page of one event in the administration: all that is known of it, with few questions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event, Registration
from tests.events.admin.desk import full_event, overview_of
from tests.events.factories import make_event

pytestmark = pytest.mark.django_db


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
