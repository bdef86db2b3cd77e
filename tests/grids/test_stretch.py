"""Borders stretch between a corner that is dragged and the next that is held, on both sides alike."""

import numpy as np
import pytest
import shapely
from plan_towns import at, board_plan, check_sound

from gisapp.grids.edits import drag_corner
from gisapp.grids.plans import plan_grids
from gisapp.grids.stretch import stretched

PLAN = board_plan("AAAABBBB", "AAAABBBB", "CCCCDDDD", "CCCCDDDD")  # squares of 100 m: borders have a corner each 100 m
MIDDLE, NORTH, SOUTH, WEST, EAST = at((400, 200), (400, 400), (400, 0), (0, 200), (800, 200))


def moves_of(dragged, held):
    return {tuple(start): np.subtract(end, start) for start, end in stretched(PLAN, dragged, held)}


def to(point, x, y):
    return (point[0] + x, point[1] + y)


def test_what_lies_between_moves_by_less_the_nearer_it_is_to_what_is_held():
    moves = moves_of([(MIDDLE, to(MIDDLE, 40, 20))], [NORTH, SOUTH, WEST, EAST])
    assert moves[MIDDLE] == pytest.approx((40, 20))
    assert moves[at((400, 300))[0]] == pytest.approx((20, 10))
    assert moves[at((100, 200))[0]] == pytest.approx((10, 5))
    assert not {NORTH, SOUTH, WEST, EAST} & set(moves)


def test_a_dragged_corner_leaves_a_whole_coverage_whose_borders_are_straight_to_what_is_held():
    moves = stretched(PLAN, [(MIDDLE, to(MIDDLE, 40, 20))], [NORTH, SOUTH, WEST, EAST])
    after = drag_corner(PLAN, moves).done(PLAN)
    check_sound(after)
    line = shapely.LineString([NORTH, to(MIDDLE, 40, 20)])
    shapes = dict(plan_grids(after)[["code", "geom"]].itertuples(index=False, name=None))
    assert line.difference(shapes["A"].boundary.buffer(1e-6)).length < 1e-6


def test_a_whole_stretch_moves_with_both_its_ends():
    one, other = at((200, 200), (300, 200))
    moves = moves_of([(one, to(one, 0, 30)), (other, to(other, 0, 30))], [WEST, MIDDLE])
    assert moves[one] == pytest.approx((0, 30))
    assert moves[other] == pytest.approx((0, 30))
    assert moves[at((100, 200))[0]] == pytest.approx((0, 15))


def test_points_a_little_beside_a_corner_mean_it_and_others_nothing():
    assert moves_of([(to(MIDDLE, 0.02, 0), to(MIDDLE, 40.02, 0))], [])[MIDDLE] == pytest.approx((40, 0))
    assert stretched(PLAN, [(to(MIDDLE, 30, 30), MIDDLE)], []) == []
