"""Reliability by script: from a list as another utility publishes it, and from the shutoffs of a store."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gisapp.store import open_store

OFF = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
COUNTY = [(240, 300), (240, 120), (120, 200), (180, 150), (240, 8000), (120, 240), (240, 180)]


def test_a_published_list_is_25_6_minutes(run, tmp_path):
    path = tmp_path / "list.csv"
    rows = [f"{OFF.isoformat()},{(OFF + timedelta(minutes=m)).isoformat()},{n},{m}" for m, n in COUNTY]
    path.write_text("off_at,restored_at,households,minutes\n" + "\n".join(rows), encoding="utf-8")
    status, out, _ = run("reliability", "--outages", path, "--served", "83753")
    told = json.loads(out)
    assert (status, round(told["saidi_min"], 1), round(told["caidi_min"])) == (0, 25.6, 233)
    assert run("reliability", "--outages", path)[0] == 2  # a list does not say who is served


@pytest.fixture
def fed(net3):
    """Net3 with a customer of seven households on the pipe that is shut, and one of three on one that is not dry."""
    import geopandas as gpd
    import pandas as pd

    from gisapp.tables import conform

    with open_store(net3) as store:
        links = store.table("links").set_index("code")["geom"]
        where = {"C1": "105", "C2": "60"}
        spots = gpd.GeoSeries([links[pipe].interpolate(0.5, normalized=True) for pipe in where.values()], crs=store.crs)
        plain = pd.DataFrame({"code": list(where), "kind": "resident", "households": [7, 3], "meter_inside": False})
        customers = gpd.GeoDataFrame(plain, geometry=spots).rename_geometry("geom")
        half = [links[pipe].length / 2 for pipe in where.values()]
        pipes = {"utility": "water", "customer_code": list(where), "link_code": list(where.values()), "measure_m": half}
        tables = {"customers": customers, "connections": pd.DataFrame(pipes)}
        store.save({name: conform(frame, name) for name, frame in tables.items()}, actor="t")
    return net3


def shut(store, minutes, start=OFF, *, drill=False, restore=True):
    head = {"utility": "water", "kind": "emergency", "links": "105", "opened_at": start, "drill": drill}
    code = store.operations.open(head, "t")
    for action in ("order", "start_closing", "cut_off"):
        store.operations.record(code, action, "t", at=start)
    for action in ("finish_work", "restore") if restore else ():
        store.operations.record(code, action, "t", at=start + timedelta(minutes=minutes))
    return code


def test_the_shutoffs_of_a_store_count_but_drills_and_those_not_over(run, fed):
    with open_store(fed) as store:
        shut(store, 60)
        shut(store, 30, OFF + timedelta(hours=3))
        shut(store, 600, drill=True)
        late = shut(store, 0, OFF + timedelta(hours=9), restore=False)
        shut(store, 90, OFF + timedelta(days=2))
    period = ("--from", "2026-11-20", "--to", "2026-11-20")
    status, out, err = run("reliability", "--store", fed, "--utility", "water", *period)
    told = json.loads(out)
    assert (status, told["served"], told["outages"]) == (0, 10, 2)
    assert (told["household_minutes"], told["saidi_min"], told["saifi"]) == (7 * 90, 63.0, 1.4)
    assert told["cemi"] == {"1": 0.7, "2": 0.0, "3": 0.0}
    assert f"{late}: supply is not back yet" in err
    assert run("reliability", "--store", fed)[0] == 2
