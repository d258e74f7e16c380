"""What the library shows of terms, networks and cities follows when they change; files go with their records.

Their names are part of every search document and of every cached page, and they are edited in apps that know nothing
of practices: so the practices watch them.
"""

from functools import partial

from django.db import transaction
from django.db.models.signals import post_delete, post_save, pre_delete

from common.background import enqueue
from networks.models import City, Membership, Network, Organisation, WorkingGroup
from practices.models import PracticeDocument, PracticeImage
from practices.search.indexing import bump_version
from practices.services import practices_using
from vocabularies.models import Term

INDEXED = (Term, Network, City)
"""Their names are words of search documents."""

SHOWN = (*INDEXED, Membership, Organisation, WorkingGroup)
"""Their names stand on public pages."""


def connect():
    for model in SHOWN:
        post_save.connect(_follow_change, sender=model, dispatch_uid=f"practices.follow_{model._meta.label_lower}")
        post_delete.connect(_follow_removal, sender=model, dispatch_uid=f"practices.forget_{model._meta.label_lower}")
    for model in (PracticeImage, PracticeDocument):
        post_delete.connect(_remove_file, sender=model, dispatch_uid=f"practices.file_of_{model._meta.label_lower}")
    for model in INDEXED:
        pre_delete.connect(_remember_users, sender=model, dispatch_uid=f"practices.users_{model._meta.label_lower}")


def _follow_change(sender, instance, created, raw, **kwargs):
    # A fixture is loaded in any order; who loads one rebuilds the index.
    if raw or (created and sender is Organisation):
        return
    bump_version("labels")
    if sender in INDEXED and not created:
        enqueue("practices.tasks.reindex_where", sender._meta.model_name, instance.pk)


def _remove_file(sender, instance, **kwargs):
    """Whatever deletes the record, the admin and the end of a practice too; not before that is certain."""
    transaction.on_commit(partial(instance.file.storage.delete, instance.file.name))


def _remember_users(sender, instance, **kwargs):
    instance.practices_that_used_it = practices_using(sender._meta.model_name, instance.pk)


def _follow_removal(sender, instance, **kwargs):
    bump_version("labels")
    if ids := getattr(instance, "practices_that_used_it", None):
        enqueue("practices.tasks.reindex_practices", ids)
