"""Bringing revisions to publication: assignment, judgement, decision."""

from collections import Counter

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from networks.models import RoleAssignment
from networks.rules import roles_of
from practices.content import ATTACHED, changed_fields, fields, read_content, still_stored, write_content
from practices.emails import announce_assignment, announce_comment
from practices.models import HarmRelease, Practice, PracticeVersion, Review, ReviewComment, Revision
from practices.rules import (
    can_decide,
    can_write,
    involved_in,
    judges_own_city,
    may_be_asked_to_review,
    may_release,
    may_review,
    needs_release,
    responsible_networks,
)
from practices.search.indexing import reindex
from practices.services.editing import Stage, move, open_revision, save_revision
from practices.services.following import follow_sources
from practices.services.publishing import publish
from practices.services.versions import keep_former
from practices.translating import source_texts


def possible_reviewers(revision: Revision) -> list[tuple[object, int]]:
    """(person, open assignments) of those who may be asked: by theme and language, never for the own city; idle first."""
    practice = revision.practice
    networks = responsible_networks(practice)
    themes = set(revision.content.get("themes", []))
    held = RoleAssignment.objects.active().filter(
        Q(role=RoleAssignment.Role.REVIEWER) & (Q(network__in=networks) | Q(network__isnull=True))
        | Q(role=RoleAssignment.Role.COORDINATOR, network__in=networks)
    )
    people = get_user_model().objects.filter(is_active=True, pk__in=held.values("person"))
    load = Counter(
        Review.objects.filter(
            finished_at__isnull=True, revision__stage__in=Revision.WITH_REVIEWERS, reviewer__in=people
        ).values_list("reviewer", flat=True)
    )
    found = [
        (person, load[person.pk])
        for person in people
        if may_be_asked_to_review(roles_of(person), practice, networks, themes)
    ]
    return sorted(found, key=lambda item: (item[1], str(item[0])))


@transaction.atomic
def assign_reviewer(revision: Revision, reviewer, *, actor) -> Review:
    """Ask a person to review; the revision is in review from then on."""
    revision = _waiting(revision, actor)
    networks = responsible_networks(revision.practice)
    if not may_be_asked_to_review(
        roles_of(reviewer), revision.practice, networks, set(revision.content.get("themes", []))
    ):
        raise ValidationError(_("This person cannot review it: another city, theme and language are needed."))
    review, is_new = Review.objects.get_or_create(
        revision=revision, reviewer=reviewer, defaults={"assigned_by": actor}
    )
    if not is_new and review.finished_at:
        review.finished_at = None
        review.save(update_fields=["finished_at"])
    if revision.stage != Stage.IN_REVIEW:
        move(revision, Stage.IN_REVIEW, actor=actor)
    announce_assignment(review)
    return review


@transaction.atomic
def comment(revision: Revision, text: str, *, actor, field: str = "") -> ReviewComment:
    """A remark next to a field, by whoever writes, reviews or decides."""
    practice = revision.practice
    if not (can_write(actor, practice) or can_decide(actor, practice) or may_review(actor, revision)):
        raise PermissionDenied
    if field and field not in fields():
        raise ValidationError({"field": _("Unknown field: %(name)s") % {"name": field}})
    remark = ReviewComment(revision=revision, field=field, text=text, author=actor)
    remark.full_clean()
    remark.save()
    announce_comment(remark)
    return remark


@transaction.atomic
def settle_comment(remark: ReviewComment, *, actor) -> ReviewComment:
    """Mark a remark as answered."""
    if not can_write(actor, remark.revision.practice):
        raise PermissionDenied
    remark.resolved_at = remark.resolved_at or timezone.now()
    remark.save(update_fields=["resolved_at"])
    return remark


@transaction.atomic
def finish_review(revision: Revision, *, actor, scores: dict[str, int], verdict: str, summary: str = "") -> Review:
    """A reviewer's judgement: five scores from 0 to 3, a verdict, words to the author."""
    if not may_review(actor, revision):
        raise PermissionDenied
    review = Review.objects.select_for_update().get(revision=revision, reviewer=actor)
    for name in Review.SCORED:
        setattr(review, name, scores.get(name))
    review.verdict, review.summary, review.finished_at = verdict, summary, timezone.now()
    review.full_clean(exclude=["revision", "reviewer", "assigned_by"])
    review.save()
    return review


@transaction.atomic
def request_changes(revision: Revision, *, actor, note: str) -> Revision:
    """Send it back to the authors, saying what is wanted."""
    revision = _waiting(revision, actor, reviewers_too=True)
    if not note.strip():
        raise ValidationError({"note": _("Say what should be changed.")})
    return move(revision, Stage.CHANGES_REQUESTED, actor=actor, note=note)


@transaction.atomic
def reject(revision: Revision, *, actor, reason: str, note: str) -> Revision:
    """Turn it down for good, with a reason from the list and an explanation."""
    revision = _waiting(revision, actor)
    if not reason or not note.strip():
        raise ValidationError(
            {"reason" if not reason else "note": _("A rejection needs a reason and an explanation.")}
        )
    return move(revision, Stage.REJECTED, actor=actor, reason=reason, note=note)


@transaction.atomic
def approve(revision: Revision, *, actor, note: str = "") -> Revision:
    """Accept it. It is published at once, unless its checklist names a risk that nobody else has released yet."""
    revision = _waiting(revision, actor)
    move(revision, Stage.APPROVED, actor=actor, note=note)
    if needs_release(revision):
        return revision
    return _publish(revision, actor)


@transaction.atomic
def release_harm(revision: Revision, *, actor, note: str = "") -> Revision:
    """The second person's consent: a coordinator who neither wrote nor approved it."""
    revision = Revision.objects.select_for_update(of=["self"]).select_related("practice").get(pk=revision.pk)
    if actor.pk in involved_in(revision) and can_decide(actor, revision.practice):
        raise ValidationError(_("Another coordinator must release it: not the one who wrote or approved it."))
    if not may_release(actor, revision):
        raise PermissionDenied
    HarmRelease.objects.update_or_create(
        revision=revision,
        defaults={"released_by": actor, "note": note, "checklist": revision.content["harm_checklist"]},
    )
    return _publish(revision, actor)


def _publish(revision, actor):
    practice = Practice.objects.select_for_update().get(pk=revision.practice_id)
    is_live = practice.status == Practice.Status.PUBLISHED
    former = source_texts(practice)
    if not is_live:
        write_content(practice, revision.content)
        practice.refresh_from_db()
    else:
        # What the revision did not touch stays as it is live: it may have been put right meanwhile.
        names = changed_fields(revision.base, revision.content)
        write_content(practice, {name: revision.content[name] for name in names})
        practice.version += 1
    follow_sources([practice], before=former, weight=revision.weight)
    publish(practice, actor=actor, revision=revision)
    revision.practice = practice
    return move(revision, Stage.PUBLISHED, actor=actor)


@transaction.atomic
def withdraw(practice: Practice, *, actor, note: str) -> Practice:
    """Take a practice down at once, for safety: from page, search, API, feeds and every list in this transaction.

    Who did it and why stands among the steps of its revisions; one that never had any gets one for it.
    """
    if not can_decide(actor, practice):
        raise PermissionDenied
    if not note.strip():
        raise ValidationError({"note": _("Say why it is taken down.")})
    keep_former([practice.pk])
    practice.status = Practice.Status.WITHDRAWN
    practice.save(update_fields=["status", "updated_at"])
    reindex([practice.pk])
    for revision in _revisions_to_withdraw(practice):
        move(revision, Stage.WITHDRAWN, actor=actor, note=note)
    return practice


def _revisions_to_withdraw(practice):
    """Those on their way or, where there is none, the one that is live."""
    if on_their_way := list(practice.revisions.open()):
        return on_their_way
    live = practice.revisions.filter(stage=Stage.PUBLISHED).order_by("-stage_since", "-pk").first()
    if live is None:
        content = read_content(practice)
        live = Revision.objects.create(
            practice=practice, content=content, base=content, stage=Stage.PUBLISHED, stage_since=timezone.now()
        )
    return [live]


@transaction.atomic
def restore(version: PracticeVersion, *, actor) -> Revision:
    """Begin (or continue) a revision that says what a former version said, with the files that still exist."""
    practice = version.practice
    revision = open_revision(practice, actor=actor)
    current = revision.content
    known = version.content | {
        name: still_stored(practice, name, version.content[name]) for name in ATTACHED if name in version.content
    }
    save_revision(
        revision,
        {name: known[name] for name in changed_fields(current, known)},
        actor=actor,
        seen=revision.counter,
    )
    revision.refresh_from_db()
    return revision


def _waiting(revision, actor, *, reviewers_too=False):
    """The revision, locked, if it waits for the actor's decision."""
    revision = Revision.objects.select_for_update(of=["self"]).select_related("practice").get(pk=revision.pk)
    allowed = can_decide(actor, revision.practice) or (reviewers_too and may_review(actor, revision))
    if not allowed or revision.stage not in Revision.WITH_REVIEWERS:
        raise PermissionDenied
    if judges_own_city(actor, revision.practice):
        raise PermissionDenied
    return revision
