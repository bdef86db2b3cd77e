"""Records of shutoff operations, written by hand."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from gisapp.operations import Operation, Step, next_step, operation_of
from gisapp.operations.lifecycle import FIRST_STATUS

OPENED = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Return a moment some minutes after the record was opened."""
    return OPENED + timedelta(minutes=minutes)


def head(kind: str = "planned", **more: object) -> pd.DataFrame:
    """Return the head of one operation."""
    given = {
        "code": "S1",
        "utility": "water",
        "kind": kind,
        "links": "P1,P2@30",
        "reason": None,
        "place": "滨江路",
        "incident_code": None,
        "unit_code": "U06",
        "applicant": None,
        "opened_at": pd.Timestamp(OPENED),
        "planned_start": pd.Timestamp(at(48 * 60)) if kind == "planned" else pd.NaT,
        "planned_end": pd.Timestamp(at(56 * 60)) if kind == "planned" else pd.NaT,
        "drill": False,
    }
    return pd.DataFrame([given | more])


def steps(rows: list[Step]) -> pd.DataFrame:
    """Return steps as a table."""
    columns = ("action", "from_status", "to_status", "subject", "value", "note")
    plain = [{name: getattr(row, name) for name in columns} | {"at": pd.Timestamp(row.at)} for row in rows]
    made = pd.DataFrame(plain).assign(shutoff_code="S1", step=range(1, len(rows) + 1), actor="local")
    return made.astype({"step": "Int64"})  # as the store gives it


def valves(*rows: tuple[str, str, float], shutoff: str | None = "S1") -> pd.DataFrame:
    """Return valve operations from device, action, minutes."""
    plain = [
        {"utility": "water", "device_code": code, "action": action, "at": pd.Timestamp(at(minutes))}
        for code, action, minutes in rows
    ]
    made = pd.DataFrame(plain, columns=["utility", "device_code", "action", "at"])
    return made.assign(actor="local", turns=pd.NA, shutoff_code=shutoff, note=None)


def record(kind: str, *done: tuple[str, dict], log: pd.DataFrame | None = None, **more: object) -> Operation:
    """Return the operation that a row of actions makes, each one an hour after the other unless told."""
    rows = [Step("open", OPENED, "", FIRST_STATUS[kind])]
    log = valves() if log is None else log
    none = pd.DataFrame({"shutoff_code": []})
    for number, (action, told) in enumerate(done, start=1):
        now = operation_of("S1", head(kind, **more), steps(rows), log, none)
        rows.append(next_step(now, action, **{"at": at(60 * number), **told}))
    return operation_of("S1", head(kind, **more), steps(rows), log, none)
