import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, box

from gisapp.density import (
    change_surface,
    household_exposure,
    per_year,
    pipe_exposure,
    rate_surface,
    surface,
    web_surface,
)
from gisapp.errors import CrsError, InputError

X, Y = 520_000.0, 3_386_000.0
BOUNDS = (X, Y, X + 4000, Y + 3000)
OPTIONS = {"bandwidth_m": 120.0, "bounds": BOUNDS, "crs": "EPSG:4547"}


def links():
    """A bent street main, a cable, a valve drawn as a link, and streets in the east twice as dense."""
    east = [LineString([(X + 2000, Y + at), (X + 4000, Y + at)]) for at in range(0, 3000, 100)]
    west = [LineString([(X, Y + at), (X + 1000, Y + at), (X + 2000, Y + at)]) for at in range(0, 3000, 200)]
    kinds = ["pipe"] * len(east) + ["cable"] * len(west) + ["valve"]
    valve = LineString([(X, Y), (X, Y + 100)])
    return gpd.GeoDataFrame({"kind": kinds}, geometry=[*east, *west, valve], crs="EPSG:4547")


def on_lines(frame, every_m):
    """Incidents at equal distances along all lines but valves: the same rate everywhere."""
    lines = frame.geometry[frame["kind"] != "valve"]
    return np.array([line.interpolate(at).coords[0] for line in lines for at in np.arange(every_m / 2, 2000, every_m)])


def test_the_points_of_pipes_stand_for_all_their_kilometres():
    points, km = pipe_exposure(links(), 30)
    assert km.sum() == pytest.approx(30 * 2 + 15 * 2)
    assert km.max() <= 0.03
    near = (points[:, 0] < X + 2000) & (np.abs(points[:, 1] - Y - 200) < 1)
    assert km[near].sum() == pytest.approx(2)


def test_a_surface_of_pipe_points_is_that_of_the_line_itself():
    frame = links().iloc[[3]]
    coarse, fine = (
        surface(points, weights=km, **OPTIONS) for points, km in (pipe_exposure(frame, 24), pipe_exposure(frame, 0.5))
    )
    assert np.abs(coarse.values - fine.values).max() < 1e-3 * fine.peak


def test_the_same_rate_everywhere_is_a_flat_map_whatever_the_density_of_pipes():
    frame = links()
    points, km = pipe_exposure(frame, 20)
    number = surface(on_lines(frame, 20), **OPTIONS)
    rate = rate_surface(number, surface(points, weights=km, **OPTIONS), per="km", years=2.0)
    assert rate.unit == "per_km_year"
    told = ~np.isnan(rate.values)
    assert told.mean() > 0.98  # north of the last street of the west there is too little
    np.testing.assert_allclose(rate.values[told], 25.0, rtol=5e-3)  # one in 20 m, over two years


def test_households_count_by_thousands_and_those_without_a_place_do_not():
    customers = gpd.GeoDataFrame(
        {"households": [3, None, 5]}, geometry=[Point(X, Y), Point(X + 1, Y), None], crs="EPSG:4547"
    ).astype({"households": "Int64"})
    points, thousands = household_exposure(customers)
    assert points.tolist() == [[X, Y], [X + 1, Y]]
    assert thousands.tolist() == [0.003, 0.0]


def test_where_hardly_anything_is_exposed_the_cell_is_marked_and_has_no_value():
    home = np.array([[X + 1000.0, Y + 1500.0]])
    number = surface(np.array([[X + 1000.0, Y + 1500.0], [X + 3000.0, Y + 1500.0]]), **OPTIONS)
    exposure = surface(home, weights=np.array([0.4]), **OPTIONS)
    rate = rate_surface(number, exposure, per="households", years=1.0)
    x = X + (np.arange(rate.values.shape[1]) + 0.5) * rate.cell_m
    y = BOUNDS[3] - (np.arange(rate.values.shape[0]) + 0.5) * rate.cell_m
    apart = np.hypot(x[None, :] - home[0, 0], y[:, None] - home[0, 1])
    limit = 120 * np.sqrt(2 * np.log(400 / 50))  # here 400 households weigh as 50
    assert not rate.thin[apart < limit - 5].any()
    assert rate.thin[apart > limit + 5].all()
    assert np.isnan(rate.values[rate.thin]).all()
    np.testing.assert_allclose(rate.values[apart < limit - 5], 2.5, rtol=5e-3)  # one for 400 households
    all_told = rate_surface(number, exposure, per="households", years=1.0, least=0)
    assert all_told.thin[exposure.values == 0].all()


def test_nothing_exposed_marks_every_cell_and_shows_no_colour():
    number = surface(np.array([[X + 10, Y + 10]]), **OPTIONS)
    rate = rate_surface(number, surface(np.empty((0, 2)), **OPTIONS), per="km", years=1.0)
    assert rate.thin.all()
    assert rate.peak == 0.0
    assert web_surface(rate).thin.any()


def test_two_periods_of_unequal_length_compare_by_the_year():
    rng = np.random.default_rng(3)
    place = rng.uniform([X + 500, Y + 500], [X + 3500, Y + 2500], (900, 2))
    long = per_year(surface(np.concatenate([place, place]), **OPTIONS), 2.0)
    short = per_year(surface(place[:450], **OPTIONS), 0.5)
    same = per_year(surface(place, **OPTIONS), 1.0)
    assert np.abs(change_surface(long, same).values).max() < 1e-3 * same.peak
    grown = change_surface(short, per_year(surface(place[:450], **OPTIONS), 1.0))
    assert grown.unit == "change_per_km2_year"
    np.testing.assert_allclose(grown.values, short.values / 2, atol=1e-3 * short.peak)
    fallen = web_surface(change_surface(same, short))
    assert np.nanmin(fallen.values) < 0


def test_a_change_has_no_value_where_one_of_the_periods_has_none():
    area = box(X, Y, X + 2000, Y + 3000)
    one = per_year(surface(np.array([[X + 10, Y + 10]]), **OPTIONS, within=area), 1.0)
    all_over = per_year(surface(np.array([[X + 10, Y + 10]]), **OPTIONS), 1.0)
    assert np.isnan(change_surface(one, all_over).values[:, -10:]).all()


def test_what_does_not_fit_is_refused():
    one = surface(np.array([[X, Y]]), **OPTIONS)
    other = surface(np.array([[X, Y]]), **(OPTIONS | {"bandwidth_m": 130.0}))
    with pytest.raises(InputError, match="same bounds, cells and bandwidth"):
        rate_surface(one, other, per="km", years=1.0)
    with pytest.raises(InputError, match="found a period of 0 years"):
        per_year(one, 0)
    with pytest.raises(InputError, match="per year in one unit"):
        change_surface(one, one)
    with pytest.raises(InputError, match="give one of counts"):
        per_year(per_year(one, 1.0), 1.0)
    with pytest.raises(InputError, match="found nan as the least exposure"):
        rate_surface(one, one, per="km", years=1.0, least=float("nan"))
    with pytest.raises(InputError, match="weights for other points"):
        surface(np.zeros((2, 2)), weights=np.ones(3), **OPTIONS)
    with pytest.raises(InputError, match=r"found a weight of -1\.0"):
        surface(np.array([[X, Y]]), weights=np.array([-1.0]), **OPTIONS)
    with pytest.raises(CrsError):
        web_surface(surface(np.array([[X, Y]]), bandwidth_m=120, bounds=BOUNDS))
