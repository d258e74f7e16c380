"""What is not needed any more goes by itself; what is, stays."""

from datetime import timedelta

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from newsletters import tasks
from newsletters.models import Campaign, Delivery, DigestIssue, DigestItem, Edition, News, ProviderEvent, Subscriber
from newsletters.services.tidying import EVENTS_KEPT, NEWS_KEPT, TEXTS_KEPT, tidy
from tests.events.factories import make_event

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


@pytest.mark.parametrize("state", ["queued", "uncertain"])
def test_texts_that_may_still_be_sent_stay(digest, state):
    Delivery.objects.filter(pk=digest.pk).update(state=state)
    assert tidy()["texts"] == 0


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
