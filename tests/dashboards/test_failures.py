"""What the page of critical mains tells: the rows of its tables, what was chosen, the file, and who may have it."""

import csv
import json

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from squares import empty_store

from dashboards.access import LOCAL, Permission, Person
from dashboards.app import create_app
from dashboards.failures import asked_of, found_of
from dashboards.snapshot import Snapshot
from dashboards.tiles import Tiles
from gisapp.tables import conform


@pytest.fixture
def store(tmp_path):
    """S --a-- A --b-- B with a valve before b, a customer on each; no gas."""
    at = {"S": (500_000, 4_060_000), "A": (500_100, 4_060_000), "B": (500_200, 4_060_000)}
    points = {code: shapely.Point(xy) for code, xy in at.items()}
    lines = [shapely.LineString([at["S"], at["A"]]), shapely.LineString([at["A"], at["B"]])]
    usual = {"utility": "water", "state": "open", "operable": "operable", "direction": "both"}
    tables = {
        "nodes": shaped("nodes", points.values(), utility="water", code=list(at), kind=["source", "junction", "end"]),
        "links": shaped(
            "links", lines, utility="water", code=["a", "b"], kind="pipe", from_node=["S", "A"], to_node=["A", "B"],
            length_m=100.0, status="open", direction="both",
        ),
        "devices": shaped("devices", [points["A"]], code=["V"], kind="gate_valve", link_code="b", end="from", **usual),
        "customers": shaped(
            "customers", [points["A"], points["B"]], code=["k", "l"], kind="resident", households=[1, 20],
            meter_inside=False,
        ),
        "connections": conform(
            pd.DataFrame(
                {"utility": "water", "customer_code": ["k", "l"], "link_code": ["a", "b"], "measure_m": [50.0, 50.0]}
            ),
            "connections",
        ),
    }  # fmt: skip
    with empty_store(tmp_path / "street.gpkg") as store:
        store.save(tables, actor="test")
        yield store


def shaped(table, geoms, **columns):
    geom = gpd.GeoSeries(list(geoms), crs="EPSG:4547")
    return conform(gpd.GeoDataFrame({**columns, "geom": geom}, geometry="geom"), table)


@pytest.fixture
def client(store):
    return create_app(store).server.test_client()


def rows(answer):
    told = json.loads(answer.data)
    return [dict(zip(told["columns"], values, strict=True)) for values in told["data"]]


def test_segments_are_told_worst_first_by_customers(client):
    told = rows(client.get("/criticality/rows.json?utility=water&table=segments"))
    assert [(row["code"], row["customers"], row["households"], row["valves"]) for row in told] == [
        ("1", 2, 21, 0),
        ("2", 1, 20, 1),
    ]
    assert [row["can_isolate"] for row in told] == [False, True]
    assert told[0]["length_km"] == 0.2


def test_devices_are_told_in_words_of_the_language_that_is_asked_for(client):
    told = rows(client.get("/criticality/rows.json?utility=water&table=devices&lang=zh-Hans"))
    assert [(row["code"], row["kind"], row["extra_customers"], row["extra_households"]) for row in told] == [
        ("V", "闸阀", 1, 1)
    ]


def test_rows_that_the_browser_has_are_not_sent_again(client):
    first = client.get("/criticality/rows.json?utility=water&table=segments")
    again = client.get(
        "/criticality/rows.json?utility=water&table=segments", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize("query", ["utility=steam&table=segments", "utility=water&table=links", ""])
def test_a_table_that_there_is_not_is_refused_with_those_there_are(client, query):
    answer = client.get(f"/criticality/rows.json?{query}")
    assert answer.status_code == 400
    assert "use one of" in answer.json["error"]


def test_the_file_holds_all_rows_under_the_words_of_the_page(client):
    answer = client.get("/criticality.csv?utility=water&table=segments&lang=en")
    assert "attachment" in answer.headers["Content-Disposition"]
    *lines, last = answer.data.decode("utf-8-sig").splitlines()
    assert last.startswith("# Taken out by")
    told = list(csv.DictReader(lines))
    assert [(row["Segment"], row["Customers"], row["Isolates"]) for row in told] == [
        ("1", "2", "no"),
        ("2", "1", "yes"),
    ]


def test_the_file_needs_the_permission_to_export(store):
    looking = Person("P1", frozenset(Permission) - {Permission.NETWORK_EXPORT})
    app = create_app(store, person_of=lambda: looking)
    assert app.server.test_client().get("/criticality.csv?utility=water&table=segments").status_code == 403
    assert app.server.test_client().get("/criticality/rows.json?utility=water&table=segments").status_code == 200
    blind = Person("P2", frozenset({Permission.SHELL}))
    app = create_app(store, person_of=lambda: blind)
    assert app.server.test_client().get("/criticality/rows.json?utility=water&table=segments").status_code == 403
    assert (
        create_app(store, person_of=lambda: LOCAL)
        .server.test_client()
        .get("/criticality.csv?utility=water&table=devices")
        .status_code
        == 200
    )


def test_a_link_that_was_chosen_is_told_by_its_own_figures_and_the_row_of_its_segment(store):
    found = found_of(Snapshot(store), {"utility": "water", "kind": "link", "code": "b"})
    assert (found.table, found.row, found.figures["customers"]) == ("segments", "2", 1)
    assert found.marked == {"criticality_water": ["b"]}
    assert found.shapes["code"].tolist() == ["b"]


def test_a_segment_marks_all_of_its_links_and_a_device_itself(store):
    snapshot = Snapshot(store)
    assert found_of(snapshot, {"utility": "water", "kind": "segment", "code": "1"}).marked == {
        "criticality_water": ["a"]
    }
    device = found_of(snapshot, {"utility": "water", "kind": "device", "code": "V"})
    assert (device.marked, device.table, device.row) == ({"criticality_devices_water": ["V"]}, "devices", "V")


@pytest.mark.parametrize("code", [None, "", "99"])
def test_what_is_not_there_is_not_found(store, code):
    assert found_of(Snapshot(store), {"utility": "water", "kind": "segment", "code": code}) is None
    assert found_of(Snapshot(store), {"utility": "gas", "kind": "segment", "code": code}) is None


def test_an_address_that_asks_for_nonsense_gets_the_first_table():
    assert asked_of({"utility": "steam", "table": "x"}) == {"utility": "water", "table": "segments"}


def test_a_valve_that_gets_stuck_is_computed_anew_and_raises_the_revision(store):
    snapshot = Snapshot(store)
    before = snapshot.criticality("water")
    assert snapshot.criticality("water") is before
    store.save({"devices": store.table("devices").assign(operable="stuck")}, actor="test", replace=True)
    after = snapshot.criticality("water")
    assert after.revision > before.revision
    assert after.answer.devices.empty


def test_its_tiles_are_drawn_from_the_same_answer(store):
    app = create_app(store)
    tiles: Tiles = app.server.extensions["gisapp.tiles"]
    burst, _ = tiles.layers("criticality_water", language="en", theme="light")
    assert burst.frame["lost_customers"].tolist() == [2, 1]
