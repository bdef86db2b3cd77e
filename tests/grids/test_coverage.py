import numpy as np
import pytest
import shapely
from grid_shapes import EAST, NORTH, blocks, grids_of, river_town, unkind, voronoi
from shapely.affinity import translate

from gisapp.errors import CrsError
from gisapp.grids import coverage_faults


def told(grids, **options):
    faults = coverage_faults(grids, **options)
    return [(row.kind, row.grids, round(row.area_m2, 3)) for row in faults.itertuples()]


@pytest.mark.parametrize(
    "make", [lambda rng: voronoi(80, rng), lambda rng: voronoi(80, rng, bend=0.05), lambda _: blocks(6, 4)]
)
def test_a_sound_coverage_has_no_faults(make):
    grids = make(np.random.default_rng(21))
    faults = coverage_faults(grids)
    assert faults.empty
    assert list(faults.columns) == ["kind", "grids", "area_m2", "geom"]
    assert faults.crs == grids.crs


def test_a_missing_grid_in_the_middle_is_a_gap_among_its_neighbours():
    """G2.1."""
    town = blocks(3, 3)
    assert told(town.drop(index=4)) == [("gap", "G000,G001,G002,G003,G005,G006,G007,G008", 10_000.0)]


def test_a_grid_moved_into_its_neighbour_leaves_an_overlap_and_an_open_slit():
    """G2.1."""
    town = blocks(3, 1)
    town.loc[1, "geom"] = translate(town.geometry[1], 0.4)
    assert told(town) == [("overlap", "G001,G002", 40.0), ("gap", "G000,G001", 40.0)]
    assert told(town, slit_m=0.3) == [("overlap", "G001,G002", 40.0)]


def test_a_gap_of_a_millimetre_is_found_though_the_coverage_counts_as_valid():
    town = blocks(2, 2)
    hole = shapely.box(EAST + 99.999, NORTH + 20, EAST + 100, NORTH + 80)
    town.loc[0, "geom"] = town.geometry[0].difference(hole)
    assert told(town) == [("gap", "G000,G001", 0.06)]


def test_with_a_service_area_a_gap_is_what_it_has_and_no_grid_covers():
    town = blocks(2, 1)
    area = shapely.box(EAST, NORTH, EAST + 250, NORTH + 100)
    assert told(town, area=area) == [("gap", "G001", 5000.0)]
    assert told(town.iloc[:0], area=area) == [("gap", "", 25_000.0)]


def test_a_bow_tie_and_an_empty_grid_are_invalid_and_three_on_one_place_overlap_in_pairs():
    faults = told(unkind())
    assert [codes for kind, codes, _ in faults if kind == "invalid"] == ["G000", "G001", "G004", "G005", "G006"]
    assert ("overlap", "G000,G008", 5000.0) in faults
    square = shapely.box(0, 0, 10, 10)
    assert told(grids_of([square] * 3)) == [
        ("overlap", pair, 100.0) for pair in ("G000,G001", "G000,G002", "G001,G002")
    ]


def test_grids_that_touch_in_a_point_or_leave_a_wide_bay_are_sound():
    bay = [
        shapely.box(0, 0, 30, 10),
        shapely.box(0, 10, 10, 30),
        shapely.box(20, 10, 30, 30),
        shapely.box(30, 30, 40, 40),
    ]
    assert told(grids_of(bay)) == []


def test_areas_of_faults_and_grids_add_up():
    town = river_town(np.random.default_rng(22))
    frame = shapely.box(*town.total_bounds)
    faults = coverage_faults(town, area=frame)
    assert faults["area_m2"].sum() + town.area.sum() == pytest.approx(frame.area)
    assert (faults["kind"] == "gap").all()


def test_degrees_are_refused():
    with pytest.raises(CrsError, match="degrees"):
        coverage_faults(blocks(1, 1).set_crs("EPSG:4490", allow_override=True))
