"""What the rows of an import point to: terms, networks, cities and organisations, looked up once per file."""

from collections import defaultdict

from django.utils import translation
from django_countries import countries

from common.languages import in_all_languages, site_languages
from common.search.folding import fold
from networks.geonames import Place, find_places
from networks.models import City, Network, Organisation
from networks.services import add_city, add_organisation
from vocabularies.models import Term


class References:
    """Look-ups with memory. Cities that only GeoNames knows are added when a row that names them is stored."""

    def __init__(self):
        self._terms = {}
        # In doubt a label means the term that is still offered.
        for term in Term.objects.order_by("deprecated", "scheme", "order", "code"):
            self._terms[term.scheme, term.code] = term
            for label in _texts(term, "label"):
                self._terms.setdefault((term.scheme, fold(label)), term)
        self._networks = {}
        for network in Network.objects.all():
            self._networks[network.slug] = network
            for name in _texts(network, "name"):
                self._networks.setdefault(fold(name), network)
        self._cities_by_id, self._cities_by_name = {}, defaultdict(set)
        for city in City.objects.only("slug", "country", "geonames_id", *in_all_languages("name")):
            self._remember(city)
        self._places = {}
        self._organisations = None
        self._countries = _countries()
        self._fresh = []

    def _remember(self, city):
        if city.geonames_id:
            self._cities_by_id[city.geonames_id] = city.pk
        for name in _texts(city, "name"):
            self._cities_by_name[fold(name), city.country.code].add(city.pk)
            self._cities_by_name[fold(name), ""].add(city.pk)

    def term(self, scheme, text) -> Term | None:
        """The term with this code, or this label in any language."""
        return self._terms.get((scheme, text)) or self._terms.get((scheme, fold(text)))

    def network(self, text) -> Network | None:
        return self._networks.get(text) or self._networks.get(fold(text))

    def country(self, text) -> str:
        """The ISO code of a country, from its code or its name in any language; "" where it is unknown."""
        return self._countries.get(fold(text), "")

    def seek_places(self, ids, names):
        """Ask GeoNames in one pass for what the register of cities does not have; `names` are (name, ISO country)."""
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

    def places(self, number, name, country) -> list[int | Place]:
        """What a GeoNames id, or a name in a country ("": anywhere), may mean.

        Ids of cities in the register or, where it has none, the place that GeoNames knows. A name without a country is
        looked for in the register only: GeoNames has a Tripoli in three of them.
        """
        if number:
            found = [self._cities_by_id.get(number) or self._places.get(number)]
        elif known := self._cities_by_name.get((fold(name), country)):
            found = sorted(known)
        else:
            found = [self._places.get((name, country))]
        return [self._known(place) for place in found if place]

    def _known(self, place):
        """A place under another name than the register's is still the register's city."""
        return self._cities_by_id.get(place.geonames_id, place) if isinstance(place, Place) else place

    def city_id(self, place) -> int:
        """The city of a place, added to the register if need be."""
        if not isinstance(place, Place):
            return place
        if place.geonames_id not in self._cities_by_id:
            city, _ = add_city(place)
            self._remember(city)
            self._fresh.append(city)
        return self._cities_by_id[place.geonames_id]

    def known_organisation(self, name) -> int | None:
        """The id of the organisation with this name in any language."""
        if self._organisations is None:
            self._organisations = {}
            for pk, *names in Organisation.objects.order_by("pk").values_list("pk", *in_all_languages("name")):
                for known in filter(None, names):
                    self._organisations.setdefault(fold(known), pk)
        return self._organisations.get(fold(name))

    def organisation_id(self, name, language, own=None) -> int:
        """The id of the organisation of this name, which is made if need be; `own` are names to be looked for first."""
        known = (own or {}).get(fold(name)) or self.known_organisation(name)
        if known is None:
            # Not `organisation_named`, which would ask again for each of thousands of rows.
            organisation = add_organisation(name, language)
            self._organisations[fold(name)] = known = organisation.pk
            self._fresh.append(organisation)
        return known

    def keep(self):
        """The transaction that added cities and organisations is committed."""
        self._fresh.clear()

    def forget(self):
        """The transaction that added cities and organisations was rolled back: they do not exist."""
        for record in self._fresh:
            if isinstance(record, City):
                self._cities_by_id.pop(record.geonames_id, None)
                for known in self._cities_by_name.values():
                    known.discard(record.pk)
            else:
                self._organisations = {name: pk for name, pk in self._organisations.items() if pk != record.pk}
        self._fresh.clear()


def own_organisations(practice) -> dict[str, dict[str, int]]:
    """Who leads and who supports a practice, by folded name: of two bodies of one name, a row about it means its own."""
    bodies = {"lead": [practice.lead_organisation], "partners": practice.partners.all()}
    return {
        role: {fold(name): body.pk for body in several if body for name in _texts(body, "name")}
        for role, several in bodies.items()
    }


def _texts(record, field):
    return [text for column in in_all_languages(field) if (text := getattr(record, column))]


def _countries():
    """Codes and names in all site languages, folded, to codes."""
    codes = {}
    for language in site_languages():
        with translation.override(language):
            codes |= {fold(str(name)): code for code, name in countries}
    return codes | {code.lower(): code for code, _ in countries}
