from django.conf import settings
from django.db import models
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


class OutboxMail(models.Model):
    """A mail to one person, rendered in that person's language when it was queued.

    A mail is handed over at most once unless somebody decides otherwise: what was being handed over when a worker died
    is `uncertain` and waits for a person, for the server may have taken it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        HELD = "held", _("Held for the daily summary")
        LEASED = "leased", _("Taken by a worker")
        HANDING_OVER = "handing-over", _("Being handed over")
        ACCEPTED = "accepted", _("Accepted by the mail server")
        SUMMARISED = "summarised", _("Told in a daily summary")
        UNCERTAIN = "uncertain", _("Uncertain: the mail server may have it")
        FAILED = "failed", _("Refused by the mail server")
        CANCELLED = "cancelled", _("Cancelled")

    kind = models.CharField(_("kind"), max_length=60)
    key = models.CharField(max_length=200, unique=True)
    """Names the event and the recipient: the same thing is queued once."""
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person"),
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="outbox_mails",
    )
    recipient = models.EmailField(_("recipient"))
    name = models.CharField(max_length=200, blank=True, default="")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=300)
    text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    link = models.CharField(max_length=500, blank=True, default="")
    calendar = models.TextField(blank=True, default="")
    """An iCalendar object that goes with it (RFC 6047); its METHOD is read from the object."""
    about = models.CharField(max_length=60, blank=True, default="")
    """What it tells of, such as "event:12": a page on that lists its mails."""
    is_secret = models.BooleanField(default=False)
    """Holds a link that opens something: its text is forgotten as soon as the server has it."""
    state = models.CharField(_("state"), max_length=14, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("not before"))
    lease = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=120, blank=True, default="")
    message_id = models.CharField(max_length=120)
    summary = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="told")
    queued_at = models.DateTimeField(_("queued"), auto_now_add=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state__in=["leased", "handing-over"])
                | models.Q(lease__isnull=False, lease_until__isnull=False),
                name="outbox_taken_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="accepted") | models.Q(accepted_at__isnull=False),
                name="outbox_accepted_has_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"],
                condition=models.Q(state__in=["waiting", "leased", "handing-over"]),
                name="outbox_to_be_sent",
            ),
            models.Index(fields=["person"], condition=models.Q(state="held"), name="outbox_held"),
            models.Index(fields=["about"], condition=~models.Q(about=""), name="outbox_about"),
        ]

    def __str__(self):
        return f"{self.subject} → {self.recipient}"
