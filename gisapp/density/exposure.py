"""Rates on a map: incidents against what can fail or complain there, and how a rate has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from gisapp.density.surface import Surface
from gisapp.errors import InputError

Per = Literal["km", "households"]
# What the kernel must hold at least, each metre or household weighed by its nearness, 1 in the middle.
LEAST: dict[Per, float] = {"km": 0.2, "households": 50.0}
RATES: dict[Per, str] = {"km": "per_km_year", "households": "per_1000_households_year"}
_LINES = ("pipe", "cable")
_Points = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def pipe_exposure(links: gpd.GeoDataFrame, step_m: float) -> _Points:
    """Return points along all pipes and cables and the kilometres that each stands for.

    Parameters
    ----------
    links
        Rows in the shape of the table of that name.
    step_m
        How far apart the points are at most; with a fifth of a bandwidth a surface of them is exact to 0.1 %.

    Returns
    -------
    points, km
        Shape (n, 2), and (n,), which adds up to the kilometres of the lines on the map.
    """
    if not step_m > 0:
        raise InputError(f"found a step of {step_m} m", todo="give more than 0")
    lines = links.geometry[links["kind"].isin(_LINES)].to_numpy()
    corners, owner = shapely.get_coordinates(lines, return_index=True)
    straight = np.flatnonzero(np.diff(owner) == 0)
    begin, end = corners[straight], corners[straight + 1]
    length = np.hypot(*(end - begin).T)
    number = np.maximum(np.ceil(length / step_m), 1).astype(np.int64)
    piece = np.repeat(np.arange(len(straight)), number)
    first = np.cumsum(number) - number
    share = (np.arange(len(piece)) - first[piece] + 0.5) / number[piece]
    return begin[piece] + share[:, None] * (end - begin)[piece], (length / number)[piece] / 1000


def household_exposure(customers: gpd.GeoDataFrame) -> _Points:
    """Return where customers are and their thousands of households; those without a position are left out."""
    placed = customers[~(customers.geometry.isna() | customers.geometry.is_empty)]
    households = placed["households"].to_numpy(dtype=np.float64, na_value=0.0)
    return shapely.get_coordinates(placed.geometry.to_numpy()), households / 1000


def per_year(counted: Surface, years: float) -> Surface:
    """Return a surface of counts as one of counts per year, so that periods of unequal length compare."""
    if counted.unit != "per_km2":
        raise InputError(f"found a surface {counted.unit}", todo="give one of counts, per_km2")
    return replace(counted, values=counted.values / np.float32(_years(years)), unit="per_km2_year")


def rate_surface(number: Surface, exposure: Surface, *, per: Per, years: float, least: float | None = None) -> Surface:
    """Return incidents per kilometre of pipe or per 1,000 households, and year.

    It is the ratio of two surfaces with one kernel: what happened around a place over what is exposed around it.

    Parameters
    ----------
    number
        Incidents per km2.
    exposure
        Of the points of :func:`pipe_exposure` or :func:`household_exposure` with their weights, in the same cells
        and with the same bandwidth; both with the same area, or both without.
    per
        What is exposed.
    years
        Length of the period.
    least
        Kilometres of pipe, or households, that the kernel must hold, each weighed by its nearness; by default
        0.2 km or 50 households. Where it holds less, one incident would paint the map: the cell has no value
        and is marked in ``thin``.

    Raises
    ------
    InputError
        When the surfaces do not fit, the period has no length, or the least is below 0 or no number.
    """
    _same_cells(number, exposure)
    limit = LEAST[per] if least is None else least
    if not (np.isfinite(limit) and limit >= 0):
        raise InputError(f"found {limit} as the least exposure", todo="give 0 or more")
    unit = 1.0 if per == "km" else 1000.0
    held = exposure.values * (2 * np.pi * exposure.bandwidth_m**2 / 1e6 * unit)
    inside = ~np.isnan(number.values)
    told = inside & (held >= limit) & (held > 0)
    values = np.full(number.values.shape, np.nan, dtype=np.float32)
    np.divide(number.values, exposure.values, out=values, where=told)
    values /= np.float32(_years(years))
    thin = (inside & ~told) | _thin(number) | _thin(exposure)
    return replace(number, values=values, unit=RATES[per], thin=thin if thin.any() else None)


def change_surface(later: Surface, earlier: Surface) -> Surface:
    """Return by how much a rate per year has grown from one period to another; below 0 where it has fallen.

    Parameters
    ----------
    later, earlier
        Surfaces per year (:func:`per_year`, :func:`rate_surface`) in the same unit and cells and with one
        bandwidth. Where one of them has no value, neither has the change.

    Raises
    ------
    InputError
        When they are not per year, or do not fit.
    """
    if later.unit != earlier.unit or not (later.unit.startswith("per_") and later.unit.endswith("_year")):
        raise InputError(f"found {later.unit} and {earlier.unit}", todo="give two surfaces per year in one unit")
    _same_cells(later, earlier)
    thin = _thin(later) | _thin(earlier)
    points = later.points + earlier.points
    values = later.values - earlier.values
    return replace(later, values=values, points=points, unit=f"change_{later.unit}", thin=thin if thin.any() else None)


def _same_cells(one: Surface, other: Surface) -> None:
    """Refuse two surfaces that do not lie cell on cell under one kernel."""
    same = one.values.shape == other.values.shape and one.bounds == other.bounds
    if not (same and one.bandwidth_m == other.bandwidth_m):
        found = f"surfaces over {one.bounds} and {other.bounds} with {one.bandwidth_m:g} and {other.bandwidth_m:g} m"
        raise InputError(found, todo="make both with the same bounds, cells and bandwidth")


def _thin(one: Surface) -> npt.NDArray[np.bool_]:
    """Return where a surface is marked."""
    return np.zeros(one.values.shape, dtype=bool) if one.thin is None else one.thin


def _years(years: float) -> float:
    """Return the length of a period, checked."""
    if not (np.isfinite(years) and years > 0):
        raise InputError(f"found a period of {years} years", todo="give one with at least a day")
    return years
