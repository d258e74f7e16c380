"""Limits of seats and kept seats in the administration."""

import pytest
from django.db import OperationalError

from events.admin.refusals import LOCKED
from events.models import SeatReserve
from tests.events.admin.desk import overview_of
from tests.events.factories import make_event, make_registration
from tests.factories import make_term

pytestmark = pytest.mark.django_db


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
