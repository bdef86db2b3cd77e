"""Figures of grids and hexagons: counts, rates, and how far each is from what its exposure lets expect."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.density.exposure import LEAST, Per, household_exposure, pipe_exposure
from gisapp.density.hexagons import Hexagons
from gisapp.density.rates import SMALL
from gisapp.errors import InputError


def place_figures(
    counts: pd.Series, *, pipe_km: pd.Series, households: pd.Series, years: float, by: Per = "km"
) -> pd.DataFrame:
    """Return what is told of places: incidents, rates, and the deviation from what is expected.

    Parameters
    ----------
    counts
        Incidents of each place.
    pipe_km, households
        What is exposed there, on the same index; none of it, or no number, is 0.
    years
        Length of the period.
    by
        By which of the two incidents are expected: each place has its share of all of them.

    Returns
    -------
    DataFrame
        On the index of ``counts``:

        - ``count``, ``pipe_km``, ``households``
        - ``per_km_year``, ``per_1000_households_year``: empty where there are less than 0.2 km of pipe, or fewer
          than 50 households, since one incident would make a rate of any height
        - ``expected``: incidents at the rate of all places together; empty without exposure
        - ``deviation``: how far the count is from that, as a share of it: 1 is twice as many as expected
        - ``small``: fewer than 5 are expected, so that the deviation tells little

    Raises
    ------
    InputError
        When counts and exposure are of different places, or the period has no length.

    Examples
    --------
    >>> found = place_figures(pd.Series([30, 10, 1]), pipe_km=pd.Series([10.0, 10.0, 0.1]),
    ...     households=pd.Series([500, 20, 0]), years=2.0)
    >>> found[["per_km_year", "per_1000_households_year", "expected", "deviation"]].round(2)
       per_km_year  per_1000_households_year  expected  deviation
    0          1.5                      30.0      20.4       0.47
    1          0.5                       NaN      20.4      -0.51
    2          NaN                       NaN       0.2       3.90
    """
    if not (counts.index.equals(pipe_km.index) and counts.index.equals(households.index)):
        raise InputError("counts and exposure of different places", todo="give them on one index")
    if not (np.isfinite(years) and years > 0):
        raise InputError(f"found a period of {years} years", todo="give one with at least a day")
    number = counts.to_numpy(dtype=np.float64)
    km, homes = (_units(one) for one in (pipe_km, households))
    exposed = km if by == "km" else homes
    judged = exposed > 0
    rate = number[judged].sum() / exposed[judged].sum() if judged.any() else 0.0
    expected = np.where(judged, exposed * rate, np.nan)
    table = {
        "count": counts.to_numpy(),
        "pipe_km": km,
        "households": homes,
        "per_km_year": _over(number, km * years, km >= LEAST["km"]),
        "per_1000_households_year": _over(1000 * number, homes * years, homes >= LEAST["households"]),
        "expected": expected,
        "deviation": _over(number, expected, expected > 0) - 1,
        "small": ~(expected >= SMALL),
    }
    return pd.DataFrame(table, index=counts.index)


def hexagon_figures(
    hexagons: Hexagons,
    counts: npt.NDArray[np.float64],
    *,
    links: gpd.GeoDataFrame,
    customers: gpd.GeoDataFrame,
    years: float,
    by: Per = "km",
) -> gpd.GeoDataFrame:
    """Return the hexagons in which there is anything, with the figures of :func:`place_figures`.

    Parameters
    ----------
    counts
        Incidents of each hexagon of the window: :meth:`Hexagons.sums`, of all or added up over parts.
    links, customers
        The tables of those names, of the utility or of all, in one CRS.
    years, by
        As for :func:`place_figures`.

    Returns
    -------
    GeoDataFrame
        ``code``, the figures, ``customers`` and the hexagon in ``geom``. Pipes are divided among hexagons in pieces
        of at most 10 m, so that a border may be wrong by 5 m of each pipe that crosses it.
    """
    number = counts.astype(np.int64)
    exposed = hexagon_exposure(hexagons, links, customers)
    some = np.flatnonzero((number > 0) | (exposed > 0).any(axis=1).to_numpy())
    exposed = exposed.iloc[some]
    codes = hexagons.codes(some)
    figures = place_figures(
        pd.Series(number[some], codes),
        pipe_km=exposed["pipe_km"].set_axis(codes),
        households=exposed["households"].set_axis(codes),
        years=years,
        by=by,
    )
    shapes = hexagons.polygons(some, links.crs)
    table = figures.assign(customers=exposed["customers"].to_numpy()).reset_index(names="code")
    return gpd.GeoDataFrame(table.assign(geom=shapes.to_numpy()), geometry="geom", crs=links.crs)


def hexagon_exposure(hexagons: Hexagons, links: gpd.GeoDataFrame, customers: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return what can fail or complain in each hexagon of a window, by its number.

    ``pipe_km``, ``households`` and ``customers``; pipes in pieces as :func:`hexagon_figures` tells. It stays the same
    while the tables do, and :func:`place_figures` takes it.
    """
    points, km = pipe_exposure(links, min(10.0, hexagons.size_m / 20))
    homes, thousands = household_exposure(customers)
    columns = {
        "pipe_km": hexagons.sums(points, km),
        "households": (1000 * hexagons.sums(homes, thousands)).round(),
        "customers": hexagons.sums(homes).astype(np.int64),
    }
    return pd.DataFrame(columns)


def _units(exposure: pd.Series) -> npt.NDArray[np.float64]:
    """Return exposures as numbers, absent ones as 0."""
    return np.nan_to_num(exposure.to_numpy(dtype=np.float64, na_value=np.nan), nan=0.0)


def _over(
    above: npt.NDArray[np.float64], below: npt.NDArray[np.float64], told: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return a ratio where it is told, NaN elsewhere."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=told)
