"""A request to the library as the address spells it."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from common.text import clean_line
from practices.search.catalogue import Catalogue, Value
from practices.search.facets import FACETS

SORTS = ("relevance", "newest", "confirmed", "evidence", "title")
PAGE_SIZE = 20
MAX_PAGE = 100_000
MAX_VALUES = 40
"""Of one facet: each city is looked up, so an address must not name thousands."""


@dataclass(frozen=True)
class LibraryRequest:
    """What a reader asked for, checked against the catalogue. `unknown` lists (parameter, value) that mean nothing."""

    text: str = ""
    chosen: tuple[Value, ...] = ()
    sort: str = "newest"
    page: int = 1
    unknown: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, params, catalogue: Catalogue) -> "LibraryRequest":
        """Read a QueryDict; what cannot be understood is ignored and kept in `unknown`, never an error."""
        text = clean_line(params.get("q", ""))[:200]
        chosen, unknown = [], []
        for facet in FACETS:
            for key in list(dict.fromkeys(params.getlist(facet.name)))[:MAX_VALUES]:
                if not key:
                    continue
                value = catalogue.value(facet.name, key)
                if value is None:
                    unknown.append((facet.name, clean_line(key)[:80]))
                else:
                    chosen.append(value)
        sort = params.get("sort", "")
        if sort and sort not in SORTS:
            unknown.append(("sort", clean_line(sort)[:80]))
        if sort not in SORTS or (sort == "relevance" and not text):
            sort = "relevance" if text else "newest"
        page = params.get("page", "1")
        if not (page.isascii() and page.isdigit() and 1 <= int(page[:9]) <= MAX_PAGE):
            if page:
                unknown.append(("page", clean_line(page)[:80]))
            page = "1"
        return cls(text, tuple(chosen), sort, int(page), tuple(unknown))

    @property
    def default_sort(self):
        return "relevance" if self.text else "newest"

    @property
    def is_filtered(self):
        return bool(self.text or self.chosen)

    def codes_by_facet(self):
        """{facet name: codes chosen in it}, in the order of the facets."""
        found = {}
        for value in self.chosen:
            found.setdefault(value.facet, []).append(value.code)
        return found

    def chosen_in(self, facet):
        return [value for value in self.chosen if value.facet == facet]

    def without(self, value):
        return replace(self, chosen=tuple(other for other in self.chosen if other != value), page=1)

    def with_value(self, value):
        return replace(self, chosen=(*self.chosen, value), page=1)

    def query_string(self, **changes):
        """The request as an address's query, "?…" or ""; `changes` replace fields first. Defaults are left out."""
        request = replace(self, **changes) if changes else self
        pairs = [("q", request.text)] if request.text else []
        pairs += [(value.facet, value.key) for value in request.chosen]
        if request.sort != request.default_sort:
            pairs.append(("sort", request.sort))
        if request.page > 1:
            pairs.append(("page", str(request.page)))
        return f"?{urlencode(pairs)}" if pairs else ""
