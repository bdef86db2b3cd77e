"""What is drawn: a surface, hexagons or grids as one picture, in colours that stay the same from period to period."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from dashboards.manager.found import Found, city_bounds
from dashboards.specs import layer_specs
from gisapp.density import (
    Surface,
    change_surface,
    household_exposure,
    painted,
    per_year,
    pipe_exposure,
    pixel_places,
    rate_surface,
    service_area,
    surface,
    web_surface,
)
from gisapp.density.privacy import withheld
from layers.density import change_limits, class_limits, density_raster, hot_shapes
from layers.layer import Layer

CHANGE_SHARE = 0.4
"""The outer classes of a change begin at this share of the highest rate of all days."""
DEVIATIONS = 0.75
HIGHEST = 99.0
"""Colours of places reach up to this percentile of all days: one tiny place does not make all others pale."""
_MEASURED = {"km": "km", "households": "households"}


def drawn(found: Found, made: Surface, limits: tuple[float, ...], spoken: str) -> list[dict[str, Any]]:
    """Return the layers of one period, or of its change: its picture, and the grids that are hot."""
    hot = hot_grids(found)

    def make(theme: str) -> list[Layer]:
        sheets: list[Layer] = [density_raster(made, limits=limits, language=spoken, theme=theme)]
        return [*sheets, hot_shapes(found.snapshot.grids(), hot, theme=theme)] if hot else sheets

    return layer_specs(make, language=spoken, frame=found.snapshot.frame)


def picture(found: Found) -> tuple[Surface, tuple[float, ...]]:
    """Return what is drawn, laid out for a web map, and the limits of its classes."""
    if found.asked.drawn == "surface":
        made = web_surface(density(found))
        return made, _surface_limits(found)
    return places(found), _place_limits(found)


def density(found: Found) -> Surface:
    """Return the surface that is asked for, in the project's CRS: of counts, of a rate, or of its change."""
    now = _rated(found, yearly=found.asked.changes)
    if not found.asked.changes or found.earlier is None:
        return now
    return change_surface(now, _rated(found.earlier, yearly=True))


def _rated(found: Found, *, yearly: bool) -> Surface:
    """Return the surface of one period."""
    way = _way(found)
    number = surface(found.cube.xy(found.choice), **way)
    per = _MEASURED.get(found.asked.measure)
    if per is None:
        return per_year(number, found.years) if yearly else number
    return rate_surface(number, _exposure(found, per, way), per=per, years=found.years)  # type: ignore[arg-type]


def _way(found: Found) -> dict[str, Any]:
    """Return bandwidth, extent and area of a surface."""
    snapshot = found.snapshot
    grids = snapshot.grids()
    area = snapshot.derived(
        ("service area", snapshot.grids_since()),
        ("grids", "landcover", "incidents"),
        lambda: service_area(grids, snapshot.store.table("landcover")) if len(grids) else None,
    )
    return {
        "bandwidth_m": float(found.asked.bandwidth),
        "bounds": city_bounds(snapshot),
        "crs": snapshot.store.crs,
        "within": area,
    }


def _exposure(found: Found, per: str, way: dict[str, Any]) -> Surface:
    """Return what is exposed around every place, kept while the tables stay."""
    snapshot, wanted = found.snapshot, tuple(sorted(filter(None, found.asked.utilities)))

    def make() -> Surface:
        if per == "households":
            points, weights = household_exposure(snapshot.store.table("customers"))
        else:
            links = snapshot.store.table("links")
            mine = links[links["utility"].isin(wanted)] if wanted else links
            points, weights = pipe_exposure(mine, way["bandwidth_m"] / 5)
        return surface(points, weights=weights, **way)

    key = ("exposure", per, wanted if per == "km" else (), way["bandwidth_m"], snapshot.grids_since())
    return snapshot.derived(key, ("links", "customers", "grids", "landcover"), make)


def _surface_limits(found: Found) -> tuple[float, ...]:
    """Return the limits of the classes: from all days of the filter, so that periods of one length compare.

    A count grows with the period, a rate does not.
    """
    asked, cube = found.asked, found.cube
    key = ("peak", found.whole, asked.bandwidth, asked.measure, found.snapshot.grids_since())
    everything = Found(asked, found.snapshot, cube.first_day, cube.last_day)
    yearly = asked.changes
    peak = found.snapshot.derived(
        (*key, yearly), ("incidents", "grids"), lambda: web_surface(_rated(everything, yearly=yearly)).peak
    )
    if yearly:
        return change_limits(peak * CHANGE_SHARE)
    counts = asked.measure not in _MEASURED
    return class_limits(peak * ((found.end - found.start).days + 1) / cube.days if counts else peak)


def places(found: Found, *, shared: bool = False) -> Surface:
    """Return grids or hexagons painted by their figure; ``shared`` leaves out those of too few customers."""
    figure = place_figure(found)
    if found.asked.changes and found.earlier is not None:
        figure = figure - place_figure(found.earlier)
    if shared:
        figure = np.where(withheld(_place_table(found)["customers"].fillna(0)), np.nan, figure)
    unit = unit_of(found)
    return painted(_pixels(found), figure, unit=unit, points=found.count)


def unit_of(found: Found) -> str:
    """Return the unit of the figure of places."""
    if found.asked.changes and found.column != "deviation":
        return f"change_{found.column}"
    return found.column


def place_figure(found: Found) -> np.ndarray:
    """Return the figure of every place by its number."""
    table = _place_table(found)
    figure = table[found.column].to_numpy(dtype=np.float64)
    empty = (table["count"] == 0) & (table["pipe_km"] == 0) & (table["households"] == 0)
    return np.where(empty.to_numpy(), 0.0, figure)  # nothing there at all: no stripes over fields


def _place_table(found: Found) -> pd.DataFrame:
    """Return the figures of grids or hexagons in the order of their numbers."""
    if found.asked.drawn == "grids":
        return found.by_grid.reindex(found.snapshot.grids()["code"])
    return found.by_hexagon


def _pixels(found: Found) -> Surface:
    """Return which place each pixel lies in, kept while the grids stay."""
    snapshot = found.snapshot
    bounds, crs = city_bounds(snapshot), snapshot.store.crs
    if found.asked.drawn == "grids":
        index = snapshot.grid_index()
        return snapshot.derived(
            ("grid pixels", snapshot.grids_since()),
            ("grids", "incidents"),
            lambda: pixel_places(index.locate, bounds=bounds, crs=crs),
        )
    hexagons, margin = found.hexagons, float(found.asked.size)
    wide = (bounds[0] - margin, bounds[1] - margin, bounds[2] + margin, bounds[3] + margin)
    return snapshot.derived(
        ("hexagon pixels", found.asked.size, snapshot.grids_since()),
        ("grids", "incidents"),
        lambda: pixel_places(hexagons.which, bounds=wide, crs=crs),
    )


def _place_limits(found: Found) -> tuple[float, ...]:
    """Return the limits of the classes of places, from all days of the filter."""
    if found.column == "deviation":
        return change_limits(DEVIATIONS)
    cube = found.cube
    everything = Found(found.asked, found.snapshot, cube.first_day, cube.last_day)
    shown = (found.asked.drawn, found.asked.size, found.column, found.snapshot.grids_since())
    key = ("place peak", found.whole, *shown)

    def make() -> float:
        told = place_figure(everything)
        told = told[np.isfinite(told) & (told > 0)]
        return float(np.percentile(told, HIGHEST)) if len(told) else 0.0

    peak = found.snapshot.derived(key, ("incidents", "grids"), make)
    if found.column == "count":
        peak *= ((found.end - found.start).days + 1) / cube.days
    return change_limits(peak * CHANGE_SHARE) if found.asked.changes else class_limits(peak)


def hot_grids(found: Found) -> dict[str, str]:
    """Return the grids that are hot beyond chance, each with its trend, empty where none can be told."""
    table = found.by_grid
    if table.empty:
        return {}
    hot = table[table["hot"].astype(bool)]
    return dict(zip(hot.index, hot["trend"].fillna("").astype(str), strict=True))
