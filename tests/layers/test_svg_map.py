import re

import geopandas as gpd
import pytest
from shapely import LineString, MultiPolygon, Point, Polygon, box

from layers.layer import Classes, Legend, Shapes, Style, Widths
from layers.svg_map import bounds_around, svg_map

BOUNDS = (0.0, 0.0, 1000.0, 1000.0)


def shapes(kind, geometries, style, **columns):
    frame = gpd.GeoDataFrame(columns, geometry=geometries, crs="EPSG:4547")
    return Shapes(kind, "table.links", kind, frame, style, table="streets", legend=columns and None)


def drawn(make, **more):
    if isinstance(make, Shapes):
        layer = make
        make = lambda _: [layer]  # noqa: E731
    given = {"focus": (100.0, 100.0, 900.0, 900.0), "keyed": (), "title": "t", "language": "en", "simplify_m": 0.0}
    return svg_map(make, BOUNDS, **(given | more))


def test_lines_stand_in_decimetres_south_down_as_steps_and_cut_at_the_border():
    layer = shapes("line", [LineString([(0, 1000), (100, 900), (2000, 900)])], Style("#123456"))
    assert re.findall(r' d="([^"]+)"', drawn(layer).svg)[0] == "M0 0l1000 1000 9000 0"


def test_a_hole_turns_the_other_way_than_its_ring_so_that_overlaps_stay_filled():
    ring = Polygon(box(100, 100, 300, 300).exterior, [box(150, 150, 250, 250).exterior])
    path = re.findall(r' d="([^"]+)"', drawn(shapes("polygon", [MultiPolygon([ring])], Style("#123456"))).svg)[0]

    def turn(steps):
        numbers = [int(part) for part in re.findall(r"-?\d+", steps)]
        spots, x, y = [(numbers[0], numbers[1])], numbers[0], numbers[1]
        for dx, dy in zip(numbers[2::2], numbers[3::2], strict=True):
            x, y = x + dx, y + dy
            spots.append((x, y))
        return Polygon(spots).exterior.is_ccw

    outer, inner = path.strip("Z").split("Z")
    assert turn(outer) != turn(inner)


def test_both_themes_are_in_one_drawing_and_dark_is_only_for_screens():
    colours = {"light": "#111111", "dark": "#eeeeee"}
    made = drawn(lambda theme: [shapes("line", [LineString([(0, 0), (9, 9)])], Style(colours[theme]))])
    light, dark = made.css.split("@media screen and (prefers-color-scheme:dark){", 2)[1:]
    assert "stroke:#111111" in light
    assert "stroke:#eeeeee" in dark
    assert "#eeeeee" not in light.rpartition("}")[0]


def test_a_number_stands_in_its_mark_and_words_beside_it():
    rule = Widths("size", {"big": 8.0}, 6.0)
    columns = {"code": ["V1", "V2"], "name": ["12", "养老院"], "size": ["big", "small"]}
    style = Style("#111111", width_px=rule, label="name")
    svg = drawn(shapes("point", [Point(100, 900), Point(500, 500)], style, **columns)).svg
    assert 'data-code="V1" transform="translate(1000 1000)"' in svg
    assert re.search(r'<circle [^>]*/><text class="in">12</text>', svg)
    assert re.search(r'<text class="by" x="10" data-px="39">养老院</text>', svg)


def test_numbers_in_one_place_stand_side_by_side():
    style, places = Style("#111111", width_px=8.0, label="name"), [Point(100, 900), Point(500, 500), Point(100, 900)]
    svg = drawn(shapes("point", places, style, name=["3", "5", "4"])).svg
    assert re.findall(r'<text class="in"(.*?)>(\d)<', svg) == [("", "3"), ("", "5"), (' x="28"', "4")]
    assert svg.count(' cx="28"') == 1


def test_a_street_is_named_once_along_its_longest_part_and_never_upside_down():
    lines = [LineString([(0, 500), (100, 500)]), LineString([(900, 500), (200, 510)])]
    svg = drawn(shapes("line", lines, Style("#111111", label="name"), name=["江路", "江路"])).svg
    (turn,) = re.findall(r"rotate\((-?\d+)\)", svg)
    assert abs(int(turn)) < 10
    assert svg.count("江路") == 1


def test_words_of_the_city_are_text():
    style = Style("#111111", label="name")
    svg = drawn(shapes("line", [LineString([(0, 500), (900, 500)])], style, name=["<b>"])).svg
    assert "<b>" not in svg


def test_paths_are_parted_by_squares_so_that_a_browser_paints_what_it_shows():
    far = [LineString([(10, 10), (20, 20)]), LineString([(900, 900), (910, 910)])]
    assert drawn(shapes("line", far, Style("#111111"))).svg.count("<path class=") == 3  # two, and the scale bar


def test_only_layers_that_are_keyed_are_told():
    rule = Classes("kind", {"a": "#111111"}, "#222222")
    layer = Shapes(
        "one",
        "table.links",
        "line",
        gpd.GeoDataFrame({"kind": ["a"]}, geometry=[LineString([(0, 0), (9, 9)])], crs="EPSG:4547"),
        Style(rule),
        legend=Legend((("#111111", "alpha"),)),
    )
    assert [words for _, words in drawn(layer, keyed=("one",)).keys] == ["alpha"]
    assert drawn(layer).keys == ()


def test_the_focus_is_told_in_metres_from_the_south_west():
    layer = shapes("line", [LineString([(0, 0), (9, 9)])], Style("#111111"))
    assert 'data-focus="100 200 300 400"' in drawn(layer, focus=(100.0, 200.0, 300.0, 400.0)).svg


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ([Point(0, 0)], (-500, -500, 500, 500)),
        ([Point(0, 0), Point(2000, 100)], (-100, -1050, 2100, 1150)),
        ([Point(0, 0), Point(100, 2000)], (-1050, -100, 1150, 2100)),
    ],
)
def test_the_box_around_shapes_has_a_margin_and_a_least_size(points, expected):
    assert bounds_around([gpd.GeoSeries(points)], margin_m=100.0, least_m=1000.0) == expected
