"""What is written: a measure that is ordered, a step of one, a note; each once, by one person in one role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from dashboards.deeds import asking
from dashboards.following.desk import Desk
from dashboards.scope import acts_everywhere
from gisapp.errors import AccessError, InputError
from gisapp.measures import acting
from gisapp.times import parse_moment

Deed = Mapping[str, Any]
_HEAD = ("kind", "summary", "subject", "due", "grid_code", "incident_code", "note_number")
_NOTE = ("kind", "grid_code", "person_code", "whom", "summary", "kept")


def write(done: Deed, desk: Desk, *, who: str, roles: Sequence[str]) -> None:
    """Write what was done.

    Raises
    ------
    AccessError
        When none of the roles may do it, or it is not of the person's grids or units.
    InputError
        When something is lacking, or does not follow; then nothing is written.
    """
    do = str(done["do"])
    if do == "order":
        _order(done, desk, who=who, roles=roles)
    elif do == "note":
        _note(done, desk, roles=roles)
    else:
        measure = desk.measure(str(done["code"]))
        told = {"value": _said(done, "value"), "note": _said(done, "note"), "at": _when(done, desk)}
        desk.store.measures.record(measure.code, do, actor=who, role=_role(do, measure.kind, roles), **told)


def _order(done: Deed, desk: Desk, *, who: str, roles: Sequence[str]) -> None:
    head: dict[str, object] = {name: _said(done, name) for name in _HEAD}
    role = _role("order", str(head["kind"]), roles)
    number = head["note_number"]
    if number is not None and not str(number).isdecimal():
        raise InputError(f"found {number!r}", todo="give the number of the meeting's note", field="note_number")
    _require_own(head["grid_code"], desk, role)
    desk.store.measures.order(
        head | {"note_number": None if number is None else int(str(number))}, actor=who, role=role
    )


def _note(done: Deed, desk: Desk, *, roles: Sequence[str]) -> None:
    told: dict[str, object] = {name: _said(done, name) for name in _NOTE}
    _require_own(told["grid_code"], desk, next(iter(roles), ""))
    at = _when(done, desk)
    desk.store.measures.note(told | ({"at": at} if at else {}))


def _require_own(grid: object, desk: Desk, role: str) -> None:
    """Raise unless a grid is the person's where their rights end at their grids."""
    if not acts_everywhere(asking(), role, "e") and grid not in desk.grids():
        raise AccessError(f"{grid or 'no grid'} is none of your grids; name one of them")


def _role(action: str, kind: str, roles: Sequence[str]) -> str:
    """Return as what the person does it: the first of their roles that may, else the first, which is refused."""
    able = acting(action, kind)
    return next((one for one in roles if one in able or not able), next(iter(roles), ""))


def _said(done: Deed, name: str) -> str | None:
    return str(done.get(name) or "").strip() or None


def _when(done: Deed, desk: Desk) -> datetime | None:
    """Return when it happened, None for now."""
    said = _said(done, "when")
    return None if said is None else parse_moment(said, desk.store.zone).to_pydatetime()
