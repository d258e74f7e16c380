"""The review desk: what waits for whom and since when, filtered, in a number of statements that does not grow."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.db.models import Count, Min, Q
from django.db.models.fields.json import KT
from django.utils.translation import gettext_lazy as _

from common.languages import fallback_chain, in_all_languages, site_languages
from common.localized import LocalizedText
from common.waiting import days_since
from networks.models import Membership
from networks.rules import editable_networks
from practices.models import Practice, Review, Revision
from practices.models.practice import in_care_of
from practices.search.catalogue import Catalogue
from practices.search.facets import FACET

PAGE_SIZE = 25
MAX_PAGE = 10_000
STAGES = (*Revision.WITH_REVIEWERS, Revision.Stage.APPROVED)
AGES = ((14, "late", _("Late")), (7, "waiting", _("Waiting")), (0, "new", _("Recent")))
"""(from how many days on, name, word) of the ageing."""


@dataclass(frozen=True)
class DeskRequest:
    """What of the queue is asked for, as the address spells it; what means nothing there is ignored."""

    network: object = None
    stage: str = ""
    theme: str = ""
    language: str = ""
    page: int = 1

    @classmethod
    def parse(cls, params, networks, catalogue: Catalogue):
        page = params.get("page", "")[:6]
        stage, theme, language = (params.get(name, "") for name in ("stage", "theme", "language"))
        return cls(
            next((network for network in networks if network.slug == params.get("network")), None),
            stage if stage in STAGES else "",
            theme if catalogue.value("theme", theme) else "",
            language if language in site_languages() else "",
            min(max(int(page), 1), MAX_PAGE) if page.isascii() and page.isdigit() else 1,
        )

    @property
    def is_filtered(self):
        return bool(self.network or self.stage or self.theme or self.language)

    def query_string(self, **changes):
        asked = replace(self, **changes)
        pairs = [("network", asked.network.slug)] if asked.network else []
        pairs += [(name, value) for name in ("stage", "theme", "language") if (value := getattr(asked, name))]
        if asked.page > 1:
            pairs.append(("page", asked.page))
        return f"?{urlencode(pairs)}" if pairs else ""


@dataclass
class QueueRow:
    """A revision that waits; `reviewers` are (name, whether that one is finished)."""

    pk: int
    title: LocalizedText
    stage: str
    stage_since: datetime
    days: int
    age: str
    age_word: str
    is_pending: bool
    city: str
    networks: list[str]
    reviewers: list[tuple[str, bool]]

    @property
    def stage_label(self):
        return Revision.Stage(self.stage).label


@dataclass(frozen=True)
class QueuePage:
    request: DeskRequest
    rows: list[QueueRow]
    total: int

    @property
    def page_count(self):
        return max(1, ceil(self.total / PAGE_SIZE))


def queue_page(asked: DeskRequest, user, catalogue: Catalogue) -> QueuePage:
    """What waits for a coordinator's networks, longest waiting first."""
    waiting = Revision.objects.undecided().filter(practice__in=Practice.objects.decided_by(user).order_by())
    waiting = _narrowed(waiting, asked)
    start = (asked.page - 1) * PAGE_SIZE
    return QueuePage(asked, rows_of(waiting, catalogue, start, PAGE_SIZE), waiting.count())


def _narrowed(waiting, asked):
    if asked.network:
        waiting = waiting.filter(practice__in=Practice.objects.filter(in_care_of([asked.network.pk])).order_by())
    if asked.stage:
        waiting = waiting.filter(stage=asked.stage)
    if asked.theme:
        waiting = waiting.filter(practice__ranked_themes__theme__code=asked.theme)
    if asked.language:
        waiting = waiting.filter(practice__source_language=asked.language)
    return waiting


def assigned_rows(user, catalogue: Catalogue) -> list[QueueRow]:
    """What a person was asked to review and has not judged yet, longest waiting first."""
    mine = Revision.objects.to_be_reviewed_by(user).visible_to(user)
    return rows_of(mine, catalogue, 0, 100)


def rows_of(revisions, catalogue: Catalogue, start: int, size: int) -> list[QueueRow]:
    """Rows of revisions, longest waiting first, in four statements; of their content the title alone is read, and that
    for the rows shown."""
    languages = site_languages()
    shown = list(revisions.order_by("stage_since", "pk").values_list("pk", flat=True)[start : start + size])
    found = list(
        Revision.objects.filter(pk__in=shown)
        .annotate(**{f"title_{code}": KT(f"content__title_{code}") for code in languages})
        .order_by("stage_since", "pk")
        .values_list(
            "pk",
            "stage",
            "stage_since",
            "practice_id",
            "practice__source_language",
            "practice__status",
            *in_all_languages("practice__city__name"),
            *in_all_languages("title"),
        )
    )
    networks = _networks_of([row[3] for row in found], catalogue)
    reviewers = _reviewers_of([row[0] for row in found])
    rows = []
    for pk, stage, since, practice_id, source, status, *texts in found:
        city = dict(zip(languages, texts, strict=False))
        titles = dict(zip(languages, texts[len(languages) :], strict=True))
        days = days_since(since)
        age, word = age_of(days)
        rows.append(
            QueueRow(
                pk=pk,
                title=_title(titles, catalogue.language, source),
                stage=stage,
                stage_since=since,
                days=days,
                age=age,
                age_word=word,
                is_pending=status == Practice.Status.PUBLISHED,
                city=next((city[code] for code in fallback_chain(catalogue.language, "en") if city[code]), ""),
                networks=networks[practice_id],
                reviewers=reviewers[pk],
            )
        )
    return rows


def age_of(days: int) -> tuple[str, str]:
    """(name, word) of how long something has been waiting."""
    return next((name, word) for least, name, word in AGES if days >= least or not least)


def _title(titles, reader, source):
    language = next((code for code in fallback_chain(reader, source) if titles[code]), "")
    return LocalizedText(titles.get(language) or "", language, bool(language) and language != reader)


def _networks_of(practice_ids, catalogue):
    labels = {value.code: value.label for value in catalogue.of_facet("network")}
    found = defaultdict(list)
    through = Practice.networks.through.objects.filter(practice__in=practice_ids)
    for practice_id, network_id in through.values_list("practice_id", "network_id"):
        found[practice_id].append(labels.get(FACET["network"].code(network_id), ""))
    return found


def _reviewers_of(revision_ids):
    found = defaultdict(list)
    for review in Review.objects.filter(revision__in=revision_ids).select_related("reviewer"):
        found[review.revision_id].append((str(review.reviewer), review.finished_at is not None))
    return found


def counts_by_network(user) -> list[tuple[object, int]]:
    """(network, how many wait) for each network whose queue the person keeps, in two statements beside their names."""
    networks = list(editable_networks(user).order_by("name_en", "pk"))
    ids = [network.pk for network in networks]
    waiting = Q(practice__revisions__stage__in=STAGES)
    counts: defaultdict[int, int] = defaultdict(int)
    named = Practice.networks.through.objects.filter(waiting, network__in=ids)
    for network_id, count in named.values_list("network").annotate(count=Count("practice__revisions")):
        counts[network_id] += count
    unnamed = Membership.objects.active().filter(
        network__in=ids, city__practices__revisions__stage__in=STAGES, city__practices__networks__isnull=True
    )
    for network_id, count in (
        unnamed.order_by().values_list("network").annotate(count=Count("city__practices__revisions", distinct=True))
    ):
        counts[network_id] += count
    return [(network, counts[network.pk]) for network in networks]


def reviewer_load(user) -> list:
    """People with open assignments in the person's networks, busiest first, as `open_reviews` and `oldest`."""
    open_reviews = Q(
        reviews__finished_at__isnull=True,
        reviews__revision__stage__in=Revision.WITH_REVIEWERS,
        reviews__revision__practice__in=Practice.objects.decided_by(user).order_by(),
    )
    return list(
        get_user_model()
        .objects.filter(open_reviews)
        .annotate(
            open_reviews=Count("reviews", filter=open_reviews), oldest=Min("reviews__assigned_at", filter=open_reviews)
        )
        .order_by("-open_reviews", "oldest")[:20]
    )
