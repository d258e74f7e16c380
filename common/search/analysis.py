"""From text to the forms of its words, per language.

A token carries every form that may stand for it: as written and folded, lemma (simplemma), stem (snowball), parts of a
compound. Index and query use the same function, so two words meet when they share any form.
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import snowballstemmer
from django.conf import settings
from simplemma import Lemmatizer
from simplemma.strategies import DefaultStrategy
from simplemma.strategies.dictionaries.stream_dictionary_factory import StreamDictionaryFactory
from simplemma.strategies.dictionaries.trie_dictionary_factory import TrieDictionaryFactory

from common.search.arabic import arabic_forms, without_prefix
from common.search.folding import comma_letters, fold
from common.search.stopwords import STOPWORDS

_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u064b-\u065f\u0670\u0640]+[^\W_]*)*")
_APOSTROPHE = "'’ʼ`´"
_COMPOUND = re.compile(rf"{_WORD.pattern}(?:[{_APOSTROPHE}\-\u2010\u2011\u00ad]{_WORD.pattern})*", re.UNICODE)
_JOINT = re.compile(rf"[{_APOSTROPHE}\-\u2010\u2011\u00ad]")

SNOWBALL = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "pt": "portuguese",
    "ro": "romanian",
    "sv": "swedish",
    "tr": "turkish",
}
LEMMAS = frozenset({"da", "de", "el", "en", "es", "fi", "fr", "it", "nb", "nl", "pt", "ro", "sv", "tr"})
COMPOUNDING = frozenset({"da", "de", "fi", "nb", "nl", "sv"})
LINKING = ("", "s", "e", "n", "en", "es")
MINIMUM_PART = 4
NO_FORMS: frozenset[str] = frozenset()
_stemmer_of_thread = threading.local()


@dataclass(slots=True)
class Token:
    """A word of a text: where it stands (`start`, `end` in characters) and the forms it is found by."""

    surface: str
    start: int
    end: int
    forms: frozenset[str]
    is_stopword: bool


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Character ranges of the words; parts joined by hyphen or apostrophe are words of their own.

    The same in every language, so that a word's number in the index leads back to its place in the text.
    """
    for match in _WORD.finditer(text):
        yield match.start(), match.end()


def words(text: str) -> Iterator[tuple[int, str, bool, str]]:
    """The words in order as (start, word, whether it is an elided article, folded whole of a hyphenated compound).

    The compound stands with its last part, "" with all others.
    """
    for compound in _COMPOUND.finditer(text):
        whole, at = compound[0], compound.start()
        if whole.isalnum():
            yield at, whole, False, ""
            continue
        parts = [(at + part.start(), part[0]) for part in _WORD.finditer(whole)]
        joined = fold("".join(part for _, part in parts)) if len(parts) > 1 else ""
        for number, (start, part) in enumerate(parts):
            yield start, part, _is_elided(parts, number, text), joined if number == len(parts) - 1 else ""


def tokens(text: str, language: str) -> list[Token]:
    """The words of the text in order, stop words included (they keep their number, but have no forms)."""
    found = []
    for start, word, is_elided, joined in words(text):
        forms = NO_FORMS if is_elided else content_forms(word, language)
        if joined:
            forms |= {joined}
        found.append(Token(word, start, start + len(word), forms, not forms))
    return found


def _is_elided(parts, number, text):
    """l'école, dell'integrazione, city's: the short side of an apostrophe carries no meaning."""
    start, part = parts[number]
    end = start + len(part)
    before_apostrophe = number < len(parts) - 1 and text[end : end + 1] in _APOSTROPHE
    after_apostrophe = number > 0 and text[start - 1] in _APOSTROPHE
    return (before_apostrophe and len(part) <= 6 and len(parts[number + 1][1]) > 2) or (
        after_apostrophe and len(part) <= 2
    )


@lru_cache(maxsize=200_000)
def content_forms(word: str, language: str) -> frozenset[str]:
    """The forms of a word, none for a stop word of the language."""
    return NO_FORMS if fold(word) in STOPWORDS.get(language, NO_FORMS) else word_forms(word, language)


@lru_cache(maxsize=200_000)
def word_forms(word: str, language: str) -> frozenset[str]:
    """Every folded form by which one word is indexed and looked up in a language."""
    if language == "ar":
        return frozenset(arabic_forms(word))
    lower = comma_letters(word.lower()) if language == "ro" else word.lower()
    folded = fold(lower)
    forms = {folded}
    if folded.isdigit():
        return frozenset(forms)
    stems_of = [lower, folded]
    if language in LEMMAS:
        lemma = _lemmatizer().lemmatize(lower, language).lower()
        forms.add(fold(lemma))
        stems_of.append(lemma)
    stem = _stem(language)
    if stem:
        forms |= {fold(stem(form)) for form in stems_of}
    if language in COMPOUNDING and len(lower) >= 2 * MINIMUM_PART:
        for part in compound_parts(lower, language):
            forms |= {fold(part), fold(_lemmatizer().lemmatize(part, language))}
    return frozenset(form for form in forms if form)


@lru_cache(maxsize=100_000)
def base_form(word: str, language: str) -> str:
    """The folded form that a speller compares with: the lemma, or an Arabic word without article and particles."""
    if language == "ar":
        return without_prefix(fold(word))
    return fold(_lemmatizer().lemmatize(word.lower(), language)) if language in LEMMAS else fold(word)


@lru_cache(maxsize=50_000)
def compound_parts(word: str, language: str) -> tuple[str, ...]:
    """The two known words a compound is made of, or nothing; the most balanced split wins."""
    known = _dictionaries().get_dictionary(language)
    lemma = _lemmatizer().lemmatize(word, language)
    splits = []
    for cut in range(MINIMUM_PART, len(word) - MINIMUM_PART + 1):
        tail = word[cut:]
        if known.get(tail) is None:
            continue
        for link in LINKING:
            head = word[: cut - len(link)] if link else word[:cut]
            # Where the head alone is the lemma, the tail is an ending ("kommun|ernas"), not a word.
            if (
                word[:cut].endswith(link)
                and len(head) >= MINIMUM_PART
                and head != lemma
                and known.get(head) is not None
            ):
                splits.append((abs(len(head) - len(tail)), (head, tail)))
                break
    return min(splits)[1] if splits else ()


@cache
def _dictionaries():
    """Dictionaries as tries on disk: a few megabytes each, shared by all processes; streamed where no disk is."""
    try:
        folder = Path(settings.LEMMA_CACHE)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return StreamDictionaryFactory(cache_max_size=40)
    return TrieDictionaryFactory(cache_max_size=40, disk_cache_dir=str(folder))


@cache
def _lemmatizer():
    return Lemmatizer(lemmatization_strategy=DefaultStrategy(dictionary_factory=_dictionaries()))


def _stem(language):
    """The language's stemmer; one per thread, for a stemmer keeps its word in itself."""
    if language not in SNOWBALL:
        return None
    stemmers = _stemmer_of_thread.__dict__
    if language not in stemmers:
        stemmers[language] = snowballstemmer.stemmer(SNOWBALL[language])
    return stemmers[language].stemWord


def warm_up(languages) -> None:
    """Load the dictionaries, so that the first search of a process is as quick as the next."""
    for language in languages:
        word_forms("integration", language)
