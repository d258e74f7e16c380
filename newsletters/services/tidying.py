"""What is kept of mail in bulk once it is out, and for how long."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from events.models import Event
from newsletters.models import Delivery, Edition, News, ProviderEvent

TEXTS_KEPT = timedelta(days=30)
"""Texts of digests; newsletters stay, being public or their network's own."""

EVENTS_KEPT = timedelta(days=90)
NEWS_KEPT = timedelta(days=400)
"""With its entries in the ledger. Longer than anything is told: an event is announced a year ahead at most."""

BATCH = 5_000


def tidy(now=None) -> dict[str, int]:
    """The nightly work, in batches; safe to run twice, or after weeks without. Counts of what went."""
    now = now or timezone.now()
    return {
        "texts": forget_texts(now),
        "events": forget_provider_events(now),
        "news": forget_news(now),
    }


def forget_texts(now) -> int:
    """Empty digests that went out long ago; that they went out stays known."""
    open_ones = Delivery.objects.filter(state__in=[*Delivery.OPEN, Delivery.State.UNCERTAIN])
    old = Edition.objects.filter(campaign=None, made_at__lt=now - TEXTS_KEPT).exclude(html="", text="")
    return _in_batches(
        old.exclude(pk__in=open_ones.filter(campaign=None).values("edition")),
        lambda rows: rows.update(html="", text="", subject=""),
    )


def forget_provider_events(now) -> int:
    """Delete what providers told long ago; they repeat themselves for days, not for months."""
    return _in_batches(ProviderEvent.objects.filter(received_at__lt=now - EVENTS_KEPT), lambda rows: rows.delete()[0])


def forget_news(now) -> int:
    """Delete news that nobody can be told any more, and the entries that say who was told."""
    old = News.objects.filter(at__lt=now - NEWS_KEPT).exclude(event__ends_at__gte=now)
    old = old.exclude(event__status=Event.Status.POSTPONED)
    done = 0
    while keys := list(old.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM newsletters_digestitem WHERE news_id = ANY(%s)", [keys])
            done += News.objects.filter(pk__in=keys)._raw_delete("default")
    return done


def _in_batches(rows, verb):
    done = 0
    model = rows.model
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        done += verb(model.objects.filter(pk__in=keys))
    return done
