"""Breaks per 100 km and year by cohort of pipes, with what is in no rate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from gisapp.counting import counted
from gisapp.density.chance import dispersion, shrunk
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES
from gisapp.times import local_days

COHORTS = ("material", "decade", "diameter", "rank", "utility")
BREAKS = ("leak", "burst")
DIAMETERS_MM = (100, 200, 300, 600)
_UP_TO, _OVER = tuple(f"≤{limit}" for limit in DIAMETERS_MM), f">{DIAMETERS_MM[-1]}"
# A cohort that would have fewer breaks than this at the rate of all pipes is a small one.
SMALL = 5.0
_LINES = ("pipe", "cable")
_Numbers = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rates:
    """Rates by cohort, the whole they belong to, and what is in no rate.

    Attributes
    ----------
    table
        One row a cohort, see :func:`break_rates`.
    breaks, km_years
        Of all pipes together.
    predating
        Rows of ``breaks`` from before their pipe was laid, with its ``laid_year``: the pipe was renewed and
        took over the code, or the year is wrong. They tell of a pipe that is no more.
    unmatched
        Rows of ``breaks`` whose pipe is not in the table.
    """

    table: pd.DataFrame
    breaks: int
    km_years: float
    predating: pd.DataFrame
    unmatched: pd.DataFrame

    @property
    def rate(self) -> float:
        """Breaks per 100 km and year of all pipes; NaN without pipes in service."""
        return 100 * self.breaks / self.km_years if self.km_years > 0 else np.nan


def pipe_breaks(incidents: pd.DataFrame, zone: ZoneInfo, *, types: Iterable[str] = BREAKS) -> pd.DataFrame:
    """Return the incidents of some types that count as breaks of pipes, each with its day in the zone.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name; what counts is :func:`gisapp.counting.counted`.
    zone
        Its midnights divide the days.
    types
        Names of incident types.

    Returns
    -------
    DataFrame
        On the index of ``incidents``: ``code``, ``utility``, ``link_code`` and ``day``.

    Raises
    ------
    InputError
        On an unknown type.
    """
    wanted = list(types)
    unknown = sorted(set(wanted) - set(INCIDENT_TYPES))
    if unknown:
        raise InputError(f"unknown incident type {unknown[0]!r}", todo=f"use some of {', '.join(INCIDENT_TYPES)}")
    chosen = incidents[counted(incidents)["counts"] & incidents["type"].isin(wanted)]
    day = local_days(chosen["reported_at"], zone).astype("datetime64[s]")
    return pd.DataFrame(chosen[["code", "utility", "link_code"]]).assign(day=day)


def break_rates(pipes: pd.DataFrame, breaks: pd.DataFrame, *, by: Sequence[str], start: date, end: date) -> Rates:
    """Return breaks per 100 km and year by cohort, in a period.

    A pipe counts with its length for the time it was in service: from the middle of the year in which it was
    laid, from the start where that year is not known. A break before that year is no break of this pipe.

    Parameters
    ----------
    pipes
        Rows in the shape of the table ``links``; only pipes and cables count.
    breaks
        ``utility``, ``link_code`` and ``day``, as of :func:`pipe_breaks`; other columns are kept.
    by
        What makes a cohort: some of ``material``, ``decade`` (in which laid), ``diameter`` (class), ``rank``,
        ``utility``. Pipes of which one of these is not known make a cohort of their own.
    start, end
        First and last day, both included.

    Returns
    -------
    Rates
        Its table has the columns of ``by``, sorted by them, and

        - ``pipes``, ``length_km``: those in service at the end
        - ``km_years``, ``breaks``
        - ``rate``, ``low``, ``high``: breaks per 100 km and year, with the limits between which the true
          rate lies with 95 % (Garwood's, exact for Poisson); empty without pipes in service
        - ``smoothed``: the rate, drawn toward that of all pipes the less the cohort has to say for itself
          (empirical Bayes, gamma-Poisson; :func:`gisapp.density.chance.shrunk`)
        - ``small``: fewer than 5 breaks would be expected; look at the limits, not at the rate
        - ``predating``: breaks from before their pipe was laid, which are not in ``breaks``

        Breaks in the table, predating and unmatched ones add up to those in the period.

    Raises
    ------
    InputError
        When nothing, or something unknown, makes a cohort, or the period ends before it starts.

    Notes
    -----
    The register holds the pipes of today: those taken out took their breaks with them, so rates of old
    cohorts are lower than they were.

    Examples
    --------
    >>> pipes = pd.DataFrame({"utility": "water", "code": ["P", "Q"], "kind": "pipe", "length_m": [50_000.0, 50_000.0],
    ...     "material": ["steel", "pe"], "laid_year": [1980, 2024], "diameter_mm": 200.0, "rank": "main"})
    >>> breaks = pd.DataFrame({"utility": "water", "link_code": ["P", "P", "Q"],
    ...     "day": pd.to_datetime(["2025-03-01", "2026-03-01", "2023-03-01"])})
    >>> found = break_rates(pipes, breaks, by=["material"], start=date(2023, 1, 1), end=date(2026, 12, 31))
    >>> found.table[["material", "km_years", "breaks", "rate", "predating"]]
      material  km_years  breaks  rate  predating
    0       pe     125.0       0   0.0          1
    1    steel     200.0       2   1.0          0
    """
    register = register_of(pipes, by)
    matched = Matched.of(register, breaks, span_of(start, end))
    years = years_in_service(register, *decimal_years(start, end))
    cohort = cohorts_of(register, by)
    groups = cohort.max(initial=-1) + 1
    km, present = register["length_m"].to_numpy() / 1000, in_service(register, end)
    km_years, number = summed(cohort, groups, km * years), summed(cohort[matched.rows], groups)
    whole = number.sum() / km_years.sum() if km_years.sum() > 0 else np.nan
    columns = {
        "pipes": summed(cohort[present], groups).astype(np.int64),
        "length_km": summed(cohort, groups, km * present),
        "km_years": km_years,
        "breaks": number.astype(np.int64),
        **_limits(number, km_years),
        "smoothed": 100 * smoothed(number, km_years),
        "small": ~(km_years * whole >= SMALL),
        "predating": summed(cohort[matched.early_rows], groups).astype(np.int64),
    }
    names = register.groupby(cohort)[list(by)].first().reset_index(drop=True)
    table = pd.concat([names, pd.DataFrame(columns)], axis=1)
    return Rates(table, int(number.sum()), float(km_years.sum()), matched.predating, matched.unmatched)


@dataclass(frozen=True)
class Matched:
    """The breaks of a period: the register's row of each that counts, of each too early, and those without."""

    rows: _Rows
    early_rows: _Rows
    predating: pd.DataFrame
    unmatched: pd.DataFrame

    @classmethod
    def of(cls, register: pd.DataFrame, breaks: pd.DataFrame, span: tuple[pd.Timestamp, pd.Timestamp]) -> Matched:
        """Return the breaks from the first moment of a span until before the second."""
        some = breaks[(breaks["day"] >= span[0]) & (breaks["day"] < span[1])]
        keys = pd.MultiIndex.from_frame(register[["utility", "code"]])
        row = keys.get_indexer(pd.MultiIndex.from_frame(some[["utility", "link_code"]]))
        laid = np.append(laid_years(register), -np.inf)  # the last one is that of row -1, no pipe
        early = some["day"].dt.year.to_numpy() < laid[row]
        predating = some[early].assign(laid_year=laid[row[early]].astype(np.int64))
        return cls(row[(row >= 0) & ~early], row[early], predating, some[row < 0])


def register_of(pipes: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return the pipes with the columns that make cohorts, on a plain range."""
    unknown = sorted(set(by) - set(COHORTS))
    if unknown or not by:
        found = f"{unknown[0]!r} makes no cohort" if unknown else "nothing makes the cohorts"
        raise InputError(found, todo=f"choose some of {', '.join(COHORTS)}", field="by")
    register = pd.DataFrame(pipes[pipes["kind"].isin(_LINES)]).reset_index(drop=True)
    classes = pd.cut(register["diameter_mm"], [-np.inf, *DIAMETERS_MM, np.inf], labels=[*_UP_TO, _OVER])
    return register.assign(decade=register["laid_year"].astype("Int64") // 10 * 10, diameter=classes)


def cohorts_of(register: pd.DataFrame, by: Sequence[str]) -> _Rows:
    """Return the number of each pipe's cohort, in the order of its columns."""
    groups = register.groupby(list(by), dropna=False, observed=True, sort=True).ngroup()
    return np.asarray(groups, dtype=np.int64)


def span_of(start: date, end: date) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first moment of a period and the first after it, checked."""
    if end < start:
        raise InputError(f"the period ends on {end}, before its start on {start}", todo="swap the two days")
    return pd.Timestamp(start), pd.Timestamp(end + timedelta(days=1))


def decimal_years(start: date, end: date) -> tuple[float, float]:
    """Return the first moment of a period and the first after it as years with their part."""

    def years(day: date) -> float:
        first = date(day.year, 1, 1)
        return day.year + (day - first).days / (date(day.year + 1, 1, 1) - first).days

    return years(start), years(end + timedelta(days=1))


def laid_years(register: pd.DataFrame) -> _Numbers:
    """Return the year in which each pipe was laid, as ever where it is not known."""
    return np.asarray(register["laid_year"].astype("Float64").to_numpy(dtype=np.float64, na_value=-np.inf))


def years_in_service(register: pd.DataFrame, start: float, end: float) -> _Numbers:
    """Return for how long each pipe was in service between two moments, in years."""
    return np.maximum(end - np.maximum(start, laid_years(register) + 0.5), 0.0)


def in_service(register: pd.DataFrame, day: date) -> npt.NDArray[np.bool_]:
    """Return which pipes are in service on a day; one laid in that year, or who knows when, is."""
    return laid_years(register) <= day.year


def summed(groups: _Rows, count: int, worth: _Numbers | None = None) -> _Numbers:
    """Return the sum of what each group's members are worth, or how many they are."""
    return np.bincount(groups, worth, count).astype(np.float64)


def smoothed(number: _Numbers, km_years: _Numbers) -> _Numbers:
    """Return breaks per km and year of each group, drawn toward those of all."""
    if km_years.sum() == 0:
        return np.full(len(number), np.nan)
    whole = number.sum() / km_years.sum()
    expected = whole * km_years
    return whole * shrunk(number, expected, dispersion(number, expected))


def _limits(number: _Numbers, km_years: _Numbers) -> dict[str, _Numbers]:
    """Return rates per 100 km and year, and Garwood's limits of 95 %."""
    low = np.where(number > 0, special.gammaincinv(np.maximum(number, 1), 0.025), 0.0)
    high = special.gammaincinv(number + 1, 0.975)
    per = 100 / np.where(km_years > 0, km_years, np.nan)
    return {"rate": number * per, "low": low * per, "high": high * per}
