"""What the checks list is put right by one change each."""

from dataclasses import replace

import geopandas as gpd
import pytest
import shapely
from grid_shapes import EAST, NORTH
from plan_towns import board_plan, letters

from gisapp.errors import RefusedEdit
from gisapp.grids.plan_checks import plan_faults
from gisapp.grids.repairs import fill_hole, keep_to_one_side


def zones(*wests):
    """Return areas of the board between lines from south to north, given in metres from its west."""
    boxes = [shapely.box(EAST + west, NORTH - 1, EAST + east, NORTH + 900) for west, east in wests]
    return gpd.GeoDataFrame({"code": [f"Z{n}" for n in range(len(boxes))]}, geometry=boxes, crs="EPSG:4547")


def test_what_lies_in_a_hole_goes_to_the_grid_around_it():
    plan = board_plan("AAAA", "ABBA", "AAAA", "CCCC")
    change = fill_hole(plan, "A")
    assert letters(change.done(plan), 4) == ("AAAA", "AAAA", "AAAA", "CCCC")
    assert change.undone(change.done(plan)).digest() == plan.digest()
    with pytest.raises(RefusedEdit, match="no hole"):
        fill_hole(plan, "C")
    with pytest.raises(RefusedEdit, match="locked"):
        fill_hole(replace(plan, locked=frozenset({"B"})), "A")


def test_what_lies_beyond_a_limit_goes_to_the_grids_over_there():
    plan = board_plan("AAAB", "AAAC", "AADD")
    limit = zones((0, 200), (200, 400))
    assert plan_faults(plan, limits={"dma": limit})["grid"].tolist() == ["A"]
    after = keep_to_one_side(plan, "A", limit).done(plan)
    assert letters(after, 4) == ("AABB", "AABC", "AADD")  # of neighbours alike the first by code
    assert plan_faults(after, limits={"dma": limit}).empty
    with pytest.raises(RefusedEdit, match="crosses nothing"):
        keep_to_one_side(plan, "B", limit)


def test_a_piece_beyond_without_a_grid_over_there_stays_and_says_so():
    plan = board_plan("AAAA", "BBBB")
    with pytest.raises(RefusedEdit) as refused:
        keep_to_one_side(plan, "A", zones((0, 300), (300, 400)))
    assert refused.value.kind == "walled"
