"""Searches on a graph in arrays: who is reached from where, and what hangs together.

The one place where numba is used in this room; without it scipy answers the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

try:
    from numba import njit
except ImportError:
    njit = None
NUMBA = njit is not None


def compiled(function: Any) -> Any:
    """Return a function of arrays compiled by numba, or itself where there is no numba."""
    return function if njit is None else njit(cache=True)(function)


@dataclass(frozen=True, eq=False)
class Adjacency:
    """For every vertex its half-edges: the vertex at the other end, the edge, and whether it is left along the edge."""

    start: np.ndarray
    other: np.ndarray
    edge: np.ndarray
    along: np.ndarray


def adjacency(count: int, a: np.ndarray, b: np.ndarray) -> Adjacency:
    """Return the adjacency of ``count`` vertices under edges from ``a`` to ``b``."""
    size = len(a)
    here = np.concatenate([a, b])
    order = np.argsort(here, kind="stable")
    start = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(here, minlength=count), out=start[1:])
    return Adjacency(
        start=start,
        other=np.concatenate([b, a])[order].astype(np.int64),
        edge=np.concatenate([np.arange(size), np.arange(size)])[order].astype(np.int64),
        along=np.repeat([True, False], size)[order],
    )


def components(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for every vertex the number of its component, counted in the order of first vertices."""
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(a), dtype=np.int32), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def reach(graph: Adjacency, *, forth: np.ndarray, back: np.ndarray, starts: np.ndarray, shut: np.ndarray) -> np.ndarray:
    """Return a mask of the vertices reached from ``starts``.

    Parameters
    ----------
    graph
        The adjacency.
    forth, back
        For every edge, whether it may be passed from a to b and from b to a.
    starts
        Vertices to start from; those that are shut are not entered either.
    shut
        Mask of vertices that may not be entered.
    """
    if njit is None:
        return reach_by_scipy(graph, forth, back, starts, shut)
    return np.asarray(
        _reach(graph.start, graph.other, graph.edge, graph.along, forth, back, starts.astype(np.int64), shut)
    )


def reach_by_scipy(
    graph: Adjacency, forth: np.ndarray, back: np.ndarray, starts: np.ndarray, shut: np.ndarray
) -> np.ndarray:
    """Return what :func:`reach` returns, without numba."""
    count = len(shut)
    here = np.repeat(np.arange(count), np.diff(graph.start))
    may = np.where(graph.along, forth[graph.edge], back[graph.edge]) & ~shut[here] & ~shut[graph.other]
    starts = starts[~shut[starts]]
    tails = np.concatenate([here[may], np.full(len(starts), count)])
    heads = np.concatenate([graph.other[may], starts])
    full = csr_array((np.ones(len(tails), dtype=np.int32), (tails, heads)), shape=(count + 1, count + 1))
    reached = np.zeros(count + 1, dtype=bool)
    reached[breadth_first_order(full, count, directed=True, return_predecessors=False)] = True
    return reached[:count]


if njit is not None:

    @njit(cache=True)
    def _reach(start, other, edge, along, forth, back, starts, shut):  # type: ignore[no-untyped-def]
        """Search by a stack."""
        reached = np.zeros(len(start) - 1, dtype=np.bool_)
        stack = np.empty(len(start), dtype=np.int64)
        top = 0
        for vertex in starts:
            if not shut[vertex] and not reached[vertex]:
                reached[vertex] = True
                stack[top] = vertex
                top += 1
        while top > 0:
            top -= 1
            vertex = stack[top]
            for half in range(start[vertex], start[vertex + 1]):
                far = other[half]
                may = forth[edge[half]] if along[half] else back[edge[half]]
                if may and not shut[far] and not reached[far]:
                    reached[far] = True
                    stack[top] = far
                    top += 1
        return reached
