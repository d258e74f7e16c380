"""The values of the facets with their labels in one language, as the page lists them and the address names them."""

from dataclasses import dataclass
from functools import lru_cache

from django.utils import translation
from django_countries import countries

from common.languages import fallback_chain, name_in, site_languages
from common.localized import proper_name
from common.ordering import sort_key
from networks.models import City, Network
from practices.search.facets import FACET, FACETS, letters_number
from vocabularies.models import Term

ORDERED_SCHEMES = frozenset({"evidence", "transferability", "lifecycle", "scope", "budget"})
"""Facets whose values have an order of their own; the others are listed by how many practices they hold."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet: `key` in the address, `code` in the index, `label` for the reader, `rank` in its order."""

    facet: str
    key: str
    code: int
    label: str
    rank: int
    colour: str = ""


@dataclass(frozen=True)
class Catalogue:
    language: str
    version: int
    by_code: dict[int, Value]
    by_key: dict[tuple[str, str], Value]

    def value(self, facet, key):
        """The value with this key, or None. Cities are looked up one by one, for there are many."""
        if facet == "city":
            return None if "\x00" in key else city_value(key, self.language)  # PostgreSQL refuses to look for it.
        return self.by_key.get((facet, key))

    def of_facet(self, facet):
        return [value for value in self.by_code.values() if value.facet == facet]


def city_value(slug, language, city=None):
    """The value of a city, loaded by its slug unless it is at hand."""
    city = city or City.objects.filter(slug=slug).first()
    if city is None:
        return None
    return Value("city", city.slug, FACET["city"].code(city.pk), shown_name(city, language), 0)


@lru_cache(maxsize=64)
def catalogue(language: str, version: int) -> Catalogue:
    """All values of the counted facets in a language; `version` is the labels' number of the library version."""
    values = [*_terms(language), *_networks(language), *_countries(language), *_languages(language)]
    return Catalogue(
        language,
        version,
        {value.code: value for value in values},
        {(value.facet, value.key): value for value in values},
    )


def _terms(language):
    schemes = {str(facet.scheme): facet for facet in FACETS if facet.scheme}
    fields = [f"label_{code}" for code in fallback_chain(language, "en")]
    for pk, scheme, code, order, *labels in (
        Term.objects.filter(scheme__in=schemes)
        .order_by("scheme", "order")
        .values_list("pk", "scheme", "code", "order", *fields)
    ):
        facet = schemes[scheme]
        yield Value(facet.name, code, facet.code(pk), next(filter(None, labels), code), order)


def _networks(language):
    facet = FACET["network"]
    for network in Network.objects.all():
        yield Value("network", network.slug, facet.code(network.pk), shown_name(network, language), 0, network.colour)


def _countries(language):
    facet = FACET["country"]
    with translation.override(language):
        named = [(code, str(name)) for code, name in countries]
    named.sort(key=lambda pair: sort_key(pair[1], language))
    for rank, (code, name) in enumerate(named):
        yield Value("country", code, facet.code(letters_number(code)), name, rank)


def _languages(language):
    facet = FACET["language"]
    for rank, code in enumerate(site_languages()):
        yield Value("language", code, facet.code(letters_number(code)), name_in(code, language), rank)


def shown_name(record, language):
    """The name of a city or network in the language, or in the first that has one."""
    return proper_name(record, language) or record.slug
