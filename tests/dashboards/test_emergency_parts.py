"""What the sections of the commander's page offer, without a browser, in the town by the river."""

import json

import geopandas as gpd
import pandas as pd
import pytest
import riverside

from dashboards.app import create_app
from dashboards.emergency.case import Case
from dashboards.emergency.clocks import clocks
from dashboards.emergency.drawn import extent_for, ready
from dashboards.emergency.reserve import reserve
from dashboards.emergency.standing import Standings
from dashboards.emergency.steps import amending
from dashboards.emergency.teams import nearest
from dashboards.emergency.timeline import timeline
from dashboards.snapshot import Snapshot, snapshot_of
from gisapp.tables import conform


@pytest.fixture
def town(tmp_path):
    with riverside.store(tmp_path / "river.gpkg") as store:
        yield store


@pytest.fixture
def page(town):
    """Stands for a request of the one local user; gives the snapshot."""
    app = create_app(town)
    with app.server.test_request_context("/en/emergency"):
        yield snapshot_of(app.server)


def test_a_warm_server_builds_no_network_for_the_first_burst(page, monkeypatch):
    ready(page)
    monkeypatch.setattr("dashboards.snapshot.network_of", None)
    assert Standings(page).of(Case("water", ("P2",))).answer.must_close is not None
    assert extent_for(Standings(page).of(Case("water", ("P2",))), page)


def offered(section):
    """Return what the buttons of a section write."""
    properties = [part.to_plotly_json()["props"] for part in section._traverse() if hasattr(part, "to_plotly_json")]
    return [json.loads(props["data-deed"]) for props in properties if "data-deed" in props]


def test_a_duty_that_one_fact_ends_has_its_button(town, page):
    standing = Standings(page).of(Case(code=riverside.emergency(town)))
    now = pd.Timestamp(riverside.moment(100)).tz_convert(town.zone)
    done = [deed["action"] for deed in offered(clocks(standing, now, town.zone, "en"))]
    assert sorted(done) == ["arrange_supply", "inform_dispatch", "inform_fire_service", "publish"]


def test_the_timeline_tells_when_a_thing_happened_and_when_it_was_written_down_later(town, page):
    code = town.operations.open({"utility": "water", "kind": "emergency", "links": "P2@100"}, "E01")
    assert "written down" not in str(timeline(Standings(page).of(Case(code=code)), "en"))
    late = riverside.emergency(town)
    said = str(timeline(Standings(page).of(Case(code=late)), "en"))
    assert said.count("written down") == len(town.operations.operation(late).steps)
    assert "13:53" in said


def test_late_entries_are_asked_for_from_the_opening_of_the_record_on(town, page):
    standing = Standings(page).of(Case(code=riverside.emergency(town)))
    (late,) = [part for part in amending(standing, town.zone, "en") if "late" in part.className]
    asked = json.loads(getattr(late, "data-when"))
    assert (asked["name"], asked["kind"], asked["zone"], asked["least"]) == (
        *("when", "past", "Asia/Shanghai"),
        "2026-11-20T13:53",
    )


def test_a_crew_at_work_elsewhere_is_offered_last_and_marked(town, page):
    further = town.table("crews").assign(code="K2", geom=riverside.point(-900, -900))
    town.save({"crews": further}, actor="test")
    first = riverside.emergency(town)
    second = town.operations.open({"utility": "water", "kind": "emergency", "links": "P3@20"}, "E01")
    town.operations.record(first, "send_crew", "E01", subject="K1")
    fresh = Snapshot(town)
    section = nearest(Standings(fresh).of(Case(code=second)), fresh, "en")
    assert [deed["subject"] for deed in offered(section)] == ["K2", "K1"]
    assert f"at work: {first}" in str(section)
    own = nearest(Standings(fresh).of(Case(code=first)), fresh, "en")
    assert [deed["subject"] for deed in offered(own)] == ["K2"]
    assert "at work" not in str(own)


def test_the_plan_and_the_nearest_material_in_date_stand_beside_an_event(town, page):
    """G8.3, G8.4."""
    standing = Standings(page).of(Case("water", ("P2",)))
    assert reserve(standing, page, "en") is None
    plans = pd.DataFrame([{"code": "YA-1", "kind": "burst", "utility": "water", "title": "爆管预案", "kept": "a.pdf"}])
    fixed = {"item": "水泵", "measure": "台", "quantity": 3.0}
    lie = [("near", 0, "2026-01-01"), ("far", 900, None), ("further", 5000, None)]
    rows = [{"code": name, "store": name, "expires_at": day, "geom": riverside.point(x, 0)} for name, x, day in lie]
    stock = gpd.GeoDataFrame([row | fixed for row in rows], geometry="geom", crs=riverside.CRS)
    stock["expires_at"] = pd.to_datetime(stock["expires_at"], utc=True)
    town.save(
        {"emergency_plans": conform(plans, "emergency_plans"), "materials": conform(stock, "materials")}, actor="t"
    )
    fresh = Snapshot(town)
    told = str(reserve(Standings(fresh).of(Case("water", ("P2",))), fresh, "en"))
    assert "爆管预案" in told
    assert "3 台" in told
    assert "far" in told
    assert "further" not in told
