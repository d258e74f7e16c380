"""Where the pages of events in the administration are, and what is typed there."""

from datetime import time, timedelta

from django.utils import timezone

from common.models import OutboxMail
from tests.events.factories import make_event, make_group, make_registration, make_reserve, make_room, make_session
from tests.factories import make_city, make_term

LIST = "/admin/events/event/"
ADD = f"{LIST}add/"


def overview_of(event):
    return f"{LIST}{event.pk}/overview/"


def event_data(network, **values):
    return {
        "source_language": "en",
        "title_en": "Youth and dialogue",
        "networks": [network.pk],
        "languages": ["en"],
        "time_zone": "Europe/Rome",
        "mode": "in-person",
        "visibility": "public",
        "entry": "open",
        "fresh_yes_hours": 24,
        "reminder_hours": "168,24",
        "report_due_days": 21,
        "purge_after_days": 30,
        "start_date": "2027-06-15",
        "start_time": "10:00",
        "end_date": "2027-06-15",
        "end_time": "16:00",
    } | values


def save(browser, network, event, **values):
    """The form of an event, sent by somebody who has just opened it."""
    event.refresh_from_db()
    data = event_data(network, seen_at=event.updated_at.isoformat(), **values)
    return browser.post(f"{LIST}{event.pk}/change/", data)


def errors_of(answer):
    return {name: list(texts) for name, texts in answer.context["adminform"].form.errors.items()}


def full_event(network, people=3):
    event = make_event(networks=[network], seats=people, mode="hybrid", online_seats=10, needs_approval=False)
    room = make_room(event, "Great hall", capacity=80)
    make_session(event, "Opening", room=room)
    workshop = make_session(event, "Workshops", kind="breakout", start=time(11), end=time(12), seats=5)
    make_group(workshop, "Schools", room=room)
    pool = event.pools.get(kind="in-person")
    make_reserve(
        pool, stakeholder=make_term("organisation-type"), seats=1, releases_at=timezone.now() + timedelta(days=3)
    )
    for number in range(people):
        make_registration(
            event, name=f"Person {number}", city=make_city(f"City {number}"), needs_diet="Vegan", needs_access="Ramp"
        )
    waiting = make_registration(event, state="waitlisted", name="Who waits")
    waiting.allocations.create(pool=pool, state="waiting", position=1)
    OutboxMail.objects.create(
        kind="x",
        key=f"x{event.pk}",
        recipient="a@example.org",
        language="en",
        subject="A place",
        not_before=timezone.now(),
        message_id="x",
        about=f"event:{event.pk}",
    )
    return event
