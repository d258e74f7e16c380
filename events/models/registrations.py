"""Who takes part, who waits, and on which seats: a pool is the only thing that is ever locked."""

import uuid

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_countries.fields import CountryField

from common.fields import LineField, PlainTextField
from events.models.events import Event
from events.models.programme import BreakoutGroup, Session
from events.times import instant, settled_instant
from networks.models import City
from vocabularies.models import Scheme, Term


class SeatPool(models.Model):
    """Seats that are given out together: those in the building, those online, or those of a break-out session."""

    class Kind(models.TextChoices):
        IN_PERSON = "in-person", _("In person")
        ONLINE = "online", _("Online")
        BREAKOUT = "breakout", pgettext_lazy("session", "Break-out rooms")

    event = models.ForeignKey(Event, models.CASCADE, related_name="pools")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    session = models.OneToOneField(
        Session, models.CASCADE, verbose_name=_("session"), null=True, blank=True, related_name="pool"
    )
    capacity = models.PositiveIntegerField(_("places"), null=True, blank=True, help_text=_("Empty: as many as come."))
    per_city_maximum = models.PositiveIntegerField(
        _("at most per city"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    has_waiting_list = models.BooleanField(_("waiting list"), default=True)
    offer_hours = models.PositiveSmallIntegerField(
        _("hours to answer an offer"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(336)],
        help_text=_("Empty: who is next gets the place at once."),
    )
    queue_counter = models.PositiveIntegerField(default=0, editable=False)
    """The last place in the queue that was given out; positions come from here, not from clocks, which tie."""

    class Meta:
        verbose_name = _("seat pool")
        verbose_name_plural = _("seats")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "kind"], condition=Q(session__isnull=True), name="pool_once_per_mode"
            ),
            models.CheckConstraint(
                condition=Q(kind="breakout", session__isnull=False) | ~Q(kind="breakout") & Q(session__isnull=True),
                name="pool_of_a_mode_or_of_a_session",
            ),
        ]

    def __str__(self):
        return str(self.session) if self.session_id else self.get_kind_display()


class SeatReserve(models.Model):
    """Seats of a pool held back for a type of organisation until a moment, by the clock of the event's place."""

    pool = models.ForeignKey(SeatPool, models.CASCADE, related_name="reserves")
    stakeholder = models.ForeignKey(
        Term,
        models.PROTECT,
        verbose_name=_("for"),
        related_name="+",
        limit_choices_to={"scheme": Scheme.ORGANISATION_TYPE},
    )
    seats = models.PositiveIntegerField(_("places"), validators=[MinValueValidator(1)])
    releases_date = models.DateField(_("released on"))
    releases_time = models.TimeField(_("at"))
    releases_at = models.DateTimeField(editable=False)

    class Meta:
        verbose_name = _("reserved seats")
        verbose_name_plural = _("reserved seats")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["pool", "stakeholder"], name="reserve_once_per_type")]

    def __str__(self):
        return f"{self.stakeholder}: {self.seats}"

    def derive_times(self, *, is_strict=True):
        """Set the instant from the wall clock; raises ValidationError as `instant` does."""
        read = instant if is_strict else settled_instant
        self.releases_at = read(self.releases_date, self.releases_time, self.pool.event.time_zone)

    def clean(self):
        super().clean()
        if self.releases_date and self.releases_time:
            try:
                self.derive_times()
            except ValidationError as error:
                raise ValidationError({"releases_time": error}) from error


class RegistrationQuerySet(models.QuerySet):
    def active(self):
        """Neither ended by the person nor by the hosts."""
        return self.filter(state__in=Registration.ACTIVE)

    def taking_part(self):
        """Who has a place, and after the event who had one."""
        return self.filter(state__in=Registration.WITH_PLACE)


class Registration(models.Model):
    """That somebody wants to take part in an event. The state tells of the place; queues are told by allocations."""

    class State(models.TextChoices):
        UNVERIFIED = "unverified", pgettext_lazy("registration", "e-mail not confirmed")
        AWAITING_APPROVAL = "awaiting-approval", pgettext_lazy("registration", "awaits approval")
        WAITLISTED = "waitlisted", pgettext_lazy("registration", "on the waiting list")
        OFFERED = "offered", pgettext_lazy("registration", "has been offered a place")
        CONFIRMED = "confirmed", pgettext_lazy("registration", "has a place")
        DECLINED = "declined", pgettext_lazy("registration", "not admitted")
        LAPSED = "lapsed", pgettext_lazy("registration", "did not answer in time")
        WITHDRAWN = "withdrawn", pgettext_lazy("registration", "withdrawn")
        REMOVED = "removed", pgettext_lazy("registration", "removed")
        ATTENDED = "attended", pgettext_lazy("registration", "attended")
        NO_SHOW = "no-show", pgettext_lazy("registration", "did not come")
        EVENT_CANCELLED = "event-cancelled", pgettext_lazy("registration", "event cancelled")

    class Mode(models.TextChoices):
        IN_PERSON = "in-person", _("In person")
        ONLINE = "online", _("Online")

    ACTIVE = (State.UNVERIFIED, State.AWAITING_APPROVAL, State.WAITLISTED, State.OFFERED, State.CONFIRMED)
    WITH_PLACE = (State.CONFIRMED, State.ATTENDED, State.NO_SHOW)

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    event = models.ForeignKey(Event, models.PROTECT, related_name="registrations", verbose_name=_("event"))
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="registrations"
    )
    email = models.EmailField(_("e-mail address"), blank=True)
    name = LineField(_("name"), limit=150, blank=True, default="")
    city = models.ForeignKey(
        City, models.PROTECT, verbose_name=_("city"), null=True, blank=True, related_name="registrations"
    )
    organisation = LineField(_("organisation"), limit=200, blank=True, default="")
    stakeholder = models.ForeignKey(
        Term,
        models.PROTECT,
        verbose_name=_("type of organisation"),
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"scheme": Scheme.ORGANISATION_TYPE},
    )
    country = CountryField(_("country"), blank=True, default="")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    spoken = models.JSONField(_("languages spoken"), default=list, blank=True)
    """Codes of working languages the person can follow, for the break-out planner."""
    time_zone = models.CharField(max_length=60, blank=True, default="")
    mode = models.CharField(_("takes part"), max_length=10, choices=Mode)
    """How the person takes part now; who waits for a seat in person may hold one online."""
    online_meanwhile = models.BooleanField(_("online while waiting for a place on site"), default=False)
    wanted_sessions = models.ManyToManyField(
        Session, verbose_name=_("break-out sessions"), blank=True, related_name="wanted_by"
    )
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.UNVERIFIED, editable=False)
    state_at = models.DateTimeField(default=timezone.now, editable=False)
    token_version = models.PositiveSmallIntegerField(default=0, editable=False)
    """Part of the secret in the person's link: adding one closes links that were sent."""

    # Asked for the host, and forgotten after the event
    needs_access = PlainTextField(_("access needs"), limit=500, blank=True, default="")
    needs_diet = PlainTextField(_("food"), limit=300, blank=True, default="")
    needs_interpretation = models.CharField(_("interpretation into"), max_length=10, blank=True, default="")
    message = PlainTextField(_("message to the hosts"), limit=1000, blank=True, default="")

    is_listed = models.BooleanField(_("may be named in the list of participants"), default=False)
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    reconfirm_until = models.DateTimeField(null=True, blank=True, editable=False)
    """After a new date the person is asked again until then; silence is no yes."""
    reconfirmed_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RegistrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("registration")
        verbose_name_plural = _("registrations")
        ordering = ["created_at", "pk"]
        indexes = [models.Index(fields=["event", "state"], name="registration_by_state")]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "event",
                condition=Q(state__in=["unverified", "awaiting-approval", "waitlisted", "offered", "confirmed"])
                & ~Q(email=""),
                name="registration_once_per_address",
            )
        ]

    def __str__(self):
        return self.name or self.email or str(_("Former participant"))

    @property
    def is_active(self):
        return self.state in self.ACTIVE

    @property
    def must_reconfirm(self):
        """Asked whether the new date suits, and silent so far."""
        return self.is_active and self.reconfirm_until is not None and self.reconfirmed_at is None


class SeatAllocation(models.Model):
    """A registration's standing in a pool: a seat, an offer, or a place in the queue."""

    class State(models.TextChoices):
        HELD = "held", pgettext_lazy("seat", "held")
        OFFERED = "offered", pgettext_lazy("seat", "offered")
        WAITING = "waiting", pgettext_lazy("seat", "waiting")
        EXPIRED = "expired", pgettext_lazy("seat", "offer expired")
        RELEASED = "released", pgettext_lazy("seat", "given back")

    OPEN = (State.HELD, State.OFFERED, State.WAITING)

    registration = models.ForeignKey(Registration, models.CASCADE, related_name="allocations")
    pool = models.ForeignKey(SeatPool, models.CASCADE, related_name="allocations")
    state = models.CharField(max_length=10, choices=State)
    position = models.PositiveIntegerField(null=True, blank=True)
    """In the queue, from the pool's counter; not the number shown, which counts those who are before."""
    offered_until = models.DateTimeField(null=True, blank=True)
    is_overbooked = models.BooleanField(default=False)
    """Given by a coordinator beyond the limit, on purpose."""
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("seat")
        verbose_name_plural = _("seats")
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["pool", "state", "position"], name="allocation_queue")]
        constraints = [
            models.UniqueConstraint(fields=["registration", "pool"], name="allocation_once_per_pool"),
            models.UniqueConstraint(
                fields=["pool", "position"], condition=Q(position__isnull=False), name="queue_position_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="offered") | Q(offered_until__isnull=False), name="offer_has_an_end"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["waiting", "offered"]) | Q(position__isnull=False),
                name="who_waits_has_a_position",
            ),
        ]

    def __str__(self):
        return f"{self.registration} – {self.get_state_display()}"


class RegistrationConsent(models.Model):
    """What somebody agreed to, in the words that were shown."""

    registration = models.ForeignKey(Registration, models.CASCADE, related_name="consents")
    kind = models.CharField(max_length=20)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=10)
    text = models.TextField()
    given_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["registration", "kind"], name="consent_once_per_kind")]

    def __str__(self):
        return f"{self.kind} {self.version}"


class RegistrationStep(models.Model):
    """How a registration came to its state."""

    registration = models.ForeignKey(Registration, models.CASCADE, related_name="steps")
    from_state = models.CharField(max_length=20, blank=True, default="")
    to_state = models.CharField(max_length=20, choices=Registration.State)
    note = PlainTextField(limit=500, blank=True, default="")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("history")
        ordering = ["-at", "-pk"]

    def __str__(self):
        return f"{self.from_state} → {self.to_state}"


class Nomination(models.Model):
    """That somebody may register for an event which is not open to all, such as the meeting after the workshops."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    token_version = models.PositiveSmallIntegerField(default=0, editable=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="nominations")
    email = models.EmailField(_("e-mail address"))
    name = LineField(_("name"), limit=150, blank=True, default="")
    language = models.CharField(
        _("language"), max_length=10, choices=settings.LANGUAGES, default=settings.LANGUAGE_CODE
    )
    city = models.ForeignKey(City, models.SET_NULL, verbose_name=_("city"), null=True, blank=True, related_name="+")
    from_registration = models.ForeignKey(
        Registration,
        models.SET_NULL,
        verbose_name=_("took part in"),
        null=True,
        blank=True,
        related_name="nominations",
    )
    nominated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    at = models.DateTimeField(_("when"), default=timezone.now)
    told_at = models.DateTimeField(_("mail sent"), null=True, blank=True, editable=False)
    """When the mail with the link was queued; there is one, once the event is announced."""

    class Meta:
        verbose_name = _("nomination")
        verbose_name_plural = _("nominations")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(Lower("email"), "event", name="nominated_once_per_event")]

    def __str__(self):
        return self.name or self.email


class GroupWish(models.Model):
    """Which break-out group a participant would like; rank 1 most."""

    registration = models.ForeignKey(Registration, models.CASCADE, related_name="wishes")
    group = models.ForeignKey(BreakoutGroup, models.CASCADE, related_name="wishes")
    rank = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        ordering = ["rank", "pk"]
        constraints = [models.UniqueConstraint(fields=["registration", "group"], name="wish_once_per_group")]

    def __str__(self):
        return f"{self.registration} → {self.group}"


class GroupPlace(models.Model):
    """In which group of a break-out session a participant is; `is_fixed` when a person decided, not the planner."""

    registration = models.ForeignKey(Registration, models.CASCADE, related_name="group_places")
    session = models.ForeignKey(Session, models.CASCADE, related_name="group_places")
    group = models.ForeignKey(BreakoutGroup, models.CASCADE, related_name="places_taken")
    is_fixed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("place in a group")
        verbose_name_plural = _("places in groups")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["registration", "session"], name="one_group_per_break_out_session")
        ]

    def __str__(self):
        return f"{self.registration} – {self.group}"


class PersonalCalendar(models.Model):
    """The private feed of an address: all events its holder takes part in, with own room and link."""

    email = models.EmailField()
    token_version = models.PositiveSmallIntegerField(default=0)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("personal calendar")
        verbose_name_plural = _("personal calendars")
        constraints = [models.UniqueConstraint(Lower("email"), name="personal_calendar_once_per_address")]

    def __str__(self):
        return self.email
