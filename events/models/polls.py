"""Asking the cities for a new date while an event is postponed."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import PlainTextField
from events.models.events import Event
from events.models.registrations import Registration
from events.times import instant


class DatePoll(models.Model):
    """One question to all who are registered: which of these dates suits, and is there still interest."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="polls")
    question = PlainTextField(_("what is asked"), limit=1000, blank=True, default="")
    closes_at = models.DateTimeField(_("open until"))
    closed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("poll for a date")
        verbose_name_plural = _("polls for a date")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["event"], condition=models.Q(closed_at__isnull=True), name="one_open_poll_per_event"
            )
        ]

    def __str__(self):
        return f"{self.event} {self.created_at:%Y-%m-%d}"

    @property
    def is_open(self):
        return self.closed_at is None and self.closes_at > timezone.now()


class DateOption(models.Model):
    """A date that is offered, by the clock of the event's place."""

    poll = models.ForeignKey(DatePoll, models.CASCADE, related_name="options")
    start_date = models.DateField(_("first day"))
    start_time = models.TimeField(_("begins at"))
    end_date = models.DateField(_("last day"))
    end_time = models.TimeField(_("ends at"))

    class Meta:
        verbose_name = _("date")
        verbose_name_plural = _("dates")
        ordering = ["start_date", "start_time", "pk"]

    def __str__(self):
        return f"{self.start_date} {self.start_time:%H:%M}"

    def clean(self):
        super().clean()
        if None in (self.start_date, self.start_time, self.end_date, self.end_time):
            return
        zone = self.poll.event.time_zone
        if instant(self.end_date, self.end_time, zone) <= instant(self.start_date, self.start_time, zone):
            raise ValidationError({"end_time": _("An event cannot end before it begins.")})


class PollResponse(models.Model):
    """One participant's answer."""

    class Interest(models.TextChoices):
        YES = "yes", pgettext_lazy("poll", "still interested")
        UNSURE = "unsure", pgettext_lazy("poll", "not sure")
        NO = "no", pgettext_lazy("poll", "no longer")

    poll = models.ForeignKey(DatePoll, models.CASCADE, related_name="responses")
    registration = models.ForeignKey(Registration, models.CASCADE, related_name="poll_responses")
    interest = models.CharField(max_length=10, choices=Interest)
    comment = PlainTextField(_("remark"), limit=500, blank=True, default="")
    answered_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["poll", "registration"], name="poll_answered_once")]

    def __str__(self):
        return f"{self.registration}: {self.get_interest_display()}"


class PollChoice(models.Model):
    """How one date suits one participant."""

    class Fit(models.TextChoices):
        YES = "yes", pgettext_lazy("poll", "suits")
        IF_NEEDED = "if-needed", pgettext_lazy("poll", "if need be")
        NO = "no", pgettext_lazy("poll", "does not suit")

    response = models.ForeignKey(PollResponse, models.CASCADE, related_name="choices")
    option = models.ForeignKey(DateOption, models.CASCADE, related_name="choices")
    fit = models.CharField(max_length=10, choices=Fit)

    class Meta:
        verbose_name = _("choice")
        verbose_name_plural = _("choices")
        constraints = [models.UniqueConstraint(fields=["response", "option"], name="one_choice_per_date")]

    def __str__(self):
        return f"{self.option}: {self.get_fit_display()}"
