"""Shortest ways along streets: which edges join every place to the nearest root."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gisapp.demo.planar import Planar


@dataclass(frozen=True)
class Forest:
    """For each node its way home: metres, the node before it and the edge to that (-1 at a root), and the root."""

    metres: np.ndarray
    before: np.ndarray
    edge: np.ndarray
    root: np.ndarray


def forest(drawing: Planar, edges: np.ndarray, cost: np.ndarray, roots: np.ndarray) -> Forest:
    """Return the shortest ways from ``roots`` over ``edges`` with that ``cost`` each."""
    count = len(drawing.nodes)
    low, high = np.sort(drawing.ends[edges], axis=1).T
    order = np.lexsort((cost, high, low))
    low, high, edges, cost = low[order], high[order], edges[order], cost[order]
    best = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    low, high, edges, cost = low[best], high[best], edges[best], cost[best]
    graph = coo_matrix((cost, (low, high)), shape=(count, count)).tocsr()
    metres, before, root = dijkstra(graph, directed=False, indices=roots, min_only=True, return_predecessors=True)
    before = np.where(before < 0, -1, before)
    a, b = np.minimum(before, np.arange(count)), np.maximum(before, np.arange(count))
    found = np.searchsorted(low * count + high, a * count + b)
    edge = np.where(before < 0, -1, edges[np.minimum(found, len(edges) - 1)])
    return Forest(metres, before, edge, np.where(root < 0, -1, root))


def ways(found: Forest, targets: np.ndarray) -> np.ndarray:
    """Return the edges on the ways home of the target nodes."""
    used = np.zeros(int(found.edge.max()) + 1, bool)
    at = np.unique(targets)
    while len(at):
        edge = found.edge[at]
        go = edge >= 0
        go[go] = ~used[edge[go]]
        used[edge[go]] = True
        at = np.unique(found.before[at[go]])
    return np.flatnonzero(used)


def pieces_of(count: int, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the connected piece of each of ``count`` nodes joined by pairs (a, b)."""
    graph = coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def spread(xy: np.ndarray, able: np.ndarray, first: int, count: int) -> np.ndarray:
    """Return ``count`` of the nodes ``able``, each as far as can be from those before it."""
    chosen = [first]
    gap = np.hypot(*(xy[able] - xy[first]).T)
    while len(chosen) < count:
        chosen.append(int(able[np.argmax(gap)]))
        gap = np.minimum(gap, np.hypot(*(xy[able] - xy[chosen[-1]]).T))
    return np.array(chosen)
