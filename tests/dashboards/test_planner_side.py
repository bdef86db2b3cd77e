"""Beside a plan: its steps, what is wrong with it, what it moves; each with the place where it is."""

import pandas as pd
import pytest
from squares import HOUSEHOLDS, text_of

from dashboards.access import Permission
from dashboards.app import create_app
from dashboards.planner.checklist import checks
from dashboards.planner.drawn import plan_specs
from dashboards.planner.proposing import Searches
from dashboards.planner.side import comparison, history, whole_bounds
from dashboards.planner.views import _compared
from dashboards.planner.writing import edited, write
from gisapp.grids.plan_checks import KINDS, plan_faults
from gisapp.words import LANGUAGES, catalog, word


@pytest.fixture
def code(drafts):
    code = write({"do": "new", "plan": "", "name": "新"}, drafts, Searches(), who="P1", needs=Permission.GRIDS_EDIT)
    done(drafts, code, kind="merge", grid="G3", to="G1")
    done(drafts, code, kind="merge", grid="G4", to="G2")
    return code


def done(drafts, code, **edit):
    edited({"do": "edit", "plan": code, **drafts.of(code).mark, **edit}, drafts, Searches(), "en", who="P2")


def test_the_history_lists_every_step_the_newest_first_and_marks_where_the_plan_stands(drafts, code):
    done(drafts, code, do="to", position=1)
    store = drafts.snapshot.store
    _, listed = history(drafts.of(code), store.plans.edits(code), store.zone, "en")
    steps = [item.children.to_plotly_json()["props"] for item in listed.children]
    assert [step["data-position"] for step in steps] == ["2", "1", "0"]
    assert ["aria-current" in step for step in steps] == [False, True, False]
    assert ["undone" in step["className"] for step in steps] == [True, False, False]
    assert "P2 · G1, G3" in text_of(steps[1])


def test_what_is_wrong_is_listed_with_its_place_and_a_sound_plan_is_said_to_be_so(drafts, code):
    opened, store = drafts.of(code), drafts.snapshot.store
    sound = plan_faults(opened.plan, posts=store.table("posts"), since=pd.Timestamp.now("UTC").floor("min"))
    assert word("planner.sound", "en") in text_of(checks(sound, [], [], "en", frame="wgs84", editable=False))
    nobody = store.table("posts").query("scope != 'G1'")
    faults = plan_faults(opened.plan, posts=nobody, since=pd.Timestamp.now("UTC").floor("min"))
    _, listed = checks(faults, [], [], "en", frame="wgs84", editable=False)
    (item,) = listed.children
    told = item.children[0].to_plotly_json()["props"]
    west, south, east, north = (float(part) for part in told["data-fit"].split(","))
    assert 113.9 < west < east < 114.1
    assert 36.6 < south < north < 36.8
    assert "G1" in text_of(told)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_of_fault_has_its_words(language):
    known = catalog(language)
    assert not [kind for kind in KINDS if not {f"planner.fault_{kind}", f"planner.fault_{kind}.tip"} <= set(known)]


def test_a_comparison_tells_from_where_to_where_and_what_changes_leader(drafts, code):
    found = _compared(drafts, "now", code)
    told = text_of(comparison(found, "en", frame="wgs84"))
    assert "G3 → G1" in told
    assert f'"{HOUSEHOLDS["G3"] + HOUSEHOLDS["G4"]:,}"' in told
    west, south, east, north = whole_bounds(found.matrix.geometry, "wgs84")
    assert east > west
    assert north > south


def test_a_plan_that_moves_nothing_says_so(drafts, code):
    done(drafts, code, do="to", position=0)
    found = _compared(drafts, "now", code)
    assert word("diff.no_moves", "en") in text_of(comparison(found, "en", frame="wgs84"))
    assert whole_bounds(found.matrix.geometry, "wgs84") is None


def test_a_comparison_opens_as_a_page_of_its_own_and_one_of_an_unknown_plan_is_refused(drafts, code):
    client = create_app(drafts.snapshot.store).server.test_client()
    answer = client.get(f"/plan-diff.html?plan={code}", headers={"Referer": "http://localhost/en/planner"})
    assert "G3 → G1" in answer.text
    assert "script-src 'sha256" in answer.headers["Content-Security-Policy"]
    refused = client.get("/plan-diff.html?plan=B0")
    assert refused.status_code == 400
    assert "no plan 'B0'" in refused.get_json()["error"]


def test_locked_grids_are_marked_in_the_table_and_striped_on_the_map(drafts, code):
    done(drafts, code, do="lock", grids=["G1"])
    opened = drafts.of(code)
    assert dict(zip(opened.rows["code"], opened.rows["locked"], strict=True)) == {"G1": True, "G2": False}
    _, locked = plan_specs(opened, "en", frame="wgs84")
    assert [one["properties"]["code"] for one in locked["shapes"]["features"]] == ["G1"]
    assert locked["style"]["light"]["hatched"]


def test_what_a_plan_may_not_cross_lies_over_its_grids(drafts, code):
    areas = drafts.snapshot.grids()[["code", "name", "geom"]].iloc[:1]
    *_, over = plan_specs(drafts.of(code), "zh-Hans", frame="wgs84", limits={"dma": areas})
    assert over["name"] == "plan_limits"
    assert next(one["properties"]["code"] for one in over["shapes"]["features"]) == "G1"
