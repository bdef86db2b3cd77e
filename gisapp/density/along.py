"""Density along pipes: incidents per kilometre by a kernel that follows the network and divides where it branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.density.walk import walk
from gisapp.errors import InputError

DeadEnds = Literal["reflect", "absorb"]
MOST_PIECES = 20_000_000
MOST_BANDS = 1_000_000
# Incidents followed at one time while their kernels pass few branchings: the pipes around them then fit into the
# processor's own memory. Wider kernels meet so often that all are followed together.
TOGETHER = 8192
FEW_PIPES = 4
_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]
# Bands of distance in a bandwidth: with 20 no value moves by more than a thousandth of one incident's peak.
BANDS = 20


@dataclass(frozen=True)
class PipeGraph:
    """Which pipe ends meet; prepared once for a network, whatever is asked of it.

    Attributes
    ----------
    length_m
        Of each pipe, in the order of the table.
    ends
        The node at the beginning and at the end of each pipe, as numbers, shape (pipes, 2).
    first, meeting
        For each node where its pipe ends begin in ``meeting``; an end is twice the number of the pipe, plus 1
        for the far one.
    """

    length_m: _Floats
    ends: _Ints
    first: _Ints
    meeting: _Ints


def pipe_graph(links: gpd.GeoDataFrame) -> PipeGraph:
    """Return which pipe ends meet.

    Parameters
    ----------
    links
        Rows in the shape of the table of that name, of one utility or of several; nodes of different utilities
        are different nodes. Links of every kind let the kernel pass, and states of valves are of no concern:
        a pipe that lies beside a break is near to it, whether it is fed from there or not.

    Raises
    ------
    CrsError
        When the links are not in metres.
    """
    require_metres(links.crs, "the links table")
    shapes = links.geometry.to_numpy()
    stated = links["length_m"].to_numpy(dtype=np.float64, na_value=np.nan)
    length = np.where(stated > 0, stated, shapely.length(shapes))
    nodes = pd.MultiIndex.from_arrays(
        [np.tile(links["utility"].to_numpy(), 2), np.concatenate([links["from_node"], links["to_node"]])]
    )
    number, _ = pd.factorize(nodes)
    ends = number.reshape(2, -1).T.astype(np.int64)
    return graph_of(np.nan_to_num(length), ends)


def graph_of(length_m: _Floats, ends: _Ints) -> PipeGraph:
    """Return the graph of pipes given by their lengths and the numbers of the nodes at both ends."""
    flat = ends.ravel()
    meeting = np.argsort(flat, kind="stable").astype(np.int64)
    first = np.concatenate([[0], np.cumsum(np.bincount(flat, minlength=flat.max(initial=-1) + 1))]).astype(np.int64)
    return PipeGraph(length_m, ends, first, meeting)


def on_pipes(incidents: gpd.GeoDataFrame, links: gpd.GeoDataFrame, *, reach_m: float = 30.0) -> pd.DataFrame:
    """Return on which pipe each incident is, and where along it.

    An incident that names a pipe of its utility is on that one: at the place it states, else where its position
    is nearest, else in the middle. Any other is on the pipe of its utility that is nearest to its position, if
    one is within ``reach_m``; where several are equally near, on the first of the table.

    Parameters
    ----------
    incidents, links
        Tables of those names, in one CRS.

    Returns
    -------
    DataFrame
        For each incident on a pipe, on its index: ``link``, the number of the row in ``links``, and
        ``measure_m`` from the pipe's beginning. Those on none are absent.
    """
    require_metres(links.crs, "the links table")
    if links.empty:
        return pd.DataFrame({"link": np.array([], dtype=np.intp), "measure_m": np.array([])}, index=incidents.index[:0])
    keys = pd.MultiIndex.from_frame(links[["utility", "code"]])
    named = keys.get_indexer(pd.MultiIndex.from_frame(incidents[["utility", "link_code"]]))
    named[incidents["link_code"].isna().to_numpy()] = -1
    places = incidents.geometry.to_numpy()
    placed = ~(shapely.is_missing(places) | shapely.is_empty(places))
    link = np.where(named < 0, _nearest(incidents, links, placed & (named < 0), reach_m), named)
    there = link >= 0
    length = links["length_m"].to_numpy(dtype=np.float64)[link]
    lines = links.geometry.to_numpy()[link]
    share = np.full(len(link), 0.5)
    known = there & placed
    share[known] = shapely.line_locate_point(lines[known], places[known], normalized=True)
    stated = incidents["measure_m"].to_numpy(dtype=np.float64, na_value=np.nan)
    said = (named >= 0) & (stated >= 0) & (stated <= length)
    measure = np.where(said, stated, np.nan_to_num(share, nan=0.5) * length)
    return pd.DataFrame({"link": link, "measure_m": measure}, index=incidents.index)[there]


def network_density(
    graph: PipeGraph,
    at: pd.DataFrame,
    *,
    bandwidth_m: float,
    piece_m: float | None = None,
    dead_ends: DeadEnds = "reflect",
    merge_m: float | None = None,
) -> pd.DataFrame:
    """Return the density of incidents along pipes, in pieces of nearly equal length.

    The kernel runs from each incident along the pipes both ways. Where it meets a branching it divides into
    equal parts, and nothing turns back: this is the equal-split discontinuous kernel of Okabe. So two pipes that
    lie side by side without a joint do not know of one another, and the densities of all pieces times their
    lengths add up to the number of incidents.

    Parameters
    ----------
    graph
        The pipes.
    at
        ``link`` and ``measure_m`` of each incident, as of :func:`on_pipes`.
    bandwidth_m
        Standard deviation of the kernel, Epanechnikov's, which ends at 2.236 times this.
    piece_m
        Length of a piece at most; a quarter of the bandwidth when absent.
    dead_ends
        What a kernel does where a pipe ends: ``reflect`` turns it back, so that nothing is lost; ``absorb`` lets
        it go, as the package spatstat does.
    merge_m
        Kernels that meet on their way with distances as near as this go on as one; a twentieth of the bandwidth
        when absent, which moves no value by more than a thousandth of one incident's peak.

    Returns
    -------
    DataFrame
        ``link``, ``start_m``, ``end_m`` and ``density``: incidents per km on average over the piece, exactly;
        in order of the pipes. Every pipe has a piece.

    Raises
    ------
    InputError
        On a bandwidth that is not above 0 or longer than all the pipes, on a place that is on no pipe, or on more
        than 20 million pieces.

    Notes
    -----
    Source: Okabe, Satoh and Sugihara (2009), A kernel density estimation method for networks. With ``absorb``
    the values at single places are those of spatstat's ``densityEqualSplit(continuous = FALSE)`` to 1e-15.
    What carries less than a billionth of an incident ends there. 100,000 incidents on 22,000 km: see
    ``benchmarks/density.py``.

    Examples
    --------
    >>> graph = graph_of(np.array([1000.0]), np.array([[0, 1]]))
    >>> found = network_density(graph, pd.DataFrame({"link": [0], "measure_m": [500.0]}), bandwidth_m=100, piece_m=100)
    >>> found["density"].round(2).tolist()
    [0.0, 0.0, 0.08, 1.79, 3.13, 3.13, 1.79, 0.08, 0.0, 0.0]
    """
    _check(graph, at, bandwidth_m)
    piece = bandwidth_m / 4 if piece_m is None else piece_m
    if not piece > 0:
        raise InputError(f"found pieces of {piece_m} m", todo="give more than 0")
    number = np.maximum(np.ceil(np.round(graph.length_m / piece, 6)), 1).astype(np.int64)
    if number.sum() > MOST_PIECES:
        raise InputError(f"{number.sum():,} pieces of {piece:g} m", todo="choose longer pieces")
    start = np.concatenate([[0], np.cumsum(number)])
    link = np.repeat(np.arange(len(number)), number)
    step = np.arange(len(link)) - start[:-1][link]
    width = (graph.length_m / number)[link]
    total = np.zeros(len(link))
    walk(*_arguments(graph, at, bandwidth_m, dead_ends, merge_m), (start, width, True), total)
    density = 1000 * np.divide(total, width, out=np.zeros_like(total), where=width > 0)
    return pd.DataFrame({"link": link, "start_m": step * width, "end_m": (step + 1) * width, "density": density})


def network_density_at(
    graph: PipeGraph,
    at: pd.DataFrame,
    places: pd.DataFrame,
    *,
    bandwidth_m: float,
    dead_ends: DeadEnds = "reflect",
    merge_m: float | None = None,
) -> npt.NDArray[np.float64]:
    """Return the density at single places of pipes, in incidents per km.

    Parameters
    ----------
    places
        ``link`` and ``measure_m`` of each place.
    graph, at, bandwidth_m, dead_ends, merge_m
        As for :func:`network_density`, whose pieces are the means of these values.
    """
    _check(graph, at, bandwidth_m)
    _check(graph, places, bandwidth_m)
    order = np.lexsort([places["measure_m"], places["link"]])
    link = places["link"].to_numpy()[order]
    start = np.searchsorted(link, np.arange(len(graph.length_m) + 1))
    total = np.zeros(len(order))
    where = places["measure_m"].to_numpy(dtype=np.float64)[order]
    walk(*_arguments(graph, at, bandwidth_m, dead_ends, merge_m), (start, where, False), total)
    values = np.empty(len(order))
    values[order] = 1000 * total
    return values


def piece_lines(links: gpd.GeoDataFrame, pieces: pd.DataFrame) -> gpd.GeoSeries:
    """Return the line of each piece, cut out of its pipe, on the index of ``pieces``.

    Parameters
    ----------
    links
        The pipes that the graph was made of.
    pieces
        Rows of :func:`network_density`: all of them, or some.
    """
    link = pieces["link"].to_numpy()
    shapes = links.geometry.to_numpy()[link]
    whole = shapely.length(shapes)
    stated = links["length_m"].to_numpy(dtype=np.float64)[link]
    scale = np.divide(whole, stated, out=np.ones_like(whole), where=stated > 0)
    low, high = pieces["start_m"].to_numpy() * scale, pieces["end_m"].to_numpy() * scale
    coordinates, piece = shapely.get_coordinates(shapes, return_index=True)
    along = _measures(coordinates, piece)
    between = (along > low[piece]) & (along < high[piece])
    number = np.arange(len(pieces))
    owner = np.concatenate([number, number, piece[between]])
    place = np.concatenate([low, high, along[between]])
    ends = shapely.get_coordinates(shapely.line_interpolate_point(np.tile(shapes, 2), np.concatenate([low, high])))
    order = np.lexsort([place, owner])
    lines = shapely.linestrings(np.concatenate([ends, coordinates[between]])[order], indices=owner[order])
    return gpd.GeoSeries(lines, index=pieces.index, crs=links.crs)


def _nearest(
    incidents: gpd.GeoDataFrame, links: gpd.GeoDataFrame, asked: npt.NDArray[np.bool_], reach_m: float
) -> _Ints:
    """Return the nearest link of the same utility of the incidents asked for, -1 where none is within reach."""
    found = np.full(len(incidents), -1, dtype=np.int64)
    utility, owner = incidents["utility"].to_numpy(), links["utility"].to_numpy()
    for name in pd.unique(owner):
        some, mine = np.flatnonzero(asked & (utility == name)), np.flatnonzero(owner == name)
        tree = shapely.STRtree(links.geometry.to_numpy()[mine])
        pair = tree.query_nearest(incidents.geometry.to_numpy()[some], max_distance=reach_m)
        near = pd.Series(pair[1]).groupby(pair[0]).min()
        found[some[near.index.to_numpy(dtype=np.int64)]] = mine[near.to_numpy(dtype=np.int64)]
    return found


def _measures(coordinates: _Floats, owner: _Ints) -> _Floats:
    """Return how far along its line each vertex is."""
    steps = np.hypot(*np.diff(coordinates, axis=0, prepend=coordinates[:1]).T)
    steps[np.diff(owner, prepend=-1) != 0] = 0.0
    run = np.cumsum(steps)
    begin = np.searchsorted(owner, owner)
    return run - run[begin]


def _check(graph: PipeGraph, at: pd.DataFrame, bandwidth_m: float) -> None:
    """Refuse a bandwidth out of range, and a place that is on no pipe."""
    most = float(graph.length_m.sum())
    if not 0 < bandwidth_m <= most:
        raise InputError(
            f"found a bandwidth of {bandwidth_m:g} m",
            todo=f"give more than 0 and at most the {most:,.0f} m of all pipes",
        )
    link, measure = at["link"].to_numpy(), at["measure_m"].to_numpy(dtype=np.float64)
    wrong = (link < 0) | (link >= len(graph.length_m))
    wrong[~wrong] = ~((measure[~wrong] >= 0) & (measure[~wrong] <= graph.length_m[link[~wrong]] + 1e-6))
    if wrong.any():
        row = int(wrong.argmax())
        found = f"{measure[row]:g} m along pipe number {link[row]}"
        raise InputError(found, todo="give places on the pipes", row=row + 1)


def _arguments(
    graph: PipeGraph, at: pd.DataFrame, bandwidth_m: float, dead_ends: DeadEnds, merge_m: float | None
) -> tuple[object, ...]:
    """Return what both ways of walking take alike."""
    band = bandwidth_m / BANDS if merge_m is None else max(merge_m, bandwidth_m / MOST_BANDS)
    if dead_ends not in ("reflect", "absorb"):
        raise InputError(f"found dead ends {dead_ends!r}", todo="use reflect or absorb")
    link = at["link"].to_numpy(dtype=np.int64)
    order = np.argsort(link, kind="stable")
    reach = float(bandwidth_m) * 5**0.5
    together = TOGETHER if reach <= FEW_PIPES * graph.length_m.mean() else max(len(link), 1)
    return (
        (graph.length_m, graph.ends, graph.first, graph.meeting),
        (link[order], at["measure_m"].to_numpy(dtype=np.float64)[order]),
        (reach, dead_ends == "reflect", float(band), together),
    )
