"""Where incidents, grids, pipes and households meet: what happened in each grid, and what could have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.counting import counted
from gisapp.errors import InputError
from gisapp.grids import incident_rows
from gisapp.tables import INCIDENT_TYPES
from gisapp.times import local_days, years_between

Exposure = Literal["pipe_km", "households"]
_MONTH = "datetime64[M]"


@dataclass(frozen=True)
class GridCounts:
    """How many of the incidents of a choice fell in each grid, day by day.

    Attributes
    ----------
    codes
        Of the grids, in order.
    row, day, number
        How many incidents a grid had on a day in the zone: the number of the grid, the day, the incidents. A grid
        and day may come several times; they add up.
    start, end
        First and last day, both included.
    outside
        Incidents in none of the grids.
    """

    codes: pd.Index
    row: npt.NDArray[np.int64]
    day: npt.NDArray[np.datetime64]
    number: npt.NDArray[np.int64]
    start: date
    end: date
    outside: int

    @property
    def years(self) -> float:
        """Length of the period in years."""
        return years_between(self.start, self.end)

    def total(self) -> pd.Series:
        """Return the incidents of each grid, on the codes."""
        counts = np.bincount(self.row, self.number, minlength=len(self.codes)).astype(np.int64)
        return pd.Series(counts, index=self.codes, name="count")

    def monthly(self) -> pd.DataFrame:
        """Return the incidents of each grid in each whole calendar month of the period, one column a month."""
        before, after = self.start - timedelta(days=1), self.end + timedelta(days=1)
        first = np.datetime64(before, "D").astype(_MONTH) + 1
        months = np.arange(first, np.datetime64(after, "D").astype(_MONTH))
        at = (self.day.astype(_MONTH) - first).astype(np.int64)
        within = (at >= 0) & (at < len(months))
        cells = self.row[within] * len(months) + at[within]
        counts = np.bincount(cells, self.number[within], minlength=len(self.codes) * len(months)).astype(np.int64)
        return pd.DataFrame(counts.reshape(len(self.codes), len(months)), index=self.codes, columns=months.astype(str))


def grid_counts(
    incidents: gpd.GeoDataFrame,
    grids: gpd.GeoDataFrame,
    zone: ZoneInfo,
    *,
    start: date,
    end: date,
    types: Iterable[str] | None = None,
    utility: str | None = None,
) -> GridCounts:
    """Return how many of the incidents that count fell in each grid.

    Parameters
    ----------
    incidents, grids
        The tables of those names; the grids of one plan. Where each incident counts is
        :func:`gisapp.grids.incident_rows`, whether it counts :func:`gisapp.counting.counted`.
    zone
        Its midnights divide the days.
    start, end
        First and last day of reports, both included.
    types
        Names of incident types; None takes all of them.
    utility
        Only incidents of this one; None takes all, those of no utility too.

    Raises
    ------
    InputError
        On an unknown type, or when the period ends before it starts.
    """
    chosen, day = chosen_days(incidents, zone, start=start, end=end, types=types, utility=utility)
    row = incident_rows(incidents[chosen], grids)
    inside = row < len(grids)
    codes = pd.Index(grids["code"], name="code")
    once = np.ones(int(inside.sum()), dtype=np.int64)
    return GridCounts(codes, row[inside], day[chosen][inside], once, start, end, int((~inside).sum()))


def chosen_days(
    incidents: pd.DataFrame,
    zone: ZoneInfo,
    *,
    start: date,
    end: date,
    types: Iterable[str] | None = None,
    utility: str | None = None,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.datetime64]]:
    """Return which incidents count and are asked for, and the day in the zone of every one.

    The arguments and errors are those of :func:`grid_counts`; no geometry is read.
    """
    wanted = list(INCIDENT_TYPES) if types is None else list(types)
    unknown = sorted(set(wanted) - set(INCIDENT_TYPES))
    if unknown:
        raise InputError(f"unknown incident type {unknown[0]!r}", todo=f"use some of {', '.join(INCIDENT_TYPES)}")
    if end < start:
        raise InputError(f"the period ends on {end}, before its start on {start}", todo="swap the two days")
    chosen = (counted(incidents)["counts"] & incidents["type"].isin(wanted)).to_numpy()
    if utility is not None:
        chosen = chosen & (incidents["utility"] == utility).to_numpy()
    day = local_days(incidents["reported_at"], zone)
    return chosen & (day >= np.datetime64(start)) & (day <= np.datetime64(end)), day


def incident_grids(incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame) -> pd.Categorical:
    """Return the grid in which each incident counts, as :func:`gisapp.density.incident_cube` takes it.

    By its position, else by the grid that it names (:func:`gisapp.grids.incident_rows`); the categories are the
    codes of all grids, in order.
    """
    row = incident_rows(incidents, grids)
    return pd.Categorical.from_codes(np.where(row < len(grids), row, -1), pd.Index(grids["code"]))


def grid_exposure(load: pd.DataFrame, exposure: Exposure, utility: str | None = None) -> pd.Series:
    """Return what can fail or complain in each grid, on its code.

    Parameters
    ----------
    load
        The figures of :func:`gisapp.grids.workload`.
    exposure
        ``pipe_km``: kilometres of pipe and cable, of the utility or of all; ``households``.
    utility
        Whose pipes.
    """
    if exposure == "households":
        units = load["households"].astype("float64")
    else:
        units = load["pipe_m" if utility is None else f"pipe_m_{utility}"] / 1000
    return pd.Series(units.to_numpy(), index=pd.Index(load["code"], name="code"), name=exposure)
