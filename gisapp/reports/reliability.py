"""How reliable supply was: SAIDI, SAIFI, CAIDI and CEMI from interruptions with staged restoration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from gisapp.errors import InputError

MORE_THAN = (1, 2, 3)


@dataclass(frozen=True)
class Reliability:
    """The indices of a period.

    Parameters
    ----------
    served
        Households supplied, interrupted or not.
    outages, interrupted
        How many outages count, and how many household interruptions they made.
    household_minutes
        Minutes times households, summed over every stage (停水户时数, in minutes).
    saidi_min, saifi
        Minutes, and interruptions, of the average household served.
    caidi_min
        Minutes of the average interruption; None where there was none.
    cemi
        For each number the share of households with more interruptions than that; empty where it is not known who was
        interrupted.
    brief
        Outages left out because they were shorter than what counts.
    """

    served: int
    outages: int
    interrupted: int
    household_minutes: float
    saidi_min: float
    saifi: float
    caidi_min: float | None
    cemi: Mapping[int, float]
    brief: int


def reliability(
    stages: pd.DataFrame, served: int, *, least_min: float = 0.0, hit: pd.DataFrame | None = None
) -> Reliability:
    """Return the reliability indices of a period.

    Parameters
    ----------
    stages
        One row for each step in which supply came back: ``outage`` (its code), ``off_at``, ``restored_at`` (aware),
        ``households`` put back then. A household stands in one stage of an outage.
    served
        Households supplied, whether interrupted or not.
    least_min
        Outages that lasted less for everybody are momentary and left out; no rule gives the number.
    hit
        Who was interrupted, for CEMI: ``outage``, ``customer_code`` and ``households`` of the customer.

    Raises
    ------
    InputError
        When nobody is served, a stage ends before it begins, or its households are below 0; names the row.

    Notes
    -----
    SAIDI = sum of minutes x households / served, SAIFI = sum of households / served, CAIDI = SAIDI / SAIFI. The sums of
    minutes and of households multiplied with one another are no such sum: for a county's published list they make 151
    minutes of 25.6.

    Examples
    --------
    >>> moments = pd.to_datetime(["2026-11-22T00:00Z", "2026-11-22T00:00Z"])
    >>> ends = pd.to_datetime(["2026-11-22T01:00Z", "2026-11-22T04:00Z"])
    >>> rows = pd.DataFrame({"outage": "S1", "off_at": moments, "restored_at": ends, "households": [300, 100]})
    >>> found = reliability(rows, 1000)
    >>> found.saidi_min, found.saifi, found.caidi_min
    (42.0, 0.4, 105.0)
    """
    if not served > 0:
        raise InputError(f"found {served} households served", todo="give how many are supplied", field="served")
    minutes = (stages["restored_at"] - stages["off_at"]).dt.total_seconds() / 60
    wrong = (minutes < 0) | ~(stages["households"] >= 0)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = f"restored {-minutes.iloc[row]:g} min before it was off" if minutes.iloc[row] < 0 else "no households"
        raise InputError(found, todo="correct the row", row=row + 1, field="restored_at")
    longest = minutes.groupby(stages["outage"]).transform("max") if len(stages) else minutes
    counts = (longest >= least_min).to_numpy()
    some, lasted = stages[counts], minutes[counts]
    interrupted = int(some["households"].sum())
    lost = float((lasted * some["households"]).sum())
    return Reliability(
        served=served,
        outages=int(some["outage"].nunique()),
        interrupted=interrupted,
        household_minutes=lost,
        saidi_min=lost / served,
        saifi=interrupted / served,
        caidi_min=lost / interrupted if interrupted else None,
        cemi={} if hit is None else _cemi(hit[hit["outage"].isin(some["outage"])], served),
        brief=int(stages.loc[~counts, "outage"].nunique()),
    )


def _cemi(hit: pd.DataFrame, served: int) -> dict[int, float]:
    """Return the share of households with more interruptions than each number."""
    customers = hit.groupby("customer_code").agg(times=("outage", "nunique"), households=("households", "max"))
    return {
        number: float(customers.loc[customers["times"] > number, "households"].sum()) / served for number in MORE_THAN
    }


def read_stages(path: Path) -> pd.DataFrame:
    """Return the stages of a CSV file with ``off_at``, ``restored_at`` and ``households``; ``outage`` and ``minutes``.

    Without ``outage`` every row is one. ``minutes`` are what the file says of the duration: held against its times.

    Raises
    ------
    InputError
        When a column is absent, a time cannot be read or has no zone, supply is back before it was off, or the stated
        minutes differ from the times; names the file, the row and the field.
    """
    try:
        table = pd.read_csv(path, dtype="str", encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"cannot be read ({error})", todo="give a CSV file in UTF-8", file=str(path)) from error
    for name in ("off_at", "restored_at", "households"):
        if name not in table:
            raise InputError("the column is absent", todo="add it", file=str(path), field=name)
    made = pd.DataFrame(
        {
            "outage": table["outage"] if "outage" in table else [f"row {row}" for row in range(1, len(table) + 1)],
            **{name: [_moment(text, path, row, name) for row, text in enumerate(table[name], 1)] for name in _TIMES},
            "households": [_number(text, path, row, "households") for row, text in enumerate(table["households"], 1)],
        }
    )
    lasted = (made["restored_at"] - made["off_at"]).dt.total_seconds() / 60
    for row, minutes in enumerate(lasted, 1):
        if minutes < 0:
            found = f"restored {-minutes:g} min before it was off"
            raise InputError(found, todo="correct the times", file=str(path), row=row, field="restored_at")
    for row, text in enumerate(table.get("minutes", pd.Series(dtype="str")).fillna(""), 1):
        if text and _number(text, path, row, "minutes") != lasted.iloc[row - 1]:
            found = f"says {text} min, its times say {lasted.iloc[row - 1]:g}"
            raise InputError(found, todo="correct one of them", file=str(path), row=row, field="minutes")
    return made


_TIMES = ("off_at", "restored_at")


def _moment(text: object, path: Path, row: int, field: str) -> pd.Timestamp:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        todo = "write a moment such as 2026-11-27T06:00:00+08:00"
        raise InputError(f"found {text!r}", todo=todo, file=str(path), row=row, field=field)
    return pd.Timestamp(moment).tz_convert("UTC")


def _number(text: object, path: Path, row: int, field: str) -> float:
    try:
        number = float(str(text))
    except ValueError:
        number = float("nan")
    if not 0 <= number < float("inf"):
        raise InputError(f"found {text!r}", todo="give a number from 0", file=str(path), row=row, field=field)
    return number
