from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from common.fields import LineField, PlainTextField

POPULATION_BANDS = [
    (10_000, "under-10k"),
    (50_000, "10k-50k"),
    (250_000, "50k-250k"),
    (1_000_000, "250k-1m"),
]


class CityQuerySet(models.QuerySet):
    def of_address(self, email):
        """Those whose verified mail domain an address is of."""
        return self.filter(mail_domain=email.rpartition("@")[2].lower()).exclude(mail_domain="")

    def on_the_map(self):
        """Cities whose coordinates are known."""
        return self.filter(latitude__isnull=False)


class City(models.Model):
    """A municipality that takes part, or whose practices are told here."""

    name = LineField(_("name"), limit=120)
    slug = models.SlugField(_("address"), max_length=100, unique=True)
    country = CountryField(_("country"), db_index=True)
    region = LineField(_("region"), limit=120, blank=True, default="")
    latitude = models.FloatField(
        _("latitude"), null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        _("longitude"), null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    population = models.PositiveIntegerField(_("population"), null=True, blank=True)
    geonames_id = models.PositiveIntegerField(_("GeoNames id"), null=True, blank=True, unique=True)
    description = PlainTextField(_("description"), limit=2000, blank=True, default="")
    website = models.URLField(_("website"), max_length=300, blank=True, default="")
    mail_domain = models.CharField(
        _("mail domain"),
        max_length=120,
        blank=True,
        default="",
        validators=[RegexValidator(r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", _("Write it like malmo.se."))],
        help_text=_("Checked by an administrator: people with such an address may ask for an account."),
    )

    objects = CityQuerySet.as_manager()

    class Meta:
        verbose_name = _("city")
        verbose_name_plural = _("cities")
        ordering = ["name_en", "pk"]
        constraints = [
            models.CheckConstraint(
                # A range asked of NULL is unknown, which a constraint lets pass: so it is said that both are there.
                condition=models.Q(latitude__isnull=True, longitude__isnull=True)
                | models.Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="city_coordinates_in_range",
            )
        ]

    def __str__(self):
        return self.name or self.slug

    def get_absolute_url(self):
        return reverse("networks:city", args=[self.slug])

    def clean(self):
        """Say next to the field which half of a position is lacking; the constraint could only say that one is."""
        super().clean()
        lacking = [name for name in ("latitude", "longitude") if getattr(self, name) is None]
        if len(lacking) == 1:
            raise ValidationError({lacking[0]: _("A position needs both.")})

    @property
    def population_band(self):
        """Code of the population band, or None where the population is unknown."""
        if self.population is None:
            return None
        return next((band for limit, band in POPULATION_BANDS if self.population < limit), "over-1m")
