"""Who wants mail, of what kind, in which languages, and the proof of it."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField
from events.times import check_zone
from networks.models import Network


class Channel(models.TextChoices):
    """What can be subscribed to."""

    PRACTICES = "practices", pgettext_lazy("channel", "Digest of practices")
    EVENTS = "events", pgettext_lazy("channel", "Digest of events")
    NEWSLETTER = "newsletter", pgettext_lazy("channel", "Newsletter")


class Frequency(models.TextChoices):
    """How often a digest comes. A newsletter comes when its network sends one."""

    DAILY = "daily", pgettext_lazy("frequency", "Every day")
    WEEKLY = "weekly", pgettext_lazy("frequency", "Every week")
    MONTHLY = "monthly", pgettext_lazy("frequency", "Every month")


CONFIRM_WITHIN = timedelta(days=7)
"""So long the link to confirm a subscription opens; then the address is forgotten."""


class Subscriber(models.Model):
    """An address that mail may go to once its owner has said so. What it is sent stands in its subscriptions."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("e-mail address"), null=True, blank=True)
    """In lower case; null once it is erased or forgotten, when only the keyed hash remains."""
    email_hash = models.CharField(max_length=64, unique=True, editable=False)
    """`newsletters.addresses.address_hash` of the address: finds and suppresses it without holding it."""
    domain = models.CharField(max_length=255, blank=True, default="", editable=False)
    languages = ArrayField(
        models.CharField(max_length=10, choices=settings.LANGUAGES), verbose_name=_("languages"), default=list
    )
    """In the order in which the person reads them."""
    time_zone = models.CharField(_("time zone"), max_length=60, default=settings.TIME_ZONE, validators=[check_zone])
    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="subscriber"
    )
    token_version = models.PositiveSmallIntegerField(default=0, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True, editable=False)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When a request that waits for its confirmation was recalled, which happens once."""
    bounce_score = models.FloatField(default=0, editable=False)
    bounced_on = models.DateField(null=True, blank=True, editable=False)
    """The last day that counted for the score: one bounce a day does."""
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("subscriber")
        verbose_name_plural = _("subscribers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["email"], name="subscriber_once_per_address"),
            models.CheckConstraint(
                condition=Q(email__isnull=True) | Q(email=Lower("email")), name="subscriber_in_lower_case"
            ),
            models.CheckConstraint(
                condition=Q(erased_at__isnull=True) | Q(email__isnull=True), name="subscriber_erased_has_no_address"
            ),
        ]
        indexes = [
            models.Index(fields=["time_zone", "id"], condition=Q(email__isnull=False), name="subscriber_by_zone"),
        ]

    def __str__(self):
        return self.email or f"#{self.pk}"


class Interest(models.Model):
    """A choice of themes, networks and languages that many subscriptions may share; digests are put together per choice.

    An empty list means any. `digest` is the hash of the three, so that each choice exists once.
    """

    themes = ArrayField(models.BigIntegerField(), default=list)
    networks = ArrayField(models.BigIntegerField(), default=list)
    languages = ArrayField(models.CharField(max_length=10), default=list)
    """Only what exists in one of these."""
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self):
        return f"themes {self.themes} networks {self.networks} languages {self.languages}"


class SubscriptionQuerySet(models.QuerySet):
    def receiving(self, now=None):
        """Those that get mail: active ones, and paused ones whose pause is over."""
        now = now or timezone.now()
        State = Subscription.State
        return self.filter(Q(state=State.ACTIVE) | Q(state=State.PAUSED, paused_until__lte=now))


class Subscription(models.Model):
    """One subscriber and one channel. Ended ones stay, as the proof of when and why."""

    class State(models.TextChoices):
        PENDING = "pending", pgettext_lazy("subscription", "Waiting for confirmation")
        ACTIVE = "active", pgettext_lazy("subscription", "Active")
        PAUSED = "paused", pgettext_lazy("subscription", "Paused")
        UNSUBSCRIBED = "unsubscribed", pgettext_lazy("subscription", "Unsubscribed")
        BOUNCED = "bounced", pgettext_lazy("subscription", "Address does not work")
        COMPLAINED = "complained", pgettext_lazy("subscription", "Reported as unwanted")
        EXPIRED = "expired", pgettext_lazy("subscription", "Never confirmed")
        ERASED = "erased", pgettext_lazy("subscription", "Erased")

    LIVE = (State.ACTIVE, State.PAUSED)

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="subscriptions")
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    network = models.ForeignKey(
        Network, models.CASCADE, verbose_name=_("network"), null=True, blank=True, related_name="subscriptions"
    )
    """Whose newsletter; null for the hub's own, and for digests."""
    frequency = models.CharField(_("how often"), max_length=7, choices=Frequency, blank=True, default="")
    interest = models.ForeignKey(Interest, models.PROTECT, null=True, blank=True, related_name="subscriptions")
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.PENDING)
    state_at = models.DateTimeField(default=timezone.now)
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    active_from = models.DateTimeField(null=True, blank=True)
    """When it was confirmed: older news is not sent, apart from events still to come."""
    only_searches = models.BooleanField(default=False)
    """Of a digest of practices: what the saved searches find and nothing else; the interest does not count then."""

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "channel", "network"], nulls_distinct=False, name="subscription_once"
            ),
            models.CheckConstraint(
                condition=Q(channel="newsletter", frequency="", interest__isnull=True)
                | Q(channel__in=["practices", "events"], network__isnull=True, interest__isnull=False)
                & ~Q(frequency=""),
                name="subscription_fits_its_channel",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["active", "paused"]) | Q(active_from__isnull=False),
                name="subscription_active_since",
            ),
            models.CheckConstraint(
                condition=~Q(state="paused") | Q(paused_until__isnull=False), name="subscription_paused_until"
            ),
        ]
        indexes = [
            models.Index(
                fields=["frequency", "subscriber"],
                condition=Q(state__in=["active", "paused"]) & ~Q(frequency=""),
                name="subscription_digests",
            ),
            models.Index(
                fields=["network", "subscriber"],
                condition=Q(state__in=["active", "paused"], channel="newsletter"),
                name="subscription_newsletters",
            ),
        ]

    def __str__(self):
        return f"{self.subscriber} {self.channel}"


class SavedSearch(models.Model):
    """A question to the library whose new answers come in the digest of practices."""

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="saved_searches")
    label = LineField(_("name"), limit=120)
    query = models.CharField(max_length=1000)
    """The list's parameters in their canonical order, without page and sort ("q=youth&theme=dialogue")."""
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("saved search")
        verbose_name_plural = _("saved searches")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["subscriber", "query"], name="search_saved_once")]
        indexes = [models.Index(fields=["query"], name="search_saved_by_query")]

    def __str__(self):
        return self.label


class ConsentEventQuerySet(models.QuerySet):
    def open(self, now=None):
        """What was asked for and may still be confirmed."""
        since = (now or timezone.now()) - CONFIRM_WITHIN
        return self.filter(action=ConsentEvent.Action.ASKED, at__gt=since, answer=None).exclude(wishes={})


class ConsentEvent(models.Model):
    """One thing that somebody said yes or no to: never deleted before the subscriber is.

    Never changed but for `wishes` and `note`, which are emptied when they are done with or the person is erased.
    """

    class Action(models.TextChoices):
        ASKED = "asked", pgettext_lazy("consent", "asked for")
        CONFIRMED = "confirmed", pgettext_lazy("consent", "confirmed")
        CHANGED = "changed", pgettext_lazy("consent", "changed")
        PAUSED = "paused", pgettext_lazy("consent", "paused")
        ENDED = "ended", pgettext_lazy("consent", "ended")
        ERASED = "erased", pgettext_lazy("consent", "erased")

    class Way(models.TextChoices):
        FORM = "form", pgettext_lazy("consent", "form on the website")
        LINK = "link", pgettext_lazy("consent", "button behind a mailed link")
        ONE_CLICK = "one-click", pgettext_lazy("consent", "unsubscribe button of the mail program")
        ACCOUNT = "account", pgettext_lazy("consent", "own account")
        COORDINATOR = "coordinator", pgettext_lazy("consent", "a coordinator")
        PROVIDER = "provider", pgettext_lazy("consent", "report of the mail server")
        IMPORT = "import", pgettext_lazy("consent", "import of addresses")

    subscriber = models.ForeignKey(Subscriber, models.CASCADE, related_name="consents")
    action = models.CharField(max_length=10, choices=Action)
    way = models.CharField(max_length=12, choices=Way)
    channels = models.JSONField(default=list)
    """[{"channel", "network", "frequency"}] that it was about."""
    wishes = models.JSONField(default=dict)
    """Of what was asked for: all that happens once it is confirmed (`newsletters.wishes`); empty where it is settled."""
    answers = models.OneToOneField("self", models.SET_NULL, null=True, blank=True, related_name="answer")
    """What this confirms: each is confirmed once."""
    text = models.TextField(blank=True, default="")
    """What the person read, in that language."""
    version = models.CharField(max_length=20, blank=True, default="")
    language = models.CharField(max_length=10, blank=True, default="")
    note = LineField(limit=300, blank=True, default="")
    """Of an import: where the addresses come from, in the coordinator's words."""
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    """Who did it, where that was not the subscriber."""
    at = models.DateTimeField(default=timezone.now)

    objects = ConsentEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["pk"]
        indexes = [models.Index(fields=["at"], condition=Q(action="asked"), name="consent_asked")]

    def __str__(self):
        return f"{self.subscriber_id} {self.action} {self.at:%Y-%m-%d}"


class Suppression(models.Model):
    """An address that gets nothing more, known by its keyed hash alone: survives erasure and new imports."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", pgettext_lazy("suppression", "unsubscribed from everything")
        BOUNCED = "bounced", pgettext_lazy("suppression", "address does not work")
        COMPLAINED = "complained", pgettext_lazy("suppression", "reported as unwanted")
        ERASED = "erased", pgettext_lazy("suppression", "erased on request")

    class Scope(models.TextChoices):
        BULK = "bulk", pgettext_lazy("suppression", "newsletters and digests")
        ALL = "all", pgettext_lazy("suppression", "all mail")

    email_hash = models.CharField(max_length=64, unique=True)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    scope = models.CharField(_("scope"), max_length=4, choices=Scope, default=Scope.BULK)
    at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("suppressed address")
        verbose_name_plural = _("suppressed addresses")
        ordering = ["-at"]

    def __str__(self):
        return f"{self.email_hash[:8]}… {self.reason}"


class Throttle(models.Model):
    """A bucket of tokens shared by all workers: for the whole provider ("*") or one domain of recipients.

    `tokens` may be used at `refilled_at`; it fills by `rate` a second up to `burst`.
    """

    name = models.CharField(_("domain"), max_length=255, unique=True, help_text=_("A domain, or * for all mail."))
    rate = models.FloatField(_("mails a second"), validators=[MinValueValidator(0.001)])
    burst = models.FloatField(_("at once at most"), validators=[MinValueValidator(1)])
    tokens = models.FloatField(default=0, editable=False)
    refilled_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("sending limit")
        verbose_name_plural = _("sending limits")
        ordering = ["name"]

    def __str__(self):
        return self.name
