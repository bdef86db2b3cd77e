"""Searches on a graph in arrays: what hangs together, and what is reached from where.

Functions marked :func:`compiled` are compiled by numba where there is numba; without it they run as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

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

    @cached_property
    def halves(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for every edge its half at a, which leads along it, and its half at b."""
        found = np.empty((2, len(self.edge) // 2), dtype=np.int32)
        for row, way in enumerate((self.along, ~self.along)):
            half = np.flatnonzero(way)
            found[row, self.edge[half]] = half
        return found[0], found[1]


@dataclass(frozen=True, eq=False)
class Ways:
    """Which half-edges may be passed: ``out`` from the vertex that has them, ``into`` it."""

    out: np.ndarray
    into: np.ndarray

    @property
    def against(self) -> Ways:
        """Return the same ways run the other way round."""
        return Ways(self.into, self.out)


def ways(graph: Adjacency, forth: np.ndarray, back: np.ndarray) -> Ways:
    """Return the ways of half-edges where every edge may be passed from a to b, and from b to a."""
    there, here = forth[graph.edge], back[graph.edge]
    return Ways(np.where(graph.along, there, here), np.where(graph.along, here, there))


def changed(graph: Adjacency, way: Ways, edges: np.ndarray, forth: np.ndarray, back: np.ndarray) -> Ways:
    """Return ways with those of some edges, and what these let pass, in the place of what was."""
    at_a, at_b = (half[edges] for half in graph.halves)
    out, into = way.out.copy(), way.into.copy()
    out[at_a] = into[at_b] = forth
    out[at_b] = into[at_a] = back
    return Ways(out, into)


def adjacency(count: int, a: np.ndarray, b: np.ndarray) -> Adjacency:
    """Return the adjacency of ``count`` vertices under edges from ``a`` to ``b``."""
    size = len(a)
    start, order = sorted_by(np.concatenate([a, b]), count)
    return Adjacency(
        start=start,
        other=np.concatenate([b, a])[order].astype(np.int32),
        edge=np.tile(np.arange(size, dtype=np.int32), 2)[order],
        along=order < size,
    )


def sorted_by(label: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where the rows of every label begin once they are sorted by it, and the rows in that order, by counting.

    Examples
    --------
    >>> start, rows = sorted_by(np.array([2, 0, 2]), 3)
    >>> start.tolist(), rows.tolist()
    ([0, 1, 1, 3], [1, 0, 2])
    """
    rows = np.arange(len(label), dtype=np.int32)
    by_label = csr_array(
        (np.ones(len(label), dtype=np.int8), (label.astype(np.int32), rows)), shape=(count, max(len(label), 1))
    )
    return by_label.indptr.astype(np.int64), by_label.indices.astype(np.int32, copy=False)


def components(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return for every vertex the number of its component, counted in the order of first vertices."""
    if count == 0:
        return np.zeros(0, dtype=np.int64)
    graph = coo_array((np.ones(len(a), dtype=np.int32), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def reach(graph: Adjacency, out: np.ndarray, starts: np.ndarray, shut: np.ndarray | None = None) -> np.ndarray:
    """Return the vertices reached from ``starts`` over half-edges that lead ``out``, every one once, in no order.

    Takes time that grows with what is reached alone.

    Parameters
    ----------
    shut
        Mask of vertices that may not be entered; starts that are shut are not either.
    """
    count = len(graph.start) - 1
    seen = np.zeros(count, dtype=bool) if shut is None else shut.copy()
    starts = np.unique(starts)
    starts = starts[~seen[starts]].astype(np.int32)
    seen[starts] = True
    return np.asarray(_reached(graph.start, graph.other, out, starts, seen))


@compiled
def _reached(start, other, out, starts, seen):  # type: ignore[no-untyped-def]
    """Return the starts and all that they reach of what was not seen."""
    found = np.empty(max(64, len(starts)), dtype=np.int32)
    found[: len(starts)] = starts
    size, at = len(starts), 0
    while at < size:
        vertex = found[at]
        at += 1
        for half in range(start[vertex], start[vertex + 1]):
            far = other[half]
            if out[half] and not seen[far]:
                seen[far] = True
                if size == len(found):
                    longer = np.empty(2 * size, dtype=np.int32)
                    longer[:size] = found
                    found = longer
                found[size] = far
                size += 1
    return found[:size].copy()
