"""The parameters of the practice list as the API documents them, and what they mean, said plainly.

The list itself is answered by the library's index (`practices.search.library`); `PracticeFilter.qs` is the same
question asked of the records: slow, and beyond doubt. Tests hold one against the other.
"""

from datetime import UTC
from functools import reduce
from operator import or_

from django.db.models import BooleanField, Exists, F, OuterRef, Q, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce, TruncDate
from django_filters.rest_framework import CharFilter, ChoiceFilter, FilterSet
from drf_spectacular.utils import extend_schema_field

from common.filters import KeysFilter
from common.languages import current_language, site_languages
from common.search.parsing import parse_query
from practices.models import MatchDocument, Practice, PracticeTheme, SearchDocument
from practices.search.request import SORTS
from practices.search.text_queries import text_query

EXTERNAL_ID_LENGTH = Practice._meta.get_field("external_id").max_length
LONGEST_TEXT = 200


def _terms(field):
    """Practices with any of the terms in a many-to-many field."""
    rows = Practice._meta.get_field(field).remote_field.through.objects

    def condition(codes):
        return Exists(rows.filter(practice=OuterRef("pk"), term__code__in=codes))

    return condition


def _themes(codes):
    return Exists(PracticeTheme.objects.filter(practice=OuterRef("pk"), theme__code__in=codes))


def _networks(slugs):
    rows = Practice.networks.through.objects
    return Exists(rows.filter(practice=OuterRef("pk"), network__slug__in=slugs))


def _cities(slugs):
    """A practice whose place is hidden is found by its country, never by its city."""
    return Q(city__slug__in=slugs) & ~Q(location_precision=Practice.Precision.HIDDEN)


def _languages(codes):
    def has(name, code):
        return Q(**{f"{name}_{code}__gt": ""})

    known = [code for code in codes if code in site_languages()]
    return reduce(or_, (has("title", code) & has("summary", code) for code in known), Q(pk__in=[]))


CONDITIONS = {
    "theme": _themes,
    "beneficiary": _terms("beneficiaries"),
    "approach": _terms("approaches"),
    "country": lambda codes: Q(city__country__in=codes),
    "city": _cities,
    "network": _networks,
    "evidence": lambda codes: Q(evidence_level__code__in=codes),
    "lifecycle": lambda codes: Q(lifecycle__code__in=codes),
    "transferability": lambda codes: Q(transferability__code__in=codes),
    "scope": lambda codes: Q(geographic_scope__code__in=codes),
    "budget": lambda codes: Q(budget_band__code__in=codes),
    "available_in": _languages,
}


def facet_filter(help_text):
    return KeysFilter(method="having", help_text=help_text)


def text_filter(method, longest, help_text):
    """One string; the schema names its greatest length."""
    described = {"type": "string", "maxLength": longest, "description": help_text}
    return extend_schema_field(described)(CharFilter(method=method, max_length=longest))


SORT_MEANINGS = {
    "relevance": "the best match first; the default with `q`, and without it the same as `newest`",
    "newest": "published last first; the default without `q`",
    "confirmed": "last confirmed first",
    "evidence": "strongest evidence first",
    "title": "by the title the reader is shown, in the order of the reader's alphabet",
}


class PracticeFilter(FilterSet):
    q = text_filter(
        "search",
        LONGEST_TEXT,
        'Words looked for in all languages; `-word` leaves out, `"a phrase"` keeps words together. A text that finds'
        " nothing is tried again with the nearest spelling.",
    )
    theme = facet_filter("Codes of the vocabulary `theme`. Repeat a parameter for any of several values.")
    beneficiary = facet_filter("Codes of the vocabulary `beneficiary`.")
    approach = facet_filter("Codes of the vocabulary `approach`.")
    country = facet_filter("Two-letter codes of countries (ISO 3166-1).")
    city = facet_filter("Addresses (slugs) of cities.")
    network = facet_filter("Addresses (slugs) of networks.")
    evidence = facet_filter("Codes of the vocabulary `evidence-level`.")
    lifecycle = facet_filter("Codes of the vocabulary `lifecycle`.")
    transferability = facet_filter("Codes of the vocabulary `transferability`.")
    scope = facet_filter("Codes of the vocabulary `scope`.")
    budget = facet_filter("Codes of the vocabulary `budget-band`.")
    available_in = facet_filter(
        "Language codes: practices that exist in any of them. (The page calls this parameter `language`, which here"
        " is the reader's language.)"
    )
    external_id = text_filter(
        "identified",
        EXTERNAL_ID_LENGTH,
        "The record's id in the list it was imported from, exactly. Not to be combined with `q`.",
    )
    sort = ChoiceFilter(
        choices=[(sort, SORT_MEANINGS[sort]) for sort in SORTS], method="leave_to_order", help_text="The order."
    )

    class Meta:
        model = Practice
        fields = []

    def having(self, queryset, name, value: list[str]):
        return queryset.filter(CONDITIONS[name](value))

    def identified(self, queryset, name, value: str):
        return queryset.filter(external_id=value)

    def search(self, queryset, name, value: str):
        parsed = parse_query(value)
        if not parsed:
            return queryset
        query = text_query(parsed)
        if query.matching:
            queryset = queryset.filter(_stands_in(query.matching))
        if query.excluding:
            queryset = queryset.filter(~_stands_in(query.excluding))
        return queryset

    def leave_to_order(self, queryset, name, value: str):
        return queryset

    def filter_queryset(self, queryset):
        queryset = super().filter_queryset(queryset)
        return queryset.order_by(*_order(self.form.cleaned_data.get("sort")))


def _stands_in(words):
    matching = RawSQL("words @@ %s::tsquery", [words], output_field=BooleanField())
    return Exists(MatchDocument.objects.filter(matching, practice=OuterRef("pk")))


def _order(sort):
    """What "newest" and the others mean; relevance has no plain form and counts as newest."""
    if sort == "title":
        documents = SearchDocument.objects.filter(practice=OuterRef("pk"), language=current_language())
        return [Subquery(documents.values("title_key")), "pk"]
    if sort == "confirmed":
        return [Coalesce(F("confirmed_on"), TruncDate("published_at", tzinfo=UTC)).desc(), "-pk"]
    if sort == "evidence":
        return ["-evidence_level__order", "-published_at", "-pk"]
    return ["-published_at", "-pk"]
