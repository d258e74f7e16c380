"""What happens when and where within an event, with whom, and what remains of it to read and watch."""

import uuid

from django.conf import settings
from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField, PlainTextField
from common.languages import current_language
from common.localized import localized
from events.models.events import Event
from events.times import instant, settled_instant
from networks.models import City, Organisation
from practices.models import Practice


def document_path(instance, filename):
    """A random name: the uploader's own may tell more than it should."""
    return f"events/documents/{uuid.uuid4().hex}.{filename.rpartition('.')[2].lower()}"


class Room(models.Model):
    """A place in the building or a virtual one; its link is secret."""

    class Kind(models.TextChoices):
        PHYSICAL = "physical", pgettext_lazy("room", "In the building")
        VIRTUAL = "virtual", pgettext_lazy("room", "Virtual")

    event = models.ForeignKey(Event, models.CASCADE, related_name="rooms")
    name = LineField(_("name"), limit=80)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PHYSICAL)
    capacity = models.PositiveIntegerField(_("places"), null=True, blank=True)
    accessibility = LineField(_("accessibility"), limit=200, blank=True, default="")
    join_link = models.URLField(
        _("link to join"),
        max_length=500,
        blank=True,
        default="",
        help_text=_("Secret: only people of the room see it."),
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["order", "pk"]

    def __str__(self):
        return localized(self, "name", current_language(), self.event.source_language).text or f"#{self.pk}"


class Speaker(models.Model):
    """Somebody who speaks, moderates or reports, as the programme names the person."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="speakers")
    name = LineField(_("name"), limit=120)
    role = LineField(_("role"), limit=150, blank=True, default="")
    organisation = models.ForeignKey(
        Organisation, models.SET_NULL, verbose_name=_("organisation"), null=True, blank=True, related_name="+"
    )
    city = models.ForeignKey(City, models.SET_NULL, verbose_name=_("city"), null=True, blank=True, related_name="+")
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("speaker")
        verbose_name_plural = _("speakers")
        ordering = ["order", "pk"]

    def __str__(self):
        return self.name


class Session(models.Model):
    """A part of the agenda, by the clock of the event's place."""

    class Kind(models.TextChoices):
        PLENARY = "plenary", pgettext_lazy("session", "Plenary")
        BREAKOUT = "breakout", pgettext_lazy("session", "Break-out rooms")
        PAUSE = "pause", pgettext_lazy("session", "Pause")

    event = models.ForeignKey(Event, models.CASCADE, related_name="sessions")
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PLENARY)
    title = LineField(_("title"), limit=120)
    description = PlainTextField(_("description"), limit=1500, blank=True, default="")
    day = models.DateField(_("day"))
    start_time = models.TimeField(_("begins at"))
    end_time = models.TimeField(_("ends at"))
    starts_at = models.DateTimeField(editable=False)
    ends_at = models.DateTimeField(editable=False)
    room = models.ForeignKey(
        Room, models.SET_NULL, verbose_name=_("room"), null=True, blank=True, related_name="sessions"
    )
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    moderator = models.ForeignKey(
        Speaker, models.SET_NULL, verbose_name=_("moderator"), null=True, blank=True, related_name="moderated_sessions"
    )
    rapporteur = models.ForeignKey(
        Speaker, models.SET_NULL, verbose_name=_("rapporteur"), null=True, blank=True, related_name="reported_sessions"
    )
    speakers = models.ManyToManyField(Speaker, verbose_name=_("speakers"), blank=True, related_name="sessions")

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("agenda")
        ordering = ["starts_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("starts_at")),
                name="session_ends_after_it_begins",
                violation_error_message=_("A session cannot end before it begins."),
            )
        ]

    def __str__(self):
        return localized(self, "title", current_language(), self.event.source_language).text or f"#{self.pk}"

    def derive_times(self, *, is_strict=True):
        """Set the instants from the clock of the event's place; raises ValidationError as `instant` does."""
        read = instant if is_strict else settled_instant
        self.starts_at = read(self.day, self.start_time, self.event.time_zone)
        self.ends_at = read(self.day, self.end_time, self.event.time_zone)

    def clean(self):
        super().clean()
        if self.day and self.start_time and self.end_time:
            self.derive_times()


class BreakoutGroup(models.Model):
    """What goes on in one room during a break-out session; people are placed into groups by the planner."""

    session = models.ForeignKey(
        Session, models.CASCADE, related_name="groups", limit_choices_to={"kind": Session.Kind.BREAKOUT}
    )
    title = LineField(_("subject"), limit=120)
    room = models.ForeignKey(
        Room, models.SET_NULL, verbose_name=_("room"), null=True, blank=True, related_name="groups"
    )
    capacity = models.PositiveIntegerField(
        _("places"), null=True, blank=True, help_text=_("Empty: as many as the room has.")
    )
    language = models.CharField(_("language"), max_length=10, blank=True, default="")
    moderator = models.ForeignKey(
        Speaker, models.SET_NULL, verbose_name=_("moderator"), null=True, blank=True, related_name="moderated_groups"
    )
    rapporteur = models.ForeignKey(
        Speaker, models.SET_NULL, verbose_name=_("rapporteur"), null=True, blank=True, related_name="reported_groups"
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("break-out group")
        verbose_name_plural = _("break-out groups")
        ordering = ["session", "order", "pk"]

    def __str__(self):
        return localized(self, "title", current_language(), self.session.event.source_language).text or f"#{self.pk}"

    @property
    def places(self):
        """How many fit in; None: no limit."""
        if self.capacity is not None:
            return self.capacity
        return self.room.capacity if self.room else None


class EventDocument(models.Model):
    """A file for participants or for everybody, in one language."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="documents")
    file = models.FileField(
        _("file"),
        upload_to=document_path,
        validators=[FileExtensionValidator(["pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "txt", "csv"])],
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    title = LineField(_("title"), limit=150)
    is_for_participants = models.BooleanField(_("only for participants"), default=False)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["order", "pk"]

    def __str__(self):
        return self.title


class Recording(models.Model):
    """Where a session can be watched or heard, in one language."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="recordings")
    session = models.ForeignKey(
        Session, models.SET_NULL, verbose_name=_("session"), null=True, blank=True, related_name="recordings"
    )
    url = models.URLField(_("address"), max_length=500)
    language = models.CharField(_("language"), max_length=10)
    title = LineField(_("title"), limit=150, blank=True, default="")

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")
        ordering = ["pk"]

    def __str__(self):
        return self.title or self.url


class EventPractice(models.Model):
    """A practice that is proposed for or shown at an event; without a record yet it can be drafted from here."""

    class Role(models.TextChoices):
        PROPOSED = "proposed", pgettext_lazy("practice at an event", "proposed")
        SHOWN = "shown", pgettext_lazy("practice at an event", "shown")

    event = models.ForeignKey(Event, models.CASCADE, related_name="event_practices")
    session = models.ForeignKey(
        Session, models.SET_NULL, verbose_name=_("session"), null=True, blank=True, related_name="event_practices"
    )
    practice = models.ForeignKey(
        Practice, models.SET_NULL, verbose_name=_("practice"), null=True, blank=True, related_name="event_practices"
    )
    city = models.ForeignKey(
        City, models.PROTECT, verbose_name=_("city"), null=True, blank=True, related_name="event_practices"
    )
    title = LineField(_("title, while there is no practice yet"), limit=120, blank=True, default="")
    presenter = LineField(_("presented by"), limit=120, blank=True, default="")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.SHOWN)
    note = PlainTextField(_("note"), limit=1500, blank=True, default="")

    class Meta:
        verbose_name = _("practice at the event")
        verbose_name_plural = _("practices at the event")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(practice__isnull=False) | ~Q(title="") & Q(city__isnull=False),
                name="event_practice_is_named",
                violation_error_message=_("Choose a practice, or write a title and the city."),
            )
        ]

    def __str__(self):
        """What all hosts may read: another network's practice is not named before it is public."""
        if self.practice and self.practice.is_public:
            return str(self.practice)
        return self.title or str(_("A practice that is not public"))
