"""A map of density put together: what happened, what is exposed, and the unit in which one is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gisapp.density import (
    Binned,
    Surface,
    binned_surface,
    change_surface,
    household_exposure,
    per_year,
    pipe_exposure,
    rate_surface,
    surface,
)
from gisapp.density.binning import Bounds, Weights
from gisapp.density.exposure import Per

Measure = Literal["km2", "km", "households"]
_STEPS = 5  # points of a pipe in each bandwidth


@dataclass(frozen=True)
class Ground:
    """Where and how finely density is drawn.

    Attributes
    ----------
    bandwidth_m, bounds, crs, within
        As for :func:`gisapp.density.surface`.
    """

    bandwidth_m: float
    bounds: Bounds
    crs: pyproj.CRS
    within: shapely.Geometry | None

    def surface(self, xy: np.ndarray, weights: Weights | None = None) -> Surface:
        """Return points under the kernel."""
        way = {"bandwidth_m": self.bandwidth_m, "bounds": self.bounds}
        return surface(xy, weights=weights, crs=self.crs, within=self.within, **way)  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Happened:
    """The incidents of a period, spread over the cells of a ground, and its length in years."""

    counted: Binned
    years: float


def exposure_surface(ground: Ground, per: Per, *, links: gpd.GeoDataFrame, customers: gpd.GeoDataFrame) -> Surface:
    """Return what is exposed around every place, for :func:`density_map`; it stays while the tables and ground do.

    Parameters
    ----------
    per
        Kilometres of pipe, or thousands of households.
    links, customers
        The tables of those names; of the links those of the utility that is asked for.
    """
    made = pipe_exposure(links, ground.bandwidth_m / _STEPS) if per == "km" else household_exposure(customers)
    return ground.surface(*made)


def density_map(
    now: Happened,
    ground: Ground,
    *,
    per: Measure = "km2",
    exposure: Surface | None = None,
    earlier: Happened | None = None,
) -> Surface:
    """Return where incidents concentrate in the unit asked for, or how that has changed.

    Every screen and file draws this one.

    Parameters
    ----------
    now
        The incidents of the period.
    ground
        Where, with which bandwidth.
    per
        ``km2``: incidents per km2 in the period, of two that are compared per km2 and year; ``km``: of pipe and year;
        ``households``: 1,000 of them and year.
    exposure
        From :func:`exposure_surface` on the same ground, unless it is ``km2``.
    earlier
        A period to take away.

    Raises
    ------
    InputError
        When cells or bandwidths do not fit.
    """

    def told(happened: Happened) -> Surface:
        number = binned_surface(happened.counted, crs=ground.crs, within=ground.within)
        if per != "km2" and exposure is not None:
            return rate_surface(number, exposure, per=per, years=happened.years)
        return number if earlier is None else per_year(number, happened.years)

    return told(now) if earlier is None else change_surface(told(now), told(earlier))
