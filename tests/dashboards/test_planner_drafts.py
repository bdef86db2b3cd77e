"""Plans on the page: listed, opened, carried from version to version, drawn by what moved, led through their life."""

import numpy as np
import pandas as pd
import pytest
from squares import HOUSEHOLDS, quarters, squares, text_of

from dashboards.access import Permission, Person
from dashboards.app import create_app
from dashboards.drafting import plan_now
from dashboards.planner.bar import plan_bar
from dashboards.planner.drafts import Drafts, counted, ready
from dashboards.planner.drawn import plan_shapes, plan_specs
from dashboards.planner.proposing import Searches
from dashboards.planner.writing import write
from dashboards.snapshot import Snapshot
from gisapp.errors import AccessError, InputError
from gisapp.grids.edits import assign_units, merge_grids
from gisapp.words import word

EDIT, APPROVE = Permission.GRIDS_EDIT, Permission.GRIDS_APPROVE


@pytest.fixture
def code(drafts):
    return write({"do": "new", "plan": "", "name": " 新划分 "}, drafts, Searches(), who="P1", needs=EDIT)


def changed(drafts, code, change):
    """Write a change as another server would: past what is open."""
    opened = drafts.of(code)
    drafts.snapshot.store.plans.add(code, change(opened.plan), version=opened.draft.version, actor="P2")
    return drafts.of(code)


def test_a_new_plan_is_the_grids_in_force_with_their_figures(drafts, code):
    opened = drafts.of(code)
    assert opened.draft.name == "新划分"
    assert dict(zip(opened.rows["code"], opened.rows["households"], strict=True)) == HOUSEHOLDS
    assert opened.mark == {"plan": code, "version": 1, "status": "draft", "steps": 0, "undone": 0, "locked": []}
    shown = list(opened.rows.columns.drop(["class", "bounds", "pipe_km", "locked"]))
    pd.testing.assert_frame_equal(opened.figures[shown], drafts.snapshot.workload()[shown])


def test_a_plan_that_is_open_is_not_loaded_again_and_one_saved_elsewhere_is_carried_on(drafts, code):
    first = drafts.of(code)
    assert drafts.of(code) is first
    second = changed(drafts, code, lambda plan: assign_units(plan, ["G4-1"], "G2"))
    assert second.draft.version == 2
    assert second.load.near is first.load.near  # nothing was counted anew
    np.testing.assert_array_equal(second.load.plan.grid, second.plan.grid)
    drafts.snapshot.store.plans.undo(code, version=2)
    pd.testing.assert_frame_equal(drafts.of(code).figures, first.figures)


def test_what_units_carry_is_counted_once_for_all_drafts(drafts, code):
    ready(drafts.snapshot)
    ground, *_ = counted(drafts.of(code).plan, drafts.snapshot)
    first = drafts.of(code)
    drafts.snapshot.store.plans.add(code, assign_units(first.plan, ["G4-1"], "G2"), version=1, actor="P2")
    other = drafts.snapshot.store.plans.open(drafts.of(code).plan, "n", actor="P1")
    second = drafts.of(other)
    assert second.load.near is first.load.near is ground.near
    pd.testing.assert_frame_equal(second.figures, drafts.of(code).figures)


def test_figures_carried_on_are_those_counted_anew(drafts, code):
    carried = changed(drafts, code, lambda plan: assign_units(plan, ["G4-1", "G4-2"], "G2"))
    counted = Drafts(drafts.snapshot).of(code)
    pd.testing.assert_frame_equal(carried.figures, counted.figures)
    assert carried.rows["households"].sum() == sum(HOUSEHOLDS.values())


def test_weights_of_the_workload_that_a_utility_keeps_hold_for_plans_too(drafts, code):
    before = drafts.of(code).figures["deviation"]
    own = '[[weight]]\nmeasure = "customers"\nshare = 1\narticle = "自定"\nvalid_from = 2000-01-01\n'
    drafts.snapshot.store.keep_rules("workload", own, actor="test")
    after = drafts.of(code).figures["deviation"]
    assert not after.equals(before)
    pd.testing.assert_series_equal(after, drafts.snapshot.workload()["deviation"])


def test_a_new_customer_counts_once_the_plan_is_opened_anew(drafts, code):
    first = drafts.of(code)
    customers = drafts.snapshot.store.table("customers").iloc[[0]].assign(code="C-new", households=7)
    drafts.snapshot.store.save({"customers": customers}, actor="test")
    assert drafts.of(code) is first
    assert drafts.of(code, anew=True).figures["households"].sum() == sum(HOUSEHOLDS.values()) + 7


def test_the_map_gets_all_grids_first_and_then_those_that_moved(drafts, code):
    first = drafts.of(code)
    whole = plan_shapes(first, drafts.drawn_before(None), "en", frame="wgs84")
    assert whole["whole"]
    assert {one["properties"]["code"] for one in whole["features"]} == set(HOUSEHOLDS)
    second = changed(drafts, code, lambda plan: merge_grids(plan, "G3", "G1"))
    moved = plan_shapes(second, drafts.drawn_before(first.mark), "en", frame="wgs84")
    assert not moved["whole"]
    assert {one["properties"]["code"] for one in moved["features"]} == {"G1"}
    assert moved["gone"] == ["G3"]
    assert set(moved["classes"]) == {"G1", "G2", "G4"}
    assert "shapes" not in plan_specs(second, "en", frame="wgs84")[0]


def test_a_version_that_is_not_known_any_more_is_drawn_whole(drafts, code):
    drafts.of(code)
    assert drafts.drawn_before({"plan": code, "version": 99}) is None


def test_the_life_of_a_plan_is_led_by_the_rights_that_its_steps_need(drafts, code):
    step = {"do": "step", "plan": code}
    write(step | {"action": "submit"}, drafts, Searches(), who="P1", needs=EDIT)
    with pytest.raises(AccessError, match=r"approve is not done by the right grids\.edit"):
        write(step | {"action": "approve"}, drafts, Searches(), who="P1", needs=EDIT)
    write(step | {"action": "approve", "note": "可"}, drafts, Searches(), who="P2", needs=APPROVE)
    with pytest.raises(InputError, match="is past"):
        write(step | {"action": "activate", "minute": "2024-06-01T00:00"}, drafts, Searches(), who="P2", needs=APPROVE)
    minute = (pd.Timestamp.now(drafts.snapshot.store.zone) + pd.Timedelta(days=1)).strftime("%Y-%m-%dT00:00")
    write(step | {"action": "activate", "minute": minute}, drafts, Searches(), who="P2", needs=APPROVE)
    assert drafts.listed()["status"].tolist() == ["approved"]
    assert drafts.listed()["in_force_from"].notna().all()


def test_a_plan_begun_from_another_has_its_grids(drafts, code):
    changed(drafts, code, lambda plan: merge_grids(plan, "G3", "G1"))
    second = write({"do": "new", "plan": code, "name": "二"}, drafts, Searches(), who="P1", needs=EDIT)
    assert drafts.of(second).plan.codes == ["G1", "G2", "G4"]
    assert drafts.listed()["based_on"].iloc[0] == code


def test_without_stored_units_streets_cut_them_out(tmp_path):
    with squares(tmp_path / "squares.gpkg") as store:
        drafts = Drafts(Snapshot(store))
        code = write({"do": "new", "plan": "", "name": "一"}, drafts, Searches(), who="P1", needs=EDIT)
        assert len(drafts.of(code).plan.unit) == len(HOUSEHOLDS)


def test_an_unknown_plan_is_told(drafts):
    with pytest.raises(InputError, match="no plan 'B0'"):
        drafts.of("B0")


@pytest.mark.parametrize(
    ("status", "shown", "absent"),
    [("draft", ("submit", "withdraw"), ("approve", "activate")), ("submitted", ("approve", "return"), ("submit",))],
)
def test_the_bar_offers_the_steps_that_may_follow(drafts, code, status, shown, absent):
    if status == "submitted":
        write({"do": "step", "plan": code, "action": "submit"}, drafts, Searches(), who="P1", needs=EDIT)
    snapshot = drafts.snapshot
    with create_app(snapshot.store).server.test_request_context():
        told = text_of(plan_bar(drafts.listed(), code, snapshot.store.zone, "en"))
    assert word(f"planner.status_{status}", "en") in told
    assert all(word(f"planner.do_{action}", "en") in told for action in shown)
    assert not any(word(f"planner.do_{action}", "en") in told for action in absent)


def test_somebody_who_may_only_look_is_offered_nothing(drafts, code):
    viewer = Person("P9", frozenset({Permission.SHELL, Permission.GRIDS_VIEW}))
    snapshot = drafts.snapshot
    with create_app(snapshot.store, person_of=lambda: viewer).server.test_request_context():
        assert "data-deed" not in text_of(plan_bar(drafts.listed(), code, snapshot.store.zone, "en"))


def test_a_plan_of_units_that_do_not_fit_the_grids_is_refused(drafts):
    moved = quarters().translate(250, 0)
    units = quarters().set_geometry(moved)
    with pytest.raises(InputError):
        plan_now(drafts.snapshot.store, units)
