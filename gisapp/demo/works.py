"""Construction sites along streets: one over, one in work, one begun without a report, one reported, one not yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely
from shapely.ops import substring

from gisapp.demo.frames import framed
from gisapp.demo.sizes import NOW, ZONE
from gisapp.sites.lifecycle import CHECKS, TRANSITIONS
from gisapp.sites.model import FIRST_STATUS

SITE_DEMO_TABLES = ("streets",)
"""The tables that :func:`site_tables` reads."""
_WORKS = (
    (
        "雨水管道改造",
        -20,
        12,
        (("report", -22), ("start", -20), ("finish", -9), *(("check", -8),) * len(CHECKS), ("close", -8)),
    ),
    ("道路拓宽", -6, 20, (("report", -9), ("start", -6), ("check", -5), ("check", -5))),
    ("通信管道铺设", -3, 10, (("start", -3), ("report", -1))),
    ("地铁出入口施工", -2, 30, (("start", -2),)),
    ("污水管道新建", 4, 15, (("report", -1),)),
    ("人行道翻修", 2, 6, ()),
)
"""Works: first day, days, and the steps by the day on which each was taken."""
_LENGTH_M, _WIDTH_M = 90.0, 9.0


def site_tables(tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables of construction sites, each beside a street of its own."""
    streets = tables["streets"]
    named = streets[streets["name"].notna()]
    long = named[named["geom"].map(shapely.length) > 2 * _LENGTH_M].sort_values("code", ignore_index=True)
    chosen = long.iloc[np.sort(rng.choice(len(long), len(_WORKS), replace=False))]
    heads, steps = [], []
    for number, (work, street) in enumerate(zip(_WORKS, chosen.to_dict("records"), strict=True), start=1):
        head = _head(work, street, number)
        heads.append(head)
        steps += _steps(head["code"], work)
    columns = {key: [row[key] for row in heads] for key in heads[0] if key != "geom"}
    areas = np.array([row["geom"] for row in heads], dtype=object)
    return {
        "construction_sites": framed("construction_sites", columns, areas),
        "site_steps": framed("site_steps", {key: [row[key] for row in steps] for key in steps[0]}),
    }


def _head(work: tuple[Any, ...], street: Mapping[Any, Any], number: int) -> dict[str, Any]:
    """Return the head of a site; of works that nobody reported the leader is not known."""
    title, first, days, steps = work
    told = any(action == "report" for action, _ in steps)
    start = NOW.floor("D") + pd.Timedelta(days=first)
    opened = NOW.floor("D") - pd.Timedelta(days=25 - number)
    line = substring(street["geom"], 0.3, 0.3 + _LENGTH_M / street["geom"].length, normalized=True)
    return {
        "code": f"C{opened.tz_convert(ZONE):%Y%m%d}-{number:02d}",
        "title": title,
        "utility": None,
        "place": street["name"],
        "unit_code": "U11" if number == 1 else None,
        "permit": f"占道{number:04d}" if told else None,
        "planned_start": start,
        "planned_end": start + pd.Timedelta(days=days),
        "project_leader": f"项目负责人{number}" if told else None,
        "contact": f"分机{8000 + number}" if told else None,
        "opened_at": opened,
        "geom": shapely.MultiPolygon([shapely.buffer(line, _WIDTH_M, cap_style="flat")]),
    }


def _steps(code: str, work: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Return the steps of a site; what is checked is good."""
    status, checks, rows = FIRST_STATUS, iter(CHECKS), []
    for number, (action, day) in enumerate(work[3], start=1):
        moves = TRANSITIONS[status]
        status = moves.get(action, status)
        at = NOW.floor("D") + pd.Timedelta(days=day, hours=1, minutes=number)
        checked = action == "check"
        told = {"subject": next(checks), "value": "good", "photo": f"photos/{code}-{number}.jpg"} if checked else {}
        row = {"site_code": code, "step": number, "at": at, "noted_at": at, "actor": "E00001", "action": action}
        rows.append({**row, "to_status": status, "subject": None, "value": None, "photo": None, "note": None, **told})
    return rows
