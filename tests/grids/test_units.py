"""Units from polygons: borders in metres by an independent measure, bridges, and blocks cut out by streets."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from grid_shapes import CRS, EAST, NORTH, blocks, voronoi

from gisapp.errors import CrsError, InputError
from gisapp.grids import bridges_of, cut_out, labels_of, plan_of_grids, units_of
from gisapp.grids.units import borders_of


def test_borders_are_the_lengths_of_what_two_polygons_have_in_common():
    town = voronoi(60, np.random.default_rng(3), bend=0.1)
    shapes = town.geometry.to_numpy()
    found = borders_of(shapes)
    slow = {}
    for one in range(len(shapes)):
        for other in range(one + 1, len(shapes)):
            metres = shapely.length(shapely.intersection(shapes[one], shapes[other]))
            if metres > 0:
                slow[one, other] = metres
    assert {tuple(pair) for pair in found.pairs.tolist()} == set(slow)
    np.testing.assert_allclose(found.border_m, [slow[tuple(pair)] for pair in found.pairs.tolist()], atol=1e-6)
    around = found.outer_m + np.bincount(found.pairs.ravel(), np.repeat(found.border_m, 2), minlength=len(shapes))
    np.testing.assert_allclose(around, shapely.length(shapes))


def test_a_hole_and_several_parts_have_borders_too():
    ring = shapely.box(0, 0, 90, 90).difference(shapely.box(30, 30, 60, 60))
    apart = shapely.MultiPolygon([shapely.box(30, 30, 60, 60), shapely.box(90, 0, 120, 90)])
    frame = gpd.GeoDataFrame({"code": ["R", "M"]}, geometry=[ring, apart], crs=CRS)
    units = units_of(frame, [1, 2])
    assert units.pairs.tolist() == [[0, 1]]
    assert units.border_m.tolist() == [120 + 90]
    assert units.outer_m.tolist() == [270, 150]


def test_a_corner_is_no_border_and_a_bridge_joins_what_does_not_touch():
    town = blocks(2, 2, size=100)
    units = units_of(town, np.ones(4), bridges=[("G003", "G000"), ("G000", "G001"), ("G000", "G003")])
    assert units.pairs.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3], [0, 3]]
    assert units.border_m.tolist() == [100, 100, 100, 100, 0]


def test_missing_labels_stand_together_and_equal_ones_are_equal():
    town = blocks(4, 1)
    label = town["code"].map({"G000": "north", "G001": "north", "G002": None, "G003": "south"})
    assert units_of(town, np.ones(4), label=label).label.tolist() == [0, 0, 1, 2]


def test_units_that_overlap_or_do_not_match_are_refused_by_code():
    town = blocks(3, 1)
    town.loc[1, "geom"] = shapely.box(EAST + 100, NORTH, EAST + 201, NORTH + 100)
    with pytest.raises(InputError, match="unit G001 and 1 more overlap"):
        units_of(town, np.ones(3))
    town.loc[1, "geom"] = shapely.box(EAST + 100, NORTH, EAST + 200, NORTH + 50)
    with pytest.raises(InputError, match="do not match edge to edge"):
        units_of(town, np.ones(3))


def test_an_unknown_bridge_and_degrees_are_refused():
    with pytest.raises(InputError, match="a bridge to 'X'"):
        units_of(blocks(2, 1), [1, 1], bridges=[("G000", "X")])
    with pytest.raises(CrsError):
        units_of(blocks(2, 1).to_crs(4490), [1, 1])


def test_streets_cut_grids_into_blocks_that_cover_them_exactly():
    grids = blocks(2, 1, size=300)
    north, south = NORTH + 400, NORTH - 100
    streets = [[(EAST + 100, south), (EAST + 100, north)], [(EAST - 9, NORTH + 200), (EAST + 450, NORTH + 200)]]
    streets += [[(EAST + 110, NORTH - 9), (EAST + 110, NORTH + 309)], [(EAST + 500, NORTH + 9), (EAST + 510, NORTH)]]
    cut = cut_out(grids, gpd.GeoDataFrame(geometry=list(map(shapely.LineString, streets)), crs=CRS), least_m2=2500)
    assert cut["code"].tolist() == ["G000-001", "G000-002", "G000-003", "G000-004", "G001-001"]
    assert shapely.coverage_is_valid(cut.geometry.to_numpy())
    for grid, own in cut.groupby("grid_code"):
        whole = shapely.union_all(own.geometry.to_numpy())
        assert shapely.equals(whole, grids.set_index("code").geometry[grid])
    # the strip of 10 m between the two streets that run north joins its longer neighbours
    assert shapely.area(cut.geometry.to_numpy()).min() > 2500


def strip(*boxes):
    shapes = [shapely.box(EAST + west, NORTH, EAST + east, NORTH + 100) for west, east in boxes]
    return gpd.GeoDataFrame({"code": list("ABCD"[: len(boxes)])}, geometry=shapes, crs=CRS)


def street(*spots):
    return shapely.LineString([(EAST + x, NORTH + y) for x, y in spots])


def test_a_street_over_ground_of_none_joins_the_units_at_its_ends():
    units = strip((0, 100), (100, 200), (260, 400), (2000, 2100))
    lines = [
        street((50, 50), (150, 50)),  # from A to B, which border on each other
        street((150, 50), (230, 60), (300, 50)),  # over the river
        street((300, 50), (2050, 50)),  # too long a way
        street((120, 50), (220, 80)),  # ends in the river
        street((20, 90), (40, 150), (60, 90)),  # a way out and back
        street((70, 90), (90, 130), (110, 130), (130, 90)),  # around the border of A and B
    ]
    streets = gpd.GeoDataFrame(geometry=[*lines, None], crs=CRS)
    assert bridges_of(units, streets) == [("B", "C")]
    assert bridges_of(units, streets, most_m=1900) == [("B", "C"), ("C", "D")]
    joined = units_of(units, [1, 1, 1, 1], bridges=bridges_of(units, streets))
    assert joined.pairs.tolist() == [[0, 1], [1, 2]]


def test_a_street_in_two_pieces_over_the_river_is_one_bridge():
    streets = gpd.GeoDataFrame(geometry=[street((50, 50), (130, 50)), street((130, 50), (250, 50))], crs=CRS)
    assert bridges_of(strip((0, 100), (200, 300)), streets) == [("A", "B")]


def test_units_alike_in_all_layers_have_one_label_and_outside_is_an_area_of_its_own():
    units = strip((0, 100), (100, 200), (200, 300), (300, 400))
    dma = strip((0, 260))
    zones = strip((0, 100), (80, 300))
    found = labels_of(units.geometry.to_numpy(), [dma, zones])
    assert found.nunique() == 3
    assert found[1] == found[2]
    assert labels_of(units.geometry.to_numpy(), [dma]).tolist()[:3] == ["\x1fA"] * 3


def test_units_cut_out_of_grids_with_borders_of_many_kilometres_fit_those_grids():
    far = 100_000.0004  # a tenth of a millimetre along such a border is many square metres
    grids = blocks(2, 1, size=far).assign(name="片", utilities="water")
    plan = plan_of_grids(cut_out(grids, gpd.GeoDataFrame(geometry=[], crs=CRS)), grids)
    assert plan.codes == sorted(grids["code"])
