import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Point, box

from gisapp.density import service_area, surface, surface_3857
from gisapp.density.area import inside_share
from gisapp.errors import CrsError

X, Y = 520_000.0, 3_386_000.0


def random_area(seed):
    """A star with a hole, in a window of 100 m; sometimes with a box that reaches over it."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform(5, 95, (9, 2))
    middle = corners.mean(axis=0)
    star = shapely.Polygon(corners[np.argsort(np.arctan2(*(corners - middle).T))])
    area = star.difference(Point(middle).buffer(9))
    return area.union(box(80, 70, 95.5, 99)) if seed % 2 else area


@pytest.mark.parametrize("seed", range(10))
def test_the_share_of_each_cell_is_that_of_its_polygon(seed):
    area = random_area(seed)
    share = inside_share(area, 0, 100, 7, (15, 15))
    for (row, col), found in np.ndenumerate(share):
        cell = box(col * 7, 100 - (row + 1) * 7, (col + 1) * 7, 100 - row * 7)
        assert found == pytest.approx(cell.intersection(area).area / 49, abs=1e-9)
        assert found > 0 or not area.contains(cell.centroid)
        assert found == 0 or area.intersects(cell)


def test_the_service_area_is_the_grids_without_rivers_and_lakes():
    grids = gpd.GeoDataFrame(geometry=[box(0, 0, 10, 10), box(10, 0, 20, 10)], crs="EPSG:4547")
    land = {"kind": ["river", "lake", "park"]}
    cover = gpd.GeoDataFrame(land, geometry=[box(9, -5, 11, 20), box(1, 1, 2, 2), box(3, 3, 4, 4)], crs="EPSG:4547")
    assert service_area(grids, cover).area == pytest.approx(200 - 20 - 1)
    assert service_area(grids).area == 200
    assert service_area(grids.iloc[:0], cover).is_empty
    with pytest.raises(CrsError):
        service_area(grids.set_crs(4326, allow_override=True))


def town_with_a_lake():
    """A bent strip two kilometres long, a lake near its edge, and an island apart."""
    strip = shapely.Polygon([(0, 0), (2000, 300), (2000, 1300), (900, 1000), (0, 1400)])
    area = strip.difference(Point(1500, 500).buffer(150)).union(box(2300, 200, 2600, 900))
    return shapely.transform(area, lambda xy: xy + np.array([X, Y]))


def even_points(area, step):
    """The same number in every part of an area."""
    west, south, east, north = area.bounds
    x, y = np.meshgrid(np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step))
    inside = shapely.contains_xy(area, x.ravel(), y.ravel())
    return np.column_stack([x.ravel(), y.ravel()])[inside]


@pytest.mark.parametrize("bandwidth_m", [60.0, 200.0])
def test_what_is_spread_evenly_is_flat_up_to_the_border_and_the_water(bandwidth_m):
    area = town_with_a_lake()
    west, south, east, north = area.bounds
    step = 5.0
    found = surface(even_points(area, step), bandwidth_m=bandwidth_m, bounds=(west, south, east, north), within=area)
    told = found.values[~np.isnan(found.values)]
    assert np.abs(told / (1e6 / step**2) - 1).max() < 0.03  # of this the points, each for 25 m2, have the most
    assert np.abs(told / (1e6 / step**2) - 1).mean() < 0.003
    bare = surface(even_points(area, step), bandwidth_m=bandwidth_m, bounds=(west, south, east, north))
    assert np.abs(bare.values[~np.isnan(found.values)] / (1e6 / step**2) - 1).max() > 0.4


def test_outside_the_area_there_is_no_value_and_incidents_do_not_count():
    area = box(X, Y, X + 1000, Y + 1000)
    bounds = (X - 500, Y - 500, X + 1500, Y + 1500)
    inside, outside = [X + 500, Y + 500], [X + 1080.0, Y + 500]
    one = surface(np.array([inside]), bandwidth_m=60, bounds=bounds, within=area)
    both = surface(np.array([inside, outside]), bandwidth_m=60, bounds=bounds, within=area)
    np.testing.assert_array_equal(one.values, both.values)
    rows, cols = one.values.shape
    assert np.isnan(one.values[: rows // 4 - 1]).all()
    assert not np.isnan(one.values[rows // 4 + 1 : 3 * rows // 4 - 1, cols // 4 + 1 : 3 * cols // 4 - 1]).any()


def test_a_sliver_of_the_area_is_marked_and_has_no_value():
    area = MultiPolygon([box(X, Y, X + 500, Y + 500), box(X + 1400, Y, X + 1401, Y + 10)])
    found = surface(np.array([[X + 1400.5, Y + 5]]), bandwidth_m=60, bounds=(X, Y, X + 1500, Y + 500), within=area)
    assert found.thin.any()
    assert np.isnan(found.values[found.thin]).all()
    assert found.peak < 1


def test_the_web_picture_ends_where_the_area_ends():
    area = box(X, Y, X + 1000, Y + 1000)
    points = even_points(area, 10.0)
    found = surface_3857(
        points, crs="EPSG:4547", bandwidth_m=100, bounds=(X - 200, Y - 200, X + 1200, Y + 1200), within=area
    )
    told = ~np.isnan(found.values)
    assert told.mean() == pytest.approx((1000 / 1400) ** 2, abs=0.03)
    np.testing.assert_allclose(found.values[told], 10_000, rtol=0.03)
