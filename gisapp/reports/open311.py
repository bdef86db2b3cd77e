"""Incidents in the words of Open311 (GeoReport v2), masked: what other programs of a city read."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.incidents import RuleBook

_OPEN_CLOCKS = ("running", "due_soon", "breached")


def open311_requests(
    incidents: gpd.GeoDataFrame, clocks: pd.DataFrame, book: RuleBook, *, is_open: np.ndarray, units: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return incidents as the requests of a GeoReport v2 answer.

    Parameters
    ----------
    incidents
        Rows of the table of that name, masked as they may leave the house.
    clocks
        Their clocks, as :func:`gisapp.incidents.clock_table` gives them.
    book
        The rules: a service is a category of theirs, in zh-Hans.
    is_open
        Whether something may still follow, one an incident (:func:`gisapp.incidents.still_open`).
    units
        The table ``org_units``, for their names.

    Returns
    -------
    list of dict
        ``status_notes`` is our own state, ``agency_responsible`` grid and unit, ``expected_datetime`` the next limit
        of what is open, ``updated_datetime`` the last moment known; positions in degrees. No address is told.
    """
    names = dict(zip(units["code"], units["name_hans"], strict=True))
    waiting = clocks[clocks["state"].isin(_OPEN_CLOCKS) & clocks["done_at"].isna()]
    due = waiting.groupby("incident_code")["due_at"].min()
    degrees = incidents.geometry.to_crs("EPSG:4326")
    moments = ["reported_at", "dispatched_at", "accepted_at", "arrived_at", "repaired_at", "closed_at"]
    updated = incidents[moments].max(axis=1)
    made = []
    rows = incidents.drop(columns="geom").to_dict("records")
    for row, point, opened, moment in zip(rows, degrees, is_open.tolist(), updated, strict=True):
        rule = book.category(row)
        agency = [_text(row["grid_code"]), _text(names.get(row["unit_code"], row["unit_code"]))]
        there = point is not None and not point.is_empty
        made.append(
            {
                "service_request_id": row["code"],
                "status": "open" if opened else "closed",
                "status_notes": row["status"],
                "service_name": rule.name_hans if rule else row["type"],
                "service_code": rule.category if rule else row["type"],
                "description": _text(row["summary"]),
                "agency_responsible": " / ".join(part for part in agency if part) or None,
                "requested_datetime": _moment(row["reported_at"]),
                "updated_datetime": _moment(moment),
                "expected_datetime": _moment(due.get(row["code"])) if opened else None,
                "address": None,
                "lat": round(point.y, 7) if there else None,
                "long": round(point.x, 7) if there else None,
            }
        )
    return made


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _moment(value: Any) -> str | None:
    return None if value is None or pd.isna(value) else pd.Timestamp(value).strftime("%Y-%m-%dT%H:%M:%SZ")
