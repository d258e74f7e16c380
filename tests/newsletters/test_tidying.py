"""What is not needed any more goes by itself; what is, stays."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from newsletters import tasks
from newsletters.models import (
    Campaign,
    Delivery,
    DigestIssue,
    DigestItem,
    Edition,
    Interest,
    News,
    ProviderEvent,
    Subscriber,
)
from newsletters.services.digesting import Run
from newsletters.services.interests import interest_for
from newsletters.services.tidying import EVENTS_KEPT, NEWS_KEPT, TEXTS_KEPT, tidy
from tests.events.factories import make_event
from tests.newsletters.factories_digests import make_reader

pytestmark = pytest.mark.django_db


@pytest.fixture
def digest(sent_campaign):
    """A digest that one subscriber was sent long ago."""
    sent_campaign(1)
    subscriber = Subscriber.objects.get()
    made_at = timezone.now() - TEXTS_KEPT - timedelta(days=1)
    edition = Edition.objects.create(language="en", subject="S", html="H", text="T", content_hash="1", made_at=made_at)
    issue = DigestIssue.objects.create(subscriber=subscriber, frequency="weekly", period="2027-W01", edition=edition)
    return Delivery.objects.create(
        key="7f1c3c5e-3a0b-5c59-9a2f-8f6f7f0f6d12",
        issue=issue,
        subscriber=subscriber,
        edition=edition,
        state="accepted",
    )


def test_texts_of_digests_are_emptied_after_a_month(digest):
    assert tidy()["texts"] == 1
    digest.edition.refresh_from_db()
    assert (digest.edition.subject, digest.edition.html, digest.edition.text) == ("", "", "")
    assert tidy()["texts"] == 0


def test_texts_that_may_still_be_sent_stay(digest):
    Delivery.objects.filter(pk=digest.pk).update(state="queued")
    assert tidy()["texts"] == 0


def test_texts_of_which_nobody_knows_whether_they_were_sent_go_too(digest):
    Delivery.objects.filter(pk=digest.pk).update(state="uncertain")
    assert tidy()["texts"] == 1


def _age(delivery, days):
    at = timezone.now() - timedelta(days=days)
    Delivery.objects.filter(pk=delivery.pk).update(queued_at=at)
    DigestIssue.objects.filter(pk=delivery.issue_id).update(made_at=at)
    Edition.objects.filter(pk=delivery.edition_id).update(made_at=at)


@pytest.mark.parametrize("state", ["accepted", "bounced", "uncertain", "cancelled"])
def test_digests_settled_long_ago_go_and_the_last_of_each_frequency_stays(digest, state):
    Delivery.objects.filter(pk=digest.pk).update(state=state)
    ProviderEvent.objects.create(provider="x", event_id="1", kind="delivered", delivery=digest, at=timezone.now())
    _age(digest, 91)
    tidy()
    assert not Delivery.objects.filter(campaign=None).exists()
    assert DigestIssue.objects.get().period == "2027-W01"

    for frequency, period in (("monthly", "2027-03"), ("weekly", "2027-W02")):
        DigestIssue.objects.create(subscriber=digest.subscriber, frequency=frequency, period=period)
    assert tidy()["digests"] == 1
    assert set(DigestIssue.objects.values_list("period", flat=True)) == {"2027-W02", "2027-03"}
    assert not Edition.objects.filter(campaign=None).exists()


@pytest.mark.parametrize(("state", "days"), [("accepted", 89), ("queued", 400)])
def test_digests_that_are_recent_or_still_to_be_sent_stay(digest, state, days):
    Delivery.objects.filter(pk=digest.pk).update(state=state)
    _age(digest, days)
    DigestIssue.objects.create(subscriber=digest.subscriber, frequency="weekly", period="2027-W02")
    tidy()
    assert Delivery.objects.filter(pk=digest.pk, edition=digest.edition, issue=digest.issue).exists()


def test_deliveries_of_newsletters_stay(sent_campaign):
    campaign = sent_campaign(1)
    Delivery.objects.update(state="accepted", queued_at=timezone.now() - timedelta(days=900))
    tidy()
    assert campaign.deliveries.count() == 1


def test_texts_that_were_taken_back_go_after_a_day(digest):
    Delivery.objects.filter(pk=digest.pk).delete()
    DigestIssue.objects.all().delete()
    Edition.objects.filter(pk=digest.edition_id).update(made_at=timezone.now())
    assert tidy()["editions"] == 0
    Edition.objects.filter(pk=digest.edition_id).update(made_at=timezone.now() - timedelta(days=2))
    assert tidy()["editions"] == 1


def test_choices_that_nobody_has_go(digest):
    reader, unused = make_reader(), interest_for(themes=[17])
    assert tidy()["interests"] == 1
    assert not Interest.objects.filter(pk=unused.pk).exists()
    assert Interest.objects.filter(subscriptions__subscriber=reader).exists()


def test_digests_read_only_choices_that_somebody_has():
    reader, unused = make_reader(), interest_for(themes=[17])
    choices = Run(timezone.now()).choices
    assert unused.pk not in choices
    assert set(choices) == set(reader.subscriptions.values_list("interest", flat=True))


def test_newsletters_stay(sent_campaign):
    sent_campaign(1)
    Edition.objects.update(made_at=timezone.now() - timedelta(days=900))
    assert tidy()["texts"] == 0
    assert Edition.objects.get().html


def test_what_providers_told_goes(digest):
    now = timezone.now()
    for name, age in (("old", EVENTS_KEPT + timedelta(days=1)), ("new", timedelta(days=1))):
        ProviderEvent.objects.create(provider="x", event_id=name, kind="delivered", at=now, received_at=now - age)
    assert tidy(now)["events"] == 1
    assert ProviderEvent.objects.get().event_id == "new"


def test_old_news_goes_with_its_ledger_unless_the_event_is_still_to_come(digest):
    now = timezone.now()
    subscription = digest.subscriber.subscriptions.get()
    past, ahead = make_event(day=now.date() - timedelta(days=500), status="held"), make_event()
    for event in (past, ahead):
        news = News.objects.create(kind="new", event=event, at=now - NEWS_KEPT - timedelta(days=1))
        DigestItem.objects.create(subscription=subscription, news=news)
    assert tidy(now)["news"] == 1
    assert [item.news.event for item in DigestItem.objects.all()] == [ahead]


def test_beat_asks_for_tasks_that_exist_and_hints_go_stale():
    asked = {
        name: entry
        for name, entry in settings.CELERY_BEAT_SCHEDULE.items()
        if entry["task"].startswith("newsletters.tasks.")
    }
    assert {entry["task"].rpartition(".")[2] for entry in asked.values()} == {
        "prepare_bulk",
        "send_bulk",
        "watch",
        "forget",
    }
    assert all(entry["task"] in current_app.tasks for entry in asked.values())
    assert asked["send-bulk"]["options"]["expires"] < asked["send-bulk"]["schedule"]


def test_one_minute_takes_a_newsletter_from_the_queue_to_its_end(mail_server, sent_campaign):
    campaign = sent_campaign(3)
    tasks.send_bulk()
    campaign.refresh_from_db()
    assert (campaign.state, len(mail_server.mails)) == (Campaign.State.COMPLETED, 3)
