"""Search trees and dominators: the same as searching again without what is taken out."""

import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from gisapp.network.dominators import dominators
from gisapp.network.search import Adjacency, Ways, adjacency, reach, ways
from gisapp.network.sets import Sets
from gisapp.network.trees import lost, lost_each, tree_from

GRAPHS = 1000 if os.environ.get("GISAPP_NIGHTLY") else 100


class Drawn:
    """A random graph with parallel edges, loops and one-way edges."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = np.random.default_rng(seed)
        self.count, size = int(dice.integers(1, 30)), int(dice.integers(1, 60))
        self.a, self.b = dice.integers(0, self.count, (2, size))
        self.forth, self.back = dice.random((2, size)) < 0.7
        self.starts = np.unique(dice.integers(0, self.count, dice.integers(0, 4)))
        self.graph: Adjacency = adjacency(self.count, self.a, self.b)

    @property
    def way(self) -> Ways:
        return ways(self.graph, self.forth, self.back)

    def some(self, most: int) -> np.ndarray:
        return np.unique(self.dice.integers(0, self.count, self.dice.integers(1, most)))

    def reached(self, gone=()) -> set[int]:
        graph: nx.DiGraph = nx.DiGraph()
        graph.add_nodes_from(range(self.count))
        graph.add_edges_from(zip(self.a[self.forth], self.b[self.forth], strict=True))
        graph.add_edges_from(zip(self.b[self.back], self.a[self.back], strict=True))
        graph.remove_nodes_from(gone)
        left = [start for start in self.starts if start in graph]
        return set(left).union(*(nx.descendants(graph, start) for start in left))


@pytest.mark.parametrize("deep", [False, True])
def test_a_tree_reaches_what_a_search_does_and_hangs_each_on_the_one_before_it(deep: bool) -> None:
    for seed in range(GRAPHS):
        made = Drawn(seed)
        tree = tree_from(made.graph, made.way.out, made.starts, deep=deep)
        assert set(np.flatnonzero(tree.reached)) == made.reached()
        place, end = tree.intervals
        for vertex in np.flatnonzero(tree.parent >= 0):
            up = tree.parent[vertex]
            assert place[up] < place[vertex] < end[vertex] <= end[up]
        assert sorted(place[tree.reached]) == list(range(len(tree.order)))


def test_a_search_reaches_what_may_be_entered_from_starts_that_may_be() -> None:
    for seed in range(GRAPHS):
        made = Drawn(seed)
        shut = made.dice.random(made.count) < 0.2
        found = reach(made.graph, made.way.out, made.starts, shut).tolist()
        assert len(found) == len(set(found))
        assert set(found) == made.reached(np.flatnonzero(shut)), seed


def test_what_is_lost_is_what_a_search_without_it_does_not_reach() -> None:
    for seed in range(GRAPHS):
        made = Drawn(seed)
        tree = tree_from(made.graph, made.way.out, made.starts)
        sets = [made.some(5) for _ in range(3)]
        all_ = Sets(np.append(0, np.cumsum([len(one) for one in sets])), np.concatenate(sets))
        each = lost_each(made.graph, made.way, tree, all_)
        for number, gone in enumerate(sets):
            expected = made.reached() - made.reached(gone)
            found = lost(made.graph, made.way, tree, gone).tolist()
            assert len(found) == len(set(found))
            assert set(found) == expected == set(each.pick(np.array([number])).member), (seed, number)


def test_what_is_lost_when_edges_are_severed_too_is_what_a_search_without_them_does_not_reach() -> None:
    for seed in range(GRAPHS):
        made = Drawn(seed)
        tree, before = tree_from(made.graph, made.way.out, made.starts), made.reached()
        cut = np.unique(made.dice.integers(0, len(made.a), 3))
        made.forth[cut] = made.back[cut] = False
        gone = made.some(3)
        found = lost(made.graph, made.way, tree, gone, severed=(made.a[cut], made.b[cut]))
        assert set(found) == before - made.reached(gone), seed


def test_what_hangs_under_a_vertex_in_the_dominator_tree_is_what_is_lost_with_it() -> None:
    for seed in range(GRAPHS):
        made = Drawn(seed)
        found = dominators(made.graph, made.way, made.starts)
        for vertex in range(made.count):
            under = found.order[found.place[vertex] : found.end[vertex]] if found.place[vertex] >= 0 else []
            assert set(under) == made.reached() - made.reached([vertex]), (seed, vertex)


def test_sums_over_places_are_sums_over_what_hangs_there() -> None:
    made = Drawn(5)
    found = dominators(made.graph, made.way, made.starts)
    weights = made.dice.integers(0, 9, (made.count, 2))
    sums = found.sums(weights)
    assert len(found.order) > 5
    for vertex in found.order:
        under = found.order[found.place[vertex] : found.end[vertex]]
        assert (sums[found.end[vertex]] - sums[found.place[vertex]] == weights[under].sum(axis=0)).all()


def test_without_numba_all_is_the_same() -> None:
    arguments = ["-q", "-n", "0", __file__, "-k", "not numba"]
    code = f"import sys; sys.modules['numba'] = None; import pytest; sys.exit(pytest.main({arguments!r}))"
    plain = {**os.environ, "GISAPP_NIGHTLY": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=plain)
    assert done.returncode == 0, done.stdout
