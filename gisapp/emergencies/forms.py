"""An emergency as plain values, the way the command line and other programs read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pandas as pd

from gisapp.emergencies.lifecycle import FUNCTIONS, allowed
from gisapp.emergencies.model import Emergency, Task
from gisapp.masking import masked_text, masked_texts


def emergency_json(emergency: Emergency, *, today: date) -> dict[str, Any]:
    """Return an emergency for JSON: head, where it stands, who holds which function, tasks by function, steps.

    Moments are ISO 8601; the notes of steps, which may hold names, are left out, the words of tasks masked.
    """
    names = ("code", "utility", "kind", "summary", "place", "shutoff_code", "incident_code", "drill")
    return {
        **{name: _shared(getattr(emergency, name)) for name in names},
        "opened_at": emergency.opened_at.isoformat(),
        "status": emergency.status,
        "allowed": list(allowed(emergency)),
        "level": emergency.level,
        "organisation": emergency.organisation,
        "intervals_min": emergency.intervals_min,
        "tasks": {name: _tasks([one for one in emergency.tasks if one.whose == name], today) for name in FUNCTIONS},
        "measures": _tasks(emergency.measures, today),
        "steps": [
            {"step": one.number, "at": one.at.isoformat(), "actor": one.actor, "action": one.action}
            | {"to_status": one.to_status, "subject": one.subject, "value": one.value}
            for one in emergency.steps
        ],
    }


def _tasks(tasks: Sequence[Task], today: date) -> list[dict[str, Any]]:
    return [
        {
            "number": one.number,
            "whose": one.whose,
            "words": masked_text(one.words),
            "due": None if one.due is None else one.due.isoformat(),
            "done_at": _iso(one.done_at),
            "overdue": one.overdue(today),
        }
        for one in tasks
    ]


def emergency_list(emergencies: pd.DataFrame, emergency_steps: pd.DataFrame, *, drills: bool = False) -> pd.DataFrame:
    """Return one row an emergency, the newest first: code, utility, kind, status, drill, place, summary, opened_at.

    Drills are left out unless they are asked for: they are in no statistic. Grid rules VIII(3).
    """
    shown = emergencies if drills else emergencies[~emergencies["drill"].astype(bool)]
    last = emergency_steps.sort_values("step").drop_duplicates("emergency_code", keep="last")
    status = last.set_index("emergency_code")["to_status"].reindex(shown["code"]).to_numpy(dtype=object)
    told = pd.DataFrame(shown.drop(columns="geom", errors="ignore")).assign(status=status)
    told = told.sort_values(["opened_at", "code"], ascending=False, ignore_index=True)
    told = told.assign(place=masked_texts(told["place"]), summary=masked_texts(told["summary"]))
    return told[["code", "utility", "kind", "status", "drill", "place", "summary", "shutoff_code", "opened_at"]]


def _shared(value: Any) -> Any:
    return masked_text(value) if isinstance(value, str) else value


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
