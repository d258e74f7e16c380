"""What the provider tells of mails: checked, each once, in any order."""

import base64
import hashlib
import hmac
import json
import time
import uuid

import pytest
from django.urls import include, path
from django.utils import timezone

from hub.urls import urlpatterns as hub_urls
from newsletters.models import Claim, ConsentEvent, Delivery, ProviderEvent, Subscriber, Subscription, Suppression
from newsletters.services import hearing
from newsletters.services.hearing import Told, hear
from tests.newsletters.factories import make_subscriber

pytestmark = pytest.mark.django_db
urlpatterns = [path("mail/", include("anymail.urls")), *hub_urls]
SECRET = "hub:heard"
SIGNING = "signing-key"


def told(delivery=None, kind="bounced", event_id="1", **values):
    return Told(provider="mailgun", event_id=event_id, kind=kind, key=str(delivery.key) if delivery else "", **values)


@pytest.fixture
def delivery(sent_campaign):
    campaign = sent_campaign(1)
    campaign.deliveries.update(state="accepted", accepted_at=timezone.now())
    return campaign.deliveries.get()


def state_of(delivery):
    return Delivery.objects.get(pk=delivery.pk).state


@pytest.mark.parametrize(
    ("kinds", "end"),
    [
        (["delivered"], "delivered"),
        (["bounced"], "bounced"),
        (["delivered", "bounced"], "bounced"),
        (["bounced", "delivered"], "bounced"),
        (["complained", "delivered", "bounced"], "complained"),
        (["delivered", "complained"], "complained"),
        (["opened", "clicked", "deferred"], "accepted"),
    ],
)
def test_events_in_any_order_lead_to_the_same_end(delivery, kinds, end):
    for number, kind in enumerate(kinds):
        assert hear(told(delivery, kind, str(number))) == (kind in hearing.HEARD)
    assert state_of(delivery) == end
    assert set(ProviderEvent.objects.values_list("kind", flat=True)) <= hearing.HEARD


@pytest.mark.parametrize("before", ["uncertain", "queued", "claimed"])
def test_the_provider_knows_what_we_do_not(delivery, before):
    claim = Claim.objects.create(lease_until=timezone.now()) if before == "claimed" else None
    Delivery.objects.update(state=before, claim=claim)
    hear(told(delivery, "delivered"))
    assert state_of(delivery) == "delivered"


def test_an_event_told_twice_counts_once(delivery):
    assert hear(told(delivery))
    assert not hear(told(delivery))
    assert ProviderEvent.objects.count() == 1
    assert Subscriber.objects.get().bounce_score == 1


def test_events_without_an_id_are_told_apart_by_what_they_say(delivery):
    at = timezone.now()
    assert hear(told(delivery, event_id="", at=at))
    assert not hear(told(delivery, event_id="", at=at))
    assert hear(told(delivery, "delivered", event_id="", at=at))


def test_the_message_id_leads_to_the_mail_as_well(delivery):
    hear(Told(provider="x", event_id="1", kind="delivered", message_id=f"<{delivery.key}@hub.example>"))
    assert state_of(delivery) == "delivered"


def test_an_unknown_mail_is_noted_and_changes_nothing(delivery):
    assert hear(Told(provider="x", event_id="1", kind="bounced", key=str(uuid.uuid4()), recipient="no@x.example"))
    assert state_of(delivery) == "accepted"
    assert Subscriber.objects.get().bounce_score == 0


def test_a_mail_to_one_person_that_came_back_counts_for_the_address(delivery):
    hear(Told(provider="x", event_id="1", kind="bounced", recipient=delivery.subscriber.email.upper()))
    assert Subscriber.objects.get().bounce_score == 1


@pytest.mark.parametrize(
    ("kind", "state", "score"),
    [("complained", "complained", 0), ("bounced", "active", 1), ("unsubscribed", "unsubscribed", 0)],
)
def test_what_is_told_of_a_mail_that_is_deleted_counts_for_the_address(delivery, kind, state, score):
    event = told(delivery, kind, recipient=delivery.subscriber.email)
    delivery.delete()
    assert hear(event)
    assert Subscription.objects.get().state == state
    assert Subscriber.objects.get().bounce_score == score


@pytest.mark.parametrize("recipient", ["", "undisclosed", "Asa <{}>", "<{}>"])
def test_complaint_counts_however_the_address_is_told(delivery, recipient):
    hear(told(delivery, "complained", recipient=recipient.format(delivery.subscriber.email)))
    assert Subscription.objects.get().state == "complained"


def test_complaint_about_a_mail_to_who_has_moved_counts_for_who_is_at_the_address_now(delivery):
    moved, new = delivery.subscriber, make_subscriber()
    hear(told(delivery, "complained", recipient=new.email))
    assert Subscription.objects.get(subscriber=new).state == "complained"
    assert Subscription.objects.get(subscriber=moved).state == "active"


def test_complaint_that_finds_nobody_is_logged_without_the_address(caplog):
    assert hear(told(kind="complained", recipient="nobody@city.example"))
    [line] = [record.getMessage() for record in caplog.records if record.name == hearing.__name__]
    assert line == f"A complaint is about nobody we know (event {ProviderEvent.objects.get().pk})"


@pytest.mark.parametrize("reason", ["spam", "blocked", "other"])
def test_a_refused_text_says_nothing_about_the_address(delivery, reason):
    hear(told(delivery, reason=reason))
    assert (state_of(delivery), Subscriber.objects.get().bounce_score) == ("bounced", 0)


def test_bounces_count_once_a_day_fade_and_end_the_subscription(delivery, time_machine):
    for day, score in [("2027-03-01", 1), ("2027-03-01", 1), ("2027-03-31", 1.5)]:
        time_machine.move_to(f"{day}T10:00:00Z", tick=False)
        hear(told(delivery, event_id=str(uuid.uuid4())))
        assert Subscriber.objects.get().bounce_score == pytest.approx(score, abs=0.01)
    for day in ("2027-04-01", "2027-04-02"):
        time_machine.move_to(f"{day}T10:00:00Z", tick=False)
        hear(told(delivery, event_id=str(uuid.uuid4())))
    assert Subscription.objects.get().state == "bounced"
    assert Suppression.objects.get().reason == "bounced"


def test_a_complaint_ends_everything_at_once_and_is_noted(delivery):
    hear(told(delivery, "complained"))
    assert Subscription.objects.get().state == "complained"
    assert Suppression.objects.get().reason == "complained"
    consent = ConsentEvent.objects.get()
    assert (consent.action, consent.way, consent.channels[0]["channel"]) == ("ended", "provider", "newsletter")


def test_leaving_at_the_provider_is_leaving_here(delivery):
    hear(told(delivery, "unsubscribed"))
    assert (Subscription.objects.get().state, Suppression.objects.get().reason) == ("unsubscribed", "unsubscribed")


def test_complaints_stop_the_newsletter(sent_campaign):
    campaign = sent_campaign(5)
    campaign.deliveries.update(state="accepted")
    for number, delivery in enumerate(campaign.deliveries.all()[:2]):
        hear(told(delivery, "complained", str(number)))
    campaign.refresh_from_db()
    assert (campaign.state, campaign.pause_reason) == ("paused", "complaints")


# Through the webhook -----------------------------------------------------------------------------


def posted(client, delivery, *, signing=SIGNING, secret=SECRET, event_id="e1"):
    stamp, token = str(int(time.time())), "a" * 50
    signature = hmac.new(signing.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": {
            "event": "complained",
            "id": event_id,
            "timestamp": time.time(),
            "recipient": delivery.subscriber.email,
            "message": {"headers": {"message-id": "x@mailgun.example"}},
            "user-variables": {"delivery": str(delivery.key)},
        },
    }
    basic = "Basic " + base64.b64encode(secret.encode()).decode()
    return client.post(
        "/mail/mailgun/tracking/", json.dumps(body), content_type="application/json", headers={"authorization": basic}
    )


@pytest.fixture
def _webhooks(settings):
    settings.ROOT_URLCONF = __name__
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET, "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING}


@pytest.mark.usefixtures("_webhooks")
def test_a_signed_event_is_heard_once(client, delivery):
    assert [posted(client, delivery).status_code for _ in range(2)] == [200, 200]
    assert state_of(delivery) == "complained"
    assert ProviderEvent.objects.count() == 1


@pytest.mark.usefixtures("_webhooks")
@pytest.mark.parametrize("wrong", [{"signing": "other"}, {"secret": "hub:other"}])
def test_an_event_of_somebody_else_is_not_heard(client, delivery, wrong):
    assert posted(client, delivery, **wrong).status_code == 400
    assert state_of(delivery) == "accepted"
    assert not ProviderEvent.objects.exists()


def test_without_a_secret_nobody_is_heard(client):
    assert client.post("/mail/mailgun/tracking/", "{}", content_type="application/json").status_code == 404


def test_a_fault_leaves_the_event_to_be_told_again(delivery, monkeypatch):
    monkeypatch.setattr(hearing, "_draw_consequences", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hear(told(delivery))
    assert not ProviderEvent.objects.exists()
    monkeypatch.undo()
    assert hear(told(delivery))


def test_a_complaint_weighs_more_than_having_left(delivery):
    Suppression.objects.create(email_hash=delivery.subscriber.email_hash, reason="unsubscribed")
    hear(told(delivery, "complained"))
    assert Suppression.objects.get().reason == "complained"


def test_what_happens_at_an_old_address_is_not_held_against_the_new_one(delivery):
    hear(told(delivery, "complained", recipient="old@city.example"))
    assert state_of(delivery) == "complained"
    assert Subscription.objects.get().state == "active"
    assert not Suppression.objects.exists()
