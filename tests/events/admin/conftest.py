"""A coordinator who has signed in, and an event that is not hers."""

import pytest

from tests.events.factories import make_event, make_group, make_registration, make_room, make_series, make_session
from tests.factories import make_city, make_network


@pytest.fixture
def network():
    return make_network("nordic")


@pytest.fixture
def foreign(db):
    """An event, and all that can belong to one, of a network that the coordinator does not keep."""
    event = make_event(networks=[make_network("foreign")], title_en="Foreign secret", source_language="en")
    session = make_session(event, "Foreign session", kind="breakout", seats=3)
    room = make_room(event, "Foreign room")
    group = make_group(session, "Foreign group")
    speaker = event.speakers.create(name="Foreign speaker")
    recording = event.recordings.create(url="https://example.org/x", language="en", title_en="Foreign recording")
    practice = event.event_practices.create(title="Foreign practice", city=make_city())
    outcome = event.outcomes.create(title_en="Foreign outcome")
    document = event.documents.create(file="events/documents/x.pdf", language="en", title_en="Foreign document")
    nomination = event.nominations.create(email="foreign@example.org")
    registration = make_registration(event, "foreign-person@example.org")
    return {
        "event": event,
        "eventseries": make_series(networks=event.networks.all(), title_en="Foreign series"),
        "session": session,
        "room": room,
        "breakoutgroup": group,
        "speaker": speaker,
        "recording": recording,
        "eventpractice": practice,
        "outcome": outcome,
        "eventdocument": document,
        "nomination": nomination,
        "registration": registration,
        "seatpool": event.pools.get(kind="in-person"),
    }


@pytest.fixture
def browser(client, coordinator):
    client.force_login(coordinator)
    return client
