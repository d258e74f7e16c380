import uuid
from pathlib import Path

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.fields import LineField


def import_path(instance, filename):
    """A random name: the list holds mailboxes, and the storage may be public to whoever knows an address."""
    return f"imports/{uuid.uuid4().hex}{Path(filename).suffix.lower()}"


class ImportJobQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A person's own imports; administrators of the platform see all."""
        if not (user.is_authenticated and user.is_active):
            return self.none()
        return self.all() if user.is_superuser else self.filter(uploaded_by=user)


class ImportJob(models.Model):
    """A file of practices on its way in: checked first, stored when somebody has seen what will come of it."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting to be checked")
        CHECKING = "checking", _("Being checked")
        CHECKED = "checked", _("Checked")
        STORING = "storing", _("Being stored")
        DONE = "done", _("Stored")
        FAILED = "failed", _("Failed")

    class Encoding(models.TextChoices):
        UNDECIDED = "undecided", _("Not decided")
        REPAIR = "repair", _("As it was meant")
        KEEP = "keep", _("As it is written")

    file = models.FileField(_("file"), upload_to=import_path)
    name = LineField(_("name of the file"), limit=200)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("uploaded by"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="practice_imports",
    )
    language = models.CharField(_("language of the report"), max_length=10, choices=settings.LANGUAGES)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    progress_at = models.DateTimeField(_("last progress"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    encoding = models.CharField(
        _("broken encoding is stored"), max_length=10, choices=Encoding.choices, default=Encoding.UNDECIDED
    )
    failure = models.CharField(_("reason"), max_length=500, blank=True, default="")
    total = models.PositiveIntegerField(_("rows"), default=0)
    rows = models.PositiveIntegerField(_("rows done"), default=0)
    added = models.PositiveIntegerField(pgettext_lazy("rows", "new"), default=0)
    changed = models.PositiveIntegerField(pgettext_lazy("rows", "changed"), default=0)
    unchanged = models.PositiveIntegerField(pgettext_lazy("rows", "unchanged"), default=0)
    failed = models.PositiveIntegerField(pgettext_lazy("rows", "refused"), default=0)
    broken_rows = models.PositiveIntegerField(_("with broken encoding"), default=0)
    report = models.JSONField(_("report"), default=dict)
    practice_ids = ArrayField(models.BigIntegerField(), verbose_name=_("practices"), default=list)

    objects = ImportJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]

    def __str__(self):
        return self.name

    @property
    def is_under_way(self):
        return self.state in {self.State.WAITING, self.State.CHECKING, self.State.STORING}

    @property
    def to_store(self):
        """How many practices storing would add or change."""
        return self.added + self.changed
