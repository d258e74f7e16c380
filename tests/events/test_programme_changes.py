"""Changes of sessions, rooms and groups: whoever is concerned gets one mail for all that changes within minutes."""

from datetime import time, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from common.outbox.sending import claim
from events.models import GroupPlace
from events.services import registering
from events.services.agenda import concerned, note_programme_change
from tests.events.conftest import make_coordinator
from tests.events.factories import make_event, make_group, make_registration, make_room, make_session
from tests.factories import make_network

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(network):
    return make_event(networks=[network], title_en="Trust")


@pytest.fixture
def session(event):
    return make_session(event, "Rooms", kind="breakout")


def seated(session, group=None, **values):
    """Somebody who holds a seat of a session, and a place in a group of it."""
    row = make_registration(session.event, **values)
    row.allocations.create(pool=session.pool, state="held")
    if group:
        GroupPlace.objects.create(registration=row, session=session, group=group)
    return row


def mails():
    return OutboxMail.objects.filter(kind="events/programme-changed").order_by("pk")


def change(record, *fields, event=None, actor=None):
    event = event or (record.session.event if hasattr(record, "session") else record.event)
    note_programme_change(event, actor=actor, people=concerned(record, fields))


# Who is concerned --------------------------------------------------------------------------------


def test_time_of_a_session_concerns_who_holds_a_seat_or_a_place_in_it(event, session):
    group = make_group(session)
    held, placed = seated(session), seated(session, group)
    only_placed = make_registration(event)
    GroupPlace.objects.create(registration=only_placed, session=session, group=group)
    waiting = make_registration(event)
    waiting.allocations.create(pool=session.pool, state="waiting", position=1)
    seated(make_session(event, "Other", kind="breakout"))
    assert concerned(session, {"start_time"}) == {held.pk, placed.pk, only_placed.pk}


def test_room_of_a_session_concerns_only_who_does_not_meet_elsewhere(event, session):
    here, there = make_group(session), make_group(session, room=make_room(event, "Own"))
    unplaced, in_session_room = seated(session), seated(session, here)
    seated(session, there)
    assert concerned(session, {"room"}) == {unplaced.pk, in_session_room.pk}


def test_link_of_a_room_concerns_its_groups_and_sessions(event):
    room, other = make_room(event, "Blue"), make_room(event, "Red")
    session = make_session(event, "Rooms", kind="breakout", room=other)
    later = make_session(event, "Later", kind="breakout", room=room)
    in_group = seated(session, make_group(session, room=room))
    in_session = seated(later)
    seated(session)
    seated(later, make_group(later, room=other))
    assert concerned(room, {"join_link"}) == {in_group.pk, in_session.pk}


def test_room_of_a_group_concerns_its_people(session):
    one, other = make_group(session), make_group(session, "Other")
    person = seated(session, one)
    seated(session, other)
    assert (concerned(one, {"room"}), concerned(one)) == ({person.pk}, {person.pk})


def test_other_texts_and_past_sessions_concern_nobody(event, session):
    seated(session, group := make_group(session, room=(room := make_room(event))))
    for record, fields in ((session, {"title_en"}), (group, {"title_en"}), (room, {"capacity", "accessibility_en"})):
        assert concerned(record, fields) == set()
    past = timezone.now() - timedelta(hours=1)
    type(session).objects.filter(pk=session.pk).update(starts_at=past - timedelta(hours=1), ends_at=past)
    session.refresh_from_db()
    for record, fields in ((session, {"start_time"}), (group, {"room"}), (room, {"join_link"})):
        assert concerned(record, fields) == set()


# The mail ----------------------------------------------------------------------------------------


def test_changes_of_minutes_are_one_mail_with_the_latest_state(event, session, coordinator):
    room = make_room(event, "Blue", join_link="https://meet.example/old")
    group = make_group(session, "Parents", room=room)
    row = seated(session, group)
    room.join_link = "https://meet.example/new"
    room.save()
    change(room, "join_link", event=event, actor=coordinator)
    first = mails().get()
    session.start_time = time(9)
    session.derive_times()
    session.save()
    change(session, "start_time", event=event, actor=coordinator)
    mail = mails().get()
    assert (mail.pk, mail.recipient, mail.not_before) == (first.pk, row.email, first.not_before)
    assert timedelta(minutes=9) < mail.not_before - timezone.now() <= timedelta(minutes=10)
    assert ("Rooms – Parents – Blue – https://meet.example/new" in mail.text, "/old" in mail.text) == (True, False)
    assert ("09:00" in mail.text, "10:00 (" in mail.text) == (True, False)
    assert "METHOD:REQUEST" in mail.calendar
    event.refresh_from_db()
    assert event.sequence == 2
    assert "https://meet.example/new" in mail.calendar.replace("\r\n ", "")


def test_mail_leaves_after_the_burst_and_the_next_change_begins_another(event, session, coordinator):
    seated(session)
    change(session, "start_time", event=event, actor=coordinator)
    assert claim(timezone.now()) == []
    mail = mails().get()
    assert claim(mail.not_before + timedelta(seconds=1)) == [mail]
    change(session, "start_time", event=event, actor=coordinator)
    assert (mails().count(), mails().last().state) == (2, "waiting")


@pytest.mark.parametrize("status", ["draft", "held", "cancelled"])
def test_event_that_is_not_ahead_mails_nobody(network, coordinator, status):
    event = make_event(networks=[network])
    seated(session := make_session(event, kind="breakout"))
    type(event).objects.filter(pk=event.pk).update(status=status)
    event.refresh_from_db()
    note_programme_change(event, actor=coordinator, people=concerned(session, {"start_time"}))
    assert concerned(session, {"start_time"}) != set()
    assert mails().count() == 0


def test_nobody_without_a_place_is_told(event, session, coordinator):
    seated(session, reconfirm_until=timezone.now() + timedelta(days=1))
    seated(session, state="withdrawn", seat=False)
    told = seated(session)
    change(session, "day", event=event, actor=coordinator)
    assert [mail.recipient for mail in mails()] == [told.email]


def test_who_withdraws_meanwhile_is_not_told_of_rooms(event, session, coordinator):
    row, stays = seated(session), seated(session)
    change(session, "start_time", event=event, actor=coordinator)
    registering.withdraw(row)
    assert dict(mails().values_list("recipient", "state")) == {row.email: "cancelled", stays.email: "waiting"}


def test_mail_is_in_the_persons_language(event, session, coordinator):
    seated(session, language="ar")
    change(session, "start_time", event=event, actor=coordinator)
    mail = mails().get()
    assert (mail.language, 'dir="rtl"' in mail.html, "/ar/events/registration/" in mail.text) == ("ar", True, True)


# By way of the admin -----------------------------------------------------------------------------


def test_admin_tells_of_a_new_link_and_not_of_places(client, event, session, coordinator):
    room = make_room(event, "Blue")
    row = seated(session, make_group(session, room=room))
    client.force_login(coordinator)
    page = reverse("admin:events_room_change", args=[room.pk])
    values = {"name_en": "Blue", "kind": "physical", "order": 0}
    assert client.post(page, values | {"capacity": 9, "name_fr": "Bleue"}).status_code == 302
    assert mails().count() == 0
    new = values | {"capacity": 9, "name_fr": "Bleue", "join_link": "https://meet.example/x"}
    assert client.post(page, new).status_code == 302
    assert [mail.recipient for mail in mails()] == [row.email]


def test_admin_tells_of_a_room_that_is_deleted(client, event, session, coordinator):
    room = make_room(event, "Blue")
    row = seated(session, make_group(session, "Parents", room=room))
    client.force_login(coordinator)
    client.post(reverse("admin:events_room_delete", args=[room.pk]), {"post": "yes"})
    mail = mails().get()
    assert (mail.recipient, "Rooms – Parents" in mail.text, "Blue" in mail.text) == (row.email, True, False)


def test_coordinator_of_another_network_tells_nobody(client, event, session):
    room = make_room(event, "Blue")
    seated(session, make_group(session, room=room))
    client.force_login(make_coordinator(make_network()))
    page = reverse("admin:events_room_change", args=[room.pk])
    client.post(page, {"name_en": "Blue", "kind": "physical", "order": 0, "join_link": "https://meet.example/x"})
    room.refresh_from_db()
    assert (room.join_link, mails().count()) == ("", 0)
