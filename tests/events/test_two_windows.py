"""Two windows on the same session: what one merely repeats does not undo what the other has done."""

from datetime import time, timedelta
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from events.models import Session
from events.services import admitting, life
from tests.events.factories import make_event, make_registration, make_session

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
    """Opens the form of a session, and sends it later with what was typed there."""
    client.force_login(coordinator)

    def opened(session):
        address = reverse("admin:events_session_change", args=[session.pk])
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
