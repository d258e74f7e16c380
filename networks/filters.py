from django_countries import countries
from django_filters.rest_framework import FilterSet, ModelMultipleChoiceFilter, MultipleChoiceFilter, NumberFilter

from networks.models import City, Membership, Network


def country_choices():
    return list(countries)


class CityFilter(FilterSet):
    country = MultipleChoiceFilter(
        choices=country_choices,
        help_text="Two-letter codes of countries (ISO 3166-1); any of them.",
    )
    network = ModelMultipleChoiceFilter(
        queryset=Network.objects.all(),
        to_field_name="slug",
        method="filter_network",
        help_text="Addresses (slugs) of networks; cities that are members of any of them today.",
    )
    geonames_id = NumberFilter(min_value=1, max_value=2**31 - 1, decimal_places=0, help_text="Its number in GeoNames.")

    class Meta:
        model = City
        fields = []

    def filter_network(self, queryset, name, value: list[str]):
        if not value:
            return queryset
        memberships = Membership.objects.active().filter(network__in=value)
        return queryset.filter(pk__in=memberships.values("city"))


class NetworkFilter(FilterSet):
    country = MultipleChoiceFilter(
        choices=country_choices,
        method="filter_country",
        help_text="Two-letter codes of countries; networks with a member city in any of them.",
    )

    class Meta:
        model = Network
        fields = []

    def filter_country(self, queryset, name, value: list[str]):
        memberships = Membership.objects.active().filter(city__country__in=value)
        return queryset.filter(pk__in=memberships.values("network"))
