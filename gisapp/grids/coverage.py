"""The grids in force at a time, and what is wrong with a coverage."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gisapp.errors import InputError


def grids_at(grids: gpd.GeoDataFrame, moment: pd.Timestamp) -> gpd.GeoDataFrame:
    """Return the rows of the ``grids`` table in force at ``moment``: from ``valid_from`` until before ``valid_to``.

    Parameters
    ----------
    grids
        The ``grids`` table; an empty ``valid_to`` lasts.
    moment
        A time with its zone.

    Returns
    -------
    GeoDataFrame
        On a plain range, in the order of ``grids``.

    Raises
    ------
    InputError
        When ``moment`` has no zone.
    """
    if moment.tzinfo is None:
        raise InputError(f"the time {moment} has no zone", todo="give a time with its zone")
    in_force = (grids["valid_from"] <= moment) & ~(grids["valid_to"] <= moment)
    return grids[in_force].reset_index(drop=True)
