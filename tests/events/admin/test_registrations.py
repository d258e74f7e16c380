"""What hosts decide about registrations, and whom they enter or nominate, on the page of their event."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.models import OutboxMail
from events.admin import doing
from events.models import Nomination
from tests.events.admin.desk import LIST, overview_of
from tests.events.factories import make_event, make_registration, make_series

pytestmark = pytest.mark.django_db


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
