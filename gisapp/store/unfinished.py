"""Of very many incidents the few that somebody waits for, read without the rest."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import geopandas as gpd
import pandas as pd
import pyproj
from sqlalchemy import Connection

from gisapp.incidents import Incident, RuleBook, still_open
from gisapp.incidents.forms import ENDS_CLOSED, OVER
from gisapp.incidents.lives import statuses_of
from gisapp.incidents.surroundings import PRESSURE
from gisapp.rules.incidents import incident_rows
from gisapp.store.databases import database_of
from gisapp.store.rows import column_of, parsed_times
from gisapp.store.snapshots import read_among
from gisapp.tables import TABLES

AROUND = timedelta(hours=24)
"""Reports so long before and after one may be of the same lack of water."""
_EVER = date(2000, 1, 1)
_TOLD = ("code", "type", "category", "status", "reported_at")


def unfinished(connection: Connection, crs: pyproj.CRS, book: RuleBook) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the incidents in which something may still follow, and their steps."""
    listed = database_of(connection).LISTED
    # Nearly all that is closed are complaints and findings of past years: left out here, judged in full below.
    types, categories, as_repair = (json.dumps(names) for names in _ending(book))
    cursor = connection.exec_driver_sql(
        f"SELECT {', '.join(_TOLD)} FROM incidents WHERE status NOT IN ({listed}) AND NOT (status = 'closed' AND "
        f"CASE WHEN category IS NULL THEN type IN ({listed}) ELSE category IN ({listed}) END AND NOT EXISTS ("
        f"SELECT 1 FROM incident_steps WHERE incident_code = incidents.code AND to_status IN ({listed}))) ORDER BY fid",
        (json.dumps(OVER), types, categories, as_repair),
    ).cursor
    assert cursor is not None  # the driver's own: rows wrapped one by one would take twice as long
    found = cursor.fetchall()
    columns = dict(zip(_TOLD, map(list, zip(*found, strict=True)), strict=True)) if found else {n: [] for n in _TOLD}
    told = {name: column_of(values, "text") for name, values in columns.items() if name != "reported_at"}
    told["reported_at"] = column_of(parsed_times(columns["reported_at"], "incidents.reported_at"), "time")
    rows = pd.DataFrame(told)
    steps = connection.exec_driver_sql(
        f"SELECT DISTINCT incident_code, to_status FROM incident_steps WHERE incident_code IN ({listed})",
        (json.dumps(rows.loc[rows["status"] == "closed", "code"].tolist()),),
    ).fetchall()
    been = pd.DataFrame([tuple(step) for step in steps], columns=["incident_code", "to_status"], dtype="str")
    return _whole(connection, crs, rows.loc[still_open(rows, been, book), "code"])


def _ending(book: RuleBook) -> tuple[list[str], list[str], list[str]]:
    """Return the types and categories that end when they are closed on any day, and what only a repair passes through.

    The types are those of rows without a category.
    """
    rules = incident_rows(book.own)["category"]
    ends = [rule for rule in rules if rule.life in ENDS_CLOSED and rule.valid_from <= _EVER and rule.valid_to is None]
    lasts = [rule for rule in rules if rule.life not in ENDS_CLOSED]
    usual, others = ({rule.type for rule in some if rule.usual} for some in (ends, lasts))
    named, kept = ({rule.category for rule in some} for some in (ends, lasts))
    own = set().union(*(statuses_of("repair") - statuses_of(life) for life in ENDS_CLOSED))
    return sorted(usual - others), sorted(named - kept), sorted(own)


def alongside(connection: Connection, crs: pyproj.CRS, incident: Incident) -> gpd.GeoDataFrame:
    """Return an incident's row, those merged with it, and reports of a lack of water about the same time."""
    group = incident.standing.duplicate_of or incident.code
    merged = connection.exec_driver_sql("SELECT code FROM incidents WHERE duplicate_of = ?", (group,)).scalars().all()
    near = _lacking(connection, incident.reported_at) if incident.head["type"] in PRESSURE else []
    return _incidents(connection, crs, {incident.code, group, *merged, *near})


def lacking(connection: Connection, crs: pyproj.CRS, at: datetime) -> gpd.GeoDataFrame:
    """Return the reports of a lack of water about a moment."""
    return _incidents(connection, crs, _lacking(connection, at))


def _lacking(connection: Connection, at: datetime) -> list[str]:
    ends = [(at + by).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") for by in (-AROUND, AROUND)]
    kinds = ", ".join(f"'{kind}'" for kind in PRESSURE)
    found = connection.exec_driver_sql(
        f"SELECT code FROM incidents WHERE type IN ({kinds}) AND reported_at BETWEEN ? AND ?", tuple(ends)
    )
    return list(found.scalars())


def _whole(connection: Connection, crs: pyproj.CRS, codes: Iterable[str]) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return the rows and the steps of incidents by their codes."""
    codes = list(codes)
    return (
        _incidents(connection, crs, codes),
        read_among(connection, TABLES["incident_steps"], "incident_code", codes),
    )


def _incidents(connection: Connection, crs: pyproj.CRS, codes: Iterable[str]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(read_among(connection, TABLES["incidents"], "code", codes, crs))
