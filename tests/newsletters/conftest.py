import uuid
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.utils import timezone

from hub.local.smtp import MailServer
from newsletters.addresses import address_hash, domain_of
from newsletters.composing import KEY
from newsletters.models import Campaign, Channel, Delivery, Edition, Subscriber, Subscription


@pytest.fixture
def mail_server(settings):
    """A mail server on the loopback to which all mail of the test goes; `plan` says what it answers."""
    with MailServer() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 2
        settings.EMAIL_HOST_USER, settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = "", False, False
        settings.DEFAULT_FROM_EMAIL = "City Networks Hub <hub@hub.example>"
        yield server


@pytest.fixture
def sent_campaign(db):
    """Make a newsletter that is being sent to so many subscribers of the hub's own newsletter; returns its deliveries."""

    def make(count=1, *, network=None, subject="News of the networks", html="", text=""):
        campaign = Campaign.objects.create(
            network=network,
            source_language="en",
            languages=["en"],
            subject_en=subject,
            state=Campaign.State.SENDING,
            content_hash="0" * 64,
            audience=count,
        )
        edition = Edition.objects.create(
            campaign=campaign,
            language="en",
            subject=subject,
            html=html or f'<p>Hello</p><a href="https://hub.example/{KEY}/">Leave</a>',
            text=text or f"Hello\n\nhttps://hub.example/{KEY}/",
            content_hash=uuid.uuid4().hex * 2,
        )
        people = Subscriber.objects.bulk_create(
            Subscriber(email=email, email_hash=address_hash(email), domain=domain_of(email), languages=["en"])
            for email in (f"reader-{campaign.pk}-{number}@city.example" for number in range(count))
        )
        now = timezone.now()
        Subscription.objects.bulk_create(
            Subscription(
                subscriber=person,
                channel=Channel.NEWSLETTER,
                network=network,
                state=Subscription.State.ACTIVE,
                active_from=now,
            )
            for person in people
        )
        Delivery.objects.bulk_create(
            Delivery(
                key=uuid.uuid5(campaign.uid, str(person.uid)),
                campaign=campaign,
                subscriber=person,
                edition=edition,
                domain=person.domain,
                next_attempt_at=now - timedelta(seconds=1),
            )
            for person in people
        )
        return campaign

    return make


@pytest.fixture(autouse=True)
def own_limits(settings):
    """Each test counts by itself: all of them share one address and one store."""
    limits = configured.CACHES["limits"] | {"KEY_PREFIX": f"test-{uuid.uuid4()}"}
    settings.CACHES = configured.CACHES | {"limits": limits}
