import os
import subprocess
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest
import shapely
from grid_shapes import EAST, NORTH, blocks, brute, grids_of, hard_points, river_town, spikes, unkind, voronoi
from hypothesis import given, settings
from hypothesis import strategies as st

from gisapp.errors import CrsError, InputError
from gisapp.grids import grid_index, shapely_index
from gisapp.grids.cells import CellForm
from gisapp.grids.index import ShapelyForm, checked
from gisapp.grids.kernel import side

TOWNS = {
    "voronoi": lambda rng: voronoi(60, rng),
    "bent": lambda rng: voronoi(60, rng, bend=0.1),
    "blocks": lambda _: blocks(7, 5),
    "blocks off round numbers": lambda _: blocks(7, 5, size=100 / 3),
    "river": river_town,
    "unkind": lambda _: unkind(),
    "spikes": lambda _: spikes(),
}

LESS = 1 if os.environ.get("GISAPP_NIGHTLY") else 4


def same_everywhere(grids, xy):
    kernel, oracle = grid_index(grids), shapely_index(grids)
    rows, on_ring = kernel.located(xy)
    expected, expected_on_ring = oracle.located(xy)
    assert rows.dtype == np.int32
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(on_ring, expected_on_ring)
    return rows


@pytest.mark.parametrize("town", TOWNS)
def test_kernel_equals_oracle_on_hard_points(town):
    rng = np.random.default_rng(11)
    grids = TOWNS[town](rng)
    xy = hard_points(grids, rng)
    rows = same_everywhere(grids, xy)
    index = grid_index(grids)
    assert [index.locate_one(*point) for point in xy[::7]] == rows[::7].tolist()


@pytest.mark.parametrize("town", TOWNS)
def test_the_lowest_row_that_covers_a_point_wins(town):
    rng = np.random.default_rng(12)
    grids = TOWNS[town](rng)
    grids = grids[shapely.get_num_interior_rings(grids.geometry.to_numpy()) < 2].reset_index(drop=True)
    xy = hard_points(grids, rng)
    np.testing.assert_array_equal(grid_index(grids).locate(xy), brute(grids, xy))


def test_rows_in_another_order_give_the_other_grid_on_a_border():
    town = blocks(2, 1)
    assert grid_index(town).locate([(EAST + 100, NORTH + 50)]).tolist() == [0]
    turned = grids_of(town.geometry.to_numpy()[::-1])
    assert turned.geometry.iloc[0].bounds[0] == EAST + 100
    assert grid_index(turned).locate([(EAST + 100, NORTH + 50)]).tolist() == [0]


def test_overlapping_holes_are_the_shell_less_its_holes():
    holes = unkind().iloc[[4]].reset_index(drop=True)
    points = np.add([(480, 80), (430, 30), (550, 100), (410, 10), (550, 150), (620, 100)], (EAST, NORTH))
    assert same_everywhere(holes, points).tolist() == [-1, -1, -1, 0, 0, -1]


lattice = st.integers(0, 6)
ring = st.lists(st.tuples(lattice, lattice), min_size=3, max_size=8, unique=True)
frames = st.sampled_from(
    [(0.0, 0.0, 1.0), (EAST, NORTH, 100.0), (EAST, NORTH, 100 / 3), (EAST + 0.1, NORTH + 0.7, 1e-2)]
)


@settings(max_examples=150 // LESS, deadline=None)
@given(st.lists(ring, min_size=1, max_size=7), frames, st.integers(0, 2**32 - 1))
def test_kernel_fallback_and_brute_force_agree_on_any_rings(rings, frame, seed):
    east, north, scale = frame
    shapes = [shapely.Polygon([(east + x * scale, north + y * scale) for x, y in ring]) for ring in rings]
    grids = grids_of([shape for shape in shapes if shape.area > 0] or [shapely.box(east, north, east + 1, north + 1)])
    xy = hard_points(grids, np.random.default_rng(seed), count=40)
    halves = np.array([(east + x * scale / 2, north + y * scale / 2) for x in range(-1, 14) for y in range(-1, 14)])
    xy = np.concatenate([xy, halves, np.nextafter(halves, np.add(halves, (1, -1)))])
    np.testing.assert_array_equal(same_everywhere(grids, xy), brute(grids, xy))


near_line = st.floats(-1e7, 1e7, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-60)


@settings(max_examples=300 // LESS, deadline=None)
@given(st.tuples(*[near_line] * 4), st.integers(-3, 3), st.integers(-3, 3), st.sampled_from([0, 0.5, 1, 1 / 3]))
def test_the_side_of_a_line_is_exact(ends, ulps_x, ulps_y, share):
    ax, ay, bx, by = ends
    px = ax + share * (bx - ax)
    py = ay + share * (by - ay)
    px, py = px + ulps_x * np.spacing(px), py + ulps_y * np.spacing(py)
    a, b, p = ([Fraction(float(value)) for value in pair] for pair in ((ax, ay), (bx, by), (px, py)))
    turn = (a[0] - p[0]) * (b[1] - p[1]) - (a[1] - p[1]) * (b[0] - p[0])
    assert side(ax, ay, bx, by, px, py) == (turn > 0) - (turn < 0)


def test_edges_on_the_lines_and_corners_of_cells_are_no_different():
    outer = shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)
    frame = CellForm(checked(grids_of([outer]))[0], size_m=50.0).cells.frame
    rng = np.random.default_rng(15)
    line_x, line_y = frame.x0 + np.arange(2, 20) * frame.size, frame.y0 + np.arange(2, 20) * frame.size
    lattice = np.stack(np.meshgrid(line_x, line_y), axis=-1).reshape(-1, 2)

    def nudged(count):
        points = lattice[rng.integers(0, len(lattice), count)]
        return points + rng.integers(-2, 3, points.shape) * np.spacing(points)

    rings = [shapely.Polygon(nudged(4)) for _ in range(40)]
    slivers = [shapely.box(*low, low[0] + frame.size, low[1] + 2 * np.spacing(low[1])) for low in nudged(40)]
    parts, _ = checked(grids_of([*rings, *slivers, outer]))
    form = CellForm(parts, size_m=50.0)
    assert form.cells.frame == frame
    xy = np.concatenate([nudged(4000), (nudged(4000) + nudged(4000)) / 2])
    xy = xy + rng.integers(-2, 3, xy.shape) * np.spacing(xy)
    rows, on_ring = form.locate(xy)
    expected, expected_on_ring = ShapelyForm(parts).locate(xy)
    np.testing.assert_array_equal(rows, expected)
    np.testing.assert_array_equal(on_ring, expected_on_ring)


@pytest.mark.parametrize("turned", [False, True])
def test_a_border_along_a_line_of_cells_belongs_to_both_sides(turned):
    outer = shapely.box(EAST, NORTH, EAST + 1000, NORTH + 1000)
    frame = CellForm(checked(grids_of([outer]))[0], size_m=50.0).cells.frame
    x, y = frame.x0 + 9 * frame.size, frame.y0 + 9 * frame.size
    quarters = [shapely.box(*corner, x, y) for corner in shapely.get_coordinates(outer)[:4]]
    parts, _ = checked(grids_of(quarters[::-1] if turned else quarters))
    form = CellForm(parts, size_m=50.0)
    assert form.cells.frame == frame
    along = np.linspace(EAST + 1, EAST + 999, 300)
    xy = np.concatenate([[(x, north - EAST + NORTH) for north in along], [(east, y) for east in along]])
    for beside in (xy, np.nextafter(xy, np.inf), np.nextafter(xy, -np.inf)):
        np.testing.assert_array_equal(form.locate(beside), ShapelyForm(parts).locate(beside))


def stacked(count):
    """Return squares on top of one another, the smallest first."""
    return [shapely.box(EAST - 1 - k, NORTH - 1 - k, EAST + 1 + k, NORTH + 1 + k) for k in range(count)]


def fan(count):
    """Return triangles that all meet in one point."""
    turn = np.linspace(0, 2 * np.pi, count + 1)
    rim = np.column_stack([EAST + 500 * np.cos(turn), NORTH + 500 * np.sin(turn)])
    rim[-1] = rim[0]
    return [shapely.Polygon([(EAST, NORTH), rim[k], rim[k + 1]]) for k in range(count)]


def apart():
    """Return a town and one grid that was left at the origin of the frame."""
    return [shapely.box(0, 0, 10, 10), *blocks(12, 12).geometry]


@pytest.mark.parametrize("polygons", [stacked(90), fan(100), apart(), [shapely.box(0, 0, 1, 1)] * 100])
def test_a_cell_with_more_polygons_than_bits_is_still_right(polygons):
    rng = np.random.default_rng(13)
    grids = grids_of(polygons)
    xy = hard_points(grids, rng)
    about = shapely.get_coordinates(grids.geometry.to_numpy()).mean(axis=0)
    xy = np.concatenate([xy, rng.normal(about, 1, (500, 2)), rng.normal(about, 1e-3, (500, 2))])
    np.testing.assert_array_equal(same_everywhere(grids, xy), brute(grids, xy))


@pytest.mark.parametrize("near_m", [0.5, 10.0, 400.0])
@pytest.mark.parametrize("polygons", [fan(100), apart(), river_town(np.random.default_rng(3)).geometry])
def test_near_is_the_distance_to_the_nearest_ring(near_m, polygons):
    rng = np.random.default_rng(14)
    grids = grids_of(polygons)
    xy = hard_points(grids, rng, count=100)
    xy = xy[(abs(xy) < 1e100).all(axis=1)]
    metres = shapely.distance(shapely.points(xy)[:, None], shapely.boundary(grids.geometry.to_numpy())[None, :]).min(
        axis=1
    )
    clear = abs(metres - near_m) > 1e-6
    many = np.tile(xy, (60_000 // len(xy) + 1, 1))  # enough for the table of reach
    for index in (grid_index(grids), shapely_index(grids)):
        assert (index.near(xy, near_m) == (metres <= near_m))[clear].all()
    whole = grid_index(grids).near(many, near_m).reshape(-1, len(xy))
    assert (whole == (metres <= near_m))[:, clear].all()


def test_the_oracle_stands_in_when_numba_is_absent(monkeypatch):
    town = blocks(3, 3)
    xy = hard_points(town, np.random.default_rng(1), count=20)
    expected = grid_index(town).locate(xy)
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.setattr("gisapp.grids.index.find_spec", lambda name: None if name == "numba" else pytest.fail(name))
    index = grid_index(town)
    assert type(index._form).__name__ == "ShapelyForm"
    np.testing.assert_array_equal(index.locate(xy), expected)


def test_threads_may_ask_at_once():
    grids = voronoi(200, np.random.default_rng(2))
    index = grid_index(grids)
    xy = np.random.default_rng(3).uniform((EAST, NORTH), (EAST + 3000, NORTH + 3000), (300_000, 2))
    expected = index.locate(xy)
    answers = [None] * 4

    def ask(number):
        answers[number] = index.locate(xy)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((answer == expected).all() for answer in answers)


def test_the_kernel_works_where_no_cache_can_be_written():
    program = "from gisapp.grids.kernel import side; print(side(0, 0, 9, 9, 9, 9), side.stats.cache_path)"
    locator = "import numba.core.caching as c; c.CacheImpl._locator_classes = [];"
    answer = subprocess.run(
        [sys.executable, "-c", locator + program], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert answer.stdout == "0 None\n"


def test_no_grids_hold_nothing():
    for index in (grid_index(grids_of([])), shapely_index(grids_of([shapely.Polygon()]))):
        assert index.locate([(1, 1), (np.nan, 0)]).tolist() == [-1, -1]
        assert index.locate_one(1, 1) == -1
        assert not index.near([(1, 1)], 10).any()


def test_a_polygon_without_finite_coordinates_is_refused():
    with np.errstate(invalid="ignore"):
        broken = shapely.Polygon([(0, 0), (1, 0), (1, np.nan)])
    with pytest.raises(InputError, match="row 2: a coordinate that is not finite"):
        grid_index(grids_of([shapely.box(0, 0, 1, 1), broken]))
    with pytest.raises(CrsError, match="degrees"):
        grid_index(grids_of([shapely.box(0, 0, 1, 1)]).set_crs("EPSG:4326", allow_override=True))
