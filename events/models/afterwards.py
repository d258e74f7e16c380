"""What an event leaves behind: who was there, what was said, decided and learnt."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField, PlainTextField, RichTextField
from events.models.events import Event
from events.models.programme import BreakoutGroup, Session
from events.models.registrations import Registration
from networks.models import City


class Attendance(models.Model):
    """That a participant was there: in one session, or (without one) at the event."""

    class Source(models.TextChoices):
        QR = "qr", pgettext_lazy("attendance", "code")
        MANUAL = "manual", pgettext_lazy("attendance", "by hand")
        VIDEO_LOG = "video-log", pgettext_lazy("attendance", "log of the video conference")

    registration = models.ForeignKey(Registration, models.CASCADE, related_name="attendances")
    session = models.ForeignKey(Session, models.PROTECT, null=True, blank=True, related_name="attendances")
    source = models.CharField(max_length=10, choices=Source)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    """How long, where a log says so; otherwise the whole session counts."""
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendances")
        constraints = [
            models.UniqueConstraint(
                fields=["registration", "session"], nulls_distinct=False, name="attendance_once_per_session"
            )
        ]

    def __str__(self):
        return f"{self.registration} – {self.session or self.registration.event}"


ONE_TO_FIVE = [MinValueValidator(1), MaxValueValidator(5)]


class FeedbackInvitation(models.Model):
    """That a participant was asked, and whether the answer came; never which one it was, nor when."""

    registration = models.OneToOneField(Registration, models.CASCADE, related_name="feedback_invitation")
    is_used = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("invitation to feedback")
        verbose_name_plural = _("invitations to feedback")

    def __str__(self):
        return str(self.registration)


class FeedbackResponse(models.Model):
    """An anonymous answer: without person, time or order (the key is random)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="feedback")
    usefulness = models.PositiveSmallIntegerField(
        _("useful for my work"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    exchange = models.PositiveSmallIntegerField(
        _("room for exchange"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    organisation = models.PositiveSmallIntegerField(
        _("organisation"), validators=[MinValueValidator(1), MaxValueValidator(5)]
    )
    take_away = PlainTextField(_("what I take home"), limit=1000, blank=True, default="")
    improve = PlainTextField(_("what to do better"), limit=1000, blank=True, default="")

    class Meta:
        verbose_name = _("feedback")
        verbose_name_plural = _("feedback")
        ordering = ["id"]

    def __str__(self):
        return str(self.event)


class Certificate(models.Model):
    """A confirmation of attendance that anyone can check by its code, until it is revoked."""

    registration = models.ForeignKey(Registration, models.PROTECT, related_name="certificates")
    number = models.CharField(max_length=30, unique=True)
    code = models.CharField(max_length=40, unique=True)
    """What the verification page is asked with; random."""
    name = LineField(limit=150)
    hours = models.DecimalField(max_digits=5, decimal_places=1)
    language = models.CharField(max_length=10)
    file_hash = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the PDF as it was first made."""
    issued_at = models.DateTimeField(default=timezone.now)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = PlainTextField(limit=300, blank=True, default="")

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        ordering = ["-issued_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["registration"], condition=Q(revoked_at__isnull=True), name="one_valid_certificate"
            ),
            models.CheckConstraint(condition=Q(hours__gt=0), name="certificate_has_hours"),
        ]

    def __str__(self):
        return self.number


class CertificateRun(models.Model):
    """That certificates of an event were asked for all at once. Which there are tell the certificates alone."""

    class Failure(models.TextChoices):
        PERMISSION = "permission", _("Whoever asked for the certificates does not run this event any more.")
        NOT_HELD = "not-held", _("The event was not held yet.")
        UNEXPECTED = "unexpected", _("An unexpected error stopped it. The log of the worker says more.")

    event = models.OneToOneField(Event, models.CASCADE, primary_key=True, related_name="certificate_run")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    progress_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    """How many were lacking when a worker took it up; 0 until then."""
    refused_ids = ArrayField(models.BigIntegerField(), default=list, blank=True)
    """Registrations whose document could not be made; left out until somebody asks anew."""
    attempts = models.PositiveSmallIntegerField(default=0)
    """How often a worker took it up since the last certificate."""
    failure = models.CharField(max_length=10, choices=Failure, blank=True, default="")

    class Meta:
        verbose_name = _("issuing of certificates")
        verbose_name_plural = _("issuings of certificates")

    def __str__(self):
        return str(self.event)

    @property
    def is_under_way(self):
        return self.finished_at is None


class NoteLink(models.Model):
    """That somebody who moderates or reports in a group, mostly without an account, may write its notes by a link."""

    group = models.ForeignKey(BreakoutGroup, models.CASCADE, related_name="note_links")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_version = models.PositiveSmallIntegerField(default=0, editable=False)
    """Part of the secret in the link: adding one closes links that were sent."""
    email = models.EmailField(_("e-mail address"))
    name = LineField(_("name"), limit=150)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    sent_at = models.DateTimeField(default=timezone.now, editable=False)
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("link to notes")
        verbose_name_plural = _("links to notes")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(Lower("email"), "group", name="note_link_once_per_address")]

    def __str__(self):
        return self.name


class MinutesRevision(models.Model):
    """One state of the minutes of an event, or of the note page of a break-out group; never changed afterwards."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="minutes")
    group = models.ForeignKey(BreakoutGroup, models.PROTECT, null=True, blank=True, related_name="notes")
    number = models.PositiveIntegerField()
    base = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    text = RichTextField(_("minutes"), limit=40_000, blank=True, default="")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    link = models.ForeignKey(NoteLink, models.SET_NULL, null=True, blank=True, related_name="+")
    """Of who wrote by a link, in place of the author."""
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("revision of the minutes")
        verbose_name_plural = _("revisions of the minutes")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "group", "number"], nulls_distinct=False, name="minutes_number_once"
            )
        ]

    def __str__(self):
        return f"{self.group or self.event} {self.number}"

    @property
    def writer(self):
        """Who wrote it, as far as that is still known."""
        return self.author or self.link


class Decision(models.Model):
    """What was agreed."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="decisions")
    session = models.ForeignKey(Session, models.SET_NULL, null=True, blank=True, related_name="decisions")
    text = PlainTextField(_("decision"), limit=1000)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["order", "pk"]

    def __str__(self):
        return self.text[:80]


class ActionItemQuerySet(models.QuerySet):
    def due(self, on):
        """Open and to be done by a day."""
        return self.filter(state=ActionItem.State.OPEN, due_on__lte=on)


class ActionItem(models.Model):
    """What a city took upon itself, and until when."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("action item", "open")
        DONE = "done", pgettext_lazy("action item", "done")
        DROPPED = "dropped", pgettext_lazy("action item", "dropped")

    event = models.ForeignKey(Event, models.CASCADE, related_name="action_items")
    decision = models.ForeignKey(Decision, models.SET_NULL, null=True, blank=True, related_name="action_items")
    city = models.ForeignKey(City, models.PROTECT, verbose_name=_("city"), related_name="action_items")
    text = PlainTextField(_("what is to be done"), limit=1000)
    due_on = models.DateField(_("due"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    note = PlainTextField(_("note"), limit=500, blank=True, default="")

    objects = ActionItemQuerySet.as_manager()

    class Meta:
        verbose_name = _("action item")
        verbose_name_plural = _("action items")
        ordering = ["due_on", "pk"]

    def __str__(self):
        return self.text[:80]


class Outcome(models.Model):
    """What came out of an event: a publication, a charter, a further event."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="outcomes")
    title = LineField(_("title"), limit=150)
    description = PlainTextField(_("description"), limit=1000, blank=True, default="")
    url = models.URLField(_("address"), max_length=500, blank=True, default="")
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        ordering = ["order", "pk"]

    def __str__(self):
        return self.title
