"""What is drawn: a surface, hexagons or grids as one picture, in colours that stay the same from period to period."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from dashboards.manager.along import ALONG_PIPES, pipes_picture
from dashboards.manager.found import Found, city_bounds
from dashboards.specs import layer_specs
from gisapp.density import Surface, painted, pixel_places, service_area, web_surface
from gisapp.density.privacy import withheld
from gisapp.reports.density import Ground, Happened, Measure, density_map, exposure_surface
from layers.density import change_limits, class_limits, density_raster, hot_shapes
from layers.layer import Layer

CHANGED = 99.0
"""The outer classes of a change begin where this percentile of all places has changed from the first to the second half
of all days of the filter; of shorter periods further out by the root of their length, as chance is."""
DEVIATIONS = 0.75
HIGHEST = 99.0
"""Colours of places reach up to this percentile of all days: one tiny place does not make all others pale."""
_MEASURED: dict[str, Measure] = {"km": "km", "households": "households"}


def drawn(found: Found, made: tuple[Surface, tuple[float, ...]] | None, spoken: str) -> list[dict[str, Any]]:
    """Return the layers of one period, or of its change: its picture, and the grids that are hot."""
    hot = hot_grids(found)

    def make(theme: str) -> list[Layer]:
        sheets: list[Layer] = []
        if made is not None:
            sheets.append(density_raster(made[0], limits=made[1], language=spoken, theme=theme))
        return [*sheets, hot_shapes(found.snapshot.grids(), hot, theme=theme)] if hot else sheets

    return layer_specs(make, language=spoken, frame=found.snapshot.frame)


def picture(found: Found) -> tuple[Surface, tuple[float, ...]] | None:
    """Return what is drawn, laid out for a web map, and the limits of its classes; None while it is made."""
    if found.asked.drawn == "pipes":
        found.snapshot.want(ALONG_PIPES)
        return pipes_picture(found)
    if found.asked.drawn == "surface":
        made = web_surface(density(found))
        return made, _surface_limits(found)
    return places(found), _place_limits(found)


def density(found: Found) -> Surface:
    """Return the surface that is asked for, in the project's CRS: of counts, of a rate, or of its change."""
    ground = ground_of(found)
    earlier = found.earlier if found.asked.changes else None
    return density_map(
        _happened(found, ground),
        ground,
        per=_per(found),
        exposure=_exposure(found, ground),
        earlier=None if earlier is None else _happened(earlier, ground),
    )


def ground_of(found: Found) -> Ground:
    """Return bandwidth, extent and area of a surface."""
    snapshot = found.snapshot
    grids = snapshot.grids()
    area = snapshot.derived(
        ("service area", snapshot.grids_since()),
        ("grids", "landcover", "incidents"),
        lambda: service_area(grids, snapshot.store.table("landcover")) if len(grids) else None,
    )
    return Ground(float(found.asked.bandwidth), city_bounds(snapshot), snapshot.store.crs, area)


def _happened(found: Found, ground: Ground) -> Happened:
    """Return the incidents of one period, ready to be drawn."""
    counted = found.cube.binned(found.choice, bandwidth_m=ground.bandwidth_m, bounds=ground.bounds)
    return Happened(counted, found.years)


def _per(found: Found) -> Measure:
    return _MEASURED.get(found.asked.measure, "km2")


def _exposure(found: Found, ground: Ground) -> Surface | None:
    """Return what is exposed around every place, kept while the tables stay; None where it is not asked for."""
    snapshot, per, wanted = found.snapshot, _per(found), tuple(sorted(filter(None, found.asked.utilities)))
    if per == "km2":
        return None

    def make() -> Surface:
        links = snapshot.store.table("links")
        mine = links[links["utility"].isin(wanted)] if wanted else links
        return exposure_surface(ground, per, links=mine, customers=snapshot.store.table("customers"))

    key = ("exposure", per, wanted if per == "km" else (), ground.bandwidth_m, snapshot.grids_since())
    return snapshot.derived(key, ("links", "customers", "grids", "landcover"), make)


def _surface_limits(found: Found) -> tuple[float, ...]:
    """Return the limits of the classes: from all days of the filter, so that periods of one length compare.

    A count grows with the period, a rate does not.
    """
    asked = found.asked
    key = (found.whole, asked.bandwidth, asked.measure, asked.changes, found.snapshot.grids_since())
    tables = ("incidents", "grids", "links", "customers", "landcover")
    if asked.changes:
        usual = found.snapshot.derived(("change", *key), tables, lambda: _usual(density(_halves(found)).values))
        return change_limits(usual * _chance(found))
    peak = found.snapshot.derived(("peak", *key), tables, lambda: web_surface(density(_everything(found))).peak)
    return class_limits(peak if asked.measure in _MEASURED else peak * _days(found) / found.cube.days)


def _days(found: Found) -> int:
    return (found.end - found.start).days + 1


def _everything(found: Found) -> Found:
    """Return the filter on all days, compared with nothing."""
    cube = found.cube
    return Found(replace(found.asked, compared=""), found.snapshot, cube.first_day, cube.last_day)


def _halves(found: Found) -> Found:
    """Return the second half of all days compared with the first."""
    cube = found.cube
    start = cube.last_day - timedelta(days=max(cube.days // 2, 1) - 1)
    return Found(replace(found.asked, compared="before-change"), found.snapshot, start, cube.last_day)


def _usual(change: np.ndarray) -> float:
    """Return the change that few places exceed."""
    told = np.abs(change[np.isfinite(change)])
    return float(np.percentile(told, CHANGED)) if len(told) else 0.0


def _chance(found: Found) -> float:
    """Return how much larger than between the halves of all days a rate's changes are by chance in so few days."""
    return float((found.cube.days / 2 / _days(found)) ** 0.5)


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
    """Return the figure of every place by its number; a deviation of few expected may be chance and has none here."""
    table = _place_table(found)
    figure = table[found.column].to_numpy(dtype=np.float64)
    if found.column == "deviation":
        figure = np.where(table["small"].to_numpy(dtype=bool), np.nan, figure)
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
    shown = (found.asked.drawn, found.asked.size, found.column, found.asked.changes, found.snapshot.grids_since())
    tables = ("incidents", "grids", "links", "customers")

    def change() -> float:
        halves = _halves(found)
        earlier = halves.earlier
        return 0.0 if earlier is None else _usual(place_figure(halves) - place_figure(earlier))

    def peak() -> float:
        told = place_figure(_everything(found))
        told = told[np.isfinite(told) & (told > 0)]
        return float(np.percentile(told, HIGHEST)) if len(told) else 0.0

    if found.asked.changes:
        usual = found.snapshot.derived(("place change", found.whole, *shown), tables, change)
        return change_limits(usual / _chance(found) if found.column == "count" else usual * _chance(found))
    highest = found.snapshot.derived(("place peak", found.whole, *shown), tables, peak)
    return class_limits(highest * _days(found) / found.cube.days if found.column == "count" else highest)


def hot_grids(found: Found) -> dict[str, str]:
    """Return the grids that are hot beyond chance, each with its trend, empty where none can be told."""
    table = found.by_grid
    if table.empty:
        return {}
    hot = table[table["hot"].astype(bool)]
    return dict(zip(hot.index, hot["trend"].fillna("").astype(str), strict=True))
