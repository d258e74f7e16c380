"""What the rows of an import point to: terms, networks, cities and organisations, looked up once per file."""

from common.languages import site_languages
from common.search.folding import fold
from networks.geonames import find_places
from networks.models import City, Network
from networks.services import add_city, organisation_named
from vocabularies.models import Term


class References:
    """Look-ups with memory. Cities that only GeoNames knows are added when a row that names them is stored."""

    def __init__(self):
        self._terms = {}
        for term in Term.objects.all():
            self._terms[term.scheme, term.code] = term
            for language in site_languages():
                if label := getattr(term, f"label_{language}"):
                    self._terms.setdefault((term.scheme, fold(label)), term)
        self._networks = {}
        for network in Network.objects.all():
            self._networks[network.slug] = network
            for language in site_languages():
                if name := getattr(network, f"name_{language}"):
                    self._networks.setdefault(fold(name), network)
        self._cities_by_id, self._cities_by_name = {}, {}
        for city in City.objects.all():
            self._remember(city)
        self._places = {}
        self._organisations = {}

    def _remember(self, city):
        if city.geonames_id:
            self._cities_by_id[city.geonames_id] = city
        for language in site_languages():
            if name := getattr(city, f"name_{language}"):
                for country in (city.country.code, ""):
                    self._cities_by_name.setdefault((fold(name), country), city)

    def term(self, scheme, text):
        """The term with this code, or this label in any language; None where there is none."""
        return self._terms.get((scheme, text)) or self._terms.get((scheme, fold(text)))

    def network(self, text):
        return self._networks.get(text) or self._networks.get(fold(text))

    def seek_places(self, ids, names):
        """Ask GeoNames in one pass for what the register of cities does not have."""
        ids = {number for number in ids if number not in self._cities_by_id and number not in self._places}
        names = {
            (name, country)
            for name, country in names
            if (fold(name), country) not in self._cities_by_name and (name, country) not in self._places
        }
        by_id, by_name = find_places(ids=ids, names=names)
        self._places |= dict.fromkeys([*ids, *names])
        self._places |= by_id
        self._places |= by_name

    def place(self, number, name, country):
        """A City, a GeoNames Place that may become one, or None."""
        if number:
            return self._cities_by_id.get(number) or self._places.get(number)
        return self._cities_by_name.get((fold(name), country)) or self._places.get((name, country))

    def city(self, place):
        """The City of a place, added to the register if need be."""
        if isinstance(place, City):
            return place
        city, _ = add_city(place)
        self._remember(city)
        return city

    def organisation_id(self, name, language):
        """The id of the organisation of this name, which is made if need be."""
        key = fold(name)
        if key not in self._organisations:
            self._organisations[key] = organisation_named(name, language).pk
        return self._organisations[key]
