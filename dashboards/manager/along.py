"""Density along the pipes as a picture: every pixel has the highest figure of the pipes that run through it."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from dashboards.manager.found import Found, city_bounds
from dashboards.snapshot import Snapshot
from gisapp.density import PipeGraph, Surface, network_density, on_pipes, pipe_graph
from gisapp.density.web import on_pixels
from layers.density import change_limits, class_limits

HIGHEST = 99.0
"""Colours reach up to this percentile of the pieces where anything happened, on all days."""
LEAST_PIECE_M = 25.0
MOST_PX = 640
"""On the longer side: speckled as it is, a larger picture would send more than 100 KB."""
_SAMPLE_PX = 0.4  # so that no pixel is left out on the way
_TABLES = ("links", "incidents")


@dataclass(frozen=True, eq=False)
class Pipes:
    """The pipes, which of their ends meet, and where on them each incident is, by its row."""

    links: gpd.GeoDataFrame
    graph: PipeGraph
    at: pd.DataFrame


def pipes_picture(found: Found) -> tuple[Surface, tuple[float, ...]] | None:
    """Return what is drawn and the limits of its classes; None while it is made, which takes seconds in a city."""
    cube = found.cube
    whole = Found(found.asked, found.snapshot, cube.first_day, cube.last_day)
    asked = [whole, found, *([found.earlier] if found.asked.changes and found.earlier else [])]
    made = [_rates_soon(one) for one in asked]
    if any(one is None for one in made):
        return None
    every, now, *before = (one for one in made if one is not None)
    figure = now - before[0] if before else now
    unit = "change_per_km_year" if before else "per_km_year"
    usual = every[every > 0]
    highest = float(np.percentile(usual, HIGHEST)) if len(usual) else 0.0
    limits = change_limits(highest / 2) if before else class_limits(highest)
    return _painted(found, figure, unit), limits


def pipes_of(snapshot: Snapshot) -> Pipes:
    """Return the pipes with their incidents, kept while the tables stay."""

    def make() -> Pipes:
        links = snapshot.store.table("links").reset_index(drop=True)
        incidents = snapshot.store.table("incidents").reset_index(drop=True)
        return Pipes(links, pipe_graph(links), on_pipes(incidents, links))

    return snapshot.derived("pipes", _TABLES, make)


def rates(found: Found) -> npt.NDArray[np.float64]:
    """Return incidents per km and year of each piece of pipe, in their order; nothing where the pipes are too short."""
    pipes = pipes_of(found.snapshot)
    width = float(found.asked.bandwidth)
    if pipes.graph.length_m.sum() < width:
        return np.empty(0)
    rows = found.cube.select(found.choice, unlocated=not found.asked.bounds)
    mine = pipes.at[pipes.at.index.isin(rows)]
    pieces = network_density(pipes.graph, mine, bandwidth_m=width, piece_m=_piece_m(width))
    return pieces["density"].to_numpy() / found.years


def _rates_soon(found: Found) -> npt.NDArray[np.float64] | None:
    key = ("along", found.choice, found.asked.bandwidth)
    return found.snapshot.soon(key, _TABLES, lambda: rates(found))


def _piece_m(width: float) -> float:
    return max(width / 4, LEAST_PIECE_M)


@dataclass(frozen=True, eq=False)
class _Traces:
    """Places along all pipes: the pixel and the piece of each."""

    shape: tuple[int, int]
    bounds: tuple[float, float, float, float]
    pixel_m: float
    pixel: npt.NDArray[np.int64]
    piece: npt.NDArray[np.int64]


def _painted(found: Found, figure: npt.NDArray[np.float64], unit: str) -> Surface:
    """Return the pieces' figures on the pixels they run through, and on the next ones to the south and east."""
    snapshot, piece_m = found.snapshot, _piece_m(float(found.asked.bandwidth))
    traces = snapshot.derived(
        ("pipe pixels", piece_m, snapshot.grids_since()), (*_TABLES, "grids"), lambda: _traces(snapshot, piece_m)
    )
    values = np.full(traces.shape, -np.inf, dtype=np.float32)
    if len(figure):
        np.maximum.at(values.ravel(), traces.pixel, figure[traces.piece].astype(np.float32))
        wide = values.copy()
        for here, there in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
            np.maximum(wide[here], values[there], out=wide[here])
        values = wide
    values[np.isinf(values)] = np.nan
    return Surface(values, traces.bounds, traces.pixel_m, float(found.asked.bandwidth), found.count, None, unit)


def _traces(snapshot: Snapshot, piece_m: float) -> _Traces:
    """Return where the pipes run through the picture of the city."""
    pipes = pipes_of(snapshot)
    lines, length = pipes.links.geometry.to_numpy(), pipes.graph.length_m
    number = np.maximum(np.ceil(np.round(length / piece_m, 6)), 1).astype(np.int64)
    window = city_bounds(snapshot), snapshot.store.crs
    bounds, pixel_m, shape, _ = on_pixels(np.empty((0, 2)), *window, most_px=MOST_PX)
    samples = np.maximum(np.ceil(shapely.length(lines) / (pixel_m * _SAMPLE_PX)), 1).astype(np.int64)
    link = np.repeat(np.arange(len(lines)), samples)
    first = np.cumsum(samples) - samples
    share = (np.arange(len(link)) - first[link] + 0.5) / samples[link]
    xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[link], share, normalized=True))
    piece = (np.cumsum(number) - number)[link] + (share * number[link]).astype(np.int64)
    pixel = on_pixels(xy, *window, most_px=MOST_PX)[3]
    seen = pixel >= 0
    return _Traces(shape, bounds, pixel_m, pixel[seen], piece[seen])
