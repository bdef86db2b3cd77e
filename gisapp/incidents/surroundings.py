"""What lies around incidents, as far as it decides who must act: aprons, meter wells, how many are affected."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gisapp.counting import counted

PRESSURE = ("no_supply", "low_pressure")
"""Types whose reports are counted together: one area without water or without pressure."""


def apron_of(incidents: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, apron_m: float) -> npt.NDArray[np.object_]:
    """Return ``within`` or ``beyond`` for each incident, None without a position or without buildings to tell.

    Within is in a building or at most ``apron_m`` from its wall, the edge of the apron included.
    """
    points = incidents.geometry.to_numpy()
    found = np.full(len(points), None, dtype=object)
    known = ~shapely.is_missing(points)
    if not len(buildings):
        return found
    tree = shapely.STRtree(buildings.geometry.to_numpy())
    near = np.zeros(len(points), dtype=bool)
    near[tree.query(points, predicate="dwithin", distance=apron_m)[0]] = True
    found[known] = np.where(near[known], "within", "beyond")
    return found


def well_of(incidents: gpd.GeoDataFrame, wells: gpd.GeoDataFrame | None) -> npt.NDArray[np.object_]:
    """Return ``inside`` or ``outside`` for each incident, its edge inside; None where no wells are given."""
    points = incidents.geometry.to_numpy()
    found = np.full(len(points), None, dtype=object)
    if wells is None:
        return found
    inside = np.zeros(len(points), dtype=bool)
    inside[shapely.STRtree(wells.geometry.to_numpy()).query(points, predicate="covered_by")[0]] = True
    known = ~shapely.is_missing(points)
    found[known] = np.where(inside[known], "inside", "outside")
    return found


def affected(
    incidents: gpd.GeoDataFrame,
    customers: pd.DataFrame,
    buildings: gpd.GeoDataFrame,
    *,
    within_m: float,
    within_h: float,
    apron_m: float,
) -> pd.DataFrame:
    """Return how many customers and buildings report no water or low pressure with each such incident.

    Counted are the reports at most ``within_m`` and ``within_h`` away, and those merged with it: distinct accounts, and
    distinct buildings (栋) of the accounts; of a report without an account the building at its place. Drills, and what
    was withdrawn, count for nobody.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name, among them those that are counted.
    customers, buildings
        The tables of those names.

    Returns
    -------
    DataFrame
        On the index of ``incidents``: ``customers`` (1 for anything but no water and low pressure) and ``buildings``
        (0 where no building is known).
    """
    many = pd.DataFrame({"customers": 1, "buildings": 0}, index=incidents.index)
    reasons = counted(incidents)
    real = ~(reasons["drill"] | reasons["withdrawn"]).to_numpy()
    mine = np.flatnonzero(incidents["type"].isin(PRESSURE).to_numpy() & real)
    if not len(mine):
        return many
    some = incidents.iloc[mine]
    who = some["customer_code"].fillna(some["code"]).to_numpy(dtype=object)
    where = _buildings_of(some, customers, buildings, apron_m)
    groups = [np.union1d(near, same) for near, same in zip(_near(some, within_m, within_h), _merged(some), strict=True)]
    # A loop over the few that lie together: what is counted is distinct values, not rows.
    many.iloc[mine, 0] = [len(set(who[group])) for group in groups]
    many.iloc[mine, 1] = [len({code for code in where[group] if code is not None}) for group in groups]
    return many


def _near(some: gpd.GeoDataFrame, within_m: float, within_h: float) -> list[npt.NDArray[np.int64]]:
    """Return for each report those near it in place and time, itself included."""
    points = some.geometry.to_numpy()
    xy = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    hours = some["reported_at"].astype("datetime64[ms, UTC]").astype("int64").to_numpy() / 3_600_000
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    groups = [np.array([row]) for row in range(len(some))]
    if not len(known) or not (within_m > 0 and within_h > 0):
        return groups
    scaled = np.column_stack([xy[known] / within_m, hours[known] / within_h])
    found = cKDTree(scaled).query_ball_point(scaled, 1.0 + 1e-9, p=np.inf)
    for row, near in zip(known, found, strict=True):
        others = known[np.array(near)]
        apart = np.hypot(*(xy[others] - xy[row]).T)
        groups[row] = others[(apart <= within_m) & (np.abs(hours[others] - hours[row]) <= within_h)]
    return groups


def _merged(some: pd.DataFrame) -> list[npt.NDArray[np.int64]]:
    """Return for each report those merged with it."""
    main = some["duplicate_of"].fillna(some["code"]).to_numpy(dtype=object)
    group = pd.factorize(main)[0]
    order = np.argsort(group, kind="stable")
    rows = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    return [rows[place] for place in group]


def _buildings_of(
    some: gpd.GeoDataFrame, customers: pd.DataFrame, buildings: gpd.GeoDataFrame, apron_m: float
) -> npt.NDArray[np.object_]:
    """Return the building of each report: of its account, else the nearest at its place; None where none is known."""
    codes = customers.set_index("code")["building_code"].reindex(some["customer_code"]).to_numpy(dtype=object)
    found = codes.copy()
    found[pd.isna(codes)] = None
    unknown = pd.isna(codes) & ~shapely.is_missing(some.geometry.to_numpy())
    rows = np.flatnonzero(unknown)
    if len(rows) and len(buildings):
        tree = shapely.STRtree(buildings.geometry.to_numpy())
        which, near = tree.query_nearest(some.geometry.to_numpy()[rows], max_distance=apron_m, all_matches=False)
        found[rows[which]] = buildings["code"].to_numpy(dtype=object)[near]
    return found
