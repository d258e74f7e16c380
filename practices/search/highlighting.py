"""Where in its texts a practice was found: marked words and a piece of context."""

from dataclasses import dataclass

from django.db import connection
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from common.search.analysis import spans
from practices.models import Practice
from practices.search.library import Hit
from practices.search.text_queries import TextQuery, query_forms
from practices.search.vectors import LABELS_AT, TEXT_FIELDS, numbered_fields

WORDS_BEFORE = 8
WORDS_AFTER = 22


@dataclass(frozen=True, slots=True)
class Found:
    """How one hit was found, in the language of the hit: title and summary with marks, an excerpt of another field.

    `by_label` when nothing but its topics, place or networks match.
    """

    language: str
    title: SafeString | str
    summary: SafeString | str
    excerpt: SafeString | str
    by_label: bool


def find_in_texts(hits: tuple[Hit, ...], query: TextQuery) -> dict[int, Found]:
    """Look at the texts of one page's hits; two statements, whatever the number of hits."""
    languages = sorted({hit.language for hit in hits if hit.language})
    if not languages:
        return {}
    forms = [f"{language}/{form}" for language in languages for form in query_forms(query, language)]
    numbers = _word_numbers(hits, forms)
    columns = [f"{name}_{language}" for language in languages for name in TEXT_FIELDS]
    ids = [hit.practice_id for hit in hits]
    texts = {row["pk"]: row for row in Practice.objects.filter(pk__in=ids).values("pk", *columns)}
    return {
        hit.practice_id: _found(texts[hit.practice_id], hit.language, numbers.get(hit.practice_id, set()))
        for hit in hits
        if hit.language and hit.practice_id in texts
    }


def _word_numbers(hits, forms):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.practice_id, array_agg(p.number) FROM practices_searchdocument d,"
            " unnest(d.words) AS w, unnest(w.positions) AS p(number)"
            " WHERE d.practice_id = ANY(%s) AND (d.practice_id || '/' || d.language) = ANY(%s)"
            " AND w.lexeme = ANY(%s) GROUP BY d.practice_id",
            [[hit.practice_id for hit in hits], [f"{hit.practice_id}/{hit.language}" for hit in hits], forms],
        )
        return {practice_id: set(numbers) for practice_id, numbers in cursor.fetchall()}


def _found(texts, language, numbers):
    marked = {"title": "", "summary": ""}
    excerpt = ""
    for name, text, first in numbered_fields(lambda name: texts[f"{name}_{language}"]):
        places = list(spans(text))
        hit_places = [place for place in range(len(places)) if first + place in numbers]
        if name in marked:
            marked[name] = _mark(text, [places[place] for place in hit_places])
        elif hit_places:
            if not excerpt:
                excerpt = _excerpt(text, places, hit_places)
            break
    in_text = any(number < LABELS_AT for number in numbers)
    return Found(language, marked["title"], marked["summary"], excerpt, by_label=bool(numbers) and not in_text)


def _mark(text, ranges, start=0, end=None):
    """The text from start to end, escaped, with the ranges in <mark>."""
    end = len(text) if end is None else end
    pieces, at = [], start
    for first, last in ranges:
        if first >= start and last <= end:
            pieces.append((text[at:first], text[first:last]))
            at = last
    marked = format_html_join("", "{}<mark>{}</mark>", pieces)
    return format_html("{}{}", marked, text[at:end])


def _excerpt(text, places, hit_places):
    """A piece of the text around the first place that is found, cut at words."""
    first = max(hit_places[0] - WORDS_BEFORE, 0)
    last = min(hit_places[0] + WORDS_AFTER, len(places) - 1)
    start = places[first][0] if first else 0
    end = places[last][1] if last < len(places) - 1 else len(text)
    ranges = [places[place] for place in hit_places if first <= place <= last]
    return format_html(
        "{}{}{}", "… " if start else "", _mark(text, ranges, start, end), " …" if end < len(text) else ""
    )
