"""Who gets a digest when, and what stands in it."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from events.models import Event, EventStep
from events.services import life
from newsletters import keys, tasks
from newsletters.composing import KEY
from newsletters.models import (
    Claim,
    ConsentEvent,
    Delivery,
    DigestIssue,
    DigestItem,
    Edition,
    News,
    ProviderEvent,
    SavedSearch,
    Subscriber,
    Subscription,
)
from newsletters.services import claiming, digesting, forgetting, leaving, taking_back
from newsletters.services.delivering import Sender, send_due
from newsletters.services.digesting import make_due
from newsletters.services.taking_back import pull_back
from practices.models import Practice
from tests.events.factories import make_event
from tests.factories import make_network, make_person, make_practice, make_term
from tests.newsletters.factories_digests import LONG_AGO, make_interest, make_reader
from vocabularies.models import Scheme

pytestmark = pytest.mark.django_db
MONDAY = datetime(2027, 3, 22, 7, tzinfo=UTC)
"""Eight in the morning in Stockholm."""

DAY, WEEK, MINUTE = timedelta(days=1), timedelta(days=7), timedelta(minutes=1)


def new_practice(title="Night walks", *, at=MONDAY - DAY, language="en", **values):
    texts = {f"title_{language}": title} | values.pop("texts", {})
    return make_practice(language=language, published_at=at, texts=texts, **values)


def new_event(title="Seminar", *, at=MONDAY - DAY, day=date(2027, 6, 15), **values):
    return make_event(title_en=title, published_at=at, day=day, **values)


def step(event, action, at, **changes):
    """Change an event as its desk would, at a moment of the test's own."""
    Event.objects.filter(pk=event.pk).update(**changes)
    return EventStep.objects.create(event=event, action=action, at=at)


def save_search(reader, label, query):
    SavedSearch.objects.create(subscriber=reader, label=label, query=query, created_at=LONG_AGO)


def make_and_send(now):
    """All that is due, which then leaves at once."""
    made = make_due(now)
    Delivery.objects.filter(state="queued").update(state="accepted")
    return made


def told(reader):
    """The titles in each digest of a reader, in the order of the mails and of the text."""
    issues = DigestIssue.objects.filter(subscriber=reader, edition__isnull=False).order_by("pk")
    return [re.findall(r"^\* (.+)$", issue.edition.text, re.MULTILINE) for issue in issues]


def periods(reader):
    return list(DigestIssue.objects.filter(subscriber=reader).order_by("pk").values_list("period", flat=True))


def test_new_practice_and_event_are_one_mail():
    reader = make_reader()
    new_practice()
    new_event()

    made = make_due(MONDAY)

    assert (made.sent, made.empty, made.editions, made.told) == (1, 0, 1, 2)
    assert told(reader) == [["Seminar", "Night walks"]]
    delivery = Delivery.objects.get()
    assert (delivery.subscriber, delivery.state, delivery.campaign) == (reader, "queued", None)
    assert delivery.issue == DigestIssue.objects.get(subscriber=reader, frequency="weekly", period="2027-W12")
    assert delivery.edition == delivery.issue.edition


# When: early, late, twice, not at all ------------------------------------------------------------


def test_run_four_minutes_early_makes_nothing_and_the_next_one_does():
    reader = make_reader()
    new_practice()
    seven = datetime(2027, 3, 22, 6, tzinfo=UTC)

    assert make_due(seven - 4 * MINUTE).sent == 0
    assert periods(reader) == []
    assert make_due(seven).sent == 1
    assert told(reader) == [["Night walks"]]


def test_run_three_hours_late_tells_all():
    reader = make_reader()
    new_practice()
    new_practice("Published meanwhile", at=MONDAY + timedelta(hours=2))

    make_due(MONDAY + timedelta(hours=3))

    assert told(reader) == [["Published meanwhile", "Night walks"]]


def test_run_twice_makes_each_digest_once():
    reader = make_reader()
    new_practice()

    first, second = make_due(MONDAY), make_due(MONDAY)

    assert (first.sent, second.sent, second.told) == (1, 0, 0)
    assert periods(reader) == ["2027-W12"]
    assert Delivery.objects.count() == 1


def test_three_weeks_without_a_run_lose_nothing():
    reader = make_reader()
    for week in range(5):
        new_practice(f"Practice of week {week}", at=MONDAY - DAY + week * WEEK)

    make_and_send(MONDAY)
    make_and_send(MONDAY + 4 * WEEK)

    expected = [f"Practice of week {week}" for week in (4, 3, 2, 1)]
    assert told(reader) == [["Practice of week 0"], expected]
    assert periods(reader) == ["2027-W12", "2027-W16"]


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2027, 10, 31)])
def test_days_on_which_the_clocks_change_have_one_digest_each(day):
    reader = make_reader(practices="daily", events="daily")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    for number in range(12):
        new_practice(f"Practice {number}", at=start + number * timedelta(hours=4))

    for number in range(4 * 24 * 2):
        make_due(start + number * 30 * MINUTE)

    days = [f"{start.date() + number * DAY}" for number in range(4)]
    assert periods(reader) == days
    titles = [title for digest in told(reader) for title in digest]
    assert sorted(titles) == sorted(f"Practice {number}" for number in range(12))


def test_zone_changed_within_a_week_brings_no_second_digest():
    reader = make_reader(zone="Asia/Tokyo")
    new_practice("First")
    monday_in_tokyo = datetime(2027, 3, 21, 22, tzinfo=UTC)

    make_due(monday_in_tokyo)
    reader.time_zone = "America/Los_Angeles"
    reader.save()
    new_practice("Second", at=monday_in_tokyo + timedelta(hours=1))
    # There it is still Sunday of the week before.
    for number in range(9):
        make_due(monday_in_tokyo + timedelta(hours=2) + number * DAY)

    assert told(reader) == [["First"], ["Second"]]
    assert periods(reader) == ["2027-W12", "2027-W13"]


def test_practice_committed_after_the_run_is_told_by_the_next():
    reader = make_reader()
    make_due(MONDAY)
    new_practice(at=MONDAY - MINUTE)

    make_due(MONDAY + MINUTE)
    make_due(MONDAY + WEEK)

    assert periods(reader) == ["2027-W12", "2027-W13"]
    assert told(reader) == [["Night walks"]]


# What: nothing twice, nothing that is gone -------------------------------------------------------


def test_nothing_that_fits_is_recorded_and_not_mailed():
    other = make_term(Scheme.THEME)
    reader = make_reader(interest=make_interest(themes=[other]))
    new_practice()
    new_event()

    made = make_due(MONDAY)

    assert (made.sent, made.empty) == (0, 1)
    assert DigestIssue.objects.get(subscriber=reader).edition is None
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("change", [{"status": "withdrawn"}, {"status": "archived"}, {"visibility": "network"}])
def test_practice_taken_off_before_it_is_sent_is_pulled_back(change):
    reader = make_reader()
    gone, stays = new_practice("Taken off"), new_practice("Stays", at=MONDAY - 2 * DAY)
    make_due(MONDAY)
    Practice.objects.filter(pk=gone.pk).update(**change)

    made = make_due(MONDAY + MINUTE)

    assert (made.pulled, made.sent) == (1, 1)
    assert told(reader) == [["Stays"]]
    assert Delivery.objects.get().edition == DigestIssue.objects.get().edition
    assert set(DigestItem.objects.values_list("news__practice", flat=True)) == {stays.pk}


def test_event_called_off_before_it_is_sent_is_told_as_called_off():
    reader = make_reader()
    event = new_event()
    make_due(MONDAY)
    step(event, "cancelled", MONDAY + MINUTE, status="cancelled")

    make_due(MONDAY + 2 * MINUTE)

    assert told(reader) == [["Cancelled: Seminar"]]


def test_digest_that_is_being_handed_over_is_not_pulled_back():
    make_reader()
    practice = new_practice()
    make_due(MONDAY)
    Delivery.objects.update(state="claimed", claim=Claim.objects.create(lease_until=MONDAY + MINUTE))
    Practice.objects.filter(pk=practice.pk).update(status="withdrawn")
    Subscription.objects.update(state="unsubscribed")

    assert pull_back(MONDAY + MINUTE) == 0
    assert Delivery.objects.count() == DigestItem.objects.count() == 1


def test_digest_of_which_the_provider_told_something_can_be_pulled_back():
    make_reader()
    practice = new_practice()
    make_due(MONDAY)
    event = ProviderEvent.objects.create(
        provider="x", event_id="1", kind="deferred", delivery=Delivery.objects.get(), at=MONDAY
    )
    Practice.objects.filter(pk=practice.pk).update(status="withdrawn")

    assert pull_back(MONDAY + MINUTE) == 1
    connection.check_constraints()
    event.refresh_from_db()
    assert event.delivery is None


@pytest.mark.parametrize("function", ["pull_back", "untell_unsent"])
def test_digests_are_made_even_if_none_can_be_taken_back(monkeypatch, function):
    def fail(*arguments):
        raise RuntimeError

    monkeypatch.setattr(taking_back, function, fail)
    reader = make_reader()
    new_practice()

    assert make_due(MONDAY).sent == 1
    assert told(reader) == [["Night walks"]]


def test_digest_left_while_the_mail_waits_does_not_come():
    reader, other = make_reader(), make_reader()
    new_practice()
    new_event()
    make_due(MONDAY)
    leaving.end(reader, keys.EVENTS, way="link")

    made = make_due(MONDAY + MINUTE)

    assert (made.pulled, made.sent) == (1, 1)
    assert told(reader) == [["Night walks"]]
    assert told(other) == [["Seminar", "Night walks"]]
    assert make_due(MONDAY + 2 * MINUTE).pulled == 0


def test_digest_left_since_the_last_run_is_not_claimed():
    reader, other = make_reader(), make_reader()
    practice = new_practice()
    new_event()
    make_due(MONDAY)
    leaving.end(reader, keys.EVENTS, way="link")

    _claim, rows, _at = claiming.claim_due(10, MONDAY + MINUTE)

    assert [row.uid for row in rows] == [other.uid]
    assert DigestItem.objects.filter(subscription__subscriber=reader).count() == 0
    assert make_due(MONDAY + 2 * MINUTE).sent == 1
    assert (told(reader), told(other)) == ([["Night walks"]], [["Seminar", "Night walks"]])
    ledger = DigestItem.objects.filter(subscription__subscriber=reader)
    assert list(ledger.values_list("news__practice", flat=True)) == [practice.pk]


def test_digest_left_while_a_worker_holds_the_mail_is_taken_back_when_it_is_claimed_again():
    reader = make_reader()
    new_practice()
    new_event()
    make_due(MONDAY)
    claim, [row], at = claiming.claim_due(10, MONDAY + MINUTE)
    with time_machine.travel(MONDAY + 2 * MINUTE, tick=False):
        leaving.end(reader, keys.PRACTICES, way="link")

    assert not claiming.begin(claim, row, None, at)
    assert claiming.release(claim) == {"queued": 1}
    assert claiming.claim_due(10, MONDAY + 3 * MINUTE)[1] == []

    make_due(MONDAY + 4 * MINUTE)
    assert told(reader) == [["Seminar"]]


def test_batch_of_which_all_is_taken_back_is_followed_by_the_next(mail_server):
    left, other = make_reader(), make_reader()
    new_practice()
    new_event()
    make_due(MONDAY)
    leaving.end(left, keys.EVENTS, way="link")
    Delivery.objects.update(next_attempt_at=timezone.now() - MINUTE)

    with Sender() as sender:
        first, second = send_due(sender, limit=1), send_due(sender, limit=1)

    assert (first.answers, first.wait > 0) == ({}, True)
    assert second.answers == {"accepted": 1}
    assert [mail[1] for mail in mail_server.mails] == [[other.email]]
    assert not Claim.objects.exists()


def test_both_digests_left_are_skipped_as_before():
    reader = make_reader()
    new_practice()
    new_event()
    make_due(MONDAY)
    leaving.end(reader, keys.DIGESTS, way="link")

    _claim, [row], _at = claiming.claim_due(10, MONDAY + MINUTE)

    assert row.skip == "unsubscribed"


def test_digest_that_is_to_come_less_often_leaves_the_mail_that_waits():
    reader = make_reader()
    new_practice()
    new_event()
    make_due(MONDAY)
    reader.subscriptions.filter(channel="events").update(frequency="monthly")

    make_due(MONDAY + MINUTE)

    assert sorted(told(reader)) == [["Night walks"], ["Seminar"]]
    assert sorted(periods(reader)) == ["2027-03", "2027-W12"]


def test_two_frequencies_that_wait_are_not_pulled_back():
    make_reader(practices="weekly", events="monthly")
    new_practice()
    new_event()
    make_due(MONDAY)

    assert pull_back(MONDAY + MINUTE) == 0


def test_practice_taken_off_while_a_run_goes_on_is_not_told(monkeypatch):
    reader = make_reader()
    practice = new_practice("Taken off")
    new_practice("Stays")
    make_chunk = digesting.make_chunk

    def taken_off_first(run, *arguments):
        Practice.objects.filter(pk=practice.pk).update(status="withdrawn")
        return make_chunk(run, *arguments)

    monkeypatch.setattr(digesting, "make_chunk", taken_off_first)
    make_due(MONDAY)

    assert told(reader) == [["Stays"]]


def test_changes_of_an_event_are_one_entry_by_the_strongest():
    reader = make_reader()
    event = new_event()
    step(event, "moved-online", MONDAY - 3 * MINUTE, mode="online")
    step(event, "rescheduled", MONDAY - 2 * MINUTE)

    make_and_send(MONDAY)
    make_and_send(MONDAY + WEEK)

    assert told(reader) == [["New date: Seminar"]]
    assert DigestItem.objects.count() == News.objects.count() == 3


def test_each_later_change_of_an_event_is_told_once():
    reader = make_reader()
    event = new_event()
    make_and_send(MONDAY)
    step(event, "postponed", MONDAY + DAY, status="postponed", starts_at=None, ends_at=None)
    make_and_send(MONDAY + WEEK)
    moved = make_event(day=date(2027, 9, 1))
    step(event, "rescheduled", MONDAY + 8 * DAY, status="published", starts_at=moved.starts_at, ends_at=moved.ends_at)
    Event.objects.filter(pk=moved.pk).update(status="draft")
    make_and_send(MONDAY + 2 * WEEK)
    step(event, "cancelled", MONDAY + 15 * DAY, status="cancelled")
    make_and_send(MONDAY + 3 * WEEK)
    make_and_send(MONDAY + 4 * WEEK)

    assert told(reader) == [["Seminar"], ["Postponed: Seminar"], ["New date: Seminar"], ["Cancelled: Seminar"]]


def test_change_that_another_one_replaced_is_not_told():
    reader = make_reader()
    event = new_event()
    make_and_send(MONDAY)
    step(event, "postponed", MONDAY + DAY)
    step(event, "cancelled", MONDAY + 2 * DAY, status="cancelled")

    make_and_send(MONDAY + WEEK)
    make_and_send(MONDAY + 2 * WEEK)

    assert told(reader) == [["Seminar"], ["Cancelled: Seminar"]]


def test_what_the_desk_of_an_event_does_is_told():
    reader, desk = make_reader(), make_person(is_superuser=True)
    with time_machine.travel(MONDAY - DAY, tick=False):
        event = make_event(title_en="Seminar", published=False, day=date(2027, 6, 15), venue="Town hall")
        life.publish(event, actor=desk)
    make_and_send(MONDAY)
    with time_machine.travel(MONDAY + DAY, tick=False):
        life.postpone(event, actor=desk)
    make_and_send(MONDAY + WEEK)
    with time_machine.travel(MONDAY + 8 * DAY, tick=False):
        life.cancel(event, actor=desk)
    make_and_send(MONDAY + 2 * WEEK)

    assert told(reader) == [["Seminar"], ["Postponed: Seminar"], ["Cancelled: Seminar"]]
    assert (
        "No date yet · Town hall · It was on 15 June 2027" in DigestIssue.objects.get(period="2027-W13").edition.text
    )


def test_report_of_an_event_is_told_after_it():
    reader = make_reader()
    event = new_event(day=date(2027, 3, 24))
    make_and_send(MONDAY)
    step(event, "reported", MONDAY + 5 * DAY, status="reported")

    make_and_send(MONDAY + WEEK)

    assert told(reader) == [["Seminar"], ["Report published: Seminar"]]


def test_event_that_is_over_is_not_announced():
    make_reader()
    new_event(day=date(2027, 3, 20))

    assert make_due(MONDAY).empty == 1


def test_new_reader_gets_what_is_new_since_and_all_events_to_come():
    reader = make_reader(since=MONDAY - DAY)
    new_practice("Older", at=MONDAY - 2 * DAY)
    new_practice("Newer", at=MONDAY - DAY + MINUTE)
    new_event("Announced before", at=MONDAY - 30 * DAY)
    moved = new_event("Moved before", at=MONDAY - 30 * DAY, day=date(2027, 6, 20))
    step(moved, "rescheduled", MONDAY - 3 * DAY)

    make_due(MONDAY)

    assert told(reader) == [["Announced before", "Moved before", "Newer"]]


def test_what_does_not_fit_stays_for_the_next_time():
    reader = make_reader()
    for number in range(11):
        new_practice(f"Practice {number}", at=MONDAY - DAY - number * MINUTE)
    for number in range(7):
        new_event(f"Event {number}", day=date(2027, 6, 1) + number * DAY)

    make_and_send(MONDAY)
    make_and_send(MONDAY + WEEK)
    make_and_send(MONDAY + 2 * WEEK)

    first = [f"Event {number}" for number in range(6)] + [f"Practice {number}" for number in range(8)]
    assert told(reader) == [first, ["Event 6", "Practice 8", "Practice 9", "Practice 10"]]
    text = DigestIssue.objects.get(period="2027-W12").edition.text
    assert "1 more event\nhttp://localhost:8000/en/events/\n" in text
    assert "3 more practices\nhttp://localhost:8000/en/practices/\n" in text


def test_changes_of_events_come_first_then_most_reasons_then_the_soonest():
    youth, sport = make_term(Scheme.THEME), make_term(Scheme.THEME)
    reader = make_reader(interest=make_interest(themes=[youth, sport]))
    for title, themes, day in (
        ("Late", [youth], date(2027, 8, 1)),
        ("Soon", [youth], date(2027, 5, 1)),
        ("Both", [youth, sport], date(2027, 9, 1)),
        ("Changed", [youth], date(2027, 12, 1)),
    ):
        event = new_event(title, day=day)
        event.themes.set(themes)
    step(event, "rescheduled", MONDAY - MINUTE)
    new_practice("New", themes=[youth])
    new_practice("With both", themes=[youth, sport], at=MONDAY - 3 * DAY)

    make_due(MONDAY)

    assert told(reader) == [["New date: Changed", "Both", "Soon", "Late", "With both", "New"]]


def test_entry_that_several_networks_carry_stands_once_with_all_reasons():
    youth = make_term(Scheme.THEME, label_en="Youth")
    networks = [make_network(name_en=name) for name in ("Nordic", "Euro-Arab", "Third")]
    reader = make_reader(interest=make_interest(themes=[youth], networks=networks))
    new_practice(themes=[youth], networks=networks[:2])
    new_practice("Of none of them", themes=[youth])
    save_search(reader, "walks <at> night", "q=walks")

    make_due(MONDAY)

    assert told(reader) == [["Night walks"]]
    edition = Edition.objects.get()
    assert "theme: Youth · network: Nordic · network: Euro-Arab · your search “walks <at> night”" in edition.text
    assert "your search “<bdi>walks &lt;at&gt; night</bdi>”" in edition.html


def test_languages_of_an_interest_leave_out_what_cannot_be_read():
    reader = make_reader(interest=make_interest(languages=["fr", "it"]))
    new_practice("In English")
    new_practice("En français", language="fr")

    make_due(MONDAY)

    assert told(reader) == [["En français (Told in French)"]]


# Saved searches ----------------------------------------------------------------------------------


def test_saved_search_brings_what_the_interest_does_not():
    other = make_term(Scheme.THEME)
    reader = make_reader(interest=make_interest(themes=[other]))
    save_search(reader, "walks", "q=walking")
    new_practice()
    new_practice("Something else")

    make_due(MONDAY)
    make_due(MONDAY + WEEK)

    assert told(reader) == [["Night walks"]]
    assert "New answers to your searches" in Edition.objects.get().text


def test_erased_reader_leaves_no_name_of_a_search_in_digests():
    reader, other, third = make_reader(), make_reader(), make_reader()
    for who, label in ((reader, "about my street"), (other, "walks"), (third, "walks")):
        save_search(who, label, "q=walking")
    new_practice()
    make_and_send(MONDAY)

    forgetting.erase(reader, way="link")
    forgetting.erase(other, way="link")

    assert not Edition.objects.filter(html__contains="my street").exists()
    assert "walks" in Edition.objects.exclude(html="").get().html
    assert told(third) == [["Night walks"]]


def test_saved_search_does_not_bring_what_it_found_when_it_was_saved():
    reader = make_reader(interest=make_interest(themes=[make_term(Scheme.THEME)]))
    SavedSearch.objects.create(subscriber=reader, label="walks", query="q=walks", created_at=MONDAY - DAY)
    new_practice("Old walks", at=MONDAY - DAY - MINUTE)
    new_practice("New walks", at=MONDAY - DAY + MINUTE)

    make_due(MONDAY)

    assert told(reader) == [["New walks"]]


def test_who_wants_only_answers_to_searches_gets_nothing_else():
    reader = make_reader(events="")
    save_search(reader, "walks", "q=walking")
    reader.subscriptions.update(only_searches=True)
    new_practice()
    new_practice("Something else")

    make_due(MONDAY)

    assert told(reader) == [["Night walks"]]
    assert "your search" in Edition.objects.get().text


def test_saved_search_is_asked_once_for_all_who_have_it(monkeypatch):
    from newsletters.digests import board

    asked = []
    ask = board.matching_among
    monkeypatch.setattr(board, "matching_among", lambda *given: asked.append(given) or ask(*given))
    for _number in range(3):
        reader = make_reader()
        save_search(reader, "walks", "q=walks")
    new_practice()

    make_due(MONDAY)

    assert len(asked) == 1
    assert Delivery.objects.count() == 3


def test_saved_search_for_what_is_no_more_finds_nothing():
    reader = make_reader(interest=make_interest(themes=[make_term(Scheme.THEME)]))
    save_search(reader, "gone", "theme=was-deleted")
    new_practice()

    assert make_due(MONDAY).empty == 1


# Who ---------------------------------------------------------------------------------------------


def test_frequency_changed_repeats_nothing():
    reader = make_reader(practices="daily", events="")
    new_practice("Told daily")
    make_and_send(MONDAY)
    Subscription.objects.update(frequency="weekly")
    new_practice("Told weekly", at=MONDAY + MINUTE)

    make_due(MONDAY + DAY)
    make_due(MONDAY + WEEK)

    assert told(reader) == [["Told daily"], ["Told weekly"]]
    assert periods(reader) == ["2027-03-22", "2027-W12", "2027-W13"]


def test_two_frequencies_are_two_mails():
    reader = make_reader(practices="weekly", events="monthly")
    new_practice()
    new_event()

    make_due(MONDAY)

    assert sorted(told(reader)) == [["Night walks"], ["Seminar"]]
    assert sorted(periods(reader)) == ["2027-03", "2027-W12"]


@pytest.mark.parametrize("state", ["pending", "unsubscribed", "bounced", "complained", "expired", "erased"])
def test_who_does_not_receive_gets_no_digest(state):
    make_reader(state=state)
    new_practice()

    made = make_due(MONDAY)

    assert (made.sent, made.empty) == (0, 0)


def test_pause_holds_digests_back_and_loses_nothing():
    reader = make_reader(state="paused", paused_until=MONDAY + DAY)
    new_practice()

    make_due(MONDAY)
    assert periods(reader) == []
    make_due(MONDAY + 2 * DAY)

    assert told(reader) == [["Night walks"]]


@pytest.mark.parametrize(
    "end",
    [
        {"state": "skipped", "skip_reason": "paused"},
        {"state": "rejected", "smtp_code": "550 5.7.1"},
        {"state": "rejected", "smtp_code": "452 4.2.2"},
    ],
)
def test_what_was_never_sent_is_told_by_the_next_digest(end):
    reader = make_reader()
    new_practice()
    make_due(MONDAY)
    Delivery.objects.update(**end)

    assert make_due(MONDAY + MINUTE).pulled == 1
    assert make_due(MONDAY + 2 * MINUTE).pulled == 0
    make_due(MONDAY + WEEK)
    make_due(MONDAY + 2 * WEEK)

    assert told(reader) == [["Night walks"]]
    assert periods(reader) == ["2027-W12", "2027-W13", "2027-W14"]
    assert Delivery.objects.filter(state="queued").count() == 1


def test_forgotten_address_gets_no_digest():
    reader = make_reader()
    reader.email = None
    reader.save()
    new_practice()

    assert make_due(MONDAY).sent == 0


# How it is made ----------------------------------------------------------------------------------


def test_equal_content_is_one_edition():
    youth = make_term(Scheme.THEME)
    readers = [make_reader(interest=make_interest(themes=[youth])) for _number in range(3)]
    make_reader(interest=make_interest(themes=[youth]), languages=["fr"])
    new_practice(themes=[youth])

    made = make_due(MONDAY)

    assert (made.sent, made.editions) == (4, 2)
    assert Edition.objects.get(language="en").deliveries.count() == len(readers)
    assert len(set(Delivery.objects.values_list("key", flat=True))) == 4


def test_edition_whose_text_was_deleted_is_written_again():
    make_reader()
    new_practice()
    make_due(MONDAY)
    before = Edition.objects.get()
    Edition.objects.update(subject="", html="", text="")
    make_reader()

    made = make_due(MONDAY + MINUTE)

    assert made.sent == 1
    after = Edition.objects.get()
    assert (after.subject, after.html, after.text) == (before.subject, before.html, before.text)


def test_entry_that_cannot_be_rendered_is_left_out_alone(monkeypatch):
    from newsletters.digests import press

    reader = make_reader()
    new_practice("Broken")
    new_practice("Sound")
    describe = press._of_practice

    def broken(item, practice):
        if practice.title_en == "Broken":
            raise ValueError
        return describe(item, practice)

    monkeypatch.setattr(press, "_of_practice", broken)
    make_due(MONDAY)

    assert told(reader) == [["Sound"]]
    assert DigestItem.objects.count() == 1


def test_blocks_are_made_one_by_one_and_one_failing_stops_no_other(monkeypatch):
    readers = [make_reader() for _number in range(3)]
    new_practice()
    write, failing = digesting.write, [readers[1].pk]

    def fail(run, frequency, plans, *arguments):
        write(run, frequency, plans, *arguments)
        if plans[0].subscriber_id in failing:
            raise RuntimeError

    monkeypatch.setattr(digesting, "write", fail)
    assert make_due(MONDAY, block=1).sent == 2
    assert not DigestIssue.objects.filter(subscriber=readers[1]).exists()
    failing.clear()
    assert make_due(MONDAY, block=1).sent == 1
    assert [told(reader) for reader in readers] == [[["Night walks"]]] * 3


def test_number_of_queries_does_not_grow_with_readers(django_assert_max_num_queries):
    youth = make_term(Scheme.THEME)
    for number in range(40):
        make_reader(interest=make_interest(themes=[youth] if number % 2 else []))
    new_practice(themes=[youth])
    new_event()

    with django_assert_max_num_queries(40):
        assert make_due(MONDAY).sent == 40


@pytest.fixture
def many_far_away():
    """Four thousand readers in Tokyo and fifty in Stockholm, as the database knows them."""
    reader = make_reader(zone="Asia/Tokyo", events="", practices="daily")
    interest = reader.subscriptions.get().interest
    zones = ["Asia/Tokyo"] * 4_000 + ["Europe/Stockholm"] * 50
    readers = Subscriber.objects.bulk_create(
        Subscriber(email=f"{number}@many.example", email_hash=f"many-{number}", time_zone=zone, confirmed_at=LONG_AGO)
        for number, zone in enumerate(zones)
    )
    Subscription.objects.bulk_create(
        Subscription(
            subscriber=reader,
            channel="practices",
            frequency="daily",
            interest=interest,
            state="active",
            active_from=LONG_AGO,
        )
        for reader in readers
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE newsletters_subscriber, newsletters_subscription, newsletters_digestissue")


@pytest.fixture
def plan_of():
    """How the database would go about what the code asks it."""

    def explained(act):
        with CaptureQueriesContext(connection) as queries:
            found = act()
        with connection.cursor() as cursor:
            lines = []
            for query in queries.captured_queries:
                cursor.execute("EXPLAIN " + query["sql"])
                lines += [line for (line,) in cursor.fetchall()]
        return found, "\n".join(lines)

    return explained


def test_readers_in_zones_that_are_not_due_are_not_looked_at(many_far_away, plan_of):
    due, plan = plan_of(lambda: digesting.due_now(MONDAY))
    assert {*dict(due)["daily"]} == {"Asia/Tokyo", "Europe/Stockholm"}
    assert "Seq Scan on newsletters_subscriber" not in plan

    stockholm = {"Europe/Stockholm": "2027-03-22"}
    numbers, plan = plan_of(lambda: digesting.blocks_due("daily", stockholm, MONDAY, block=1))
    assert len(numbers) == 50
    assert "Seq Scan on newsletters_subscriber" not in plan
    assert "subscriber_by_zone" in plan


def test_where_no_zone_is_due_no_reader_is_looked_for():
    make_reader(practices="daily")
    six_in_the_morning_of_a_monday_the_first = datetime(2027, 3, 1, 5, tzinfo=UTC)
    assert digesting.due_now(six_in_the_morning_of_a_monday_the_first) == []
    with CaptureQueriesContext(connection) as queries:
        make_due(six_in_the_morning_of_a_monday_the_first)
    assert len(queries) <= 5
    assert "newsletters_interest" not in str(queries.captured_queries)


@pytest.fixture
def looks(monkeypatch):
    """[frequency] of each look through the readers; what the process remembered before is forgotten."""
    cache.clear()
    looked, look = [], digesting.blocks_due

    def noted(frequency, *arguments):
        looked.append(frequency)
        return look(frequency, *arguments)

    monkeypatch.setattr(digesting, "blocks_due", noted)
    yield looked
    cache.clear()


def every_minute(now):
    """What beat asks for, at a moment of the test's own; how many digests were queued by it."""
    before = Delivery.objects.count()
    with time_machine.travel(now, tick=False):
        tasks.prepare_bulk()
    return Delivery.objects.count() - before


def test_readers_are_looked_through_every_ten_minutes_once_all_is_made(looks, monkeypatch):
    monkeypatch.setattr(tasks.send_bulk, "apply_async", lambda **options: None)
    make_reader()
    new_practice()

    # The look that finds something, the one that finds nothing more, and the hint from then on.
    assert [every_minute(MONDAY + number * MINUTE) for number in range(11)] == [1] + [0] * 10
    made = [frequency for frequency in looks if frequency == "weekly"]
    assert (made, looks.count("daily"), looks.count("monthly")) == (["weekly"] * 2, 2, 2)

    make_reader()
    assert every_minute(MONDAY + 11 * MINUTE - timedelta(seconds=1)) == 0
    assert every_minute(MONDAY + 11 * MINUTE) == 1


def test_who_subscribes_gets_a_first_digest_at_once(looks):
    make_reader()
    new_practice()
    with time_machine.travel(MONDAY, tick=False):
        assert [make_due(spares_looks=True).sent for _time in range(3)] == [1, 0, 0]
        newcomer = make_reader()
        assert make_due(spares_looks=True).sent == 0
        ConsentEvent.objects.create(subscriber=newcomer, action="confirmed", way="link")
        assert [make_due(spares_looks=True).sent for _time in range(2)] == [1, 0]


def test_zone_or_period_that_begins_is_looked_at_at_once(looks):
    make_reader()
    new_practice()
    with time_machine.travel(MONDAY, tick=False):
        assert [make_due(spares_looks=True).sent for _time in range(3)] == [1, 0, 0]
        make_reader(zone="Europe/Bucharest")
        assert make_due(spares_looks=True).sent == 1
        make_due(spares_looks=True)
        make_reader(practices="daily", events="daily")
        assert make_due(spares_looks=True).sent == 0
    with time_machine.travel(MONDAY + DAY, tick=False):
        assert make_due(spares_looks=True).sent == 1


def test_what_is_taken_back_is_made_anew_at_once(looks):
    reader = make_reader()
    practice = new_practice("Taken off")
    new_practice("Stays")
    with time_machine.travel(MONDAY, tick=False):
        assert [make_due(spares_looks=True).sent for _time in range(3)] == [1, 0, 0]
        Practice.objects.filter(pk=practice.pk).update(status="withdrawn")
        assert make_due(spares_looks=True).sent == 1
    assert told(reader) == [["Stays"]]


def test_digests_are_made_without_a_cache(looks, monkeypatch):
    def fail(*arguments):
        raise ConnectionError

    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "set", fail)
    make_reader()
    new_practice()
    with time_machine.travel(MONDAY, tick=False):
        assert [make_due(spares_looks=True).sent for _time in range(2)] == [1, 0]
        make_reader()
        assert make_due(spares_looks=True).sent == 1


def test_command_makes_what_is_due(capsys):
    from django.core.management import call_command

    make_reader()
    new_practice()

    call_command("make_digests", now="2027-03-22T08:00+01:00")

    assert capsys.readouterr().out.startswith("1 digests to be sent, 0 with nothing to tell, 1 editions, 1 items told")


def test_ledger_goes_with_its_reader_and_with_its_record():
    reader, other = make_reader(), make_reader()
    practice = new_practice()
    event = new_event()
    make_due(MONDAY)
    assert DigestItem.objects.count() == 4

    reader.delete()
    assert set(DigestItem.objects.values_list("subscription__subscriber", flat=True)) == {other.pk}
    practice.delete()
    assert list(DigestItem.objects.values_list("news__event", flat=True)) == [event.pk]


def test_place_of_the_key_in_a_title_is_not_filled():
    make_reader()
    practice = new_practice(f"Night walks {KEY}")
    Practice.objects.filter(pk=practice.pk).update(summary_en=KEY)
    make_due(MONDAY)
    edition = Edition.objects.get()
    assert "Night walks …" in edition.subject
    own = len(re.findall(f"/{KEY}/", edition.html)), len(re.findall(f"/{KEY}/", edition.text))
    assert min(own) > 0
    assert (edition.html.count(KEY), edition.text.count(KEY), edition.subject.count(KEY)) == (*own, 0)
