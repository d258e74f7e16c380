"""What might be meant by the beginning of a word: titles, topics, places and words of the library."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from common.languages import site_languages
from common.search.folding import fold
from common.text import clean_line
from networks.models import City
from practices.models import FacetDocument, SearchDocument
from practices.models.practice import practice_slug
from practices.search.catalogue import Catalogue
from practices.search.request import LibraryRequest
from practices.search.vectors import folded_title

MINIMUM_LENGTH = 2
AT_MOST = {"title": 4, "value": 4, "city": 2, "word": 4}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`kind` is "title", "word" or the name of a facet; `language` is that of the label, "" for the reader's."""

    kind: str
    label: str
    url: str
    language: str = ""


def suggestions(typed: str, catalogue: Catalogue) -> list[Suggestion]:
    """Up to a dozen suggestions for what is typed so far, best kinds first; none for fewer than two letters."""
    prefix = folded_title(clean_line(typed)[:60])
    if len(prefix) < MINIMUM_LENGTH:
        return []
    return [
        *_values(prefix, catalogue),
        *_cities(prefix, catalogue),
        *_titles(prefix, catalogue),
        *_words(prefix, catalogue),
    ]


def _library(**fields):
    return reverse("practices:list") + LibraryRequest(**fields).query_string()


def _values(prefix, catalogue):
    matching = []
    for value in catalogue.by_code.values():
        folded = fold(value.label)
        if folded.startswith(prefix):
            matching.append((0, value.rank, value))
        elif f" {prefix}" in folded:
            matching.append((1, value.rank, value))
    matching.sort(key=lambda item: (item[0], item[2].facet != "theme", item[1], item[2].label))
    return [
        Suggestion(value.facet, value.label, _library(chosen=(value,))) for _, _, value in matching[: AT_MOST["value"]]
    ]


def _cities(prefix, catalogue):
    starts = Q()
    for language in site_languages():
        starts |= Q(**{f"name_{language}__istartswith": prefix})
    has_practices = Exists(FacetDocument.objects.filter(practice__city=OuterRef("pk"), city_id__isnull=False))
    found = City.objects.filter(starts).filter(has_practices)[: AT_MOST["city"]]
    for city in found:
        value = catalogue.value("city", city.slug)
        yield Suggestion("city", value.label, _library(chosen=(value,)))


def _titles(prefix, catalogue):
    """Titles that begin so, those in the reader's language first."""
    end = prefix + "\U0010ffff"
    found = (
        SearchDocument.objects.filter(
            language__in=site_languages(), title_folded__gte=prefix, title_folded__lt=end, has_text=True
        )
        .order_by("title_folded")
        .values_list("practice_id", "language", *(f"practice__title_{code}" for code in site_languages()))[:40]
    )
    seen = {}
    for practice_id, language, *titles in found:
        if practice_id not in seen or language == catalogue.language:
            seen[practice_id] = (language, dict(zip(site_languages(), titles, strict=True))[language])
    ranked = sorted(seen.items(), key=lambda item: item[1][0] != catalogue.language)
    for practice_id, (language, title) in ranked[: AT_MOST["title"]]:
        url = reverse("practices:detail", args=[practice_id, practice_slug(title)])
        yield Suggestion("title", title, url, language if language != catalogue.language else "")


def _words(prefix, catalogue):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, language FROM practices_lexiconentry WHERE folded >= %s AND folded < %s"
            " ORDER BY (language = %s) DESC, frequency DESC, folded LIMIT %s",
            [prefix, prefix + "\U0010ffff", catalogue.language, AT_MOST["word"] * 4],
        )
        rows = cursor.fetchall()
    for word in list(dict.fromkeys(word for word, _ in rows))[: AT_MOST["word"]]:
        language = next(language for other, language in rows if other == word)
        url = _library(text=word, sort="relevance")
        yield Suggestion("word", word, url, language if language != catalogue.language else "")
