"""The life of a shutoff operation: which steps may follow which, and what each demands.

A planned operation follows water service rules Art. 17, an emergency one Art. 18, an individual one (arrears)
Art. 18 last sentence. A step that moves the status is a *transition*; one that only records a fact is a *fact*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gisapp.errors import InputError
from gisapp.operations.model import Operation
from gisapp.steps import cannot_follow, require_moment, require_order, require_reason, require_seen, require_subject

_WORK = {
    "closing": {"cut_off": "in_force", "cancel": "cancelled"},
    "in_force": {"finish_work": "work_done"},
    "work_done": {"refill": "refilling", "restore": "restored"},
    "refilling": {"restore": "restored"},
    "restored": {"answer": "answered"},
    "answered": {"close": "closed"},
    "closed": {},
    "cancelled": {},
}
TRANSITIONS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "planned": {
        "draft": {"submit": "submitted", "cancel": "cancelled"},
        "submitted": {"approve": "approved", "refuse": "refused", "cancel": "cancelled"},
        "refused": {"submit": "submitted", "cancel": "cancelled"},
        "approved": {"inform_dispatch": "dispatch_informed", "postpone": "postponed", "cancel": "cancelled"},
        "dispatch_informed": {"publish": "published", "postpone": "postponed", "cancel": "cancelled"},
        "published": {
            "finish_posting": "posted",
            "start_closing": "closing",
            "postpone": "postponed",
            "cancel": "cancelled",
        },
        "posted": {"start_closing": "closing", "postpone": "postponed", "cancel": "cancelled"},
        "postponed": {"submit": "submitted", "cancel": "cancelled"},
        **_WORK,
    },
    "emergency": {
        "proposed": {"order": "ordered", "cancel": "cancelled"},
        "ordered": {"start_closing": "closing", "cancel": "cancelled"},
        **_WORK,
    },
    "individual": {
        "draft": {"inform_dispatch": "dispatch_informed", "cut_off": "in_force", "cancel": "cancelled"},
        "dispatch_informed": {"cut_off": "in_force", "cancel": "cancelled"},
        "in_force": {"restore": "restored"},
        "restored": {"answer": "answered", "close": "closed"},
        "answered": {"close": "closed"},
        "closed": {},
        "cancelled": {},
    },
}
"""For every kind and status the transitions that may follow, and the status that each leads to."""

FIRST_STATUS = {"planned": "draft", "emergency": "proposed", "individual": "draft"}
DONE = ("closed", "cancelled")
DECISIONS = ("approve", "refuse", "order", "cancel", "close")
"""Transitions that someone with the right to decide takes; the rest are recorded by whoever does the work."""

SUBJECTS = {
    "post": "code of the community",
    "tell_customer": "account number of the critical customer",
    "alternative_supply": "account number of the critical customer",
    "send_crew": "code of the crew",
    "take_command": "code of the person",
    "report_up": "initial, update or final",
    "ask_cooperation": "code of the unit that is to help",
    "cooperate": "code of the unit that helped",
}
"""Facts that concern someone or something, and what their subject is."""

FACTS = (
    "set_etr",
    "inform_dispatch",
    "inform_fire_service",
    "publish",
    "set_level",
    "arrange_supply",
    "declare_temporary",
    "remark",
    *SUBJECTS,
)
"""Facts that may be recorded in any status before the end; of planned work some only once it is approved."""

_WITH_REASON = ("refuse", "postpone", "cancel", "remark", "declare_temporary")


@dataclass(frozen=True)
class Step:
    """One step to be written: what was done, about what, when, and the status it leads to."""

    action: str
    at: datetime
    from_status: str
    to_status: str
    subject: str | None = None
    value: str | None = None
    note: str | None = None


def allowed(operation: Operation) -> tuple[str, ...]:
    """Return the transitions that may follow now, the usual one first."""
    return tuple(TRANSITIONS[operation.kind][operation.status])


def next_step(
    operation: Operation,
    action: str,
    *,
    at: datetime,
    subject: str | None = None,
    value: str | None = None,
    note: str | None = None,
    seen: str | None = None,
) -> Step:
    """Return the step that ``action`` makes, checked against the record as it stands.

    Parameters
    ----------
    operation
        The record.
    action
        A transition of :data:`TRANSITIONS`, or one of :data:`FACTS`.
    at
        When it happened, with its zone; not before the record was opened, and what moves the status not before
        it was moved last.
    subject
        Whom or what it concerns, where :data:`SUBJECTS` says so.
    value
        The new estimate (ISO 8601 with offset) for ``set_etr``; until when for ``ask_cooperation``; else what there is
        to say in one word.
    note
        Remarks; the reason, which a refusal, postponement or cancellation demands, and closing before the
        notices are posted.
    seen
        The status that the person saw when acting; None to act on whatever stands.

    Raises
    ------
    ConflictError
        When somebody else has moved the status since, with what it was and is.
    InputError
        When the step may not follow, or lacks its subject, value or reason.
    """
    status = operation.status
    require_seen(operation.code, seen, status)
    moves = TRANSITIONS[operation.kind][status]
    if action not in moves and not _is_fact(operation, action):
        raise cannot_follow(action, status, moves)
    opened_at = operation.opened_at
    moved_at = operation.moved_at if action in moves else opened_at
    require_order(action, at, opened_at=opened_at, moved_at=moved_at, status=status)
    require_subject(action, subject, SUBJECTS)
    if action in ("set_etr", "ask_cooperation"):
        require_moment(value)
    if action == "cooperate" and not asked_of(operation, str(subject)):
        todo = "record ask_cooperation first, with the moment until when"
        raise InputError(f"nobody asked {subject!r} to help", todo=todo, field="subject")
    require_reason(action, note, wanted=wants_reason(operation, action))
    return Step(action, at, status, moves.get(action, status), subject, value, note)


def wants_reason(operation: Operation, action: str) -> bool:
    """Return whether a step must say why: a refusal and the like, and closing before every notice is posted."""
    early = action == "start_closing" and operation.status == "published"
    return action in _WITH_REASON or early


def asked_of(operation: Operation, unit: str) -> bool:
    """Return whether a unit was asked to help with a shutoff."""
    steps = operation.steps
    return bool(((steps["action"] == "ask_cooperation") & (steps["subject"] == unit)).any())


def recordable(operation: Operation) -> tuple[str, ...]:
    """Return the facts that may be recorded now, whatever the status does."""
    return tuple(action for action in FACTS if _is_fact(operation, action))


def amendable(operation: Operation) -> tuple[str, ...]:
    """Return the columns of the head that may still be changed.

    Planned work is amended before it is submitted (again); of an emergency the links, as bursts are found, until
    supply is back. Where, why and who may be said better until the end.
    """
    words = ("reason", "place", "unit_code", "incident_code")
    if operation.status in DONE:
        return ()
    if operation.kind == "planned":
        early = operation.status in ("draft", "refused", "postponed")
        return (*words, "links", "planned_start", "planned_end") if early else words
    off = operation.moment("restore") is None
    return (*words, "links") if off else words


def _is_fact(operation: Operation, action: str) -> bool:
    """Return whether an action only records a fact now; planned work is told to others once it is approved."""
    if action not in FACTS or operation.status in DONE:
        return False
    held = operation.kind == "planned" and action in ("inform_dispatch", "publish")
    return not held or operation.moment(action) is not None
