"""The parameters of the list of events, for its page, its month view and the API, and what they mean, said plainly."""

from django.db.models import Exists, OuterRef, Q
from django_filters.rest_framework import ChoiceFilter, FilterSet

from common.filters import KeysFilter
from events.models import Event

UPCOMING, PAST, ALL = "upcoming", "past", "all"
WHEN_MEANINGS = {
    UPCOMING: "not over yet, the next first, those without a date last; the default",
    PAST: "over, the latest first",
    ALL: "both, the latest first",
}


def _through(field, **condition):
    rows = Event._meta.get_field(field).remote_field.through.objects
    return Exists(rows.filter(event=OuterRef("pk"), **condition))


CONDITIONS = {
    "network": lambda slugs: _through("networks", network__slug__in=slugs),
    "theme": lambda codes: _through("themes", term__code__in=codes),
    "country": lambda codes: Q(city__country__in=codes),
    "city": lambda slugs: Q(city__slug__in=slugs),
    "working_language": lambda codes: Q(languages__overlap=codes) | Q(interpretation__overlap=codes),
    "mode": lambda codes: Q(mode__in=codes),
}


class EventFilter(FilterSet):
    network = KeysFilter(
        method="having", help_text="Addresses (slugs) of networks that host. Repeat a parameter for any of several."
    )
    theme = KeysFilter(method="having", help_text="Codes of the vocabulary `theme`.")
    country = KeysFilter(method="having", help_text="Two-letter codes (ISO 3166-1) of the host city's country.")
    city = KeysFilter(method="having", help_text="Addresses (slugs) of host cities.")
    working_language = KeysFilter(
        method="having",
        help_text="Codes of languages that are spoken or interpreted into. (The page calls this parameter `language`,"
        " which here is the reader's language.)",
    )
    mode = KeysFilter(method="having", help_text="`in-person`, `online` or `hybrid`.")
    when = ChoiceFilter(choices=list(WHEN_MEANINGS.items()), method="at_the_time", help_text="Which of them.")

    class Meta:
        model = Event
        fields = []

    def having(self, queryset, name, value: list[str]):
        return queryset.filter(CONDITIONS[name](value))

    def at_the_time(self, queryset, name, value: str):
        return queryset

    def filter_queryset(self, queryset):
        queryset = super().filter_queryset(queryset)
        return of_time(queryset, self.form.cleaned_data.get("when") or UPCOMING)


def of_time(events, when):
    """Upcoming, past or all of them, in the order in which they are listed."""
    if when == PAST:
        return events.past().order_by("-starts_at", "-pk")
    if when == ALL:
        return events.order_by("-starts_at", "-pk")
    return events.upcoming().order_by("starts_at", "pk")
