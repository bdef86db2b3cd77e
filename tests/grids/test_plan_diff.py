"""What moves between two plans, also where they cut a unit differently."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from plan_towns import board_plan, lasso

from gisapp.errors import InputError
from gisapp.grids.edits import assign_area, assign_units, draw_grid
from gisapp.grids.plan_diff import moved_units
from gisapp.grids.plans import plan_grids


def moves(before, after):
    """Return square metres by from and to."""
    found = moved_units(before, after)
    area = pd.Series(shapely.area(found["geom"].to_numpy(dtype=object)), dtype=float)
    return area.groupby([found["from"], found["to"]]).sum().round(6).to_dict()


def slow_moves(before, after):
    """Return the same by laying every grid of one plan over every grid of the other."""
    told = {}
    for one, shape in plan_grids(before).set_index("code").geometry.items():
        for other, beyond in plan_grids(after).set_index("code").geometry.items():
            area = round(shape.intersection(beyond).area, 6)
            if one != other and area > 1e-3:
                told[one, other] = area
    return told


def test_whole_units_are_compared_by_code():
    plan = board_plan("AABB", "AABB")
    assert moves(plan, assign_units(plan, ["G002", "G006"], "A").done(plan)) == {("B", "A"): 2e4}
    assert moves(plan, plan) == {}


@pytest.mark.parametrize("seed", range(5))
def test_units_cut_in_one_plan_or_differently_in_both_are_laid_over_each_other(seed):
    rng = np.random.default_rng(seed)
    plan = replace(board_plan("AABB", "AABB", "CCDD"), apart=frozenset("ABCD"))
    plans = []
    for code in ("N", "M"):
        x, y = rng.uniform(20, 250), rng.uniform(20, 150)
        area = lasso((x, y), (x + 117, y + 9), (x + 103, y + 111), (x - 11, y + 97))
        plans.append(draw_grid(plan, area, code, "").done(plan))
    for before, after in ((plan, plans[0]), (plans[0], plan), tuple(plans)):
        found, slow = moves(before, after), slow_moves(before, after)
        assert set(found) == set(slow)
        assert all(found[pair] == pytest.approx(slow[pair], abs=1e-3) for pair in slow)


def test_the_same_cut_with_another_owner_is_compared_by_code():
    plan = board_plan("AABB")
    cut = assign_area(plan, lasso((200, 0), (240, 0), (240, 100), (200, 100)), "A").done(plan)
    piece = [unit for unit in cut.unit[cut.of_grid("A")] if "." in unit]
    assert moves(cut, assign_units(cut, piece, "B").done(cut)) == {("A", "B"): 4000.0}


def test_plans_of_other_units_are_not_compared():
    with pytest.raises(InputError, match="the plans are made of other units"):
        moved_units(board_plan("AABB"), board_plan("AABBB"))
    with pytest.raises(InputError, match="the plans are made of other units"):
        moved_units(board_plan("AABB"), board_plan("AABB", size=99.0))
