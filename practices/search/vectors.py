"""The words of a practice as tsvectors, one pair per site language."""

from dataclasses import dataclass, field
from functools import lru_cache

from django_countries import countries
from django.utils import translation

from common.languages import fallback_chain
from common.localized import localized
from common.ordering import sort_key
from common.search.analysis import spans, tokens
from common.search.folding import fold
from common.search.parsing import lexeme
from common.text import plain_from_rich

RICH_FIELDS = ("challenge", "description", "results", "lessons_learned", "what_did_not_work")
PLAIN_FIELDS = ("advice_keep", "advice_change", "gender_and_inclusion", "harm_statement")
TEXT_FIELDS = ("title", "summary", *RICH_FIELDS, *PLAIN_FIELDS)
"""Fields in the order in which their words are numbered."""

FIELD_GAP = 8
"""Word numbers left free between fields, so that no phrase reaches from one into the next."""

LABELS_FROM = 15_000
"""Words numbered from here are labels and synonyms, not text."""

LAST_POSITION = 16_383
MAX_POSITIONS = 200


@dataclass(slots=True)
class Vector:
    """Positions of forms, written out as a tsvector literal. A form keeps its heaviest weight per position."""

    language: str
    positions: dict[str, list[str]] = field(default_factory=dict)

    def add(self, forms, position, weight):
        """Put all forms of one word at its position; skeletons (see common.search.arabic) weigh least."""
        place, weak_place = f"{position}{weight}", f"{position}D"
        for form in forms:
            found = self.positions.setdefault(form, [])
            if len(found) < MAX_POSITIONS:
                found.append(weak_place if form[0] == "~" else place)

    def literal(self):
        return " ".join(f"{lexeme(form, self.language)}:{','.join(at)}" for form, at in self.positions.items())


@dataclass(slots=True)
class Words:
    """What one search document holds; `lexicon` maps words as written (lower case) to their folded form."""

    language: str
    has_text: bool
    title_key: str
    title_folded: str
    heading: str
    words: str
    lexicon: dict[str, str]


def numbered_fields(text_of):
    """Yield (field, plain text, number of its first word) for the fields that have text; `text_of(field)` gives it."""
    number = 1
    for name in TEXT_FIELDS:
        text = text_of(name)
        if text and name in RICH_FIELDS:
            text = plain_from_rich(text)
        if text:
            yield name, text, number
            number += sum(1 for _ in spans(text)) + FIELD_GAP


def practice_words(practice, language) -> Words:
    """The search document of a practice (relations prefetched) for one language."""
    heading, words, lexicon = Vector(language), Vector(language), {}
    has_text, seen = False, set()
    for name, text, first in numbered_fields(lambda name: practice.text(name, language)):
        has_text = has_text or name == "title"
        weight = {"title": "A", "summary": "B"}.get(name, "D")
        for number, token in enumerate(tokens(text, language), start=first):
            if number >= LABELS_FROM:
                break
            if token.is_stopword:
                continue
            words.add(token.forms, number, weight)
            if weight != "D":
                heading.add(token.forms, number, weight)
            if token.surface not in seen and len(token.surface) > 2 and not token.surface[0].isdigit():
                seen.add(token.surface)
                lower = token.surface.lower()
                lexicon[lower] = fold(lower)
    number = LABELS_FROM
    for label, weight in _labels(practice, language):
        for forms in _label_forms(label, language):
            number = min(number + 1, LAST_POSITION)
            words.add(forms, number, weight)
            if weight == "C":
                heading.add(forms, number, weight)
        number = min(number + FIELD_GAP, LAST_POSITION)
    title = localized(practice, "title", language, practice.source_language)
    return Words(
        language=language,
        has_text=has_text,
        title_key=sort_key(title.text, language),
        title_folded=folded_title(practice.text("title", language)),
        heading=heading.literal(),
        words=words.literal(),
        lexicon=lexicon,
    )


def folded_title(title: str) -> str:
    """A title as exact matches and beginnings of it are compared: folded words, single spaces."""
    return " ".join(fold(title[start:end]) for start, end in spans(title))


def _labels(practice, language):
    """Yield (text, weight) of everything that names the practice beside its own text."""
    named = [
        *(ranked.theme for ranked in practice.ranked_themes.all()),
        *practice.approaches.all(),
        *practice.beneficiaries.all(),
        *practice.delivered_by.all(),
    ]
    for term in named:
        yield getattr(term, f"label_{language}") or "", "C"
    for network in practice.networks.all():
        yield _name(network, language), "C"
    if practice.city_id:
        yield _name(practice.city, language), "C"
        yield country_name(practice.city.country.code, language), "C"
    for term in named:
        yield (getattr(term, f"synonyms_{language}") or ""), "D"


def _name(record, language):
    """A proper name is looked for in the reader's language or, where it has none there, as it is written at home."""
    return next((name for code in fallback_chain(language, "en") if (name := getattr(record, f"name_{code}"))), "")


@lru_cache(maxsize=4096)
def country_name(code, language):
    with translation.override(language):
        return str(countries.name(code) or code)


@lru_cache(maxsize=20_000)
def _label_forms(text, language):
    return tuple(token.forms for token in tokens(text, language) if token.forms)


