"""Search trees: what is reached from where, and what no longer is once something is taken out.

A vertex that hangs on the tree by a way on which nothing was taken out is still reached. So only what lies
beside the taken out has to be looked at: back from there, until the first such vertex is found or nothing is
left to look at. The answer is that of a search of everything, in time that grows with what is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, depth_first_order

from gisapp.network.search import NUMBA, Adjacency, Ways, compiled
from gisapp.network.sets import Sets

_UNKNOWN, _LOST, _KEPT, _SEEN = range(4)


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree of ways from several starts: breadth first, the shortest by number of edges.

    Parameters
    ----------
    order
        The vertices that are reached, a vertex after the one before it.
    above
        For every one of them the number of the vertex before it, counted from 1; 0 for a start.
    count
        The number of vertices, reached or not.
    """

    order: np.ndarray
    above: np.ndarray
    count: int

    @cached_property
    def reached(self) -> np.ndarray:
        """Return the mask of the vertices that are reached."""
        found = np.zeros(self.count, dtype=bool)
        found[self.order] = True
        return found

    @cached_property
    def parent(self) -> np.ndarray:
        """Return the vertex before every vertex, -1 for a start and for what is not reached."""
        found = np.full(self.count, -1, dtype=np.int32)
        found[self.order] = np.append(np.int32(-1), self.order)[self.above]
        return found

    @cached_property
    def intervals(self) -> tuple[np.ndarray, np.ndarray]:
        """Return for every vertex its place in preorder, -1 if not reached, and the place after the last on it."""
        place, end = np.full(self.count, -1, dtype=np.int32), np.zeros(self.count, dtype=np.int32)
        place[self.order], end[self.order] = preorder(self.above)
        return place, end


def tree_from(graph: Adjacency, out: np.ndarray, starts: np.ndarray, *, deep: bool = False) -> Tree:
    """Return the tree of what is reached from ``starts`` over half-edges that lead ``out``, breadth or depth first."""
    count = len(graph.start) - 1
    starts = np.unique(starts).astype(np.int32)
    if NUMBA:
        order, parent = (_deep if deep else _wide)(graph.start, graph.other, out, starts)
    else:
        order, parent = _by_scipy(graph, out, starts, deep=deep)
    number = np.zeros(count + 1, dtype=np.int32)  # the last stands for no vertex
    number[order] = np.arange(1, len(order) + 1)
    return Tree(order, number[parent[order]], count)


def preorder(above: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places in preorder and where what hangs on each ends; ``above`` numbers parents from 1, before them.

    Examples
    --------
    >>> place, end = preorder(np.array([0, 1, 1, 2]))
    >>> place.tolist(), end.tolist()
    ([0, 1, 3, 2], [4, 3, 4, 3])
    """
    numbers = np.append(np.int32(0), above.astype(np.int32))
    given = numbers if NUMBA else numbers.tolist()
    place, end = numbers_for(len(numbers)), numbers_for(len(numbers))
    _fill_preorder(given, place, end, numbers_for(len(numbers)))
    return np.asarray(place, dtype=np.int32)[1:] - 1, np.asarray(end, dtype=np.int32)[1:] - 1  # 0 stood for the root


def numbers_for(count: int) -> np.ndarray | list[int]:
    """Return zeros to work on: where nothing is compiled lists, for they are several times faster than arrays."""
    return np.zeros(count, dtype=np.int32) if NUMBA else [0] * count


def lost(
    graph: Adjacency, way: Ways, tree: Tree, gone: np.ndarray, *, severed: tuple[np.ndarray, np.ndarray] | None = None
) -> np.ndarray:
    """Return the vertices of a tree that are no longer reached, in no order.

    Parameters
    ----------
    way
        What may be passed now, nothing that could not be passed when the tree was made.
    gone
        Vertices that are taken out; those that were reached are lost too.
    severed
        Both ends, vertices a and b, of every edge that can no longer be passed.
    """
    none = np.zeros(0, dtype=np.int32)
    a, b = (none, none) if severed is None else (severed[0].astype(np.int32), severed[1].astype(np.int32))
    ends = np.concatenate([a, b]), np.concatenate([b, a])
    scratch = _scratch(tree.count)
    size = _lost(_halves(graph, way), _arrays(tree), gone.astype(np.int32), ends, scratch)
    return scratch[2][:size].copy()


def lost_each(graph: Adjacency, way: Ways, tree: Tree, sets: Sets) -> Sets:
    """Return what is lost for each of several sets of vertices, every one taken out alone."""
    gone = sets.member.astype(np.int32)
    return Sets(*_lost_each(_halves(graph, way), _arrays(tree), sets.first, gone, _scratch(tree.count)))


def _halves(graph: Adjacency, way: Ways) -> tuple[np.ndarray, ...]:
    return graph.start, graph.other, way.out, way.into


def _arrays(tree: Tree) -> tuple[np.ndarray, ...]:
    return (*tree.intervals, tree.parent)


def _scratch(count: int) -> tuple[np.ndarray, ...]:
    """Return marks, links and room for what is lost."""
    return np.zeros(count, dtype=np.int8), np.empty(count, dtype=np.int32), np.empty(count, dtype=np.int32)


def _by_scipy(graph: Adjacency, out: np.ndarray, starts: np.ndarray, *, deep: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return what is reached in the order of the search, and the vertex before every vertex, -1 for none."""
    count = len(graph.start) - 1
    tails = np.concatenate([np.repeat(np.arange(count), np.diff(graph.start))[out], np.full(len(starts), count)])
    heads = np.concatenate([graph.other[out], starts])
    full = csr_array((np.ones(len(tails), dtype=np.int8), (tails, heads)), shape=(count + 1, count + 1))
    order, before = (depth_first_order if deep else breadth_first_order)(full, count, directed=True)
    before[before == count] = -1
    return order[1:].astype(np.int32), np.maximum(before[:count], -1).astype(np.int32)


@compiled
def _wide(start, other, out, starts):  # type: ignore[no-untyped-def]
    """Return the reached vertices, nearest first, and the vertex before each, negative for none."""
    count = len(start) - 1
    parent = np.full(count, -2, dtype=np.int32)
    order = np.empty(count, dtype=np.int32)
    size = 0
    for vertex in starts:
        parent[vertex] = -1
        order[size] = vertex
        size += 1
    at = 0
    while at < size:
        vertex = order[at]
        at += 1
        for half in range(start[vertex], start[vertex + 1]):
            far = other[half]
            if out[half] and parent[far] == -2:
                parent[far] = vertex
                order[size] = far
                size += 1
    return order[:size].copy(), parent


@compiled
def _deep(start, other, out, starts):  # type: ignore[no-untyped-def]
    """Return the reached vertices as a search in depth meets them, and the vertex before each, negative for none."""
    count = len(start) - 1
    parent = np.full(count, -2, dtype=np.int32)
    order = np.empty(count, dtype=np.int32)
    half = start[:-1].copy()
    size = 0
    for root in starts:
        if parent[root] != -2:
            continue
        parent[root] = -1
        order[size] = root
        size += 1
        vertex = root
        while vertex >= 0:
            step, stop = half[vertex], start[vertex + 1]
            while step < stop and (not out[step] or parent[other[step]] != -2):
                step += 1
            half[vertex] = step + 1
            if step < stop:
                far = other[step]
                parent[far] = vertex
                order[size] = far
                size += 1
                vertex = far
            else:
                vertex = parent[vertex]
    return order[:size].copy(), parent


@compiled
def _fill_preorder(above, place, end, free):  # type: ignore[no-untyped-def]
    """Fill in places and ends from the numbers of parents, 0 being the root; all the others come as zeros."""
    count = len(above)
    for vertex in range(count - 1, 0, -1):  # sizes first
        end[vertex] += 1
        end[above[vertex]] += end[vertex]
    end[0] += 1
    free[0] = 1  # the next free place under every vertex
    for vertex in range(1, count):
        up = above[vertex]
        place[vertex] = free[up]
        free[up] += end[vertex]
        free[vertex] = place[vertex] + 1
        end[vertex] += place[vertex]


@compiled
def _broken(tree, gone, heads, tails):  # type: ignore[no-untyped-def]
    """Return the intervals of places whose way from a start is broken, apart from one another and sorted."""
    place, end, parent = tree
    low = np.empty(len(gone) + len(heads), dtype=np.int32)
    high = np.empty(len(low), dtype=np.int32)
    size = 0
    for at in range(len(low)):
        vertex = gone[at] if at < len(gone) else heads[at - len(gone)]
        if place[vertex] >= 0 and (at < len(gone) or parent[vertex] == tails[at - len(gone)]):
            low[size], high[size] = place[vertex], end[vertex]
            size += 1
    by = np.argsort(low[:size])
    low, high = low[:size][by], high[:size][by]
    kept = 0
    for at in range(size):  # intervals of a tree lie apart or within one another
        if kept == 0 or low[at] >= high[kept - 1]:
            low[kept], high[kept] = low[at], high[at]
            kept += 1
    return low[:kept], high[:kept]


@compiled
def _within(intervals, at):  # type: ignore[no-untyped-def]
    """Return whether a place lies in one of the intervals."""
    here = np.searchsorted(intervals[0], at, side="right") - 1
    return here >= 0 and at < intervals[1][here]


@compiled
def _back_from(vertex, graph, tree, broken, mark, link, queue):  # type: ignore[no-untyped-def]
    """Look back from a vertex for one that hangs on an unbroken way.

    Returns what was seen, how many, and the last of them before such a vertex, or -1 if there is none.
    """
    start, other, into = graph[0], graph[1], graph[3]
    queue[0] = vertex
    mark[vertex], link[vertex] = _SEEN, -1
    here, stop = 0, 1
    while here < stop:
        seen = queue[here]
        here += 1
        for half in range(start[seen], start[seen + 1]):
            far = other[half]
            if not into[half] or tree[0][far] < 0 or mark[far] == _LOST or mark[far] == _SEEN:
                continue
            if mark[far] == _KEPT or not _within(broken, tree[0][far]):
                return queue, stop, seen
            mark[far], link[far] = _SEEN, seen
            if stop == len(queue):
                longer = np.empty(2 * stop, dtype=np.int32)
                longer[:stop] = queue
                queue = longer
            queue[stop] = far
            stop += 1
    return queue, stop, -1


@compiled
def _lost(graph, tree, gone, severed, scratch):  # type: ignore[no-untyped-def]  # noqa: C901
    """Fill in the lost of ``scratch`` and return how many; its marks come as zeros and are given back so."""
    start, other, out = graph[0], graph[1], graph[2]
    heads, tails = severed
    mark, link, found = scratch
    broken = _broken(tree, gone, heads, tails)
    queue = np.empty(64, dtype=np.int32)
    kept = [0 for _ in range(0)]
    size = 0
    for vertex in gone:
        if tree[0][vertex] >= 0 and mark[vertex] == _UNKNOWN:
            mark[vertex] = _LOST
            found[size] = vertex
            size += 1
    # What lies beside something lost or cut off, the ends of the severed first.
    at, half, stop = -1, 0, len(heads)
    while at < size:
        if half == stop:
            at += 1
            if at < size:
                half, stop = start[found[at]], start[found[at] + 1]
            continue
        beside = heads[half] if at < 0 else other[half]
        half += 1
        if at >= 0 and not out[half - 1]:
            continue
        if tree[0][beside] < 0 or mark[beside] != _UNKNOWN or not _within(broken, tree[0][beside]):
            continue
        queue, seen, last = _back_from(beside, graph, tree, broken, mark, link, queue)
        for step in range(seen):
            mark[queue[step]] = _LOST if last < 0 else _UNKNOWN
        if last < 0:
            found[size : size + seen] = queue[:seen]
            size += seen
        while last >= 0:
            mark[last] = _KEPT
            kept.append(last)
            last = link[last]
    for vertex in kept:
        mark[vertex] = _UNKNOWN
    for step in range(size):
        mark[found[step]] = _UNKNOWN
    return size


@compiled
def _lost_each(graph, tree, first, gone, scratch):  # type: ignore[no-untyped-def]
    """Return where the lost of every set begin, and the lost."""
    begins = np.zeros(len(first), dtype=np.int64)
    lists = np.empty(max(1024, len(gone)), dtype=np.int32)
    none = np.empty(0, dtype=np.int32)
    total = 0
    for one in range(len(first) - 1):
        size = _lost(graph, tree, gone[first[one] : first[one + 1]], (none, none), scratch)
        if total + size > len(lists):
            longer = np.empty(2 * (total + size), dtype=np.int32)
            longer[:total] = lists[:total]
            lists = longer
        lists[total : total + size] = scratch[2][:size]
        total += size
        begins[one + 1] = total
    return begins, lists[:total].copy()
