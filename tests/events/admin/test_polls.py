"""Asking for dates from the administration while an event has none."""

import pytest

from events.services.life import postpone
from tests.events.admin.desk import LIST
from tests.events.factories import make_event, make_registration
from tests.factories import make_city, make_person

pytestmark = pytest.mark.django_db


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
