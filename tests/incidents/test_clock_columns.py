"""Clocks of many imported incidents, column by column: the same as one by one."""

import os
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gisapp.incidents import RuleBook, clock_table, incidents_of
from gisapp.incidents.clock_columns import COLUMNS, imported_clocks
from gisapp.incidents.model import TIMES
from gisapp.rules import rule_text
from gisapp.rules.incidents import incident_rows
from gisapp.tables import INCIDENT_TYPES, conform

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
ROWS = 250 if os.environ.get("GISAPP_NIGHTLY") else 120
STEPS = pd.DataFrame(columns=["incident_code", "step", "action", "at", "actor", "role", "from_status", "to_status",
                              "subject", "value", "note"])  # fmt: skip
STATUSES = ("registered", "dispatched", "on_site", "archived", "closed", "accepted", "merged", "cancelled")


def many(rows, seed):
    """Return incidents with any of their moments missing, some exactly at a limit."""
    draw = np.random.default_rng(seed)
    categories = [rule.category for rule in incident_rows(None)["category"]]
    told = pd.Timestamp("2026-11-10T16:00Z") + pd.to_timedelta(draw.integers(0, 12 * 86_400, rows), unit="s")
    frame = pd.DataFrame({"code": [f"X{n:04}" for n in range(rows)], "reported_at": told, "drill": False})
    frame["status"], frame["channel"] = draw.choice(STATUSES, rows), "phone"
    frame["type"] = draw.choice(INCIDENT_TYPES, rows)
    frame["category"] = np.where(draw.random(rows) < 0.5, draw.choice(categories, rows), None)
    last = pd.Series(told)
    for name in TIMES:
        last = last + pd.to_timedelta(draw.choice([0, 20 * 60, 40 * 60, 7, 20_000, 86_400, 172_800], rows), unit="s")
        frame[name] = last.where(draw.random(rows) < 0.6)
    geom = gpd.GeoSeries([None] * rows, crs="EPSG:4547")
    return conform(gpd.GeoDataFrame(frame, geometry=geom).rename_geometry("geom"), "incidents")


@pytest.mark.parametrize("law", [False, True])
def test_columns_give_what_one_by_one_gives(law):
    own = rule_text("incidents").replace(", off = true", "") if law else None
    book, rows = RuleBook(ZONE, own), many(ROWS, 3 + law)
    records = list(incidents_of(rows, STEPS, book.life))
    one_by_one = clock_table(records, lambda one: book.at(one.reported_at), now=NOW, zone=ZONE)[list(COLUMNS)]
    found = imported_clocks(rows, book, now=NOW)
    times = {name: "datetime64[ms, UTC]" for name in ("start", "due_at", "done_at")}
    wanted = one_by_one.astype(times).astype(
        {"clock": object, "state": object, "rule": object, "incident_code": object}
    )
    pd.testing.assert_frame_equal(found.astype(times).astype(wanted.dtypes), wanted)
    assert set(found["state"]) == {"met", "breached", "running", "due_soon", "not_judged"}


def test_accepted_at_twenty_minutes_is_met_and_a_second_later_breached():  # W9.1
    rows = many(2, 1).assign(status="accepted", type="leak", category=None)
    rows["dispatched_at"] = rows["reported_at"] + timedelta(minutes=1)
    rows["accepted_at"] = rows["dispatched_at"] + pd.to_timedelta([1200, 1201], unit="s")
    rows = rows.assign(**{name: rows[name].where(rows[name].isna()) for name in TIMES[2:]})
    found = imported_clocks(conform(rows, "incidents"), RuleBook(ZONE), now=NOW)
    assert found[found["clock"] == "K1"]["state"].tolist() == ["met", "breached"]


def test_no_incidents_have_no_clocks():
    assert list(imported_clocks(many(1, 1).iloc[:0], RuleBook(ZONE), now=NOW).columns) == list(COLUMNS)
