"""What translators and coordinators see: which practices lack which languages, and one practice side by side."""

from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from django.db.models import Count, F, IntegerField, Sum
from django.db.models.functions import Cast
from django.utils.text import capfirst

from common.languages import in_all_languages, site_languages
from networks.models import Network
from networks.rules import roles_of
from practices.content import digest
from practices.forms.translating import TranslationForm
from practices.models import Practice, Translation
from practices.search.vectors import RICH_FIELDS
from practices.translating import field_state, words_of
from practices.wording import Sentence, compare_sentences

State = Translation.State
PER_PAGE = 25
WORK = F("words_missing") + F("words_changed")


def languages_of(user) -> list[str]:
    """Languages into which a person may translate something: all for those who write practices."""
    roles = roles_of(user)
    if roles.keeps_networks or roles.cities:
        return list(site_languages())
    held = {language for _network, language in roles.translates}
    return [code for code in site_languages() if code in held]


# Lists -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DeskRequest:
    """What a list is asked for; anything unknown is left out."""

    network: str = ""
    language: str = ""
    state: str = ""
    page: int = 1

    @classmethod
    def parse(cls, data, networks, languages):
        page = data.get("page", "")
        return cls(
            network=data.get("network", "") if data.get("network") in {one.slug for one in networks} else "",
            language=data.get("language", "") if data.get("language") in languages else "",
            state=data.get("state", "") if data.get("state") in State.values else "",
            page=int(page) if page.isdecimal() and 0 < len(page) < 7 and int(page) else 1,
        )

    @property
    def is_filtered(self):
        return bool(self.network or self.language or self.state)

    def query_string(self, **changes):
        asked = replace(self, **changes)
        values = {name: getattr(asked, name) for name in ("network", "language", "state") if getattr(asked, name)}
        if asked.page > 1:
            values["page"] = asked.page
        return f"?{urlencode(values)}" if values else ""


@dataclass
class DeskPage:
    """One page of a list; `total` counts its rows on all pages."""

    request: DeskRequest
    total: int
    rows: list = field(default_factory=list)

    @property
    def page_count(self):
        return max(1, -(-self.total // PER_PAGE))


@dataclass
class Cell:
    """A practice in one language; without `row` it is the language the practice is written in."""

    language: str
    row: Translation | None
    may_translate: bool


@dataclass
class MatrixRow:
    practice: Practice
    cells: list[Cell]
    words: int


@dataclass(frozen=True)
class LanguageTotal:
    """How a language stands: practices per state, and words of work."""

    language: str
    counts: dict[str, int]
    words_missing: int
    words_changed: int

    @property
    def by_state(self):
        return [(State(value), self.counts.get(value, 0)) for value in State.values]


def networks_at_hand(user) -> list[Network]:
    """Networks of the practices a person may translate, for the filter."""
    through = Practice.networks.through.objects.filter(
        practice__in=Practice.objects.translatable_by(user).values("pk")
    )
    return list(Network.objects.filter(pk__in=through.values("network")))


def _translations(asked, user, languages):
    """Translations the filters leave, of practices the person may translate."""
    practices = Practice.objects.translatable_by(user)
    if asked.network:
        practices = practices.filter(networks__slug=asked.network)
    return Translation.objects.filter(practice__in=practices.values("pk"), language__in=languages)


def language_totals(asked: DeskRequest, user, languages) -> list[LanguageTotal]:
    """In one statement, whatever the number of practices; the filter by state is left out, as it is what is counted."""
    found = {code: ({}, [0, 0]) for code in languages}
    counted = _translations(asked, user, languages).order_by().values("language", "state")
    for one in counted.annotate(count=Count("pk"), missing=Sum("words_missing"), changed=Sum("words_changed")):
        counts, words = found[one["language"]]
        counts[one["state"]] = one["count"]
        words[0] += one["missing"]
        words[1] += one["changed"]
    return [LanguageTotal(code, counts, *words) for code, (counts, words) in found.items()]


def matrix_page(asked: DeskRequest, user, languages) -> DeskPage:
    """Practices by language, those with outdated texts first, then by words of work; eight statements at most."""
    listed = _translations(asked, user, [asked.language] if asked.language else languages)
    if asked.state:
        listed = listed.filter(state=asked.state)
    grouped = listed.order_by().values("practice")
    page = DeskPage(asked, grouped.distinct().count())
    start = (asked.page - 1) * PER_PAGE
    ranked = grouped.annotate(words=Sum(WORK), outdated=Sum(Cast("is_outdated", IntegerField())))
    words = {
        one["practice"]: one["words"]
        for one in ranked.order_by("-outdated", "-words", "practice")[start : start + PER_PAGE]
    }
    practices = _titled(words)
    rows = {}
    for row in Translation.objects.filter(practice__in=words, language__in=languages).defer("draft", "confirmed"):
        rows[row.practice_id, row.language] = row
    allowed = _allowed(user, words)
    for pk, count in words.items():
        cells = [
            Cell(code, rows.get((pk, code)), code in allowed[pk])
            for code in languages
            if (pk, code) in rows or code == practices[pk].source_language
        ]
        by_code = {cell.language: cell for cell in cells}
        page.rows.append(
            MatrixRow(practices[pk], [by_code.get(code, Cell(code, None, False)) for code in languages], count)
        )
    return page


def _titled(ids):
    """The practices with the columns a list shows."""
    columns = ["source_language", "city", *in_all_languages("title")]
    return Practice.objects.rewrite(False).only(*columns).in_bulk(ids)


def _allowed(user, ids):
    """{practice: languages a person may translate it into}."""
    everything = set(site_languages())
    written = set(Practice.objects.editable_by(user).filter(pk__in=ids).values_list("pk", flat=True))
    allowed = {pk: everything if pk in written else set() for pk in ids}
    for language in {code for _network, code in roles_of(user).translates}:
        others = [pk for pk in ids if pk not in written]
        for pk in Practice.objects.translatable_by(user, language).filter(pk__in=others).values_list("pk", flat=True):
            allowed[pk].add(language)
    return allowed


def worklist_page(asked: DeskRequest, user, language: str) -> DeskPage:
    """What is to be done in one language, the biggest need first: what misleads readers, then the most words."""
    practices = Practice.objects.translatable_by(user, language)
    if asked.network:
        practices = practices.filter(networks__slug=asked.network)
    listed = Translation.objects.filter(practice__in=practices.values("pk"), language=language)
    listed = listed.filter(state=asked.state) if asked.state else listed.exclude(state=State.UP_TO_DATE)
    page = DeskPage(asked, listed.count())
    start = (asked.page - 1) * PER_PAGE
    ordered = listed.annotate(words=WORK).order_by("-is_outdated", "-words", "pk").defer("draft", "confirmed")
    page.rows = list(ordered[start : start + PER_PAGE])
    practices = _titled([row.practice_id for row in page.rows])
    for row in page.rows:
        row.practice = practices[row.practice_id]
    return page


# One practice ------------------------------------------------------------------------------------


@dataclass
class Pair:
    """One field side by side. `sentences` mark what changed in the source since the translation was confirmed."""

    name: str
    label: str
    source: str
    is_rich: bool
    state: State | None
    input: object
    was: str
    sentences: list[Sentence]
    is_machine: bool
    conflict: dict | None = None

    @property
    def is_stale(self):
        return bool(self.sentences)


def pairs(practice: Practice, row: Translation, form: TranslationForm, conflicts: dict | None = None) -> list[Pair]:
    """The fields of the editor, in the order in which a reader meets them."""
    found = []
    for name, text in form.shown.items():
        source = practice.text(name, practice.source_language)
        known = row.confirmed.get(name)
        is_stale = known is not None and known["source"] != source
        found.append(
            Pair(
                name=name,
                label=capfirst(str(Practice._meta.get_field(name).verbose_name)),
                source=source,
                is_rich=name in RICH_FIELDS,
                state=field_state(row, practice, name),
                input=form[name],
                was=digest(text),
                sentences=compare_sentences(words_of(name, known["source"]), words_of(name, source))
                if is_stale
                else [],
                is_machine=name in row.machine_fields,
                conflict=(conflicts or {}).get(name),
            )
        )
    return found
