"""What the page writes: reports, steps; each write once, by one actor in one role."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from dashboards.deeds import asking
from dashboards.dispatch.asked import role_of
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.intake import drafted, preview, reported
from dashboards.scope import require_acting, require_clear
from gisapp.errors import AccessError
from gisapp.incidents import Incident
from gisapp.incidents.lives import MOMENT_VALUES
from gisapp.times import parse_moment

Deed = Mapping[str, Any]


def report(done: Deed, desk: Desk, spoken: str, *, who: str) -> str:
    """Write a report with its grid and unit, merge it into another one if the person says so; return its code."""
    role, at = _role(done), datetime.now(UTC)
    require_acting(asking(), role, "n", case=False)
    shown = preview(drafted(done, desk, at), desk, at, spoken, role=role)
    phone = str(done.get("phone") or "").strip()
    told = reported(shown, at, phone=phone, grid_rev=desk.store.revision("grids"))
    code = desk.store.report(told, actor=who, role=role)
    if done.get("into"):
        main = main_of(str(done["into"]), desk, role)
        desk.store.incidents.record(code, "merge", actor=who, role=role, subject=main)
    return code


def record(done: Deed, desk: Desk, *, who: str) -> str:
    """Write one step of an incident; return its code.

    Raises
    ------
    ConflictError
        When somebody has written since the person looked.
    AccessError
        When the role may not do this, or may not see the incident.
    InputError
        When the step may not follow, or lacks something.
    """
    role, code, action = _role(done), str(done["code"]), str(done["action"])
    before = desk.incident(code, role)
    require_acting(asking(), role, "e", before, case=desk.case(before))
    told: dict[str, Any] = {name: str(done.get(name) or "").strip() or None for name in ("subject", "value", "note")}
    if action == "merge" and told["subject"]:
        told["subject"] = main_of(told["subject"], desk, role)
    if action in MOMENT_VALUES and told["value"]:
        told["value"] = parse_moment(told["value"], desk.store.zone).isoformat()
    told["at"] = _happened(done, before, desk)
    desk.store.incidents.record(code, action, actor=who, role=role, seen=int(done["seen"]), **told)
    return code


def main_of(code: str, desk: Desk, role: str) -> str:
    """Return the incident into which another one was merged already, or itself: the main one of its reports."""
    return desk.incident(code.strip(), role).standing.duplicate_of or code.strip()


def in_clear(done: Deed, desk: Desk, *, who: str) -> dict[str, Any]:
    """Return what is personal in one incident; it is written down who saw it, as what, and for what."""
    why, incident = str(done.get("why") or ""), desk.store.incidents.incident(str(done["code"]))
    require_clear(asking(), _role(done), incident, case=desk.case(incident))
    return desk.store.incidents.in_clear(str(done["code"]), actor=who, role=_role(done), why=why)


def _happened(done: Deed, before: Incident, desk: Desk) -> datetime | None:
    """Return when a step happened, None for now; in the very minute of what it follows it is not before that."""
    if not done.get("when"):
        return None
    at = parse_moment(str(done["when"]), desk.store.zone).to_pydatetime()
    moved = max(before.moved_at, before.reported_at)
    return moved if at == moved.replace(second=0, microsecond=0) else at


def _role(done: Deed) -> str:
    """Return as what the person acts.

    Raises
    ------
    AccessError
        When it is none of their roles.
    """
    wanted = str(done.get("role") or "")
    if not wanted or role_of(wanted) != wanted:
        raise AccessError(f"you do not act as {wanted or 'anybody'}")
    return wanted
