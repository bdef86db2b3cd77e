"""Histories of incidents, written by hand."""

from datetime import UTC, datetime, timedelta

from gisapp.incidents import FIRST_STATUS, Actor, Incident, Step, next_step
from gisapp.incidents.lives import FACTS, moves_from

REPORTED = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
HANDS = {
    "customer_service": "E01", "dispatcher": "U01", "unit": "U07", "crew": "K0001", "grid_leader": "E10",
    "grid_member": "E11", "discipline": "U10", "supervision": "E20", "system": "system",
}  # fmt: skip
TOLD = {
    "dispatch": {"subject": "U07"},
    "grant_return": {"subject": "U12"},
    "refer": {"subject": "U02"},
    "order": {"subject": "U07"},
    "transfer": {"subject": "U12"},
    "assign": {"subject": "K0001"},
    "merge": {"subject": "WX0"},
    "find_recurred": {"subject": "WX9"},
    "report_up": {"subject": "U01"},
    "escalate": {"subject": "U01"},
    "mark": {"subject": "needs_shutoff"},
    "unmark": {"subject": "needs_shutoff"},
    "replace_meter": {"subject": "M77", "value": "1520.3/0"},
    "attend": {"subject": "customer"},
    "call_back": {"value": "satisfied"},
    "evaluate": {"value": "satisfied"},
    "grade": {"value": "ordinary"},
    "set_level": {"value": "L12H"},
    "set_cause": {"value": "corrosion"},
    "request_extension": {"value": "2026-11-25T00:00:00+08:00"},
    "promise": {"value": "2026-11-25T00:00:00+08:00"},
}
"""What an action says where nothing else is told."""
TO_REPAIRED = ("dispatch", "accept", "arrive", "repair", "finish_repair")
TO_CALLED_BACK = (*TO_REPAIRED, "confirm", "reply", "close", "call_back")


def at(minutes: float) -> datetime:
    """Return a moment some minutes after the report."""
    return REPORTED + timedelta(minutes=minutes)


def reported(life: str = "repair", **head: object) -> Incident:
    """Return an incident that was just reported."""
    known = {"code": "WX1", "type": "leak", "reported_at": REPORTED, "unit_code": None, "first_contact": None}
    first = Step("register", REPORTED, "E01", "customer_service", None, FIRST_STATUS[life])
    return Incident(known | {"status": first.to_status, "drill": False} | head, (first,), life)


def after(incident: Incident, *done: str | tuple[str, dict]) -> Incident:
    """Return the incident after some actions, ten minutes apart unless told, each by the usual role for it."""
    for one in done:
        action, told = (one, {}) if isinstance(one, str) else one
        move = moves_from(incident.life, incident.status).get(action)
        role = told.get("role") or (move.roles if move else FACTS[action][1])[0]
        given = {"at": at(10 * len(incident.steps)), "note": "原因", **TOLD.get(action, {}), **told}
        given = {name: value for name, value in given.items() if name not in ("role", "actor")}
        step = next_step(incident, action, Actor(told.get("actor", HANDS[role]), role), **given)
        incident = Incident(incident.head, (*incident.steps, step), incident.life)
    return incident
