"""Where incidents and grids meet: which grid each incident belongs to, by the grids of its own time."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.grids import assign, grids_at


def placed_incidents(incidents: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, *, grid_rev: int) -> gpd.GeoDataFrame:
    """Return the incidents with the grid in which each lies; one that has a grid, or no position, stays as it is.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name.
    grids
        All grids, past ones too, in the same CRS; those in force when an incident was reported decide.
    grid_rev
        Revision of the grids, kept with every incident that they placed.

    Notes
    -----
    The tie on a shared border, and points outside, are those of :func:`gisapp.grids.assign`. One search for every
    span of time in which the grids did not change.
    """
    codes = incidents["grid_code"].astype(object).to_numpy(copy=True)
    wanted = np.flatnonzero(incidents["grid_code"].isna() & incidents.geometry.notna())
    for start, rows in eras(incidents["reported_at"].iloc[wanted], grids):
        found = assign(incidents.geometry.iloc[wanted[rows]], grids_at(grids, start))["grid"]
        codes[wanted[rows]] = found.to_numpy()
    placed = incidents.copy()
    placed["grid_code"] = pd.Series(codes, index=incidents.index, dtype="str")
    changed = placed["grid_code"].notna() & incidents["grid_code"].isna()
    placed.loc[changed, "grid_rev"] = grid_rev
    return placed


def eras(reported: pd.Series, grids: gpd.GeoDataFrame) -> list[tuple[pd.Timestamp, np.ndarray]]:
    """Return each span without a change of grids as a moment in it and the rows reported then."""
    changes = np.unique(_milliseconds(pd.concat([grids["valid_from"], grids["valid_to"].dropna()])))
    era = np.searchsorted(changes, _milliseconds(reported), side="right")
    members = (np.flatnonzero(era == number) for number in np.unique(era))
    return [(reported.iloc[rows[0]], rows) for rows in members]


def _milliseconds(moments: pd.Series) -> np.ndarray:
    """Return moments as whole milliseconds since 1970."""
    return moments.astype("datetime64[ms, UTC]").astype("int64").to_numpy()
