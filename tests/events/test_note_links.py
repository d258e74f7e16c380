"""Links by which moderators and rapporteurs without an account write the notes of their group, and nothing else."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse

from common.models import OutboxMail
from events.models import MinutesRevision, NoteLink
from events.services import life
from events.services.minutes import ConflictError, save_minutes
from events.services.note_links import MOST, send_note_link, withdraw_note_link
from events.tokens import token_of
from tests.events.conftest import make_coordinator
from tests.events.factories import make_event, make_group, make_registration, make_session
from tests.factories import make_network
from tests.hub.test_methods import digests
from tests.hub.test_permissions import ROLES, expected, people, signed_in  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(network):
    event = make_event(networks=[network], title_en="Trust", title_ar="ثقة")
    return make_group(make_session(event, "Rooms", kind="breakout"), "Parents", title_ar="الأهل")


def send(group, actor, email="rapporteur@example.org", **values):
    return send_note_link(group, actor=actor, **{"email": email, "name": "Rana", "language": "en"} | values)


def page_of(link):
    return reverse("events:group-notes", args=[link.uid, token_of(link, "notes")])


def desk(name, group, *args):
    return reverse(f"event_desk:{name}", args=[group.session.event_id, group.pk, *args])


# Sending and withdrawing -------------------------------------------------------------------------


def test_link_is_mailed_in_the_language_of_its_reader(group, coordinator):
    link = send(group, coordinator, language="ar")
    mail = OutboxMail.objects.get()
    assert (mail.recipient, mail.language, mail.is_secret, mail.kind) == (
        "rapporteur@example.org",
        "ar",
        True,
        "events/note-link",
    )
    assert f"/ar/events/notes/{link.uid}/{token_of(link, 'notes')}/" in mail.text
    assert "الأهل" in mail.subject


def test_sending_again_renews_the_same_link(group, coordinator):
    first = send(group, coordinator)
    again = send(group, coordinator, email="Rapporteur@example.org", language="sv")
    assert (again.pk, page_of(again)) == (first.pk, page_of(first))
    assert NoteLink.objects.get().language == "sv"


def test_link_that_was_withdrawn_is_sent_anew_with_another_secret(client, group, coordinator):
    old = page_of(link := send(group, coordinator))
    withdraw_note_link(link, actor=coordinator)
    new = page_of(send(group, coordinator))
    assert [client.get(page).status_code for page in (old, new)] == [404, 200]
    assert OutboxMail.objects.count() == 2


@pytest.mark.parametrize("status", ["draft", "postponed", "cancelled", "reported", "archived"])
def test_no_link_is_sent_while_notes_are_closed(group, coordinator, status):
    event = group.session.event
    type(event).objects.filter(pk=event.pk).update(
        status=status, **({"starts_at": None, "ends_at": None} if status == "postponed" else {})
    )
    with pytest.raises(ValidationError):
        send(group, coordinator)
    assert not OutboxMail.objects.exists()


def test_group_has_no_more_links_than_it_may(group, coordinator):
    for number in range(MOST):
        send(group, coordinator, email=f"{number}@example.org")
    with pytest.raises(ValidationError):
        send(group, coordinator, email="more@example.org")
    assert send(group, coordinator, email="0@example.org")


def test_links_are_sent_and_withdrawn_by_who_runs_the_event(group, coordinator):
    foreign = make_coordinator(make_network())
    with pytest.raises(PermissionDenied):
        send(group, foreign)
    link = send(group, coordinator)
    with pytest.raises(PermissionDenied):
        withdraw_note_link(link, actor=foreign)
    link.refresh_from_db()
    assert link.withdrawn_at is None


# Writing by a link -------------------------------------------------------------------------------


def test_holder_writes_the_notes_and_is_named(client, group, coordinator):
    link = send(group, coordinator)
    answer = client.post(page_of(link), {"base": 0, "language": "ar", "text": "<p>ثقة</p>"}, follow=True)
    revision = MinutesRevision.objects.get()
    assert (revision.group, revision.author, revision.link, revision.text) == (group, None, link, "<p>ثقة</p>")
    assert answer.redirect_chain == [(page_of(link), 302)]
    assert "Saved." in answer.text
    client.force_login(coordinator)
    assert "<span>Rana</span>" in client.get(desk("notes", group)).text


def test_conflict_shows_both_texts_and_loses_none(client, group, coordinator):
    link = send(group, coordinator)
    write = {"base": 0, "language": "en", "text": "<p>Mine</p>"}
    save_minutes(group.session.event, "<p>Theirs</p>", base=0, language="en", actor=coordinator, group=group)
    refused = client.post(page_of(link), write)
    assert refused.status_code == 422
    assert "<p>Theirs</p>" in refused.text
    assert "&lt;p&gt;Mine&lt;/p&gt;" in refused.text
    client.post(page_of(link), write | {"base": 1})
    assert list(MinutesRevision.objects.order_by("number").values_list("text", flat=True)) == [
        "<p>Theirs</p>",
        "<p>Mine</p>",
    ]


def test_link_writes_no_other_group_and_no_minutes(group, coordinator):
    link = send(group, coordinator)
    event = group.session.event
    for other in (None, make_group(group.session, "Other")):
        with pytest.raises(PermissionDenied):
            save_minutes(event, "<p>x</p>", base=0, language="en", actor=None, group=other, link=link)
    assert not MinutesRevision.objects.exists()


def test_link_withdrawn_meanwhile_saves_nothing(group, coordinator):
    link = send(group, coordinator)
    withdraw_note_link(NoteLink.objects.get(), actor=coordinator)
    with pytest.raises(ValidationError) as caught:
        save_minutes(group.session.event, "<p>x</p>", base=0, language="en", actor=None, group=group, link=link)
    assert caught.value.code == "closed"
    assert not MinutesRevision.objects.exists()


def test_conflict_is_raised_for_links_too(group, coordinator):
    link = send(group, coordinator)
    event = group.session.event
    save_minutes(event, "<p>1</p>", base=0, language="en", actor=None, group=group, link=link)
    with pytest.raises(ConflictError):
        save_minutes(event, "<p>2</p>", base=0, language="en", actor=None, group=group, link=link)


def test_page_is_closed_once_the_report_is_there_and_gives_back_what_was_typed(client, group, coordinator):
    link = send(group, coordinator)
    event = group.session.event
    save_minutes(event, "<p>Secret words</p>", base=0, language="en", actor=coordinator, group=group)
    type(event).objects.filter(pk=event.pk).update(status="held")
    assert "Secret words" in client.get(page_of(link)).text
    life.mark_reported(event, actor=coordinator)
    closed = client.get(page_of(link))
    assert (closed.status_code, "These notes are closed." in closed.text, "Secret words" in closed.text) == (
        200,
        True,
        False,
    )
    refused = client.post(page_of(link), {"base": 1, "language": "en", "text": "<p>Late words</p>"})
    assert (refused.status_code, "Late words" in refused.text) == (422, True)
    assert MinutesRevision.objects.count() == 1


def test_page_is_kept_by_no_cache_and_found_by_no_search_engine(client, group, coordinator):
    answer = client.get(page_of(send(group, coordinator)))
    assert "no-store" in answer["Cache-Control"]
    assert (answer["Referrer-Policy"], answer["X-Robots-Tag"]) == ("strict-origin", "noindex, nofollow")
    assert '<meta name="robots" content="noindex">' in answer.text


def test_page_shows_nothing_of_participants_nor_links_to_join(client, group, coordinator):
    event = group.session.event
    room = event.rooms.create(name_en="Blue", join_link="https://meet.example/secret")
    group.room = room
    group.save()
    make_registration(event, name="Amina Canary")
    text = client.get(page_of(send(group, coordinator))).text
    assert ("Blue" in text, "meet.example" in text, "Canary" in text, "/workspace/" in text) == (
        True,
        False,
        False,
        False,
    )


def test_page_in_arabic_is_right_to_left(client, group, coordinator):
    answer = client.get(page_of(send(group, coordinator)).replace("/en/", "/ar/", 1))
    assert 'dir="rtl"' in answer.text
    assert "ملاحظات" in answer.text


# Who gets what -----------------------------------------------------------------------------------

DOES = "302 302 404 404 404 404 404 302 404 302"


@pytest.fixture
def records(people):  # noqa: F811
    event = make_event(networks=[people["network"]])
    group = make_group(make_session(event, kind="breakout"))
    return group, send(group, people["coordinator"])


@pytest.mark.parametrize("role", ROLES)
def test_desk_sends_and_withdraws_for_those_who_run_the_event(client, people, records, role):  # noqa: F811
    group, link = records
    signed_in(client, people, role)
    promised = expected(DOES)[role]
    sent = {"name": "Nora", "email": "nora@example.org", "language": "fr"}
    assert client.post(desk("notes-link-send", group), sent).status_code == promised
    assert client.post(desk("notes-link-withdraw", group, link.pk)).status_code == promised
    link.refresh_from_db()
    is_done = role in ("coordinator", "admin")
    assert (link.withdrawn_at is not None, group.note_links.count()) == (is_done, 2 if is_done else 1)


@pytest.mark.parametrize("role", ROLES)
def test_page_opens_for_whoever_has_the_link(client, people, records, role):  # noqa: F811
    _group, link = records
    signed_in(client, people, role)
    right = page_of(link)
    wrong = [right.replace(token_of(link, "notes"), token) for token in ("0" * 40, token_of(link))]
    assert [client.get(page).status_code for page in (right, *wrong)] == [200, 404, 404]


def test_link_of_a_group_is_not_withdrawn_by_way_of_another(client, people, records):  # noqa: F811
    group, link = records
    client.force_login(people["admin"])
    other = make_group(group.session)
    assert client.post(desk("notes-link-withdraw", other, link.pk)).status_code == 404


def test_refused_address_keeps_what_was_typed(client, people, records):  # noqa: F811
    group, _link = records
    client.force_login(people["coordinator"])
    refused = client.post(desk("notes-link-send", group), {"name": "Nora", "email": "nora", "language": "fr"})
    assert refused.status_code == 422
    assert ('value="Nora"' in refused.text, 'value="nora"' in refused.text) == (True, True)


def test_reading_changes_nothing(client, people, records):  # noqa: F811
    group, link = records
    client.force_login(people["admin"])
    before = digests()
    for _round in range(2):
        assert client.get(page_of(link)).status_code == client.head(page_of(link)).status_code == 200
        assert client.get(desk("notes-link-send", group)).status_code == 405
        assert client.get(desk("notes-link-withdraw", group, link.pk)).status_code == 405
    assert digests() == before


def test_sending_without_a_token_changes_nothing(people, records):  # noqa: F811
    group, link = records
    client = Client(enforce_csrf_checks=True)
    client.force_login(people["admin"])
    before = digests()
    places = [page_of(link), desk("notes-link-send", group), desk("notes-link-withdraw", group, link.pk)]
    assert [client.post(place).status_code for place in places] == [403, 403, 403]
    assert digests() == before
