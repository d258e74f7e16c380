"""Events and series duplicated from their pages."""

from datetime import date, time

import pytest
from django.urls import reverse

from events.models import Event, EventSeries, EventStep, SeatAllocation
from tests.events.admin.desk import LIST, overview_of
from tests.events.factories import make_event, make_series

pytestmark = pytest.mark.django_db


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
