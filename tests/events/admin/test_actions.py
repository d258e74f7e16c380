"""What is done with an event from its page: announced, moved, postponed, moved online, cancelled."""

from datetime import date, time, timedelta

import pytest
from django.utils import timezone

from events.admin import doing
from events.models import Event
from tests.events.admin.desk import overview_of
from tests.events.factories import make_event, make_registration
from tests.factories import make_city

pytestmark = pytest.mark.django_db


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
