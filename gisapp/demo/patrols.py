"""Patrols of a few grids: routes over their water mains, the last weeks' tracks, points to pass, and findings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from gisapp.demo.frames import framed
from gisapp.demo.people import members_of
from gisapp.demo.sizes import CRS, NOW
from gisapp.patrols import assets_due, inspection, pipe_edges

PATROL_TABLES = ("grids", "links", "devices", "posts")
"""The tables that :func:`patrol_tables` reads."""
_GRIDS, _WEEKS, _PASS_M = 6, 4, 15.0
_FIRST = pd.Timestamp("2026-08-03T01:00:00Z")  # a Monday, nine in the morning in China
_FOUND = ("阀门井盖松动", "路面沉降", "阀门井积水", "井盖缺失", "管线标识桩倾倒", "阀门井渗水")


def patrol_tables(tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables of patrols; each route is walked every week, the last but one only in part or late."""
    grids = tables["grids"][tables["grids"]["valid_to"].isna()].sort_values("code").head(_GRIDS)
    member = members_of(tables["posts"])
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("routes", "checkpoints", "tracks", "findings")}
    for number, (code, area) in enumerate(zip(grids["code"], grids.geometry, strict=True)):
        pipes, valves = assets_due(_frame(tables["links"]), _frame(tables["devices"]), area, utility="water")
        if pipes.empty:
            continue
        line = inspection(pipe_edges(pipes), exact_odd=60).line
        route = f"PR-{code}"
        rows["routes"].append(_route(route, code, member[number], line))
        rows["checkpoints"] += _checkpoints(route, line, valves)
        rows["tracks"] += _tracks(route, code, member[number], line, number, rng)
        if len(valves):
            rows["findings"].append(_finding(number, valves.iloc[len(valves) // 2], rows["tracks"][-1]))
    return {f"patrol_{name}": _table(f"patrol_{name}", told) for name, told in rows.items()}


def _frame(table: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(table, geometry="geom", crs=CRS)


def _table(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    columns = {key: [row[key] for row in rows] for key in rows[0] if key != "geom"}
    return framed(name, columns, np.array([row["geom"] for row in rows], dtype=object))


def _route(code: str, grid: str, person: str, line: shapely.LineString) -> dict[str, Any]:
    told = {"code": code, "utility": "water", "grid_code": grid, "name": f"{grid}供水巡查", "person_code": person}
    return told | {"first_at": _FIRST, "every_days": 7, "within_h": 10.0, "geom": line}


def _checkpoints(route: str, line: shapely.LineString, valves: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Return every fourth valve beside a route, in the order in which it is first reached."""
    near = valves[valves.geometry.distance(line).to_numpy() <= _PASS_M]
    along = shapely.line_locate_point(line, near.geometry.to_numpy())
    chosen = near.iloc[np.argsort(along, kind="stable")][::4]
    return [
        {"route_code": route, "number": number, "device_code": code, "geom": spot}
        for number, (code, spot) in enumerate(zip(chosen["code"], chosen.geometry, strict=True), start=1)
    ]


def _tracks(
    route: str, grid: str, person: str, line: shapely.LineString, number: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return the tracks of the last weeks: a few metres beside the route, one cut short, one late, one not walked."""
    rows = []
    monday = _FIRST + pd.Timedelta(weeks=(NOW - _FIRST) // pd.Timedelta(weeks=1) + 1 - _WEEKS)
    for week in range(_WEEKS):
        if week == 0 and number % 3 == 2:
            continue
        walked = substring(line, 0.0, 0.7 if week == 2 and number % 3 == 0 else 1.0, normalized=True)
        dense = shapely.segmentize(walked, 40.0)
        xy = shapely.get_coordinates(dense)
        start = monday + pd.Timedelta(weeks=week, minutes=10)
        hours = 14.0 if week == 1 and number % 3 == 1 else min(9.0, walked.length / 3_000)
        rows.append(
            {
                "code": f"PT-{grid}-{start:%Y%m%d}",
                "route_code": route,
                "grid_code": grid,
                "person_code": person,
                "started_at": start,
                "ended_at": start + pd.Timedelta(hours=hours).floor("min"),
                "geom": shapely.LineString(xy + rng.uniform(-4.0, 4.0, xy.shape)),
            }
        )
    return rows


def _finding(number: int, valve: Any, track: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was found at a valve; one of six has no photo."""
    code = f"PF-{number + 1:04d}"
    return {
        "code": code,
        "utility": "water",
        "track_code": track["code"],
        "found_at": track["started_at"] + pd.Timedelta(minutes=30),
        "person_code": track["person_code"],
        "device_code": valve["code"],
        "asset": "device",
        "photo": None if number == _GRIDS - 1 else f"photos/{code}.jpg",
        "summary": _FOUND[number % len(_FOUND)],
        "geom": valve["geom"],
    }
