"""Minutes that lose nothing, notes that flow into them, and what follows from an event."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from common.models import OutboxMail
from common.outbox import queueing
from common.waiting import waiting_for
from events.models import ActionItem, Decision, MinutesRevision, Outcome
from events.services.following_up import mark_done, remind_of_actions
from events.services.minutes import ConflictError, insert_notes, latest_revision, save_minutes
from events.tasks import remind_of_actions as remind_task
from networks.services import grant_role
from tests.events.factories import make_event, make_group, make_session
from tests.factories import make_city, make_network, make_person


@pytest.fixture
def city(db):
    return make_city("Malmö")


@pytest.fixture
def host(city, admin_user):
    network = make_network("hosting", cities=[city])
    person = make_person("host@example.org", name="Hanna")
    grant_role(person, "coordinator", actor=admin_user, network=network)
    person.network = network
    return person


@pytest.fixture
def event(host):
    return make_event(networks=[host.network], title_en="Workshop")


@pytest.fixture
def officer(city, admin_user):
    person = make_person("officer@example.org", language="sv")
    grant_role(person, "focal-point", actor=admin_user, city=city)
    return person


def write(event, actor, text, base, group=None, language="en"):
    return save_minutes(event, text, base=base, language=language, actor=actor, group=group)


# Revisions ---------------------------------------------------------------------------------------


def test_saving_makes_a_revision_upon_its_base(event, host):
    first = write(event, host, "<p>One</p>", 0)
    second = write(event, host, "<p>One</p><p>Two</p>", 1)
    assert [(one.number, one.base, one.author) for one in (first, second)] == [(1, None, host), (2, first, host)]
    assert latest_revision(event) == second


def test_saving_the_same_again_makes_no_revision(event, host):
    first = write(event, host, "<p>One</p>", 0)
    assert write(event, host, "<p>One</p>", 0) == first
    assert MinutesRevision.objects.count() == 1


def test_saving_on_an_old_base_is_refused_and_stores_nothing(event, host):
    write(event, host, "<p>One</p>", 0)
    theirs = write(event, host, "<p>Theirs</p>", 1)
    with pytest.raises(ConflictError) as caught:
        write(event, host, "<p>Mine</p>", 1)
    assert caught.value.latest == theirs
    assert [one.text for one in MinutesRevision.objects.order_by("number")] == ["<p>One</p>", "<p>Theirs</p>"]


def test_saving_cleans_mark_up(event, host):
    found = write(event, host, '<p onclick="x">One<script>alert(1)</script></p>', 0)
    assert found.text == "<p>One</p>"


def test_saving_is_for_who_runs_the_event(event, officer):
    with pytest.raises(PermissionDenied):
        write(event, officer, "<p>One</p>", 0)


def test_notes_of_groups_have_numbers_of_their_own(event, host):
    session = make_session(event, kind="breakout")
    group = make_group(session)
    write(event, host, "<p>Minutes</p>", 0)
    assert write(event, host, "<p>Notes</p>", 0, group=group).number == 1
    with pytest.raises(ValidationError):
        write(make_event(networks=[host.network]), host, "<p>x</p>", 0, group=group)


# Notes into minutes ------------------------------------------------------------------------------


def test_inserting_adds_the_notes_of_all_groups_under_their_titles(event, host):
    session = make_session(event, "Rooms", kind="breakout")
    trust, empty, school = (make_group(session, title) for title in ("Trust <now>", "Silence", "School"))
    write(event, host, "<p>Opening</p>", 0)
    write(event, host, "<p>Be there.</p>", 0, group=trust)
    write(event, host, "<p>Parler.</p>", 0, group=school, language="fr")
    assert insert_notes(event, actor=host) == 2
    assert latest_revision(event).text == (
        "<p>Opening</p><h3>Rooms: Trust &lt;now&gt;</h3><p>Be there.</p><h3>Rooms: School (French)</h3><p>Parler.</p>"
    )
    assert latest_revision(event).number == 2
    assert latest_revision(event, empty) is None


def test_inserting_again_adds_only_what_is_new(event, host):
    session = make_session(event, "Rooms", kind="breakout")
    group, late = make_group(session, "Trust"), make_group(session, "School")
    write(event, host, "<p>Be there.</p>", 0, group=group)
    assert insert_notes(event, actor=host) == 1
    assert insert_notes(event, actor=host) == 0
    write(event, host, "<p>Later.</p>", 0, group=late)
    assert insert_notes(event, actor=host) == 1
    assert latest_revision(event).text == ("<h3>Rooms: Trust</h3><p>Be there.</p><h3>Rooms: School</h3><p>Later.</p>")


def test_inserting_what_does_not_fit_changes_nothing(event, host):
    group = make_group(make_session(event, kind="breakout"))
    write(event, host, f"<p>{'a' * 39_000}</p>", 0)
    write(event, host, f"<p>{'b' * 2_000}</p>", 0, group=group)
    with pytest.raises(ValidationError):
        insert_notes(event, actor=host)
    assert latest_revision(event).number == 1


# The pages ---------------------------------------------------------------------------------------


def test_page_saves_and_shows_the_newest(client, event, host):
    client.force_login(host)
    address = reverse("event_desk:minutes", args=[event.pk])
    response = client.post(address, {"base": 0, "language": "ar", "text": "<p>افتتاح</p>"}, follow=True)
    assert response.context["form"].initial == {"base": 1, "language": "ar", "text": "<p>افتتاح</p>"}
    assert 'lang="ar" dir="rtl"' in response.content.decode()


def test_page_of_a_conflict_shows_both_texts_and_saving_again_keeps_both(client, event, host):
    write(event, host, "<p>One</p>", 0)
    write(event, host, "<p>One from them</p>", 1)
    client.force_login(host)
    address = reverse("event_desk:minutes", args=[event.pk])
    refused = client.post(address, {"base": 1, "language": "en", "text": "<p>One from me</p>"})
    text = refused.content.decode()
    assert refused.status_code == 422
    assert "<p>One from them</p>" in text
    assert "&lt;p&gt;One from me&lt;/p&gt;" in text
    assert '<input type="hidden" name="base" value="2"' in text
    assert MinutesRevision.objects.count() == 2
    client.post(address, {"base": 2, "language": "en", "text": "<p>One from me</p>"})
    assert list(MinutesRevision.objects.order_by("number").values_list("text", flat=True)) == [
        "<p>One</p>",
        "<p>One from them</p>",
        "<p>One from me</p>",
    ]


def test_page_of_a_text_that_is_too_long_keeps_it(client, event, host):
    client.force_login(host)
    address = reverse("event_desk:minutes", args=[event.pk])
    refused = client.post(address, {"base": 0, "language": "en", "text": "a" * 40_001})
    assert refused.status_code == 422
    assert "a" * 40_001 in refused.content.decode()
    assert "Shorten this by 1 character" in refused.content.decode()
    assert MinutesRevision.objects.count() == 0


def test_comparison_shows_words_that_differ(client, event, host):
    write(event, host, "<p>a red house</p>", 0)
    write(event, host, "<p>a blue house</p>", 1)
    client.force_login(host)
    text = client.get(reverse("event_desk:minutes-compare", args=[event.pk])).content.decode()
    assert "</span>red</del>" in text
    assert "</span>blue</ins>" in text


def test_page_holds_one_query_count(client, event, host):
    session = make_session(event, kind="breakout")
    client.force_login(host)

    def count(name):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(reverse(f"event_desk:{name}", args=[event.pk])).status_code == 200
        return len(queries)

    def add(number):
        write(event, host, f"<p>{number}</p>", number - 1)
        write(event, host, f"<p>{number}</p>", 0, group=make_group(session))
        decision = Decision.objects.create(event=event, text=f"Decision {number}", session=session)
        city = make_city(f"City {number}")
        ActionItem.objects.create(event=event, city=city, text="x", decision=decision)
        Outcome.objects.create(event=event, title_en=f"Outcome {number}")

    names = ("minutes", "minutes-compare", "follow-up")
    add(1)
    add(2)
    [count(name) for name in names]
    first = {name: count(name) for name in names}
    add(3)
    add(4)
    assert {name: count(name) for name in names} == first


# Follow-up ---------------------------------------------------------------------------------------


def follow_up(event, name, *args):
    return reverse(f"event_desk:follow-up{name}", args=[event.pk, *args])


def test_decision_is_added_changed_and_deleted(client, event, host):
    client.force_login(host)
    client.post(follow_up(event, "-add", "decision"), {"decision-text": "Meet again", "decision-order": "1"})
    decision = event.decisions.get()
    page = client.get(follow_up(event, "") + f"?edit=decision-{decision.pk}").content.decode()
    assert f'name="decision-{decision.pk}-text"' in page
    changed = {f"decision-{decision.pk}-text": "Meet in May", f"decision-{decision.pk}-order": "1"}
    client.post(follow_up(event, "-change", "decision", decision.pk), changed)
    assert event.decisions.get().text == "Meet in May"
    client.post(follow_up(event, "-delete", "decision", decision.pk))
    assert event.decisions.count() == 0


def test_outcome_is_written_in_the_events_language_whatever_the_pages(client, host):
    event = make_event(networks=[host.network], source_language="fr")
    client.force_login(host)
    client.post(
        f"/sv/workspace/events/{event.pk}/follow-up/outcome/",
        {"outcome-title_fr": "Charte", "outcome-order": "0", "outcome-url": "example.org/charte"},
    )
    outcome = event.outcomes.get()
    assert (outcome.title_fr, outcome.title_sv, outcome.url) == ("Charte", None, "https://example.org/charte")


def test_action_item_refused_keeps_what_was_typed(client, event, host):
    client.force_login(host)
    response = client.post(follow_up(event, "-add", "action"), {"action-text": "Write it up", "action-state": "open"})
    text = response.content.decode()
    assert response.status_code == 422
    assert "Write it up" in text
    assert 'id="id_action-city_error"' in text or "errorlist" in text
    assert event.action_items.count() == 0


def test_action_item_of_a_city_outside_the_networks_is_refused(client, event, host, city):
    client.force_login(host)
    values = {"action-text": "x", "action-state": "open"}
    foreign = client.post(follow_up(event, "-add", "action"), values | {"action-city": make_city("Torino").pk})
    assert foreign.status_code == 422
    assert client.post(follow_up(event, "-add", "action"), values | {"action-city": city.pk}).status_code == 302
    assert event.action_items.get().city == city


@pytest.mark.parametrize("kind", ["decision", "action", "outcome"])
def test_record_of_another_event_is_not_found(client, event, host, city, kind):
    other = make_event(networks=[make_network("other")])
    model = {"decision": Decision, "action": ActionItem, "outcome": Outcome}[kind]
    values = {"decision": {"text": "x"}, "action": {"text": "x", "city": city}, "outcome": {"title_en": "x"}}[kind]
    record = model.objects.create(event=other, **values)
    client.force_login(host)
    assert client.post(follow_up(event, "-change", kind, record.pk)).status_code == 404
    assert client.post(follow_up(event, "-delete", kind, record.pk)).status_code == 404
    assert model.objects.filter(pk=record.pk).exists()
    assert client.get(follow_up(event, "") + f"?edit={kind}-{record.pk}").status_code == 404


# Cities ------------------------------------------------------------------------------------------


def test_focal_point_marks_an_item_of_the_own_city_done_and_open_again(client, event, city, officer):
    item = ActionItem.objects.create(event=event, city=city, text="Write it up")
    client.force_login(officer)
    client.post(reverse("event_desk:action-done", args=[item.pk]))
    item.refresh_from_db()
    assert item.state == "done"
    assert item.closed_at is not None
    client.post(reverse("event_desk:action-done", args=[item.pk]), {"open": "1"})
    item.refresh_from_db()
    assert (item.state, item.closed_at) == ("open", None)


def test_item_is_marked_by_nobody_else_of_any_city(client, event, city, officer, admin_user, host):
    contributor, neighbour = make_person("c@example.org"), make_person("n@example.org")
    grant_role(contributor, "contributor", actor=admin_user, city=city)
    grant_role(neighbour, "focal-point", actor=admin_user, city=make_city("Lund"))
    item = ActionItem.objects.create(event=event, city=city, text="Canary")
    answers = {}
    for person in (make_person("plain@example.org"), contributor, neighbour, host):
        client.force_login(person)
        page = client.get(reverse("event_desk:actions"))
        answers[person.email] = (
            page.status_code,
            "Canary" in page.content.decode(),
            client.post(reverse("event_desk:action-done", args=[item.pk])).status_code,
        )
    item.refresh_from_db()
    assert item.state == "open"
    assert answers == {
        "plain@example.org": (404, False, 404),
        "c@example.org": (200, True, 404),
        "n@example.org": (200, False, 404),
        "host@example.org": (404, False, 404),
    }
    client.logout()
    assert client.get(reverse("event_desk:actions")).status_code == 302
    assert client.post(reverse("event_desk:action-done", args=[item.pk])).status_code == 302


def test_dropped_item_is_not_opened_by_its_city(event, city, officer):
    item = ActionItem.objects.create(event=event, city=city, text="x", state="dropped")
    assert mark_done(item, actor=officer, done=False).state == "dropped"


def test_open_items_wait_for_the_people_of_the_city(event, city, officer):
    ActionItem.objects.create(event=event, city=city, text="Write it up", due_on="2026-12-24")
    ActionItem.objects.create(event=event, city=city, text="Done before", state="done")
    ActionItem.objects.create(event=event, city=make_city("Lund"), text="Of others")
    found = [(entry.title, entry.note) for entry in waiting_for(officer)]
    assert found == [("Write it up", "Action of Malmö, Workshop · due 24 December 2026")]


# Reminders ---------------------------------------------------------------------------------------

NOW = datetime(2027, 3, 10, 6, tzinfo=UTC)
TODAY = NOW.date()


def reminders():
    return list(OutboxMail.objects.order_by("pk").values_list("kind", "recipient"))


def test_reminder_goes_a_week_before_and_once_when_overdue(event, city, officer):
    item = ActionItem.objects.create(event=event, city=city, text="Write it up", due_on=TODAY + timedelta(days=7))
    assert remind_of_actions(NOW - timedelta(days=1)) == 0
    assert reminders() == []
    for days in (0, 1, 7):
        assert remind_of_actions(NOW + timedelta(days=days)) == 1
    assert reminders() == [("events/action-due", "officer@example.org")]
    for days in (8, 9, 30):
        remind_of_actions(NOW + timedelta(days=days))
    assert reminders()[1:] == [("events/action-overdue", "officer@example.org")]
    item.state = "done"
    item.save()
    assert remind_of_actions(NOW + timedelta(days=40)) == 0


def test_reminder_of_a_new_day_goes_again(event, city, officer):
    item = ActionItem.objects.create(event=event, city=city, text="x", due_on=TODAY)
    remind_of_actions(NOW)
    item.due_on = TODAY + timedelta(days=3)
    item.save()
    remind_of_actions(NOW)
    assert len(reminders()) == 2


def test_reminder_goes_to_all_people_of_the_city_in_their_language(event, city, officer, admin_user):
    contributor = make_person("c@example.org", language="ar")
    grant_role(contributor, "contributor", actor=admin_user, city=city)
    ActionItem.objects.create(event=event, city=city, text="Skriv ner det", due_on=TODAY)
    remind_of_actions(NOW)
    mails = {mail.recipient: mail for mail in OutboxMail.objects.all()}
    assert set(mails) == {"officer@example.org", "c@example.org"}
    assert "/sv/workspace/events/actions/" in mails["officer@example.org"].text
    assert "/ar/workspace/events/actions/" in mails["c@example.org"].text
    assert all("Skriv ner det" in mail.text for mail in mails.values())


def test_reminder_that_fails_does_not_stop_the_others(event, city, officer, admin_user, monkeypatch):
    lund = make_city("Lund")
    grant_role(officer, "focal-point", actor=admin_user, city=lund)
    broken = ActionItem.objects.create(event=event, city=city, text="Broken", due_on=TODAY)
    ActionItem.objects.create(event=event, city=lund, text="Fine", due_on=TODAY)
    original = queueing.queue_mail

    def fail(kind, *, key, **values):
        if f":{broken.pk}:" in key:
            raise RuntimeError
        return original(kind, key=key, **values)

    monkeypatch.setattr(queueing, "queue_mail", fail)
    assert remind_of_actions(NOW) == 1
    assert reminders() == [("events/action-due", "officer@example.org")]


def test_task_reminds(event, city, officer):
    ActionItem.objects.create(event=event, city=city, text="x", due_on=timezone.localdate())
    remind_task()
    assert reminders() == [("events/action-due", "officer@example.org")]


@pytest.mark.django_db(transaction=True)
def test_two_who_save_at_once_on_the_same_base_lose_nothing(event, host):
    write(event, host, "<p>One</p>", 0)
    answers = []

    def save(text):
        try:
            answers.append(write(event, host, text, 1).number)
        except ConflictError as error:
            answers.append(f"conflict with {error.latest.number}")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=[f"<p>{name}</p>"]) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["2", "conflict with 2"]
