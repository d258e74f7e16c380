"""Changes of practices: each is one transaction that leaves record and index in agreement."""

<<<<<<< HEAD:practices/services.py
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
=======
from collections.abc import Iterable
>>>>>>> 42d25f4 (Hold roles, revisions, reviews, versions, translation states and adaptations):practices/services/publishing.py
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg2.extras import execute_values

<<<<<<< HEAD:practices/services.py
from common.languages import in_all_languages, site_languages
from practices.models import FacetDocument, Practice, PracticeLink, PracticeTheme
=======
from practices.models import Practice
>>>>>>> 42d25f4 (Hold roles, revisions, reviews, versions, translation states and adaptations):practices/services/publishing.py
from practices.models.practice import CORE_TEXTS, HONEST_TEXTS
from practices.rules import can_change
from practices.search.facets import practice_codes
from practices.search.indexing import indexable, reindex
from practices.search.vectors import LABELS_AT, TEXT_FIELDS, practice_words

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
    """Set when the practice is to be confirmed again, counted from its publication: pilots sooner."""
    is_pilot = practice.lifecycle is not None and practice.lifecycle.code == "pilot"
    day = practice.published_at.date()
    month = day.month - 1 + (REVIEW_MONTHS_OF_PILOT if is_pilot else REVIEW_MONTHS)
    practice.review_due_on = day.replace(year=day.year + month // 12, month=month % 12 + 1, day=min(day.day, 28))


@transaction.atomic
def publish(practice: Practice, *, actor, at: datetime | None = None) -> Practice:
    """Make a complete practice public at once, in page, search, counts, feeds and API.

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
    reindex([practice.pk])
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
    """Record that what is told still holds."""
    _authorise(actor, practice)
    practice.confirmed_on = on or timezone.localdate()
    practice.save(update_fields=["confirmed_on", "updated_at"])
    reindex([practice.pk])
    return practice


def record_edit(practice: Practice) -> None:
    """To be called, in the same transaction, after a practice and its relations were saved by a form."""
    practice.version += 1
    practice.save(update_fields=["version"])
    reindex([practice.pk])


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
<<<<<<< HEAD:practices/services.py


# What the index has missed ----------------------------------------------------------------------

COMPARED_AT_ONCE = 500


def differing_from_index() -> Iterator[list[int]]:
    """Yield, chunk by chunk, ids of practices that are in the index otherwise than in the records, or in one alone.

    Texts are not looked at: they are indexed with the practice, in its transaction. What a worker brings to the index
    can be lost with the broker: the names of terms, networks and cities, the order of evidence, the country of a city.
    """
    indexed = FacetDocument.objects.values_list("pk", flat=True)
    ids = sorted({*indexed, *Practice.objects.public().values_list("pk", flat=True)})
    for start in range(0, len(ids), COMPARED_AT_ONCE):
        if differing := _differing(ids[start : start + COMPARED_AT_ONCE]):
            yield differing


def _differing(ids):
    stored = {
        pk: (rank, facets)
        for pk, rank, facets in FacetDocument.objects.filter(pk__in=ids).values_list("pk", "evidence_rank", "facets")
    }
    present, labels = {}, []
    for practice in indexable(ids).rewrite(False).defer(*_UNTITLED, *in_all_languages(*_UNTITLED)):
        present[practice.pk] = (practice.evidence_level.order, practice_codes(practice))
        # The words of a practice that says nothing are those of its labels.
        for column in in_all_languages(*TEXT_FIELDS):
            setattr(practice, column, "")
        labels += [(practice.pk, code, practice_words(practice, code).words) for code in site_languages()]
    differing = {pk for pk in ids if stored.get(pk) != present.get(pk)}
    return sorted(differing | _labelled_otherwise(labels))


def _labelled_otherwise(labels):
    """Ids of those (practice id, language, words of its labels) whose search document has other labels, or is not."""
    with connection.cursor() as cursor:
        found = execute_values(
            cursor.cursor,
            "SELECT DISTINCT e.practice_id FROM (VALUES %s) AS e (practice_id, language, labels)"
            " LEFT JOIN practices_searchdocument d ON d.practice_id = e.practice_id AND d.language = e.language"
            " WHERE d.practice_id IS NULL OR tsvector_to_array(e.labels) <> ARRAY("
            f"SELECT lexeme FROM unnest(d.words) WHERE {LABELS_AT} = ANY (positions))",
            labels,
            template="(%s, %s, %s::tsvector)",
            page_size=len(labels) or 1,
            fetch=True,
        )
    return {pk for (pk,) in found}


_UNTITLED = [name for name in TEXT_FIELDS if name not in ("title", "summary")]
"""Title and summary say in which languages a practice exists."""


# Many at once ------------------------------------------------------------------------------------


@dataclass(slots=True)
class PracticeRecord:
    """A practice with its relations, not stored yet. `terms` maps a many-to-many field to term ids, themes ranked."""

    practice: Practice
    terms: dict[str, list[int]] = field(default_factory=dict)
    network_ids: list[int] = field(default_factory=list)
    partner_ids: list[int] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    is_new: bool = True


@transaction.atomic
def store(records: list[PracticeRecord], *, actor, known_words=None) -> None:
    """Store checked records and their relations and index them: all of them or none.

    Existing ones (with a primary key) are replaced and get the next version.
    """
    if not (actor is None or actor.has_perms(["practices.add_practice", "practices.change_practice"])):
        raise PermissionDenied
    new = [record.practice for record in records if record.is_new]
    old = [record.practice for record in records if not record.is_new]
    for practice in new:
        practice.created_by = actor
    Practice.objects.bulk_create(new)
    for practice in old:
        practice.version += 1
        practice.save()
    store_relations(records, [practice.pk for practice in old])
    reindex([record.practice.pk for record in records], known_words=known_words)


def store_relations(records: list[PracticeRecord], replaced_ids: list[int]) -> None:
    """Write themes, links and many-to-many rows of stored practices; those of `replaced_ids` are replaced."""
    PracticeTheme.objects.filter(practice__in=replaced_ids).delete()
    PracticeTheme.objects.bulk_create(
        PracticeTheme(practice=record.practice, theme_id=theme_id, rank=rank)
        for record in records
        for rank, theme_id in enumerate(record.terms.get("themes", ()), start=1)
    )
    _replace_links(records, replaced_ids)
    plural = {name for record in records for name in record.terms} - {"themes"}
    for name in sorted(plural):
        _replace_many(name, replaced_ids, {record.practice.pk: record.terms.get(name, ()) for record in records})
    _replace_many("networks", replaced_ids, {record.practice.pk: record.network_ids for record in records})
    _replace_many("partners", replaced_ids, {record.practice.pk: record.partner_ids for record in records})


def _replace_links(records, replaced_ids):
    """Links that stay the same keep their titles, which records do not carry."""
    stored = defaultdict(list)
    for practice_id, url in PracticeLink.objects.filter(practice__in=replaced_ids).values_list("practice_id", "url"):
        stored[practice_id].append(url)
    different = [record for record in records if stored[record.practice.pk] != record.links]
    PracticeLink.objects.filter(practice__in=[record.practice.pk for record in different]).delete()
    PracticeLink.objects.bulk_create(
        PracticeLink(practice=record.practice, url=url, order=order)
        for record in different
        for order, url in enumerate(record.links)
    )


def _replace_many(name, replaced_ids, ids_of_practice):
    """Write the rows of a many-to-many field for several practices at once."""
    through = Practice._meta.get_field(name).remote_field.through
    target = Practice._meta.get_field(name).m2m_reverse_name()
    through.objects.filter(practice__in=replaced_ids).delete()
    through.objects.bulk_create(
        through(**{"practice_id": practice_id, target: related_id})
        for practice_id, related_ids in ids_of_practice.items()
        for related_id in dict.fromkeys(related_ids)
    )
=======
>>>>>>> 42d25f4 (Hold roles, revisions, reviews, versions, translation states and adaptations):practices/services/publishing.py
