"""Streets by side, drawn by hand: 滨江路 runs east along y = 0, 人民路 north along x = 0; more cross at 300 and 600."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point

from gisapp.reports.roads import roads_touched


@pytest.fixture(scope="module")
def streets():
    lines = {
        "滨江路": [LineString([(-400, 0), (300, 0)]), LineString([(900, 0), (300, 0)])],  # drawn in two ways
        "人民路": [LineString([(0, -500), (0, 500)])],
        "解放路": [LineString([(300, -500), (300, -1)])],  # ends a metre short of it
        "江路": [LineString([(600, 500), (600, -500)])],
        None: [LineString([(-400, 20), (900, 20)])],
    }
    rows = [{"name": name, "geom": line} for name, parts in lines.items() for line in parts]
    return gpd.GeoDataFrame(rows, geometry="geom", crs="EPSG:4547")


def told(streets, *affected, others=()):
    points = np.array([Point(xy) for xy in (*affected, *others)])
    mask = np.arange(len(points)) < len(affected)
    table = roads_touched(points, mask, streets)
    return table[["street", "from_street", "to_street", "side", "customers", "share"]].fillna("").values.tolist()


@pytest.mark.parametrize(
    ("spot", "row"),
    [
        ((100, 30), ["滨江路", "人民路", "解放路", "north", 1, 1.0]),
        ((100, -30), ["滨江路", "人民路", "解放路", "south", 1, 1.0]),
        ((450, 30), ["滨江路", "解放路", "江路", "north", 1, 1.0]),
        ((700, 30), ["滨江路", "江路", "", "north", 1, 1.0]),
        ((-200, -30), ["滨江路", "", "人民路", "south", 1, 1.0]),
        ((30, 200), ["人民路", "", "滨江路", "east", 1, 1.0]),
        ((-30, -200), ["人民路", "滨江路", "", "west", 1, 1.0]),
    ],
)
def test_a_stretch_is_read_from_west_to_east_or_north_to_south_with_its_side(streets, spot, row):
    assert told(streets, spot) == [row]


def test_a_stretch_reaches_over_all_that_are_affected(streets):
    assert told(streets, (100, 30), (450, -30)) == [["滨江路", "人民路", "江路", "both", 2, 1.0]]


def test_the_share_counts_those_on_the_same_side_of_the_stretch_alone(streets):
    across, beyond, beside = (150, -30), (450, 30), (200, 30)
    assert told(streets, (100, 30), others=[across, beyond])[0][-1] == 1.0
    assert told(streets, (100, 30), others=[beside])[0][-1] == 0.5


def test_who_is_far_from_every_named_street_is_told_by_none(streets):
    assert told(streets, (150, 81)) == []
    assert len(told(streets, (150, 79))) == 1


def test_nobody_affected_or_no_street_is_an_empty_table(streets):
    assert told(streets, others=[(100, 30)]) == []
    assert roads_touched(np.array([Point(0, 0)]), np.array([True]), streets.iloc[:0]).empty


def test_lengths_add_up_to_the_stretch(streets):
    table = roads_touched(np.array([Point(100, 30)]), np.array([True]), streets)
    assert table["length_m"].tolist() == pytest.approx([300.0])
    assert shapely.get_type_id(streets.geometry.to_numpy()).tolist() == [1] * len(streets)
