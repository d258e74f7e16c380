"""Readers of digests for tests, confirmed long ago, weekly and interested in everything unless the test says so."""

import hashlib
from datetime import UTC, datetime
from itertools import count

from newsletters.models import Interest, Subscriber, Subscription

_numbers = count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_interest(*, themes=(), networks=(), languages=()):
    """The one interest of these terms, networks and language codes."""
    lists = [sorted(record.pk for record in records) for records in (themes, networks)] + [sorted(languages)]
    digest = hashlib.sha256(repr(lists).encode()).hexdigest()
    interest, _is_new = Interest.objects.get_or_create(
        digest=digest, defaults={"themes": lists[0], "networks": lists[1], "languages": lists[2]}
    )
    return interest


def make_reader(
    *,
    practices="weekly",
    events="weekly",
    languages=("en",),
    zone="Europe/Stockholm",
    since=LONG_AGO,
    state="active",
    interest=None,
    events_interest=None,
    **values,
):
    """A subscriber of one or both digests; `practices` and `events` are frequencies, "" for none."""
    number = next(_numbers)
    reader = Subscriber.objects.create(
        email=f"reader-{number}@example.org",
        email_hash=f"{number:064x}",
        domain="example.org",
        languages=list(languages),
        time_zone=zone,
        confirmed_at=since,
    )
    interest = interest or make_interest()
    for channel, frequency, wanted in (
        ("practices", practices, interest),
        ("events", events, events_interest or interest),
    ):
        if frequency:
            Subscription.objects.create(
                subscriber=reader,
                channel=channel,
                frequency=frequency,
                interest=wanted,
                state=state,
                active_from=since,
                **values,
            )
    return reader
