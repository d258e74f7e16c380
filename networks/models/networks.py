from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from common.fields import LineField, PlainTextField
from networks.models.organisations import Organisation
from networks.models.places import City


class Network(models.Model):
    """A network of cities, or a project that works like one."""

    name = LineField(_("name"), limit=120)
    slug = models.SlugField(_("address"), max_length=80, unique=True)
    description = PlainTextField(_("description"), limit=3000, blank=True, default="")
    founded_on = models.DateField(_("founded on"), null=True, blank=True)
    convenor = models.ForeignKey(
        Organisation,
        verbose_name=_("convenor"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="convened_networks",
    )
    working_languages = ArrayField(
        models.CharField(max_length=10),
        verbose_name=_("working languages"),
        default=list,
        blank=True,
        help_text=_("Language codes separated by commas, such as en,fr."),
    )
    website = models.URLField(_("website"), max_length=300, blank=True, default="")
    colour = models.CharField(
        _("colour"),
        max_length=7,
        default="#0a5c63",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour as # and six hexadecimal digits."))],
    )
    cities = models.ManyToManyField(City, through="networks.Membership", related_name="networks")

    class Meta:
        verbose_name = _("network")
        verbose_name_plural = _("networks")
        ordering = ["name_en", "pk"]

    def __str__(self):
        return self.name or self.slug

    def get_absolute_url(self):
        return reverse("networks:network", args=[self.slug])
