import os
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit_boards import board, deviation, every_plan, in_pieces

from gisapp.errors import InputError
from gisapp.grids import rebalance, suggest
from gisapp.grids.districting_seeds import one_piece
from gisapp.grids.districting_transport import least_transport

LETTERS = np.array(list("ABCDEFGHIJ"), dtype=object)

EXAMPLES = 12 if os.environ.get("GISAPP_NIGHTLY") else 3


def stripes(rows, cols, k):
    """Return a plan of equal upright stripes, A in the west."""
    return LETTERS[np.tile(np.arange(cols) * k // cols, rows)]


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.integers(3, 8), st.integers(3, 8), st.integers(2, 5), st.integers(0, 99))
def test_whatever_grows_each_grid_stays_in_one_piece_and_locked_ones_keep_their_units(rows, cols, k, seed):
    units = board(rows, cols)
    (start,) = suggest(units, k=k, tolerance=0.5, seed=seed)
    before = LETTERS[start.grid.astype(int)]
    grown = board(rows, cols, np.random.default_rng(seed).integers(0, 9, rows * cols))
    (made,) = rebalance(grown, before, tolerance=0.1, locked=["A"], seed=seed)
    assert set(made.grid) == set(before)
    assert in_pieces(grown, made.grid) == []
    assert ((made.grid == "A") == (before == "A")).all()
    assert made.moved == grown.weight[made.grid != before].sum()
    assert bool(made.shortfalls) == (made.deviation > 0.1 + 1e-9)


@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_on_a_small_board_hardly_more_is_moved_than_by_the_best_of_all_plans(seed):
    units = board(3, 4, np.random.default_rng(seed).integers(1, 6, 12))
    before = np.tile([0, 0, 1, 1], 3)
    even = [grid for grid in every_plan(units, 2) if deviation(units, grid) <= 0.1]
    least = min(
        units.weight[np.array(names)[grid] != before].sum() for grid in even for names in permutations(range(2))
    )
    (made,) = rebalance(units, LETTERS[before], tolerance=0.1)
    assert made.deviation <= 0.1
    assert made.moved <= 1.2 * least


def test_a_plan_that_is_even_already_stays_as_it_is():
    before = stripes(6, 6, 3)
    (made,) = rebalance(board(6, 6), before)
    assert made.grid.tolist() == before.tolist()
    assert (made.moved, made.least_moved, made.shortfalls) == (0, 0, ())


def test_growth_at_one_end_is_passed_on_from_grid_to_grid():
    weight = np.ones((6, 12))
    weight[:, :3] = 2
    (made,) = rebalance(board(6, 12, weight.ravel()), stripes(6, 12, 4), tolerance=0.05)
    assert made.target == 22.5
    assert made.deviation <= 0.05
    assert made.moved <= 1.2 * made.least_moved


def test_the_least_transport_is_that_worked_out_by_hand():
    arcs = np.array([[0, 1], [1, 0], [1, 2], [2, 1]])
    amount, beyond = least_transport(arcs, np.array([16.0, 10, 4]), np.full(3, 9.0), np.full(3, 11.0))
    assert amount.tolist() == [5, 0, 5, 0]
    assert beyond == 0
    _, beyond = least_transport(arcs, np.array([20.0, 10, 10]), np.full(3, 9.0), np.full(3, 11.0))
    assert beyond == pytest.approx(40 - 33)


def test_a_new_grid_is_begun_where_most_is_carried_and_takes_about_its_share():
    weight = np.ones((6, 12))
    weight[:, 9:] = 2
    before = stripes(6, 12, 4)
    (made,) = rebalance(board(6, 12, weight.ravel()), before, add=["N"], tolerance=0.1)
    assert made.target == 18
    assert made.load["N"] == pytest.approx(18, rel=0.1)
    assert (made.grid[before == "D"] == "N").any()
    assert in_pieces(board(6, 12), made.grid) == []


def test_a_closed_grid_goes_to_its_neighbours():
    before = stripes(6, 12, 4)
    (made,) = rebalance(board(6, 12), before, close=["B"], tolerance=0.1)
    assert sorted(made.load.index) == ["A", "C", "D"]
    assert made.load.sum() == 72
    assert made.deviation <= 0.1
    assert made.moved >= 18
    assert in_pieces(board(6, 12), made.grid) == []


def test_a_grid_behind_locked_ones_is_told_and_so_is_a_locked_one_that_is_off():
    weight = np.ones((3, 9))
    weight[:, 3:6] = 4
    (made,) = rebalance(board(3, 9, weight.ravel()), stripes(3, 9, 3), locked=["B"])
    assert [(reason.kind, reason.place) for reason in made.shortfalls] == [
        ("locked", "A"),
        ("locked", "C"),
        ("locked_grid", "B"),
    ]
    assert made.moved == 0


def test_a_grid_in_pieces_is_mended_unless_it_is_locked():
    before = stripes(4, 8, 4)
    before[7] = "A"
    (made,) = rebalance(board(4, 8), before, tolerance=0.1)
    assert in_pieces(board(4, 8), made.grid) == []
    (kept,) = rebalance(board(4, 8), before, tolerance=0.2, locked=["A"])
    assert ((kept.grid == "A") == (before == "A")).all()


def test_pieces_join_the_free_neighbour_with_the_longest_border_and_locked_grids_stay_in_pieces():
    grid = np.array([0, 0, 1, 1, 0, 0, 0, 1, 1, 0], np.int32)  # two rows of five; the 0 in the east is apart
    graph = board(2, 5).graph
    assert one_piece(graph, grid, np.array([True, True])).tolist() == [0, 0, 1, 1, 1, 0, 0, 1, 1, 1]
    assert one_piece(graph, grid, np.array([False, True])).tolist() == grid.tolist()
    assert one_piece(graph, grid, np.array([True, False])).tolist() == grid.tolist()


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
def test_alternatives_trade_change_for_compactness():
    rng = np.random.default_rng(3)
    units = board(16, 16, rng.integers(1, 9, 256))
    before = LETTERS[suggest(board(16, 16), k=8)[0].grid.astype(int)]
    made = rebalance(units, before, count=4)
    assert [proposal.kind for proposal in made] == ["least_change", "between", "compact", "least_change"]
    assert made[0].moved <= made[2].moved
    assert made[0].compactness <= made[2].compactness
    assert all(proposal.deviation <= 0.05 for proposal in made)


def test_least_change_moves_less_than_half_of_what_a_fresh_partition_moves():
    rng = np.random.default_rng(3)
    before = LETTERS[suggest(board(16, 16), k=8)[0].grid.astype(int)]
    units = board(16, 16, np.where(np.arange(256) < 64, 3, 2) + rng.integers(0, 2, 256))
    (least,) = rebalance(units, before)
    (fresh,) = suggest(units, k=8, tolerance=0.05, like=before, seed=1)
    assert least.moved < 0.5 * fresh.moved


def test_the_same_seed_gives_the_same_change():
    units = board(8, 8, np.random.default_rng(2).integers(1, 9, 64))
    one, same = (rebalance(units, stripes(8, 8, 4), seed=9)[0].grid for _ in range(2))
    assert (one == same).all()


def test_a_change_that_is_stopped_is_a_whole_plan():
    weight = np.random.default_rng(2).integers(1, 9, 64)
    made = rebalance(board(8, 8, weight), stripes(8, 8, 4), count=3, stop=lambda: True)
    assert len(made) == 1
    assert not made[0].finished
    assert in_pieces(board(8, 8), made[0].grid) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"locked": ["A", "B", "C"]}, "field locked: all 3 grids are locked; unlock at least two"),
        ({"locked": ["X"]}, "field locked: no grid 'X'; give codes of the plan"),
        ({"close": ["X"]}, "field close: no grid 'X'"),
        ({"close": ["A"], "locked": ["A"]}, "field close: grid 'A' is locked; unlock it before it is closed"),
        ({"close": ["A", "B", "C"]}, "field close: all grids are to be closed"),
        ({"close": ["A"], "locked": ["B"]}, "field close: 3 units of a grid to be closed border only on locked grids"),
        ({"add": ["B"]}, "field add: grid 'B' is there already"),
        ({"add": ["N", "N"]}, "field add: grid 'N' is there already"),
        ({"tolerance": 1.5}, "field tolerance: a tolerance of 1.5"),
        ({"count": 0}, "field count: 0 alternatives"),
    ],
)
def test_changes_that_cannot_be_made_are_refused(asked, message):
    with pytest.raises(InputError, match=message):
        rebalance(board(3, 3), stripes(3, 3, 3), **asked)


def test_a_grid_that_cannot_be_split_takes_no_new_one():
    with pytest.raises(InputError, match="field add: no free grid has two units"):
        rebalance(board(1, 3), LETTERS[:3], add=["N"])


def test_a_unit_in_no_grid_is_named():
    with pytest.raises(InputError, match="row 2, field plan: the unit is in no grid; assign it first"):
        rebalance(board(1, 3), ["A", None, "B"])
