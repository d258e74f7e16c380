from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from practices.models.practice import Practice


class Translation(models.Model):
    """The state of a practice in one language that is not its own.

    What readers see stands in the practice's columns; `draft` holds what is not confirmed yet. `confirmed` keeps, per
    field, the source text that the translation was last confirmed against, so that the state follows from content.
    """

    class Stage(models.TextChoices):
        MACHINE = "machine", _("Machine draft")
        IN_TRANSLATION = "in-translation", _("In translation")
        IN_REVIEW = "in-review", _("In review")
        CONFIRMED = "confirmed", _("Confirmed")

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="translations")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    stage = models.CharField(_("stage"), max_length=16, choices=Stage.choices, default=Stage.IN_TRANSLATION)
    draft = models.JSONField(_("draft"), default=dict)
    machine_fields = models.JSONField(_("machine drafts nobody has read"), default=list)
    confirmed = models.JSONField(_("source texts it was confirmed against"), default=dict)
    weights = models.JSONField(_("weight of the last change per source field"), default=dict)
    translator = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="translations"
    )
    updated_at = models.DateTimeField(pgettext_lazy("date", "changed"), auto_now=True)

    class Meta:
        verbose_name = _("translation")
        verbose_name_plural = _("translations")
        ordering = ["practice", "language"]
        constraints = [models.UniqueConstraint(fields=["practice", "language"], name="translation_once_per_language")]

    def __str__(self):
        return f"{self.practice_id} {self.language}"
