"""Pages about everybody who takes part cost as much for two hundred people as for twenty."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from events.models import Attendance, Registration, SeatAllocation
from events.rooms import board
from tests.events.factories import make_event, make_group, make_session
from tests.factories import make_network, make_person

pytestmark = pytest.mark.django_db


def add(event, pool, count, *, state="confirmed", seat="held"):
    first = event.registrations.count()
    rows = Registration.objects.bulk_create(
        Registration(
            event=event, email=f"p{n}@example.org", name=f"Åsa {n:04}", mode="in-person", state=state, language="en"
        )
        for n in range(first, first + count)
    )
    SeatAllocation.objects.bulk_create(
        SeatAllocation(registration=row, pool=pool, state=seat, position=first + number if seat == "waiting" else None)
        for number, row in enumerate(rows, start=1)
    )
    return rows


@pytest.fixture
def event(client):
    event = make_event(networks=[make_network("nordic")])
    client.force_login(make_person("boss@example.org", is_superuser=True, is_staff=True))
    return event


def cost(client, address):
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code == 200
    return len(queries), len(content)


def addresses(event):
    overview = reverse("admin:events_event_overview", args=[event.pk])
    listed = reverse("admin:events_registration_changelist") + f"?event__id__exact={event.pk}"
    desk = [reverse(f"event_desk:{name}", args=[event.pk]) for name in ("check-in", "certificates")]
    return [overview, overview + "?q=åsa", listed, *desk, *(f"{address}?q=asa" for address in desk)]


def test_pages_ask_as_often_and_grow_no_more_for_two_hundred_people_than_for_sixty(client, event):
    pool, costs = event.pools.get(), []
    for count in (60, 140):
        for row in add(event, pool, count):
            Attendance.objects.create(registration=row, source="manual")
        costs.append([cost(client, address) for address in addresses(event)])
    few, many = costs
    assert [queries for queries, _size in many] == [queries for queries, _size in few]
    assert all(size < 1.1 * before for (_few, before), (_many, size) in zip(few, many, strict=True))


def test_waiting_list_shows_the_first_hundred_and_counts_all(client, event):
    pool, costs = event.pools.get(), []
    address = reverse("admin:events_event_overview", args=[event.pk])
    for count in (110, 90):
        add(event, pool, count, state="waitlisted", seat="waiting")
        costs.append(cost(client, address)[0])
    [queue] = client.get(address).context["queues"]
    assert (queue["count"], [place for place, *_who in queue["entries"]]) == (200, list(range(1, 101)))
    assert costs[0] == costs[1]


def test_planner_shows_the_first_of_each_group_and_finds_the_others(client, event):
    session = make_session(event, kind="breakout")
    for _one in range(3):
        make_group(session)
    rows = add(event, session.pool, 450)
    found = board(session)
    assert (found.count, len(found.shown), found.left_out) == (450, 100, 350)
    address = reverse("event_desk:planner-session", args=[event.pk, session.pk])
    assert f'id="person-{rows[-1].pk}"' not in client.get(address).content.decode()
    assert f'id="person-{rows[-1].pk}"' in client.get(address + "?q=asa+0449").content.decode()
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    SeatAllocation.objects.filter(registration__in=rows[20:]).delete()
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    assert (len(queries), board(session).left_out) == (len(few), 0)


def test_check_in_finds_and_marks_somebody_on_the_last_page(client, event):
    rows = add(event, event.pools.get(), 130)
    address = reverse("event_desk:check-in", args=[event.pk])
    last = client.get(address + "?page=3")
    assert [one.pk for one in last.context["page"]] == [row.pk for row in rows[100:]]
    client.post(address, {"registration": rows[-1].pk, "page": 3})
    again = client.get(address + "?q=ASA+0129")
    assert [(one.pk, one.is_here) for one in again.context["page"]] == [(rows[-1].pk, True)]
    assert (again.context["here"], again.context["total"]) == (1, 130)
    assert client.post(address, {"registration": "9" * 40}).status_code == 404
