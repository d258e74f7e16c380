"""Newsletters: what coordinators write, in blocks and languages, and what became of it."""

import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField, RichTextField
from common.languages import current_language
from common.localized import localized
from events.models import Event
from networks.models import Network
from networks.rules import roles_of
from practices.models import Practice


def picture_path(instance, filename):
    return f"newsletters/{uuid.uuid4().hex}{Path(filename).suffix.lower()}"


class CampaignQuerySet(models.QuerySet):
    def editable_by(self, user):
        """What a person writes and sends: those of one's networks; the hub's own are for administrators."""
        roles = roles_of(user)
        return self.all() if roles.is_administrator else self.filter(network__in=roles.networks)

    def archived(self):
        """What anyone may read: sent, or being sent, and not kept out of the archive."""
        return self.filter(state__in=Campaign.SENT, is_public=True, begun_at__isnull=False)

    def readable(self):
        """The archive, and what left it by being cancelled: some have the mail that leads there."""
        return self.filter(
            state__in=[*Campaign.SENT, Campaign.State.CANCELLED], is_public=True, begun_at__isnull=False
        )


class Campaign(models.Model):
    """One issue of a network's newsletter. Its content is frozen in editions when sending starts."""

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("campaign", "Draft")
        SCHEDULED = "scheduled", pgettext_lazy("campaign", "Scheduled")
        MATERIALISING = "materialising", pgettext_lazy("campaign", "Recipients are gathered")
        SENDING = "sending", pgettext_lazy("campaign", "Being sent")
        PAUSED = "paused", pgettext_lazy("campaign", "Paused")
        COMPLETED = "completed", pgettext_lazy("campaign", "Sent")
        WITH_FAILURES = "with-failures", pgettext_lazy("campaign", "Sent, with failures")
        CANCELLED = "cancelled", pgettext_lazy("campaign", "Cancelled")

    OPEN = (State.DRAFT, State.SCHEDULED)
    UNDER_WAY = (State.MATERIALISING, State.SENDING, State.PAUSED)
    SENT = (State.MATERIALISING, State.SENDING, State.PAUSED, State.COMPLETED, State.WITH_FAILURES)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    network = models.ForeignKey(
        Network, models.PROTECT, verbose_name=_("network"), null=True, blank=True, related_name="campaigns"
    )
    source_language = models.CharField(_("written in"), max_length=10, choices=settings.LANGUAGES)
    languages = ArrayField(
        models.CharField(max_length=10, choices=settings.LANGUAGES), verbose_name=_("languages"), default=list
    )
    """Those that are ready to be sent; others read the first of their own languages among these, or the source's."""
    subject = LineField(_("subject"), limit=120, blank=True, default="")
    preheader = LineField(
        _("preview line"),
        limit=140,
        blank=True,
        default="",
        help_text=_("Shown by mail programs beside the subject."),
    )
    state = models.CharField(_("state"), max_length=13, choices=State, default=State.DRAFT, editable=False)
    scheduled_date = models.DateField(_("day"), null=True, blank=True)
    scheduled_time = models.TimeField(_("time"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, default=settings.TIME_ZONE)
    due_at = models.DateTimeField(null=True, blank=True, editable=False)
    """Follows from day, time and zone, which are the truth."""
    is_public = models.BooleanField(_("shown in the archive"), default=True)
    content_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    """Of all editions together; one campaign is never sent in two versions."""
    audience = models.PositiveIntegerField(default=0, editable=False)
    cursor = models.BigIntegerField(default=0, editable=False)
    """The last subscriber for whom a delivery was written, while recipients are gathered."""
    pause_reason = models.CharField(max_length=60, blank=True, default="", editable=False)
    failures_in_a_row = models.PositiveIntegerField(default=0, editable=False)
    begun_at = models.DateTimeField(null=True, blank=True, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    """Grows with each save, so that two windows do not overwrite one another."""
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("newsletter")
        verbose_name_plural = _("newsletters")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(due_at__isnull=False), name="campaign_scheduled_has_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "scheduled", "cancelled"]) | ~Q(content_hash=""),
                name="campaign_sent_is_frozen",
            ),
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(state="scheduled"), name="campaign_due")]

    def __str__(self):
        return localized(self, "subject", current_language(), self.source_language).text or f"#{self.pk}"

    def get_absolute_url(self):
        return reverse("newsletters:issue", args=[self.pk])


class Block(models.Model):
    """One part of a newsletter: own words, a practice, an event or a picture."""

    class Kind(models.TextChoices):
        TEXT = "text", pgettext_lazy("block", "Text")
        PRACTICE = "practice", pgettext_lazy("block", "Practice")
        EVENT = "event", pgettext_lazy("block", "Event")
        PICTURE = "picture", pgettext_lazy("block", "Picture")

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="blocks")
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.TEXT)
    heading = LineField(_("heading"), limit=120, blank=True, default="")
    text = RichTextField(_("text"), limit=6000, blank=True, default="")
    practice = models.ForeignKey(
        Practice, models.PROTECT, verbose_name=_("practice"), null=True, blank=True, related_name="+"
    )
    event = models.ForeignKey(Event, models.PROTECT, verbose_name=_("event"), null=True, blank=True, related_name="+")
    picture = models.ImageField(
        _("picture"),
        upload_to=picture_path,
        width_field="picture_width",
        height_field="picture_height",
        blank=True,
        default="",
        validators=[FileExtensionValidator(["jpg", "jpeg", "png"])],
    )
    picture_width = models.PositiveIntegerField(editable=False, null=True)
    picture_height = models.PositiveIntegerField(editable=False, null=True)
    alt = LineField(
        _("what the picture shows"),
        limit=200,
        blank=True,
        default="",
        help_text=_("For those who do not see it."),
    )

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["picture"], condition=~Q(picture=""), name="newsletter_picture")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.position}"


class CampaignStep(models.Model):
    """One thing that was done with a newsletter, by whom."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="steps")
    action = models.CharField(_("what"), max_length=13, choices=Campaign.State)
    """The state that it led to."""
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, verbose_name=_("by"), null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("history")
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.get_action_display()
