"""The shortest way that walks every pipe or street of a grid at least once and ends where it began."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gisapp.crs import require_metres
from gisapp.errors import InputError

EXACT_ODD = 120
"""Up to so many odd nodes all pairs are weighed, and no walk is shorter; of more only each one's nearest."""
_NEAREST = 12


@dataclass(frozen=True)
class Walk:
    """A closed walk: its line, metres, and how they come about.

    ``length_m`` is ``due_m`` (each edge once) and ``again_m`` (walked twice) and ``between_m`` (from one part that
    does not hang together with the others to the next, straight). No closed walk is shorter than ``bound_m``.
    ``exact`` says that none along the edges is shorter than this one, given the straight ways between parts.
    """

    line: shapely.LineString
    length_m: float
    due_m: float
    again_m: float
    between_m: float
    bound_m: float
    parts: int
    exact: bool


def pipe_edges(pipes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return pipes (:func:`gisapp.patrols.assets_due`) as edges between their ends, those cut at a border as well."""
    return _edges(shapely.get_parts(pipes.geometry.to_numpy()), pipes.crs)


def street_edges(streets: gpd.GeoDataFrame, area: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the streets of an area as edges from crossing to crossing."""
    require_metres(streets.crs, "streets")
    near = shapely.intersection(streets.geometry.to_numpy(), area)
    lines = shapely.get_parts(near)
    lines = lines[(shapely.get_type_id(lines) == 1) & (shapely.length(lines) > 0)]  # an empty line crashes GEOS
    return _edges(shapely.get_parts(shapely.node(shapely.multilinestrings(lines))), streets.crs)


def inspection(edges: gpd.GeoDataFrame, *, exact_odd: int = EXACT_ODD) -> Walk:
    """Return a closed walk over all edges: route inspection after Edmonds and Johnson (1973).

    Nodes at which an odd number of edges meet are paired so that the ways between the pairs, walked twice, are
    shortest; the walk is an Euler tour of what results. Parts that do not hang together are joined first by the
    shortest straight ways.

    Parameters
    ----------
    edges
        From :func:`pipe_edges` or :func:`street_edges`.
    exact_odd
        Up to so many odd nodes all pairs are weighed. The time grows with the cube of their number.

    Raises
    ------
    InputError
        When there is no edge.
    """
    if edges.empty:
        raise InputError("has no pipe or street to walk", todo="choose another grid or utility", field="grid")
    graph = _graph(edges)
    due_m = _metres(graph)
    bound_m = due_m + _half_nearest(graph)
    parts = _joined(graph)
    odd = sorted(node for node, degree in graph.degree() if degree % 2)
    exact = len(odd) <= exact_odd
    pairs = _pairs(graph, odd, exact=exact)
    again_m = 0.0
    for one, other in pairs:
        for a, b in nx.utils.pairwise(nx.dijkstra_path(graph, one, other, weight=_least)):
            edge = min(graph[a][b].values(), key=lambda told: told["m"])
            graph.add_edge(a, b, **edge | {"again": True})
    legs = list(nx.eulerian_circuit(graph, source=min(graph.nodes), keys=True))
    told = [graph[a][b][key] for a, b, key in legs]
    again_m = sum(one["m"] for one in told if one.get("again"))
    between_m = sum(one["m"] for one in told if one["between"] and not one.get("again"))
    steps = [
        shapely.get_coordinates(one["line"])[:: 1 if one["from"] == a else -1]
        for (a, _, _), one in zip(legs, told, strict=True)
    ]
    line = shapely.LineString(np.concatenate(steps))
    return Walk(line, float(line.length), due_m, again_m, between_m, bound_m, parts, exact)


def _edges(lines: np.ndarray, crs: object) -> gpd.GeoDataFrame:
    """Return lines as edges; ends within a centimetre are one node. Loops and lines of no length are kept out."""
    lines = lines[(shapely.get_type_id(lines) == 1) & (shapely.length(lines) > 0)]
    ends = np.round(np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)]), 2)
    _, node = np.unique(ends, axis=0, return_inverse=True)
    node = node.reshape(-1)
    frame = {"a": node[: len(lines)], "b": node[len(lines) :], "length_m": shapely.length(lines)}
    return gpd.GeoDataFrame(frame, geometry=lines, crs=crs).rename_geometry("geom")


def _graph(edges: gpd.GeoDataFrame) -> nx.MultiGraph:
    """Return the graph of edges, nodes with their positions."""
    graph = nx.MultiGraph()
    for row in edges.itertuples():  # an edge of a graph is an object of its own
        for node, at in ((row.a, 0), (row.b, -1)):
            graph.add_node(node, xy=row.geom.coords[at])
        graph.add_edge(row.a, row.b, m=row.length_m, line=row.geom, between=False, **{"from": row.a})
    return graph


def _metres(graph: nx.MultiGraph) -> float:
    return float(sum(m for _, _, m in graph.edges(data="m")))


def _least(_a: int, _b: int, between: dict[int, dict[str, float]]) -> float:
    return min(edge["m"] for edge in between.values())


def _half_nearest(graph: nx.MultiGraph) -> float:
    """Return half the straight metres from each odd node to the nearest other: what must at least be walked again."""
    odd = [graph.nodes[node]["xy"] for node, degree in graph.degree() if degree % 2]
    if not odd:
        return 0.0
    metres, _ = cKDTree(odd).query(odd, k=2)
    return float(metres[:, 1].sum() / 2)


def _joined(graph: nx.MultiGraph) -> int:
    """Join the parts of a graph by straight ways, the shortest first; return how many parts there were."""
    parts = [sorted(part) for part in nx.connected_components(graph)]
    if len(parts) == 1:
        return 1
    places = [np.array([graph.nodes[node]["xy"] for node in part]) for part in parts]
    trees = [cKDTree(xy) for xy in places]
    ways = nx.Graph()
    for one, other in combinations(range(len(parts)), 2):  # few: the parts of a grid
        metres, at = trees[other].query(places[one])
        nearest = int(metres.argmin())
        ends = parts[one][nearest], parts[other][int(at[nearest])]
        ways.add_edge(one, other, m=float(metres[nearest]), ends=ends)
    for _, _, way in nx.minimum_spanning_edges(ways, weight="m"):
        a, b = way["ends"]
        line = shapely.LineString([graph.nodes[a]["xy"], graph.nodes[b]["xy"]])
        graph.add_edge(a, b, m=way["m"], line=line, between=True, **{"from": a})
    return len(parts)


def _pairs(graph: nx.MultiGraph, odd: list[int], *, exact: bool) -> list[tuple[int, int]]:
    """Return odd nodes in pairs whose ways together are shortest; of many only pairs of near ones are weighed."""
    if not odd:
        return []
    wanted = set(odd)
    ways = nx.Graph()
    for node in odd:
        metres = nx.single_source_dijkstra_path_length(graph, node, weight=_least)
        near = sorted((m, other) for other, m in metres.items() if other in wanted and other != node)
        for m, other in near if exact else near[:_NEAREST]:
            ways.add_edge(node, other, weight=m)
    pairs = [(min(pair), max(pair)) for pair in nx.min_weight_matching(ways)]
    left = sorted(wanted - {node for pair in pairs for node in pair})
    return sorted(pairs) + list(zip(left[::2], left[1::2], strict=True))


def as_table(walk: Walk) -> pd.DataFrame:
    """Return the corners of a walk with the metres walked when they are reached."""
    xy = shapely.get_coordinates(walk.line)
    along = np.concatenate([[0.0], np.hypot(*np.diff(xy, axis=0).T).cumsum()])
    return pd.DataFrame({"number": range(1, len(xy) + 1), "along_m": along, "x": xy[:, 0], "y": xy[:, 1]})
