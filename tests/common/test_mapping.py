import json
import random
import re
import time
from decimal import Decimal
from io import StringIO
from math import hypot
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.utils import translation

from common.management.commands import build_map
from common.mapping import (
    MAP,
    SPACING_NARROW,
    SPACING_WIDE,
    Cluster,
    circle,
    circle_radius,
    cluster,
    project,
    project_km,
)

MALMO = (55.605, 13.0)
OSLO = (59.913, 10.74)
REYKJAVIK = (64.147, -21.94)
REGGIO_EMILIA = (44.698, 10.63)
TUNIS = (36.806, 10.18)
ALEXANDRIA = (31.2, 29.92)
AMMAN = (31.956, 35.945)
CASABLANCA = (33.573, -7.59)
KUMANOVO = (42.132, 21.714)
MECHELEN = (51.028, 4.48)
NICOSIA = (35.17, 33.36)

SVG = settings.BASE_DIR / "static" / "map" / "europe-mediterranean.svg"
NAMESPACE = "{http://www.w3.org/2000/svg}"


def scattered(number, *, seed=1):
    """Points like Europe's cities: two thirds of them crowded around twenty places."""
    chance = random.Random(seed)
    crowds = [(chance.uniform(150, 850), chance.uniform(150, 700)) for _ in range(20)]
    points = []
    for member in range(number):
        if member % 3:
            x, y = (chance.gauss(middle, 25) for middle in chance.choice(crowds))
        else:
            x, y = chance.uniform(0, MAP.width), chance.uniform(0, MAP.height)
        points.append((round(min(max(x, 0), MAP.width), 1), round(min(max(y, 0), MAP.height), 1), member))
    return points


def land_contains(latitude, longitude):
    """Whether a place lies on the drawn land (even-odd rule over the rings of the committed file)."""
    x, y = (10 * value for value in project(latitude, longitude))
    inside = False
    for ring in _land_rings():
        for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True):
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                inside = not inside
    return inside


def _land_rings():
    land = ElementTree.parse(SVG).find(f".//{NAMESPACE}path[@class='land']").get("d")
    for text in land.split("M")[1:]:
        (x, y), *steps = zip(*[iter(map(int, re.findall(r"-?\d+", text)))] * 2, strict=True)
        ring = [(x, y)]
        for dx, dy in steps:
            x, y = x + dx, y + dy
            ring.append((x, y))
        yield ring


# Projection ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "east", "north"),
    [(MALMO, 0.0, 400.792), (REYKJAVIK, -1620.031, 1766.738), (AMMAN, 2163.151, -1895.508), ((52, 13), 0.0, 0.0)],
)
def test_project_km_agrees_with_proj(place, east, north):
    # PROJ 9: +proj=laea +lat_0=52 +lon_0=13 +R=6371008.8 +units=km
    assert project_km(*place) == pytest.approx((east, north), abs=0.001)


def test_project_known_cities_stand_in_their_order():
    west_to_east = [CASABLANCA, MECHELEN, TUNIS, REGGIO_EMILIA, KUMANOVO, ALEXANDRIA, NICOSIA, AMMAN]
    north_to_south = [REYKJAVIK, OSLO, MALMO, MECHELEN, REGGIO_EMILIA, KUMANOVO, TUNIS, AMMAN, ALEXANDRIA]

    columns = [project(*place)[0] for place in west_to_east]
    rows = [project(*place)[1] for place in north_to_south]

    assert columns == sorted(columns)
    assert rows == sorted(rows)


def test_project_distance_matches_the_ground():
    # Great circle Oslo - Kumanovo: 2,112 km; the projection stretches by less than 2 % here.
    (ax, ay), (bx, by) = project(*OSLO), project(*KUMANOVO)

    assert hypot(ax - bx, ay - by) * MAP.km_per_unit == pytest.approx(2112, rel=0.02)


@pytest.mark.parametrize(
    "place",
    [(71.17, 25.78), (65.5, -24.5), (40.4, 49.87), (29.53, 35.0), (30.05, 31.24), (30.42, -9.6), (38.72, -9.14)],
    ids=["North Cape", "Westfjords", "Baku", "Aqaba", "Cairo", "Agadir", "Lisbon"],
)
def test_project_corners_of_the_region_are_inside(place):
    x, y = project(*place)

    assert 10 <= x <= MAP.width - 10
    assert 10 <= y <= MAP.height - 10


@pytest.mark.parametrize(
    "place",
    [(40.71, -74.0), (-33.9, 18.4), (28.6, 77.2), (28.1, -15.4), (78.2, 15.6), (-52.0, -167.0), (0, 0), (90, 0)],
    ids=["New York", "Cape Town", "Delhi", "Canaries", "Svalbard", "antipode", "null island", "pole"],
)
def test_project_outside_the_frame_is_none(place):
    assert project(*place) is None


@pytest.mark.parametrize(
    "place", [(None, 13.0), (55.6, None), (float("nan"), 13.0), (55.6, float("inf")), (155.6, 13.0), (55.6, 373.0)]
)
def test_project_missing_or_impossible_is_none(place):
    assert project(*place) is None


def test_project_takes_decimals_of_the_database():
    assert project(Decimal("55.605000"), Decimal("13.000000")) == project(*MALMO) == (421.6, 350.6)


# Clusters ------------------------------------------------------------------------------------


def test_cluster_near_points_share_the_place_in_their_middle():
    points = [(100.0, 100.0, "west"), (110.0, 100.0, "middle"), (120.0, 100.0, "east"), (300.0, 100.0, "far")]

    assert cluster(points, 32) == [
        Cluster(110.0, 100.0, ("west", "middle", "east")),
        Cluster(300.0, 100.0, ("far",)),
    ]


def test_cluster_same_place_keeps_every_member_in_order():
    assert cluster([(5.0, 5.0, "b"), (5.0, 5.0, "a")], 1) == [Cluster(5.0, 5.0, ("b", "a"))]


def test_cluster_exactly_at_the_radius_stays_apart():
    assert [found.count for found in cluster([(0.0, 0.0, 1), (32.0, 0.0, 2)], 32)] == [1, 1]


def test_cluster_nothing_gives_nothing():
    assert cluster([], 32) == []


def test_cluster_refuses_a_radius_of_zero():
    with pytest.raises(ValueError, match="radius"):
        cluster([(0.0, 0.0, 1)], 0)


@pytest.mark.parametrize("radius", [SPACING_WIDE, SPACING_NARROW])
def test_cluster_loses_and_doubles_nobody(radius):
    points = scattered(2000)

    found = cluster(points, radius)

    assert sorted(member for one in found for member in one.members) == list(range(2000))


@pytest.mark.parametrize("radius", [SPACING_WIDE, SPACING_NARROW])
def test_cluster_centres_are_members_apart_from_each_other_and_near_their_own(radius):
    points = scattered(2000)

    found = cluster(points, radius)

    for number, one in enumerate(found):
        places = [points[member][:2] for member in one.members]
        assert (one.x, one.y) in places
        assert max(hypot(x - one.x, y - one.y) for x, y in places) < radius
        assert all(hypot(one.x - other.x, one.y - other.y) >= radius for other in found[:number])


def test_cluster_order_of_points_changes_nothing():
    points = scattered(500) + [(float(x), float(y), (x, y)) for x in range(0, 200, 16) for y in range(0, 200, 16)]
    shuffled = points.copy()
    random.Random(2).shuffle(shuffled)

    def as_sets(found):
        return [(one.x, one.y, frozenset(one.members)) for one in found]

    assert as_sets(cluster(shuffled, 32)) == as_sets(cluster(points, 32))


def test_cluster_comes_in_reading_order():
    points = [(900.0, 10.0, "NE"), (500.0, 800.0, "S"), (10.0, 30.0, "NW"), (10.0, 400.0, "W")]

    assert [one.members for one in cluster(points, 72)] == [("NW",), ("NE",), ("W",), ("S",)]


def test_cluster_two_thousand_points_is_fast():
    points = scattered(2000)

    def seconds():
        started = time.thread_time()
        cluster(points, SPACING_NARROW)
        return time.thread_time() - started

    # About 15 ms on the slowest machine at hand; comparing all pairs would take seconds. The best of a few, for memory of
    # the tests before may be swept up meanwhile.
    assert min(seconds() for _ in range(5)) < 0.25


@pytest.mark.parametrize("spacing", [SPACING_WIDE, SPACING_NARROW])
def test_circle_radius_grows_and_never_touches_a_neighbour(spacing):
    radii = [circle_radius(count, spacing) for count in (1, 2, 5, 25, 5000)]

    assert radii[:4] == sorted(set(radii[:4]))
    assert radii[3] == radii[4] < spacing / 2


@pytest.mark.parametrize(("spacing", "width"), [(SPACING_WIDE, 680), (SPACING_NARROW, 288)])
def test_spacing_leaves_24_pixels_on_the_narrowest_map(spacing, width):
    assert spacing * width / MAP.width >= 24


# Component -----------------------------------------------------------------------------------


def rendered(**inputs):
    return render_to_string("components/map.html", {"map": MAP, "label": "Cities", **inputs})


MALMO_CIRCLE = {
    "x": 421.6,
    "y": 350.6,
    "radius": 7.2,
    "reach": 18.0,
    "count": 1,
    "label": "Malmö",
    "url": "/en/cities/malmo/",
}


def test_circle_of_a_cluster_is_what_the_component_takes():
    alone = Cluster(421.6, 350.6, ("Malmö",))

    assert circle(alone, SPACING_WIDE, label="Malmö", url="/en/cities/malmo/") == MALMO_CIRCLE


@pytest.mark.parametrize("language", ["en", "fr", "ar", "sv"])
def test_map_writes_numbers_for_svg_in_every_language(language):
    with translation.override(language):
        html = rendered(points=[MALMO_CIRCLE | {"count": 1200}])

    assert 'viewBox="0 0 1000 860"' in html
    assert '<circle class="map-dot" cx="421.6" cy="350.6" r="7.2" />' in html
    assert '<text class="map-count map-count-long" x="421.6" y="350.6">1200</text>' in html


def test_map_of_one_place_is_a_named_link_without_a_number():
    html = rendered(points=[MALMO_CIRCLE])

    assert html.count("<a ") == 1
    assert '<a href="/en/cities/malmo/">' in html
    assert "<title>Malmö</title>" in html
    assert "<text" not in html


def test_map_without_reach_is_hit_on_its_circle():
    html = rendered(points=[{key: value for key, value in MALMO_CIRCLE.items() if key != "reach"}])

    assert '<circle class="map-reach" cx="421.6" cy="350.6" r="7.2" />' in html


def test_map_escapes_labels():
    html = rendered(points=[MALMO_CIRCLE | {"label": "<script>alert(1)</script>", "url": '"><script>'}])

    assert "<script" not in html


def test_map_has_one_layer_or_two():
    one = rendered(points=[MALMO_CIRCLE])
    two = rendered(points=[MALMO_CIRCLE], narrow_points=[MALMO_CIRCLE])

    assert re.findall(r'<svg class="map-circles ([\w-]+)"', one) == ["map-any"]
    assert re.findall(r'<svg class="map-circles ([\w-]+)"', two) == ["map-wide", "map-narrow"]


def test_map_has_no_inline_style_or_script():
    html = rendered(points=[MALMO_CIRCLE], narrow_points=[MALMO_CIRCLE])

    assert re.findall(r"<style|<script|\sstyle=|\son\w+=", html) == []


# Base map ------------------------------------------------------------------------------------


def test_base_map_holds_paths_only_and_fits_its_frame():
    root = ElementTree.parse(SVG).getroot()

    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} == {"svg", "style", "g", "path"}
    assert root.get("viewBox") == f"0 0 {MAP.width} {MAP.height}"
    assert re.findall(r"href|url\(|@import|<script|\son\w+=", SVG.read_text()) == []
    assert "Natural Earth" in SVG.read_text()


@pytest.mark.parametrize(
    ("place", "on_land"),
    [
        (REGGIO_EMILIA, True),
        (AMMAN, True),
        (KUMANOVO, True),
        (MECHELEN, True),
        (NICOSIA, True),
        ((33.5, -7.4), True),
        ((34.0, -7.9), False),
        ((55.7, 13.5), True),
        ((55.62, 12.82), False),
        ((30.9, 29.9), True),
        ((31.6, 29.9), False),
        ((64.5, -19.0), True),
        ((42.0, 51.0), False),
        ((43.0, 34.0), False),
        ((45.2, 34.3), True),
        ((35.9, 14.43), True),
    ],
    ids=[
        "Reggio Emilia",
        "Amman",
        "Kumanovo",
        "Mechelen",
        "Nicosia",
        "behind Casablanca",
        "off Casablanca",
        "behind Malmö",
        "Öresund",
        "behind Alexandria",
        "off Alexandria",
        "Iceland",
        "Caspian Sea",
        "Black Sea",
        "Crimea",
        "Malta",
    ],
)
def test_base_map_has_land_where_the_projection_puts_it(place, on_land):
    assert land_contains(*place) is on_land


def test_build_map_draws_neighbours_with_one_shared_border(tmp_path):
    # Two squares side by side, 5 degrees each, and one far outside the frame.
    topology = {
        "type": "Topology",
        "transform": {"scale": [1, 1], "translate": [0, 0]},
        "arcs": [
            [[10, 45], [0, 5]],
            [[10, 50], [-5, 0], [0, -5], [5, 0]],
            [[10, 50], [5, 0], [0, -5], [-5, 0]],
            [[-60, -30], [5, 0], [0, 5], [-5, -5]],
        ],
        "objects": {
            "countries": {
                "type": "GeometryCollection",
                "geometries": [
                    {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "Serbia"}},
                    {"type": "Polygon", "arcs": [[0, 2]], "properties": {"name": "Kosovo"}},
                    {"type": "Polygon", "arcs": [[3]], "properties": {"name": "Far"}},
                ],
            },
            "land": {
                "type": "GeometryCollection",
                "geometries": [{"type": "MultiPolygon", "arcs": [[[~1, 2]], [[3]]]}],
            },
        },
    }
    atlas, output = tmp_path / "atlas.json", tmp_path / "out.svg"
    atlas.write_text(json.dumps(topology))

    call_command("build_map", atlas, output=output, stdout=StringIO())

    paths = {path.get("class"): path.get("d") for path in ElementTree.parse(output).iter(f"{NAMESPACE}path")}
    top, bottom = ([round(10 * value) for value in project(latitude, 10)] for latitude in (50, 45))
    assert paths["border"] == ""
    assert paths["border open"] == f"M{bottom[0]} {bottom[1]}l{top[0] - bottom[0]}{top[1] - bottom[1]}"
    assert paths["land"].count("M") == 1


def test_build_map_refuses_another_file(tmp_path):
    (tmp_path / "atlas.json").write_text("{}")

    with pytest.raises(CommandError, match="countries-50m"):
        call_command("build_map", tmp_path / "atlas.json", output=tmp_path / "out.svg")


def test_simplify_keeps_ends_and_what_matters():
    line = [(0.0, 0.0), (5.0, 0.1), (10.0, 4.0), (20.0, 0.0)]

    assert build_map.simplify(line, 0.4) == [(0.0, 0.0), (5.0, 0.1), (10.0, 4.0), (20.0, 0.0)]
    assert build_map.simplify(line, 3) == [(0.0, 0.0), (10.0, 4.0), (20.0, 0.0)]
    assert build_map.simplify(line, 9) == [(0.0, 0.0), (20.0, 0.0)]


def test_clip_cuts_at_the_margin():
    square = [(-50.0, 100.0), (50.0, 100.0), (50.0, 200.0), (-50.0, 200.0)]

    assert sorted(build_map.clip(square)) == [(-6.0, 100.0), (-6.0, 200.0), (50.0, 100.0), (50.0, 200.0)]
    assert build_map.clip([(-50.0, 0.0), (-40.0, 0.0), (-40.0, 10.0)]) == []
