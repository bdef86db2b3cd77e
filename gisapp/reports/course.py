"""The course of a shutoff operation as it may leave the house: when what was done, by whose code, what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from gisapp.masking import masked_text
from gisapp.operations import Operation
from gisapp.operations.duties import began_at

LONG = timedelta(hours=24)
"""Beyond this a utility owes its customers an emergency supply (local supply rules)."""
_OVER = ("cancelled", "postponed")


@dataclass(frozen=True, eq=False)
class Course:
    """What the record of an operation says, without remarks, which may be personal. Moments stand in the zone.

    Parameters
    ----------
    code, kind, status, drill, reason, place, incident_code, unit_code, commander
        Of the record; the commander by code.
    opened_at, planned_start, planned_end
        Of the head.
    shut_at, restored_at
        When the first device was closed or the supply cut off, and when it was restored; None before.
    etrs
        Every estimate of the restoration, oldest first: at, actor, etr.
    told
        When each was last done: ``inform_dispatch``, ``inform_fire_service``, ``publish``, ``report_up``,
        ``restore``; absent where it never was.
    reports
        How many reports went up so far.
    crews
        code, at: crews that were sent.
    supplies
        What was arranged as supply in the meantime, oldest first.
    level
        The response level, None while none is set.
    timeline
        at, noted_at, actor, action, subject, value: steps and operations of valves in the order of their moments;
        ``noted_at`` is when a step was written down, missing for valves.
    """

    code: str
    kind: str
    status: str
    drill: bool
    reason: str | None
    place: str | None
    incident_code: str | None
    unit_code: str | None
    commander: str | None
    opened_at: datetime
    planned_start: datetime | None
    planned_end: datetime | None
    shut_at: datetime | None
    restored_at: datetime | None
    etrs: pd.DataFrame
    told: dict[str, datetime]
    reports: int
    crews: pd.DataFrame
    supplies: tuple[str, ...]
    level: str | None
    timeline: pd.DataFrame

    @property
    def etr(self) -> datetime | None:
        """Return the last estimate of the restoration, None while there is none."""
        return None if self.etrs.empty else self.etrs["etr"].iloc[-1].to_pydatetime(warn=False)

    @property
    def begins(self) -> datetime | None:
        """Return when supply ends: when it did, else when it is planned to; None where neither is known."""
        return self.shut_at or self.planned_start

    @property
    def ends(self) -> datetime | None:
        """Return when supply comes back: when it did, else the last estimate, else the planned end."""
        return self.restored_at or self.etr or self.planned_end

    @property
    def expected(self) -> timedelta | None:
        """Return how long customers are without supply, as far as both ends are known."""
        return None if self.begins is None or self.ends is None else self.ends - self.begins

    @property
    def first_end(self) -> datetime | None:
        """Return when people were first told that supply comes back, None where they were not."""
        first = None if self.etrs.empty else self.etrs["etr"].iloc[0].to_pydatetime(warn=False)
        return self.planned_end or first

    @property
    def later(self) -> bool:
        """Return whether supply is now expected later than people were first told."""
        return self.etr is not None and self.first_end is not None and self.etr > self.first_end

    def running(self, now: datetime) -> timedelta:
        """Return how long the operation has been running, until supply was restored."""
        start = self.opened_at if self.kind == "emergency" else (self.shut_at or now)
        return max((self.restored_at or now) - start, timedelta(0))


def course_of(operation: Operation, zone: ZoneInfo) -> Course:
    """Return the course of an operation."""

    def local(moment: datetime | None) -> datetime | None:
        return None if moment is None else moment.astimezone(zone)

    told = {action: local(operation.last_moment(action)) for action in _TOLD}
    etrs = operation.etrs[["at", "actor", "etr"]]
    supplies = operation.steps.loc[operation.steps["action"] == "arrange_supply", "value"].dropna()
    crews = operation.said("send_crew")[["subject", "at"]].rename(columns={"subject": "code"})
    return Course(
        **{name: getattr(operation, name) for name in _SAME},
        **{name: _shared(getattr(operation, name)) for name in ("reason", "place")},
        opened_at=operation.opened_at.astimezone(zone),
        planned_start=local(operation.planned_start),
        planned_end=local(operation.planned_end),
        shut_at=local(began_at(operation)),
        restored_at=local(operation.last_moment("restore")),
        etrs=_zoned(etrs, zone),
        told={action: moment for action, moment in told.items() if moment is not None},
        reports=int((operation.steps["action"] == "report_up").sum()),
        crews=_zoned(crews, zone),
        supplies=tuple(dict.fromkeys(map(masked_text, supplies))),
        level=operation.level,
        timeline=_zoned(_timeline(operation), zone),
    )


_SAME = ("code", "kind", "status", "drill", "incident_code", "unit_code", "commander")
_TOLD = ("inform_dispatch", "inform_fire_service", "publish", "report_up", "restore")


def _timeline(operation: Operation) -> pd.DataFrame:
    """Return steps and operations of valves in the order of their moments."""
    steps = operation.steps[["at", "noted_at", "actor", "action", "subject", "value"]]
    valves = operation.valves.assign(noted_at=None, subject=operation.valves["device_code"], value=None)
    parts = [part for part in (steps, valves[steps.columns]) if len(part)]
    both = pd.concat([part.astype(object) for part in parts], ignore_index=True)
    for name in ("at", "noted_at"):
        both[name] = pd.to_datetime(both[name], utc=True)
    for name in ("subject", "value"):
        both[name] = both[name].map(_shared)
    return both.sort_values("at", kind="stable", ignore_index=True)


def _shared(text: Any) -> Any:
    """Return a text without phones, names and homes; what is none, as it is."""
    return masked_text(text) if isinstance(text, str) else text


def _zoned(frame: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Return a frame with its moments in the zone."""
    moments = {name: frame[name].dt.tz_convert(zone) for name in ("at", "noted_at", "etr") if name in frame}
    return frame.assign(**moments).reset_index(drop=True)
