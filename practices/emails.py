"""Mails of the editorial life: who is told what, each once and in the own language, never the person who did it.

A mail's templates are mail/<kind>.subject.txt, .txt and .html. Its context is plain data, in the reader's language;
titles, names and what people wrote are literal text.
"""

from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone, translation

from common.addresses import absolute
from common.languages import direction
from common.localized import localized
from common.outbox.queueing import queue_mail_to
from networks.emails import coordinators_of, holders
from networks.models import RoleAssignment
from practices.models import Adaptation, Practice, Revision
from practices.rules import can_write, needs_release, responsible_networks

Stage = Revision.Stage
Role = RoleAssignment.Role

REMINDED_BEFORE = timedelta(days=30)
"""How long before its review is due a practice's people are reminded."""


# Steps of revisions ------------------------------------------------------------------------------


def announce(step) -> None:
    """Tell those concerned of a step of a revision; to be called in its transaction."""
    revision = step.revision
    found = _told_of(step, revision)
    if found is None:
        return
    kind, people = found
    page = "practice" if step.to_stage == Stage.PUBLISHED else "review"
    for person in _without(people, step.actor_id):
        extra = {"note": step.note, "reason": lambda: step.reason and str(step.get_reason_display())}
        _send(kind, person, f"{kind}:{step.pk}", revision.practice, _address(page, revision), step.actor, extra)


def _told_of(step, revision):
    """(kind of mail, people), or None where nobody needs to know."""
    stage = step.to_stage
    if stage in (Stage.SUBMITTED, Stage.RESUBMITTED):
        return "practice-submitted", [*_coordinators(revision.practice), *_reviewers(revision)]
    if stage == Stage.CHANGES_REQUESTED:
        return "changes-requested", _authors(revision)
    if stage == Stage.APPROVED and needs_release(revision):
        involved = {revision.author_id, step.actor_id}
        others = [person for person in _coordinators(revision.practice) if person.pk not in involved]
        return "release-needed", others or holders(Q(role=Role.ADMINISTRATOR))
    if stage == Stage.PUBLISHED:
        return "practice-published", _authors(revision)
    if stage == Stage.REJECTED:
        return "practice-rejected", _authors(revision)
    if stage == Stage.WITHDRAWN and step.from_stage != Stage.DRAFT:
        return "practice-withdrawn", [*_authors(revision), *_coordinators(revision.practice), *_reviewers(revision)]
    return None


def announce_assignment(review) -> None:
    """Ask a reviewer; assigning anew what was judged asks anew."""
    if review.reviewer_id != review.assigned_by_id:
        revision = review.revision
        key = f"review-assigned:{review.pk}:{revision.counter}"
        _send("review-assigned", review.reviewer, key, revision.practice, _address("review", revision), None)


def announce_comment(remark) -> None:
    """Tell authors and those who are reviewing of a remark; coordinators read it at the review desk."""
    revision = remark.revision
    people = [*_authors(revision), *_reviewers(revision)]
    for person in _without(people, remark.author_id):
        extra = {"note": remark.text}
        key = f"review-comment:{remark.pk}"
        _send("review-comment", person, key, revision.practice, _address("review", revision), remark.author, extra)


# Adaptations and reviews that are due ------------------------------------------------------------


def announce_adaptation(adaptation, *, actor) -> None:
    """Ask the origin city about a claim, and tell the other one its answer."""
    kind = f"adaptation-{adaptation.state}"
    if adaptation.state == Adaptation.State.CLAIMED:
        people = _officers(adaptation.origin) or _coordinators(adaptation.origin)
    else:
        people = [adaptation.claimed_by] if adaptation.claimed_by else []
    for person in _without(people, actor.pk):
        extra = {"note": adaptation.note, "city": lambda: str(adaptation.city)}
        key = f"{kind}:{adaptation.pk}:{timezone.now():%Y%m%d%H%M%S%f}"
        _send(
            kind,
            person,
            key,
            adaptation.origin,
            lambda: reverse("workspace:adaptation", args=[adaptation.pk]),
            actor,
            extra,
        )


def remind_of_review(practice: Practice) -> None:
    """Ask the people of its city whether it still holds, once per due date; its coordinators where there is nobody."""
    for person in _without(_officers(practice) or _coordinators(practice), None):
        key = f"review-due:{practice.pk}:{practice.review_due_on}"
        extra = {"due_on": practice.review_due_on.isoformat()}
        _send(
            "review-due",
            person,
            key,
            practice,
            lambda: reverse("workspace:practice-confirm", args=[practice.pk]),
            None,
            extra,
        )


# People ------------------------------------------------------------------------------------------


def _coordinators(practice):
    """Coordinators of the responsible networks; administrators where there is none."""
    return coordinators_of(responsible_networks(practice))


def _officers(practice):
    return holders(Q(role__in=[Role.FOCAL_POINT, Role.CONTRIBUTOR], city=practice.city_id)) if practice.city_id else []


def _authors(revision):
    """Who began it and who wrote in it, of those who may still write."""
    ids = {revision.author_id, *(mark["by"] for mark in revision.changed_at_save.values())}
    people = get_user_model().objects.filter(is_active=True, pk__in=ids - {None}).order_by("pk")
    return [person for person in people if can_write(person, revision.practice)]


def _reviewers(revision):
    return list(
        get_user_model()
        .objects.filter(is_active=True, reviews__revision=revision, reviews__finished_at__isnull=True)
        .order_by("pk")
    )


def _without(people, actor_id):
    """Each once, and never the person who did it."""
    return [person for person in dict.fromkeys(people) if person.pk != actor_id]


# One mail ----------------------------------------------------------------------------------------


def _address(page, revision):
    """How to find the page in the language that is active when the mail is written."""
    if page == "practice":
        return revision.practice.get_absolute_url
    return lambda: reverse("workspace:review", args=[revision.pk])


def _send(kind, person, key, practice, address, actor, extra=None):
    with translation.override(person.language):
        title = localized(practice, "title", person.language, practice.source_language)
        context = {
            "title": title.text or f"#{practice.pk}",
            "title_language": title.language or person.language,
            "title_direction": direction(title.language or person.language),
            "actor": str(actor) if actor else "",
            "url": absolute(address()),
            **{name: value() if callable(value) else value for name, value in (extra or {}).items()},
        }
    queue_mail_to(
        person,
        kind,
        context=context,
        key=key,
    )
