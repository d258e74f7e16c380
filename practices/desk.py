"""What a person finds on the own desk: the practices one writes, who has them now, and what waits."""

from dataclasses import dataclass

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.languages import in_all_languages
from common.phrases import listed
from networks.models import City
from networks.rules import roles_of
from practices.content import TEXTS
from practices.models import Practice, Review, ReviewComment, Revision
from practices.services import completeness, may_be_saved

Stage = Revision.Stage
SHOWN = 100
COMMENTS = 8
UNREAD_COLUMNS = [*set(TEXTS) - {"title"}, *in_all_languages(*(name for name in TEXTS if name != "title"))]
"""A list shows titles only."""


@dataclass(frozen=True)
class DeskRow:
    """A practice on the desk; `revision` is the one on its way, or None."""

    practice: Practice
    revision: Revision | None
    holder: str
    days: int | None
    percent: int | None
    is_mine_to_do: bool

    @property
    def stage(self):
        return self.revision.get_stage_display() if self.revision else self.practice.get_status_display()

    @property
    def waited(self):
        return waited(self.days) if self.days is not None else ""

    @property
    def url(self):
        if self.revision and self.is_mine_to_do:
            return reverse("workspace:write", args=[self.practice.pk])
        if self.revision:
            return reverse("workspace:submitted", args=[self.practice.pk])
        return self.practice.get_absolute_url()


@dataclass(frozen=True)
class Waiting:
    """Something that waits for a person: what, since how many days, and where to do it."""

    title: str
    url: str
    note: str
    days: int

    @property
    def waited(self):
        return waited(self.days)


def my_practices(user) -> list[DeskRow]:
    """Practices one began or that are one's city's; those that wait for the person first."""
    own = Q(created_by=user) | Q(city__in=roles_of(user).cities)
    open_revisions = (
        Revision.objects.open()
        .select_related("author")
        .prefetch_related(
            Prefetch("reviews", Review.objects.filter(finished_at__isnull=True).select_related("reviewer"))
        )
    )
    practices = (
        Practice.objects.rewrite(False)
        .filter(own & Q(pk__in=Practice.objects.editable_by(user).values("pk")))
        .select_related("city")
        .prefetch_related("networks", Prefetch("revisions", open_revisions, to_attr="open_revisions"))
        .defer(*UNREAD_COLUMNS)
        .order_by("-updated_at", "-pk")[:SHOWN]
    )
    rows = [_row(practice, user) for practice in practices]
    return sorted(rows, key=lambda row: (not row.is_mine_to_do, row.revision is None))


def _row(practice, user):
    revision = next(iter(practice.open_revisions), None)
    if revision is None:
        return DeskRow(practice, None, "", None, None, False)
    # The reverse accessor of a prefetched revision would load the whole practice again.
    revision.practice = practice
    return DeskRow(
        practice,
        revision,
        holder(revision, user),
        days_since(revision.stage_since),
        completeness(revision),
        may_be_saved(revision, user) and revision.stage in Revision.WITH_AUTHORS,
    )


def holder(revision, user) -> str:
    """Who has a revision now, in words."""
    if revision.stage in Revision.WITH_AUTHORS:
        if revision.author_id == user.pk:
            return _("You")
        return str(revision.author or revision.practice.city)
    reviewers = [review.reviewer for review in revision.reviews.all() if review.finished_at is None]
    if revision.stage == Stage.IN_REVIEW and reviewers:
        return listed(reviewers)
    networks = listed(revision.practice.networks.all())
    if networks:
        return _("Coordinators of %(networks)s") % {"networks": networks}
    return _("The coordinators")


def days_since(moment) -> int:
    return max(0, (timezone.now() - moment).days)


def waiting_changes(rows) -> list[Waiting]:
    """Changes that reviewers or coordinators asked for."""
    return [
        Waiting(str(row.practice), row.url, _("Changes are asked for"), row.days)
        for row in rows
        if row.revision and row.revision.stage == Stage.CHANGES_REQUESTED
    ]


def waiting_decisions(user) -> int:
    """How many revisions wait for the coordinators of one's networks."""
    roles = roles_of(user)
    if not (roles.is_administrator or roles.is_coordinator):
        return 0
    stages = (*Revision.WITH_REVIEWERS, Stage.APPROVED)
    return Revision.objects.filter(stage__in=stages, practice__in=Practice.objects.decided_by(user)).count()


def waiting_assignments(user) -> int:
    """How many reviews one has been asked for and not finished."""
    return Review.objects.filter(
        reviewer=user, finished_at__isnull=True, revision__stage__in=Revision.WITH_REVIEWERS
    ).count()


def recent_comments(user) -> list[ReviewComment]:
    """The newest open remarks about revisions one writes, with their practices."""
    own = Q(revision__practice__created_by=user) | Q(revision__practice__city__in=roles_of(user).cities)
    unread = [f"revision__practice__{name}" for name in UNREAD_COLUMNS]
    return list(
        ReviewComment.objects.filter(own, resolved_at__isnull=True, revision__stage__in=Revision.OPEN)
        .select_related("author", "revision__practice")
        .defer(*unread, "revision__content", "revision__base")
        .order_by("-created_at")[:COMMENTS]
    )


def my_cities(user) -> list[City]:
    return list(City.objects.filter(pk__in=roles_of(user).cities).prefetch_related("memberships__network"))


def waited(days: int) -> str:
    """How long something has been where it is."""
    if not days:
        return _("since today")
    return ngettext("for %(days)s day", "for %(days)s days", days) % {"days": days}
