"""The statement that answers a text: which practices, the best of them first, how many in all and per facet value.

The work is done in tiers, so that a word which stands in most practices costs little more than a rare one:

1. all matches, from slim rows that hold no text (their total and counts are exact);
2. of those that have a word of it in title or summary, the newest RANKED are weighed by these;
3. the best RERANKED are weighed anew, each in the language that fits best, with their whole text in view.

Whatever was not weighed follows, newest first.
"""

from django.db import connection

from common.languages import site_languages
from common.search.parsing import clause_query
from practices.search.counting import as_counts, masks
from practices.search.request import LibraryRequest
from practices.search.text_queries import TextQuery

RANKED = 500
RERANKED = 40
OWN_LANGUAGE_BONUS = 0.25
EXACT_TITLE_BONUS = 100
WEIGHTS = "{0.08, 0.3, 0.45, 1.0}"
"""Of ts_rank, for D (body, synonyms), C (labels), B (summary), A (title)."""

ORDERS = {
    "newest": "h.published_at DESC, h.practice_id DESC",
    "confirmed": "f.confirmed_on DESC, h.practice_id DESC",
    "evidence": "f.evidence_rank DESC, h.published_at DESC, h.practice_id DESC",
    "title": "s.title_key, h.practice_id",
}
JOINS = {
    "confirmed": "JOIN practices_facetdocument f ON f.practice_id = h.practice_id",
    "evidence": "JOIN practices_facetdocument f ON f.practice_id = h.practice_id",
    "title": "JOIN practices_searchdocument s ON s.practice_id = h.practice_id AND s.language = %(reader)s",
}


def matching_page(request: LibraryRequest, query: TextQuery, reader: str, page_size: int):
    """Answer a text: ([(practice id, language of the hit or "")], total, {facet code: count}, how many were left
    unweighed of those that could have been)."""
    params = {
        "reader": reader,
        "matching": query.matching,
        "title": query.title,
        "size": page_size,
        "offset": (request.page - 1) * page_size,
    }
    mask_sql, counts_sql = masks(request, params, texts=True)
    ctes = [_hits(query, params), mask_sql]
    chosen = "get_bit((SELECT everything FROM masks), h.practice_id::int) = 1" if request.chosen else "TRUE"
    unweighed = "0"
    if request.sort == "relevance" and query.matching:
        ctes += _by_relevance(request, query, params, chosen, page_size)
        unweighed = f"greatest(0, (SELECT count(*) FROM named) - {RANKED})"
    else:
        sort = request.sort if request.sort in ORDERS else "newest"
        ctes.append(
            f"""page AS (
                SELECT h.practice_id, row_number() OVER (ORDER BY {ORDERS[sort]}) AS place, NULL AS language
                FROM hits h {JOINS.get(sort, "")} WHERE {chosen}
                ORDER BY place LIMIT %(size)s OFFSET %(offset)s
            )"""
        )
    language = f"coalesce(p.language, {_language_of_hit()})" if query.matching else "''"
    sql = f"""
        WITH {", ".join(ctes)}
        SELECT ({counts_sql}), (SELECT bit_count(everything) FROM masks), {unweighed},
               (SELECT json_agg(json_build_array(p.practice_id, {language}) ORDER BY p.place) FROM page p)
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        counts, total, unweighed, found = cursor.fetchone()
    return [(pk, language or "") for pk, language in found or []], total or 0, as_counts(counts), unweighed


def _hits(query, params):
    """All matches. Where any word will do, `met` says how many of them a practice has."""
    if not query.matching:
        params["excluding"] = query.excluding
        return """hits AS MATERIALIZED (
            SELECT practice_id, published_at, 0 AS met FROM practices_matchdocument
            WHERE practice_id NOT IN (SELECT practice_id FROM library_matches(%(excluding)s::tsquery))
        )"""
    if not query.is_partial:
        params["condition"] = query.condition
        return """hits AS MATERIALIZED (
            SELECT practice_id, published_at, 0 AS met FROM library_matches(%(condition)s::tsquery)
        )"""
    parts = []
    for number, clause in enumerate(query.clause_queries):
        params[f"clause{number}"] = f"({clause}) & !({query.excluding})" if query.excluding else clause
        parts.append(f"SELECT practice_id, published_at FROM library_matches(%(clause{number})s::tsquery)")
    return f"""hits AS MATERIALIZED (
        SELECT practice_id, published_at, count(*) AS met FROM ({" UNION ALL ".join(parts)}) AS parts
        GROUP BY practice_id, published_at
    )"""


def _by_relevance(request, query, params, chosen, page_size):
    """The tiers, as CTEs that end in `page`."""
    params["any_word"] = query.any_word
    params["languages"] = list(site_languages())
    order = "h.met DESC, coalesce(r.rank, 0) DESC, h.published_at DESC, h.practice_id DESC"
    ctes = [
        f"""named AS MATERIALIZED (
            SELECT h.practice_id, h.published_at, h.met
            FROM library_heading_matches(%(any_word)s::tsquery) m JOIN hits h ON h.practice_id = m.practice_id
            WHERE {chosen}
        )""",
        f"""ranked AS MATERIALIZED (
            SELECT practice_id, max(rank) AS rank FROM (
                SELECT m.practice_id, ts_rank('{WEIGHTS}', m.heading, %(any_word)s::tsquery) AS rank FROM (
                    SELECT practice_id FROM named ORDER BY met DESC, published_at DESC, practice_id DESC
                    LIMIT {RANKED}
                ) AS newest JOIN practices_matchdocument m ON m.practice_id = newest.practice_id
                UNION ALL
                SELECT practice_id, {EXACT_TITLE_BONUS} FROM practices_searchdocument
                WHERE language = ANY(%(languages)s) AND title_folded = %(title)s AND title_folded <> ''
            ) AS weighed GROUP BY practice_id
        )""",
    ]
    source = f"hits h LEFT JOIN ranked r ON r.practice_id = h.practice_id WHERE {chosen}"
    if request.page * page_size > RERANKED:
        return [
            *ctes,
            f"""page AS (
                SELECT h.practice_id, row_number() OVER (ORDER BY {order}) AS place, NULL AS language FROM {source}
                ORDER BY place LIMIT %(size)s OFFSET %(offset)s
            )""",
        ]
    return [
        *ctes,
        f"""top AS MATERIALIZED (
            SELECT c.practice_id, c.published_at, d.language, coalesce(d.rank, 0) AS rank
            FROM (SELECT h.practice_id, h.published_at FROM {source} ORDER BY {order} LIMIT {RERANKED}) AS c
            LEFT JOIN LATERAL (
                SELECT language, {_document_rank(query, params)} AS rank FROM practices_searchdocument
                WHERE practice_id = c.practice_id AND words @@ %(matching)s::tsquery
                ORDER BY rank DESC, language LIMIT 1
            ) AS d ON TRUE
        )""",
        """page AS (
            SELECT practice_id, row_number() OVER (ORDER BY rank DESC, published_at DESC, practice_id DESC) AS place,
                   language
            FROM top ORDER BY place LIMIT %(size)s OFFSET %(offset)s
        )""",
    ]


def _document_rank(query, params):
    """SQL of how well one search document fits."""
    rank = (
        f"ts_rank('{WEIGHTS}', words, %(matching)s::tsquery)"
        f" + CASE WHEN title_folded = %(title)s AND title_folded <> '' THEN {EXACT_TITLE_BONUS} ELSE 0 END"
        f" + CASE WHEN language = %(reader)s THEN {OWN_LANGUAGE_BONUS} ELSE 0 END"
    )
    return f"{rank} + {_coverage(query, params)}" if query.is_partial else rank


def _coverage(query, params):
    """SQL for the share of the words that a document has, counted in its own language: there "man" may be no word.

    ts_rank alone would let one frequent word outweigh two.
    """
    cases = []
    for language in site_languages():
        parts = [part for part in (clause_query(clause, language) for clause in query.clauses) if part]
        if parts:
            names = [f"{language}_{number}" for number in range(len(parts))]
            params |= {f"part_{name}": part for name, part in zip(names, parts, strict=True)}
            met = " + ".join(f"(words @@ %(part_{name})s::tsquery)::int" for name in names)
            params[f"language_{language}"] = language
            cases.append(f"WHEN %(language_{language})s THEN ({met}) * 2.0 / {len(parts)}")
    return f"CASE language {' '.join(cases)} ELSE 0 END"


def _language_of_hit():
    """SQL of the language in which a practice of the page fits best, for those that were not weighed anew."""
    return f"""(
        SELECT language FROM practices_searchdocument
        WHERE practice_id = p.practice_id AND words @@ %(matching)s::tsquery
        ORDER BY ts_rank('{WEIGHTS}', words, %(matching)s::tsquery)
                 + CASE WHEN language = %(reader)s THEN {OWN_LANGUAGE_BONUS} ELSE 0 END DESC, language
        LIMIT 1
    )"""
