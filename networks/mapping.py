"""Cities as circles on the map, merged where they would touch."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import ngettext

from common.languages import current_language, list_separator
from common.mapping import MAP, SPACING_NARROW, SPACING_WIDE, circle, cluster, project

NAMED = 4
"""So many cities of a circle are named."""


@dataclass(frozen=True, slots=True)
class MapPlace:
    """A city with what the map says of it: `count` practices (or 1), `key` for addresses, `url` when it stands alone."""

    label: str
    latitude: float | None
    longitude: float | None
    count: int
    url: str
    key: str = ""


def map_context(places: Iterable[MapPlace], url_of_several: Callable[[list[MapPlace]], str] | None = None) -> dict:
    """Inputs of components/map.html, and how much of the count lies outside the map (`not_on_map`).

    `url_of_several` gives the address of a circle that stands for several cities; without it the largest one's serves.
    """
    located, outside = [], 0
    for place in places:
        point = project(place.latitude, place.longitude) if place.latitude is not None else None
        if point is None:
            outside += place.count
        else:
            located.append((*point, place))
    return {
        "map": MAP,
        "points": _circles(located, SPACING_WIDE, url_of_several),
        "narrow_points": _circles(located, SPACING_NARROW, url_of_several),
        "not_on_map": outside,
    }


def _circles(located, spacing, url_of_several):
    circles = []
    for group in cluster(located, spacing):
        places = sorted(group.members, key=lambda place: (-place.count, place.label))
        label, url = places[0].label, places[0].url
        if len(places) > 1:
            names = list_separator(current_language()).join(place.label for place in places[:NAMED])
            label = ngettext("%(number)d city: %(names)s", "%(number)d cities: %(names)s", len(places)) % {
                "number": len(places),
                "names": f"{names} …" if len(places) > NAMED else names,
            }
            url = url_of_several(places) if url_of_several else places[0].url
        circles.append(circle(group, spacing, label=label, url=url))
    return circles
