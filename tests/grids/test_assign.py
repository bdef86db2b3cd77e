import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from grid_shapes import CRS, EAST, NORTH, blocks, grids_of, hard_points, river_town, voronoi

from gisapp.errors import CrsError, InputError
from gisapp.grids import assign, grid_index, grids_at

TOWN = blocks(2, 2)  # G000 G001 below, G002 G003 above, 100 m each


def town(x, y):
    return (EAST + x, NORTH + y)


def test_points_say_where_they_are_and_why():
    """G2.6."""
    points = [town(50, 50), town(100, 50), town(100, 100), town(-12.4, 50), town(195, 150), (np.nan, 5)]
    answer = assign(points, TOWN)
    assert answer["why"].tolist() == [
        "inside",
        "on border of G000 and G001",
        "on border of G000 and G001 and G002 and G003",
        "outside by 12.4 m, nearest G000",
        "inside",
        "no position",
    ]
    assert answer["grid"].fillna("").tolist() == ["G000", "G000", "G000", "", "G003", ""]
    assert answer["nearest"].fillna("").tolist() == ["", "", "", "G000", "", ""]
    assert answer["near_border"].tolist() == [False, True, True, False, True, False]
    np.testing.assert_allclose(answer["distance_m"], [0, 0, 0, 12.4, 0, np.nan], atol=1e-6)


def test_the_words_speak_traditional_chinese():
    answer = assign([town(100, 50), town(-7, 50)], TOWN, language="zh-Hant")
    assert answer["why"].tolist() == ["在 G000 與 G001 的邊界上", "在網格外 7.0 米，最近的是 G000"]


def test_the_answer_keeps_the_labels_of_the_points_and_leaves_them_alone():
    points = gpd.GeoSeries([shapely.Point(town(50, 50)), None, shapely.Point()], index=["a", "b", "c"], crs=CRS)
    before = points.copy()
    answer = assign(points, TOWN)
    assert answer.index.tolist() == ["a", "b", "c"]
    assert answer["why"].tolist() == ["inside", "no position", "no position"]
    assert points.equals(before)


def test_a_point_between_two_grids_is_nearest_to_the_first():
    apart = grids_of([shapely.box(20, 0, 30, 10), shapely.box(0, 0, 10, 10)])
    assert assign([(15, 5)], apart)["nearest"].tolist() == ["G000"]


def test_a_point_too_far_to_measure_is_outside():
    answer = assign([(1e300, -1e300)], TOWN)
    assert answer["distance_m"].tolist() == [np.inf]
    assert answer["why"].tolist() == ["outside, no grid is near"]


def test_no_points_and_no_grids_are_answered():
    assert len(assign(np.empty((0, 2)), TOWN)) == 0
    answer = assign([town(1, 1)], TOWN.iloc[:0])
    assert answer["grid"].isna().all()
    assert answer["why"].tolist() == ["outside, no grid is near"]


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:3857", None])
def test_grids_that_are_not_in_metres_are_refused(crs):
    with pytest.raises(CrsError, match="grids table"):
        assign([(1, 1)], TOWN.set_crs(crs, allow_override=True))


def test_points_in_another_frame_are_refused():
    points = gpd.GeoSeries.from_xy([114.0], [30.0], crs="EPSG:4490")
    with pytest.raises(CrsError, match="convert the points"):
        assign(points, TOWN)
    with pytest.raises(CrsError, match="no CRS"):
        assign(points.set_crs(None, allow_override=True), TOWN)


def test_lines_and_odd_arrays_are_refused():
    with pytest.raises(InputError, match="row 1: a geometry that is not a point"):
        assign(gpd.GeoSeries([shapely.LineString([(0, 0), (1, 1)])], crs=CRS), TOWN)
    with pytest.raises(InputError, match="shape"):
        assign([(1, 2, 3)], TOWN)
    with pytest.raises(InputError, match="near_m"):
        assign([(1, 2)], TOWN, near_m=-1)
    with pytest.raises(InputError, match="index of 1 grids for 4"):
        assign([(1, 2)], TOWN, index=grid_index(TOWN.iloc[:1]))


@pytest.mark.parametrize("make", [lambda rng: voronoi(60, rng, bend=0.1), river_town, lambda _: blocks(7, 5)])
def test_assignment_equals_sjoin(make):
    rng = np.random.default_rng(5)
    grids = make(rng)
    xy = hard_points(grids, rng)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=CRS)
    points = points[(abs(xy) < 1e100).all(axis=1)]
    joined = points.sjoin(grids[["geom"]], how="left", predicate="intersects")
    lowest = joined["index_right"].groupby(level=0).min().fillna(-1).astype(int)
    answer = assign(points.geometry, grids, index=grid_index(grids))
    expected = grids["code"].reindex(lowest).to_numpy()
    assert answer["grid"].fillna("").tolist() == pd.Series(expected).fillna("").tolist()
    outside = answer["grid"].isna().to_numpy()
    assert (answer["distance_m"].to_numpy() > 0).tolist() == outside.tolist()
    metres = shapely.distance(points.geometry.to_numpy()[:, None], grids.geometry.to_numpy()[None, :])
    np.testing.assert_allclose(answer["distance_m"], metres.min(axis=1))
    assert answer["nearest"].notna().tolist() == outside.tolist()
    rings = shapely.distance(points.geometry.to_numpy()[:, None], grids.boundary.to_numpy()[None, :]).min(axis=1)
    clear = abs(rings - 10) > 1e-6
    assert (answer["near_border"].to_numpy() == (rings <= 10))[clear].all()


def test_a_plan_is_in_force_until_before_its_end():
    changed = TOWN.assign(valid_to=TOWN["valid_to"].astype("datetime64[ms, UTC]"))
    changed.loc[0, "valid_to"] = pd.Timestamp("2025-01-01", tz="UTC")
    changed.loc[1, "valid_from"] = pd.Timestamp("2025-01-01", tz="UTC")
    assert grids_at(changed, pd.Timestamp("2024-12-31T23:59:59Z"))["code"].tolist() == ["G000", "G002", "G003"]
    assert grids_at(changed, pd.Timestamp("2025-01-01T00:00:00Z"))["code"].tolist() == ["G001", "G002", "G003"]
    with pytest.raises(InputError, match="has no zone"):
        grids_at(changed, pd.Timestamp("2025-01-01"))
