"""An incident as plain values, the way the command line and other programs read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gisapp.incidents.lifecycle import allowed, recordable
from gisapp.incidents.model import Incident
from gisapp.tables import masked_account

_HEAD = (
    "code", "utility", "type", "category", "channel", "grid_code", "link_code", "device_code", "located_by", "drill",
)  # fmt: skip


def incident_json(incident: Incident) -> dict[str, Any]:
    """Return an incident for JSON: what was reported, where it stands, what may follow, every step and turn of work.

    Moments are ISO 8601 in UTC. The account is masked; the reporter's words and the notes of steps, which may hold
    names and phones, are left out.
    """
    standing = incident.standing
    account = incident.head.get("customer_code")
    told = ("status", "unit_code", "duplicate_of", "cause", "level", "grade", "callback")
    return {
        **{name: incident.head.get(name) for name in _HEAD},
        "customer": None if account is None else masked_account(str(account)),
        "life": incident.life,
        "reported_at": _said(incident.reported_at),
        **{name: getattr(standing, name) for name in told},
        "marks": sorted(standing.marks),
        "promised_at": _said(standing.promised_at),
        "allowed": list(allowed(incident)),
        "recordable": list(recordable(incident)),
        "repairs": [
            {"reported_at": _said(repair.reported_at), **_all_said(repair.moments)} for repair in standing.repairs
        ],
        "steps": [
            {
                "step": number,
                "at": _said(step.at),
                **{name: getattr(step, name) for name in ("actor", "role", "action", "to_status", "subject", "value")},
            }
            for number, step in enumerate(incident.steps, 1)
        ],
    }


def _all_said(moments: Mapping[str, datetime]) -> dict[str, str | None]:
    return {name: _said(moment) for name, moment in moments.items()}


def _said(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
