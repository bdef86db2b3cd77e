"""Lists of measures and of grids: what is overdue or due soon, what is carried to the next meeting, who is not seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from gisapp.masking import masked_texts
from gisapp.measures.model import Measure, measures_of

_ORDER = ("overdue", "due_soon", "running", "late", "done", None)
COLUMNS = [
    "code", "kind", "status", "state", "due", "first_due", "subject", "grid_code", "incident_code", "note_number",
    "summary", "ordered_at", "ordered_by",
]  # fmt: skip


def measure_list(measures: pd.DataFrame, measure_steps: pd.DataFrame, *, today: date, zone: Any) -> pd.DataFrame:
    """Return one row a measure, the overdue first, then by day.

    Returns
    -------
    DataFrame
        :data:`COLUMNS`: ``state`` as :meth:`gisapp.measures.Measure.state` says, days as text, the summary masked.
    """
    return _rows(list(measures_of(measures, measure_steps)), today, zone)


def carried(
    measures: pd.DataFrame, measure_steps: pd.DataFrame, grid: str, *, end: datetime, zone: Any
) -> pd.DataFrame:
    """Return what is carried to the meeting of a grid after a period: ordered before its end and not yet checked then.

    Grid rules III(1)2. What was ordered earlier than the period is carried too, until it is checked or taken back;
    the state is that of the last day before the end.

    Returns
    -------
    DataFrame
        As :func:`measure_list`.
    """
    found = [
        one
        for one in measures_of(measures, measure_steps)
        if one.grid_code == grid and one.ordered_at < end and one.status_on(_before(end)) in ("ordered", "done")
    ]
    then = [_as_of(one, _before(end)) for one in found]
    return _rows(then, _before(end).astimezone(zone).date(), zone)


def quiet_grids(
    grids: pd.DataFrame, leaders: pd.Series, grid_notes: pd.DataFrame, *, now: datetime, every_days: float
) -> pd.DataFrame:
    """Return the grids whose leader has not visited them for more than some days, the longest first.

    Parameters
    ----------
    grids
        The grids in force.
    leaders
        The leader's code by grid.
    grid_notes
        The table; only kind ``visit`` counts.

    Returns
    -------
    DataFrame
        grid_code, leader, last_visit (missing: never), due_at; grids never visited first.
    """
    visits = grid_notes[(grid_notes["kind"] == "visit") & (grid_notes["at"] <= pd.Timestamp(now))]
    last = visits.groupby("grid_code")["at"].max()
    told = pd.DataFrame({"grid_code": grids["code"].to_numpy(), "leader": grids["code"].map(leaders).to_numpy()})
    told["last_visit"] = pd.to_datetime(told["grid_code"].map(last), utc=True)
    told["due_at"] = told["last_visit"] + pd.Timedelta(days=every_days)
    late = told[told["due_at"].isna() | (told["due_at"] < pd.Timestamp(now))]
    return late.sort_values(["due_at", "grid_code"], na_position="first", ignore_index=True)


def _rows(found: list[Measure], today: date, zone: Any) -> pd.DataFrame:
    days = {"due": "due", "first_due": "first_due"}
    rows = [
        {name: getattr(one, name) for name in COLUMNS if name not in ("state", *days)}
        | {name: None if getattr(one, name) is None else getattr(one, name).isoformat() for name in days}
        | {"state": one.state(today, zone)}
        for one in found
    ]
    told = pd.DataFrame(rows, columns=COLUMNS)
    told["rank"] = [_ORDER.index(one.state(today, zone)) for one in found]
    told = told.sort_values(["rank", "due", "code"], ignore_index=True).drop(columns="rank")
    return told.assign(
        summary=masked_texts(told["summary"].astype("str")), note_number=told["note_number"].astype("Int64")
    )


def _as_of(one: Measure, at: datetime) -> Measure:
    """Return a measure as it stood at a moment."""
    return replace(one, steps=tuple(step for step in one.steps if step.at <= at))


def _before(end: datetime) -> datetime:
    """Return the last moment before a period ends."""
    return end - timedelta(milliseconds=1)
