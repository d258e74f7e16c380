"""A request to the list of events as the address spells it, its answer, and the facets beside it."""

from dataclasses import dataclass, replace
from math import ceil
from urllib.parse import urlencode

from babel import Locale
from django.db.models import Count, F, Func, Q, Value
from django.db.models.fields import CharField
from django.db.models.functions import Cast
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from common.languages import name_in
from common.text import clean_line
from events.filters import ALL, CONDITIONS, PAST, UPCOMING, EventFilter, of_time
from events.models import Event
from practices.listing import SHOWN_AT_FIRST, CountedValue, FacetGroup
from practices.search.catalogue import Catalogue
from practices.search.catalogue import Value as Choice
from practices.search.request import MAX_PAGE, MAX_VALUES

PAGE_SIZE = 20
FACET_LABELS = {
    "network": _("Network"),
    "theme": _("Theme"),
    "country": _("Country"),
    "language": pgettext_lazy("of an event", "Language"),
    "mode": _("Mode"),
    "city": _("City"),
}
"""In the order in which the page offers them; cities are too many to be listed."""

LISTED = tuple(name for name in FACET_LABELS if name != "city")
OPEN_AT_FIRST = frozenset({"network", "language", "mode"})
PARAMETER = {"language": "working_language"}
"""The API's name of a parameter where the page's is taken there."""

_TEXT = CharField()
KEYS = {
    "network": F("networks__slug"),
    "theme": F("themes__code"),
    "country": F("city__country"),
    "language": Func(Func(F("languages"), F("interpretation"), function="array_cat"), function="unnest"),
    "mode": F("mode"),
}
"""What an event is counted under, by facet."""


@dataclass(frozen=True)
class EventRequest:
    """What a reader asked for. `unknown` lists (parameter, value) that mean nothing."""

    chosen: tuple[Choice, ...] = ()
    when: str = UPCOMING
    page: int = 1
    unknown: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, params, catalogue: Catalogue) -> "EventRequest":
        """Read a QueryDict; what cannot be understood is ignored and kept in `unknown`, never an error."""
        chosen, unknown = [], []
        for facet in FACET_LABELS:
            for key in list(dict.fromkeys(params.getlist(facet)))[:MAX_VALUES]:
                if not key:
                    continue
                value = choice(facet, key, catalogue)
                if value is None:
                    unknown.append((facet, clean_line(key)[:80]))
                else:
                    chosen.append(value)
        when = params.get("when", "")
        if when not in (UPCOMING, PAST, ALL):
            if when:
                unknown.append(("when", clean_line(when)[:80]))
            when = UPCOMING
        page = params.get("page", "1")
        if not (page.isascii() and page.isdigit() and 1 <= int(page[:9]) <= MAX_PAGE):
            if page:
                unknown.append(("page", clean_line(page)[:80]))
            page = "1"
        return cls(tuple(chosen), when, int(page), tuple(unknown))

    @property
    def is_filtered(self):
        return bool(self.chosen)

    def without(self, value):
        return replace(self, chosen=tuple(other for other in self.chosen if other != value), page=1)

    def pairs(self):
        """(parameter, value) of what was chosen, as the page names them."""
        return [(value.facet, value.key) for value in self.chosen]

    def query_string(self, **changes):
        """The request as an address's query, "?…" or ""; `changes` replace fields first. Defaults are left out."""
        request = replace(self, **changes) if changes else self
        pairs = request.pairs()
        if request.when != UPCOMING:
            pairs.append(("when", request.when))
        if request.page > 1:
            pairs.append(("page", str(request.page)))
        return f"?{urlencode(pairs)}" if pairs else ""

    def as_filter_data(self):
        """The same question in the parameters of `EventFilter`."""
        data = QueryDict(mutable=True)
        for facet, key in self.pairs():
            data.appendlist(PARAMETER.get(facet, facet), key)
        data["when"] = self.when
        return data


def choice(facet, key, catalogue):
    """The value of a facet with its label for the reader, or None where there is no such value."""
    if facet == "mode":
        modes = dict(Event.Mode.choices)
        return Choice("mode", key, 0, str(modes[key]), list(modes).index(key)) if key in modes else None
    if facet == "language":
        is_known = key in Locale.parse(catalogue.language).languages
        return Choice("language", key, 0, name_in(key, catalogue.language), 0) if is_known else None
    return catalogue.value(facet, key)


@dataclass(frozen=True)
class EventPage:
    """The answer: ids of one page in their order, the exact total, and {facet: {key: how many}} (own facet left out)."""

    request: EventRequest
    ids: tuple[int, ...]
    total: int
    counts: dict[str, dict[str, int]]

    @property
    def page_count(self):
        return max(1, ceil(self.total / PAGE_SIZE))


def matching(asked: EventRequest, scope):
    """The events of a scope that were asked for, in order."""
    return EventFilter(asked.as_filter_data(), scope).qs


def event_page(asked: EventRequest, scope) -> EventPage:
    """Answer a request from the events a reader may see; two statements."""
    total, counts = counted(asked, scope)
    start = (asked.page - 1) * PAGE_SIZE
    ids = matching(asked, scope).values_list("pk", flat=True)[start : start + PAGE_SIZE] if start < total else ()
    return EventPage(asked, tuple(ids), total, counts)


def counted(asked, scope):
    """(total, {facet: {key: how many events choosing it too would leave, or add}}), in one statement."""
    in_time = of_time(scope, asked.when).order_by()
    parts = [_counts("", in_time.filter(_conditions(asked)), Value("", output_field=_TEXT))]
    parts += [_counts(facet, in_time.filter(_conditions(asked, but_for=facet)), KEYS[facet]) for facet in LISTED]
    total, counts = 0, {facet: {} for facet in LISTED}
    for facet, key, count in parts[0].union(*parts[1:], all=True):
        if not facet:
            total = count
        elif key:
            counts[facet][key] = count
    return total, counts


def _conditions(asked, but_for=None):
    """What `EventFilter` asks for the chosen values, built without a form: it is needed for each facet."""
    by_facet = {}
    for facet, key in asked.pairs():
        if facet != but_for:
            by_facet.setdefault(facet, []).append(key)
    found = Q()
    for facet, keys in by_facet.items():
        found &= Q(CONDITIONS[PARAMETER.get(facet, facet)](keys))
    return found


def _counts(facet, events, key):
    named = events.annotate(counted_key=Cast(key, _TEXT) if facet else key).values("counted_key")
    # A language that is both spoken and interpreted into counts once; nothing else is named twice.
    rows = named.annotate(counted=Count("pk", distinct=facet == "language"))
    return rows.values_list(Value(facet, output_field=_TEXT), "counted_key", "counted")


def facet_groups(page: EventPage, catalogue: Catalogue) -> list[FacetGroup]:
    """The facets with counts; chosen values are always among the first, those without events are left out."""
    chosen = {(value.facet, value.key) for value in page.request.chosen}
    groups = []
    for facet in LISTED:
        keys = {*page.counts[facet], *(key for name, key in chosen if name == facet)}
        values = [value for key in keys if (value := choice(facet, key, catalogue))]
        counts = page.counts[facet]
        if facet == "mode":
            values.sort(key=lambda value: value.rank)
        else:
            values.sort(
                key=lambda value: ((value.facet, value.key) not in chosen, -counts.get(value.key, 0), value.label)
            )
        counted_values = [
            CountedValue(value.key, value.label, counts.get(value.key, 0), (facet, value.key) in chosen)
            for value in values
        ]
        at_first = max(SHOWN_AT_FIRST, sum(value.is_chosen for value in counted_values))
        if len(counted_values) - at_first <= 2:
            at_first = len(counted_values)
        is_open = facet in OPEN_AT_FIRST or any(value.is_chosen for value in counted_values)
        groups.append(
            FacetGroup(facet, FACET_LABELS[facet], counted_values[:at_first], counted_values[at_first:], is_open)
        )
    return groups


def chips(asked: EventRequest, address: str) -> list[dict]:
    """A label and the address without it, for each chosen value."""
    return [{"label": value.label, "url": address + asked.without(value).query_string()} for value in asked.chosen]


def ways_out(asked: EventRequest, scope, address: str) -> list[dict]:
    """For an empty answer: which single value to leave out, and how many events that gives; most first."""
    drops = []
    for value in asked.chosen[:8]:
        rest = asked.without(value)
        total = matching(rest, scope).count()
        if total:
            drops.append({"label": value.label, "url": address + rest.query_string(), "count": total})
    return sorted(drops, key=lambda drop: -drop["count"])
