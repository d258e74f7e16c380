from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.fields import LineField, PlainTextField
from networks.models.networks import Network
from networks.models.places import City


class MembershipQuerySet(models.QuerySet):
    def active(self, on=None):
        """Memberships in force on a date (default: today); both first and last day count."""
        on = on or timezone.localdate()
        return self.filter(
            models.Q(joined_on__isnull=True) | models.Q(joined_on__lte=on),
            models.Q(left_on__isnull=True) | models.Q(left_on__gte=on),
            status=Membership.Status.MEMBER,
        )


class Membership(models.Model):
    """A city's place in a network."""

    class Status(models.TextChoices):
        APPLICANT = "applicant", _("Applicant")
        MEMBER = "member", _("Member")
        SUSPENDED = "suspended", _("Suspended")
        FORMER = "former", _("Former member")

    city = models.ForeignKey(City, verbose_name=_("city"), on_delete=models.CASCADE, related_name="memberships")
    network = models.ForeignKey(
        Network, verbose_name=_("network"), on_delete=models.CASCADE, related_name="memberships"
    )
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.MEMBER)
    joined_on = models.DateField(_("joined on"), null=True, blank=True)
    left_on = models.DateField(_("left on"), null=True, blank=True)
    focal_point = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("focal point"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="focal_point_of",
    )

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["network", "city"]
        constraints = [
            models.UniqueConstraint(fields=["city", "network"], name="membership_once_per_city_and_network"),
            models.CheckConstraint(
                condition=models.Q(left_on__isnull=True)
                | models.Q(joined_on__isnull=True)
                | models.Q(left_on__gte=models.F("joined_on")),
                name="membership_ends_after_it_begins",
                violation_error_message=_("A membership cannot end before it begins."),
            ),
        ]

    def __str__(self):
        return f"{self.city} – {self.network}"


class WorkingGroup(models.Model):
    """Cities of a network that work on one subject together."""

    network = models.ForeignKey(
        Network, verbose_name=_("network"), on_delete=models.CASCADE, related_name="working_groups"
    )
    name = LineField(_("name"), limit=120)
    description = PlainTextField(_("description"), limit=2000, blank=True, default="")
    cities = models.ManyToManyField(City, verbose_name=_("cities"), related_name="working_groups", blank=True)

    class Meta:
        verbose_name = _("working group")
        verbose_name_plural = _("working groups")
        ordering = ["network", "name_en", "pk"]

    def __str__(self):
        return self.name
