"""Which pipes and places a builder answers for, and until when (质保期)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.times import local_days


def in_warranty(
    incidents: pd.DataFrame, day: npt.NDArray[np.datetime64], warranty: pd.DataFrame | None
) -> pd.arrays.BooleanArray:
    """Return whether each incident's pipe was in warranty on a day, the last one included; missing where no table says.

    Parameters
    ----------
    incidents
        Rows with ``utility`` and ``link_code``.
    day
        A day for each.
    warranty
        ``utility``, ``link_code`` and ``warranty_until`` (a day); a pipe may stand in several rows.
    """
    if warranty is None:
        return pd.array([None] * len(incidents), dtype="boolean")
    until = warranty.groupby(["utility", "link_code"])["warranty_until"].max()
    mine = pd.MultiIndex.from_frame(incidents[["utility", "link_code"]])
    last = pd.to_datetime(until).reindex(mine).to_numpy().astype("datetime64[D]")
    return pd.array(last >= day, dtype="boolean")


def in_warranty_area(
    incidents: gpd.GeoDataFrame, day: npt.NDArray[np.datetime64], areas: gpd.GeoDataFrame | None, zone: ZoneInfo
) -> pd.arrays.BooleanArray:
    """Return whether each incident lay in an area in warranty on a day, edge and last day included (Art. 15(4), 27).

    Parameters
    ----------
    incidents
        Rows with ``utility`` and a position.
    day
        A day for each.
    areas
        The table ``warranties``; one without a utility is of every utility.
    zone
        The utility's zone, in which ``warranty_until`` has its day.

    Returns
    -------
    BooleanArray
        Missing for what has no position, and for all where there are no areas.
    """
    points = incidents.geometry.to_numpy()
    if areas is None or not len(areas):
        return pd.array([None] * len(points), dtype="boolean")
    until = local_days(areas["warranty_until"], zone)
    row, area = shapely.STRtree(areas.geometry.to_numpy()).query(points, predicate="covered_by")
    own, theirs = incidents["utility"].to_numpy(dtype=object), areas["utility"].to_numpy(dtype=object)
    holds = (until[area] >= day[row]) & (pd.isna(theirs[area]) | (own[row] == theirs[area]))
    found = np.zeros(len(points), dtype=bool)
    found[row[holds]] = True
    return pd.arrays.BooleanArray(found, shapely.is_missing(points))
