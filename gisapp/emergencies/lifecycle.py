"""The life of an emergency: which steps may follow which, and what each demands. Grid rules VIII."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from gisapp.emergencies.model import Emergency, EventStep
from gisapp.errors import InputError
from gisapp.rules.shutoffs import LEVELS
from gisapp.steps import cannot_follow, require_order, require_reason, require_seen, require_subject

FIRST_STATUS = "reported"
TRANSITIONS: Mapping[str, Mapping[str, str]] = {
    "reported": {"verify": "verified", "cancel": "cancelled"},
    "verified": {"activate": "active", "cancel": "cancelled"},
    "active": {"stand_down": "stood_down"},
    "stood_down": {"evaluate": "evaluated", "activate": "active"},
    "evaluated": {"close": "closed"},
    "closed": {},
    "cancelled": {},
}
"""For every status the actions that may follow, and the status that each leads to."""
FUNCTIONS = ("materials", "people", "technical", "information")
"""The four functions to which tasks are given."""
POSTS = ("commander", "deputy", *FUNCTIONS)
REPORTS = ("initial", "update", "final")
_BEFORE_THE_END = ("reported", "verified", "active")
_FACTS: Mapping[str, tuple[str, ...]] = {
    "appoint": _BEFORE_THE_END,
    "set_level": ("active",),
    "report_up": (*_BEFORE_THE_END, "stood_down", "evaluated"),
    "first_response": _BEFORE_THE_END,
    "issue_material": _BEFORE_THE_END,
    "order_task": ("active",),
    "finish_task": ("active", "stood_down", "evaluated"),
    "plan_measure": ("evaluated",),
    "finish_measure": ("evaluated", "closed"),
    "remark": (*_BEFORE_THE_END, "stood_down", "evaluated"),
}
"""Facts that move nothing: the statuses in which they may be recorded."""
ACTIONS = (*dict.fromkeys(name for moves in TRANSITIONS.values() for name in moves), *_FACTS)
DECISIONS = ("appoint", "activate", "set_level", "stand_down", "evaluate", "close", "cancel")
"""Actions for which somebody must answer who may decide: who commands, how far it goes, when it is over."""
_SUBJECTS = {
    "appoint": "code of the person",
    "order_task": f"function: {', '.join(FUNCTIONS)}",
    "finish_task": "number of the task",
    "issue_material": "code of the material",
    "plan_measure": "code of the person or unit",
    "finish_measure": "number of the measure",
}
_WORDS = ("verify", "first_response", "order_task", "stand_down", "evaluate", "plan_measure", "cancel", "remark")
"""Actions that say something in the note."""


def recordable(emergency: Emergency) -> tuple[str, ...]:
    """Return the facts that may be recorded now."""
    return tuple(name for name, where in _FACTS.items() if emergency.status in where)


def wants_words(action: str) -> bool:
    """Return whether an action says something in the note."""
    return action in _WORDS


def allowed(emergency: Emergency) -> tuple[str, ...]:
    """Return the actions that move the status and may follow now, the usual one first."""
    return tuple(TRANSITIONS[emergency.status])


def next_step(
    emergency: Emergency,
    action: str,
    *,
    at: datetime,
    subject: str | None = None,
    value: str | None = None,
    note: str | None = None,
    seen: str | None = None,
) -> EventStep:
    """Return the step that an action makes, checked against the record as it stands.

    Parameters
    ----------
    at
        When it happened; not before it was reported, and what moves the status not before the last that did.
    subject
        Whom or what it concerns.
    value
        The level of ``activate`` and ``set_level``; one of :data:`POSTS` for ``appoint``; one of :data:`REPORTS` for
        ``report_up``; the last day (ISO 8601) of a task or measure; the quantity of ``issue_material``.
    note
        The words that some actions demand.
    seen
        The status that the person saw when acting.

    Raises
    ------
    ConflictError
        When somebody else has moved the status since.
    InputError
        When the step may not follow (the plan is not started without a commander), or lacks what it demands.
    """
    status = emergency.status
    require_seen(emergency.code, seen, status)
    moves = TRANSITIONS[status]
    if action not in moves and status not in _FACTS.get(action, ()):
        facts = [name for name, where in _FACTS.items() if status in where]
        raise cannot_follow(action, status, [*moves, *facts])
    opened_at = emergency.opened_at
    moved_at = max(one.at for one in emergency.steps if one.action not in _FACTS) if action in moves else opened_at
    require_order(action, at, opened_at=opened_at, moved_at=moved_at, status=status)
    require_subject(action, subject, _SUBJECTS)
    require_reason(action, note, wanted=action in _WORDS)
    _require_value(action, value)
    _require_sense(emergency, action, subject)
    return EventStep(action, at, moves.get(action, status), subject, value, note)


def _require_value(action: str, value: str | None) -> None:
    """Raise where the value is none of those that the action takes."""
    levels = tuple(map(str, LEVELS))
    choices = {"appoint": POSTS, "report_up": REPORTS, "activate": levels, "set_level": levels}.get(action)
    if choices and value not in choices:
        raise InputError(f"found {value!r}", todo=f"use one of {', '.join(choices)}", field="value")
    if action == "plan_measure" or (action == "order_task" and value):
        try:
            date.fromisoformat(str(value))
        except ValueError:
            raise InputError(f"found {value!r}", todo="give its last day such as 2026-12-01", field="value") from None
    if action == "issue_material":
        try:
            enough = float(str(value)) > 0
        except ValueError:
            enough = False
        if not enough:
            raise InputError(f"found {value!r}", todo="give the quantity that was taken", field="value")


def _require_sense(emergency: Emergency, action: str, subject: str | None) -> None:
    """Raise where a plan would start without a commander, a task fits no function, or what is finished is not open."""
    if action == "activate" and emergency.commander is None:
        todo = "appoint a commander first: appoint, subject the person, value commander"
        raise InputError("nobody commands", todo=todo, field="action")
    if action == "order_task" and subject not in FUNCTIONS:
        raise InputError(f"found {subject!r}", todo=f"use one of {', '.join(FUNCTIONS)}", field="subject")
    given = {"finish_task": emergency.tasks, "finish_measure": emergency.measures}.get(action, ())
    pending = [str(one.number) for one in given if one.done_at is None]
    if action in ("finish_task", "finish_measure") and subject not in pending:
        todo = f"open are {', '.join(pending) or 'none'}"
        raise InputError(f"number {subject!r} is not open", todo=todo, field="subject")
