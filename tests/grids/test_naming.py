"""Grids of a plan get codes, names and leaders, each a change that is undone to the last bit."""

from dataclasses import replace

import pandas as pd
import pytest
import shapely
from plan_towns import at, board_plan

from gisapp.errors import InputError, RefusedEdit
from gisapp.grids import Change, History, change_of, leaders_planned, name_grid
from gisapp.grids.edits import assign_units, draw_grid, merge_grids
from gisapp.grids.naming import renumber
from gisapp.grids.plan_checks import plan_faults
from gisapp.grids.plans import Named, plan_grids


def kept(change: Change) -> Change:
    """Return a change as it comes back from its text."""
    return change_of(change.as_text())


def test_a_grid_gets_another_code_with_all_its_units_and_its_name_and_leader():
    plan = board_plan("AAB", "AAB")
    change = kept(name_grid(plan, "B", code="G007", name="东区", leader="P12"))
    after = change.done(plan)
    assert after.codes == ["A", "G007"]
    assert after.named["G007"] == Named("东区", plan.named["B"].utilities, "P12")
    assert change.grids == ["B", "G007"]
    assert change.undone(after).digest() == plan.digest()
    assert change.undone(after).named == plan.named


def test_a_name_and_a_leader_alone_move_no_unit_and_are_undone():
    plan = board_plan("AAB", "AAB")
    history = History(plan).add(kept(name_grid(plan, "A", name="西区"))).add(kept(name_grid(plan, "A", leader="P3")))
    assert history.plan.digest() == plan.digest()
    assert history.plan.named["A"].leader == "P3"
    assert history.done[-1].grids == ["A"]
    assert history.undo().undo().plan.named == plan.named
    assert history.undo().undo().redo().redo().plan.named == history.plan.named


@pytest.mark.parametrize(
    ("grid", "given", "kind"),
    [
        ("X", {"name": "a"}, "no_grid"),
        ("B", {"code": "A"}, "taken"),
        ("B", {"code": " "}, "taken"),
        ("B", {"leader": ""}, "same_name"),
        ("A", {"code": "C"}, "locked"),
    ],
)
def test_a_name_that_cannot_be_is_refused(grid, given, kind):
    plan = replace(board_plan("AAB", "AAB"), locked=frozenset({"A"}))
    with pytest.raises(RefusedEdit) as refused:
        name_grid(plan, grid, **given)
    assert refused.value.kind == kind


def test_whom_the_plan_names_leads_its_grid_and_a_grid_with_one_named_has_no_fault():
    """G2.2"""
    plan = board_plan("AAB", "AAB")
    led = name_grid(plan, "B", leader="P9").done(plan)
    assert leaders_planned(led, pd.Series({"A": "P1", "B": "P2"})).to_dict() == {"A": "P1", "B": "P9"}
    columns = ["person_code", "role", "scope_kind", "scope", "valid_from", "valid_to"]
    since = pd.Timestamp("2026-11-27T00:00Z")
    none = pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    faults = plan_faults(led, posts=none, since=since)
    assert faults[["kind", "grid"]].to_numpy().tolist() == [["no_leader", "A"]]


def test_a_name_given_stays_with_a_grid_that_is_edited_on():
    plan = board_plan("AAB", "AAB")
    named = name_grid(plan, "B", name="东区", leader="P9").done(plan)
    after = assign_units(named, [named.unit[named.of_grid("A")[-1]]], "B").done(named)
    assert after.named["B"].leader == "P9"
    gone = merge_grids(after, "B", "A")
    back = gone.undone(gone.done(after))
    assert back.named == after.named
    whole = gone.done(after)
    anew = draw_grid(whole, whole.shape[0], "B", "又")  # a code that was known keeps its name
    assert anew.done(whole).named["B"].name == "东区"


def test_grids_are_numbered_north_to_south_and_west_to_east():
    plan = board_plan("XXQQ", "ZZAA", "ZZAA")
    after = renumber(plan, "G{number:02d}", band_m=60).done(plan)
    middle = plan_grids(after).geometry.centroid
    assert [
        shapely.Point(at((x, y))[0]) for x, y in ((100, 250), (300, 250), (100, 100), (300, 100))
    ] == middle.tolist()
    assert plan_grids(after)["name"].tolist() == ["X", "Q", "Z", "A"]
    with pytest.raises(InputError, match="equal codes"):
        renumber(plan, "G")
    assert renumber(plan).undone(renumber(plan).done(plan)).named == plan.named


def test_a_leader_stays_with_the_ground_when_codes_change_places():
    """G2.2"""
    plan = board_plan("BBA", "BBA")
    change = kept(renumber(plan, "{number}", leaders={"A": "P1", "B": "P2"}))
    after = change.done(plan)
    assert {code: after.named[code].leader for code in after.codes} == {"1": "P2", "2": "P1"}
    assert change.undone(after).named == plan.named
