"""Writing practices: revisions, saved field by field, and sent on their way."""

from dataclasses import dataclass, field

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from practices import harm
from practices.content import (
    ATTACHED,
    changed_fields,
    empty_content,
    filled_practice,
    lists_of,
    read_content,
    write_content,
)
from practices.emails import announce
from practices.models import EditorialStep, Practice, PracticeVersion, Revision
from practices.rules import can_decide, can_write
from practices.services.cleaning import clean_changes
from practices.services.publishing import missing_for_publication
from practices.services.sweeping import drop_unneeded
from practices.services.versions import keep_former, keep_version

Stage = Revision.Stage


@dataclass(frozen=True)
class SaveOutcome:
    """What became of a save: the counter to send with the next one, and fields that somebody else changed meanwhile.

    `conflicts` maps a field to {"theirs": value, "by": name}; such a field keeps their value, the caller still has his.
    `others` has the same of fields that somebody else changed and the caller did not touch.
    """

    counter: int
    saved: list[str] = field(default_factory=list)
    conflicts: dict[str, dict] = field(default_factory=dict)
    others: dict[str, dict] = field(default_factory=dict)


@transaction.atomic
def start_practice(*, actor, city, source_language: str, network_ids=()) -> Revision:
    """Begin a practice of a city; returns its first revision."""
    practice = Practice(city=city, source_language=source_language, created_by=actor)
    if city is None or not can_write(actor, practice):
        raise PermissionDenied
    practice.save()
    practice.networks.set(network_ids)
    content = empty_content(source_language) | {"city": city.pk, "networks": sorted(network_ids)}
    return _new_revision(practice, content, {}, actor)


@transaction.atomic
def open_revision(practice: Practice, *, actor) -> Revision:
    """The revision that is on its way, or a new one that begins with what the practice says now."""
    if not can_write(actor, practice):
        raise PermissionDenied
    Practice.objects.select_for_update().get(pk=practice.pk)
    revision = practice.revisions.open().first()
    if revision is None:
        if practice.published_at:
            keep_former([practice.pk])
        content = read_content(practice)
        revision = _new_revision(practice, content, content if practice.published_at else {}, actor)
    return revision


def _new_revision(practice, content, base, actor):
    revision = Revision.objects.create(
        practice=practice, content=content, base=base, author=actor, stage_since=timezone.now()
    )
    record_step(revision, Stage.DRAFT, actor=actor, from_stage="")
    return revision


@transaction.atomic
def save_revision(
    revision: Revision,
    changes: dict,
    *,
    actor,
    seen: int,
    seen_of: dict[str, int] | None = None,
    weight: str | None = None,
    window: str = "",
) -> SaveOutcome:
    """Store the fields a person changed. `seen` is the counter of the state those changes were made on; `seen_of` has
    a later one for single fields, of which the person has been shown what somebody else wrote.

    `window` names the page in which they were typed. A field that was changed after that by somebody else, or by the
    same person in another window, keeps that value and comes back as a conflict, so that nothing is overwritten unseen.
    Values are cleaned by the text gate. Raises ValidationError by field for values that cannot be stored,
    PermissionDenied where the actor may not write or the revision is with the reviewers.
    """
    revision = Revision.objects.select_for_update().select_related("practice").get(pk=revision.pk)
    if not can_write(actor, revision.practice) or not may_be_saved(revision, actor):
        raise PermissionDenied
    changes = clean_changes(changes, practice=revision.practice, actor=actor)
    seen_of = dict.fromkeys(revision.changed_at_save, seen) | (seen_of or {})
    conflicts, saved = {}, []
    here = (actor.pk, window)
    for name, value in changes.items():
        if revision.content.get(name) == value:
            continue
        last = revision.changed_at_save.get(name)
        if last and last["at"] > seen_of.get(name, seen) and written_in(last) != here:
            conflicts[name] = _theirs(revision, name)
            continue
        saved.append(name)
    _check_together(revision.content | {name: changes[name] for name in saved})
    if weight and weight != revision.weight:
        revision.weight = Revision.Weight(weight)
        revision.save(update_fields=["weight"])
    if saved:
        revision.counter += 1
        mark = {"at": revision.counter, "by": actor.pk, "name": str(actor), "window": window}
        revision.content |= {name: changes[name] for name in saved}
        revision.changed_at_save |= dict.fromkeys(saved, mark)
        revision.save(update_fields=["content", "changed_at_save", "counter", "updated_at"])
        if revision.practice.published_at is None:
            # Until it is published, lists and look-ups show of the record what is being written.
            write_content(revision.practice, {name: changes[name] for name in saved})
        if set(saved) & set(ATTACHED):
            drop_unneeded(revision.practice)
    others = {
        name: _theirs(revision, name)
        for name, last in revision.changed_at_save.items()
        if name not in changes and last["at"] > seen_of[name] and written_in(last) != here
    }
    return SaveOutcome(revision.counter, saved, conflicts, others)


def written_in(mark) -> tuple:
    """(person, window) of the last change to a field."""
    return mark["by"], mark.get("window", "")


def _check_together(content):
    """What the record's constraints would refuse, told next to the field."""
    if content.get("starts_on") and content.get("ends_on") and content["ends_on"] < content["starts_on"]:
        raise ValidationError({"ends_on": _("A practice cannot end before it begins.")})
    if content.get("budget_amount") and not content.get("budget_currency"):
        raise ValidationError({"budget_currency": _("An amount needs a currency.")})


def _theirs(revision, name):
    return {"theirs": revision.content.get(name), "by": revision.changed_at_save[name]["name"] or _("Former member")}


def may_be_saved(revision, actor) -> bool:
    """Authors write while it is with them; coordinators may put right what is in review."""
    if revision.stage in Revision.WITH_AUTHORS:
        return True
    return revision.is_open and can_decide(actor, revision.practice)


def missing_for_submission(revision: Revision) -> list[str]:
    """Names of what a revision still needs: the core of publication, and the do-no-harm checklist."""
    shown = filled_practice(Practice(), revision.content)
    missing = missing_for_publication(shown, lists_of(revision.content))
    checklist = revision.content.get("harm_checklist", {})
    missing += [f"harm:{name}" for name in harm.unanswered(checklist)]
    missing += [f"harm-mitigation:{name}" for name in harm.unmitigated(checklist)]
    missing += [
        f"images:{image['id']}"
        for image in revision.content.get("images", [])
        if not image.get(f"alt_text_{shown.source_language}")
    ]
    missing += [
        f"images-consent:{image['id']}" for image in revision.content.get("images", []) if not image.get("has_consent")
    ]
    return missing


def completeness(revision: Revision) -> int:
    """Percentage of the fields that say something, the required core counted twice."""
    content = revision.content
    language = content.get("source_language") or revision.practice.source_language
    wanted = [f"{name}_{language}" for name in ("title", "summary", "challenge", "description", "results")]
    wanted += ["city", "geographic_scope", "themes", "approaches", "beneficiaries", "lifecycle", "budget_band"]
    wanted += ["evidence_level", "transferability", "contact_email", "harm_checklist"]
    extra = [f"{name}_{language}" for name in ("lessons_learned", "what_did_not_work", "advice_keep")]
    extra += [f"{name}_{language}" for name in ("advice_change", "gender_and_inclusion", "harm_statement")]
    extra += ["networks", "lead_organisation", "delivered_by", "starts_on", "funding_sources", "prerequisites"]
    extra += ["links", *ATTACHED]
    have = 2 * sum(bool(content.get(name)) for name in wanted) + sum(bool(content.get(name)) for name in extra)
    return round(100 * have / (2 * len(wanted) + len(extra)))


@transaction.atomic
def submit(revision: Revision, *, actor) -> Revision:
    """Hand a complete revision to the reviewers, for the first time or again.

    Raises ValidationError {field: message} for what is missing; a risk without mitigation cannot be submitted.
    """
    revision = _locked(revision)
    if not can_write(actor, revision.practice) or revision.stage not in Revision.WITH_AUTHORS:
        raise PermissionDenied
    missing = missing_for_submission(revision)
    if missing:
        raise ValidationError({name: _("Needed before it can be submitted.") for name in missing})
    is_again = revision.stage == Stage.CHANGES_REQUESTED
    revision.submitted_at = revision.submitted_at or timezone.now()
    revision.save(update_fields=["submitted_at"])
    keep_version(
        revision.practice,
        PracticeVersion.Cause.SUBMITTED,
        actor=actor,
        content=revision.content,
        revision=revision,
    )
    return move(revision, Stage.RESUBMITTED if is_again else Stage.SUBMITTED, actor=actor)


@transaction.atomic
def discard(revision: Revision, *, actor, note: str = "") -> Revision:
    """Give a revision up; a practice that was never published stays as a withdrawn draft."""
    revision = _locked(revision)
    if not can_write(actor, revision.practice) or not revision.is_open:
        raise PermissionDenied
    move(revision, Stage.WITHDRAWN, actor=actor, note=note)
    drop_unneeded(revision.practice)
    return revision


def move(revision: Revision, stage, *, actor, note="", reason="") -> Revision:
    """Bring a revision into a stage and record the step. For the services of this package, in their transaction."""
    before = revision.stage
    revision.stage = stage
    revision.stage_since = timezone.now()
    revision.save(update_fields=["stage", "stage_since"])
    record_step(revision, stage, actor=actor, from_stage=before, note=note, reason=reason)
    return revision


def record_step(revision, stage, *, actor, from_stage, note="", reason=""):
    step = EditorialStep(
        revision=revision,
        from_stage=from_stage,
        to_stage=stage,
        actor=actor,
        reason=reason,
        note=note,
        at=revision.stage_since,
    )
    step.full_clean()
    step.save()
    announce(step)
    return step


def _locked(revision):
    return Revision.objects.select_for_update(of=["self"]).select_related("practice").get(pk=revision.pk)


def content_changes(revision: Revision) -> list[str]:
    """Fields in which a pending revision differs from what it was written on."""
    return changed_fields(revision.base, revision.content)
