"""Storing many practices at once, as imports and the demo content do."""

from collections import defaultdict
from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied
from django.db import transaction

from networks.rules import roles_of
from practices.models import Practice, PracticeLink, PracticeTheme, PracticeVersion
from practices.search.indexing import reindex
from practices.services.following import follow_sources
from practices.services.versions import keep_former, keep_versions


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

    Existing ones (with a primary key) are replaced and get the next version. What each says is kept in its history.
    """
    if not (actor is None or roles_of(actor).is_administrator or _keeps(actor, records)):
        raise PermissionDenied
    new = [record.practice for record in records if record.is_new]
    old = [record.practice for record in records if not record.is_new]
    for practice in new:
        practice.created_by = actor
    Practice.objects.bulk_create(new)
    keep_former([practice.pk for practice in old])
    for practice in old:
        practice.version += 1
        practice.save()
    store_relations(records, [practice.pk for practice in old])
    follow_sources([record.practice for record in records])
    ids = [record.practice.pk for record in records]
    reindex(ids, known_words=known_words)
    keep_versions(ids, PracticeVersion.Cause.IMPORTED, actor=actor)


def _keeps(actor, records) -> bool:
    """Whether all records are a coordinator's: new ones for an own network, others among those the person decides on."""
    own = roles_of(actor).networks
    old = {record.practice.pk for record in records if not record.is_new}
    return all(own & set(record.network_ids) for record in records if record.is_new) and (
        Practice.objects.decided_by(actor).filter(pk__in=old).count() == len(old)
    )


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
