"""What is kept of mail in bulk once it is out, and for how long."""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from events.models import Event
from newsletters.models import Delivery, DigestIssue, Edition, Interest, News, ProviderEvent, Subscriber, Subscription

TEXTS_KEPT = timedelta(days=30)
"""Texts of digests; newsletters stay, being public or their network's own."""

DIGESTS_KEPT = timedelta(days=90)
"""That a digest was made and what became of it; of each frequency the last one stays, so that none is made twice."""

UNUSED_KEPT = timedelta(days=1)
"""Texts of digests that nobody was sent: they were taken back, or the reader's server refused them."""

EVENTS_KEPT = timedelta(days=90)
NEWS_KEPT = timedelta(days=400)
"""With its entries in the ledger. Longer than anything is told: an event is announced a year ahead at most."""

BATCH = 5_000


def tidy(now=None) -> dict[str, int]:
    """The nightly work, in batches; safe to run twice, or after weeks without. Counts of what went."""
    now = now or timezone.now()
    return {
        "texts": forget_texts(now),
        "digests": forget_digests(now),
        "editions": forget_editions(now),
        "events": forget_provider_events(now),
        "news": forget_news(now),
        "interests": forget_interests(),
    }


def forget_texts(now) -> int:
    """Empty digests that went out long ago; that they went out stays known."""
    open_ones = Delivery.objects.filter(campaign=None, state__in=Delivery.OPEN)
    old = Edition.objects.filter(campaign=None, made_at__lt=now - TEXTS_KEPT).exclude(html="", text="")
    return _in_batches(
        old.exclude(pk__in=open_ones.values("edition")),
        lambda rows: rows.update(**_EMPTY),
    )


_EMPTY = {"html": "", "text": "", "subject": ""}


def empty_own(subscriber: Subscriber) -> int:
    """Empty the digests that only this person got: names of saved searches may stand in them. Returns how many."""
    found = Edition.objects.filter(campaign=None).exclude(html="", text="")
    for rows in (DigestIssue.objects.all(), Delivery.objects.filter(campaign=None)):
        of_others = rows.filter(edition=OuterRef("pk")).exclude(subscriber=subscriber)
        found = found.exclude(Exists(of_others))
    own = {*subscriber.issues.values_list("edition", flat=True)}
    own |= {*subscriber.deliveries.filter(campaign=None).values_list("edition", flat=True)}
    return found.filter(pk__in=own - {None}).update(**_EMPTY)


def forget_digests(now) -> int:
    """Delete digests that are settled long since; returns how many."""
    settled = Delivery.objects.filter(campaign=None, queued_at__lt=now - DIGESTS_KEPT).exclude(state__in=Delivery.OPEN)
    _in_batches(settled, lambda rows: rows.delete()[0])
    later = DigestIssue.objects.filter(
        subscriber=OuterRef("subscriber"), frequency=OuterRef("frequency"), period__gt=OuterRef("period")
    )
    old = DigestIssue.objects.filter(Exists(later), made_at__lt=now - DIGESTS_KEPT, delivery=None)
    return _in_batches(old, lambda rows: rows.delete()[0])


def forget_editions(now) -> int:
    """Delete texts of digests that belong to none."""
    unused = Edition.objects.filter(
        ~Exists(DigestIssue.objects.filter(edition=OuterRef("pk"))),
        ~Exists(Delivery.objects.filter(edition=OuterRef("pk"))),
        campaign=None,
        made_at__lt=now - UNUSED_KEPT,
    )
    return _in_batches(unused, lambda rows: rows.delete()[0])


def forget_interests() -> int:
    """Delete choices that no subscription has any more, as those of requests that nobody confirmed."""
    unused = Interest.objects.filter(~Exists(Subscription.objects.filter(interest=OuterRef("pk"))))

    @transaction.atomic
    def delete(rows):
        # One that is being chosen is locked (`interest_for`); one that was chosen just before is seen by the second query.
        held = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True))
        return unused.filter(pk__in=held).delete()[0]

    return _in_batches(unused, delete)


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
    done, last, model = 0, 0, rows.model
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        done += verb(model.objects.filter(pk__in=keys))
        last = keys[-1]
    return done
