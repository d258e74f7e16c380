from django.db import models
from django.utils.translation import gettext_lazy as _

from common.fields import LineField
from networks.models.places import City
from vocabularies.models import Scheme, Term


class Organisation(models.Model):
    """A body that leads, convenes or supports: a municipality, a school, an association, a university."""

    name = LineField(_("name"), limit=200)
    kind = models.ForeignKey(
        Term,
        verbose_name=_("type"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"scheme": Scheme.ORGANISATION_TYPE},
    )
    city = models.ForeignKey(
        City, verbose_name=_("city"), on_delete=models.PROTECT, null=True, blank=True, related_name="organisations"
    )
    website = models.URLField(_("website"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ["name_en", "pk"]

    def __str__(self):
        return self.name
