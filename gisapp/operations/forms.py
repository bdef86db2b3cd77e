"""A shutoff operation as plain values, the way the command line and other programs read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from gisapp.masking import masked_text, masked_texts
from gisapp.operations.cooperation import cooperation
from gisapp.operations.lifecycle import allowed
from gisapp.operations.model import Operation, burst_text


def operation_json(
    operation: Operation, duties: pd.DataFrame | None = None, *, now: datetime | None = None
) -> dict[str, Any]:
    """Return an operation for JSON: its head, where it stands, what may follow, every step, valve, notice and duty,
    who was asked to help and came (judged at ``now``, the present moment when absent).

    Moments are ISO 8601 in UTC; the bodies of notices and the remarks of steps, which may hold names, are left out.
    """
    helped = cooperation(operation.steps.assign(shutoff_code=operation.code), now=now or datetime.now(UTC))
    head = ("code", "utility", "kind", "drill", "reason", "place", "incident_code", "unit_code", "applicant")
    return {
        **{name: _shared(getattr(operation, name)) for name in head},
        "links": burst_text(operation.bursts),
        **{name: _plain(getattr(operation, name)) for name in ("opened_at", "planned_start", "planned_end")},
        "status": operation.status,
        "allowed": list(allowed(operation)),
        "commander": operation.commander,
        "steps": _rows(operation.steps, ("step", "at", "actor", "action", "to_status", "subject", "value")),
        "valves": _rows(operation.valves, ("device_code", "action", "turns", "at", "actor")),
        "etr": _rows(operation.etrs, ("at", "actor", "etr")),
        "notices": _rows(operation.notices, ("kind", "language", "revision", "released_at", "released_by", "channel")),
        "cooperation": _rows(helped, tuple(helped.columns)),
        "duties": [] if duties is None else _rows(duties, tuple(duties.columns)),
    }


def operation_list(shutoffs: pd.DataFrame, shutoff_steps: pd.DataFrame) -> pd.DataFrame:
    """Return one row an operation, the newest first: code, utility, kind, status, drill, place, links and its times."""
    last = shutoff_steps.sort_values("step").drop_duplicates("shutoff_code", keep="last")
    status = last.set_index("shutoff_code")["to_status"]
    told = shutoffs.assign(status=status.reindex(shutoffs["code"]).to_numpy(dtype=object))
    times = ["opened_at", "planned_start", "planned_end"]
    columns = ["code", "utility", "kind", "status", "drill", "place", "links", *times]
    ordered = pd.DataFrame(told).sort_values(["opened_at", "code"], ascending=False, ignore_index=True)
    return ordered[columns].assign(place=masked_texts(ordered["place"]))


def _rows(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{name: _plain(value) for name, value in row.items()} for row in _records(frame, columns)]


def _records(frame: pd.DataFrame, columns: tuple[str, ...]) -> list[Mapping[Any, Any]]:
    return list(frame[list(columns)].to_dict("records"))


def _shared(value: Any) -> Any:
    return masked_text(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """Return a value as JSON says it."""
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124  NaN
        return None
    return pd.Timestamp(value).tz_convert("UTC").isoformat() if hasattr(value, "tzinfo") else _shared(value)
