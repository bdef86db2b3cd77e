"""Edits of a plan on a board that is checked by eye: what moves, what is cut, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from plan_towns import at, board_plan, check_sound, lasso, letters

from gisapp.errors import InputError
from gisapp.grids.changes import History, change_of
from gisapp.grids.cutting import SliverRule
from gisapp.grids.edits import (
    assign_area,
    assign_units,
    carry_out,
    drag_corner,
    draw_grid,
    merge_grids,
    split_grid,
    units_under,
)
from gisapp.grids.plans import free_code, plan_grids
from gisapp.grids.repairs import reassign_enclaves


def test_a_brush_takes_the_units_that_its_stroke_passes_through_but_not_those_of_locked_grids():
    plan = board_plan("AABB", "AABC")
    under = units_under(plan, shapely.LineString(at((150, 150), (250, 150))))
    assert sorted(plan.grid[plan.places(under)]) == ["A", "B"]
    assert len(units_under(plan, shapely.Point(*at((350, 50))[0]))) == 1
    locked = replace(plan, locked=frozenset({"B"}))
    assert list(plan.grid[plan.places(units_under(locked, shapely.LineString(at((150, 150), (250, 150)))))]) == ["A"]


def area_of(plan, code):
    return shapely.area(plan.shape[plan.of_grid(code)]).sum()


def test_a_lasso_round_whole_units_moves_them_and_cuts_nothing():
    plan = board_plan("AABB", "AABB")
    change = assign_area(plan, lasso((200, 0), (300, 0), (300, 200), (200, 200)), "A")
    assert letters(change.done(plan), 4) == ("AAAB", "AAAB")
    assert change.grids == ["A", "B"]
    assert len(change.after) == 2


def test_a_lasso_cuts_only_the_units_that_it_crosses():
    plan = board_plan("AABB", "AABB")
    change = assign_area(plan, lasso((200, 0), (250, 0), (250, 100), (200, 100)), "A")
    after = change.done(plan)
    assert sorted(set(change.before.unit) - set(change.after.unit)) == ["G002"]
    assert area_of(after, "A") == 4 * 100**2 + 50 * 100
    assert set(after.root[after.of_grid("A")]) == {"G000", "G001", "G002", "G004", "G005"}
    check_sound(after)


def test_the_unit_across_the_border_gets_the_new_corner_of_a_cut():
    plan = board_plan("CC", "AB")
    after = split_grid(plan, "A", shapely.LineString(at((40, -9), (40, 109))), "N", "").done(plan)
    above = after.shape[after.places(["G002"])[0]]
    assert at((40, 100))[0] in list(above.exterior.coords)
    check_sound(after)


def test_a_unit_is_not_cut_where_a_sliver_would_be_left_and_goes_where_most_of_it_is():
    plan = board_plan("AB")
    change = assign_area(plan, lasso((100, 0), (199.5, 0), (199.5, 100), (100, 100)), "A")
    assert change.whole == ("G001",)
    assert letters(change.done(plan), 2) == ("AA",)
    with pytest.raises(InputError, match="nothing would move; 1 units are kept whole by the sliver rule"):
        assign_area(plan, lasso((100, 0), (100.5, 0), (100.5, 100), (100, 100)), "A")
    narrow = assign_area(
        plan, lasso((100, 0), (100.5, 0), (100.5, 100), (100, 100)), "A", slivers=SliverRule(least_width_m=0.1)
    )
    assert area_of(narrow.done(plan), "A") == pytest.approx(100**2 + 50)


def test_locked_grids_keep_exactly_their_units():
    plan = replace(board_plan("AABC", "AABC"), locked=frozenset("C"))
    change = assign_area(plan, lasso((200, 0), (350, 0), (350, 200), (200, 200)), "A")
    assert letters(change.done(plan), 4) == ("AAAC", "AAAC")
    assert "C" not in change.grids
    assert set(change.whole) == {"G003", "G007"}
    for edit in (
        lambda: assign_units(plan, ["G003"], "A"),
        lambda: assign_units(plan, ["G002"], "C"),
        lambda: merge_grids(plan, "C", "B"),
        lambda: split_grid(plan, "C", shapely.LineString(at((300, 100), (400, 100))), "N", ""),
        lambda: drag_corner(plan, [(at((300, 0))[0], at((310, 0))[0])]),
        lambda: carry_out(plan, ["A"] * 8),
    ):
        with pytest.raises(InputError, match="locked"):
            edit()


def test_a_grid_may_fall_into_parts_only_where_that_is_declared():
    plan = board_plan("ABA", "ABA", "AAA")
    with pytest.raises(InputError, match="grid A would be in 2 parts"):
        assign_units(plan, ["G001"], "B")
    declared = replace(plan, apart=frozenset("A"))
    assert assign_units(declared, ["G001"], "B").violations == ("parts:A",)
    bridged = board_plan("ABA", "ABA", "AAA", bridges=[("G000", "G002")])
    assert assign_units(bridged, ["G001"], "B").violations == ()


def test_a_split_gives_all_but_the_largest_part_to_the_new_grid():
    plan = board_plan("AAAB", "AAAB")
    change = split_grid(plan, "A", shapely.LineString(at((120, -5), (120, 205))), "N", "新网格")
    after = change.done(plan)
    assert area_of(after, "N") == pytest.approx(120 * 200)
    assert area_of(after, "A") == pytest.approx(180 * 200)
    assert plan_grids(after, ["N"])["name"].tolist() == ["新网格"]
    check_sound(after)


@pytest.mark.parametrize("line", [[(120, 50), (120, 205)], [(-50, -50), (-50, 300)], [(350, -5), (350, 205)]])
def test_a_line_that_does_not_cut_is_refused(line):
    with pytest.raises(InputError, match="does not cut grid A"):
        split_grid(board_plan("AAAB", "AAAB"), "A", shapely.LineString(at(*line)), "N", "")


def test_merging_takes_every_unit_and_needs_a_common_border():
    plan = board_plan("AABC", "AABC")
    assert letters(merge_grids(plan, "B", "C").done(plan), 4) == ("AACC", "AACC")
    with pytest.raises(InputError, match="would be in 2 parts"):
        merge_grids(plan, "C", "A")
    with pytest.raises(InputError, match="into itself"):
        merge_grids(plan, "C", "C")


def test_a_dragged_corner_moves_every_grid_that_uses_it():
    plan = board_plan("BBCC", "BBCC", "AAAA")
    change = drag_corner(plan, [(at((200, 100))[0], at((230, 140))[0])])
    after = change.done(plan)
    assert change.grids == ["A", "B", "C"]
    corner = shapely.Point(at((230, 140))[0])
    assert all(shape.boundary.distance(corner) < 1e-9 for shape in plan_grids(after).geometry)
    # A gains the triangle between its old border and the new corner, B and C have what is left
    assert area_of(after, "A") == pytest.approx(4e4 + 200 * 40 / 2)
    b = shapely.Polygon([(0, 100), (100, 100), (230, 140), (200, 200), (200, 300), (0, 300)])
    assert area_of(after, "B") == pytest.approx(b.area)
    check_sound(after)


def test_a_stretch_of_a_border_is_dragged_as_one():
    plan = board_plan("AABB", "AABB", "AABB")
    moves = [(at((200, y))[0], at((260, y))[0]) for y in (100, 200)]
    after = drag_corner(plan, moves).done(plan)
    assert area_of(after, "A") == pytest.approx(6e4 + 60 * 100 + 2 * 60 * 100 / 2)
    check_sound(after)


def test_drags_that_cross_or_leave_the_area_are_refused():
    plan = board_plan("AABB", "AABB", "CCCC")
    with pytest.raises(InputError, match="no corner of a border is there"):
        drag_corner(plan, [(at((150, 150))[0], at((160, 160))[0])])
    with pytest.raises(InputError, match="outer border"):
        drag_corner(plan, [(at((0, 100))[0], at((50, 100))[0])])
    with pytest.raises(InputError, match="cross"):
        drag_corner(plan, [(at((200, 200))[0], at((210, 50))[0])])


def test_a_drawn_grid_is_new_and_has_its_name():
    plan = board_plan("AAA", "AAA", "AAA")
    change = draw_grid(plan, lasso((100, 0), (200, 0), (200, 150), (100, 150)), "N", "新")
    after = change.done(plan)
    assert area_of(after, "N") == pytest.approx(15_000)
    assert after.named["N"].name == "新"
    assert after.named["N"].utilities == "water"
    with pytest.raises(InputError, match="grid 'A' is there already"):
        draw_grid(plan, lasso((0, 0), (9, 0), (9, 9)), "A", "")
    with pytest.raises(InputError, match="no code"):
        draw_grid(plan, lasso((0, 0), (9, 0), (9, 9)), " ", "")


def test_enclaves_go_to_the_grid_that_borders_on_them_longest():
    plan = board_plan("ABBB", "ABCA", "AACC")
    after = reassign_enclaves(plan, "A").done(plan)
    assert letters(after, 4) == ("ABBB", "ABCC", "AACC")
    with pytest.raises(InputError, match="in one part"):
        reassign_enclaves(after, "A")


def test_bad_areas_are_refused_in_words():
    plan = board_plan("AB")
    with pytest.raises(InputError, match="crosses itself"):
        assign_area(plan, lasso((0, 0), (50, 50), (50, 0), (0, 70)), "B")
    with pytest.raises(InputError, match="the area is empty"):
        assign_area(plan, lasso((0, 0), (50, 0), (20, 0)), "B")
    with pytest.raises(InputError, match="no polygon"):
        assign_area(plan, shapely.LineString(at((0, 0), (9, 9))), "B")
    with pytest.raises(InputError, match="no grid 'X'"):
        assign_area(plan, lasso((0, 0), (50, 0), (20, 30)), "X")


def test_a_proposal_for_other_units_is_refused_and_new_codes_get_names():
    plan = board_plan("AABB")
    with pytest.raises(InputError, match="a proposal for 3 units, the plan has 4"):
        carry_out(plan, list("AAB"))
    with pytest.raises(InputError, match="nothing would move"):
        carry_out(plan, list("AABB"))
    change = carry_out(plan, list("AANB"))
    assert change.kind == "proposal"
    assert list(change.named) == ["N"]


def test_a_change_comes_back_from_its_text_to_the_last_bit():
    plan = board_plan("AABB", "AABB")
    odd = lasso((110.1, 33.3), (277.7, 12.9), (251.3, 133.7))
    change = assign_area(plan, odd, "A")
    again = change_of(change.as_text())
    assert again.done(plan).digest() == change.done(plan).digest() != plan.digest()
    assert again.undone(change.done(plan)).digest() == plan.digest()


def test_history_goes_back_and_on_and_a_new_edit_gives_up_what_was_undone():
    plan = board_plan("AABB", "AABB")
    first = History(plan).add(draw_grid(plan, lasso((110, 0), (190, 0), (190, 90), (110, 90)), "N", "新"))
    second = first.add(merge_grids(first.plan, "N", "A"))
    back = second.undo().undo()
    assert back.plan.digest() == plan.digest()
    assert dict(back.plan.named) == dict(plan.named)
    assert back.redo().redo().plan.digest() == second.plan.digest()
    other = back.redo().add(assign_units(first.plan, ["G006"], "A"))
    assert other.undone == ()
    with pytest.raises(InputError, match="nothing was undone"):
        other.redo()
    with pytest.raises(InputError, match="nothing is left to undo"):
        back.undo()


def test_an_edit_leaves_the_plan_that_it_was_given_as_it_was():
    plan = board_plan("AABB", "AABB")
    before, shapes = plan.digest(), plan.shape.copy()
    assign_area(plan, lasso((110, 10), (277, 12), (251, 133)), "A")
    assert plan.digest() == before
    assert np.array_equal(plan.shape, shapes)


@pytest.mark.parametrize(
    ("codes", "free"),
    [(("G001", "G019"), "G020"), (("A", "B"), "G003"), (("X9", "A3"), "X10"), (("G1", "城07"), "城08")],
)
def test_a_free_code_is_the_highest_number_and_one(codes, free):
    plan = board_plan("AB")
    named = {code: plan.named["A"] for code in codes}
    assert free_code(replace(plan, named=named)) == free


def test_a_half_whose_middle_lies_on_a_border_of_units_is_a_half():
    plan = board_plan("AA", "AA")
    after = split_grid(plan, "A", shapely.LineString(at((-10, 110), (210, 110))), "N", "").done(plan)
    assert shapely.area(plan_grids(after, ["N"]).geometry.iloc[0]) == pytest.approx(18_000)
    check_sound(after)
