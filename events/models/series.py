import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from common.fields import LineField, PlainTextField
from common.languages import current_language
from common.localized import localized
from networks.models import Network


class EventSeries(models.Model):
    """Events under one programme, such as three workshops and the meeting they lead to."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    source_language = models.CharField(_("written in"), max_length=10, choices=settings.LANGUAGES)
    title = LineField(_("title"), limit=120, blank=True, default="")
    summary = PlainTextField(_("summary"), limit=300, blank=True, default="")
    description = PlainTextField(_("description"), limit=4000, blank=True, default="")
    networks = models.ManyToManyField(Network, verbose_name=_("networks"), related_name="event_series")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("event series")
        verbose_name_plural = _("event series")
        ordering = ["-pk"]

    def __str__(self):
        return localized(self, "title", current_language(), self.source_language).text or f"#{self.pk}"

    def get_absolute_url(self):
        return reverse("events:series", args=[self.pk, self.slug])

    @property
    def slug(self):
        """The title as shown to the present reader, fit for an address; never empty."""
        return slugify(str(self), allow_unicode=True)[:80].strip("-") or "series"
