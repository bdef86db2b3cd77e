"""Incidents by script: listed by urgency, shown with their reasons, handled step by step."""

import csv
import io
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import riverside
import shapely

from gisapp.incidents.locating import Register
from gisapp.store import create_store, open_store
from gisapp.store.geometry import register_functions
from gisapp.tables import conform

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LEAK = {"type": "leak", "channel": "phone", "utility": "water", "text": "张三 13800000000 门口漏水"}


@pytest.fixture
def town(tmp_path):
    """A store with two grids, three units and a house."""
    path = tmp_path / "town.gpkg"
    squares = [shapely.MultiPolygon([shapely.box(x, 0, x + 100, 100)]) for x in (0, 100)]
    shapes = gpd.GeoSeries(squares, crs="EPSG:4547")
    grids = gpd.GeoDataFrame({"code": ["G1", "G2"], "name": ["一", "二"], "utilities": "water"}, geometry=shapes)
    grids = grids.rename_geometry("geom").assign(valid_from=pd.Timestamp("2020-01-01T00:00Z"))
    house = gpd.GeoDataFrame({"code": ["H1"], "kind": ["residential"]}, geometry=shapes.iloc[:1]).rename_geometry(
        "geom"
    )
    names = {"U01": "调度中心", "U07": "管网管理处", "U12": "换表管理所"}
    units = pd.DataFrame([{"code": code, "name_hans": name, "name_hant": "x", "name_en": "x", "kind": "office"}
                          for code, name in names.items()])  # fmt: skip
    with create_store(path, crs="EPSG:4547") as store:
        store.save(
            {"grids": conform(grids, "grids"), "buildings": conform(house, "buildings"), "org_units": units}, actor="t"
        )
    return path


def reported(town, minutes=0, x=50, **more):
    told = LEAK | {"reported_at": AT + timedelta(minutes=minutes), "geom": shapely.Point(x, 50)} | more
    with open_store(town) as store:
        return store.report(told, actor="E01")


def act(run, town, code, action, role, minutes, *more):
    moment = (AT + timedelta(minutes=minutes)).isoformat()
    status, out, err = run("incidents", "act", code, action, "--store", town, "--role", role, "--at", moment, *more)
    assert status == 0, err
    return json.loads(out)


def listed(run, town, *more):
    status, out, err = run("incidents", "list", "--store", town, *more)
    return status, list(csv.DictReader(io.StringIO(out))), err


def test_an_incident_is_handled_from_the_report_to_the_archive(run, town):
    code = reported(town)
    act(run, town, code, "dispatch", "dispatcher", 5, "--subject", "U07")
    act(run, town, code, "accept", "unit", 10)
    act(run, town, code, "arrive", "crew", 40, "--note", "路面冒水", "--actor", "K1")
    for action, role in (("repair", "crew"), ("finish_repair", "crew")):
        act(run, town, code, action, role, 60, "--actor", "K1")
    act(run, town, code, "confirm", "grid_member", 70, "--actor", "E11")
    act(run, town, code, "reply", "unit", 80)
    act(run, town, code, "close", "unit", 90)
    act(run, town, code, "call_back", "customer_service", 95, "--value", "satisfied")
    last = act(run, town, code, "archive", "grid_leader", 99)
    assert (last["status"], last["steps"], last["allowed"]) == ("archived", 11, [])
    assert listed(run, town)[0] == 1
    assert [row["code"] for row in listed(run, town, "--all")[1]] == [code]


def test_an_incident_is_shown_with_its_clocks_and_both_answers(run, town):
    code = reported(town, x=105, category="before_meter_leak")
    act(run, town, code, "dispatch", "dispatcher", 5, "--subject", "U07")
    told = json.loads(run("incidents", "show", code, "--store", town)[1])
    assert (told["status"], told["allowed"]) == ("dispatched", ["accept", "request_return"])
    clocks = {clock["clock"]: clock for clock in told["clocks"]}
    assert (clocks["K1"]["state"], clocks["K1"]["due_at"]) == ("breached", "2026-11-20T08:25:00+00:00")
    routes = told["routes"]
    assert (routes["grid"], routes["grid_why"], routes["near_border"]) == ("G2", "inside", True)
    assert (routes["unit"], routes["unit_rule"], routes["unit_why"]) == (
        "管网管理处", "route 10", "group before the meter; beyond the apron",
    )  # fmt: skip


def test_an_account_leads_to_its_place_its_grid_and_the_leader_of_that_day(run, town):
    """G4.1.2."""
    account = {"code": ["00000001"], "kind": ["resident"], "households": [1], "meter_inside": [True]}
    customers = gpd.GeoDataFrame(account, geometry=[shapely.Point(150, 50)], crs="EPSG:4547").rename_geometry("geom")
    fixed = {"role": "grid_leader", "scope_kind": "grid", "scope": "G2"}
    terms = {"person_code": ["E8", "E9"], "valid_from": ["2020-01-01", "2026-11-01"], "valid_to": ["2026-11-01", None]}
    posts = pd.DataFrame(terms).assign(**fixed)
    posts = posts.assign(**{name: pd.to_datetime(posts[name], utc=True) for name in ("valid_from", "valid_to")})
    with open_store(town) as store:
        store.save({"customers": conform(customers, "customers"), "posts": conform(posts, "posts")}, actor="t")
        tables = {name: store.table(name) for name in ("customers", "buildings", "communities")}
    place = Register.of(tables).by_account("00000001")
    for days, leader in ((0, "E9"), (30, "E8")):
        code = reported(town, -60 * 24 * days, customer_code=place.code, geom=place.point)
        routes = json.loads(run("incidents", "show", code, "--store", town)[1])["routes"]
        assert (routes["grid"], routes["grid_leader"]) == ("G2", leader)


def test_the_most_urgent_is_listed_first(run, town):
    calm, soon, late = reported(town), reported(town, 1), reported(town, 2)
    act(run, town, late, "dispatch", "dispatcher", 3, "--subject", "U12")
    act(run, town, soon, "dispatch", "dispatcher", 10, "--subject", "U07")
    at = ("--at", (AT + timedelta(minutes=26)).isoformat())
    status, rows, err = listed(run, town, *at)
    assert (status, [row["code"] for row in rows]) == (0, [late, soon, calm])
    assert [(row["clock"], row["clock_state"]) for row in rows] == [
        ("K1", "breached"), ("K1", "due_soon"), ("K9", "running"),
    ]  # fmt: skip
    assert "3 incidents by their worst clock: 0 met, 1 breached, 1 running, 1 due_soon" in err
    assert [row["code"] for row in listed(run, town, *at, "--unit", "U12")[1]] == [late]
    assert [row["code"] for row in listed(run, town, *at, "--clock", "running")[1]] == [calm]
    assert listed(run, town, *at, "--status", "accepted")[0] == 1


def test_a_closed_repair_waits_for_its_callback_and_a_closed_complaint_is_over(run, town):
    said = {name: reported(town, type=name, code=name, status="closed") for name in ("leak", "complaint")}
    older = reported(town, type="complaint", code="older", status="on_site")
    with open_store(town) as store:
        store.save({"incident_steps": steps_of(older, "on_site", "closed")}, actor="t")
    with sqlite3.connect(town) as raw:
        register_functions(raw)
        raw.execute("UPDATE incidents SET status = 'closed' WHERE code = 'older'")
    assert {row["code"] for row in listed(run, town)[1]} == {said["leak"], older}


def steps_of(code, was, now):
    row = {"incident_code": code, "step": 2, "actor": "t", "role": "unit", "action": "close", "from_status": was}
    moments = dict.fromkeys(("at", "noted_at"), pd.Timestamp(AT + timedelta(hours=1)))
    return conform(pd.DataFrame([row | moments | {"to_status": now}]), "incident_steps")


def test_nothing_that_is_personal_is_told(run, town):
    """P4.5, P6.4."""
    code = reported(town, customer_code="00001234")
    act(run, town, code, "remark", "unit", 1, "--note", "李四 13900000000")
    said = run("incidents", "show", code, "--store", town)[1] + run("incidents", "list", "--store", town)[1]
    assert "13800000000" not in said
    assert "13900000000" not in said
    assert "00001234" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("arrive", "--role", "crew"), "'arrive' cannot follow registered; what may follow is dispatch"),
        (("dispatch", "--role", "unit", "--subject", "U07"), "unit may not dispatch"),
        (("dispatch", "--role", "dispatcher", "--subject", "U99"), "there is no unit 'U99'"),
        (("cancel", "--role", "dispatcher"), "cancel has no reason"),
        (("remark", "--role", "unit", "--note", "x", "--seen", "0"), "has 1 steps, you saw 0: register by E01"),
    ],
)
def test_bad_input_writes_nothing(run, town, words, said):
    code = reported(town)
    status, out, err = run("incidents", "act", code, *words, "--store", town)
    assert (status, out) == (2, "")
    assert said in err
    with open_store(town) as store:
        assert store.count("incident_steps") == 1


def test_an_unknown_incident_is_said(run, town):
    assert "there is no incident 'X1'" in run("incidents", "show", "X1", "--store", town)[2]


def test_imported_areas_in_warranty_and_meter_wells_route(run, tmp_path):
    """W15.3, W15.4."""
    town = tmp_path / "river.gpkg"
    riverside.store(town).close()
    for name, told, x in (
        ("warranties", {"code": "P1", "warranty_until": "2026-11-20"}, 0),
        ("wells", {"code": "J1"}, 70),
    ):
        east, north = riverside.X + x, riverside.Y
        ring = [[east, north], [east + 30, north], [east + 30, north + 30], [east, north + 30], [east, north]]
        feature = {"type": "Feature", "properties": told, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        file = tmp_path / f"{name}.geojson"
        crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
        file.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [feature]}), encoding="utf-8")
        status, _, err = run("import", file, "--store", town, "--as", name, "--crs", "EPSG:4547")
        assert status == 0, err
    for x, days, unit in ((10, 0, "工程公司"), (75, 0, "换表管理所"), (150, 0, "管网管理处"), (10, 1, "管网管理处")):
        code = reported(town, 60 * 24 * days, geom=riverside.point(x, 10))
        assert json.loads(run("incidents", "show", code, "--store", town)[1])["routes"]["unit"] == unit
