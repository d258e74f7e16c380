"""The words of a practice as tsvectors, one pair per site language."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from django.utils import translation
from django_countries import countries

from common.localized import localized, proper_name
from common.ordering import sort_key
from common.search.analysis import content_forms, spans, tokens, words
from common.search.folding import fold
from common.search.parsing import lexeme
from common.text import plain_from_rich

RICH_FIELDS = ("challenge", "description", "results", "lessons_learned", "what_did_not_work")
PLAIN_FIELDS = ("advice_keep", "advice_change", "gender_and_inclusion", "harm_statement")
TEXT_FIELDS = ("title", "summary", *RICH_FIELDS, *PLAIN_FIELDS)
"""Fields in the order in which their words are numbered."""

FIELD_GAP = 8
"""Word numbers left free between fields, so that no phrase reaches from one into the next."""

LABELS_AT = 16_000
"""The number of all words of labels and synonyms; those of the text have smaller ones."""

MAX_POSITIONS = 200


class Vector:
    """Words with their positions, written out as a tsvector literal; PostgreSQL merges forms that words share."""

    def __init__(self, language):
        self.language = language
        self._places = defaultdict(list)
        self._joined = []
        self._labels = []

    def add(self, word, place):
        """Put a word at a place, such as "12A": its number and weight."""
        self._places[word].append(place)

    def add_joined(self, form, place):
        """Put a compound, spelled as one, at the place of its last part."""
        self._joined.append(f"{lexeme(form, self.language)}:{place}")

    def add_labels(self, literal):
        """Add what `label_literal` made."""
        self._labels.append(literal)

    def literal(self):
        parts = []
        for word, places in self._places.items():
            at = ",".join(places[:MAX_POSITIONS])
            for quoted, is_weak in _lexemes(word, self.language):
                parts.append(f"{quoted}:{_WEIGHTS.sub('D', at) if is_weak else at}")
        return " ".join((*parts, *self._joined, *self._labels))


_WEIGHTS = re.compile("[ABC]")


@lru_cache(maxsize=300_000)
def _lexemes(word, language):
    """The forms of a word as quoted lexemes, each with whether it is a mere skeleton (see common.search.arabic)."""
    return tuple((lexeme(form, language), form[0] == "~") for form in content_forms(word, language))


@dataclass(slots=True)
class Words:
    """What one search document holds; `lexicon` is the words as written, labels included, in lower case."""

    language: str
    has_text: bool
    title_key: str
    title_folded: str
    heading: str
    words: str
    lexicon: set[str]


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
    heading, vector, surfaces = Vector(language), Vector(language), set()
    has_text = False
    for name, text, first in numbered_fields(lambda name: practice.text(name, language)):
        has_text = has_text or name == "title"
        weight = {"title": "A", "summary": "B"}.get(name, "D")
        for number, (_, word, is_elided, joined) in enumerate(words(text), start=first):
            if number >= LABELS_AT:
                break
            place = f"{number}{weight}"
            if not is_elided:
                surfaces.add(word)
                vector.add(word, place)
                if weight != "D":
                    heading.add(word, place)
            if joined:
                vector.add_joined(joined, place)
                if weight != "D":
                    heading.add_joined(joined, place)
    for label, weight in _labels(practice, language):
        vector.add_labels(label_literal(label, language, weight))
        surfaces |= _label_words(label)
    title = localized(practice, "title", language, practice.source_language)
    return Words(
        language=language,
        has_text=has_text,
        title_key=sort_key(title.text, language),
        title_folded=folded_title(practice.text("title", language)),
        heading=heading.literal(),
        words=vector.literal(),
        lexicon={
            word.lower()
            for word in surfaces
            if len(word) > 2 and not word[0].isdigit() and content_forms(word, language)
        },
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
        yield proper_name(network, language), "C"
    if practice.city_id:
        yield proper_name(practice.city, language), "C"
        yield country_name(practice.city.country.code, language), "C"
    for term in named:
        yield (getattr(term, f"synonyms_{language}") or ""), "D"


@lru_cache(maxsize=4096)
def country_name(code, language):
    with translation.override(language):
        return str(countries.name(code) or code)


@lru_cache(maxsize=50_000)
def _label_words(text):
    return frozenset(word for _, word, is_elided, _ in words(text) if not is_elided)


@lru_cache(maxsize=50_000)
def label_literal(text, language, weight):
    """The words of labels as part of a tsvector literal; all stand at the one place of labels."""
    forms = {form for token in tokens(text, language) for form in token.forms}
    return " ".join(f"{lexeme(form, language)}:{LABELS_AT}{weight}" for form in sorted(forms))
