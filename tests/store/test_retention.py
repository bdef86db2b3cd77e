"""What is personal goes in its time, or when the person asks; the history stays, and the audit tells of it."""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.errors import InputError
from gisapp.retention import Keeping, require_extent, require_rows, require_setting
from gisapp.tables import conform

NUMBER = "13800138777"
NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def store(store):
    with nullcontext(store) as made:
        lines = [shapely.LineString([(500_000, 4_060_000), (500_100, 4_060_000 + day)]) for day in (1, 2)]
        begun = [pd.Timestamp(NOW - timedelta(days=days)) for days in (91, 89)]
        told = {"code": ["T1", "T2"], "grid_code": "G1", "person_code": "W1", "started_at": begun, "ended_at": begun}
        tracks = gpd.GeoDataFrame(told | {"geom": gpd.GeoSeries(lines, crs="EPSG:4547")}, geometry="geom")
        spot = gpd.GeoSeries([shapely.Point(500_000, 4_060_000)], crs="EPSG:4547")
        account = {"code": ["A1"], "name": ["张三丰"], "phone": ["13800138000"], "address": ["3幢501室"],
                   "kind": ["resident"], "households": [1], "meter_inside": [False], "geom": spot}  # fmt: skip
        customers = gpd.GeoDataFrame(account, geometry="geom")
        made.save(
            {name: conform(rows, name) for name, rows in (("patrol_tracks", tracks), ("customers", customers))},
            actor="t",
        )
        for phone, code in ((NUMBER, "A1"), ("+86 138-0013-8777", None), ("13900139000", None)):
            told = {
                "utility": "water",
                "type": "leak",
                "channel": "phone",
                "text": "张三丰家",
                "summary": "漏水",
                "drill": False,
            }
            made.report(told | {"reporter_phone": phone, "customer_code": code}, actor="t")
        yield made


def test_of_a_track_older_than_it_is_kept_the_times_alone_stay(store):
    assert store.retention.due(now=NOW)["patrol_tracks"] == 1
    assert store.retention.apply(actor="local", now=NOW)["patrol_tracks"] == 1
    tracks = store.table("patrol_tracks").set_index("code")
    assert tracks.loc["T1", "geom"] is None
    assert pd.isna(tracks.loc["T1", "person_code"])
    assert tracks.loc["T1", "ended_at"] == pd.Timestamp(NOW - timedelta(days=91))
    assert tracks.loc["T2", "geom"] is not None
    assert store.retention.due(now=NOW)["patrol_tracks"] == 0
    assert store.audit()["action"].tolist()[-1] == "retention"


def test_a_setting_says_how_long(store):
    store.set_setting(require_setting("track_days", 30), 30, actor="local")
    assert store.retention.due(now=NOW)["patrol_tracks"] == 2
    store.set_setting(require_setting("track_days", 365), 365, actor="local")
    assert store.retention.due(now=NOW)["patrol_tracks"] == 0


def test_old_sessions_go_and_new_ones_stay(store):
    from gisapp.accounts import User

    store.accounts.add(User("D001", "x", ("dispatcher",)), None, actor="local")
    secret = store.accounts.begin("D001")
    later = datetime.now(UTC) + timedelta(days=181)
    assert store.retention.due(now=later)["sessions"] == 1
    store.retention.apply(actor="local")
    assert store.accounts.session(secret, active=False)
    assert store.retention.apply(actor="local", now=later)["sessions"] == 1


def test_an_account_is_forgotten_with_what_it_said_and_its_incidents_stay(store):
    steps = len(store.table("incident_steps"))
    assert store.retention.forget_customer("A1", actor="local", why="letter") == {"customers": 1, "incidents": 1}
    account = store.table("customers").iloc[0]
    assert account[["name", "phone", "address"]].isna().all()
    assert account["households"] == 1
    incidents = store.table("incidents")
    mine = incidents[incidents["customer_code"] == "A1"].iloc[0]
    assert mine[["text", "reporter_phone"]].isna().all()
    assert mine["summary"] == "漏水"
    assert len(incidents) == 3
    assert len(store.table("incident_steps")) == steps
    assert store.audit()["note"].tolist()[-1] == "A1: letter"


def test_a_number_is_forgotten_however_it_was_written_and_not_told_to_the_audit(store):
    assert store.retention.forget_number("138 0013 8777", actor="local", why="call of today") == {"incidents": 2}
    assert store.table("incidents")["reporter_phone"].dropna().tolist() == ["13900139000"]
    assert NUMBER not in store.audit().to_csv()


def test_to_forget_needs_somebody_and_a_reason(store):
    with pytest.raises(InputError, match="no account 'A9'"):
        store.retention.forget_customer("A9", actor="local", why="x")
    with pytest.raises(InputError, match="has no reason"):
        store.retention.forget_customer("A1", actor="local", why=" ")
    with pytest.raises(InputError, match="no telephone number"):
        store.retention.forget_number("12", actor="local", why="x")
    assert store.table("customers").iloc[0]["name"] == "张三丰"


def test_more_rows_or_ground_than_may_leave_at_once_are_refused_with_what_to_do():
    require_rows(10, Keeping(export_rows=10))
    with pytest.raises(InputError, match=r"11 incidents; narrow the filter to 10, or set export_rows"):
        require_rows(11, Keeping(export_rows=10))
    require_extent((0, 0, 2000, 1000), Keeping(network_km2=2))
    with pytest.raises(InputError, match=r"over 4.00 km²; narrow it to 2 km²"):
        require_extent((0, 0, 2000, 2000), Keeping(network_km2=2))


@pytest.mark.parametrize(("name", "value"), [("days", 1), ("track_days", 0)])
def test_a_setting_that_there_is_not_is_refused(name, value):
    with pytest.raises(InputError, match=name):
        require_setting(name, value)
