import uuid
from pathlib import Path

from django.conf import settings
from django.core.validators import FileExtensionValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.fields import LineField
from practices.models.practice import Practice


def image_path(instance, filename):
    """A random name: the uploader's own may tell more than it should."""
    return f"practices/images/{uuid.uuid4().hex}{Path(filename).suffix.lower()}"


def document_path(instance, filename):
    return f"practices/documents/{uuid.uuid4().hex}{Path(filename).suffix.lower()}"


class AttachmentQuerySet(models.QuerySet):
    """For whoever serves the files: a file's name is no secret once it was on a page, so each request has to ask."""

    def public(self):
        """Files anyone may fetch: shown, of a practice that is public now. A withdrawn practice has none."""
        return self.filter(is_live=True, practice__in=Practice.objects.public())

    def visible_to(self, user):
        """Files a person may fetch: shown ones of practices the person may read, and all of those the person writes."""
        shown = Q(is_live=True, practice__in=Practice.objects.visible_to(user))
        return self.filter(shown | Q(practice__in=Practice.objects.editable_by(user)))


class PracticeImage(models.Model):
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="images")
    file = models.ImageField(
        _("file"),
        upload_to=image_path,
        width_field="width",
        height_field="height",
        validators=[FileExtensionValidator(["jpg", "jpeg", "png", "webp"])],
    )
    width = models.PositiveIntegerField(editable=False, null=True)
    height = models.PositiveIntegerField(editable=False, null=True)
    alt_text = LineField(_("what the picture shows"), limit=250)
    caption = LineField(_("caption"), limit=250, blank=True, default="")
    credit = LineField(_("credit"), limit=150, blank=True, default="")
    licence = models.CharField(
        _("licence"), max_length=20, choices=Practice.Licence.choices, default=Practice.Licence.CC_BY
    )
    has_consent = models.BooleanField(_("people shown have agreed"), default=False)
    is_live = models.BooleanField(_("shown"), default=True, editable=False)
    """False while it belongs to a revision that is not published yet, or was taken out by one that was."""
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["order", "pk"]
        indexes = [models.Index(fields=["file"], name="practice_image_by_file")]

    def __str__(self):
        return self.alt_text or self.file.name


class PracticeDocument(models.Model):
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="documents")
    file = models.FileField(
        _("file"),
        upload_to=document_path,
        validators=[FileExtensionValidator(["pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "txt", "csv"])],
    )
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    title = LineField(_("title"), limit=150)
    is_live = models.BooleanField(_("shown"), default=True, editable=False)
    """False while it belongs to a revision that is not published yet, or was taken out by one that was."""
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["order", "pk"]
        indexes = [models.Index(fields=["file"], name="practice_document_by_file")]

    def __str__(self):
        return self.title or self.file.name


class PracticeLink(models.Model):
    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="links")
    url = models.URLField(_("address"), max_length=500)
    title = LineField(_("title"), limit=150, blank=True, default="")
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("link")
        verbose_name_plural = _("links")
        ordering = ["order", "pk"]

    def __str__(self):
        return self.title or self.url
