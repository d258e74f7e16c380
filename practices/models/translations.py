from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from practices.models.practice import Practice


class Translation(models.Model):
    """The state of a practice in one language that is not its own; every practice ever published has one per language.

    What readers see stands in the practice's columns; `draft` holds what is not confirmed yet. `confirmed` keeps, per
    field, {"source": the source text the translation was confirmed against, "target": a digest of that translation},
    so that the state follows from content. The state and the words of work are derived, kept for lists and counts.
    """

    class Stage(models.TextChoices):
        MACHINE = "machine", _("Machine draft")
        IN_TRANSLATION = "in-translation", _("In translation")
        IN_REVIEW = "in-review", _("In review")
        CONFIRMED = "confirmed", _("Confirmed")

    class State(models.TextChoices):
        """Of a field or a whole language, the more urgent first."""

        OUTDATED = "outdated", _("Outdated")
        NEEDS_UPDATE = "needs-update", _("Needs update")
        MISSING = "missing", _("Missing")
        MACHINE = "machine", _("Machine draft")
        IN_TRANSLATION = "in-translation", _("In translation")
        IN_REVIEW = "in-review", _("In review")
        UP_TO_DATE = "up-to-date", _("Up to date")

    class Problem(models.TextChoices):
        """Why a machine made no draft."""

        UNREACHABLE = "unreachable", _("The translation service could not be reached.")
        SLOW = "slow", _("The translation service took too long.")
        REFUSED = "refused", _("The translation service refused the request.")
        QUOTA = "quota", _("The translation service has no allowance left.")
        BROKEN = "broken", _("The translation service gave an answer that cannot be used.")

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    source_language = models.CharField(_("translated from"), max_length=10, choices=settings.LANGUAGES)
    stage = models.CharField(_("stage"), max_length=16, choices=Stage.choices, default=Stage.IN_TRANSLATION)
    draft = models.JSONField(_("draft"), default=dict)
    machine_fields = models.JSONField(_("machine drafts nobody has read"), default=list)
    confirmed = models.JSONField(_("what it was confirmed against"), default=dict)
    weights = models.JSONField(_("weight of the last change per source field"), default=dict)
    counter = models.PositiveIntegerField(_("saves"), default=0)
    """Grows with every save; `changed_at_save` says per field at which it last changed, and by whom."""
    changed_at_save = models.JSONField(default=dict)
    translator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="translations"
    )
    second_look = models.BooleanField(_("another person confirms it"), default=False)
    machine_asked_at = models.DateTimeField(_("machine asked"), null=True, blank=True)
    machine_problem = models.CharField(
        _("problem of the machine"), max_length=12, choices=Problem.choices, blank=True, default=""
    )
    updated_at = models.DateTimeField(pgettext_lazy("date", "changed"), auto_now=True)

    state = models.CharField(_("state"), max_length=16, choices=State.choices, default=State.MISSING)
    is_outdated = models.BooleanField(_("readers see an outdated text"), default=False)
    words_missing = models.PositiveIntegerField(_("words without translation"), default=0)
    words_changed = models.PositiveIntegerField(_("words of changed sentences"), default=0)

    class Meta:
        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        ordering = ["practice", "language"]
        constraints = [models.UniqueConstraint(fields=["practice", "language"], name="translation_once_per_language")]
        indexes = [models.Index(fields=["language", "state"], name="translation_by_state")]

    def __str__(self):
        return f"{self.practice_id} {self.language}"
