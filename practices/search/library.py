"""The questions the library answers: which practices, how many, and how many per facet value.

One statement gives totals and all counts by set arithmetic on bit strings; without a text a second one walks the
facet documents for the page's ids. See docs/decisions/0002-search-index.md for the measurements behind the shape.
"""

from dataclasses import dataclass, field
from math import ceil

from django.db import connection

from common.languages import site_languages
from common.search.analysis import tokens
from common.search.parsing import Clause, ParsedQuery, clause_query, document_query, parse_query
from practices.search.facets import EVERYTHING, FACET, SPAN
from practices.search.request import PAGE_SIZE, LibraryRequest
from practices.search.spelling import nearest_words
from practices.search.vectors import folded_title

OWN_LANGUAGE_BONUS = 0.25
RERANKED = 60
"""So many of the best by title, summary and labels are ordered anew with their whole text in view."""

EXACT_TITLE_BONUS = 100
WEIGHTS = "{0.08, 0.3, 0.45, 1.0}"
"""Of ts_rank, for D (body, synonyms), C (labels), B (summary), A (title)."""

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
class TextQuery:
    """A text made ready for the index: one tsquery over all languages, and how it came about."""

    matching: str
    excluding: str
    title: str
    clauses: tuple[Clause, ...]
    corrected: dict[str, str] = field(default_factory=dict)
    is_partial: bool = False


@dataclass(frozen=True)
class LibraryPage:
    """The answer: hits of one page, exact total, counts per facet code (own facet left out), and how it was found."""

    request: LibraryRequest
    hits: tuple[Hit, ...]
    total: int
    counts: dict[int, int]
    query: TextQuery | None = None

    @property
    def page_count(self):
        return max(1, ceil(self.total / PAGE_SIZE))


def library_page(request: LibraryRequest, reader: str, page_size: int = PAGE_SIZE) -> LibraryPage:
    """Answer a request for a reader of this language.

    A text that finds nothing is tried again with the nearest spellings, then with any of its words, and it is said.
    """
    parsed = parse_query(request.text)
    if not parsed:
        counts, total = _counts(request)
        return LibraryPage(request, _walk(request, reader, total, page_size), total, counts)
    query = text_query(parsed, reader)
    page = _search(request, query, reader, page_size)
    if page.total or not parsed.wanted or _is_found(query):
        return page
    for other in _second_tries(parsed, reader):
        retried = _search(request, other, reader, page_size)
        if retried.total:
            return retried
    return page


def text_query(parsed: ParsedQuery, reader: str, *, match_all=True, corrected=None) -> TextQuery:
    matching = [document_query(parsed.wanted, code, match_all=match_all) for code in site_languages()]
    excluding = [clause_query(clause, code) for code in site_languages() for clause in parsed.unwanted]
    return TextQuery(
        " | ".join(filter(None, matching)),
        " | ".join(filter(None, excluding)),
        folded_title(" ".join(clause.text for clause in parsed.wanted)),
        parsed.wanted,
        corrected or {},
        not match_all,
    )


def _second_tries(parsed, reader):
    corrected = _corrections(parsed, reader)
    if corrected:
        respelled = ParsedQuery(
            tuple(Clause(corrected.get(clause.text, clause.text), clause.is_phrase) for clause in parsed.wanted),
            parsed.unwanted,
        )
        yield text_query(respelled, reader, corrected=corrected)
        parsed = respelled
    if len(parsed.wanted) > 1:
        yield text_query(parsed, reader, match_all=False, corrected=corrected)


def _corrections(parsed, reader):
    """{word as typed: nearest known word} for the words that stand in no practice."""
    corrected = {}
    for clause in parsed.wanted:
        if clause.is_phrase or _is_known(clause):
            continue
        near = nearest_words(folded_title(clause.text), reader, limit=1)
        if near:
            corrected[clause.text] = near[0][1]
    return corrected


def _is_known(clause):
    queries = filter(None, (clause_query(clause, code) for code in site_languages()))
    return _exists(" | ".join(queries))


def _is_found(query):
    """Whether the text alone is found: then it is the filters that leave nothing, and no other spelling is tried."""
    return _exists(query.matching) and not query.excluding


def _exists(tsquery):
    if not tsquery:
        return False
    with connection.cursor() as cursor:
        # Materialised, or the planner expects to meet a match soon and reads the whole table when there is none.
        cursor.execute(
            "WITH found AS MATERIALIZED (SELECT FROM practices_searchdocument WHERE words @@ %s::tsquery)"
            " SELECT EXISTS (SELECT FROM found)",
            [tsquery],
        )
        return cursor.fetchone()[0]


# Counting: one bit string per facet value ------------------------------------------------------


def _masks(request, texts=False):
    """SQL of the masks and its parameters: `chosen` with one bit string per filtering facet, `masks` with `everything`
    that meets all of them and, per filtering facet, all but its own."""
    by_facet = request.codes_by_facet()
    columns, params = [], []
    for number, (name, codes) in enumerate(by_facet.items()):
        if FACET[name].is_sparse:
            columns.append(
                "(SELECT library_mask(array_agg(practice_id), a.size) FROM practices_facetdocument"
                f" WHERE facets && %s::int[]) AS m{number}"
            )
        else:
            columns.append(
                "coalesce((SELECT bit_or(bits) FROM practices_facetbits WHERE code = ANY(%s)),"
                f" ~a.bits & a.bits) AS m{number}"
            )
        params.append(codes)
    base = "t.bits" if texts else "a.bits"
    source = f"(SELECT bits, length(bits) AS size FROM practices_facetbits WHERE code = {EVERYTHING}) AS a"
    if texts:
        source += ", LATERAL (SELECT library_mask(array_agg(practice_id), a.size) & a.bits AS bits FROM best) AS t"
    chosen = f"SELECT {base} AS base{''.join(', ' + column for column in columns)} FROM {source}"
    every = " & ".join(["base", *(f"m{number}" for number in range(len(by_facet)))])
    others = [
        " & ".join(["base", *(f"m{other}" for other in range(len(by_facet)) if other != number)]) + f" AS x{number}"
        for number in range(len(by_facet))
    ]
    masks = f"SELECT {every} AS everything{''.join(', ' + other for other in others)} FROM chosen"
    cases = "".join(f" WHEN {FACET[name].number} THEN x{number}" for number, name in enumerate(by_facet))
    relevant = f"CASE code / {SPAN}{cases} ELSE everything END" if cases else "everything"
    sql = f"chosen AS MATERIALIZED ({chosen}), masks AS MATERIALIZED ({masks})"
    counts = (
        "SELECT json_object_agg(code, n) FROM (SELECT code, bit_count(bits & "
        f"{relevant}) AS n FROM practices_facetbits, masks WHERE code <> {EVERYTHING} OFFSET 0) AS c WHERE n > 0"
    )
    return sql, counts, params


def _counts(request):
    """({code: count}, total) of a request without text."""
    masks, counts, params = _masks(request)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {masks} SELECT ({counts}), (SELECT bit_count(everything) FROM masks)", params)
        row = cursor.fetchone()
    return _as_counts(row[0]), row[1] or 0


def _as_counts(found):
    return {int(code): count for code, count in (found or {}).items()}


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
    if page.query and page.query.matching:
        where.append("practice_id IN (SELECT practice_id FROM practices_searchdocument WHERE words @@ %s::tsquery)")
        params.append(page.query.matching)
    if page.query and page.query.excluding:
        where.append(
            "practice_id NOT IN (SELECT practice_id FROM practices_searchdocument WHERE words @@ %s::tsquery)"
        )
        params.append(page.query.excluding)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT practice_id FROM practices_facetdocument WHERE {' AND '.join(where)}", params)
        return [practice_id for (practice_id,) in cursor.fetchall()]


# Text --------------------------------------------------------------------------------------------


def _search(request, query, reader, page_size):
    """Matches, ranking, page, total and counts in one statement."""
    if not query.matching and not query.excluding:
        return LibraryPage(request, (), 0, {}, query)
    best, params = _best(query, reader)
    masks, counts, mask_params = _masks(request, texts=True)
    order = {
        "relevance": "b.rank DESC, b.published_at DESC, b.practice_id DESC",
        "newest": "b.published_at DESC, b.practice_id DESC",
        "confirmed": "f.confirmed_on DESC, b.practice_id DESC",
        "evidence": "f.evidence_rank DESC, b.published_at DESC, b.practice_id DESC",
        "title": "s.title_key, b.practice_id",
    }[request.sort]
    joins = ""
    if request.sort in ("confirmed", "evidence"):
        joins = "JOIN practices_facetdocument f ON f.practice_id = b.practice_id"
    elif request.sort == "title":
        joins = "JOIN practices_searchdocument s ON s.practice_id = b.practice_id AND s.language = %s"
    condition = ""
    if request.chosen:
        condition = "WHERE get_bit((SELECT everything FROM masks), b.practice_id::int) = 1"
    ranked, rank_params = "best", []
    if request.sort == "relevance" and query.matching and request.page * page_size <= RERANKED:
        ranked, rank_params = "top", [query.matching, query.matching]
        top = f"""
            candidates AS MATERIALIZED (SELECT * FROM best b {condition} ORDER BY {order} LIMIT {RERANKED}),
            top AS MATERIALIZED (
                SELECT practice_id, published_at, rank + (
                    SELECT max(ts_rank('{WEIGHTS}', words, %s::tsquery)) FROM practices_searchdocument d
                    WHERE d.practice_id = candidates.practice_id AND words @@ %s::tsquery
                ) AS rank FROM candidates
            ),"""
        condition = ""
    else:
        top = ""
    sql = f"""
        WITH {best}, {masks}, {top}
        page AS (
            SELECT b.practice_id, row_number() OVER (ORDER BY {order}) AS place FROM {ranked} b {joins} {condition}
            ORDER BY {order} LIMIT %s OFFSET %s
        )
        SELECT ({counts}), (SELECT bit_count(everything) FROM masks),
               (SELECT json_agg(json_build_array(practice_id, language) ORDER BY place) FROM (
                    SELECT DISTINCT ON (p.practice_id) p.practice_id, p.place, h.language
                    FROM page p JOIN hits h ON h.practice_id = p.practice_id ORDER BY p.practice_id, h.rank DESC
               ) AS found)
    """
    params += mask_params + rank_params
    if request.sort == "title":
        params.append(reader)
    params += [page_size, (request.page - 1) * page_size]
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        found, total, hits = cursor.fetchone()
    return LibraryPage(
        request,
        tuple(Hit(practice_id, language or "") for practice_id, language in hits or []),
        total or 0,
        _as_counts(found),
        query,
    )


def _best(query, reader):
    """SQL of `hits` (document by document) and `best` (one row per practice), with parameters."""
    params = []
    if query.matching:
        condition = "words @@ %s::tsquery"
        rank = (
            f"ts_rank('{WEIGHTS}', heading, %s::tsquery)"
            f" + CASE WHEN title_folded = %s AND title_folded <> '' THEN {EXACT_TITLE_BONUS} ELSE 0 END"
            f" + CASE WHEN language = %s THEN {OWN_LANGUAGE_BONUS} ELSE 0 END"
        )
        params += [query.matching, query.title, reader]
        if query.is_partial:
            coverage, coverage_params = _coverage(query)
            rank += f" + {coverage}"
            params += coverage_params
        params.append(query.matching)
    else:
        condition, rank = "language = %s", "0"
        params.append(reader)
    if query.excluding:
        condition += (
            " AND practice_id NOT IN (SELECT practice_id FROM practices_searchdocument WHERE words @@ %s::tsquery)"
        )
        params.append(query.excluding)
    return (
        f"""
        hits AS MATERIALIZED (
            SELECT practice_id, language, published_at, {rank} AS rank
            FROM practices_searchdocument WHERE {condition}
        ),
        best AS MATERIALIZED (
            SELECT practice_id, max(published_at) AS published_at, max(rank) AS rank FROM hits GROUP BY practice_id
        )
        """,
        params,
    )


def _coverage(query):
    """SQL for the share of the words that a document has, counted in its own language: there "man" may be no word.

    ts_rank alone would let one frequent word outweigh two.
    """
    cases, params = [], []
    for language in site_languages():
        parts = [part for part in (clause_query(clause, language) for clause in query.clauses) if part]
        if parts:
            met = " + ".join("(words @@ %s::tsquery)::int" for _ in parts)
            cases.append(f"WHEN %s THEN ({met}) * 2.0 / {len(parts)}")
            params += [language, *parts]
    return f"CASE language {' '.join(cases)} ELSE 0 END", params


def query_forms(query: TextQuery, language: str) -> set[str]:
    """Every form the text is looked for by in one language; what highlighting marks."""
    return {form for clause in query.clauses for token in tokens(clause.text, language) for form in token.forms}
