import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField, PlainTextField, RichTextField
from common.languages import current_language, fallback_chain
from common.localized import first_language, localized
from events.models.series import EventSeries
from events.times import check_zone, instant, settled_instant
from networks.models import City, Membership, Network
from networks.rules import roles_of
from vocabularies.models import Scheme, Term

CANCELLED_STAYS_DAYS = 30
"""So long a cancelled event stays in calendar feeds, so that subscribed calendars learn of it."""


def term_field(label, scheme, **options):
    return models.ForeignKey(
        Term,
        verbose_name=label,
        on_delete=models.PROTECT,
        related_name="+",
        limit_choices_to={"scheme": scheme},
        **options,
    )


class EventQuerySet(models.QuerySet):
    def announced(self):
        """What is or was on the public calendar: a cancelled event keeps its page."""
        return self.exclude(status=Event.Status.DRAFT)

    def public(self):
        return self.announced().filter(visibility=Event.Visibility.PUBLIC)

    def visible_to(self, user):
        """What a person may open: public ones, those of one's networks, and all that one coordinates."""
        roles = roles_of(user)
        if roles.is_administrator:
            return self.all()
        shown = Q(visibility=Event.Visibility.PUBLIC)
        if roles.member_networks:
            shown |= Q(visibility=Event.Visibility.NETWORK, pk__in=_of_networks(roles.member_networks))
        return self.filter(~Q(status=Event.Status.DRAFT) & shown | Q(pk__in=_of_networks(roles.networks)))

    def editable_by(self, user):
        """What a person runs: coordinators the events that one of their networks hosts."""
        roles = roles_of(user)
        return self.all() if roles.is_administrator else self.filter(pk__in=_of_networks(roles.networks))

    def upcoming(self, now=None):
        """Not over yet; those without a date, being postponed, count as upcoming."""
        now = now or timezone.now()
        return self.filter(Q(ends_at__gte=now) | Q(status=Event.Status.POSTPONED)).exclude(
            status__in=[Event.Status.HELD, Event.Status.REPORTED, Event.Status.ARCHIVED]
        )

    def past(self, now=None):
        now = now or timezone.now()
        return self.filter(
            Q(ends_at__lt=now) | Q(status__in=[Event.Status.HELD, Event.Status.REPORTED, Event.Status.ARCHIVED])
        ).exclude(status=Event.Status.POSTPONED)


def _of_networks(network_ids):
    return Event.networks.through.objects.filter(network__in=network_ids).values("event")


class Event(models.Model):
    """A meeting of people from cities: what it is about, when and where by the clock of the place, and how it stands."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        PUBLISHED = "published", pgettext_lazy("event", "Announced")
        POSTPONED = "postponed", pgettext_lazy("event", "Postponed")
        CANCELLED = "cancelled", pgettext_lazy("event", "Cancelled")
        HELD = "held", pgettext_lazy("event", "Held")
        REPORTED = "reported", pgettext_lazy("event", "Reported")
        ARCHIVED = "archived", pgettext_lazy("event", "Archived")

    class Mode(models.TextChoices):
        IN_PERSON = "in-person", _("In person")
        ONLINE = "online", _("Online")
        HYBRID = "hybrid", _("In person and online")

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("Public")
        NETWORK = "network", _("Members of its networks")

    class Entry(models.TextChoices):
        OPEN = "open", pgettext_lazy("registration", "Open to all")
        NOMINATED = "nominated", pgettext_lazy("registration", "People who were nominated")
        NONE = "none", pgettext_lazy("registration", "No registration here")

    TAKES_PLACE = (Status.PUBLISHED, Status.HELD, Status.REPORTED, Status.ARCHIVED)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Names the event in calendars (RFC 5545 UID); never changes."""

    # What is told
    source_language = models.CharField(_("written in"), max_length=10, choices=settings.LANGUAGES)
    title = LineField(_("title"), limit=120, blank=True, default="")
    summary = PlainTextField(_("summary"), limit=300, blank=True, default="")
    description = RichTextField(_("description"), limit=8000, blank=True, default="")
    practical = PlainTextField(
        _("practical information"),
        limit=2000,
        blank=True,
        default="",
        help_text=_("How to get there, access for people with disabilities, what is paid for."),
    )

    # Who and what about
    series = models.ForeignKey(
        EventSeries, models.PROTECT, verbose_name=_("series"), null=True, blank=True, related_name="events"
    )
    networks = models.ManyToManyField(Network, verbose_name=_("networks"), related_name="events")
    format = term_field(_("format"), Scheme.EVENT_FORMAT, null=True, blank=True)
    themes = models.ManyToManyField(
        Term,
        verbose_name=_("themes"),
        blank=True,
        related_name="themed_events",
        limit_choices_to={"scheme": Scheme.THEME},
    )
    languages = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("working languages"),
        default=list,
        help_text=_("Language codes separated by commas, such as en,fr."),
    )
    interpretation = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("interpretation into"),
        default=list,
        blank=True,
        help_text=_("Language codes separated by commas, such as en,fr."),
    )

    # When: the clock of the place is the truth, the instants follow from it
    start_date = models.DateField(_("first day"), null=True, blank=True)
    start_time = models.TimeField(_("begins at"), null=True, blank=True)
    end_date = models.DateField(_("last day"), null=True, blank=True)
    end_time = models.TimeField(_("ends at"), null=True, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, default=settings.TIME_ZONE, validators=[check_zone])
    starts_at = models.DateTimeField(null=True, blank=True, editable=False)
    ends_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Where
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, default=Mode.IN_PERSON)
    city = models.ForeignKey(
        City, models.PROTECT, verbose_name=_("host city"), null=True, blank=True, related_name="hosted_events"
    )
    venue = LineField(_("venue"), limit=150, blank=True, default="")
    address = LineField(_("street address"), limit=250, blank=True, default="")
    online_link = models.URLField(
        _("link to join online"),
        max_length=500,
        blank=True,
        default="",
        help_text=_("Secret: only people with a place see it."),
    )

    # How it stands
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.DRAFT, editable=False)
    moved_online_at = models.DateTimeField(null=True, blank=True, editable=False)
    sequence = models.PositiveIntegerField(default=0, editable=False)
    """Grows with each change that calendars must learn of (RFC 5545 SEQUENCE)."""
    visibility = models.CharField(_("visibility"), max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    status_note = PlainTextField(_("what visitors are told about it"), limit=500, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    status_at = models.DateTimeField(default=timezone.now, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name=_("run by"),
        null=True,
        blank=True,
        related_name="run_events",
    )
    contact_email = models.EmailField(
        _("contact mailbox"), blank=True, default="", help_text=_("A role's mailbox, not a person's.")
    )

    # Registration
    entry = models.CharField(_("registration"), max_length=10, choices=Entry, default=Entry.OPEN)
    needs_approval = models.BooleanField(_("each registration is approved"), default=False)
    opens_date = models.DateField(_("registration opens on"), null=True, blank=True)
    opens_time = models.TimeField(_("at"), null=True, blank=True)
    closes_date = models.DateField(_("registration closes on"), null=True, blank=True)
    closes_time = models.TimeField(_("at"), null=True, blank=True)
    registration_opens_at = models.DateTimeField(null=True, blank=True, editable=False)
    registration_closes_at = models.DateTimeField(null=True, blank=True, editable=False)
    """Derived from the clock of the place as the others; without dates one can register until the event begins."""
    fresh_yes_hours = models.PositiveSmallIntegerField(
        _("ask before giving a place in the last hours"),
        default=24,
        validators=[MaxValueValidator(720)],
        help_text=_("So many hours before the event nobody is moved up from the waiting list without being asked."),
    )
    reminder_hours = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(2160)]),
        verbose_name=_("reminders, in hours before"),
        default=list,
        blank=True,
        size=5,
        help_text=_("For example 168,24: a week and a day before."),
    )
    report_due_days = models.PositiveSmallIntegerField(_("report due after days"), default=21)
    purge_after_days = models.PositiveSmallIntegerField(
        _("needs are forgotten after days"),
        default=30,
        validators=[MaxValueValidator(365)],
        help_text=_("Access and diet needs of participants are deleted so many days after the event."),
    )
    needs_purged_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-starts_at", "-pk"]
        indexes = [
            models.Index(fields=["starts_at"], name="event_by_start"),
            models.Index(fields=["ends_at"], name="event_by_end"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(starts_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")),
                name="event_ends_after_it_begins",
                violation_error_message=_("An event cannot end before it begins."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "postponed", "cancelled"])
                | Q(starts_at__isnull=False, ends_at__isnull=False),
                name="event_announced_with_a_date",
                violation_error_message=_("An announced event needs a beginning and an end."),
            ),
            models.CheckConstraint(
                condition=~Q(status="postponed") | Q(starts_at__isnull=True, ends_at__isnull=True),
                name="event_postponed_has_no_date",
            ),
        ]

    def __str__(self):
        return localized(self, "title", current_language(), self.source_language).text or f"#{self.pk}"

    def get_absolute_url(self):
        return reverse("events:detail", args=[self.pk, self.slug])

    @property
    def slug(self):
        """The title as shown to the present reader, fit for an address; never empty."""
        return slugify(str(self), allow_unicode=True)[:80].strip("-") or "event"

    @property
    def is_public(self):
        return self.status != self.Status.DRAFT and self.visibility == self.Visibility.PUBLIC

    @property
    def is_in_person(self):
        return self.mode in (self.Mode.IN_PERSON, self.Mode.HYBRID)

    @property
    def is_online(self):
        return self.mode in (self.Mode.ONLINE, self.Mode.HYBRID)

    def text(self, field, language):
        """The field's text in exactly this language, "" where there is none."""
        return getattr(self, f"{field}_{language}") or ""

    def shown_language(self, reader):
        """The language in which this reader is shown the title."""
        return first_language(self, "title", fallback_chain(reader, self.source_language))

    def derive_times(self, *, is_strict=True):
        """Set the instants from the wall clock.

        Raises ValidationError by field for times that the clocks skip or show twice; not `is_strict` for times agreed
        before the rules of the zone changed.
        """
        check_zone(self.time_zone)
        read = instant if is_strict else settled_instant
        errors = {}

        def moment(day, clock, field):
            if day is None or clock is None:
                return None
            try:
                return read(day, clock, self.time_zone)
            except ValidationError as error:
                errors[field] = error
                return None

        self.starts_at = moment(self.start_date, self.start_time, "start_time")
        self.ends_at = moment(self.end_date, self.end_time, "end_time")
        self.registration_opens_at = moment(self.opens_date, self.opens_time, "opens_time")
        self.registration_closes_at = moment(self.closes_date, self.closes_time, "closes_time")
        if errors:
            raise ValidationError(errors)

    def clean(self):
        super().clean()
        self.derive_times()
        unknown = set(self.languages or ()) | set(self.interpretation or ())
        if any(not code.replace("-", "").isalpha() for code in unknown):
            raise ValidationError({"languages": _("Write language codes such as en,fr.")})
        if self.registration_closes_at and self.ends_at and self.registration_closes_at > self.ends_at:
            raise ValidationError({"closes_date": _("Registration cannot close after the event.")})


class EventDateChange(models.Model):
    """That an event moved: from when to when (null: no date yet), why, and by whom."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="date_changes")
    old_starts_at = models.DateTimeField(null=True)
    old_ends_at = models.DateTimeField(null=True)
    new_starts_at = models.DateTimeField(null=True)
    new_ends_at = models.DateTimeField(null=True)
    reason = PlainTextField(_("reason"), limit=500, blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("change of date")
        verbose_name_plural = _("changes of date")
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.event} {self.at:%Y-%m-%d}"


class EventStep(models.Model):
    """One thing that was done with an event, for its history."""

    class Action(models.TextChoices):
        CREATED = "created", pgettext_lazy("event step", "created")
        PUBLISHED = "published", pgettext_lazy("event step", "announced")
        EDITED = "edited", pgettext_lazy("event step", "changed")
        POSTPONED = "postponed", pgettext_lazy("event step", "postponed")
        RESCHEDULED = "rescheduled", pgettext_lazy("event step", "rescheduled")
        MOVED_ONLINE = "moved-online", pgettext_lazy("event step", "moved online")
        CANCELLED = "cancelled", pgettext_lazy("event step", "cancelled")
        HELD = "held", pgettext_lazy("event step", "held")
        REPORTED = "reported", pgettext_lazy("event step", "reported")
        ARCHIVED = "archived", pgettext_lazy("event step", "archived")
        OVERBOOKED = "overbooked", pgettext_lazy("event step", "place given beyond the limit")
        ZONE_RULES = "zone-rules", pgettext_lazy("event step", "clock rules of the zone changed")
        COHOST_ASKED = "cohost-asked", pgettext_lazy("event step", "network asked to co-host")
        COHOST_JOINED = "cohost-joined", pgettext_lazy("event step", "network became a host")
        COHOST_DECLINED = "cohost-declined", pgettext_lazy("event step", "network declined to co-host")
        COHOST_WITHDRAWN = "cohost-taken-back", pgettext_lazy("event step", "invitation to co-host withdrawn")
        COHOST_LEFT = "cohost-left", pgettext_lazy("event step", "network is no host any more")

    event = models.ForeignKey(Event, models.CASCADE, related_name="steps")
    action = models.CharField(_("what"), max_length=20, choices=Action)
    note = PlainTextField(_("note"), limit=500, blank=True, default="")
    sequence = models.PositiveIntegerField(default=0)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("by"), related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("history")
        ordering = ["-at", "-pk"]

    def __str__(self):
        return self.get_action_display()


def member_cities(event):
    """Cities of the networks that host an event, at present."""
    return City.objects.filter(
        pk__in=Membership.objects.active().filter(network__in=event.networks.values("pk")).values("city")
    )
