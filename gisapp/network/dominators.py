"""The dominator tree: what every way from the starts to a vertex must pass.

A vertex is lost with another one exactly when it hangs under it in this tree, so that what one vertex costs is a sum
over one interval of places. The method is Semi-NCA: L. Georgiadis, Linear-Time Algorithms for Dominators
and Related Problems, Princeton 2005; the compression of ways follows Lengauer and Tarjan (1979).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisapp.network.search import NUMBA, Adjacency, Ways, compiled
from gisapp.network.sets import Sets
from gisapp.network.trees import Tree, numbers_for, preorder, tree_from


@dataclass(frozen=True, eq=False)
class Dominators:
    """The tree in preorder.

    Parameters
    ----------
    place
        For every vertex its place, -1 where it is not reached.
    end
        The place after the last vertex under it.
    order
        The vertices by place.
    """

    place: np.ndarray
    end: np.ndarray
    order: np.ndarray

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """Return the weights summed up before every place, with the sum of all at the end; rows by vertex."""
        before = np.zeros((len(self.order) + 1, *weights.shape[1:]), dtype=weights.dtype)
        np.cumsum(weights[self.order], axis=0, out=before[1:])
        return before


def dominators(graph: Adjacency, way: Ways, starts: np.ndarray) -> Dominators:
    """Return the dominator tree of what is reached from ``starts``, all of which hang on one root of no place."""
    deep = tree_from(graph, way.out, starts, deep=True)
    first, before = _by_number(graph, way.into, deep)
    root = np.append(False, np.isin(deep.order, starts))
    parent = np.append(np.int32(0), deep.above)
    above = numbers_for(len(parent))
    work = tuple(numbers_for(len(parent)) for _ in range(4))
    given = (first, before, parent, root)
    _semi_nca(given if NUMBA else tuple(one.tolist() for one in given), above, work)
    by_number, ends = preorder(np.asarray(above, dtype=np.int32)[1:])
    place, end = np.full(deep.count, -1, dtype=np.int32), np.zeros(deep.count, dtype=np.int32)
    place[deep.order], end[deep.order] = by_number, ends
    order = np.empty(len(deep.order), dtype=np.int32)
    order[by_number] = deep.order
    return Dominators(place, end, order)


def _by_number(graph: Adjacency, into: np.ndarray, deep: Tree) -> tuple[np.ndarray, np.ndarray]:
    """Return where the vertices that lead into every vertex begin, and those, all as the search numbered them."""
    number = np.zeros(deep.count, dtype=np.int32)
    number[deep.order] = np.arange(1, len(deep.order) + 1)
    halves = Sets(graph.start, np.arange(len(graph.other))).pick(deep.order)
    comes = into[halves.member] & (number[graph.other[halves.member]] > 0)
    first = np.zeros(len(deep.order) + 2, dtype=np.int64)
    first[2:] = np.append(0, np.cumsum(comes))[halves.first[1:]]
    return first, number[graph.other[halves.member[comes]]]


@compiled
def _semi_nca(graph, above, work):  # type: ignore[no-untyped-def]
    """Fill in the immediate dominator of every number; the starts hang on 0."""
    first, before, parent, root = graph
    ancestor, label, least, stack = work
    count = len(parent)
    for vertex in range(count):
        above[vertex] = ancestor[vertex] = parent[vertex]
        label[vertex] = least[vertex] = vertex
    for vertex in range(count - 1, 0, -1):
        low = parent[vertex]
        for at in range(first[vertex], first[vertex + 1]):
            other = before[at]
            if ancestor[other] > vertex:  # shorten its way up to what is settled
                top, size = other, 0
                while ancestor[top] > vertex:
                    stack[size] = top
                    size += 1
                    top = ancestor[top]
                while size:
                    size -= 1
                    below = stack[size]
                    if least[label[top]] < least[label[below]]:
                        label[below] = label[top]
                    ancestor[below] = ancestor[top]
                    top = below
            found = least[label[other]]
            low = found if found < low else low
        least[vertex] = 0 if root[vertex] else low
    for vertex in range(1, count):
        up = above[vertex]
        while up > least[vertex]:
            up = above[up]
        above[vertex] = up
