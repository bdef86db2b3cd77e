"""Boundary plans in the store: change by change, no lost update, one transaction from one set of grids to the next."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import numpy as np
import pandas as pd
import pytest
import shapely

from gisapp.errors import ConflictError, InputError
from gisapp.grids import assign, grids_at, leaders_at, name_grid, plan_of_grids
from gisapp.grids.edits import assign_area, assign_units, draw_grid, merge_grids
from gisapp.grids.leaders import leading_at
from gisapp.reports.placing import placed_incidents
from gisapp.store import open_store
from gisapp.tables import conform

X, Y = 456_000.0, 3_378_000.0
SINCE = pd.Timestamp("2026-01-01T00:00Z")


def squares(rows):
    """Return two rows of four squares of 100 m, and the grids that their west and east halves are."""
    at = [(col, row) for row in range(2) for col in range(4)]
    boxes = [shapely.box(X + 100 * c, Y + 100 * r, X + 100 * c + 100, Y + 100 * r + 100) for c, r in at]
    units = rows("unit_grids", 8).set_geometry(boxes, crs="EPSG:4547").assign(code=[f"U{n}" for n in range(8)])
    halves = [shapely.box(X + x, Y, X + x + 200, Y + 200) for x in (0, 200)]
    grids = rows("grids", 2).set_geometry(halves, crs="EPSG:4547")
    return units, grids.assign(code=["W", "E"], name=["西", "东"], utilities="water", valid_from=SINCE).drop(
        columns="valid_to"
    )


@pytest.fixture
def town(store, rows):
    units, grids = squares(rows)
    posts = rows("posts", 2).assign(
        person_code=["P1", "P2"], role="grid_leader", scope_kind="grid", scope=["W", "E"], valid_from=SINCE
    )
    posts = conform(posts.drop(columns="valid_to"), "posts")
    store.save({"grids": conform(grids, "grids"), "posts": posts}, actor="t")
    store.first = plan_of_grids(units, grids)
    return store


def soon(minutes=2):
    return pd.Timestamp.now("UTC").ceil("min") + pd.Timedelta(minutes=minutes)


def approved(store, plan, **told):
    code = store.plans.open(plan, "新划分", actor="P1", **told)
    store.plans.record(code, "submit", actor="P1")
    store.plans.record(code, "approve", actor="P2")
    return code


@pytest.mark.both
def test_a_draft_comes_back_to_the_last_bit_with_what_was_done_and_undone_after_a_restart(town):
    plan = replace(town.first, bridges=(("U0", "U7"),))
    code = town.plans.open(plan, "新划分", actor="P1")
    area = shapely.Polygon([(X + 111.1, Y + 13.7), (X + 333.3, Y + 17.9), (X + 270.1, Y + 133.3)])
    first = assign_area(plan, area, "W")
    second = draw_grid(first.done(plan), area.buffer(-20), "N", "新")
    version = town.plans.add(code, first, version=1, actor="P1")
    version = town.plans.add(code, second, version=version, actor="P1")
    version = town.plans.undo(code, version=version)
    version = town.plans.lock(code, ["E"], version=version)
    town.plans.declare(code, ["W"], version=version)
    with open_store(town.address) as again:
        draft = again.plans.load(code)
    assert draft.plan.digest() == first.done(plan).digest()
    assert (draft.status, draft.version, draft.name) == ("draft", 6, "新划分")
    assert draft.plan.locked == {"E"}
    assert draft.plan.apart == {"W"}
    assert draft.plan.bridges == (("U0", "U7"),)
    assert draft.history.redo().plan.digest() == second.done(first.done(plan)).digest()
    assert draft.history.undo().plan.digest() == plan.digest()


def test_two_hundred_changes_are_undone_one_by_one(town):
    code, plan, version = town.plans.open(town.first, "n", actor="P1"), town.first, 1
    for number in range(200):
        change = assign_units(plan, ["U2"], "W" if number % 2 == 0 else "E")
        version, plan = town.plans.add(code, change, version=version, actor="P1"), change.done(plan)
    for _ in range(200):
        version = town.plans.undo(code, version=version)
    assert town.plans.load(code).plan.digest() == town.first.digest()
    with pytest.raises(InputError, match="nothing is left to undo"):
        town.plans.undo(code, version=version)
    assert len(town.plans.load(code).history.undone) == 200


def test_a_change_after_an_undo_gives_up_what_was_undone(town):
    code = town.plans.open(town.first, "n", actor="P1")
    version = town.plans.add(code, assign_units(town.first, ["U2"], "W"), version=1, actor="P1")
    version = town.plans.undo(code, version=version)
    version = town.plans.add(code, assign_units(town.first, ["U6"], "W"), version=version, actor="P1")
    with pytest.raises(InputError, match="nothing was undone"):
        town.plans.redo(code, version=version)
    assert len(town.table("plan_changes")) == 1


@pytest.mark.both
def test_the_second_of_two_planners_is_refused_and_told_what_the_first_did(town):
    code = town.plans.open(town.first, "n", actor="P1")
    change = assign_units(town.first, ["U2"], "W")
    town.plans.add(code, change, version=1, actor="李工")
    for late in (
        lambda: town.plans.add(code, merge_grids(town.first, "E", "W"), version=1, actor="王工"),
        lambda: town.plans.undo(code, version=1),
        lambda: town.plans.lock(code, ["W"], version=1),
    ):
        with pytest.raises(
            ConflictError, match="was saved since you opened it: version 2, 1 changes, latest 李工 assign E,W"
        ):
            late()
    assert town.plans.load(code).plan.digest() == change.done(town.first).digest()


def test_an_approved_plan_does_not_change_and_only_an_approved_one_is_activated(town):
    code = town.plans.open(town.first, "n", actor="P1")
    with pytest.raises(InputError, match="is draft, activate cannot follow; what may follow is submit, withdraw"):
        town.plans.activate(code, soon(), actor="P2")
    assert town.plans.record(code, "submit", actor="P1") == "submitted"
    assert town.plans.record(code, "return", actor="P2", note="看不清") == "draft"
    town.plans.record(code, "submit", actor="P1")
    town.plans.record(code, "approve", actor="P2")
    version = town.plans.load(code).version
    with pytest.raises(InputError, match="is approved and does not change"):
        town.plans.add(code, assign_units(town.first, ["U2"], "W"), version=version, actor="P1")
    with pytest.raises(InputError, match="return cannot follow"):
        town.plans.record(code, "return", actor="P1")
    with pytest.raises(InputError, match="say from when"):
        town.plans.record(code, "activate", actor="P1")


def test_from_the_minute_on_points_are_in_the_new_grids_and_before_it_in_the_old_ones(town, rows):
    moved = assign_units(town.first, ["U2", "U6"], "W").done(town.first)
    minute = soon()
    town.plans.activate(approved(town, moved), minute, actor="P2")
    grids = town.table("grids")
    rng = np.random.default_rng(1)
    offsets = pd.to_timedelta(rng.integers(-60_000, 60_000, 1000), unit="ms")
    for moment in [minute - pd.Timedelta(milliseconds=1), minute, *(minute + offsets)]:
        found = assign([(X + 250, Y + 50)], grids_at(grids, moment))["grid"].iloc[0]
        assert found == ("W" if moment >= minute else "E")
    incidents = rows("incidents", 2).set_geometry([shapely.Point(X + 250, Y + 50)] * 2, crs="EPSG:4547")
    incidents = incidents.assign(reported_at=[minute - pd.Timedelta(seconds=1), minute], grid_code=None)
    placed = placed_incidents(conform(incidents, "incidents"), grids, grid_rev=1)
    assert placed["grid_code"].tolist() == ["E", "W"]


def test_a_grid_that_the_new_plan_lacks_ends_and_a_new_one_begins(town):
    plan = merge_grids(town.first, "E", "W").done(town.first)
    plan = draw_grid(plan, shapely.box(X, Y, X + 100, Y + 200), "N", "新").done(plan)
    plan = name_grid(plan, "N", leader="P3").done(plan)
    minute = soon()
    town.plans.activate(approved(town, plan), minute, actor="P2")
    assert grids_at(town.table("grids"), minute)["code"].tolist() == ["N", "W"]
    assert grids_at(town.table("grids"), minute - pd.Timedelta(seconds=1))["code"].tolist() == ["W", "E"]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (pd.Timestamp("2026-01-02T00:00Z"), "is past"),
        (pd.Timestamp("2036-01-02T00:00:30Z"), "no whole minute"),
        (pd.Timestamp("2036-01-02T00:00"), "no zone"),
    ],
)
def test_a_minute_that_cannot_be_is_refused_and_nothing_changes(town, moment, words):
    code = approved(town, town.first)
    before = town.table("grids")
    with pytest.raises(InputError, match=words):
        town.plans.activate(code, moment, actor="P2")
    assert town.table("grids") is before
    assert town.plans.load(code).status == "approved"


def test_a_plan_to_come_is_approved_until_its_minute_and_no_other_begins_before_it(town):
    first, second = approved(town, town.first), approved(town, town.first)
    town.plans.activate(first, soon(60), actor="P2")
    assert town.plans.load(first).status == "approved"
    with pytest.raises(InputError, match=r"2 grids begin at .* or later; give a later minute"):
        town.plans.activate(second, soon(30), actor="P2")
    with pytest.raises(InputError, match="activate cannot follow"):
        town.plans.activate(first, soon(90), actor="P2")
    town.plans.activate(second, soon(90), actor="P2")


def test_a_grid_has_one_polygon_at_a_time(town, rows):
    _, grids = squares(rows)
    with pytest.raises(InputError, match=r"grid W has another polygon at 2026-03-01T00:00:00\.000Z already"):
        town.save(
            {"grids": conform(grids[:1].assign(valid_from=pd.Timestamp("2026-03-01T00:00Z")), "grids")}, actor="t"
        )


def test_unknown_plans_and_codes_that_are_taken_are_told(town):
    with pytest.raises(InputError, match="no plan 'B9'"):
        town.plans.load("B9")
    with pytest.raises(InputError, match="no plan 'B9'"):
        town.plans.record("B9", "submit", actor="P1")
    town.plans.open(town.first, "n", actor="P1", code="B1")
    with pytest.raises(InputError, match="B1 is stored already"):
        town.plans.open(town.first, "n", actor="P1", code="B1")
    assert len(town.table("plans")) == 1


def test_the_edits_of_a_plan_are_listed_without_their_shapes(town):
    code = town.plans.open(town.first, "新", actor="P1")
    assert town.plans.edits(code).empty
    town.plans.add(code, assign_units(town.first, ["U2"], "W"), version=1, actor="P2")
    (row,) = town.plans.edits(code).to_dict("records")
    assert (row["number"], row["actor"], row["kind"], row["grids"]) == (1, "P2", "assign", "E,W")
    assert row["at"].tzinfo is not None


def test_what_is_said_about_a_plan_stays_in_order_in_every_state_of_it(town):
    code = town.plans.open(town.first, "新划分", actor="P1")
    assert town.plans.comment(code, "  避开学校 ", actor="P1", place=(X + 150.0, Y + 50.0)) == 1
    town.plans.record(code, "submit", actor="P1")
    assert town.plans.comment(code, "东片太大", actor="P2", grid="E") == 2
    said = town.table("plan_comments")
    assert said[["number", "actor", "text"]].to_numpy().tolist() == [[1, "P1", "避开学校"], [2, "P2", "东片太大"]]
    assert said["grid_code"].isna().tolist() == [True, False]
    assert said.geometry.iloc[0].equals(shapely.Point(X + 150, Y + 50))
    assert town.plans.load(code).version == 2  # submitted; comments move no version


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"text": " "}, "an empty comment"),
        ({"text": "a", "grid": "N"}, "no grid 'N' in plan"),
        ({"text": "a", "place": (X - 1.0, Y)}, "lies outside the plan"),
        ({"text": "a", "place": (float("nan"), Y)}, "lies outside the plan"),
    ],
)
def test_a_comment_about_nothing_is_refused(town, told, words):
    code = town.plans.open(town.first, "新划分", actor="P1")
    with pytest.raises(InputError, match=words):
        town.plans.comment(code, told["text"], actor="P1", **{key: told[key] for key in told if key != "text"})
    with pytest.raises(InputError, match="there is no plan 'B9'"):
        town.plans.comment("B9", "a", actor="P1")
    assert town.count("plan_comments") == 0


def test_leaders_whom_a_plan_names_begin_at_its_minute_and_those_of_before_end(town):
    """G2.2"""
    change = name_grid(town.first, "E", leader="P3")
    plan = change.done(town.first)
    plan = name_grid(plan, "W", leader="P1").done(plan)
    minute = soon()
    town.plans.activate(approved(town, plan), minute, actor="P2")
    posts = town.table("posts")
    assert leaders_at(posts, minute).to_dict() == {"W": "P1", "E": "P3"}
    assert leaders_at(posts, minute - pd.Timedelta(seconds=1)).to_dict() == {"W": "P1", "E": "P2"}
    assert len(leading_at(posts, minute)) == 2
    assert len(posts) == 3


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ((0, 300), r"20,000 m² of the plan are in no grid in force any more"),
        ((0, 500), r"the grids in force cover 20,000 m² that the plan does not"),
    ],
)
def test_a_plan_for_a_coverage_that_has_changed_since_is_refused_and_stays_as_it_is(town, rows, columns, words):
    code, minute = approved(town, assign_units(town.first, ["U2"], "W").done(town.first)), soon()
    shape, grids = town.plans.load(code).plan.digest(), town.table("grids")
    west, east = columns
    halves = [shapely.box(X + west, Y, X + 200, Y + 200), shapely.box(X + 200, Y, X + east, Y + 200)]
    began = minute - pd.Timedelta(minutes=1)
    later = grids.assign(valid_from=began).set_geometry(halves, crs=grids.crs)
    kept = pd.concat([grids.assign(valid_to=began), conform(later, "grids")], ignore_index=True)
    town.save({"grids": kept}, actor="t", replace=True)
    with pytest.raises(
        InputError, match=f"the coverage has changed since the plan was drawn: {words}; begin a new draft"
    ):
        town.plans.activate(code, minute, actor="P2")
    assert town.plans.load(code).status == "approved"
    assert town.plans.load(code).plan.digest() == shape


def test_a_grid_without_a_leader_is_not_put_in_force_unless_declared_which_is_written_down(town):
    """W9.1"""
    plan = draw_grid(town.first, shapely.box(X, Y, X + 100, Y + 200), "N", "新").done(town.first)
    code, minute, before = approved(town, plan), soon(), town.table("grids")
    with pytest.raises(InputError, match=r"grid N has 0 leaders; name one leader for each .* or declare"):
        town.plans.activate(code, minute, actor="P2")
    with pytest.raises(InputError, match="no grid 'M' in the plan"):
        town.plans.activate(code, minute, actor="P2", excepted=["M"])
    assert town.table("grids") is before
    assert town.plans.load(code).status == "approved"
    town.plans.activate(code, minute, actor="P2", excepted=["N", "W"], note="待任命")
    assert town.table("plan_steps")["note"].iloc[-1] == "待任命; 网格长并非恰好一人：N"
    assert grids_at(town.table("grids"), minute)["code"].tolist() == ["E", "N", "W"]


def test_a_grid_with_two_leaders_at_the_minute_is_named_and_one_whose_second_has_left_by_then_is_not(town, rows):
    minute = soon()
    second = rows("posts", 1).assign(
        person_code="P9", role="grid_leader", scope_kind="grid", scope="E", valid_from=SINCE
    )
    town.save({"posts": conform(second.drop(columns="valid_to"), "posts")}, actor="t")
    code = approved(town, town.first)
    with pytest.raises(InputError, match="grid E has 2 leaders"):
        town.plans.activate(code, minute, actor="P2")
    kept = town.table("posts")
    kept = kept.assign(valid_to=kept["valid_to"].mask(kept["person_code"] == "P9", minute))
    town.save({"posts": kept}, actor="t", replace=True)
    town.plans.activate(code, minute, actor="P2")


def test_what_a_plan_must_not_cross_stays_with_it_after_a_restart(town):
    code = town.plans.open(town.first, "n", actor="P1", across=["communities"])
    version = town.plans.keep_within(code, ["dma", "pressure_zone"], version=1)
    with open_store(town.address) as again:
        draft = again.plans.load(code)
        assert draft.across == ("dma", "pressure_zone")
        with pytest.raises(ConflictError):
            again.plans.keep_within(code, [], version=version - 1)


def test_a_name_is_one_of_the_changes_that_come_back(town):
    code = town.plans.open(town.first, "n", actor="P1")
    town.plans.add(code, name_grid(town.first, "E", code="E2", name="东", leader="P3"), version=1, actor="P1")
    plan = town.plans.load(code).plan
    assert plan.codes == ["E2", "W"]
    assert plan.named["E2"].leader == "P3"
    assert town.plans.edits(code)["kind"].tolist() == ["name"]


@pytest.mark.both
def test_of_two_planners_who_activate_for_the_same_minute_exactly_one_wins(town):
    minute, codes = soon(30), [approved(town, town.first) for _ in range(2)]

    def activate(code):
        with open_store(town.address) as own:
            begin.wait()
            try:
                own.plans.activate(code, minute, actor=code)
            except InputError as refused:
                return str(refused)
        return "won"

    begin = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(activate, codes))
    assert outcomes[1] == "won"
    assert "2 grids begin at" in outcomes[0]
    grids = town.table("grids")
    assert sorted(grids.loc[grids["valid_from"] == minute, "code"]) == ["E", "W"]
