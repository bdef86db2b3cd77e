"""A walk over every pipe: held against all pairings of odd nodes on small networks."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest
import shapely
from shapely import LineString, box

from gisapp.errors import InputError
from gisapp.patrols import inspection, pipe_edges, street_edges

CRS = "EPSG:4547"


def edges_of(*lines):
    return pipe_edges(gpd.GeoDataFrame({}, geometry=list(lines), crs=CRS).rename_geometry("geom"))


def lattice(chance, size=3):
    """Return some edges of a crooked lattice, those of one part that hangs together."""
    xy = {(i, j): np.add((100 * i, 100 * j), chance.uniform(-30, 30, 2)) for i in range(size) for j in range(size)}
    graph = nx.grid_2d_graph(size, size)
    graph.remove_edges_from([edge for edge in sorted(graph.edges) if chance.random() < 0.2])
    part = max(nx.connected_components(graph), key=len)
    return [LineString([xy[a], xy[b]]) for a, b in sorted(graph.subgraph(part).edges)]


def least_again_m(edges):
    """Return the shortest ways between odd nodes over all pairings, one after another."""
    graph = nx.Graph()
    for a, b, metres in edges[["a", "b", "length_m"]].itertuples(index=False):
        graph.add_edge(a, b, weight=metres)
    ways = dict(nx.all_pairs_dijkstra_path_length(graph))
    odd = [node for node, degree in graph.degree() if degree % 2]

    def best(left):
        if not left:
            return 0.0
        first, *rest = left
        return min(ways[first][other] + best([node for node in rest if node != other]) for other in rest)

    return best(odd)


@pytest.mark.parametrize("seed", range(8))
def test_no_closed_walk_is_shorter_by_brute_force(seed):
    edges = edges_of(*lattice(np.random.default_rng(seed)))
    walk = inspection(edges)
    assert walk.exact
    assert walk.length_m == pytest.approx(edges["length_m"].sum() + least_again_m(edges))
    assert walk.bound_m <= walk.length_m + 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_every_edge_is_walked_and_the_walk_closes(seed):
    lines = lattice(np.random.default_rng(seed), 5)
    walk = inspection(edges_of(*lines), exact_odd=seed * 40)
    assert walk.line.coords[0] == walk.line.coords[-1]
    assert shapely.length(shapely.difference(lines, walk.line.buffer(0.001))).sum() == pytest.approx(0, abs=1e-6)
    assert walk.length_m == pytest.approx(walk.due_m + walk.again_m + walk.between_m)


def test_a_single_pipe_is_walked_there_and_back():
    walk = inspection(edges_of(LineString([(0, 0), (60, 0), (60, 40)])))
    assert (walk.length_m, walk.due_m, walk.bound_m) == (200, 100, 100 + np.hypot(60, 40))


def test_parts_are_joined_by_the_shortest_straight_way():
    square = [LineString([(0, 0), (10, 0)]), LineString([(10, 0), (10, 10)]), LineString([(10, 10), (0, 0)])]
    walk = inspection(edges_of(*square, *(shapely.transform(line, lambda xy: np.add(xy, [30, 0])) for line in square)))
    assert (walk.parts, walk.between_m, walk.again_m) == (2, 20, 20)


def test_streets_are_cut_where_they_cross_and_at_the_border():
    streets = gpd.GeoDataFrame(
        {}, geometry=[LineString([(-50, 0), (50, 0)]), LineString([(0, -50), (0, 50)])], crs=CRS
    ).rename_geometry("geom")
    edges = street_edges(streets, box(-20, -20, 20, 20))
    assert sorted(edges["length_m"]) == [20, 20, 20, 20]
    assert inspection(edges).length_m == 160


def test_a_grid_without_pipes_is_refused():
    with pytest.raises(InputError, match="no pipe or street"):
        inspection(edges_of(LineString([(0, 0), (1, 1)])).iloc[:0])
