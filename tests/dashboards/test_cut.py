import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards import mvt
from dashboards.cut import BUFFER, cut, lonlat_in_frame, mercator, to_world

TILE = (14, 13_399, 6_380)
SIDE = 2.0**-14
WEST, NORTH = TILE[1] * SIDE, TILE[2] * SIDE


def at(*points):
    """Places on the world from tile units."""
    return np.array([WEST, NORTH]) + np.array(points) * SIDE / mvt.EXTENT


def taken(shapes, kind):
    shapes = np.array(shapes, dtype=object)
    return cut(shapes, shapely.bounds(shapes), kind, TILE)


def runs(parts):
    return [parts.xy[a:b].tolist() for a, b in zip(parts.starts[:-1], parts.starts[1:], strict=True)]


def areas(parts):
    return [sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(run, run[1:] + run[:1], strict=True)) for run in runs(parts)]


def test_world_places_agree_with_epsg_3857():
    xy = np.array([[500_000.0, 4_060_000.0], [431_234.5, 4_123_456.7]])
    half = 20_037_508.342789244
    x, y = pyproj.Transformer.from_crs("EPSG:4547", 3857, always_xy=True).transform(xy[:, 0], xy[:, 1])
    found = shapely.get_coordinates(to_world(shapely.points(xy), "EPSG:4547"))
    np.testing.assert_allclose(found, np.column_stack([x + half, half - y]) / (2 * half), atol=1e-12)


def test_a_line_inside_keeps_its_points():
    line = shapely.LineString(at((10, 10), (400, 300), (20, 900)))
    assert runs(taken([line], mvt.LINE)) == [[[10, 10], [400, 300], [20, 900]]]


def test_a_line_that_leaves_is_cut_at_the_margin():
    line = shapely.LineString(at((-5000, 100), (9000, 100)))
    assert runs(taken([line], mvt.LINE)) == [[[-BUFFER, 100], [mvt.EXTENT + BUFFER, 100]]]


def test_a_line_that_comes_back_has_two_parts_of_one_owner():
    line = shapely.LineString(at((100, 100), (9000, 100), (9000, 900), (100, 900)))
    parts = taken([shapely.LineString(at((0, 0), (1, 60))), line], mvt.LINE)
    assert parts.owner.tolist() == [0, 1, 1]


def test_a_line_shorter_than_a_step_is_left_out():
    assert len(taken([shapely.LineString(at((5, 5), (5.2, 5.1)))], mvt.LINE).owner) == 0


def test_rings_turn_as_the_format_says_whichever_way_they_came():
    shell, hole = at((0, 0), (800, 0), (800, 800), (0, 800)), at((100, 100), (200, 100), (200, 200), (100, 200))
    for one in (shell, shell[::-1]):
        for other in (hole, hole[::-1]):
            outer, inner = areas(taken([shapely.Polygon(one, [other])], mvt.POLYGON))
            assert outer == 2 * 800 * 800
            assert inner == -2 * 100 * 100


def test_the_hole_of_a_polygon_too_small_to_see_goes_with_it():
    shell, hole = at((0, 0), (0.3, 0), (0.3, 0.3), (0, 0.3)), at((0.1, 0.1), (0.2, 0.1), (0.2, 0.2))
    assert len(taken([shapely.Polygon(shell, [hole])], mvt.POLYGON).owner) == 0


def test_multipolygons_and_what_clipping_leaves_are_taken_apart():
    boxes = [shapely.box(*at((x, 0))[0], *at((x + 50, 50))[0]) for x in (0, 100, 6000)]
    parts = taken([shapely.MultiPolygon(boxes)], mvt.POLYGON)
    assert parts.owner.tolist() == [0, 0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-3000, 7000), st.integers(-3000, 7000)), min_size=3, max_size=9, unique=True))
def test_the_area_on_the_tile_is_kept(points):
    polygon = shapely.convex_hull(shapely.MultiPoint(at(*points)))
    if polygon.geom_type != "Polygon":
        return
    frame = shapely.box(*at((-BUFFER, -BUFFER))[0], *at((mvt.EXTENT + BUFFER, mvt.EXTENT + BUFFER))[0])
    seen = polygon.intersection(frame)
    units = seen.area * (mvt.EXTENT / SIDE) ** 2
    drawn = sum(areas(taken([polygon], mvt.POLYGON))) / 2
    assert abs(drawn - units) <= 3 * (seen.length * mvt.EXTENT / SIDE + 1)  # a step or two along the border


@pytest.mark.parametrize(("frame", "least_m", "most_m"), [("wgs84", 0, 0), ("gcj02", 100, 800), ("bd09", 300, 1500)])
def test_a_frame_shifts_the_drawing_by_what_it_is_known_for(frame, least_m, most_m):
    place = np.array([[116.39, 39.91]])
    moved = lonlat_in_frame(place, frame)
    metres = np.hypot(*((moved - place) * [85_300, 111_000])[0])
    assert least_m <= metres <= most_m


def test_the_world_is_a_square():
    np.testing.assert_allclose(
        mercator(np.array([[-180.0, 85.0511287798], [180.0, -85.0511287798]]))[0], [0, 0], atol=1e-4
    )
