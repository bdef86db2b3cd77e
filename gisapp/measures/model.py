"""A measure as its record stands: the head, every step since, and until when it must be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from gisapp.errors import InputError

SOON_DAYS = 3
"""So many days before its last day a measure is told as due soon."""
_TEXTS = ("grid_code", "incident_code")


@dataclass(frozen=True)
class MeasureStep:
    """One step: what was done, when, by whom and as what, and the status it leads to."""

    action: str
    at: datetime
    to_status: str
    actor: str
    role: str
    value: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Measure:
    """One measure: its head and its steps, oldest first."""

    code: str
    kind: str
    summary: str
    subject: str
    grid_code: str | None
    incident_code: str | None
    note_number: int | None
    first_due: date | None
    ordered_at: datetime
    ordered_by: str
    role: str
    steps: tuple[MeasureStep, ...]

    @property
    def status(self) -> str:
        """Return where it stands: what the last step led to."""
        return self.steps[-1].to_status

    @property
    def due(self) -> date | None:
        """Return its last day: the one that it was extended to last; what it was first stays in ``first_due``."""
        said = [one.value for one in self.steps if one.action == "extend"]
        return date.fromisoformat(str(said[-1])) if said else self.first_due

    @property
    def pending(self) -> bool:
        """Return whether it is still to be done, or to be checked."""
        return self.status in ("ordered", "done")

    def status_on(self, at: datetime) -> str:
        """Return where it stood at a moment; ``ordered`` before its first step."""
        said = [one.to_status for one in self.steps if one.at <= at]
        return said[-1] if said else "ordered"

    def done_day(self, zone: Any) -> date | None:
        """Return the day on which it was done last, None while it is not done."""
        done = [one.at for one in self.steps if one.action == "finish"]
        return done[-1].astimezone(zone).date() if done and self.status in ("done", "checked") else None

    def state(self, today: date, zone: Any) -> str | None:
        """Return ``overdue``, ``due_soon``, ``running``, ``done`` or ``late``; None without a day.

        Of what was taken back it is None too. What is done on its last day is done in time; ``late`` was done after it.
        """
        due, done = self.due, self.done_day(zone)
        if due is None or self.status == "cancelled":
            return None
        if done is not None:
            return "done" if done <= due else "late"
        if due < today:
            return "overdue"
        return "due_soon" if (due - today).days <= SOON_DAYS else "running"


def measure_of(code: str, measures: pd.DataFrame, measure_steps: pd.DataFrame) -> Measure:
    """Return one measure from the tables of the data dictionary.

    Raises
    ------
    InputError
        When there is no such measure.
    """
    heads = measures[measures["code"] == code]
    if heads.empty:
        raise InputError(f"there is no measure {code!r}", todo="list them and choose one", field="code")
    return next(measures_of(heads, measure_steps))


def measures_of(measures: pd.DataFrame, measure_steps: pd.DataFrame) -> Iterator[Measure]:
    """Yield every measure of a table, in its order."""
    mine = {str(code): part for code, part in measure_steps.sort_values("step").groupby("measure_code")}
    for head in measures.to_dict("records"):
        rows = mine[str(head["code"])].to_dict("records")
        yield _measure(head, tuple(_step(row) for row in rows))


def _measure(head: Mapping[Any, Any], steps: tuple[MeasureStep, ...]) -> Measure:
    texts = {name: str(head[name]) for name in ("code", "kind", "summary", "subject", "ordered_by", "role")}
    given: dict[str, Any] = {name: None if pd.isna(head[name]) else str(head[name]) for name in _TEXTS}
    number, due = head["note_number"], head["due"]
    return Measure(
        **texts,
        **given,
        note_number=None if pd.isna(number) else int(number),
        first_due=None if pd.isna(due) else date.fromisoformat(str(due)),
        ordered_at=head["ordered_at"].to_pydatetime(warn=False),
        steps=steps,
    )


def _step(row: Mapping[Any, Any]) -> MeasureStep:
    texts = {name: str(row[name]) for name in ("action", "to_status", "actor", "role")}
    given: dict[str, Any] = {name: None if pd.isna(row[name]) else str(row[name]) for name in ("value", "note")}
    return MeasureStep(at=row["at"].to_pydatetime(warn=False), **texts, **given)
