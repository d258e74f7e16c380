"""Two windows on the same record: what one merely repeats does not undo what the other has done."""

from datetime import time, timedelta
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from events.models import Session
from events.services import admitting, life
from tests.events.factories import make_event, make_registration, make_reserve, make_session

pytestmark = pytest.mark.django_db


class _Form(HTMLParser):
    """What a browser would send of a page's form as it was opened."""

    def __init__(self, page):
        super().__init__()
        self.values, self.select = {}, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        name = attrs.get("name", "")
        if tag == "input" and name and attrs.get("type") != "submit":
            if attrs.get("type") not in ("checkbox", "radio") or "checked" in attrs:
                self.values[name] = attrs.get("value", "")
        elif tag == "select":
            self.select = name
        elif tag == "option" and "selected" in attrs:
            self.values[self.select] = attrs["value"]


@pytest.fixture
def window(client, coordinator):
    """Opens the form of a record in the administration, and sends it later with what was typed there."""
    client.force_login(coordinator)

    def opened(record):
        address = reverse(f"admin:events_{record._meta.model_name}_change", args=[record.pk])
        shown = _Form(client.get(address).content.decode()).values

        def send(**typed):
            answer = client.post(address, shown | typed)
            assert answer.status_code == 302, answer.context["adminform"].form.errors
            return answer

        return send

    return opened


def test_session_form_opened_before_an_override_does_not_undo_it(window, network, coordinator):
    event = make_event(networks=[network])
    session = make_session(event, kind="breakout", seats=1)
    make_registration(event).allocations.create(pool=session.pool, state="held")
    first, second = window(session), window(session)
    admitting.give_seat(make_registration(event), session.pool, actor=coordinator, note="The mayor.")
    first(title_en="Workshops in groups")
    session = Session.objects.get(pk=session.pk)
    assert (session.title_en, session.pool.capacity) == ("Workshops in groups", 2)
    second(seats="7")
    assert event.pools.get(session=session).capacity == 7


def test_session_form_opened_before_the_session_got_seats_leaves_them(window, network):
    session = make_session(make_event(networks=[network]), kind="breakout")
    session.pool.delete()
    first, second = window(Session.objects.get(pk=session.pk)), window(session)
    second(has_seats="on", seats="5")
    first(title_en="Workshops in groups")
    assert Session.objects.get(pk=session.pk).pool.capacity == 5


def test_session_form_opened_before_the_event_moved_does_not_move_its_session_back(window, network, coordinator):
    event = make_event(networks=[network])
    session = make_session(event, start=time(11), end=time(12))
    send, later = window(session), event.start_date + timedelta(days=7)
    when = {"start_date": later, "start_time": time(11), "end_date": later, "end_time": time(17)}
    life.reschedule(event, when, actor=coordinator)
    send(end_time="14:00")
    moved = Session.objects.get(pk=session.pk)
    assert (moved.day, moved.start_time, moved.end_time) == (later, time(12), time(14))


def test_form_of_seats_opened_before_the_event_moved_does_not_move_the_release_back(window, network, coordinator):
    event = make_event(networks=[network])
    reserve = make_reserve(event.pools.get(), releases_at=event.starts_at - timedelta(days=7), seats=2)
    first, second = window(reserve.pool), window(reserve.pool)
    was, later = reserve.releases_date, event.start_date + timedelta(days=7)
    when = {"start_date": later, "start_time": time(10), "end_date": later, "end_time": time(16)}
    life.reschedule(event, when, actor=coordinator)
    first(offer_hours="12", **{"reserves-0-seats": "3"})
    reserve.refresh_from_db()
    assert (reserve.seats, reserve.releases_date) == (3, was + timedelta(days=7))
    second(**{"reserves-0-releases_date": str(was + timedelta(days=2))})
    reserve.refresh_from_db()
    assert (reserve.seats, reserve.releases_date) == (3, was + timedelta(days=2))
