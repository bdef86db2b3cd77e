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
from gisapp.density import (
    PipeGraph,
    Surface,
    household_exposure,
    network_density,
    on_pipes,
    piece_lines,
    pipe_graph,
    shareable_pieces,
)
from gisapp.density.web import WEB_CRS, on_pixels
from layers.density import change_limits, class_limits

HIGHEST = 99.0
"""Colours reach up to this percentile of the pieces where anything happened, on all days."""
LEAST_PIECE_M = 25.0
MOST_PX = 640
"""On the longer side: speckled as it is, a larger picture would send more than 100 KB."""
KERNEL = "epanechnikov along pipes"
_SAMPLE_PX = 0.4  # so that no pixel is left out on the way
_TABLES = ("links", "incidents")
ALONG_PIPES = "along pipes"
"""Figures that take five seconds of a processor in a city: made ahead while somebody looks at them."""
BANDS = 8
"""Bands of distance in a bandwidth, in which kernels go on as one: no figure moves by a thousandth of the highest."""


@dataclass(frozen=True, eq=False)
class Pipes:
    """The pipes, and which of their ends meet."""

    links: gpd.GeoDataFrame
    graph: PipeGraph


def pipes_picture(
    found: Found, *, wait: bool = False, shared: bool = False
) -> tuple[Surface, tuple[float, ...]] | None:
    """Return what is drawn and the limits of its classes; None while it is made, unless one waits for it.

    ``shared`` leaves out the pieces around which are too few customers.
    """
    made = _figures(found, wait=wait)
    if made is None:
        return None
    figure, every = made
    changes = _before(found) is not None
    unit = "change_per_km_year" if changes else "per_km_year"
    usual = every[every > 0]
    highest = float(np.percentile(usual, HIGHEST)) if len(usual) else 0.0
    limits = change_limits(highest / 2) if changes else class_limits(highest)
    return _painted(found, np.where(told(found), figure, -np.inf) if shared else figure, unit), limits


def shared_pieces(found: Found) -> gpd.GeoDataFrame:
    """Return the pieces of pipe with a figure around which are enough customers, in the shape of a file."""
    made = _figures(found, wait=True)
    links, pieces = pipes_of(found.snapshot).links, _pieces(found)
    some = np.flatnonzero(told(found) & (made[0] != 0)) if made is not None and len(made[0]) else np.empty(0, np.int64)
    chosen = pieces.iloc[some]
    rows = links.iloc[chosen["link"]]
    column = "per_km_year" if _before(found) is None else "change_per_km_year"
    table = rows[["utility", "code"]].assign(
        start_m=chosen["start_m"].to_numpy(),
        end_m=chosen["end_m"].to_numpy(),
        geom=piece_lines(links, chosen).to_numpy(),
    )
    table.insert(4, column, made[0][some] if made is not None else np.empty(0))
    return gpd.GeoDataFrame(table, geometry="geom", crs=links.crs).reset_index(drop=True)


def told(found: Found) -> npt.NDArray[np.bool_]:
    """Return which pieces may be told of: those with enough customers within the bandwidth."""
    snapshot, width = found.snapshot, float(found.asked.bandwidth)

    def make() -> npt.NDArray[np.bool_]:
        lines, pieces = pipes_of(snapshot).links.geometry.to_numpy(), _pieces(found)
        length = pipes_of(snapshot).graph.length_m[pieces["link"]]
        middle = (pieces["start_m"] + pieces["end_m"]).to_numpy() / 2
        share = np.divide(middle, length, out=np.full(len(middle), 0.5), where=length > 0)
        xy = shapely.get_coordinates(shapely.line_interpolate_point(lines[pieces["link"]], share, normalized=True))
        return shareable_pieces(xy, household_exposure(snapshot.store.table("customers"))[0], width)

    return snapshot.derived(("pipes told", width), ("links", "customers"), make)


def _before(found: Found) -> Found | None:
    """Return the period that is subtracted, None where none is."""
    return found.earlier if found.asked.changes else None


def _figures(found: Found, *, wait: bool) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Return the figure of each piece, or its change, and those of all days; None while they are made."""
    cube, before = found.cube, _before(found)
    whole = Found(found.asked, found.snapshot, cube.first_day, cube.last_day)
    made = [_rates_kept(one, wait=wait) for one in (whole, found, *([before] if before else []))]
    if any(one is None for one in made):
        return None
    every, now, *earlier = (one for one in made if one is not None)
    return (now - earlier[0] if earlier else now), every


def pipes_of(snapshot: Snapshot) -> Pipes:
    """Return the pipes, kept while their table stays."""

    def make() -> Pipes:
        links = snapshot.store.table("links").reset_index(drop=True)
        return Pipes(links, pipe_graph(links))

    return snapshot.derived("pipes", ("links",), make)


def _on_them(snapshot: Snapshot) -> pd.DataFrame:
    """Return where on the pipes each incident is, by its row."""

    def make() -> pd.DataFrame:
        return on_pipes(snapshot.incidents().reset_index(drop=True), pipes_of(snapshot).links)

    return snapshot.derived(("on pipes", snapshot.open_rules), _TABLES, make)


def rates(found: Found) -> npt.NDArray[np.float64]:
    """Return incidents per km and year of each piece of pipe, in their order; nothing where the pipes are too short."""
    pipes = pipes_of(found.snapshot)
    width = float(found.asked.bandwidth)
    if pipes.graph.length_m.sum() < width:
        return np.empty(0)
    rows = found.cube.select(found.choice, unlocated=not found.asked.bounds)
    at = _on_them(found.snapshot)
    mine = at[at.index.isin(rows)]
    pieces = network_density(pipes.graph, mine, bandwidth_m=width, piece_m=_piece_m(width), merge_m=width / BANDS)
    return pieces["density"].to_numpy() / found.years


def _rates_kept(found: Found, *, wait: bool) -> npt.NDArray[np.float64] | None:
    ask = found.snapshot.derived if wait else found.snapshot.soon
    return ask(("along", found.choice, found.asked.bandwidth), _TABLES, lambda: rates(found))


def _pieces(found: Found) -> pd.DataFrame:
    """Return the pieces of all pipes, in the order of their figures."""
    graph, width = pipes_of(found.snapshot).graph, float(found.asked.bandwidth)
    none = pd.DataFrame({"link": np.empty(0, np.int64), "measure_m": np.empty(0)})
    return network_density(graph, none, bandwidth_m=width, piece_m=_piece_m(width))


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
    key = ("pipe pixels", piece_m, city_bounds(snapshot))
    traces = snapshot.derived(key, ("links",), lambda: _traces(snapshot, piece_m))
    values = np.full(traces.shape, -np.inf, dtype=np.float32)
    if len(figure):
        np.maximum.at(values.ravel(), traces.pixel, figure[traces.piece].astype(np.float32))
        wide = values.copy()
        for here, there in ((np.s_[1:, :], np.s_[:-1, :]), (np.s_[:, 1:], np.s_[:, :-1])):
            np.maximum(wide[here], values[there], out=wide[here])
        values = wide
    values[np.isinf(values)] = np.nan
    shown = traces.bounds, traces.pixel_m, float(found.asked.bandwidth), found.count, WEB_CRS, unit
    return Surface(values, *shown, kernel=KERNEL)


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
