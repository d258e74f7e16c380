"""What a list shows of a practice, read for one page at a time from the columns of the languages shown."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django_countries import countries

from common.languages import fallback_chain, site_languages
from common.localized import LocalizedText
from practices.models import Adaptation, Practice
from practices.models.practice import practice_slug
from practices.search.catalogue import Catalogue, Value
from practices.search.highlighting import Found

EVIDENCE_STEPS = 6

_COUNTED = Coalesce(
    Subquery(
        Adaptation.objects.confirmed()
        .filter(origin=OuterRef("pk"))
        .order_by()
        .values("origin")
        .annotate(count=Count("pk"))
        .values("count")
    ),
    0,
)
"""How many adaptations are confirmed; a statement of its own within, so that no row is grouped."""


@dataclass(frozen=True, slots=True)
class Card:
    """`version` names the state of the practice and of all labels, for whoever keeps what was made of it."""

    practice_id: int
    url: str
    title: LocalizedText
    summary: LocalizedText
    city: str
    country: str
    networks: tuple[Value, ...]
    themes: tuple[Value, ...]
    evidence: Value | None
    languages: tuple[str, ...]
    adaptations: int = 0
    version: str | None = None
    found: Found | None = None

    @property
    def only_language(self):
        """The only language it exists in, where that is not the reader's; else ""."""
        return self.languages[0] if self.title.is_fallback and len(self.languages) == 1 else ""

    @property
    def marked_title(self):
        """The title as shown, its found words marked where they were found in the language shown."""
        if self.found and self.found.language == self.title.language and self.found.title:
            return self.found.title
        return self.title.text

    @property
    def marked_summary(self):
        if self.found and self.found.language == self.summary.language and self.found.summary:
            return self.found.summary
        return self.summary.text

    @property
    def found_elsewhere(self):
        """What to quote when the text was found in a language other than the one shown."""
        if self.found and self.found.language != self.title.language and not self.found.by_label:
            return self.found.excerpt or self.found.summary or self.found.title
        return ""


def load_cards(ids, catalogue: Catalogue, found: dict[int, Found] | None = None) -> list[Card]:
    """Cards for these ids in their order, in one statement. Ids that are not in the index are left out."""
    reader = catalogue.language
    languages = site_languages()
    columns = [f"{name}_{code}" for name in ("title", "summary") for code in languages]
    city_names = [f"city__name_{code}" for code in languages]
    shown = Practice.objects.filter(pk__in=ids, facet_document__isnull=False)
    rows = shown.annotate(confirmed_adaptations=_COUNTED).values_list(
        "pk",
        "source_language",
        "city__country",
        "facet_document__city_id",
        "facet_document__facets",
        "updated_at",
        "confirmed_adaptations",
        *city_names,
        *columns,
    )
    cards = {}
    for pk, source, country, city_id, facets, updated_at, adaptations, *texts in rows:
        names = dict(zip(languages, texts, strict=False))
        titles = dict(zip(languages, texts[len(languages) :], strict=False))
        summaries = dict(zip(languages, texts[2 * len(languages) :], strict=False))
        chain = fallback_chain(reader, source)
        title = _first(titles, chain, reader)
        by_facet = _by_facet(facets, catalogue)
        cards[pk] = Card(
            practice_id=pk,
            url=reverse("practices:detail", args=[pk, practice_slug(title.text)]),
            title=title,
            summary=_first(summaries, chain, reader),
            city=_first(names, fallback_chain(reader, "en"), reader).text if city_id else "",
            country=_country(catalogue, country),
            networks=by_facet.get("network", ()),
            themes=by_facet.get("theme", ()),
            evidence=next(iter(by_facet.get("evidence", ())), None),
            languages=tuple(code for code in dict.fromkeys((source, *languages)) if titles[code] and summaries[code]),
            adaptations=adaptations,
            version=f"{updated_at.timestamp()}:{adaptations}:{catalogue.version}",
            found=(found or {}).get(pk),
        )
    return [cards[pk] for pk in ids if pk in cards]


def _first(texts, chain, reader):
    language = next((code for code in chain if texts[code]), "")
    return LocalizedText(texts[language] if language else "", language, bool(language) and language != reader)


def _by_facet(facets, catalogue):
    found = {}
    for code in facets:
        value = catalogue.by_code.get(code)
        if value is not None:
            found.setdefault(value.facet, []).append(value)
    return {name: tuple(values) for name, values in found.items()}


def _country(catalogue, code):
    if not code:
        return ""
    value = catalogue.by_key.get(("country", code))
    return value.label if value else str(countries.name(code))
