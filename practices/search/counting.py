"""Totals and the counts of all facet values by set arithmetic: one bit string per facet value, one bit per practice."""

from django.db import connection

from practices.search.facets import EVERYTHING, FACET, SPAN
from practices.search.request import LibraryRequest


def masks(request: LibraryRequest, params: dict, *, texts=False) -> tuple[str, str]:
    """SQL of the CTEs `chosen` and `masks`, and of the counts as JSON; their parameters are added to `params`.

    `masks.everything` are the practices that meet all facets; beside it stands, per filtering facet, a mask of all but
    its own. With `texts` only the practices of a CTE `hits` count.
    """
    by_facet = request.codes_by_facet()
    columns = []
    for number, (name, codes) in enumerate(by_facet.items()):
        params[f"codes{number}"] = codes
        if FACET[name].is_sparse:
            columns.append(
                "(SELECT library_mask(array_agg(practice_id), a.size) FROM practices_facetdocument"
                f" WHERE facets && %(codes{number})s::int[]) AS m{number}"
            )
        else:
            columns.append(
                f"coalesce((SELECT bit_or(bits) FROM practices_facetbits WHERE code = ANY(%(codes{number})s)),"
                f" ~a.bits & a.bits) AS m{number}"
            )
    base = "t.bits" if texts else "a.bits"
    source = f"(SELECT bits, length(bits) AS size FROM practices_facetbits WHERE code = {EVERYTHING}) AS a"
    if texts:
        source += ", LATERAL (SELECT library_mask(array_agg(practice_id), a.size) & a.bits AS bits FROM hits) AS t"
    chosen = f"SELECT {base} AS base{''.join(', ' + column for column in columns)} FROM {source}"
    every = " & ".join(["base", *(f"m{number}" for number in range(len(by_facet)))])
    others = [
        " & ".join(["base", *(f"m{other}" for other in range(len(by_facet)) if other != number)]) + f" AS x{number}"
        for number in range(len(by_facet))
    ]
    combined = f"SELECT {every} AS everything{''.join(', ' + other for other in others)} FROM chosen"
    cases = "".join(f" WHEN {FACET[name].number} THEN x{number}" for number, name in enumerate(by_facet))
    relevant = f"CASE code / {SPAN}{cases} ELSE everything END" if cases else "everything"
    counts = (
        "SELECT json_object_agg(code, n) FROM (SELECT code, bit_count(bits & "
        f"{relevant}) AS n FROM practices_facetbits, masks WHERE code <> {EVERYTHING} OFFSET 0) AS c WHERE n > 0"
    )
    return f"chosen AS MATERIALIZED ({chosen}), masks AS MATERIALIZED ({combined})", counts


def count_all(request: LibraryRequest) -> tuple[dict[int, int], int]:
    """({facet code: count}, total) of a request without text."""
    params = {}
    ctes, counts = masks(request, params)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {ctes} SELECT ({counts}), (SELECT bit_count(everything) FROM masks)", params)
        found, total = cursor.fetchone()
    return as_counts(found), total or 0


def as_counts(found: dict | None) -> dict[int, int]:
    """JSON knows only text as keys."""
    return {int(code): count for code, count in (found or {}).items()}
