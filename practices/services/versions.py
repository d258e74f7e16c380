"""Every version of what a practice said, and what changed between two of them."""

from dataclasses import dataclass

from django.db.models import Max

from practices.content import changed_fields, read_content
from practices.models import Practice, PracticeVersion


@dataclass(frozen=True)
class FieldChange:
    """One field that differs between two contents."""

    name: str
    before: object
    after: object


def keep_version(practice: Practice, cause, *, actor, content: dict | None = None, revision=None) -> PracticeVersion:
    """Record what the practice says now (or the given content); to be called in the transaction that changed it.

    A version that would only repeat the last one is not made again.
    """
    content = read_content(practice) if content is None else content
    last = practice.versions.order_by("-number").first()
    if last and last.content == content and last.cause == cause:
        return last
    number = (practice.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    return PracticeVersion.objects.create(
        practice=practice, revision=revision, number=number, cause=cause, content=content, made_by=actor
    )


def compare(before: dict, after: dict) -> list[FieldChange]:
    """The fields in which two contents differ, in the order of the record."""
    return [FieldChange(name, before[name], after[name]) for name in changed_fields(before, after)]
