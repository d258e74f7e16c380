"""Digests: what there is to tell, what was put together for whom, and what each has been told."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from events.models import Event
from newsletters.models.deliveries import Edition
from newsletters.models.subscribers import Frequency, Subscriber, Subscription
from practices.models import Practice


class News(models.Model):
    """One thing that can be told once: a practice or an event is new, has moved, is off, or has its report.

    Gathered from the records (`newsletters.services.gathering`), so that a record published in a late transaction is
    found by the next run. Whether it may still be told is asked of the records each time.
    """

    class Kind(models.TextChoices):
        NEW = "new", pgettext_lazy("news", "New")
        RESCHEDULED = "rescheduled", pgettext_lazy("news", "New date")
        MOVED_ONLINE = "moved-online", pgettext_lazy("news", "Now online")
        POSTPONED = "postponed", pgettext_lazy("news", "Postponed")
        CANCELLED = "cancelled", pgettext_lazy("news", "Cancelled")
        REPORTED = "reported", pgettext_lazy("news", "Report published")

    kind = models.CharField(max_length=12, choices=Kind)
    practice = models.ForeignKey(Practice, models.CASCADE, null=True, blank=True, related_name="+")
    event = models.ForeignKey(Event, models.CASCADE, null=True, blank=True, related_name="+")
    occasion = models.BigIntegerField(default=0)
    """Tells one change of a kind from the next: the id of the event's step (of its change of date, negative, where it
    was edited); 0 for what happens once."""
    at = models.DateTimeField()
    themes = ArrayField(models.BigIntegerField(), default=list)
    networks = ArrayField(models.BigIntegerField(), default=list)
    languages = ArrayField(models.CharField(max_length=10), default=list)
    """Those in which the record can be read."""

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(practice__isnull=True, event__isnull=False)
                | Q(practice__isnull=False, event__isnull=True),
                name="news_of_one_record",
            ),
            models.UniqueConstraint(fields=["practice", "kind", "occasion"], name="news_once_per_practice"),
            models.UniqueConstraint(fields=["event", "kind", "occasion"], name="news_once_per_event"),
        ]
        indexes = [models.Index(fields=["at"], name="news_by_time")]

    def __str__(self):
        return f"{self.kind} {self.practice_id or self.event_id}"


class DigestIssue(models.Model):
    """What a subscriber was sent for one period by the own calendar ("2027-W12"), or that there was nothing."""

    subscriber = models.ForeignKey(
        Subscriber, models.CASCADE, related_name="issues", db_constraint=False, db_index=False
    )
    frequency = models.CharField(max_length=7, choices=Frequency)
    period = models.CharField(max_length=10)
    made_at = models.DateTimeField(default=timezone.now)
    edition = models.ForeignKey(
        Edition, models.PROTECT, null=True, blank=True, related_name="issues", db_constraint=False
    )
    """Null where there was nothing to tell."""

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "frequency", "period"], name="digest_once_per_period")
        ]

    def __str__(self):
        return f"{self.subscriber_id} {self.period}"


class DigestItem(models.Model):
    """That a subscription was told one thing: the ledger that keeps digests from repeating and from missing.

    Without database constraints to what it names, and with one index: a million rows are written at once.
    """

    pk = models.CompositePrimaryKey("subscription", "news")
    subscription = models.ForeignKey(
        Subscription, models.CASCADE, related_name="told", db_constraint=False, db_index=False
    )
    news = models.ForeignKey(News, models.CASCADE, related_name="+", db_constraint=False, db_index=False)

    def __str__(self):
        return f"{self.subscription_id} {self.news_id}"
