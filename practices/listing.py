"""The library page made ready for its templates: facet groups, chips, pages, ways out of an empty answer."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from practices.search.catalogue import ORDERED_SCHEMES, Catalogue
from practices.search.facets import FACETS
from practices.search.library import LibraryPage, library_page
from practices.search.request import LibraryRequest

FACET_LABELS = {
    "theme": _("Theme"),
    "country": _("Country"),
    "network": _("Network"),
    "approach": _("Approach"),
    "beneficiary": _("For whom"),
    "evidence": _("Evidence"),
    "transferability": _("Transferability"),
    "lifecycle": _("Stage"),
    "scope": _("Geographic scope"),
    "budget": _("Budget"),
    "language": _("Available in"),
    "city": _("City"),
}
KIND_LABELS = FACET_LABELS | {"title": _("Practice"), "word": _("Word")}
"""Of suggestions."""

SORT_LABELS = {
    "relevance": _("Relevance"),
    "newest": _("Newest"),
    "confirmed": _("Recently confirmed"),
    "evidence": _("Strongest evidence"),
    "title": _("Title"),
}
OPEN_AT_FIRST = frozenset({"theme", "country"})
SHOWN_AT_FIRST = 8


@dataclass(frozen=True, slots=True)
class CountedValue:
    key: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class FacetGroup:
    """One facet with the values that can still be chosen: the first few, and the rest behind "more"."""

    name: str
    label: str
    first: list[CountedValue]
    rest: list[CountedValue]
    is_open: bool


def facet_groups(page: LibraryPage, catalogue: Catalogue) -> list[FacetGroup]:
    """The facets with counts; chosen values are always among the first, those without practices are left out."""
    by_facet = {}
    chosen = {value.code for value in page.request.chosen}
    for code in {*page.counts, *chosen}:
        value = catalogue.by_code.get(code)
        if value is not None:
            by_facet.setdefault(value.facet, []).append(value)
    return [
        _group(facet.name, by_facet.get(facet.name, []), chosen, page.counts)
        for facet in FACETS
        if not facet.is_sparse
    ]


def _group(name, values, chosen, counts):
    if name in ORDERED_SCHEMES:
        values.sort(key=lambda value: value.rank)
        at_first = len(values)
    else:
        values.sort(key=lambda value: (value.code not in chosen, -counts.get(value.code, 0), value.label))
        at_first = max(SHOWN_AT_FIRST, sum(value.code in chosen for value in values))
    if len(values) - at_first <= 2:
        at_first = len(values)
    counted = [
        CountedValue(value.key, value.label, counts.get(value.code, 0), value.code in chosen) for value in values
    ]
    is_open = name in OPEN_AT_FIRST or any(value.is_chosen for value in counted)
    return FacetGroup(name, FACET_LABELS[name], counted[:at_first], counted[at_first:], is_open)


def chips(request: LibraryRequest, address: str) -> list[dict]:
    """A label and the address without it, for the text (`is_typed`) and each chosen value."""
    found = []
    if request.text:
        sort = "newest" if request.sort == "relevance" else request.sort
        found.append(
            {
                "label": request.text,
                "is_typed": True,
                "url": address + request.query_string(text="", sort=sort, page=1),
            }
        )
    for value in request.chosen:
        found.append({"label": value.label, "url": address + request.without(value).query_string()})
    return found


def page_links(page: LibraryPage, address: str) -> dict:
    """First, last and neighbouring pages with None for gaps; `previous` and `next` addresses or ""."""
    current, last = page.request.page, page.page_count

    def url(number):
        return address + page.request.query_string(page=number)

    wanted = sorted({1, last, *range(max(1, current - 2), min(last, current + 2) + 1)})
    pages, before = [], 0
    for number in wanted:
        if number - before > 1:
            pages.append(None)
        pages.append({"number": number, "url": url(number), "is_current": number == current})
        before = number
    return {
        "pages": pages,
        "previous": url(current - 1) if 1 < current <= last + 1 else "",
        "next": url(current + 1) if current < last else "",
    }


def ways_out(request: LibraryRequest, reader: str, address: str) -> list[dict]:
    """For an empty answer: which single part to leave out, and how many practices that gives; most first."""
    drops = []
    parts: list[tuple[str, bool, LibraryRequest]] = [
        (value.label, False, request.without(value)) for value in request.chosen
    ]
    if request.text and request.chosen:
        sort = "newest" if request.sort == "relevance" else request.sort
        parts.append((request.text, True, LibraryRequest(chosen=request.chosen, sort=sort)))
    for label, is_typed, rest in parts[:8]:
        total = library_page(rest, reader, page_size=1).total
        if total:
            drops.append({"label": label, "is_typed": is_typed, "url": address + rest.query_string(), "count": total})
    return sorted(drops, key=lambda drop: -drop["count"])
