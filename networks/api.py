"""Cities and networks for other systems."""

from django.db.models import Count, Prefetch
from django_countries import countries
from rest_framework import serializers
from rest_framework.response import Response

from common.addresses import absolute
from common.api import (
    LabelledSerializer,
    LocalizedSerializer,
    NamedSerializer,
    PublicListView,
    PublicView,
    api_address,
    documented,
    localized_record,
    only,
    texts_field,
    texts_record,
)
from common.localized import localized, proper_name
from networks.filters import CityFilter, NetworkFilter
from networks.models import City, Membership, Network


class PlaceSerializer(NamedSerializer):
    """A city where it is only named."""

    country = serializers.CharField(help_text="Two-letter code (ISO 3166-1).")


class CitySerializer(NamedSerializer):
    names = texts_field()
    country = LabelledSerializer()
    region = serializers.CharField()
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    population = serializers.IntegerField(allow_null=True)
    population_band = serializers.CharField(allow_null=True, help_text="A code of the vocabulary `population-band`.")
    geonames_id = serializers.IntegerField(allow_null=True)
    description = LocalizedSerializer(allow_null=True)
    website = serializers.CharField()
    networks = NamedSerializer(many=True, help_text="Of which the city is a member today.")
    url = serializers.URLField()
    api_url = serializers.URLField()
    practices_url = serializers.URLField(help_text="The city's practices in this API.")


class NetworkSerializer(NamedSerializer):
    names = texts_field()
    description = LocalizedSerializer(allow_null=True)
    founded_on = serializers.DateField(allow_null=True)
    convenor = serializers.CharField(allow_null=True)
    working_languages = serializers.ListField(child=serializers.CharField())
    website = serializers.CharField()
    city_count = serializers.IntegerField(help_text="Cities that are members today.")
    url = serializers.URLField()
    api_url = serializers.URLField()
    practices_url = serializers.URLField(help_text="The network's practices in this API.")


class WorkingGroupSerializer(serializers.Serializer):
    name = serializers.CharField()


class NetworkDetailSerializer(NetworkSerializer):
    cities = PlaceSerializer(many=True)
    working_groups = WorkingGroupSerializer(many=True)


def named_record(record, reader):
    return {"slug": record.slug, "name": proper_name(record, reader) or record.slug}


def place_record(city, reader):
    return named_record(city, reader) | {"country": city.country.code}


def city_record(city, reader):
    """Of a city with its `active_memberships`."""
    return named_record(city, reader) | {
        "names": texts_record(city, "name"),
        "country": {"code": city.country.code, "label": str(countries.name(city.country.code))},
        "region": city.region,
        "latitude": city.latitude,
        "longitude": city.longitude,
        "population": city.population,
        "population_band": city.population_band,
        "geonames_id": city.geonames_id,
        "description": localized_record(localized(city, "description", reader, "en")),
        "website": city.website,
        "networks": [named_record(membership.network, reader) for membership in city.active_memberships],
        "url": absolute(city.get_absolute_url()),
        "api_url": api_address("city", city.slug),
        "practices_url": f"{api_address('practices')}?city={city.slug}",
    }


def network_records(networks, reader):
    """Records of the networks; one statement besides the one that loads them."""
    networks = list(networks)
    active = Membership.objects.active().filter(network__in=networks)
    counts = dict(active.order_by().values_list("network_id").annotate(Count("pk")))
    return [
        named_record(network, reader)
        | {
            "names": texts_record(network, "name"),
            "description": localized_record(localized(network, "description", reader, "en")),
            "founded_on": network.founded_on,
            "convenor": proper_name(network.convenor, reader) if network.convenor else None,
            "working_languages": network.working_languages,
            "website": network.website,
            "city_count": counts.get(network.pk, 0),
            "url": absolute(network.get_absolute_url()),
            "api_url": api_address("network", network.slug),
            "practices_url": f"{api_address('practices')}?network={network.slug}",
        }
        for network in networks
    ]


class CityMixin:
    queryset = City.objects.all()

    def get_queryset(self):
        """In an order that no language changes."""
        memberships = Membership.objects.active().select_related("network").order_by("network__slug")
        return City.objects.order_by("slug").prefetch_related(
            Prefetch("memberships", memberships, to_attr="active_memberships")
        )


class CityList(CityMixin, PublicListView):
    filterset_class = CityFilter

    def records(self, cities):
        return [city_record(city, self.reader) for city in cities]

    @documented(CitySerializer(many=True), summary="Cities, in the order of their addresses")
    def get(self, request):
        return self.answer_page()


class CityDetail(CityMixin, PublicView):
    lookup_field = "slug"

    @documented(CitySerializer, summary="One city")
    def get(self, request, slug):
        return Response(city_record(only(self.get_queryset().filter(slug=slug)), self.reader))


class NetworkMixin:
    queryset = Network.objects.all()

    def get_queryset(self):
        return Network.objects.order_by("slug").select_related("convenor")


class NetworkList(NetworkMixin, PublicListView):
    filterset_class = NetworkFilter

    def records(self, networks):
        return network_records(networks, self.reader)

    @documented(NetworkSerializer(many=True), summary="Networks, in the order of their addresses")
    def get(self, request):
        return self.answer_page()


class NetworkDetail(NetworkMixin, PublicView):
    lookup_field = "slug"

    @documented(NetworkDetailSerializer, summary="One network with its cities and working groups")
    def get(self, request, slug):
        network = only(self.get_queryset().filter(slug=slug))
        members = Membership.objects.active().filter(network=network).select_related("city").order_by("city__slug")
        groups = network.working_groups.order_by("pk")
        record = network_records([network], self.reader)[0]
        record["cities"] = [place_record(membership.city, self.reader) for membership in members]
        record["working_groups"] = [{"name": proper_name(group, self.reader)} for group in groups]
        return Response(record)
