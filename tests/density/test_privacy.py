import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

from gisapp.density import LEAST_CUSTOMERS, shareable_pieces, shareable_places, shareable_points, shareable_surface
from gisapp.density import surface as surface_of
from gisapp.density.privacy import SIZES_M, withheld
from gisapp.errors import InputError

X, Y = 520_000.0, 3_386_000.0


def people(*places):
    """Customers: (x, y, how many)."""
    points = [Point(X + x, Y + y) for x, y, number in places for _ in range(number)]
    return gpd.GeoDataFrame({"code": range(len(points))}, geometry=points, crs="EPSG:4547")


def calls(*places):
    points = [None if place is None else Point(X + place[0], Y + place[1]) for place in places]
    return gpd.GeoDataFrame({"code": [f"I{at}" for at in range(len(points))]}, geometry=points, crs="EPSG:4547")


def test_fewer_than_five_customers_are_nobody_to_speak_of():
    assert LEAST_CUSTOMERS == 5
    assert withheld([0, 4, 5]).tolist() == [True, True, False]
    assert withheld([0, 4, 5], 0).tolist() == [False, False, False]
    for wrong in (-1, 2.5):
        with pytest.raises(InputError, match="give a whole number from 0"):
            withheld([1], wrong)


def test_a_place_of_few_customers_has_no_figure_of_any_kind():
    table = pd.DataFrame(
        {"name": ["甲", "乙"], "count": [3, 9], "deviation": [0.5, -0.1], "hot": [True, False]}, index=["G1", "G2"]
    )
    shared = shareable_places(table, pd.Series([4, 5], index=["G1", "G2"]))
    assert shared.loc["G1", ["count", "deviation", "hot"]].isna().all()
    assert shared.loc["G2", ["count", "deviation"]].tolist() == [9, -0.1]
    assert shared["name"].tolist() == ["甲", "乙"]
    assert shared["withheld"].tolist() == [True, False]
    assert table.loc["G1", "count"] == 3
    with pytest.raises(InputError, match="customers of other places"):
        shareable_places(table, pd.Series([4, 5]))


def test_a_surface_has_no_value_around_a_lonely_house():
    options = {"bandwidth_m": 50.0, "bounds": (X, Y, X + 1000, Y + 1000), "crs": "EPSG:4547"}
    found = surface_of(np.array([[X + 200, Y + 200], [X + 800, Y + 800]]), **options)
    homes = surface_of(np.array([[X + 200, Y + 200]] + [[X + 800, Y + 800]] * 40), **options)
    shared = shareable_surface(found, homes)
    rows, cols = shared.values.shape
    lonely, busy = (rows * 4 // 5, cols // 5), (rows // 5, cols * 4 // 5)
    assert np.isnan(shared.values[lonely])
    assert shared.thin[lonely]
    assert shared.values[busy] == found.values[busy]
    np.testing.assert_array_equal(shareable_surface(found, homes, 0).values, found.values)


def test_pieces_of_pipe_are_told_where_enough_customers_are_near():
    middles = np.array([[0.0, 0.0], [100.0, 0.0], [500.0, 0.0]])
    homes = np.array([[10.0, 0.0]] * 5 + [[140.0, 0.0]] * 2)
    assert shareable_pieces(middles, homes, 50.0).tolist() == [True, False, False]
    assert shareable_pieces(middles, homes, 50.0, 2).tolist() == [True, True, False]
    assert shareable_pieces(middles, np.empty((0, 2)), 50.0).tolist() == [False] * 3
    assert shareable_pieces(middles, np.empty((0, 2)), 50.0, 0).tolist() == [True] * 3


def test_no_shared_point_stands_for_fewer_customers_than_the_least():
    rng = np.random.default_rng(3)
    spread = rng.normal(0, 900, (400, 2))
    customers = people(*[(x, y, 1) for x, y in spread])
    incidents = calls(*spread[::7], *rng.uniform(-6000, 6000, (60, 2)), None)
    shared = shareable_points(incidents, customers)
    assert len(shared.table) + shared.left_out == len(incidents)
    assert 0 < shared.left_out < 60
    homes = np.column_stack([customers.geometry.x, customers.geometry.y])
    for place, size in zip(shared.table.geometry, shared.moved_m, strict=True):
        apart = np.hypot(*(homes - (place.x, place.y)).T)
        assert (apart <= size / 3**0.5 + 1e-6).sum() >= 5  # within the hexagon's corners
    true = incidents.geometry[shared.table.index]
    assert (true.distance(shared.table.geometry) <= shared.moved_m / 3**0.5 + 1e-6).all()
    assert (true.distance(shared.table.geometry) > 0).all()


def test_a_point_is_moved_no_farther_than_needed():
    shared = shareable_points(calls((0, 0), (3000, 0)), people((0, 0, 5), (3000, 0, 4)))
    assert shared.moved_m.tolist() == [SIZES_M[0]]
    assert shared.table["code"].tolist() == ["I0"]
    assert shared.left_out == 1
    everyone = shareable_points(calls((0, 0), (3000, 0), None), people(), 0)
    assert everyone.table.geometry.x.tolist() == [X, X + 3000]
    assert everyone.left_out == 1
    assert shareable_points(calls(), people((0, 0, 5))).left_out == 0
