"""Incidents in the words of Open311 (GeoReport v2), masked: what other programs of a city read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.crs import to_degrees
from gisapp.grids import grids_at
from gisapp.incidents import RuleBook, clock_table, incidents_of, still_open
from gisapp.incidents.seeing import restricted
from gisapp.rules.incidents import CategoryRule, incident_rows
from gisapp.times import local_days
from gisapp.words import term, word

TABLES = ("incident_steps", "org_units", "grids")
"""The tables that tell of an incident beside its own."""
_OPEN_CLOCKS = ("running", "due_soon", "breached")
_MOMENTS = ("reported_at", "dispatched_at", "accepted_at", "arrived_at", "repaired_at", "closed_at")
_NAME = {"zh-Hans": "name_hans", "zh-Hant": "name_hant", "en": "name_en"}


def told_outside(incidents: pd.DataFrame, book: RuleBook) -> np.ndarray:
    """Return which incidents other programs may read of: no drill, and none of a category that rules restrict."""
    return ~restricted(incidents, book) & ~incidents["drill"].to_numpy(dtype=bool, na_value=False)


def open311_services(book: RuleBook, now: datetime, language: str) -> list[dict[str, Any]]:
    """Return the categories of incidents that hold now as the services of GeoReport v2; no restricted ones."""
    return [
        {
            "service_code": rule.category,
            "service_name": _name(rule, language),
            "description": f"{word(f'incident.{rule.type}', language)}: {_name(rule, language)}",
            "metadata": True,
            "type": "realtime",
            "keywords": ", ".join(dict.fromkeys((rule.type, rule.life, *([rule.group] if rule.group else [])))),
            "group": word(f"incident.{rule.type}", language),
        }
        for rule in open_categories(book, now)
    ]


def open_categories(book: RuleBook, now: datetime) -> tuple[CategoryRule, ...]:
    """Return the categories that hold now and that anybody may report and read of."""
    names = {rule.category for rule in incident_rows(book.own)["category"] if rule.restricted}
    return tuple(rule for rule in book.at(now).category if rule.category not in names)


def service_codes(incidents: pd.DataFrame, book: RuleBook) -> pd.Series:
    """Return the service of each incident: its category, its type where the rules of its day have none for it."""
    kinds = incidents[["category", "type"]].assign(day=local_days(incidents["reported_at"], book.zone))
    number = kinds.groupby(list(kinds), dropna=False, sort=False).ngroup()
    first = incidents[~number.duplicated()]
    rows: list[Any] = first[["category", "type", "reported_at"]].to_dict("records")
    codes = [_code(row, book.category(row)) for row in rows]
    return pd.Series(np.array(codes, dtype=object)[number.to_numpy()], incidents.index, dtype="str")


def open311_requests(
    incidents: gpd.GeoDataFrame,
    tables: Mapping[str, Any],
    book: RuleBook,
    *,
    now: datetime,
    language: str = "zh-Hans",
) -> list[dict[str, Any]]:
    """Return incidents as the requests of a GeoReport v2 answer; drills and restricted ones are left out.

    Parameters
    ----------
    incidents
        Rows of the table of that name, masked as they may leave the house.
    tables
        Those of :data:`TABLES`.
    book
        The rules: a service is a category of theirs.
    now
        The moment at which clocks are judged, aware.
    language
        Of names and notes.

    Returns
    -------
    list of dict
        ``status_notes`` is our own state in words, the outcome of what is closed; ``agency_responsible`` the grid by
        code and name and the unit, never a person; ``expected_datetime`` the next limit of what is open;
        ``updated_datetime`` the last moment known; positions in degrees. No address is told. ``extended_attributes``
        holds the codes behind the words.
    """
    rows = incidents[told_outside(incidents, book)].reset_index(drop=True)
    steps = tables["incident_steps"]
    mine = steps[steps["incident_code"].isin(rows["code"])]
    records = incidents_of(rows, mine, book.life)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=now, zone=book.zone)
    waiting = clocks[clocks["state"].isin(_OPEN_CLOCKS) & clocks["done_at"].isna()]
    due = waiting.groupby("incident_code")["due_at"].min()
    moved = mine.groupby("incident_code")["at"].max().reindex(rows["code"]).reset_index(drop=True)
    updated = rows[list(_MOMENTS)].assign(moved=moved).max(axis=1)
    named = _names(tables, rows["reported_at"].max() if len(rows) else pd.Timestamp(now), language)
    places = _degrees(rows)
    told = zip(rows.drop(columns="geom").to_dict("records"), places, still_open(rows, mine, book), updated, strict=True)
    return [
        _request(row, place, bool(is_open), moment, due, book.category(row), named, language)
        for row, place, is_open, moment in told
    ]


def _request(
    row: Mapping[str, Any],
    place: np.ndarray,
    is_open: bool,
    moment: object,
    due: pd.Series,
    rule: CategoryRule | None,
    named: Mapping[tuple[str, str], str],
    language: str,
) -> dict[str, Any]:
    """Return one request."""
    grid, unit = _text(row["grid_code"]), _text(row["unit_code"])
    known = " ".join(part for part in (grid, named.get(("grid", grid or ""))) if part)
    agency = " / ".join(part for part in (known, named.get(("unit", unit or ""), unit)) if part)
    there = bool(np.isfinite(place).all())
    return {
        "service_request_id": row["code"],
        "status": "open" if is_open else "closed",
        "status_notes": _notes(row, language),
        "service_name": _name(rule, language) if rule else term("incident", str(row["type"]), language),
        "service_code": _code(row, rule),
        "description": _text(row["summary"]),
        "agency_responsible": agency or None,
        "service_notice": None,
        "requested_datetime": _moment(row["reported_at"]),
        "updated_datetime": _moment(moment),
        "expected_datetime": _moment(due.get(row["code"])) if is_open else None,
        "address": None,
        "address_id": None,
        "zipcode": None,
        "lat": float(place[1]) if there else None,
        "long": float(place[0]) if there else None,
        "media_url": None,
        "extended_attributes": {
            "state": row["status"],
            "utility": _text(row["utility"]),
            "grid_code": grid,
            "unit_code": unit,
        },
    }


def _notes(row: Mapping[str, Any], language: str) -> str:
    """Return where an incident stands in words; of a second report, with which it was joined."""
    said = word(f"layers.status_{row['status']}", language)
    main = _text(row["duplicate_of"])
    return f"{said}: {main}" if main else said


def _code(row: Mapping[str, Any], rule: CategoryRule | None) -> str:
    return rule.category if rule else str(row["type"])


def _name(rule: CategoryRule, language: str) -> str:
    return str(getattr(rule, _NAME[language]))


def _names(tables: Mapping[str, Any], moment: pd.Timestamp, language: str) -> dict[tuple[str, str], str]:
    """Return the names of units, and of grids: of a code that changed hands the one in force, else the last."""
    units, grids = tables["org_units"], tables["grids"].sort_values("valid_from", kind="stable")
    told = {("unit", code): name for code, name in zip(units["code"], units[_NAME[language]], strict=True)}
    for frame in (grids, grids_at(grids, moment)):
        told |= {("grid", code): name for code, name in zip(frame["code"], frame["name"], strict=True)}
    return told


def _degrees(rows: gpd.GeoDataFrame) -> np.ndarray:
    """Return the position of each row in degrees, east first, to a centimetre; NaN where there is none."""
    shapes = gpd.GeoSeries(rows["geom"], crs=rows.crs)
    if not len(rows):
        return np.empty((0, 2))
    lon, lat = to_degrees(rows.crs).transform(shapes.x.to_numpy(), shapes.y.to_numpy())
    return np.column_stack([lon, lat]).round(7)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).strftime("%Y-%m-%dT%H:%M:%SZ")
