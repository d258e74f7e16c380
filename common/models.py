from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """When a background process was last seen; /readyz reads it."""

    name = models.CharField(max_length=50, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self):
        return f"{self.name} {self.seen_at:%Y-%m-%d %H:%M:%S}"

    @classmethod
    def record(cls, name):
        cls.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


class OutboxMailQuerySet(models.QuerySet):
    def unsent(self):
        """Still to leave, or leaving, by themselves: not what waits for a daily summary."""
        return self.filter(state__in=OutboxMail.UNSENT, digest_group="")

    def due(self, now):
        """What a worker may claim."""
        return self.filter(state=OutboxMail.State.WAITING, digest_group="", next_attempt_at__lte=now)

    def waiting_for_summary(self, until):
        return self.filter(state=OutboxMail.State.WAITING, not_before__lte=until).exclude(digest_group="")


class OutboxMail(models.Model):
    """One mail to one person, rendered. The row is the truth about it; tasks only hint that there is something to do."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        LEASED = "leased", _("Taken by a worker")
        HANDING_OVER = "handing_over", _("Being handed over")
        ACCEPTED = "accepted", _("Accepted by the mail server")
        UNCERTAIN = "uncertain", _("Uncertain")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        SUMMARISED = "summarised", _("In a daily summary")

    UNSENT = (State.WAITING, State.LEASED, State.HANDING_OVER)
    HELD = (State.LEASED, State.HANDING_OVER)

    key = models.CharField(max_length=250, unique=True)
    """Names event and recipient: what is queued twice is one row."""
    kind = models.CharField(_("kind"), max_length=50)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    recipient = models.EmailField(_("e-mail address"), max_length=254)
    name = models.TextField(_("name"), blank=True, default="")
    language = models.CharField(_("language"), max_length=10)
    subject = models.TextField(_("subject"))
    text_body = models.TextField()
    html_body = models.TextField(blank=True, default="")
    link = models.TextField(blank=True, default="")
    """Where a daily summary leads the reader for this mail."""
    message_id = models.CharField(max_length=250, unique=True)
    """The same at every attempt, so that a mail that arrives twice is shown once by most programs."""
    digest_group = models.CharField(max_length=50, blank=True, default="")
    """Not empty: waits for the person's daily summary, where it stands under this group."""
    summary = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="summarised")

    state = models.CharField(_("state"), max_length=20, choices=State.choices, default=State.WAITING)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    lease_token = models.UUIDField(null=True, blank=True)
    """Fences: who does not hold the present token cannot write any more."""
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=100, blank=True, default="")
    """Stage, class and codes only: a server's own words name addresses."""
    created_at = models.DateTimeField(_("queued"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    objects = OutboxMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                name="outbox_claim",
                condition=Q(state="waiting", digest_group=""),
            ),
            models.Index(
                fields=["lease_until"], name="outbox_lease", condition=Q(state__in=["leased", "handing_over"])
            ),
            models.Index(
                fields=["person", "not_before"],
                name="outbox_summary",
                condition=Q(state="waiting") & ~Q(digest_group=""),
            ),
            models.Index(fields=["created_at"], name="outbox_bodies", condition=~Q(text_body="")),
            models.Index(fields=["state", "-created_at"], name="outbox_states"),
        ]
        constraints = [
            models.CheckConstraint(
                name="outbox_state_is_known",
                condition=Q(
                    state__in=[
                        "waiting",
                        "leased",
                        "handing_over",
                        "accepted",
                        "uncertain",
                        "failed",
                        "cancelled",
                        "summarised",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="outbox_held_under_a_lease",
                condition=Q(state__in=["leased", "handing_over"], lease_token__isnull=False, lease_until__isnull=False)
                # An uncertain mail remembers its token: whoever was late with the server's answer may still tell it.
                | Q(state="uncertain", lease_until__isnull=True)
                | (
                    ~Q(state__in=["leased", "handing_over", "uncertain"])
                    & Q(lease_token__isnull=True, lease_until__isnull=True)
                ),
            ),
            models.CheckConstraint(
                name="outbox_accepted_at_a_time",
                condition=Q(state="accepted", accepted_at__isnull=False)
                | (~Q(state="accepted") & Q(accepted_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="outbox_summarised_in_a_summary",
                condition=(Q(state="summarised", summary__isnull=False) & ~Q(digest_group=""))
                | (~Q(state="summarised") & Q(summary__isnull=True)),
            ),
            models.CheckConstraint(
                name="outbox_summary_for_a_person", condition=Q(digest_group="") | Q(person__isnull=False)
            ),
            models.CheckConstraint(name="outbox_has_recipient", condition=~Q(recipient="")),
            models.CheckConstraint(
                name="outbox_unsent_has_a_body",
                condition=~Q(state__in=["waiting", "leased", "handing_over"]) | ~Q(text_body=""),
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.pk}"


class MailTrouble(models.Model):
    """The mail server refuses us or cannot be reached. One row at most, gone with the next mail that it accepts."""

    name = models.CharField(max_length=20, primary_key=True, default="outbox")
    reason = models.CharField(max_length=100)
    since = models.DateTimeField(default=timezone.now)
    paused_until = models.DateTimeField()
    """No mail is tried before."""

    class Meta:
        constraints = [models.CheckConstraint(name="mail_trouble_is_one", condition=Q(name="outbox"))]

    def __str__(self):
        return f"{self.reason} until {self.paused_until:%Y-%m-%d %H:%M:%S}"
