"""An emergency as its record stands: the head, every step since, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd
import shapely

from gisapp.errors import InputError


@dataclass(frozen=True)
class EventStep:
    """One step: what was done, when, the status it leads to, whom or what it concerns, and what was said."""

    action: str
    at: datetime
    to_status: str
    subject: str | None = None
    value: str | None = None
    note: str | None = None
    actor: str = ""
    number: int = 0


@dataclass(frozen=True)
class Task:
    """Something to be done: its number, the function or person it was given to, in words, until when, when done."""

    number: int
    whose: str
    words: str
    due: date | None
    given_at: datetime
    done_at: datetime | None

    def overdue(self, today: date) -> bool:
        """Return whether it is not done though its day is over."""
        return self.done_at is None and self.due is not None and self.due < today


@dataclass(frozen=True, eq=False)
class Emergency:
    """One emergency: its head and its steps, oldest first; a drill is in no statistic.

    ``spot`` is None where the head was read without its place.
    """

    code: str
    utility: str | None
    kind: str
    summary: str
    place: str | None
    shutoff_code: str | None
    incident_code: str | None
    opened_at: datetime
    drill: bool
    spot: shapely.Point | None
    steps: tuple[EventStep, ...]

    @property
    def status(self) -> str:
        """Return where it stands: what the last step led to."""
        return self.steps[-1].to_status

    @property
    def organisation(self) -> dict[str, str]:
        """Return who holds which function: code of the person by function; of several appointed the last."""
        return {str(one.value): str(one.subject) for one in self.steps if one.action == "appoint"}

    @property
    def commander(self) -> str | None:
        """Return the code of the commander, None while nobody is."""
        return self.organisation.get("commander")

    @property
    def level(self) -> int | None:
        """Return the response level that was set last, None while none is."""
        said = [one.value for one in self.steps if one.action in ("activate", "set_level")]
        return int(str(said[-1])) if said else None

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Return what was ordered while it lasted, by function."""
        return self._given("order_task", "finish_task")

    @property
    def measures(self) -> tuple[Task, ...]:
        """Return what is to be done after the evaluation, by person, with the day until when."""
        return self._given("plan_measure", "finish_measure")

    def moment(self, action: str) -> datetime | None:
        """Return when an action was first done, None if never."""
        return min((one.at for one in self.steps if one.action == action), default=None)

    @property
    def intervals_min(self) -> dict[str, float | None]:
        """Return the minutes from the first report until it was verified, the plan was started and it was reported up.

        None where that has not been done. Grid rules VIII(4)2.
        """
        moments = {name: self.moment(name) for name in ("verify", "activate", "report_up", "stand_down")}
        return {
            name: None if at is None else round((at - self.opened_at).total_seconds() / 60, 2)
            for name, at in moments.items()
        }

    def _given(self, give: str, finish: str) -> tuple[Task, ...]:
        done = {one.subject: one.at for one in reversed(self.steps) if one.action == finish}
        return tuple(
            Task(
                one.number,
                str(one.subject),
                str(one.note),
                date.fromisoformat(one.value) if one.value else None,
                one.at,
                done.get(str(one.number)),
            )
            for one in self.steps
            if one.action == give
        )


def emergency_of(code: str, emergencies: pd.DataFrame, emergency_steps: pd.DataFrame) -> Emergency:
    """Return one emergency from the tables of the data dictionary.

    Raises
    ------
    InputError
        When there is no such emergency.
    """
    heads = emergencies[emergencies["code"] == code]
    if heads.empty:
        raise InputError(f"there is no emergency {code!r}", todo="list them and choose one", field="code")
    head = heads.iloc[0]
    texts = ("utility", "place", "shutoff_code", "incident_code")
    mine = emergency_steps[emergency_steps["emergency_code"] == code].sort_values("step")
    return Emergency(
        code=code,
        kind=str(head["kind"]),
        summary=str(head["summary"]),
        opened_at=head["opened_at"].to_pydatetime(warn=False),
        drill=bool(head["drill"]),
        spot=head.get("geom"),
        steps=tuple(_step(row) for row in mine.to_dict("records")),
        **{name: None if pd.isna(head[name]) else str(head[name]) for name in texts},
    )


def _step(row: Mapping[Any, Any]) -> EventStep:
    plain: dict[str, Any] = {
        name: None if pd.isna(row[name]) else str(row[name]) for name in ("subject", "value", "note")
    }
    at, action, status = row["at"].to_pydatetime(warn=False), str(row["action"]), str(row["to_status"])
    return EventStep(action, at, status, **plain, actor=str(row["actor"]), number=int(row["step"]))
