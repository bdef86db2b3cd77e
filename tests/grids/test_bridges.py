"""Bridges between units that lie apart."""

from dataclasses import replace

import pytest
from plan_towns import at, board_plan

from gisapp.errors import RefusedEdit
from gisapp.grids.bridges import bridged
from gisapp.grids.plan_checks import plan_faults

MIDDLES = at((50, 50), (350, 50), (150, 150))


def test_two_units_that_lie_apart_are_a_bridge_by_which_a_grid_hangs_together():
    plan = board_plan("ABBA")
    pair = bridged(plan, MIDDLES[0], MIDDLES[1])
    assert plan_faults(plan)["kind"].tolist() == ["parts"]
    assert plan_faults(replace(plan, bridges=(pair,))).empty


def test_a_bridge_that_is_there_is_named_as_it_stands_from_either_end():
    plan = board_plan("ABBA")
    ends = tuple(sorted(bridged(plan, MIDDLES[0], MIDDLES[1]), reverse=True))
    assert bridged(replace(plan, bridges=(ends,)), MIDDLES[0], MIDDLES[1]) == ends


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [((50, 50), (50, 60), "touching"), ((50, 50), (150, 50), "touching"), ((50, 50), (150, 950), "outside")],
)
def test_a_bridge_within_a_unit_to_its_neighbour_or_to_nowhere_is_refused(one, other, kind):
    with pytest.raises(RefusedEdit) as refused:
        bridged(board_plan("ABBA"), *at(one, other))
    assert refused.value.kind == kind
