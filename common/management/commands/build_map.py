"""Draw the base map of `templates/components/map.html` from Natural Earth's countries; docs/map.md says how."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.mapping import MAP, project_km, to_units

Point = tuple[float, float]
Line = list[Point]
Dots = list[tuple[int, int]]

TOLERANCE = 0.3
"""User units that a simplified line may stray; at 1,200 px of width, a third of a pixel."""

SMALLEST_ISLAND = 1.6
"""Square user units (46 km²): smaller islands are left out. Malta has 7."""

SHORTEST_BORDER = 2.0
"""User units: borders that span less, such as the Vatican's, would be a speck."""

MARGIN = 6.0
"""User units drawn beyond the frame, so that the coast's stroke never runs along its edge."""

GRAIN = 10
"""Coordinates are written as whole numbers of a tenth of a user unit."""

DASHED = [
    {"Serbia", "Kosovo"},
    {"Cyprus", "N. Cyprus"},
    {"Israel", "Palestine"},
    {"Israel", "Syria"},
]
"""Lines whose status is open, drawn dashed as on the United Nations' maps. The land has one colour for all."""

SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<!-- Made with Natural Earth (naturalearthdata.com, public domain), taken from the npm package world-atlas,
countries-50m.json, sha256 {digest},
by manage.py build_map. Nothing else is drawn. Do not edit: see docs/map.md. -->
<style>
path{{fill:none;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}}
.land{{fill:#ece8df;stroke:#c8c1b2;stroke-width:.8}}
.border{{stroke:#c8c1b2;stroke-width:.8}}
.open{{stroke-dasharray:3 2.5}}
@media (max-width:600px){{.land,.border{{stroke-width:.5}}}}
@media (prefers-color-scheme:dark){{.land{{fill:#22282d;stroke:#434c54}}.border{{stroke:#434c54}}}}
</style>
<g transform="scale({scale})">
<path class="land" d="{land}"/>
<path class="border" d="{borders}"/>
<path class="border open" d="{dashed}"/>
</g>
</svg>
"""


class Command(BaseCommand):
    help = "Draws static/map/europe-mediterranean.svg from world-atlas' countries-50m.json (Natural Earth)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("atlas", type=Path, help="path of countries-50m.json of the npm package world-atlas")
        parser.add_argument(
            "--output",
            type=Path,
            default=settings.BASE_DIR / "static" / "map" / "europe-mediterranean.svg",
            help="where to write; the same atlas always gives the same bytes",
        )

    def handle(self, *, atlas: Path, output: Path, **options: object) -> None:
        try:
            source = atlas.read_bytes()
            topology = json.loads(source)
            svg = draw(topology, digest=hashlib.sha256(source).hexdigest())
        except (OSError, ValueError, KeyError) as error:
            raise CommandError(f"{atlas} is not a readable countries-50m.json: {error!r}") from error
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(svg, encoding="utf-8")
        size, packed = len(svg.encode()), len(gzip.compress(svg.encode(), 9))
        self.stdout.write(f"{output}: {size / 1000:.1f} kB, {packed / 1000:.1f} kB compressed")


def draw(topology: dict, *, digest: str) -> str:
    """The SVG of a TopoJSON with the objects `countries` and `land`.

    Lines are simplified once, as the arcs that neighbours share, so land and borders always meet.
    """
    arcs = [simplify(line, TOLERANCE) for line in decode(topology)]
    land = [clip(ring) for ring in rings(topology["objects"]["land"], arcs)]
    solid: list[Line] = []
    dashed: list[Line] = []
    for number, names in border_countries(topology["objects"]["countries"]).items():
        if names <= {"Russia", "Ukraine"} and is_crimean(arcs[number]):
            continue
        for part in within_frame(arcs[number]):
            if span(part) >= SHORTEST_BORDER:
                (dashed if names in DASHED else solid).append(part)
    return SVG.format(
        width=MAP.width,
        height=MAP.height,
        digest=digest,
        scale=f"{1 / GRAIN:g}".lstrip("0"),
        land=path((ring for ring in land if area(ring) >= SMALLEST_ISLAND), closed=True),
        borders=path(solid),
        dashed=path(dashed),
    )


# Topology ------------------------------------------------------------------------------------


def decode(topology: dict) -> Iterator[Line]:
    """Arcs in user units. TopoJSON stores whole-number steps, to be scaled and moved into degrees (2.1.4 there)."""
    (scale_x, scale_y), (left, bottom) = topology["transform"]["scale"], topology["transform"]["translate"]
    for arc in topology["arcs"]:
        x = y = 0
        line = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            line.append(to_units(*project_km(y * scale_y + bottom, x * scale_x + left)))
        yield line


def polygons(geometry: dict) -> Iterator[list[list[int]]]:
    """Polygons of a geometry, each a list of rings, each a list of arc numbers (~n: arc n backwards)."""
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from polygons(part)
    elif geometry["type"] == "Polygon":
        yield geometry["arcs"]
    elif geometry["type"] == "MultiPolygon":
        yield from geometry["arcs"]


def rings(geometry: dict, arcs: list[Line]) -> Iterator[Line]:
    for polygon in polygons(geometry):
        for ring in polygon:
            yield [point for number in ring for point in (arcs[number] if number >= 0 else arcs[~number][::-1])[:-1]]


def border_countries(countries: dict) -> dict[int, set[str]]:
    """Which two countries meet at an arc, by the arc's number; coasts have one and are left out."""
    names: dict[int, set[str]] = {}
    for country in countries["geometries"]:
        for polygon in polygons(country):
            for ring in polygon:
                for number in ring:
                    names.setdefault(max(number, ~number), set()).add(country["properties"]["name"])
    return {number: pair for number, pair in names.items() if len(pair) == 2}


def is_crimean(line: Line) -> bool:
    """Whether a line of Ukraine and Russia is Natural Earth's de facto one across the isthmus of Perekop.

    It is not drawn: Crimea is Ukraine's (General Assembly resolution 68/262).
    """
    left, top = to_units(*project_km(46.5, 32.5))
    right, bottom = to_units(*project_km(45.0, 36.0))
    return all(left <= x <= right and top <= y <= bottom for x, y in line)


# Geometry ------------------------------------------------------------------------------------


def simplify(line: Line, tolerance: float) -> Line:
    """Douglas and Peucker (1973): the fewest of its points from which no dropped point is farther than `tolerance`.

    The ends stay, so arcs still meet. A closed line is first cut at the point farthest from its start.
    """
    if len(line) < 3:
        return line
    if line[0] == line[-1]:
        far = max(range(len(line)), key=lambda number: distance(line[number], line[0], line[0]))
        return simplify(line[: far + 1], tolerance)[:-1] + simplify(line[far:], tolerance)
    keep = {0, len(line) - 1}
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        far = max(range(first + 1, last), key=lambda number: distance(line[number], line[first], line[last]))
        if distance(line[far], line[first], line[last]) > tolerance:
            keep.add(far)
            spans += [(first, far), (far, last)]
    return [line[number] for number in sorted(keep)]


def distance(point: Point, start: Point, end: Point) -> float:
    """From a point to the segment between start and end."""
    (x, y), (ax, ay), (bx, by) = point, start, end
    length = (bx - ax) ** 2 + (by - ay) ** 2
    share = max(0.0, min(1.0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) if length else 0.0
    return ((ax + share * (bx - ax) - x) ** 2 + (ay + share * (by - ay) - y) ** 2) ** 0.5


def clip(ring: Line) -> Line:
    """The part of a ring inside the frame and its margin: Sutherland and Hodgman (1974), one edge after the other."""
    for axis, limit, sign in (
        (0, -MARGIN, 1),
        (0, MAP.width + MARGIN, -1),
        (1, -MARGIN, 1),
        (1, MAP.height + MARGIN, -1),
    ):
        inside: Line = []
        for before, point in zip(ring[-1:] + ring[:-1], ring, strict=True):
            was_in, is_in = sign * before[axis] >= sign * limit, sign * point[axis] >= sign * limit
            if was_in != is_in:
                share = (limit - before[axis]) / (point[axis] - before[axis])
                other = before[1 - axis] + share * (point[1 - axis] - before[1 - axis])
                inside.append((limit, other) if axis == 0 else (other, limit))
            if is_in:
                inside.append(point)
        ring = inside
    return ring


def within_frame(line: Line) -> Iterator[Line]:
    """The stretches of a line that may be seen. Whole segments are kept: what juts out, the viewBox hides."""
    part: Line = []
    for start, end in pairwise(line):
        seen = all(
            min(start[axis], end[axis]) <= limit and max(start[axis], end[axis]) >= 0
            for axis, limit in ((0, MAP.width), (1, MAP.height))
        )
        if seen:
            part = part or [start]
            part.append(end)
        elif part:
            yield part
            part = []
    if part:
        yield part


def area(ring: Line) -> float:
    """Of a ring, in square user units, whichever way it turns (the shoelace formula)."""
    turns = zip(ring, ring[1:] + ring[:1], strict=True)
    return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in turns)) / 2


def span(line: Line) -> float:
    """The longer side of the box around a line."""
    return max(max(values) - min(values) for values in zip(*line, strict=True))


# Writing -------------------------------------------------------------------------------------


def path(lines: Iterable[Line], *, closed: bool = False) -> str:
    """SVG path data in steps from point to point, from north to south: like beside like compresses better."""
    written = []
    for line in sorted(lines, key=lambda line: (min(y for _, y in line), line)):
        dots = without_repeats((round(x * GRAIN), round(y * GRAIN)) for x, y in line)
        if len(dots) < (3 if closed else 2):
            continue
        steps = [step for (ax, ay), (bx, by) in pairwise(dots) for step in (bx - ax, by - ay)]
        start, rest = (" ".join(map(str, numbers)).replace(" -", "-") for numbers in (dots[0], steps))
        written.append(f"M{start}l{rest}{'z' if closed else ''}")
    return "\n".join(written)


def without_repeats(dots: Iterable[tuple[int, int]]) -> Dots:
    kept: Dots = []
    for dot in dots:
        if not kept or dot != kept[-1]:
            kept.append(dot)
    return kept
