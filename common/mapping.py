"""Where a place stands on the map of Europe and the Mediterranean, and which places share a circle.

Everything is in *user units*: the coordinates of an SVG whose viewBox is `0 0 MAP.width MAP.height`, x to the right
and y down. `common/management/commands/build_map.py` draws the land with the same `project_km` and `MAP`, so cities
and coasts agree by construction. `templates/components/map.html` shows the result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, isfinite, radians, sin, sqrt
from typing import Generic, TypeVar

Member = TypeVar("Member")
Place = tuple[float, float]
Square = tuple[int, int]

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG). A sphere is enough: 0.2 % of this map's width is two units."""

CENTRE_LATITUDE = 52.0
CENTRE_LONGITUDE = 13.0


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the projected plane that the map shows.

    `width` and `height` are user units; `left` and `top` say in kilometres where the upper left corner lies, west and
    north of the projection's centre being negative x and positive y.
    """

    width: int
    height: int
    left: float
    top: float
    km_per_unit: float

    def contains(self, x: float, y: float) -> bool:
        """Whether user units x, y lie inside, edges included."""
        return 0 <= x <= self.width and 0 <= y <= self.height


MAP = Frame(width=1000, height=860, left=-2260.0, top=2280.0, km_per_unit=5.36)
"""Iceland to Baku and Amman, the North Cape to Agadir and Cairo."""

SPACING_WIDE = 36.0
"""Least distance between circles where the map is at least 680 px wide: there it is 24.5 px."""

SPACING_NARROW = 84.0
"""Least distance between circles on a phone: 24.2 px where the map is 288 px wide, on a screen of 320 px."""


def project_km(latitude: float, longitude: float) -> tuple[float, float]:
    """Kilometres east and north of 52°N 13°E in the spherical Lambert azimuthal equal-area projection.

    Degrees in. Formulas 22-4, 22-5 and 24-2 of J. P. Snyder, "Map Projections: A Working Manual" (USGS Professional
    Paper 1395, 1987). Opposite the centre, in the South Pacific, there is no answer: ValueError.
    """
    phi, lam, phi1 = radians(latitude), radians(longitude - CENTRE_LONGITUDE), radians(CENTRE_LATITUDE)
    nearness = 1 + sin(phi1) * sin(phi) + cos(phi1) * cos(phi) * cos(lam)
    if nearness < 1e-12:
        raise ValueError("The point opposite the centre cannot be projected.")
    k = sqrt(2 / nearness)
    x = EARTH_RADIUS_KM * k * cos(phi) * sin(lam)
    y = EARTH_RADIUS_KM * k * (cos(phi1) * sin(phi) - sin(phi1) * cos(phi) * cos(lam))
    return x, y


def to_units(east_km: float, north_km: float) -> tuple[float, float]:
    """User units of a projected point, inside the frame or not."""
    return (east_km - MAP.left) / MAP.km_per_unit, (MAP.top - north_km) / MAP.km_per_unit


def project(latitude: float | None, longitude: float | None) -> tuple[float, float] | None:
    """User units (x, y), rounded to a tenth, of a place given in degrees; None where the map does not reach.

    None also for a missing or impossible coordinate, so a caller may pass what a record holds.
    """
    if latitude is None or longitude is None:
        return None
    latitude, longitude = float(latitude), float(longitude)
    if not (isfinite(latitude) and isfinite(longitude) and -90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    try:
        x, y = to_units(*project_km(latitude, longitude))
    except ValueError:
        return None
    x, y = round(x, 1), round(y, 1)
    return (x, y) if MAP.contains(x, y) else None


@dataclass(frozen=True, slots=True)
class Cluster(Generic[Member]):
    """One circle: its centre in user units and what it stands for, in the order given."""

    x: float
    y: float
    members: tuple[Member, ...]

    @property
    def count(self) -> int:
        return len(self.members)


def cluster(points: Sequence[tuple[float, float, Member]], radius: float) -> list[Cluster[Member]]:
    """Merge points (x, y, member) nearer to each other than `radius`, all in user units.

    - Every member is in exactly one cluster, at most `radius` from its centre.
    - Centres are at least `radius` apart, so circles of half that size never overlap (WCAG 2.2, 2.5.8 target size).
    - A centre is the place of a member, first where most others are near: never a spot in the sea between them.
    - The order of `points` changes nothing but the order of members.
    - Clusters come north to south in bands as high as `radius`, west to east in each: the order of the Tab key.
    """
    if radius <= 0:
        raise ValueError("The radius must be greater than 0.")
    places: dict[Place, list[int]] = {}
    for number, (x, y, _member) in enumerate(points):
        places.setdefault((x, y), []).append(number)

    centres: dict[Square, list[Place]] = {}
    least = radius * radius
    for x, y in _most_company_first(places, radius):
        column, row = floor(x / radius), floor(y / radius)
        if all((x - a) ** 2 + (y - b) ** 2 >= least for a, b in _around(centres, column, row)):
            centres.setdefault((column, row), []).append((x, y))

    numbers: dict[Place, list[int]] = {}
    for (x, y), members in places.items():
        around = _around(centres, floor(x / radius), floor(y / radius))
        _, nearest = min(((x - a) ** 2 + (y - b) ** 2, (a, b)) for a, b in around)
        numbers.setdefault(nearest, []).extend(members)

    return [
        Cluster(x, y, tuple(points[number][2] for number in sorted(numbers[x, y])))
        for x, y in sorted(numbers, key=lambda centre: (floor(centre[1] / radius), centre))
    ]


def _most_company_first(places: dict[Place, list[int]], radius: float) -> list[Place]:
    """Places in the order in which they may become centres; equal for equal places, whatever their order.

    Company is counted by squares instead of pairs, which keeps thousands of cities in one region fast: first come the
    places whose square and its eight neighbours hold the most members, and among those the one most in their middle.
    """
    side = radius / 2
    squares: dict[Square, list[Place]] = {}
    for place in sorted(places):
        squares.setdefault((floor(place[0] / side), floor(place[1] / side)), []).append(place)
    ranked = []
    for (column, row), own in squares.items():
        around = [(x, y, len(places[x, y])) for x, y in _around(squares, column, row)]
        company = sum(weight for _, _, weight in around)
        middle_x = sum(x * weight for x, _, weight in around) / company
        middle_y = sum(y * weight for _, y, weight in around) / company
        ranked += [(-company, (x - middle_x) ** 2 + (y - middle_y) ** 2, (x, y)) for x, y in own]
    return [place for _, _, place in sorted(ranked)]


def _around(squares: dict[Square, list[Place]], column: int, row: int) -> list[Place]:
    """What lies in a square and its eight neighbours: with squares of side r, everything nearer than r."""
    return [
        place
        for across in (column - 1, column, column + 1)
        for down in (row - 1, row, row + 1)
        for place in squares.get((across, down), ())
    ]


def circle_radius(count: int, spacing: float) -> float:
    """Radius in user units of the circle for `count` places where centres are at least `spacing` apart.

    One place is a dot. A group has room for its number and grows in area up to twenty-five places, then no more: two
    circles never touch.
    """
    if count <= 1:
        return round(spacing * 0.2, 1)
    return round(spacing * (0.34 + 0.13 * sqrt(min(count, 25) / 25)), 1)


def circle(cluster: Cluster, spacing: float, *, label: str, url: str) -> dict[str, float | int | str]:
    """One entry of `points` for `templates/components/map.html`; `reach` is the radius that a finger may hit."""
    return {
        "x": cluster.x,
        "y": cluster.y,
        "radius": circle_radius(cluster.count, spacing),
        "reach": round(spacing / 2, 1),
        "count": cluster.count,
        "label": label,
        "url": url,
    }
