import importlib

import numpy as np
import pyproj
import pytest

from gisapp.density import surface, surface_3857
from gisapp.errors import CrsError, InputError

CITY = (515_000.0, 3_381_000.0, 525_000.0, 3_391_000.0)
BANDWIDTHS = (30.0, 75.0, 150.0, 400.0, 1000.0, 4000.0)


def kernel_sum(points, x, y, bandwidth_m):
    """The definition, point by point: incidents per km2 at each place."""
    total = np.zeros(np.shape(x))
    for px, py in points:
        total += np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * bandwidth_m**2))
    return total * 1e6 / (2 * np.pi * bandwidth_m**2)


def middles(found):
    """The middle of each cell."""
    west, _, _, north = found.bounds
    rows, cols = found.values.shape
    return np.meshgrid(west + (np.arange(cols) + 0.5) * found.cell_m, north - (np.arange(rows) + 0.5) * found.cell_m)


def patterns():
    rng = np.random.default_rng(7)
    middle = np.array([520_000.0, 3_386_000.0])
    yield "one", np.array([[520_003.3, 3_386_001.7]])
    yield "twenty in one place", np.array([[519_958.1, 3_386_077.7]] * 20)
    yield "two hundred scattered", middle + rng.normal(0, 1500, (200, 2))
    yield "outside the edge", np.array([[CITY[0] - 20.0, 3_386_000.0], [520_000.0, CITY[3] + 35.0]])


@pytest.mark.parametrize("bandwidth_m", BANDWIDTHS)
@pytest.mark.parametrize("points", [pytest.param(points, id=name) for name, points in patterns()])
def test_within_a_thousandth_of_the_peak_of_the_exact_sum(points, bandwidth_m):
    found = surface(points, bandwidth_m=bandwidth_m, bounds=CITY)
    x, y = middles(found)
    step = max(1, found.values.shape[0] // 150)  # a point of every few cells is enough, and all near the first point
    near = np.abs(x - points[0, 0]) + np.abs(y - points[0, 1]) < 6 * found.cell_m
    near[::step, ::step] = True
    exact = kernel_sum(points, x[near], y[near], bandwidth_m)
    assert np.abs(found.values[near] - exact).max() <= 1e-3 * exact.max()


def test_every_place_of_a_point_within_its_cell_is_exact():
    worst = 0.0
    for shift in np.random.default_rng(1).uniform(0, 50, (60, 2)):
        point = np.array([[520_000.0, 3_386_000.0]]) + shift
        found = surface(point, bandwidth_m=150, bounds=CITY, cell_m=50)
        exact = kernel_sum(point, *middles(found), 150)
        worst = max(worst, np.abs(found.values - exact).max() / exact.max())
    assert worst < 1e-3


def test_mass_is_the_number_of_incidents_for_the_widest_kernel():
    points = np.random.default_rng(3).uniform([518_500, 3_384_500], [521_500, 3_387_500], (500, 2))
    found = surface(points, bandwidth_m=4000, bounds=(498_000.0, 3_364_000.0, 542_000.0, 3_408_000.0))
    assert found.values.sum(dtype=np.float64) * found.cell_m**2 / 1e6 == pytest.approx(500, rel=1e-3)


@pytest.mark.parametrize("bandwidth_m", [30.0, 150.0, 600.0])
def test_mass_is_the_number_of_incidents_away_from_the_border(bandwidth_m):
    rng = np.random.default_rng(3)
    points = rng.uniform([518_500, 3_384_500], [521_500, 3_387_500], (500, 2))
    found = surface(points, bandwidth_m=bandwidth_m, bounds=(*CITY[:2], 526_000.0, 3_392_000.0))
    assert found.values.sum(dtype=np.float64) * found.cell_m**2 / 1e6 == pytest.approx(500, rel=1e-3)


def test_a_point_outside_counts_only_as_far_as_it_reaches_in():
    outside = np.array([[CITY[0] - 1000.0, 3_386_000.0]])
    found = surface(outside, bandwidth_m=100, bounds=CITY)
    assert found.peak == 0.0
    assert found.points == 0


def test_rows_run_from_the_north_and_columns_from_the_west():
    corner = np.array([[CITY[0] + 60.0, CITY[3] - 60.0]])
    found = surface(corner, bandwidth_m=150, bounds=CITY)
    assert np.unravel_index(found.values.argmax(), found.values.shape) == (2, 2)


def test_several_arrays_are_taken_together():
    rng = np.random.default_rng(5)
    points = rng.normal([520_000, 3_386_000], 900, (300, 2))
    whole = surface(points, bandwidth_m=200, bounds=CITY)
    parts = surface([points[:100], points[100:100], points[100:]], bandwidth_m=200, bounds=CITY)
    np.testing.assert_allclose(parts.values, whole.values, rtol=1e-6, atol=1e-9)
    assert parts.points == whole.points == 300


@pytest.mark.parametrize("nothing", [np.empty((0, 2)), []])
def test_no_points_give_a_surface_of_zeros(nothing):
    found = surface(nothing, bandwidth_m=200, bounds=CITY)
    assert found.values.any() == np.False_
    assert (found.peak, found.points) == (0.0, 0)


@pytest.mark.parametrize("bandwidth_m", [0, -5, float("nan"), float("inf"), 10_001])
def test_a_bandwidth_out_of_range_is_refused(bandwidth_m):
    with pytest.raises(InputError, match="found a bandwidth of"):
        surface(np.zeros((1, 2)), bandwidth_m=bandwidth_m, bounds=CITY)


def test_a_point_without_a_position_is_refused_and_counted():
    with pytest.raises(InputError, match="2 points have no position, the first is number 2"):
        surface(np.array([[1.0, 1], [np.nan, 1], [1, 1], [1, np.inf]]), bandwidth_m=100, bounds=CITY)


@pytest.mark.parametrize("bounds", [(0, 0, 0, 1000), (0, 0, -10, 10), (0, float("nan"), 10, 10)])
def test_bounds_without_area_are_refused(bounds):
    with pytest.raises(InputError, match="found bounds"):
        surface(np.zeros((1, 2)), bandwidth_m=1, bounds=bounds)


def test_too_coarse_cells_and_too_many_are_refused():
    with pytest.raises(InputError, match=r"found cells of 51 m; .* at most 50 m"):
        surface(np.zeros((1, 2)), bandwidth_m=150, bounds=CITY, cell_m=51)
    with pytest.raises(InputError, match="choose a wider bandwidth"):
        surface(np.zeros((1, 2)), bandwidth_m=1, bounds=CITY)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:4490", "EPSG:3857"])
def test_only_a_frame_in_metres_is_let_in(crs):
    with pytest.raises(CrsError):
        surface(np.zeros((1, 2)), bandwidth_m=150, bounds=CITY, crs=crs)
    with pytest.raises(CrsError):
        surface_3857(np.zeros((1, 2)), bandwidth_m=150, bounds=CITY, crs=crs)


@pytest.mark.parametrize("bandwidth_m", [60.0, 150.0, 1000.0])
def test_the_web_picture_shows_true_values_at_true_places(bandwidth_m):
    points = np.random.default_rng(11).normal([521_000, 3_385_000], 1200, (80, 2))
    found = surface_3857(points, crs="EPSG:4547", bandwidth_m=bandwidth_m, bounds=CITY)
    back = pyproj.Transformer.from_crs(3857, "EPSG:4547", always_xy=True)
    x, y = back.transform(*middles(found))  # every pixel by PROJ itself, not by the lattice
    exact = kernel_sum(points, x, y, bandwidth_m)
    assert np.abs(found.values - exact).max() <= 1.5e-3 * exact.max()


@pytest.mark.parametrize(("crs", "north"), [("EPSG:4547", 3_386_000.0), ("EPSG:4547", 4_980_000.0)])
def test_on_the_web_map_a_kernel_is_wider_by_one_over_the_cosine_of_latitude(crs, north):
    point = np.array([[520_000.0, north]])
    box = (515_000.0, north - 5000, 525_000.0, north + 5000)
    found = surface_3857(point, crs=crs, bandwidth_m=500, bounds=box)
    x, _ = middles(found)
    across = found.values[found.values.sum(axis=1).argmax()].astype(np.float64)
    middle = np.average(x[0], weights=across)
    spread = np.sqrt(np.average((x[0] - middle) ** 2, weights=across))
    _, latitude = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(*point[0])
    assert spread == pytest.approx(500 / np.cos(np.radians(latitude)), rel=5e-3)
    assert found.peak == pytest.approx(1 / (2 * np.pi * 0.25), rel=2e-3)


def test_the_web_picture_keeps_to_its_pixels_and_covers_the_bounds():
    found = surface_3857(np.empty((0, 2)), crs="EPSG:4547", bandwidth_m=30, bounds=CITY, most_px=200)
    assert max(found.values.shape) <= 201
    to_web = pyproj.Transformer.from_crs("EPSG:4547", 3857, always_xy=True)
    x, y = to_web.transform([CITY[0], CITY[2]], [CITY[1], CITY[3]])
    west, south, east, north = found.bounds
    assert west <= min(x)
    assert south <= min(y)
    assert east >= max(x)
    assert north >= max(y)


def test_many_points_in_two_halves_give_the_same_surface(monkeypatch):
    points = np.random.default_rng(5).normal([520_000, 3_386_000], 900, (301, 2))
    weights = [np.arange(100.0), np.ones(201)]
    options = {"bandwidth_m": 200, "bounds": CITY, "weights": weights}
    whole = surface([points[:100], points[100:]], **options)
    monkeypatch.setattr(importlib.import_module("gisapp.density.binning"), "_MANY", 10)
    halves = surface([points[:100], points[100:]], **options)
    np.testing.assert_allclose(halves.values, whole.values, rtol=1e-6, atol=1e-9)
    assert halves.points == whole.points == 301
