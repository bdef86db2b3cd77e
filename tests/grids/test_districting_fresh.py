import itertools
import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit_boards import SIDE_M, board, deviation, every_plan, in_pieces

from gisapp.errors import InputError
from gisapp.grids import suggest

EXAMPLES = 12 if os.environ.get("GISAPP_NIGHTLY") else 4


def kinds(proposal):
    return [reason.kind for reason in proposal.shortfalls]


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.integers(3, 8), st.integers(3, 8), st.integers(1, 6), st.integers(0, 99))
def test_every_unit_is_in_one_grid_every_grid_in_one_piece_and_the_tolerance_kept_or_a_reason_told(rows, cols, k, seed):
    weight = np.random.default_rng(seed).integers(0, 9, rows * cols)
    units = board(rows, cols, weight, river=rows // 2, bridges=(0, cols - 1))
    (made,) = suggest(units, k=k, tolerance=0.1, seed=seed)
    assert len(made.grid) == rows * cols
    assert sorted(set(made.grid)) == list(range(k))
    assert in_pieces(units, made.grid) == []
    assert made.load.to_list() == np.bincount(made.grid.astype(int), weights=weight, minlength=k).tolist()
    assert bool(made.shortfalls) == (made.deviation > 0.1 + 1e-9)


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [2, 3])
def test_on_a_board_of_nine_no_plan_is_more_even(seed, k):
    units = board(3, 3, np.random.default_rng(seed).integers(1, 9, 9))
    least = min(deviation(units, grid) for grid in every_plan(units, k))
    (made,) = suggest(units, k=k, tolerance=least)
    assert made.deviation == pytest.approx(least)


def test_equal_squares_become_equal_grids_as_compact_as_squares():
    (made,) = suggest(board(12, 12), k=9)
    assert made.load.to_list() == [16.0] * 9
    assert made.compactness == pytest.approx(np.pi / 4)


def test_compactness_is_that_of_the_polygons():
    units = board(2, 6)
    (made,) = suggest(units, k=2, tolerance=0.0)
    assert made.compactness == pytest.approx(4 * np.pi * 6 * SIDE_M**2 / (10 * SIDE_M) ** 2)


def test_a_grid_crosses_a_river_by_a_bridge_only():
    units = board(4, 3, river=2, bridges=(1,))
    (made,) = suggest(units, k=1)
    assert in_pieces(units, made.grid) == []
    with pytest.raises(InputError, match="1 grids for 2 parts that no border or bridge joins; ask for at least 2"):
        suggest(board(4, 3, river=2), k=1)


def test_no_grid_crosses_a_label_though_it_would_be_rounder_and_each_label_gets_its_share_of_grids():
    label = np.where(np.add.outer(np.arange(6), np.arange(6)).ravel() % 6 < 2, 7, 3)
    weight = np.where(label == 7, 2, 1)
    units = board(6, 6, weight, label=label)
    (made,) = suggest(units, k=8, tolerance=0.5)
    assert all(len(set(label[made.grid == grid])) == 1 for grid in range(8))
    assert in_pieces(units, made.grid) == []


def test_grids_are_numbered_from_west_to_east():
    (made,) = suggest(board(2, 8), k=4)
    assert made.grid.tolist() == [0, 0, 1, 1, 2, 2, 3, 3] * 2


def test_a_unit_heavier_than_a_grid_may_be_stands_alone_and_is_named():
    weight = np.ones(25)
    weight[12] = 40
    (made,) = suggest(board(5, 5, weight), k=4, tolerance=0.1)
    assert (made.grid == made.grid[12]).sum() == 1
    assert sorted(made.load) == [8, 8, 8, 40]
    reason = made.shortfalls[0]
    assert (reason.kind, reason.place, reason.carries, reason.target) == ("heavy_unit", 12, 40, 16)
    assert reason.words("en") == "unit 12 carries 40, more than a whole grid may (16): cut it"


def test_parts_that_cannot_share_are_told_with_their_mean():
    (made,) = suggest(board(4, 3, [5] * 3 + [1] * 9, river=1), k=2)
    assert kinds(made) == ["apart", "apart"]
    assert sorted(reason.carries for reason in made.shortfalls) == [9, 15]
    assert made.shortfalls[0].deviation in (0.25, -0.25)


def test_what_was_not_found_is_told_by_the_grid_that_is_furthest_off():
    (made,) = suggest(board(1, 4, [3, 1, 3, 1]), k=2, tolerance=0.0)
    assert made.shortfalls == ()
    (made,) = suggest(board(1, 3, [2, 3, 2]), k=2, tolerance=0.1)
    assert kinds(made) == ["not_found"]
    assert made.shortfalls[0].count == 2
    assert "2 grids stay outside" in made.shortfalls[0].words("en")


def test_the_same_seed_gives_the_same_plan_and_another_seed_another():
    units = board(12, 12, np.random.default_rng(1).integers(0, 9, 144))
    one, same, other = (suggest(units, k=9, seed=seed)[0].grid for seed in (4, 4, 5))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")
def test_alternatives_are_sorted_by_compactness_among_those_within_the_tolerance():
    units = board(12, 12, np.random.default_rng(1).integers(1, 9, 144))
    made = suggest(units, k=9, tolerance=0.05, count=3)
    assert all(proposal.deviation <= 0.05 for proposal in made)
    forms = [proposal.compactness for proposal in made]
    assert forms == sorted(forms, reverse=True)


def test_a_search_that_is_stopped_returns_a_whole_plan_and_says_so():
    units, told = board(12, 12), []
    (made,) = suggest(units, k=9, count=3, progress=lambda *share: told.append(share), stop=lambda: len(told) >= 3)
    assert not made.finished
    assert in_pieces(units, made.grid) == []
    assert len(told) == 3
    assert all(done <= total for done, total in told)


def test_progress_ends_at_the_total():
    told = []
    (made,) = suggest(board(6, 6), k=4, progress=lambda *share: told.append(share))
    assert made.finished
    assert told[-1][0] == told[-1][1]
    assert told == sorted(told)


def test_grids_take_the_codes_of_the_plan_in_force_that_keep_most_in_place():
    units = board(2, 8)
    before = np.array(list("BBAADDCC") * 2, dtype=object)
    (made,) = suggest(units, k=4, like=before)
    assert made.grid.tolist() == before.tolist()
    assert made.moved == 0
    (more,) = suggest(units, k=8, like=before)
    assert set(more.load.index) == {*"ABCD", "+1", "+2", "+3", "+4"}
    assert more.moved == (more.grid != before).sum()


def test_units_without_any_weight_are_parted_all_the_same():
    (made,) = suggest(board(4, 4, np.zeros(16)), k=4)
    assert sorted(set(made.grid)) == [0, 1, 2, 3]
    assert (made.deviation, made.shortfalls) == (0.0, ())


def test_as_many_grids_as_units():
    (made,) = suggest(board(2, 3), k=6)
    assert sorted(made.grid) == list(range(6))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": 0}, "field k: found 0 grids; ask for at least one"),
        ({"k": 7}, "field k: 7 grids of 6 units; ask for at most 6, or cut the units"),
        ({"k": 2, "tolerance": -0.1}, "field tolerance: a tolerance of -0.1; give a share"),
        ({"k": 2, "count": 0}, "field count: 0 alternatives"),
        ({"k": 2, "like": ["A"]}, "field like: 1 codes for 6 units"),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, message):
    with pytest.raises(InputError, match=message):
        suggest(board(2, 3), **asked)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"weight": np.array([1.0, -2, 1, 1])}, "row 2, field weight: -2.0; give a number from 0"),
        ({"weight": np.array([1.0, 2, np.nan, 1])}, "row 3, field weight: nan"),
        ({"area_m2": np.array([1.0, 1, 1, 0])}, "row 4, field area_m2: 0.0; give an area above 0"),
        ({"outer_m": np.ones(3)}, "field outer_m: 3 values of outer_m for 4 units"),
        ({"pairs": np.array([[0, 4]]), "border_m": np.ones(1)}, "field pairs: a pair of units beyond 0 to 3"),
        ({"weight": np.zeros(0)}, "there are no units"),
    ],
)
def test_units_that_cannot_be_are_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        replace(board(2, 2), **wrong)


def test_all_reasons_have_words_in_every_language():
    from gisapp.grids import Shortfall

    kinds = ("heavy_unit", "apart", "locked", "locked_grid", "not_found")
    for kind, language in itertools.product(kinds, ("zh-Hans", "zh-Hant", "en")):
        assert "G7" in Shortfall(kind, "G7", 12.0, 10.0, 2).words(language)
