"""What is wrong with a plan is found, each fault once and where it is."""

from dataclasses import replace

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import shapely.affinity
from grid_shapes import CRS
from plan_towns import board_plan, lasso

from gisapp.errors import InputError
from gisapp.grids.cutting import SliverRule
from gisapp.grids.edits import assign_area
from gisapp.grids.plan_checks import plan_faults
from gisapp.tables import conform

NOW = pd.Timestamp("2026-11-27T00:00Z")


def told(faults):
    return faults[["kind", "grid"]].to_numpy().tolist()


def posts_of(*rows):
    columns = ["person_code", "scope", "valid_from", "valid_to"]
    made = pd.DataFrame(rows, columns=columns).assign(role="grid_leader", scope_kind="grid")
    for name in columns[2:]:
        made[name] = pd.to_datetime(made[name], utc=True)
    return conform(made, "posts")


def test_a_sound_plan_has_no_faults():
    assert len(plan_faults(board_plan("AABB", "AABB"))) == 0


def test_parts_are_told_with_what_is_off_unless_declared():
    plan = board_plan("ABA", "ABA", "ABB")
    faults = plan_faults(plan)
    assert told(faults) == [["parts", "A"]]
    assert faults["told"][0] == "in 2 parts; 2 units are off the largest"
    assert faults.geometry[0].area == 2e4
    assert len(plan_faults(replace(plan, apart=frozenset("A")))) == 0


def test_holes_and_slivers_are_told():
    assert told(plan_faults(board_plan("AAA", "ABA", "AAA"))) == [["hole", "A"]]
    plan = board_plan("AB")
    narrow = assign_area(plan, lasso((100, 0), (100.5, 0), (100.5, 100), (100, 100)), "A", slivers=SliverRule(1, 0.1))
    assert told(plan_faults(narrow.done(plan))) == [["sliver", "A"]]


def test_units_that_overlap_or_gape_are_told_with_the_edges():
    plan = board_plan("AB")
    shapes = plan.shape.copy()
    shapes[1] = shapely.affinity.translate(shapes[1], 0.3)
    assert told(plan_faults(replace(plan, shape=shapes))) == [["coverage", "A"], ["coverage", "B"]]
    assert "coverage" not in plan_faults(replace(plan, shape=shapes), gap_m=0.1)["kind"].to_numpy()


def test_codes_match_the_whole_pattern():
    assert told(plan_faults(board_plan("AB"), pattern="A|B|C")) == []
    assert told(plan_faults(board_plan("AB"), pattern="A.*")) == [["code", "B"]]
    with pytest.raises(InputError, match="no regular expression"):
        plan_faults(board_plan("AB"), pattern="(")


def test_every_grid_has_exactly_one_leader_at_any_time_to_come():
    """G2.2."""
    posts = posts_of(
        ("P1", "A", "2020-01-01", "2027-01-01"),
        ("P2", "A", "2026-12-01", None),
        ("P3", "B", "2020-01-01", "2027-01-01"),
        ("P3", "B", "2027-02-01", None),
        ("P9", "C", "2010-01-01", "2011-01-01"),
    )
    faults = plan_faults(board_plan("ABC"), posts=posts, since=NOW)
    assert faults["told"].tolist() == [
        "2 leaders from 2026-12-01T00:00:00+00:00 until 2027-01-01T00:00:00+00:00",
        "0 leaders from 2027-01-01T00:00:00+00:00 until 2027-02-01T00:00:00+00:00",
        "0 leaders from 2026-11-27T00:00:00+00:00",
    ]
    assert told(faults) == [["leaders", "A"], ["no_leader", "B"], ["no_leader", "C"]]
    with pytest.raises(InputError, match="from a moment on"):
        plan_faults(board_plan("ABC"), posts=posts)


def test_a_grid_that_crosses_a_limit_is_told_with_what_is_beyond():
    zones = gpd.GeoDataFrame(
        {"code": ["Z1", "Z2"]},
        geometry=[lasso((0, 0), (300, 0), (300, 100), (0, 100)), lasso((300, 0), (400, 0), (400, 100), (300, 100))],
        crs=CRS,
    )
    assert len(plan_faults(board_plan("AAAB"), limits={"zones": zones})) == 0
    faults = plan_faults(board_plan("AABB"), limits={"zones": zones})
    assert faults["told"].tolist() == ["crosses zones: Z1, Z2"]
    assert faults["grid"].tolist() == ["B"]


def test_only_the_grids_asked_for_are_looked_at():
    plan = board_plan("ABA", "BBB", "CBC")
    assert told(plan_faults(plan)) == [["parts", "A"], ["parts", "C"]]
    assert told(plan_faults(plan, only=["C", "B"])) == [["parts", "C"]]
