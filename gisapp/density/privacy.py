"""What may leave the house: no figure and no point that tells of fewer than a handful of customers.

Everything that is exported or shared passes one rule, :func:`withheld`, by the function for its kind: places,
surfaces, pieces of pipe, points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import spatial

from gisapp.density.hexagons import Hexagons
from gisapp.density.surface import Surface
from gisapp.errors import InputError

LEAST_CUSTOMERS = 5
# Hexagons to which points are moved: the first in which there are enough customers.
SIZES_M = (100.0, 200.0, 400.0, 800.0, 1600.0)


def withheld(customers: npt.ArrayLike, least: int = LEAST_CUSTOMERS) -> npt.NDArray[np.bool_]:
    """Return which figures stay in the house: those of fewer than ``least`` customers; of none, too.

    Parameters
    ----------
    customers
        How many customers each figure is about.
    least
        The smallest number about which something may be told; 0 lets everything out.

    Raises
    ------
    InputError
        When the least is no whole number from 0.

    Examples
    --------
    >>> withheld([0, 4, 5, 900]).tolist()
    [True, True, False, False]
    """
    if least != int(least) or least < 0:
        raise InputError(f"found {least} as the least number of customers", todo="give a whole number from 0")
    return np.asarray(customers, dtype=np.float64) < least


def shareable_places(table: pd.DataFrame, customers: pd.Series, least: int = LEAST_CUSTOMERS) -> pd.DataFrame:
    """Return a table of grids or hexagons in which those of too few customers have no figure.

    Parameters
    ----------
    table
        One row a place; all numbers and verdicts in it are figures.
    customers
        How many there are in each, on the same index.

    Returns
    -------
    DataFrame
        The figures are empty where they are withheld, and ``withheld`` says so.
    """
    if not table.index.equals(customers.index):
        raise InputError("customers of other places", todo="give their number on the index of the table")
    hidden = withheld(customers.to_numpy(dtype=np.float64, na_value=0.0), least)
    shared = table.assign(withheld=hidden)
    for name in table.select_dtypes(["number", "bool"]):
        whole = table[name].dtype.kind != "f"
        shared[name] = (table[name].convert_dtypes() if whole else table[name]).mask(hidden)
    return shared


def shareable_surface(surface: Surface, customers: Surface, least: int = LEAST_CUSTOMERS) -> Surface:
    """Return a surface that has no value where its kernel holds too few customers; such cells are marked thin.

    Parameters
    ----------
    customers
        Customers per km2 in the same cells and with the same bandwidth. Each counts by its nearness, 1 in the middle
        of the kernel.
    """
    if surface.values.shape != customers.values.shape or surface.bounds != customers.bounds:
        raise InputError("a surface of customers over other cells", todo="make it with the same bounds and cells")
    held = np.nan_to_num(customers.values, nan=0.0) * (2 * np.pi * customers.bandwidth_m**2 / 1e6)
    hidden = withheld(held, least)
    thin = (np.zeros(hidden.shape, dtype=bool) if surface.thin is None else surface.thin) | (
        hidden & ~np.isnan(surface.values)
    )
    values = np.where(hidden, np.float32(np.nan), surface.values)
    return replace(surface, values=values, thin=thin if thin.any() else None)


def shareable_pieces(
    middles: npt.NDArray[np.float64], customers: npt.NDArray[np.float64], reach_m: float, least: int = LEAST_CUSTOMERS
) -> npt.NDArray[np.bool_]:
    """Return which pieces of pipe may be told of: those with enough customers within ``reach_m`` of their middle.

    Parameters
    ----------
    middles, customers
        Coordinates in metres, shape (n, 2).
    reach_m
        How far the figure of a piece comes from: the bandwidth.
    """
    if len(customers) < least or not least:
        return ~withheld(np.full(len(middles), len(customers)), least)
    within = np.nextafter(reach_m, np.inf)  # the tree leaves out what lies at its bound
    farthest, _ = spatial.cKDTree(customers).query(middles, k=[least], distance_upper_bound=within)
    return np.isfinite(farthest[:, 0])


@dataclass(frozen=True)
class SharedPoints:
    """Points that may be shared.

    Attributes
    ----------
    table
        The rows that have one, each in the middle of a hexagon.
    moved_m
        The size of the hexagon of each row.
    left_out
        How many rows have too few customers even around them, or no position.
    """

    table: gpd.GeoDataFrame
    moved_m: npt.NDArray[np.float64]
    left_out: int


def shareable_points(
    incidents: gpd.GeoDataFrame, customers: gpd.GeoDataFrame, least: int = LEAST_CUSTOMERS
) -> SharedPoints:
    """Return incidents moved so far that none tells who called.

    Each goes to the middle of its hexagon of 100 m; where fewer than ``least`` customers are in that, of 200 m, and
    so on to 1,600 m. One with too few even in this is left out. With a least of 0 every incident stays where it is.

    Parameters
    ----------
    incidents, customers
        The tables of those names, in one CRS in metres.
    """
    placed = incidents[~(incidents.geometry.isna() | incidents.geometry.is_empty)]
    if not withheld([0], least)[0]:
        return SharedPoints(placed, np.zeros(len(placed)), len(incidents) - len(placed))
    xy = shapely.get_coordinates(placed.geometry.to_numpy())
    living = customers.geometry[~(customers.geometry.isna() | customers.geometry.is_empty)].to_numpy()
    homes = shapely.get_coordinates(living)
    size = np.full(len(xy), np.nan)
    moved = xy.copy()
    for width in SIZES_M:
        open_still = np.flatnonzero(np.isnan(size))
        if not len(open_still):
            break
        here = xy[open_still]
        hexagons = Hexagons.over((*here.min(axis=0), *here.max(axis=0)), width)
        number = hexagons.which(here)
        enough = ~withheld(hexagons.sums(homes)[number], least)
        size[open_still[enough]] = width
        moved[open_still[enough]] = hexagons.middles(number[enough])
    kept = ~np.isnan(size)
    table = placed[kept].set_geometry(gpd.points_from_xy(*moved[kept].T, crs=incidents.crs))
    return SharedPoints(table, size[kept], len(incidents) - int(kept.sum()))
