"""The questions the library answers: which practices, how many, and how many per facet value.

Totals and counts come from bit strings, the page's ids from a walk along an index or, for a text, from its matches.
See docs/decisions/0002-search-index.md for the measurements behind the shape.
"""

from dataclasses import dataclass
from math import ceil

from django.db import connection

from common.search.parsing import parse_query
from practices.search.counting import count_all
from practices.search.matching import RANKED, matching_page
from practices.search.request import PAGE_SIZE, LibraryRequest
from practices.search.text_queries import TextQuery, second_tries, stands_somewhere, text_query

ORDERS = {
    "newest": "published_at DESC, practice_id DESC",
    "confirmed": "confirmed_on DESC, practice_id DESC",
    "evidence": "evidence_rank DESC, published_at DESC, practice_id DESC",
}


@dataclass(frozen=True, slots=True)
class Hit:
    """A practice of the page; `language` is the one in which the text was found ("" where no text was asked for)."""

    practice_id: int
    language: str = ""


@dataclass(frozen=True)
class LibraryPage:
    """The answer: hits of one page, exact total, counts per facet code (own facet left out), and how it was found.

    `ranked` is how many of very many matches were put in order by relevance, None where all were.
    """

    request: LibraryRequest
    hits: tuple[Hit, ...]
    total: int
    counts: dict[int, int]
    query: TextQuery | None = None
    ranked: int | None = None

    @property
    def page_count(self):
        return max(1, ceil(self.total / PAGE_SIZE))


def library_page(request: LibraryRequest, reader: str, page_size: int = PAGE_SIZE) -> LibraryPage:
    """Answer a request for a reader of this language.

    A text that finds nothing is tried again with the nearest spellings, then with any of its words, and it is said.
    """
    parsed = parse_query(request.text)
    if not parsed:
        counts, total = count_all(request)
        return LibraryPage(request, _walk(request, reader, total, page_size), total, counts)
    query = text_query(parsed)
    page = _search(request, query, reader, page_size)
    if page.total or not parsed.wanted or _is_found(query):
        return page
    for other in second_tries(parsed, reader):
        retried = _search(request, other, reader, page_size)
        if retried.total:
            return retried
    return page


def _is_found(query):
    """Whether the text alone is found: then it is the filters that leave nothing, and no other spelling is tried."""
    return not query.excluding and stands_somewhere(query.matching)


def _search(request, query, reader, page_size):
    if not query.matching and not query.excluding:
        return LibraryPage(request, (), 0, {}, query)
    found, total, counts, unweighed = matching_page(request, query, reader, page_size)
    hits = tuple(Hit(practice_id, language) for practice_id, language in found)
    return LibraryPage(request, hits, total, counts, query, RANKED if unweighed else None)


# Lists without text: walk an index in the wanted order -----------------------------------------


def _walk(request, reader, total, page_size):
    """Ids of the page. Deep pages are walked from the other end, so that the middle is the deepest there is."""
    offset = (request.page - 1) * page_size
    if offset >= total:
        return ()
    size = min(page_size, total - offset)
    from_end = offset > total / 2
    if from_end:
        offset = total - offset - size
    where, params = [], []
    for codes in request.codes_by_facet().values():
        where.append("facets && %s::int[]")
        params.append(codes)
    if request.sort == "title":
        table, order = "practices_searchdocument", "title_key, practice_id"
        where.insert(0, "language = %s")
        params.insert(0, reader)
    else:
        table, order = "practices_facetdocument", ORDERS.get(request.sort, ORDERS["newest"])
    if from_end:
        order = _reversed(order)
    condition = f"WHERE {' AND '.join(where)}" if where else ""
    select = f"SELECT practice_id FROM {table} {condition}"
    if request.chosen and _is_rare(total):
        # Few of many: fetch them all by the facets and sort, rather than walk past all the others.
        columns = "*" if request.sort != "title" else "practice_id, title_key"
        select = f"WITH few AS MATERIALIZED (SELECT {columns} FROM {table} {condition}) SELECT practice_id FROM few"
    with connection.cursor() as cursor:
        cursor.execute(f"{select} ORDER BY {order} LIMIT %s OFFSET %s", [*params, size, offset])
        ids = [practice_id for (practice_id,) in cursor.fetchall()]
    return tuple(Hit(practice_id) for practice_id in (reversed(ids) if from_end else ids))


def _is_rare(total):
    return total < 1_500


def _reversed(order):
    return ", ".join(part[:-5] if part.endswith(" DESC") else f"{part} DESC" for part in order.split(", "))


def matching_ids(request: LibraryRequest, page: LibraryPage) -> list[int]:
    """Ids of all practices that an answered request matches, in no order."""
    where, params = ["TRUE"], []
    for codes in request.codes_by_facet().values():
        where.append("facets && %s::int[]")
        params.append(codes)
    found = "practice_id {} (SELECT practice_id FROM library_matches(%s::tsquery))"
    if page.query and page.query.condition:
        where.append(found.format("IN"))
        params.append(page.query.condition)
    elif page.query:
        where.append(found.format("NOT IN"))
        params.append(page.query.excluding)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT practice_id FROM practices_facetdocument WHERE {' AND '.join(where)}", params)
        return [practice_id for (practice_id,) in cursor.fetchall()]


def matching_among(request: LibraryRequest, ids) -> set[int]:
    """Those of a few practices that a request matches, as its words are written: no other spelling is tried."""
    where, params = ["f.practice_id = ANY(%s)"], [list(ids)]
    for codes in request.codes_by_facet().values():
        where.append("f.facets && %s::int[]")
        params.append(codes)
    parsed = parse_query(request.text)
    if parsed:
        query = text_query(parsed)
        if not query.matching and not query.excluding:
            return set()
        where.append("m.words @@ %s::tsquery" if query.condition else "NOT m.words @@ %s::tsquery")
        params.append(query.condition or query.excluding)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.practice_id FROM practices_facetdocument f"
            f" JOIN practices_matchdocument m ON m.practice_id = f.practice_id WHERE {' AND '.join(where)}",
            params,
        )
        return {practice_id for (practice_id,) in cursor.fetchall()}
