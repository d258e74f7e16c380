"""What a person finds on the own desk: the practices one writes, who has them now, and what waits."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.languages import current_language, in_all_languages, name_in, site_languages
from common.phrases import listed
from common.templatetags.hub import number
from common.waiting import Waiting, days_since, waited
from common.waiting import waiting_for as registered_for
from networks.models import City
from networks.rules import roles_of
from practices.content import TEXTS
from practices.models import Adaptation, Practice, Review, ReviewComment, Revision, Translation
from practices.review_desk import assigned_rows, counts_by_network
from practices.search.catalogue import Catalogue
from practices.services import completeness, due_for_review, may_be_saved
from practices.translation_desk import DeskRequest as TranslationRequest
from practices.translation_desk import language_totals

Stage = Revision.Stage
SHOWN = 100
COMMENTS = 8
LISTED = 8
"""Of one kind of thing that waits."""
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


def waiting_for(user, rows: list[DeskRow], values: Catalogue) -> list[Waiting]:
    """All that waits for a person, own practices (`rows`) first; its statements grow with roles, not with records."""
    return [
        *_changes(rows),
        *_confirmations(user),
        *_adaptations(user),
        *_reviews(user, values),
        *registered_for(user),
        *_translations(user),
    ]


def _changes(rows):
    """Changes that reviewers or coordinators asked for."""
    for row in rows:
        if row.revision and row.revision.stage == Stage.CHANGES_REQUESTED:
            yield Waiting(str(row.practice), row.url, _("Changes are asked for"), row.days)


def _confirmations(user):
    """Published practices of one's cities that have to be looked at again."""
    cities = roles_of(user).cities
    if not cities:
        return
    for practice in due_for_review().filter(city__in=cities).defer(*UNREAD_COLUMNS)[:LISTED]:
        url = reverse("workspace:practice-confirm", args=[practice.pk])
        yield Waiting(str(practice), url, _("Is it still true?"))


def _adaptations(user):
    """Adaptations that other cities recorded of practices of one's cities."""
    claimed = Adaptation.objects.filter(origin__city__in=roles_of(user).cities, state=Adaptation.State.CLAIMED)
    for one in claimed.select_related("city", "origin").defer(*(f"origin__{name}" for name in UNREAD_COLUMNS))[
        :LISTED
    ]:
        note = _("%(city)s adapted it: please confirm") % {"city": one.city}
        url = reverse("workspace:adaptation", args=[one.pk])
        yield Waiting(str(one.origin), url, note, days_since(one.claimed_at))


def _reviews(user, values):
    """Reviews one has been asked for and not finished."""
    if not roles_of(user).reviews:
        return
    for row in assigned_rows(user, values)[:LISTED]:
        yield Waiting(
            row.title.text, reverse("workspace:review", args=[row.pk]), _("Your review is asked for"), row.days
        )


def kept_by_coordinators(user):
    """Registered with `common.waiting`: what waits in one's networks, a line for each queue."""
    if not roles_of(user).keeps_networks:
        return
    for network, count in counts_by_network(user):
        if count:
            note = ngettext(
                "%(count)s practice waits for the coordinators", "%(count)s practices wait for the coordinators", count
            )
            url = f"{reverse('workspace:review-queue')}?{urlencode({'network': network.slug})}"
            yield Waiting(str(network), url, note % {"count": number(count)})
    kept = Practice.objects.decided_by(user)
    due = due_for_review().filter(pk__in=kept.order_by().values("pk"), review_due_on__lte=timezone.localdate()).count()
    if due:
        note = ngettext("%(count)s practice is overdue for review", "%(count)s practices are overdue for review", due)
        url = f"{reverse('admin:practices_practice_changelist')}?review=due"
        yield Waiting(_("Still true?"), url, note % {"count": number(due)})
    outdated = Translation.objects.filter(practice__in=kept.order_by().values("pk"), is_outdated=True).count()
    if outdated:
        note = ngettext("%(count)s translation is outdated", "%(count)s translations are outdated", outdated)
        url = f"{reverse('workspace:translations')}?state={Translation.State.OUTDATED}"
        yield Waiting(_("Translations"), url, note % {"count": number(outdated)})


def _translations(user):
    """Work in the languages one translates into, a line for each."""
    languages = [code for code in site_languages() if code in {held for _network, held in roles_of(user).translates}]
    if not languages:
        return
    for total in language_totals(TranslationRequest(), user, languages):
        words = total.words_missing + total.words_changed
        if words:
            note = ngettext("%(count)s word to translate", "%(count)s words to translate", words)
            url = reverse("workspace:translation-worklist", args=[total.language])
            yield Waiting(name_in(total.language, current_language()), url, note % {"count": number(words)})


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
