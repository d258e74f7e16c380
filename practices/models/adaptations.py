from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.fields import LineField, PlainTextField
from networks.rules import roles_of
from practices.models.practice import Practice


class AdaptationQuerySet(models.QuerySet):
    def confirmed(self):
        return self.filter(state=Adaptation.State.CONFIRMED)

    def visible_to(self, user):
        """Those that a person's city recorded, and those of practices the person writes or decides on."""
        return self.filter(Q(city__in=roles_of(user).cities) | Q(origin__in=Practice.objects.editable_by(user)))


class Adaptation(models.Model):
    """“Our city adapted this”: confirmed by the city it comes from before it is shown."""

    class State(models.TextChoices):
        CLAIMED = "claimed", _("Waiting for the origin city")
        CONFIRMED = "confirmed", _("Confirmed")
        DECLINED = "declined", _("Declined")

    origin = models.ForeignKey(
        Practice, verbose_name=_("original practice"), on_delete=models.CASCADE, related_name="adaptations"
    )
    city = models.ForeignKey(
        "networks.City", verbose_name=_("city"), on_delete=models.CASCADE, related_name="adaptations"
    )
    practice = models.ForeignKey(
        Practice,
        verbose_name=_("the city's own practice"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="adapted_from",
    )
    source_language = models.CharField(_("written in"), max_length=10, choices=settings.LANGUAGES)
    kept = PlainTextField(_("what was kept"), limit=800)
    changed = PlainTextField(_("what was changed"), limit=800)
    result = PlainTextField(_("result"), limit=800, blank=True, default="")
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.CLAIMED)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    claimed_at = models.DateTimeField(_("recorded"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = LineField(_("answer of the origin city"), limit=500, blank=True, default="")

    objects = AdaptationQuerySet.as_manager()

    class Meta:
        verbose_name = _("adaptation")
        verbose_name_plural = _("adaptations")
        ordering = ["-claimed_at"]
        constraints = [
            models.UniqueConstraint(fields=["origin", "city"], name="adaptation_once_per_city"),
            models.CheckConstraint(condition=~models.Q(origin=models.F("practice")), name="adaptation_not_of_itself"),
        ]

    def __str__(self):
        return f"{self.city}: {self.origin}"
