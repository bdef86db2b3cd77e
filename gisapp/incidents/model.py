"""An incident as its history stands: every step since it was reported, and what follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any

import pandas as pd

from gisapp.errors import InputError
from gisapp.incidents.lives import FACT_MOMENTS, LAST_COUNTS, MOMENTS, NO_WORK, moves_from, statuses_of

TIMES = ("dispatched_at", "accepted_at", "arrived_at", "repaired_at", "closed_at")
"""The moments that stand in the ``incidents`` table: those of the first repair, which no second one changes."""
_SAID = {
    "set_level": "level",
    "set_cause": "cause",
    "grade": "grade",
    "evaluate": "evaluation",
    "call_back": "callback",
}
_UNIT_BY = ("dispatch", "grant_return", "refer", "order")
_HEAD = (
    "code", "utility", "type", "category", "channel", "customer_code", "grid_code", "link_code", "device_code",
    "located_by", "unit_code", "duplicate_of", "cause",
)  # fmt: skip
_WANTED = (*_HEAD, "status", "first_contact", *TIMES, "reported_at", "drill")


@dataclass(frozen=True)
class Actor:
    """Who acts, by code, and as what: one of :data:`gisapp.incidents.lives.ROLES`."""

    code: str
    role: str


@dataclass(frozen=True)
class Step:
    """One step: what was done, by whom in which role, when, about what, and the status it led to."""

    action: str
    at: datetime
    actor: str
    role: str
    from_status: str | None
    to_status: str
    subject: str | None = None
    value: str | None = None
    note: str | None = None

    @property
    def moves(self) -> bool:
        """Return whether the step moved the status."""
        return self.from_status != self.to_status


@dataclass(frozen=True)
class Repair:
    """One turn of work, from the report or the reopening on: its moments, and when it was on hold."""

    reported_at: datetime
    moments: Mapping[str, datetime] = field(default_factory=lambda: MappingProxyType({}))
    holds: tuple[tuple[datetime, datetime | None], ...] = ()


@dataclass(frozen=True)
class Standing:
    """What follows from a history: the status, who must act, and every turn of work, the last one running."""

    status: str
    unit_code: str | None
    duplicate_of: str | None
    cause: str | None
    repairs: tuple[Repair, ...]
    level: str | None = None
    marks: frozenset[str] = frozenset()
    grade: str | None = None
    evaluation: str | None = None
    callback: str | None = None
    promised_at: datetime | None = None

    @property
    def columns(self) -> dict[str, Any]:
        """Return what the ``incidents`` table says of it."""
        first = self.repairs[0].moments
        told = {name: getattr(self, name) for name in ("status", "unit_code", "duplicate_of", "cause")}
        return told | {name: first.get(name) for name in TIMES}


@dataclass(frozen=True, eq=False)
class Incident:
    """One incident: what was reported, and its history, append only.

    Parameters
    ----------
    head
        Its row of ``incidents``: the columns that no step changes, and those that steps do as they stood when it
        came in by a file without a history.
    steps
        Its rows of ``incident_steps``, in order.
    life
        One of those of :mod:`gisapp.incidents.lives`.
    """

    head: Mapping[str, Any]
    steps: tuple[Step, ...]
    life: str

    @property
    def code(self) -> str:
        """Return its code."""
        return str(self.head["code"])

    @property
    def reported_at(self) -> datetime:
        """Return when it was reported."""
        moment: datetime = self.head["reported_at"]
        return moment

    @cached_property
    def standing(self) -> Standing:
        """Return what follows from the history; of an incident without one, what its row says."""
        return replayed(self.life, self.reported_at, self.steps or (imported(self.head),))

    @property
    def status(self) -> str:
        """Return where it stands."""
        return self.standing.status

    @property
    def ended(self) -> bool:
        """Return whether nothing may follow any more."""
        return not moves_from(self.life, self.status)

    @property
    def moved_at(self) -> datetime:
        """Return when the status was last moved."""
        return next((step.at for step in reversed(self.steps) if step.moves), self.reported_at)

    @property
    def transfers(self) -> tuple[tuple[str, str, datetime, str, str | None], ...]:
        """Return how it was passed on before it was dispatched: from, to, when, by whom and why (首问负责制)."""
        holder, rows = self.head.get("first_contact"), []
        for step in self.steps:
            holder = holder or step.actor
            if step.action == "transfer":
                rows.append((str(holder), str(step.subject), step.at, step.actor, step.note))
                holder = step.subject
        return tuple(rows)


def replayed(life: str, reported_at: datetime, steps: Iterable[Step]) -> Standing:
    """Return what follows from a history, step by step from its beginning."""
    told: dict[str, Any] = {"status": "", "unit_code": None, "duplicate_of": None, "cause": None}
    turns = [_Turn(reported_at)]
    for step in steps:
        told["status"] = step.to_status
        if step.action == "import":
            told |= _imported_into(turns[-1], step)
        elif step.action == "reopen":
            turns.append(_Turn(step.at))
        else:
            told |= _changes(told, step)
            turns[-1].take(life, step)
    return Standing(**told, repairs=tuple(turn.repair for turn in turns))


@dataclass
class _Turn:
    """A turn of work as it gathers."""

    reported_at: datetime
    moments: dict[str, datetime] = field(default_factory=dict)
    holds: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    def take(self, life: str, step: Step) -> None:
        """Note the moment that a step fixes, and the hold that it begins or ends."""
        name = MOMENTS[life].get(step.to_status) if step.moves else FACT_MOMENTS.get(step.action)
        if name is not None and (name in LAST_COUNTS or name not in self.moments):
            self.moments[name] = step.at
        if step.action == "hold":
            self.holds.append((step.at, None))
        elif step.action == "resume" and self.holds:
            self.holds[-1] = (self.holds[-1][0], step.at)

    @property
    def repair(self) -> Repair:
        """Return it as it stands."""
        return Repair(self.reported_at, MappingProxyType(self.moments), tuple(self.holds))


def _changes(told: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """Return what a step changes beside the status and the moments."""
    action, subject, value = step.action, step.subject, step.value
    if action in _SAID:
        return {_SAID[action]: value}
    if action in _UNIT_BY:
        return {"unit_code": subject}
    if action == "register":
        return {"unit_code": value}
    if action in ("merge", "unmerge"):
        return {"duplicate_of": subject if action == "merge" else None}
    if action in ("mark", "unmark"):
        marks: frozenset[str] = told.get("marks", frozenset())
        return {"marks": marks | {str(subject)} if action == "mark" else marks - {str(subject)}}
    return {"promised_at": datetime.fromisoformat(str(value))} if action == "promise" else {}


def imported(head: Mapping[str, Any]) -> Step:
    """Return the first step of an incident that came in by a file: what the file said of it."""
    told = {name: head.get(name) for name in ("unit_code", "duplicate_of", "cause", *TIMES)}
    said = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items() if value}
    value = json.dumps(said, ensure_ascii=False)
    return Step("import", head["reported_at"], "system", "system", None, str(head["status"]), value=value)


def _imported_into(turn: _Turn, step: Step) -> dict[str, Any]:
    """Put the moments that a file said into a turn of work; return what else it said."""
    said = json.loads(step.value or "{}")
    # What was merged or withdrawn has no moments; what a file says of them is kept in the step all the same.
    if step.to_status not in NO_WORK:
        turn.moments |= {name: datetime.fromisoformat(said[name]) for name in TIMES if name in said}
    return {name: said.get(name) for name in ("unit_code", "duplicate_of", "cause")}


def life_of(usual: str | None, statuses: Iterable[str]) -> str:
    """Return the life of an incident: that of its category, a repair where its history has what that does not know.

    Older records and files put every incident through the states of a repair.

    Examples
    --------
    >>> life_of("complaint", ["registered", "to_leader"]), life_of("complaint", ["on_site"])
    ('complaint', 'repair')
    """
    life = usual or "repair"
    return life if set(statuses) <= statuses_of(life) else "repair"


def incident_of(row: Mapping[str, Any], steps: pd.DataFrame, usual: str | None) -> Incident:
    """Return one incident from its row of ``incidents``, its rows of ``incident_steps`` and the life of its category.

    Raises
    ------
    InputError
        When its status is one of no life.
    """
    return _incident({name: _plain(row.get(name)) for name in _WANTED}, tuple(_steps(steps)), usual)


def _incident(row: Mapping[str, Any], history: tuple[Step, ...], usual: str | None) -> Incident:
    head = {**row, "drill": bool(row.get("drill"))}
    seen = [step.to_status for step in history] or [str(head["status"])]
    life = life_of(usual, seen)
    if not set(seen) <= statuses_of(life):
        wrong = next(status for status in seen if status not in statuses_of(life))
        raise InputError(f"{head['code']} is {wrong}, which no {life} knows", todo="correct its status", field="status")
    return Incident(MappingProxyType(head), history, life)


def incidents_of(
    incidents: pd.DataFrame, incident_steps: pd.DataFrame, usual: Callable[[Mapping[str, Any]], str | None]
) -> Iterator[Incident]:
    """Yield every incident of a table with its history; ``usual`` gives the life of the category of a row."""
    rows = incident_steps.sort_values(["incident_code", "step"], kind="stable")
    histories: dict[str, list[Step]] = {}
    for code, step in zip(rows["incident_code"], _steps(rows), strict=True):
        histories.setdefault(code, []).append(step)
    names = [name for name in incidents.columns if name in _WANTED]
    for values in zip(*(_column(incidents[name]) for name in names), strict=True):
        row = dict(zip(names, values, strict=True))
        yield _incident(row, tuple(histories.get(row["code"], ())), usual(row))


def _steps(rows: pd.DataFrame) -> Iterator[Step]:
    """Yield the steps of rows that stand in order."""
    names = ("action", "at", "actor", "role", "from_status", "to_status", "subject", "value", "note")
    for told in zip(*(_column(rows[name]) for name in names), strict=True):
        yield Step(*told)


def _column(values: pd.Series) -> list[Any]:
    """Return a column as plain Python values, None where there is none."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        moments = values.dt.tz_convert("UTC").dt.as_unit("us").dt.to_pydatetime()
        return [None if absent else moment for moment, absent in zip(moments, values.isna(), strict=True)]
    return [None if absent else value for value, absent in zip(values.tolist(), values.isna(), strict=True)]


def _plain(value: Any) -> Any:
    """Return a value of a table as plain Python: None where there is none."""
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124  NaN
        return None
    return value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
