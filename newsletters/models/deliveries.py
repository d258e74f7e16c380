"""Mail in bulk: what is sent, to whom, and how far it got. The rows are the truth, tasks are hints."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from newsletters.models.campaigns import Campaign
from newsletters.models.subscribers import Subscriber


class Edition(models.Model):
    """A finished text in one language, the same for all who get it but for their own links.

    In `html` and `text` the place of the reader's key is held by `newsletters.composing.KEY`.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, blank=True, related_name="editions")
    """Null for a digest."""
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=300)
    html = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    parts = models.JSONField(blank=True, default=list)
    """For the archive of newsletters: [{"practice", "event", "html"}], one for each block, its links leading straight."""
    content_hash = models.CharField(max_length=64)
    news = ArrayField(models.BigIntegerField(), default=list)
    """Of a digest: ids of all that it tells, so that one that should not be told any more is found before it is sent."""
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("edition")
        verbose_name_plural = _("editions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "language"], name="edition_once_per_language"),
            models.UniqueConstraint(
                fields=["content_hash"], condition=Q(campaign__isnull=True), name="edition_of_digests_once"
            ),
        ]

    def __str__(self):
        return f"{self.subject} ({self.language})"


class Claim(models.Model):
    """What one worker has taken on, and how far it is: the marks before and after each mail, in one small row.

    Written twice for each mail, where the delivery itself is written twice for many; see `newsletters.services.claiming`.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    lease_until = models.DateTimeField()
    """A worker that has not finished by then is dead, or may be taken for it."""
    in_hand = models.BigIntegerField(null=True, blank=True)
    """The delivery that is being handed over to the mail server: uncertain, should the worker die now."""
    accepted = ArrayField(models.BigIntegerField(), default=list, blank=True)
    """The deliveries that the mail server has accepted."""
    is_recalled = models.BooleanField(default=False)
    """The worker hands over nothing more."""

    class Meta:
        ordering = ["lease_until"]
        indexes = [models.Index(fields=["lease_until"], name="claim_by_lease")]

    def __str__(self):
        return str(self.pk)


class DeliveryQuerySet(models.QuerySet):
    def let_go(self, state, **values) -> int:
        """Put rows into a state in which no worker holds them; returns how many."""
        return self.update(state=state, claim=None, **values)


class Delivery(models.Model):
    """One mail to one subscriber, from the queue to the mail server's answer.

    Handed over at most once: what a worker had in hand when it died is `uncertain`.
    """

    class State(models.TextChoices):
        QUEUED = "queued", pgettext_lazy("delivery", "Queued")
        CLAIMED = "claimed", pgettext_lazy("delivery", "Taken by a worker")
        ACCEPTED = "accepted", pgettext_lazy("delivery", "Accepted by the mail server")
        DELIVERED = "delivered", pgettext_lazy("delivery", "Delivered")
        BOUNCED = "bounced", pgettext_lazy("delivery", "Came back")
        COMPLAINED = "complained", pgettext_lazy("delivery", "Reported as unwanted")
        SKIPPED = "skipped", pgettext_lazy("delivery", "Skipped")
        REJECTED = "rejected", pgettext_lazy("delivery", "Refused")
        UNCERTAIN = "uncertain", pgettext_lazy("delivery", "Uncertain")
        CANCELLED = "cancelled", pgettext_lazy("delivery", "Cancelled")

    class Skip(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", pgettext_lazy("skipped", "unsubscribed meanwhile")
        PAUSED = "paused", pgettext_lazy("skipped", "takes a pause")
        SUPPRESSED = "suppressed", pgettext_lazy("skipped", "address gets no more mail")
        ERASED = "erased", pgettext_lazy("skipped", "address was erased")
        NO_LANGUAGE = "no-language", pgettext_lazy("skipped", "reads none of the languages")

    OPEN = (State.QUEUED, State.CLAIMED)
    TAKEN = (State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.COMPLAINED)
    """The mail server has it; what came after is told by the provider."""

    key = models.UUIDField(unique=True)
    """UUIDv5 of campaign or issue and subscriber: in the Message-ID, so that a repetition can be told."""
    campaign = models.ForeignKey(Campaign, models.CASCADE, null=True, blank=True, related_name="deliveries")
    issue = models.OneToOneField(
        "newsletters.DigestIssue", models.CASCADE, null=True, blank=True, related_name="delivery", db_constraint=False
    )
    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="deliveries")
    edition = models.ForeignKey(Edition, models.PROTECT, null=True, blank=True, related_name="deliveries")
    """Null where there is no language, and of a digest that was never sent once its reader counts as not told."""
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    skip_reason = models.CharField(_("why skipped"), max_length=12, choices=Skip, blank=True, default="")
    claim = models.ForeignKey(Claim, models.PROTECT, null=True, blank=True, related_name="deliveries", db_index=False)
    """Whose it is while it is `claimed`; how far the mail got says the claim."""
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    smtp_code = models.CharField(_("answer of the server"), max_length=20, blank=True, default="")
    """Reply and enhanced status ("550 5.1.1") or what broke; never the server's words, which may repeat the address."""
    domain = models.CharField(max_length=255, blank=True, default="")
    queued_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "subscriber"], name="delivery_once_per_campaign"),
            models.CheckConstraint(
                condition=Q(campaign__isnull=True, issue__isnull=False)
                | Q(campaign__isnull=False, issue__isnull=True),
                name="delivery_of_campaign_or_issue",
            ),
            models.CheckConstraint(
                condition=Q(state="claimed", claim__isnull=False) | ~Q(state="claimed") & Q(claim__isnull=True),
                name="delivery_claimed_by_a_worker",
            ),
            models.CheckConstraint(condition=~Q(state="skipped") | ~Q(skip_reason=""), name="delivery_skipped_why"),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "next_attempt_at", "id"], condition=Q(state="queued"), name="delivery_queued"
            ),
            models.Index(fields=["claim"], condition=Q(claim__isnull=False), name="delivery_claimed"),
            models.Index(fields=["campaign", "state"], name="delivery_by_campaign"),
            models.Index(fields=["id"], condition=Q(state="uncertain"), name="delivery_uncertain"),
            models.Index(
                fields=["id"],
                condition=Q(campaign__isnull=True, state__in=["skipped", "rejected"], edition__isnull=False),
                name="delivery_to_untell",
            ),
        ]

    def __str__(self):
        return f"{self.key} {self.state}"


class Link(models.Model):
    """An address in an edition, through which readers come; counts, and knows nobody."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="links")
    url = models.URLField(max_length=1000)
    languages = ArrayField(models.CharField(max_length=10), default=list)
    clicks = models.PositiveIntegerField(_("clicks"), default=0)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        ordering = ["-clicks", "pk"]
        constraints = [models.UniqueConstraint(fields=["campaign", "url"], name="link_once_per_campaign")]

    def __str__(self):
        return self.url


class ProviderEvent(models.Model):
    """What the mail provider told of a mail, each once however often it is told."""

    provider = models.CharField(max_length=30)
    event_id = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    delivery = models.ForeignKey(Delivery, models.CASCADE, null=True, blank=True, related_name="provider_events")
    """Null for a mail that is not one of these."""
    message_id = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField()
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="provider_event_once")]

    def __str__(self):
        return f"{self.kind} {self.message_id}"
