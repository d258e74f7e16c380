"""Changes of practices: each is one transaction that leaves record and index in agreement."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from practices.models import Practice, PracticeVersion
from practices.models.practice import CORE_TEXTS, HONEST_TEXTS
from practices.rules import can_change, can_write
from practices.search.indexing import reindex
from practices.services.following import follow_sources
from practices.services.versions import keep_version

REQUIRED_RELATIONS = (
    "city",
    "geographic_scope",
    "lifecycle",
    "budget_band",
    "evidence_level",
    "transferability",
)
REQUIRED_LISTS = {"themes": 3, "approaches": 4, "beneficiaries": None}
"""Lists that a published practice fills, with the most entries each may have."""

REVIEW_MONTHS = 24
REVIEW_MONTHS_OF_PILOT = 12


def missing_for_publication(practice: Practice, lists: dict[str, Iterable] | None = None) -> list[str]:
    """Names of what a practice still needs before it can be published; translated ones with their language suffix.

    `lists` gives the terms of REQUIRED_LISTS where the practice is not stored yet.
    """
    language = practice.source_language
    missing = [f"{name}_{language}" for name in CORE_TEXTS if not practice.text(name, language)]
    if not any(practice.text(name, language) for name in HONEST_TEXTS):
        missing.append(f"lessons_learned_{language}")
    missing += [name for name in REQUIRED_RELATIONS if getattr(practice, f"{name}_id") is None]
    if lists is None:
        lists = {name: getattr(practice, name).all() for name in REQUIRED_LISTS}
    missing += [name for name in REQUIRED_LISTS if not list(lists.get(name, ()))]
    if not practice.contact_email:
        missing.append("contact_email")
    return missing


def plan_review(practice: Practice) -> None:
    """Set when the practice is to be confirmed again, counted from its publication or last confirmation: pilots sooner."""
    is_pilot = practice.lifecycle is not None and practice.lifecycle.code == "pilot"
    day = max(filter(None, (timezone.localdate(practice.published_at), practice.confirmed_on)))
    month = day.month - 1 + (REVIEW_MONTHS_OF_PILOT if is_pilot else REVIEW_MONTHS)
    practice.review_due_on = day.replace(year=day.year + month // 12, month=month % 12 + 1, day=min(day.day, 28))


@transaction.atomic
def publish(practice: Practice, *, actor, at: datetime | None = None, revision=None) -> Practice:
    """Make a complete practice public at once, in page, search, counts, feeds and API, and keep the version.

    Raises ValidationError naming each missing field, PermissionDenied where the actor may not.
    """
    _authorise(actor, practice)
    missing = missing_for_publication(practice)
    if missing:
        raise ValidationError({name: _("Needed for publication.") for name in missing})
    practice.status = Practice.Status.PUBLISHED
    practice.published_at = practice.published_at or at or timezone.now()
    practice.confirmed_on = practice.confirmed_on or timezone.localdate()
    plan_review(practice)
    practice.save()
    follow_sources([practice])
    reindex([practice.pk])
    keep_version(practice, PracticeVersion.Cause.PUBLISHED, actor=actor, revision=revision)
    return practice


@transaction.atomic
def archive(practice: Practice, *, actor) -> Practice:
    """Take a practice off every public page in the same transaction; the record stays."""
    _authorise(actor, practice)
    practice.status = Practice.Status.ARCHIVED
    practice.save(update_fields=["status", "updated_at"])
    reindex([practice.pk])
    return practice


@transaction.atomic
def confirm(practice: Practice, *, actor, on=None) -> Practice:
    """Record that what is told still holds, as its city or its coordinators know; the next review is planned from now."""
    if not can_write(actor, practice):
        raise PermissionDenied
    practice.confirmed_on = on or timezone.localdate()
    if practice.published_at:
        plan_review(practice)
    practice.save(update_fields=["confirmed_on", "review_due_on", "updated_at"])
    reindex([practice.pk])
    return practice


def record_edit(practice: Practice, *, actor) -> None:
    """To be called, in the same transaction, after a practice and its relations were saved by a form."""
    practice.version += 1
    practice.save(update_fields=["version"])
    follow_sources([practice])
    reindex([practice.pk])
    keep_version(practice, PracticeVersion.Cause.EDITED, actor=actor)


@transaction.atomic
def delete(practices: Iterable[Practice], *, actor) -> None:
    """Remove practices for good, from the index first: its bit strings do not follow a cascade."""
    practices = list(practices)
    for practice in practices:
        _authorise(actor, practice)
    ids = [practice.pk for practice in practices]
    Practice.objects.filter(pk__in=ids).update(status=Practice.Status.ARCHIVED)
    reindex(ids)
    Practice.objects.filter(pk__in=ids).delete()


def _authorise(actor, practice):
    if not can_change(actor, practice):
        raise PermissionDenied


def practices_using(kind: str, pk: int) -> list[int]:
    """Ids of the public practices that name a term, network or city (`kind` is the model's name, lower case)."""
    found = set()
    for relation in Practice._meta.get_fields():
        if relation.concrete and relation.is_relation and relation.related_model._meta.model_name == kind:
            found.update(Practice.objects.public().filter(**{relation.name: pk}).values_list("pk", flat=True))
    return sorted(found)
