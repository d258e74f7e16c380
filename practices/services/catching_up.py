"""What the library's index has missed: found by comparing it with the records."""

from collections.abc import Iterator

from django.db import connection
from psycopg2.extras import execute_values

from common.languages import in_all_languages, site_languages
from practices.models import FacetDocument, Practice
from practices.search.facets import practice_codes
from practices.search.indexing import indexable
from practices.search.vectors import LABELS_AT, TEXT_FIELDS, practice_words

COMPARED_AT_ONCE = 500
_UNTITLED = [name for name in TEXT_FIELDS if name not in ("title", "summary")]
"""Title and summary say in which languages a practice exists."""


def differing_from_index() -> Iterator[list[int]]:
    """Yield, chunk by chunk, ids of practices that are in the index otherwise than in the records, or in one alone.

    Texts are not looked at: they are indexed with the practice, in its transaction. What a worker brings to the index
    can be lost with the broker: the names of terms, networks and cities, the order of evidence, the country of a city.
    """
    indexed = FacetDocument.objects.values_list("pk", flat=True)
    ids = sorted({*indexed, *Practice.objects.public().values_list("pk", flat=True)})
    for start in range(0, len(ids), COMPARED_AT_ONCE):
        if differing := _differing(ids[start : start + COMPARED_AT_ONCE]):
            yield differing


def _differing(ids):
    stored = {
        pk: (rank, facets)
        for pk, rank, facets in FacetDocument.objects.filter(pk__in=ids).values_list("pk", "evidence_rank", "facets")
    }
    present, labels = {}, []
    for practice in indexable(ids).rewrite(False).defer(*_UNTITLED, *in_all_languages(*_UNTITLED)):
        present[practice.pk] = (practice.evidence_level.order, practice_codes(practice))
        # The words of a practice that says nothing are those of its labels.
        for column in in_all_languages(*TEXT_FIELDS):
            setattr(practice, column, "")
        labels += [(practice.pk, code, practice_words(practice, code).words) for code in site_languages()]
    differing = {pk for pk in ids if stored.get(pk) != present.get(pk)}
    return sorted(differing | _labelled_otherwise(labels))


def _labelled_otherwise(labels):
    """Ids of those (practice id, language, words of its labels) whose search document has other labels, or is not."""
    with connection.cursor() as cursor:
        found = execute_values(
            cursor.cursor,
            "SELECT DISTINCT e.practice_id FROM (VALUES %s) AS e (practice_id, language, labels)"
            " LEFT JOIN practices_searchdocument d ON d.practice_id = e.practice_id AND d.language = e.language"
            " WHERE d.practice_id IS NULL OR tsvector_to_array(e.labels) <> ARRAY("
            f"SELECT lexeme FROM unnest(d.words) WHERE {LABELS_AT} = ANY (positions))",
            labels,
            template="(%s, %s, %s::tsvector)",
            page_size=len(labels) or 1,
            fetch=True,
        )
    return {pk for (pk,) in found}
