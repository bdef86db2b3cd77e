"""Proposals from the page: searched for in the background, told with what they move, stopped, taken once."""

import json
from dataclasses import replace

import numpy as np
import pytest
from squares import squares
from test_planner_drafts import quarters

from dashboards.access import Permission
from dashboards.app import create_app
from dashboards.planner.drafts import Drafts
from dashboards.planner.proposed import proposals
from dashboards.planner.proposing import Searches, unit_weight
from dashboards.planner.writing import edited, write
from dashboards.snapshot import Snapshot
from gisapp.errors import InputError, RefusedEdit
from gisapp.words import word

EDIT = Permission.GRIDS_EDIT


@pytest.fixture
def drafts(tmp_path):
    with squares(tmp_path / "squares.gpkg") as store:
        units = quarters()
        store.save({"customers": store.table("customers").assign(households=0)}, actor="test", replace=True)
        customers = store.table("customers").iloc[[0] * len(units)].copy()
        spots = units.geometry.representative_point().to_numpy()
        customers["geom"] = spots
        codes = [f"C-{unit}" for unit in units["code"]]
        heavy = units["grid_code"].eq("G1").to_numpy()
        store.save(
            {"unit_grids": units, "customers": customers.assign(code=codes, households=np.where(heavy, 30, 10))},
            actor="test",
            replace=True,
        )
        yield Drafts(Snapshot(store))


@pytest.fixture
def searches():
    return Searches()


@pytest.fixture
def code(drafts, searches):
    return write({"do": "new", "plan": "", "name": "新"}, drafts, searches, who="P1", needs=EDIT)


def ask(drafts, searches, code, do="rebalance", **asked):
    asked = {"weight": "households", "tolerance": "10", **asked}
    write({"do": do, "plan": code, **asked}, drafts, searches, who="P1", needs=EDIT)
    search = searches.of(code)
    assert search.over.wait(60)
    return search


def take(drafts, searches, code, number=0):
    deed = {"do": "edit", "kind": "proposal", "plan": code, "number": number, **drafts.of(code).mark}
    return edited(deed, drafts, searches, "en", who="P1")


def text_of(drafts, search, code):
    with create_app(drafts.snapshot.store).server.test_request_context():
        parts = proposals(drafts.of(code), search, "en")
    return json.dumps(parts, default=lambda one: one.to_plotly_json(), ensure_ascii=False)


def test_a_proposal_that_is_taken_balances_the_plan_and_is_one_change(drafts, searches, code):
    search = ask(drafts, searches, code)
    assert search.share == 1.0
    assert word("planner.take", "en") in text_of(drafts, search, code)
    told, saved = take(drafts, searches, code)
    moved = f"{search.made[0].moved:,.0f}"
    assert word("planner.moved", "en", households=moved) in str(told)
    households = drafts.of(code).figures["households"]
    assert households.max() / households.mean() <= 1.1 + 1e-9
    assert saved["steps"] == 1
    assert households.sum() == 240


def test_a_proposal_for_another_version_is_not_taken(drafts, searches, code):
    ask(drafts, searches, code)
    take(drafts, searches, code)
    with pytest.raises(RefusedEdit) as refused:
        take(drafts, searches, code)
    assert refused.value.kind == "stale"
    assert word("planner.stale", "en") in text_of(drafts, searches.of(code), code)


def test_grids_beyond_those_of_now_get_free_codes(drafts, searches, code):
    ask(drafts, searches, code, do="suggest", k="6", tolerance="50")
    take(drafts, searches, code)
    assert drafts.of(code).plan.codes == ["G1", "G2", "G3", "G4", "G5", "G6"]


def test_all_grids_locked_is_told_in_the_panel(drafts, searches, code):
    deed = {"do": "lock", "plan": code, "grids": ["G1", "G2", "G3", "G4"], **drafts.of(code).mark}
    edited(deed, drafts, searches, "en", who="P1")
    search = ask(drafts, searches, code)
    assert not search.made
    assert "locked" in text_of(drafts, search, code)


def test_a_stopped_search_ends_with_the_best_so_far(drafts, searches, code):
    search = ask(drafts, searches, code)
    running = replace(search.made[0], finished=False)
    search.made = (running,)
    assert word("planner.stopped_early", "en") in text_of(drafts, search, code)
    assert not search.unwanted()
    write({"do": "stop", "plan": code}, drafts, searches, who="P1", needs=EDIT)
    assert search.unwanted()


def test_a_number_that_is_none_is_refused_before_anything_begins(drafts, searches, code):
    with pytest.raises(InputError, match="field tolerance: found 'few'"):
        ask(drafts, searches, code, tolerance="few")
    assert searches.of(code) is None


def test_the_workload_of_units_adds_up_to_the_deviation_that_the_page_shows(drafts, code):
    opened = drafts.of(code)
    weight = unit_weight(opened.load, "workload")
    of_grid = np.array([weight[opened.plan.grid == grid].sum() for grid in opened.figures["code"]])
    np.testing.assert_allclose(of_grid / of_grid.mean() - 1, opened.figures["deviation"], atol=1e-9)
