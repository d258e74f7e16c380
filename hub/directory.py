"""Cities and networks with what the library holds of them; counted once per version of the library."""

from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Count
from django.urls import reverse
from django.utils import translation
from django_countries import countries

from common.languages import site_languages
from common.ordering import sort_key
from networks.mapping import MapPlace, map_context
from networks.models import City, Membership, Network
from practices.models import FacetDocument
from practices.search.catalogue import shown_name
from practices.search.facets import FACET


@dataclass(frozen=True, slots=True)
class CityEntry:
    slug: str
    name: str
    country: str
    country_name: str
    latitude: float | None
    longitude: float | None
    population: int | None
    network_ids: frozenset[int]
    practice_count: int

    @property
    def url(self):
        return reverse("networks:city", args=[self.slug])


@lru_cache(maxsize=32)
def city_entries(reader: str, versions: tuple[int, int]) -> tuple[CityEntry, ...]:
    """All cities in the reader's alphabet, with their public practices and active memberships counted."""
    counts = dict(FacetDocument.objects.filter(city_id__isnull=False).values_list("city_id").annotate(Count("pk")))
    networks = {}
    for city_id, network_id in Membership.objects.active().values_list("city_id", "network_id"):
        networks.setdefault(city_id, set()).add(network_id)
    with translation.override(reader):
        country_names = {code: str(name) for code, name in countries}
    entries = [
        CityEntry(
            slug=city.slug,
            name=shown_name(city, reader),
            country=city.country.code,
            country_name=country_names.get(city.country.code, city.country.code),
            latitude=city.latitude,
            longitude=city.longitude,
            population=city.population,
            network_ids=frozenset(networks.get(city.pk, ())),
            practice_count=counts.get(city.pk, 0),
        )
        for city in City.objects.only(
            "slug", "country", "latitude", "longitude", "population", *(f"name_{code}" for code in site_languages())
        )
    ]
    return tuple(sorted(entries, key=lambda entry: sort_key(entry.name, reader)))


@lru_cache(maxsize=32)
def map_of_practices(reader: str, versions: tuple[int, int]) -> dict:
    """The map of all cities that have practices. Merging circles takes a while, so it is kept for a version."""
    return city_map([entry for entry in city_entries(reader, versions) if entry.practice_count])


def city_map(entries) -> dict:
    """Inputs of the map component for these cities."""
    places = [
        MapPlace(entry.name, entry.latitude, entry.longitude, entry.practice_count, entry.url, entry.slug)
        for entry in entries
    ]

    def library_of(several):
        return reverse("practices:list") + "?" + "&".join(f"city={place.key}" for place in several[:20])

    return map_context(places, library_of) | {"city_count": len(places)}


def public_networks(counts: dict[int, int]) -> list[Network]:
    """Networks with `practice_count`, from the library's counts per facet code, and `city_count`."""
    city_counts = dict(Membership.objects.active().values_list("network_id").annotate(Count("pk")))
    networks = list(Network.objects.select_related("convenor"))
    for network in networks:
        network.practice_count = counts.get(FACET["network"].code(network.pk), 0)
        network.city_count = city_counts.get(network.pk, 0)
    return networks
