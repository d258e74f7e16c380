"""Every version of what a practice said, and what changed between two of them."""

from dataclasses import dataclass

from practices.content import changed_fields, read_contents
from practices.models import Practice, PracticeVersion


@dataclass(frozen=True)
class FieldChange:
    """One field that differs between two contents."""

    name: str
    before: object
    after: object


MILESTONES = (PracticeVersion.Cause.SUBMITTED, PracticeVersion.Cause.PUBLISHED)
"""Causes that are recorded even where the content is that of the version before."""


def keep_version(practice: Practice, cause, *, actor, content: dict | None = None, revision=None) -> PracticeVersion:
    """Record what the practice says now (or the given content); to be called in the transaction that changed it.

    A version that would only repeat the last one is not made again.
    """
    if content is None:
        content = read_contents([Practice.objects.get(pk=practice.pk)])[practice.pk]
    last = practice.versions.order_by("-number").first()
    if last and _repeats(last.content, last.cause, content, cause):
        return last
    number = last.number + 1 if last else 1
    return PracticeVersion.objects.create(
        practice=practice, revision=revision, number=number, cause=cause, content=content, made_by=actor
    )


def keep_versions(practice_ids: list[int], cause, *, actor) -> None:
    """As `keep_version` for many practices, in a number of statements that does not grow with them."""
    contents = read_contents(list(Practice.objects.filter(pk__in=practice_ids)))
    newest = PracticeVersion.objects.filter(practice__in=practice_ids).order_by("practice_id", "-number")
    last = {version.practice_id: version for version in newest.distinct("practice_id")}
    PracticeVersion.objects.bulk_create(
        PracticeVersion(
            practice_id=practice_id,
            number=last[practice_id].number + 1 if practice_id in last else 1,
            cause=cause,
            content=content,
            made_by=actor,
        )
        for practice_id, content in sorted(contents.items())
        if practice_id not in last or not _repeats(last[practice_id].content, last[practice_id].cause, content, cause)
    )


def keep_former(practice_ids: list[int]) -> None:
    """Record what practices say that have no version yet: to be called before they are changed, so that none is lost."""
    kept = set(PracticeVersion.objects.filter(practice__in=practice_ids).values_list("practice", flat=True))
    if missing := [pk for pk in practice_ids if pk not in kept]:
        keep_versions(missing, PracticeVersion.Cause.EDITED, actor=None)


def _repeats(last_content, last_cause, content, cause):
    return last_content == content and (last_cause == cause or cause not in MILESTONES)


def compare(before: dict, after: dict) -> list[FieldChange]:
    """The fields in which two contents differ, in the order of the record."""
    return [FieldChange(name, before[name], after[name]) for name in changed_fields(before, after)]
