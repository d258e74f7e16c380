from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation
from networks.models.networks import Network
from networks.models.places import City
from vocabularies.models import Scheme, Term


class RoleAssignmentQuerySet(models.QuerySet):
    def active(self):
        """Assignments in force; ended ones are kept as a record."""
        return self.filter(ended_at__isnull=True)


class RoleAssignment(models.Model):
    """What a person may do, and where. One person may hold several.

    A reviewer's or translator's empty network, theme or language means any.
    """

    class Role(models.TextChoices):
        CONTRIBUTOR = "contributor", _("Contributor of a city")
        FOCAL_POINT = "focal-point", _("Focal point of a city")
        REVIEWER = "reviewer", _("Reviewer")
        TRANSLATOR = "translator", _("Translator")
        COORDINATOR = "coordinator", _("Coordinator of a network")
        ADMINISTRATOR = "administrator", _("Administrator of the platform")

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("person"), on_delete=models.CASCADE, related_name="roles"
    )
    role = models.CharField(_("role"), max_length=16, choices=Role.choices)
    network = models.ForeignKey(
        Network, verbose_name=_("network"), on_delete=models.CASCADE, null=True, blank=True, related_name="roles"
    )
    city = models.ForeignKey(
        City, verbose_name=_("city"), on_delete=models.CASCADE, null=True, blank=True, related_name="roles"
    )
    theme = models.ForeignKey(
        Term,
        verbose_name=_("theme"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"scheme": Scheme.THEME},
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True, default="")
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("granted by"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    granted_at = models.DateTimeField(_("since"), auto_now_add=True)
    ended_at = models.DateTimeField(_("until"), null=True, blank=True, editable=False)

    objects = RoleAssignmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["person", "role", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "network", "city", "theme", "language"],
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
                name="role_once_per_scope",
                violation_error_message=_("This person has this role already."),
            ),
            models.CheckConstraint(
                condition=Q(
                    role__in=["contributor", "focal-point"],
                    city__isnull=False,
                    network__isnull=True,
                    theme__isnull=True,
                    language="",
                )
                | Q(role="reviewer", city__isnull=True)
                | Q(role="translator", city__isnull=True, theme__isnull=True) & ~Q(language="")
                | Q(role="coordinator", city__isnull=True, network__isnull=False, theme__isnull=True, language="")
                | Q(role="administrator", city__isnull=True, network__isnull=True, theme__isnull=True, language=""),
                name="role_scope_fits",
                violation_error_message=_("The scope does not fit the role."),
            ),
        ]

    def __str__(self):
        scope = [str(part) for part in (self.city, self.network, self.theme, self.language) if part]
        return ", ".join([self.get_role_display(), *scope])


class RoleOffer(models.Model):
    """What an invited person will be on accepting; granted in the name of whoever invited."""

    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="offers")
    role = models.CharField(_("role"), max_length=16, choices=RoleAssignment.Role.choices)
    network = models.ForeignKey(Network, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    city = models.ForeignKey(City, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    theme = models.ForeignKey(Term, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True, default="")

    class Meta:
        verbose_name = _("offered role")
        verbose_name_plural = _("offered roles")

    def __str__(self):
        return f"{self.invitation}: {self.get_role_display()}"
