"""What leaders noted, what was ordered by a day, and what patrols checked: some done, some late, some left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gisapp.demo.frames import framed
from gisapp.demo.people import DISPATCH, NETWORK
from gisapp.demo.sizes import NOW
from gisapp.grids import leaders_at
from gisapp.measures.lifecycle import TRANSITIONS

FOLLOWING_TABLES = ("grids", "posts", "patrol_tracks", "patrol_checkpoints", "patrol_findings")
"""The tables that :func:`following_tables` reads."""
_GRIDS = 6
_ITEMS = ("running", "appearance", "hazards")
_NOTES = (
    ("visit", -20, "沿线巡查，井盖完好"),
    ("users", -18, "走访用户，反映早高峰水压偏低"),
    ("meeting", -13, "例会：安排入冬前阀门检查"),
    ("visit", -6, "复查水压点"),
    ("outside", -5, "与社区沟通停水通知张贴点"),
)
_MEASURES = (
    ("rectification", "补齐阀门资料", -12, 20, (("finish", -3), ("check", -2))),
    ("rectification", "更换缺失井盖", -10, 6, ()),
    ("meeting_action", "完成入冬前阀门检查", -13, 30, ()),
    ("meeting_action", "核对用户联系方式", -13, 12, (("finish", -4),)),
    ("criticism", "回访不及时，通报批评", -8, None, ()),
)
"""Kind, words, the day on which it was ordered, how many days it had, and its steps by day."""


def following_tables(tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the notes of grids, the measures with their steps, and the checks of patrols."""
    grids = sorted(tables["grids"].loc[tables["grids"]["valid_to"].isna(), "code"])[:_GRIDS]
    leader = leaders_at(tables["posts"], NOW)
    notes = [
        {"number": at * len(_NOTES) + number, "at": _day(day, 2 + at), "noted_at": _day(day, 3 + at), "grid_code": grid}
        | {"person_code": leader[grid], "kind": kind, "summary": said, "kept": _minutes(kind, grid)}
        for at, grid in enumerate(grids)
        for number, (kind, day, said) in enumerate(_NOTES, start=1)
        if at < _GRIDS - 1 or kind != "visit"  # nobody visits the last one
    ]
    notes = [note | {"number": number} for number, note in enumerate(notes, start=1)]
    heads, steps = [], []
    for number, one in enumerate(_MEASURES, start=1):
        head, mine = _measure(f"M20261114-{number:02d}", one, grids[0], str(leader[grids[0]]), notes)
        heads.append(head)
        steps += mine
    return {
        "grid_notes": _framed("grid_notes", notes),
        "measures": _framed("measures", heads),
        "measure_steps": _framed("measure_steps", steps),
        "patrol_checks": _framed("patrol_checks", _checks(tables, rng)),
    }


def _framed(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return framed(name, {key: [row[key] for row in rows] for key in rows[0]})


def _day(day: int, hour: int = 1) -> pd.Timestamp:
    return NOW.floor("D") + pd.Timedelta(days=day, hours=hour)


def _minutes(kind: str, grid: str) -> str | None:
    return f"minutes/{grid}.pdf" if kind == "meeting" else None


def _measure(
    code: str, told: tuple[Any, ...], grid: str, leader: str, notes: list[dict[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the head of a measure and its steps: done by the unit, checked by whoever ordered it."""
    kind, words, ordered, days, course = told
    of_meeting = kind == "meeting_action"
    who = (leader, "grid_leader") if of_meeting else (DISPATCH, "dispatcher")
    due = None if days is None else f"{_day(ordered + days):%Y-%m-%d}"
    number = next(note["number"] for note in notes if note["kind"] == "meeting") if of_meeting else None
    head = {"code": code, "kind": kind, "summary": words, "subject": NETWORK, "grid_code": grid, "incident_code": None}
    head |= {"note_number": number, "due": due, "ordered_at": _day(ordered), "ordered_by": who[0], "role": who[1]}
    status, rows = "circulated" if kind == "criticism" else "ordered", []
    for step, (action, day) in enumerate((("order", ordered), *course), start=1):
        status = TRANSITIONS[status].get(action, status)
        actor, role = (NETWORK, "unit") if action == "finish" else who
        row = {"measure_code": code, "step": step, "at": _day(day), "noted_at": _day(day), "actor": actor, "role": role}
        note = "已完成" if action == "finish" else None
        rows.append(row | {"action": action, "to_status": status, "value": None, "note": note})
    return head, rows


def _checks(tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return what was checked at the points of a route: one item in fifty is forgotten, what was found is bad."""
    points = tables["patrol_checkpoints"].dropna(subset=["device_code"])
    found = tables["patrol_findings"].set_index(["track_code", "device_code"])["code"].to_dict()
    rows = []
    for track in tables["patrol_tracks"].to_dict("records"):
        for device in points.loc[points["route_code"] == track["route_code"], "device_code"]:
            finding = found.get((track["code"], device))
            for item in _ITEMS:
                if rng.random() < 0.02:
                    continue
                bad = finding is not None and item == "hazards"
                rows.append(
                    {"utility": "water", "track_code": track["code"], "at": track["started_at"], "asset": "valve"}
                    | {"asset_code": device, "item": item, "good": not bad}
                    | {"finding_code": finding if bad else None, "photo": f"photos/{finding}.jpg" if bad else None}
                )
    return rows
