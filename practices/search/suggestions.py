"""What might be meant by the beginning of a word: titles, topics, places and words of the library."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, takewhile

from django.db import connection
from django.db.models import Exists, OuterRef
from django.urls import reverse

from common.languages import in_all_languages, site_languages
from common.search.folding import fold
from common.text import clean_line
from networks.models import City
from practices.models import FacetDocument, Practice
from practices.models.practice import practice_slug
from practices.search.catalogue import Catalogue, city_value
from practices.search.request import LibraryRequest
from practices.search.vectors import folded_title

MINIMUM_LENGTH = 2
AT_MOST = {"title": 4, "value": 4, "city": 2, "word": 4}
CITIES_LOOKED_AT = 20
"""Of those whose name fits, to find some that have practices."""


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
    named = [*_values(prefix, catalogue), *_cities(prefix, catalogue)]
    said = {word for suggestion in named for word in folded_title(suggestion.label).split()}
    words = (suggestion for suggestion in _words(prefix, catalogue) if folded_title(suggestion.label) not in said)
    return [*named, *_titles(prefix, catalogue), *words]


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


@lru_cache(maxsize=2)
def _city_names(version):
    """(name folded, id) of all cities in all their languages; `version` is the labels' number of the library version."""
    columns = in_all_languages("name")
    return sorted(
        {(fold(name), pk) for pk, *names in City.objects.values_list("pk", *columns) for name in names if name}
    )


def _cities(prefix, catalogue):
    """Cities with practices whose name in any language begins so."""
    names = _city_names(catalogue.version)
    first = bisect_left(names, (prefix,))
    begin = takewhile(lambda entry: entry[0].startswith(prefix), islice(names, first, None))
    ids = list(dict.fromkeys(pk for _, pk in begin))[:CITIES_LOOKED_AT]
    if not ids:
        return
    has_practices = Exists(FacetDocument.objects.filter(practice__city=OuterRef("pk"), city_id__isnull=False))
    found = City.objects.filter(has_practices, pk__in=ids).in_bulk()
    for city in [found[pk] for pk in ids if pk in found][: AT_MOST["city"]]:
        value = city_value(city.slug, catalogue.language, city)
        yield Suggestion("city", value.label, _library(chosen=(value,)))


def _titles(prefix, catalogue):
    """Titles that begin so, those in the reader's language first."""
    with connection.cursor() as cursor:
        # Language by language, so that each is a short walk along the index.
        cursor.execute(
            "SELECT d.practice_id, d.language FROM unnest(%s) AS site (language) CROSS JOIN LATERAL ("
            " SELECT practice_id, language, title_folded FROM practices_searchdocument"
            " WHERE language = site.language AND title_folded >= %s AND title_folded < %s"
            " ORDER BY title_folded LIMIT %s) AS d ORDER BY d.language <> %s, d.title_folded, d.practice_id",
            [list(site_languages()), prefix, prefix + "\U0010ffff", AT_MOST["title"], catalogue.language],
        )
        languages = {}
        for practice_id, language in cursor.fetchall():
            languages.setdefault(practice_id, language)
    ids = list(languages)[: AT_MOST["title"]]
    rows = Practice.objects.filter(pk__in=ids).values("pk", *in_all_languages("title"))
    titles = {row["pk"]: row[f"title_{languages[row['pk']]}"] for row in rows}
    for practice_id in ids:
        language, title = languages[practice_id], titles[practice_id]
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
