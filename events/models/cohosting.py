"""Asking another network to host an event together."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import PlainTextField
from events.models.events import Event
from networks.models import Network


class CoHostInvitation(models.Model):
    """That a host of an event asked a network to host it too, and what became of that; kept for the history."""

    class State(models.TextChoices):
        ASKED = "asked", pgettext_lazy("invitation to co-host", "waits for an answer")
        ACCEPTED = "accepted", pgettext_lazy("invitation to co-host", "accepted")
        DECLINED = "declined", pgettext_lazy("invitation to co-host", "declined")
        WITHDRAWN = "withdrawn", pgettext_lazy("invitation to co-host", "withdrawn")
        LEFT = "left", pgettext_lazy("invitation to co-host", "no host any more")

    event = models.ForeignKey(Event, models.CASCADE, related_name="cohost_invitations")
    network = models.ForeignKey(Network, models.CASCADE, related_name="cohost_invitations", verbose_name=_("network"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ASKED)
    message = PlainTextField(_("message"), limit=1000, blank=True, default="")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    """When it was answered, withdrawn or left."""

    class Meta:
        verbose_name = _("invitation to co-host")
        verbose_name_plural = _("invitations to co-host")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "network"], condition=Q(state__in=["asked", "accepted"]), name="cohost_asked_once"
            )
        ]

    def __str__(self):
        return f"{self.network}: {self.get_state_display()}"
