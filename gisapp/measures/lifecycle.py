"""The life of a measure: ordered, done, checked by somebody else. Water service rules Art. 14, grid rules III(1)2."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from gisapp.errors import AccessError, InputError
from gisapp.measures.model import Measure, MeasureStep
from gisapp.steps import cannot_follow, require_order, require_reason

TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    "ordered": {"finish": "done", "cancel": "cancelled"},
    "done": {"check": "checked", "send_back": "ordered", "cancel": "cancelled"},
    "checked": {},
    "cancelled": {},
    "circulated": {},
}
"""For every status the actions that may follow, and the status that each leads to."""
ACTIONS = ("finish", "check", "send_back", "extend", "cancel", "remark")
_FACTS: Mapping[str, tuple[str, ...]] = {"extend": ("ordered",), "remark": ("ordered", "done")}
_DOES = ("unit", "crew", "grid_leader", "grid_member", "dispatcher", "customer_service")
ORDERS: Mapping[str, tuple[str, ...]] = {
    "rectification": ("dispatcher", "supervision"),
    "criticism": ("dispatcher", "supervision"),
    "meeting_action": ("grid_leader", "dispatcher", "supervision"),
}
"""Who orders what, and who checks it, gives it more time or takes it back."""
_WORDS = ("finish", "send_back", "extend", "cancel", "remark")
"""Actions that say in the note what was done, or why."""


def allowed(measure: Measure) -> tuple[str, ...]:
    """Return the actions that move the status and may follow now, the usual one first."""
    return tuple(TRANSITIONS[measure.status])


def following(measure: Measure) -> tuple[str, ...]:
    """Return every action that may follow now: those that move the status, then what is only written down."""
    return (*allowed(measure), *(name for name, where in _FACTS.items() if measure.status in where))


def acting(action: str, kind: str) -> tuple[str, ...]:
    """Return as what an action on such a measure is done, ``order`` too; nothing for what everybody may do."""
    return () if action == "remark" else _DOES if action == "finish" else ORDERS[kind]


def first_step(kind: str, due: str | None, *, at: datetime, day: date, actor: str, role: str) -> MeasureStep:
    """Return the first step of a measure; ``day`` is the one on which it is ordered.

    Raises
    ------
    AccessError
        When the role may not order such a measure.
    InputError
        When it has no last day, or one that is over; criticism has none.
    """
    if kind not in ORDERS:
        raise InputError(f"found {kind!r}", todo=f"use one of {', '.join(ORDERS)}", field="kind")
    _require_role("order", kind, role, acting("order", kind))
    if kind == "criticism":
        if due is not None:
            raise InputError(f"found {due!r}", todo="criticism has no last day; order a rectification", field="due")
        return MeasureStep("order", at, "circulated", actor, role)
    if _day(due, "due") < day:
        raise InputError(f"{due} is over on {day}", todo="give a last day to come", field="due")
    return MeasureStep("order", at, "ordered", actor, role)


def next_step(
    measure: Measure,
    action: str,
    *,
    at: datetime,
    actor: str,
    role: str,
    value: str | None = None,
    note: str | None = None,
) -> MeasureStep:
    """Return the step that an action makes, checked against the record as it stands.

    Parameters
    ----------
    at
        When it happened; not before it was ordered, and what moves the status not before the last that did.
    actor, role
        Who does it and as what: who ordered such a thing checks it, but never who did it.
    value
        The new last day of ``extend``, later than the one before.
    note
        What was done, or why.

    Raises
    ------
    AccessError
        When the role may not do this, or somebody would check their own work.
    InputError
        When the step may not follow, or lacks something.
    """
    status = measure.status
    moves = TRANSITIONS[status]
    if action not in following(measure):
        raise cannot_follow(action, status, list(following(measure)))
    _require_role(action, measure.code, role, acting(action, measure.kind))
    turned = [one.at for one in measure.steps if one.action not in _FACTS]
    moved_at = turned[-1] if action in moves else measure.ordered_at
    require_order(action, at, opened_at=measure.ordered_at, moved_at=moved_at, status=status)
    require_reason(action, note, wanted=action in _WORDS)
    if action == "check" and actor in {one.actor for one in measure.steps if one.action == "finish"}:
        raise AccessError(f"{actor} did {measure.code}; somebody else must check it")
    if action == "extend" and measure.due is not None and _day(value, "value") <= measure.due:
        raise InputError(f"{value} is no later than {measure.due}", todo="give a later last day", field="value")
    return MeasureStep(action, at, moves.get(action, status), actor, role, value, note)


def _require_role(action: str, what: str, role: str, roles: tuple[str, ...]) -> None:
    if roles and role not in roles:
        raise AccessError(f"{role} may not {action} {what}; ask {' or '.join(roles)}")


def _day(text: str | None, field: str) -> date:
    """Return a day that was written down."""
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InputError(f"found {text!r}", todo="give its last day such as 2026-12-01", field=field) from None
