"""Pictures and documents of a revision: checked and cleaned, stored under random names, shown once it is published."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from common.documents import clean_document
from common.uploads import clean_image
from practices.content import ATTACHED
from practices.models import Revision
from practices.rules import can_write
from practices.services.cleaning import MOST_ROWS, clean_changes
from practices.services.editing import may_be_saved, save_revision


def attach(revision: Revision, name: str, upload, values: dict, *, actor) -> dict:
    """Store an uploaded file of the list `name` ("images", "documents") and add it to the revision; returns its row.

    Raises ValidationError for a file that is not what it should be or texts that do not fit.
    """
    _rows(revision, name, actor)
    # A long document takes seconds: it is cleaned before anybody has to wait for the revision.
    content = clean_image(upload) if name == "images" else clean_document(upload)
    with transaction.atomic():
        revision = Revision.objects.select_for_update(of=["self"]).select_related("practice").get(pk=revision.pk)
        return _add(revision, name, content, values, actor)


def _rows(revision, name, actor):
    """What the list holds, if the actor may add to it."""
    if not can_write(actor, revision.practice) or not may_be_saved(revision, actor):
        raise PermissionDenied
    rows = revision.content.get(name, [])
    if len(rows) >= MOST_ROWS:
        raise ValidationError(_("At most %(most)s are possible.") % {"most": MOST_ROWS})
    return rows


def _add(revision, name, content, values, actor):
    rows = _rows(revision, name, actor)
    record = ATTACHED[name][0](practice=revision.practice, is_live=False)
    if "language" in ATTACHED[name][2]:
        record.language = record._meta.get_field("language").clean(values["language"], record)
    record.file.save(content.name, content, save=False)
    try:
        record.save()
        row = {"id": record.pk} | values
        clean_changes({name: [row]}, practice=revision.practice)
        for column in ATTACHED[name][2]:
            row.setdefault(column, getattr(record, column))
        save_revision(revision, {name: [*rows, row]}, actor=actor, seen=revision.counter)
    except Exception:
        record.file.delete(save=False)
        raise
    return row
