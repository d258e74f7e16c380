"""Subscribers for tests: confirmed, with the hub's own newsletter, unless the test says otherwise."""

from itertools import count

from django.utils import timezone

from newsletters.addresses import address_hash, domain_of, spelled
from newsletters.models import Channel, Subscriber, Subscription
from newsletters.services.interests import interest_for

_numbers = count(1)


def make_subscriber(email=None, *, newsletters=(None,), languages=("en",), **values):
    """A confirmed subscriber of newsletters: of networks, and None for the hub's own."""
    email = spelled(email or f"reader-{next(_numbers)}@city.example")
    subscriber = Subscriber.objects.create(
        email=email,
        email_hash=address_hash(email),
        domain=domain_of(email),
        languages=list(languages),
        **({"confirmed_at": timezone.now(), "time_zone": "Europe/Stockholm"} | values),
    )
    for network in newsletters:
        make_subscription(subscriber, network=network)
    return subscriber


def make_subscription(
    subscriber, channel=Channel.NEWSLETTER, *, network=None, frequency="weekly", interest=None, **values
):
    """An active subscription; `frequency` counts for digests alone."""
    is_digest = channel != Channel.NEWSLETTER
    now = timezone.now()
    return Subscription.objects.create(
        subscriber=subscriber,
        channel=channel,
        network=network,
        frequency=frequency if is_digest else "",
        interest=(interest or interest_for()) if is_digest else None,
        **({"state": Subscription.State.ACTIVE, "state_at": now, "active_from": now} | values),
    )
