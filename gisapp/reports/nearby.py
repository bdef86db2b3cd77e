"""What lies near a site: lines of the other utilities, hydrants that still have water."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

NEAR_M = 20.0
"""A line of another utility nearer than this to the site is told to whoever digs."""
HYDRANTS_TOLD = 5
_HYDRANT_M = 1000.0


def parallel_lines(
    links: gpd.GeoDataFrame, utility: str, site: shapely.Geometry, *, near_m: float = NEAR_M
) -> pd.DataFrame:
    """Return the nearest line of every other utility within ``near_m`` of a site.

    Only what the store holds: a utility that is absent here may still lie in the ground.

    Parameters
    ----------
    links
        The table of that name, of all utilities.
    site
        Where the ground is opened: points, or whole links where the place along them is not known.

    Returns
    -------
    DataFrame
        ``utility``, ``code``, ``distance_m``, ``diameter_mm``, ``rating``, ``material``, and ``lines``: how
        many of that utility there are so near. Nearest first.
    """
    if site.is_empty or links.empty:
        rows = np.zeros(0, dtype=np.int64)
    else:
        rows = links.sindex.query(site, predicate="dwithin", distance=near_m)
    close = links.iloc[rows]
    close = close[close["utility"] != utility]
    table = pd.DataFrame(close[["utility", "code", "diameter_mm", "rating", "material"]])
    table["distance_m"] = shapely.distance(close.geometry.to_numpy(), site)
    table["lines"] = table.groupby("utility")["code"].transform("size")
    table = table.sort_values(["distance_m", "code"]).drop_duplicates("utility")
    columns = ["utility", "code", "distance_m", "diameter_mm", "rating", "material", "lines"]
    return table[columns].reset_index(drop=True)


def hydrants_nearby(hydrants: gpd.GeoDataFrame, out: pd.Series, site: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the nearest hydrants that keep their water, nearest first: code, distance_m (straight), geom.

    Parameters
    ----------
    hydrants
        Those of the utility.
    out
        Codes of hydrants without supply, for whatever reason.
    """
    left = hydrants[~hydrants["code"].isin(out)]
    metres = shapely.distance(left.geometry.to_numpy(), site) if not site.is_empty else np.full(len(left), np.nan)
    table = left[["code", "geom"]].assign(distance_m=metres)
    table = table[table["distance_m"] <= _HYDRANT_M]
    return table.sort_values(["distance_m", "code"]).head(HYDRANTS_TOLD).reset_index(drop=True)
