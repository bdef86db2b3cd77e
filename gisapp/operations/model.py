"""A shutoff operation as its record stands: the head, every step since, and what follows from them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

from gisapp.errors import InputError

Burst = str | tuple[str, float]


@dataclass(frozen=True, eq=False)
class Operation:
    """One shutoff operation: its head and its history, append only.

    Parameters
    ----------
    code, utility, kind, reason, place, incident_code, unit_code, applicant
        Of the head; absent ones are None.
    bursts
        The links that are shut, a place along one in metres where it is known: as
        :func:`gisapp.network.shutoff` takes them.
    opened_at, planned_start, planned_end
        Aware moments; the planned ones None where nothing is planned.
    drill
        An exercise: in no statistic.
    steps, valves, notices
        Its rows of ``shutoff_steps``, ``valve_operations`` and ``notices``, oldest first.
    """

    code: str
    utility: str
    kind: str
    bursts: tuple[Burst, ...]
    opened_at: datetime
    drill: bool
    reason: str | None
    place: str | None
    incident_code: str | None
    unit_code: str | None
    applicant: str | None
    planned_start: datetime | None
    planned_end: datetime | None
    steps: pd.DataFrame
    valves: pd.DataFrame
    notices: pd.DataFrame

    @cached_property
    def status(self) -> str:
        """Return where it stands: what the last step led to."""
        return str(self.steps["to_status"].iloc[-1])

    @property
    def moved_at(self) -> datetime:
        """Return when the status was last moved."""
        steps = self.steps
        moved = steps.loc[steps["from_status"].fillna("") != steps["to_status"], "at"]
        return _moment(moved.iloc[-1]) or self.opened_at

    def moment(self, action: str) -> datetime | None:
        """Return when ``action`` was first done, None if never."""
        return _first(self.steps, action)

    def last_moment(self, action: str) -> datetime | None:
        """Return when ``action`` was last done, None if never."""
        times = self.steps.loc[self.steps["action"] == action, "at"]
        return None if times.empty else _moment(times.max())

    @cached_property
    def standing_steps(self) -> pd.DataFrame:
        """Return the steps since the work was last postponed: what was told before told another time."""
        steps = self.steps
        last = max(steps.loc[steps["action"] == "postpone", "step"], default=0)
        return steps[steps["step"] > last]

    def since_postponed(self, action: str) -> datetime | None:
        """Return when ``action`` was first done since the work was last postponed, None if it was not."""
        return _first(self.standing_steps, action)

    def said(self, action: str) -> pd.DataFrame:
        """Return the steps of one action that still stand, the last for every subject, in the order of writing."""
        mine = self.standing_steps[self.standing_steps["action"] == action]
        return mine.drop_duplicates("subject", keep="last").reset_index(drop=True)

    @property
    def etrs(self) -> pd.DataFrame:
        """Return every estimated time of restoration, oldest first: at, actor, etr, note."""
        mine = self.steps[self.steps["action"] == "set_etr"]
        etr = pd.to_datetime(mine["value"], format="ISO8601", utc=True)
        return mine.assign(etr=etr)[["at", "actor", "etr", "note"]].reset_index(drop=True)

    @property
    def expected_end(self) -> datetime | None:
        """Return when supply is expected back: the newest estimate, else as planned; None while nobody knows."""
        told = self.standing_steps.loc[self.standing_steps["action"] == "set_etr", "value"]
        return self.planned_end if told.empty else datetime.fromisoformat(told.iloc[-1])

    @property
    def level(self) -> str | None:
        """Return the response level that was last set, None while none is."""
        mine = self.steps.loc[self.steps["action"] == "set_level", "value"].dropna()
        return None if mine.empty else str(mine.iloc[-1])

    @property
    def commander(self) -> str | None:
        """Return the code of the person in command, None while nobody is."""
        mine = self.steps.loc[self.steps["action"] == "take_command", "subject"]
        return None if mine.empty else str(mine.iloc[-1])

    @property
    def device_states(self) -> pd.DataFrame:
        """Return what was last done to every device: device_code, action, at, actor, turns."""
        last = self.valves.drop_duplicates("device_code", keep="last")
        return last[["device_code", "action", "at", "actor", "turns"]].reset_index(drop=True)

    @property
    def stuck(self) -> tuple[str, ...]:
        """Return the devices that somebody tried to operate and could not."""
        states = self.device_states
        return tuple(states.loc[states["action"].isin(["could_not_close", "could_not_open"]), "device_code"])


def operation_of(
    code: str,
    shutoffs: pd.DataFrame,
    shutoff_steps: pd.DataFrame,
    valve_operations: pd.DataFrame,
    notices: pd.DataFrame,
) -> Operation:
    """Return one operation from the tables of the data dictionary.

    Raises
    ------
    InputError
        When there is no such operation.
    """
    heads = shutoffs[shutoffs["code"] == code]
    if heads.empty:
        raise InputError(f"there is no shutoff operation {code!r}", todo="list them and choose one", field="code")
    head = heads.iloc[0]
    texts = ("reason", "place", "incident_code", "unit_code", "applicant")
    return Operation(
        code=code,
        utility=str(head["utility"]),
        kind=str(head["kind"]),
        bursts=bursts_of(str(head["links"])),
        opened_at=head["opened_at"].to_pydatetime(warn=False),
        drill=bool(head["drill"]),
        **{name: None if pd.isna(head[name]) else str(head[name]) for name in texts},
        planned_start=_moment(head["planned_start"]),
        planned_end=_moment(head["planned_end"]),
        steps=_mine(shutoff_steps, code).sort_values("step", ignore_index=True),
        valves=_mine(valve_operations, code),
        notices=_mine(notices, code),
    )


def _mine(table: pd.DataFrame, code: str) -> pd.DataFrame:
    return table[table["shutoff_code"] == code].reset_index(drop=True)


def _first(steps: pd.DataFrame, action: str) -> datetime | None:
    times = steps.loc[steps["action"] == action, "at"]
    return None if times.empty else _moment(times.min())


def _moment(value: pd.Timestamp) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime(warn=False)


def bursts_of(text: str) -> tuple[Burst, ...]:
    """Return the bursts that a text lists, as the column ``links`` holds them.

    Examples
    --------
    >>> bursts_of("W000120,W000121@35.5")
    ('W000120', ('W000121', 35.5))
    """
    return tuple(_burst(part.strip()) for part in text.split(",") if part.strip())


def _burst(text: str) -> Burst:
    code, at, measure = text.rpartition("@")
    try:
        return (code, float(measure)) if at else text
    except ValueError:  # a code with an @ in it
        return text


def burst_text(bursts: tuple[Burst, ...]) -> str:
    """Return bursts as one text.

    Examples
    --------
    >>> burst_text(("W000120", ("W000121", 35.5)))
    'W000120,W000121@35.5'
    """
    return ",".join(burst if isinstance(burst, str) else f"{burst[0]}@{burst[1]:g}" for burst in bursts)


def notice_digest(title: str, body: str) -> str:
    """Return what a released text is known by: the SHA-256 of its title, a line feed and its body, in UTF-8."""
    return hashlib.sha256(f"{title}\n{body}".encode()).hexdigest()
