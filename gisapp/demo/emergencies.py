"""What lies ready for emergencies: plans by type, stores with material, one emergency that is over, and a drill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gisapp.demo.frames import framed
from gisapp.demo.people import DISPATCH, NETWORK
from gisapp.demo.sizes import NOW
from gisapp.emergencies.lifecycle import FIRST_STATUS, TRANSITIONS

EMERGENCY_DEMO_TABLES = ("crews", "people")
"""The tables that :func:`emergency_tables` reads."""
_PLANS = (
    ("YA-01", "burst", "water", "供水管网爆管应急预案"),
    ("YA-02", "water_outage", "water", "大面积停水应急预案"),
    ("YA-03", "water_quality", "water", "供水水质突发事件应急预案"),
    ("YA-04", "power_outage", "power", "停电应急预案"),
    ("YA-05", "heating_outage", "heating", "供热中断应急预案"),
    ("YA-06", "gas_leak", "gas", "燃气泄漏应急预案"),
    ("YA-07", "fire", None, "火灾应急预案"),
    ("YA-08", "equipment_fault", None, "营业厅设备故障应急预案"),
)
_ITEMS = (
    ("抢修哈夫节", "DN200", "个", 6.0, 4.0, None),
    ("抢修哈夫节", "DN300", "个", 3.0, 2.0, None),
    ("潜水泵", "50 m3/h", "台", 4.0, 3.0, None),
    ("移动发电机", "50 kW", "台", 2.0, 1.0, None),
    ("瓶装水", "550 mL", "箱", 200.0, 100.0, 400),
    ("消毒剂", "25 kg", "桶", 8.0, 6.0, 250),
    ("围挡", None, "块", 40.0, 30.0, None),
)
_DAY = pd.Timestamp("2026-10-14T00:40:00Z")
_COURSE = (
    (4, "first_response", None, None, "现场设警戒，疏导行人"),
    (9, "verify", None, None, "DN300主管爆管，路面积水"),
    (12, "appoint", 0, "commander", None),
    (13, "appoint", 1, "deputy", None),
    (15, "activate", "YA-01", "3", None),
    (18, "report_up", None, "initial", None),
    (20, "order_task", "materials", None, "调运抢修哈夫节和水泵"),
    (22, "order_task", "technical", None, "确认关阀范围"),
    (95, "finish_task", "8", None, None),
    (100, "finish_task", "9", None, None),
    (240, "report_up", None, "final", None),
    (250, "stand_down", None, None, "恢复供水，现场清理完毕"),
    (4_000, "evaluate", None, None, "一座阀门资料与现场不符"),
    (4_001, "plan_measure", 1, "2026-11-15", "复核沿线阀门资料"),
)


def emergency_tables(tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables of emergencies: some material is below its minimum, some expired, some long unchecked."""
    spots = tables["crews"].sort_values("code").drop_duplicates("unit_code")["geom"].tolist()[:3]  # their bases
    people = sorted(tables["people"]["code"])[:2]
    heads = [
        _head("E20261014-01", drill=False, summary="DN300供水主管爆管", spot=spots[0]),
        _head("E20261014-02", drill=True, summary="演练：供水主管爆管", spot=spots[-1]),
    ]
    steps = [row for head in heads for row in _steps(head["code"], people)]
    return {
        "emergency_plans": framed("emergency_plans", _columns([_plan(*one) for one in _PLANS])),
        "materials": _located("materials", _materials(spots, rng)),
        "emergencies": _located("emergencies", heads),
        "emergency_steps": framed("emergency_steps", _columns(steps)),
    }


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {key: [row[key] for row in rows] for key in rows[0] if key != "geom"}


def _located(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return framed(name, _columns(rows), np.array([row["geom"] for row in rows], dtype=object))


def _plan(code: str, kind: str, utility: str | None, title: str) -> dict[str, Any]:
    told = {"code": code, "kind": kind, "utility": utility, "level": None, "title": title}
    return told | {"kept": f"plans/{code}.pdf", "unit_code": DISPATCH, "revised_at": pd.Timestamp("2026-03-01T00:00Z")}


def _materials(spots: list[Any], rng: np.random.Generator) -> list[dict[str, Any]]:
    """Return what lies in every store; each store lacks something of its own."""
    rows = []
    for number, spot in enumerate(spots, start=1):
        for at, (item, size, measure, quantity, minimum, days) in enumerate(_ITEMS):
            short = (at + number) % len(_ITEMS) == 0
            age = int(rng.integers(5, 80))
            expires = None if days is None else (NOW + pd.Timedelta(days=days - 280 * (number % 2))).floor("D")
            rows.append(
                {"code": f"WZ-{number}{at + 1:02d}", "item": item, "size": size, "measure": measure}
                | {"quantity": minimum - 1 if short else quantity, "minimum": minimum, "expires_at": expires}
                | {"checked_at": (NOW - pd.Timedelta(days=age)).floor("D"), "check_days": 60}
                | {"store": f"{number}号物资库", "unit_code": NETWORK, "geom": spot}
            )
    return rows


def _head(code: str, *, drill: bool, summary: str, spot: Any) -> dict[str, Any]:
    told = {"code": code, "utility": "water", "kind": "burst", "summary": summary, "place": None, "shutoff_code": None}
    return told | {"incident_code": None, "opened_at": _DAY, "drill": drill, "geom": spot}


def _steps(code: str, people: list[str]) -> list[dict[str, Any]]:
    """Return the steps of an emergency from the first report to the measures that follow from it."""
    status, rows = FIRST_STATUS, []
    course = ((0, "open", None, None, None), *_COURSE)
    for number, (minutes, action, subject, value, note) in enumerate(course, start=1):
        status = TRANSITIONS[status].get(action, status)
        at = _DAY + pd.Timedelta(minutes=minutes)
        whom = people[subject] if isinstance(subject, int) else subject
        row = {"emergency_code": code, "step": number, "at": at, "noted_at": at, "actor": people[0], "action": action}
        rows.append(row | {"to_status": status, "subject": whom, "value": value, "note": note})
    return rows
