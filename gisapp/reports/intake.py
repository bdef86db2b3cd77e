"""What becomes of incidents that came in by a file: their grid, unit and clocks, each with what gave it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.incidents import RuleBook
from gisapp.incidents.clock_columns import imported_clocks
from gisapp.incidents.model import TIMES
from gisapp.incidents.surroundings import PRESSURE
from gisapp.reports.placing import placed_incidents
from gisapp.reports.routes import routes_of

_AROUND = pd.Timedelta(hours=24)
_SAID = ("unit_code", "duplicate_of", "cause", *TIMES)


@dataclass(frozen=True)
class Intake:
    """Incidents with grid and unit, the first step of each, and what the report tells of them."""

    incidents: gpd.GeoDataFrame
    steps: pd.DataFrame
    told: dict[str, Any]


def taken_in(
    incidents: gpd.GeoDataFrame, tables: Mapping[str, Any], book: RuleBook, *, grid_rev: int, now: datetime
) -> Intake:
    """Return incidents of a file with the grid in which each lies, the unit that must act, and their first step.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name; a grid or unit that the file says is kept.
    tables
        Those of :data:`gisapp.reports.routes.TABLES`, and ``incidents``: reports of one lack of water are counted with
        those that are stored already.
    book
        The rules; those of the day of each report hold.
    grid_rev
        Revision of the grids, kept with every incident that they placed.
    now
        The moment at which clocks are judged.

    Returns
    -------
    Intake
        The steps hold in ``value`` what the file said, the row of the rules that gave the unit (``unit_rule``) and how
        each clock stood (``clocks``). ``told`` counts: ``located`` by way, ``grids``, those ``near_border`` of a grid,
        ``units`` by row of the rules, ``clocks`` by clock and state.
    """
    placed = placed_incidents(incidents, tables["grids"], grid_rev=grid_rev)
    routes = routes_of(_with_stored(placed, tables["incidents"]), tables, book.zone, own_rules=book.own)
    routes = routes.iloc[: len(placed)].reset_index(drop=True)
    given = placed["unit_code"].notna().to_numpy()
    unit = placed["unit_code"].astype(object).where(given, routes["unit_code"].to_numpy(dtype=object))
    placed["unit_code"] = pd.Series(unit.to_numpy(), index=placed.index, dtype="str")
    rule = np.where(given, "file", routes["unit_rule"].to_numpy(dtype=object))
    judged = imported_clocks(placed, book, now=now)
    near = int((routes["near_border"].astype(bool) & placed.geometry.notna().to_numpy()).sum())
    return Intake(placed, _steps(placed, rule, judged), _told(placed, rule, judged) | {"near_border": near})


def _with_stored(incidents: gpd.GeoDataFrame, stored: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the incidents, and after them stored ones that may be of the same lack of water."""
    lacking = incidents.loc[incidents["type"].isin(PRESSURE), "reported_at"]
    if lacking.empty or not len(stored):
        return incidents
    around = stored["reported_at"].between(lacking.min() - _AROUND, lacking.max() + _AROUND)
    return gpd.GeoDataFrame(pd.concat([incidents, stored[around & stored["type"].isin(PRESSURE)]], ignore_index=True))


def _steps(incidents: gpd.GeoDataFrame, rule: np.ndarray, judged: pd.DataFrame) -> pd.DataFrame:
    """Return the first step of each incident: what :func:`gisapp.incidents.imported` gives, and the answers to it."""
    words = {
        name: incidents[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00") if name in TIMES else incidents[name]
        for name in _SAID
    }
    said = {name: column.astype(object).where(column.notna(), None).tolist() for name, column in words.items()}
    clocks: dict[str, list[str]] = {}
    for code, pair in zip(judged["incident_code"], judged["clock"] + ":" + judged["state"], strict=True):
        clocks.setdefault(code, []).append(pair)
    stood = [",".join(clocks.get(code, ())) or None for code in incidents["code"]]
    names, written = (*said, "unit_rule", "clocks"), json.JSONEncoder(ensure_ascii=False).encode
    rows = zip(*said.values(), rule.tolist(), stood, strict=True)
    values = [written({n: v for n, v in zip(names, row, strict=True) if isinstance(v, str)}) for row in rows]
    return pd.DataFrame(
        {
            "incident_code": incidents["code"],
            "step": 1,
            "at": incidents["reported_at"],
            "noted_at": pd.Timestamp.now(tz="UTC").floor("ms"),
            "actor": "system",
            "role": "system",
            "action": "import",
            "to_status": incidents["status"],
            "value": values,
        }
    )


def _told(incidents: gpd.GeoDataFrame, rule: np.ndarray, judged: pd.DataFrame) -> dict[str, Any]:
    """Return how many were answered how."""
    lies = incidents.geometry.notna()
    ways = (
        incidents["located_by"]
        .astype(object)
        .where(incidents["located_by"].notna(), np.where(lies, "coordinates", "unlocated"))
    )
    clocks: dict[str, dict[str, int]] = {}
    for pair, many in _counts(judged["clock"] + ":" + judged["state"]).items():
        clock, _, state = pair.partition(":")
        clocks.setdefault(clock, {})[state] = many
    placed = int(incidents["grid_code"].notna().sum())
    return {
        "located": _counts(ways),
        "grids": {"in_a_grid": placed, "in_none": len(incidents) - placed},
        "units": _counts(pd.Series(rule).fillna("no row fits")),
        "clocks": clocks,
    }


def _counts(values: pd.Series) -> dict[str, int]:
    return {str(value): int(many) for value, many in values.value_counts().items()}
