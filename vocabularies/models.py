from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField, PlainTextField


class Scheme(models.TextChoices):
    """The vocabularies a record is described with."""

    THEME = "theme", _("Theme")
    BENEFICIARY = "beneficiary", _("Beneficiaries")
    DELIVERED_BY = "delivered-by", _("Delivered by")
    APPROACH = "approach", _("Approach")
    PREVENTION_LEVEL = "prevention-level", _("Prevention level")
    SCOPE = "scope", _("Geographic scope")
    LIFECYCLE = "lifecycle", _("Stage")
    EVIDENCE_LEVEL = "evidence-level", _("Evidence")
    EVALUATION_OUTCOME = "evaluation-outcome", _("Outcome of the evaluation")
    EVALUATOR = "evaluator", _("Evaluated by")
    TRANSFERABILITY = "transferability", _("Transferability")
    PREREQUISITE = "prerequisite", _("Prerequisites")
    BUDGET_BAND = "budget-band", _("Budget")
    FUNDING = "funding", _("Funding")
    EU_PROGRAMME = "eu-programme", _("EU programme")
    ORGANISATION_TYPE = "organisation-type", _("Type of organisation")
    POPULATION_BAND = "population-band", _("Population")
    EVENT_FORMAT = "event-format", _("Format of the event")
    EVENT_MODE = "event-mode", _("Mode of the event")


class TermQuerySet(models.QuerySet):
    def in_scheme(self, scheme):
        return self.filter(scheme=scheme)

    def current(self):
        """Terms still offered for new records."""
        return self.filter(deprecated=False)


class Term(models.Model):
    """A concept of a controlled vocabulary. Deprecated when no longer wanted, never deleted while in use."""

    scheme = models.CharField(_("vocabulary"), max_length=30, choices=Scheme)
    code = models.SlugField(_("code"), max_length=60, help_text=_("Stable: other systems refer to it."))
    label = LineField(pgettext_lazy("term", "label"), limit=80)
    definition = PlainTextField(_("definition"), limit=400, blank=True, default="")
    synonyms = PlainTextField(
        _("synonyms"), blank=True, default="", help_text=_("One per line. They are found by search, never shown.")
    )
    alignment = models.URLField(_("alignment"), max_length=300, blank=True, default="")
    order = models.PositiveSmallIntegerField(_("order"), default=0)
    deprecated = models.BooleanField(_("deprecated"), default=False)

    objects = TermQuerySet.as_manager()

    class Meta:
        verbose_name = _("term")
        verbose_name_plural = _("terms")
        ordering = ["scheme", "order", "code"]
        constraints = [models.UniqueConstraint(fields=["scheme", "code"], name="term_code_once_per_scheme")]

    def __str__(self):
        return self.label or self.code
