"""Repairs that did not hold, and customers who had to report again: joins from the later to the earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.counting import counted
from gisapp.errors import InputError
from gisapp.incidents.warranty import in_warranty
from gisapp.times import local_days, months_after

REPAIRS = ("leak", "burst")
TOLERANCE_M = 5.0
_NOW = ["code", "utility", "link_code", "measure_m", "repaired_at", "reported_at", "cause"]
_REPAIR = (*_NOW, "unit_code")
_REPORT = ("code", "customer_code", "type", "reported_at", "closed_at", "unit_code")
MONTHS = 3


@dataclass(frozen=True)
class Repeats:
    """What came again, and what could be asked about it.

    Attributes
    ----------
    table
        One row for each that repeats an earlier one; see the function that made it.
    compared
        How many could repeat another.
    unplaced
        How many could not be compared: nobody knows on which pipe and where along it, or for which account.
    """

    table: pd.DataFrame
    compared: int
    unplaced: int


def repeat_repairs(
    incidents: pd.DataFrame,
    zone: ZoneInfo,
    *,
    tolerance_m: float = TOLERANCE_M,
    months: int = MONTHS,
    types: Iterable[str] = REPAIRS,
    warranty: pd.DataFrame | None = None,
    period: tuple[date, date] | None = None,
) -> Repeats:
    """Return the repairs of places that had been repaired within three months (water rules, Art. 35(6)).

    A repair repeats another of the same pipe that was done before it, at most the tolerance from it along the
    pipe, and at most so many calendar months before: the day with the same number still counts, in full. It is
    held against the latest such repair, which is the one that did not hold, and charged to the unit of that
    one. So each repair is charged once, and a place that fails month after month is told each time.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name. Duplicates are merged first, drills and withdrawn ones
        left out (:func:`gisapp.counting.counted`); what has no ``repaired_at`` is no repair.
    zone
        Its midnights divide the days.
    tolerance_m
        Along the pipe, to the millimetre; the rules name none.
    months
        Calendar months.
    types
        Incident types whose repairs are asked about.
    warranty
        Which pipes a builder answers for, and until when: ``utility``, ``link_code``, ``warranty_until`` (a
        day, itself included). A pipe may stand in several rows.
    period
        First and last day in the zone of the later repair, both included; the earlier one may lie before.

    Returns
    -------
    Repeats
        Its table is in the order of the later repairs and has

        - ``incident_code``, ``earlier_code``, ``utility``, ``link_code``, ``measure_m``, ``apart_m``
        - ``repaired_at``, ``earlier_repaired_at``, ``days`` between them in the zone
        - ``earlier_repairs``: how many of the place lie within the months
        - ``unit_code``: who is charged, the unit of the earlier repair
        - what speaks against the charge: ``third_party`` (someone dug into it now), ``in_warranty`` (on the
          day of the later repair the pipe was in a builder's warranty; missing when no table says),
          ``reported_before`` (the later one had been reported before the earlier was repaired: perhaps one
          leak that was reported twice). Marked, not left out: a person decides.

    Raises
    ------
    InputError
        When the tolerance or the months are below 0, or the period ends before it starts.

    Notes
    -----
    A join and not a clustering: a chain of repairs a month apart is no repair of half a year ago. One million
    repairs take 0.5 s.
    """
    if not (tolerance_m >= 0 and months >= 0):
        raise InputError(f"found a tolerance of {tolerance_m} m and {months} months", todo="give numbers from 0")
    done = incidents["type"].isin(list(types)) & incidents["repaired_at"].notna()
    lately = _lately(incidents["repaired_at"], months, period)
    real = done.to_numpy() & lately & counted(incidents)["counts"].to_numpy()
    some = _plain(incidents, real, _REPAIR)
    known = (some["link_code"].notna() & some["measure_m"].notna()).to_numpy()
    placed = some[known].reset_index(drop=True)
    place = np.rint(placed["measure_m"].to_numpy() * 1000).astype(np.int64)
    day = local_days(some["repaired_at"], zone)
    asked = _within(day, period)
    key = _keys(placed, "utility", "link_code")
    joined = _joined(key, place, placed["repaired_at"], day[known], months, round(tolerance_m * 1000)).of(asked[known])
    now, before = joined.taken(placed, _NOW), joined.taken(placed, ["code", "repaired_at", "unit_code"], earlier=True)
    columns = {
        "incident_code": now["code"],
        "earlier_code": before["code"],
        "utility": now["utility"],
        "link_code": now["link_code"],
        "measure_m": now["measure_m"],
        "apart_m": np.abs(place[joined.row] - place[joined.earlier]) / 1000,
        "repaired_at": now["repaired_at"],
        "earlier_repaired_at": before["repaired_at"],
        "days": joined.days,
        "earlier_repairs": joined.many,
        "unit_code": before["unit_code"],
        "third_party": now["cause"] == "third_party",
        "in_warranty": in_warranty(now, joined.day, warranty),
        "reported_before": now["reported_at"] < before["repaired_at"],
    }
    return Repeats(pd.DataFrame(columns), int((asked & known).sum()), int((asked & ~known).sum()))


def repeat_complaints(
    incidents: pd.DataFrame,
    zone: ZoneInfo,
    *,
    months: int = MONTHS,
    types: Iterable[str] | None = None,
    period: tuple[date, date] | None = None,
) -> Repeats:
    """Return the reports of an account that had reported the same kind of thing before (water rules, Art. 11, 36).

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name. Drills and withdrawn ones are left out; what was merged
        into another is not: that this account had to call twice is what is asked.
    zone, months
        As for :func:`repeat_repairs`, between the two reports.
    types
        Incident types asked about; None takes all of them.
    period
        First and last day of the later report, as for :func:`repeat_repairs`.

    Returns
    -------
    Repeats
        Its table is in the order of the later reports and has ``incident_code``, ``earlier_code`` (the latest
        before it), ``customer_code``, ``type``, ``reported_at``, ``earlier_reported_at``, ``days``,
        ``earlier_reports``, ``unit_code`` (of the earlier one) and ``still_open``: the earlier one was not
        closed when the customer reported again.

    Raises
    ------
    InputError
        When the months are below 0, or the period ends before it starts.
    """
    if not months >= 0:
        raise InputError(f"found {months} months", todo="give a number from 0")
    reasons = counted(incidents)
    real = ~(reasons["drill"] | reasons["withdrawn"]).to_numpy()
    if types is not None:
        real &= incidents["type"].isin(list(types)).to_numpy()
    some = _plain(incidents, real & _lately(incidents["reported_at"], months, period), _REPORT)
    known = some["customer_code"].notna().to_numpy()
    placed = some[known].reset_index(drop=True)
    day = local_days(some["reported_at"], zone)
    asked = _within(day, period)
    key, nowhere = _keys(placed, "customer_code", "type"), np.zeros(len(placed), np.int64)
    joined = _joined(key, nowhere, placed["reported_at"], day[known], months, 0).of(asked[known])
    now = joined.taken(placed, ["code", "customer_code", "type", "reported_at"])
    before = joined.taken(placed, ["code", "reported_at", "closed_at", "unit_code"], earlier=True)
    columns = {
        "incident_code": now["code"],
        "earlier_code": before["code"],
        "customer_code": now["customer_code"],
        "type": now["type"],
        "reported_at": now["reported_at"],
        "earlier_reported_at": before["reported_at"],
        "days": joined.days,
        "earlier_reports": joined.many,
        "unit_code": before["unit_code"],
        "still_open": ~(before["closed_at"] <= now["reported_at"]),
    }
    return Repeats(pd.DataFrame(columns), int((asked & known).sum()), int((asked & ~known).sum()))


@dataclass(frozen=True)
class _Joined:
    """Rows that repeat another, the latest such other, how many there are, the row's day and the days between."""

    row: npt.NDArray[np.int64]
    earlier: npt.NDArray[np.int64]
    many: npt.NDArray[np.int64]
    day: npt.NDArray[np.datetime64]
    days: npt.NDArray[np.int64]

    def of(self, chosen: npt.NDArray[np.bool_]) -> _Joined:
        """Return the join of the chosen ones among all rows."""
        kept = chosen[self.row]
        return _Joined(self.row[kept], self.earlier[kept], self.many[kept], self.day[kept], self.days[kept])

    def taken(self, frame: pd.DataFrame, columns: list[str], *, earlier: bool = False) -> pd.DataFrame:
        """Return columns of the rows, or of the earlier ones, on a plain range."""
        return frame[columns].take(self.earlier if earlier else self.row).reset_index(drop=True)


def _joined(
    key: npt.NDArray[np.int64],
    place_mm: npt.NDArray[np.int64],
    moments: pd.Series,
    day: npt.NDArray[np.datetime64],
    months: int,
    tolerance_mm: int,
) -> _Joined:
    """Return the join of each row with the latest one before it of the same key, near enough and recent enough."""
    at = moments.astype("datetime64[ms, UTC]").astype("int64").to_numpy()
    order = np.lexsort([at, key])
    number = day.astype(np.int64)
    first, last = (number.min(), number.max()) if len(number) else (0, 0)
    ends = months_after(np.arange(first, last + 1).astype("datetime64[D]"), months)
    until = ends.astype(np.int64)[number - first]  # worked out once a day, not once a row
    earlier, many = _latest_earlier(key[order], place_mm[order], at[order], number[order], until[order], tolerance_mm)
    found = np.flatnonzero(earlier >= 0)
    row, other = order[found], order[earlier[found]]
    sequence = np.argsort(row)
    row, other = row[sequence], other[sequence]
    between = (day[row] - day[other]).astype(np.int64)
    return _Joined(row, other, many[found][sequence], day[row], between)


@numba.njit(cache=True, nogil=True)
def _latest_earlier(
    key: np.ndarray, place: np.ndarray, at: np.ndarray, day: np.ndarray, until: np.ndarray, tolerance: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row, sorted by key and time, the latest one before it that is near (-1: none), and how many."""
    earlier = np.full(len(key), -1, np.int64)
    many = np.zeros(len(key), np.int64)
    for row in range(len(key)):  # a compiled loop: few rows of a key lie within a window
        for other in range(row - 1, -1, -1):
            if key[other] != key[row] or until[other] < day[row]:
                break
            if at[other] < at[row] and abs(place[other] - place[row]) <= tolerance:
                if earlier[row] < 0:
                    earlier[row] = other
                many[row] += 1
    return earlier, many


def _keys(frame: pd.DataFrame, one: str, other: str) -> npt.NDArray[np.int64]:
    """Return a number for each pair of values."""
    first, _ = pd.factorize(frame[one])
    second, names = pd.factorize(frame[other])
    return first.astype(np.int64) * (len(names) + 1) + second


def _lately(moments: pd.Series, months: int, period: tuple[date, date] | None) -> npt.NDArray[np.bool_]:
    """Return which moments can matter for a period: none long before it, when nothing could be repeated any more."""
    if period is None:
        return np.ones(len(moments), dtype=np.bool_)
    first, last = (pd.Timestamp(day, tz="UTC") for day in period)
    reach = pd.Timedelta(days=31 * min(months, 1200) + 3)  # a month has 31 days at most, a zone is a day away at most
    return moments.between(first - reach, last + pd.Timedelta(days=3)).to_numpy(dtype=np.bool_, na_value=False)


def _plain(incidents: pd.DataFrame, chosen: npt.NDArray[np.bool_], names: tuple[str, ...]) -> pd.DataFrame:
    """Return columns of the chosen rows, without the geometry: a city has a million rows of thirty columns."""
    return pd.DataFrame({name: incidents[name].array[chosen] for name in names}, index=incidents.index[chosen])


def _within(day: npt.NDArray[np.datetime64], period: tuple[date, date] | None) -> npt.NDArray[np.bool_]:
    """Return which days lie in the period, checked."""
    if period is None:
        return np.ones(len(day), dtype=np.bool_)
    start, end = period
    if end < start:
        raise InputError(f"the period ends on {end}, before its start on {start}", todo="swap the two days")
    return (day >= np.datetime64(start)) & (day <= np.datetime64(end))
