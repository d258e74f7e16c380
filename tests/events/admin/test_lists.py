"""The first page, the list of events, and what waits for a coordinator."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from common.waiting import waiting_for
from events.models import Event, Registration
from tests.events.admin.desk import LIST, overview_of
from tests.events.factories import make_event, make_registration
from tests.factories import make_city, make_person

pytestmark = pytest.mark.django_db


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
