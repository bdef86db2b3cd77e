"""How many incidents each grid had on each day, of parts: partial counts that add up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.errors import InputError
from gisapp.grids import rows_at
from gisapp.partitions.files import Part, columns_of, point_xy_of
from gisapp.partitions.places import Places, known_grids
from gisapp.partitions.run import Cluster, Progress
from gisapp.reports.concentration import GridCounts, chosen_days

COLUMNS = ("type", "utility", "status", "duplicate_of", "drill", "reported_at", "grid_code")
_MOST = 100_000_000  # grids times days, 4 bytes each in every worker


@dataclass(frozen=True)
class Choice:
    """Which incidents are asked for: the arguments of :func:`gisapp.reports.concentration.grid_counts`, as they travel.

    Attributes
    ----------
    zone
        Its midnights divide the days.
    start, end
        First and last day of reports, both included.
    types
        Names of incident types; None takes all.
    utility
        Only incidents of this one; None takes all.
    """

    zone: ZoneInfo
    start: date
    end: date
    types: tuple[str, ...] | None = None
    utility: str | None = None

    @property
    def days(self) -> int:
        """Length of the period."""
        return (self.end - self.start).days + 1


def grid_counts_of(
    parts: Sequence[Part],
    grids: gpd.GeoDataFrame,
    choice: Choice,
    *,
    cluster: Cluster | None = None,
    progress: Progress | None = None,
) -> GridCounts:
    """Return what :func:`gisapp.reports.concentration.grid_counts` does, of any number of incidents.

    Parameters
    ----------
    parts
        From :func:`gisapp.partitions.parts_of` with the columns ``COLUMNS``.
    grids
        The ``grids`` table of one plan.
    choice
        Which incidents.
    cluster
        Who works; this process when absent.
    progress
        Told the rows that are done, and all of them.

    Raises
    ------
    InputError
        As there, and when grids times days are more than 100 million.

    Notes
    -----
    A part is read, placed and counted in arrays, without a geometry object, and forgotten. Each worker holds one
    part, the index of the grids and 4 bytes a grid and day: under 750 MB for a million rows a part and 5,000 grids
    over three years.
    """
    cells = (len(grids) + 1) * max(choice.days, 0)
    if cells > _MOST:
        raise InputError(f"{len(grids):,} grids on {choice.days:,} days", todo="choose a shorter period")
    total = np.zeros(max(cells, 0), dtype=np.int64)
    for at, number in (cluster or Cluster()).each(_counted, parts, (Places.of(grids), choice), progress=progress):
        total[at] += number
    at = np.flatnonzero(total)
    row, day = np.divmod(at, max(choice.days, 1))
    inside = row < len(grids)
    days = np.datetime64(choice.start) + day[inside]
    codes = pd.Index(grids["code"], name="code")
    return GridCounts(
        codes, row[inside], days, total[at[inside]], choice.start, choice.end, int(total[at[~inside]].sum())
    )


def _counted(
    batch: Sequence[Part], asked: tuple[Places, Choice]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return where a batch has incidents, numbered grid by grid and day by day, and how many."""
    places, choice = asked
    total = np.zeros((len(places.codes) + 1) * choice.days, dtype=np.int32)
    for part in batch:
        at = _cells(part, places, choice)
        np.add(total, np.bincount(at, minlength=len(total)), out=total, casting="unsafe")
    there = np.flatnonzero(total)
    return there, total[there]


def _cells(part: Part, places: Places, choice: Choice) -> npt.NDArray[np.int64]:
    """Return the number of grid and day for each incident of a part that is asked for."""
    table = columns_of(part, (*COLUMNS, part.geometry))
    said = table.drop_columns([part.geometry]).to_pandas()
    chosen, day = chosen_days(
        said, choice.zone, start=choice.start, end=choice.end, types=choice.types, utility=choice.utility
    )
    grids, index = known_grids(places)
    xy = point_xy_of(table[part.geometry])[chosen]
    row = rows_at(xy, said["grid_code"][chosen], pd.Index(grids["code"]), index)
    return row * choice.days + (day[chosen] - np.datetime64(choice.start)).astype(np.int64)
