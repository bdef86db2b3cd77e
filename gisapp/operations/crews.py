"""The crews nearest to a place, by the streets where they lead there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gisapp.crs import require_metres

NEAR_STREET_M = 150.0
"""How far from a street a crew or place may lie and still be reached along it."""


def nearest_crews(
    crews: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, place: shapely.Point, *, utility: str, most: int = 5
) -> gpd.GeoDataFrame:
    """Return the crews of a utility that are on duty, the nearest to a place first.

    Parameters
    ----------
    crews, streets
        The tables, in one projected CRS in metres. Streets hang together where they meet or cross, a flyover too.
    place
        Where they must go, in the same CRS.
    utility
        Only crews with this skill.
    most
        At most so many.

    Returns
    -------
    GeoDataFrame
        The crews with ``distance_m`` and ``by``: ``streets`` for the way along streets, with the straight ways to
        and from the nearest street at both ends, or ``straight`` where a street is not near or none leads there. Ways
        along streets stand first: a straight line may cross a river.

    Raises
    ------
    CrsError
        When the crews are not in metres.
    """
    require_metres(crews.crs, "crews")
    able = crews[(crews["utility"] == utility) & crews["on_duty"].astype(bool) & crews.geometry.notna()]
    straight = able.distance(place).to_numpy()
    along = _along_streets(streets.geometry.to_numpy(), able.geometry.to_numpy(), place)
    led = np.isfinite(along)
    told = able.assign(distance_m=np.where(led, along, straight), by=np.where(led, "streets", "straight"))
    order = np.lexsort((told["code"].to_numpy(dtype=object), told["distance_m"], ~led))
    return told.iloc[order[:most]].reset_index(drop=True)


def _along_streets(lines: np.ndarray, starts: np.ndarray, place: shapely.Point) -> np.ndarray:
    """Return the metres along streets from every start to a place; infinite where no street leads."""
    if not len(lines) or not len(starts):
        return np.full(len(starts), np.inf)
    lines = shapely.get_parts(shapely.node(shapely.multilinestrings(lines)))
    ends = np.round(np.concatenate([shapely.get_coordinates(shapely.get_point(lines, at)) for at in (0, -1)]), 2)
    _, joint = np.unique(ends, axis=0, return_inverse=True)
    a, b = joint[: len(lines)], joint[len(lines) :]
    spots = np.append(starts, place)
    row, gap = shapely.STRtree(lines).query_nearest(spots, return_distance=True, all_matches=False)
    street = row[1]
    at = shapely.line_locate_point(lines[street], spots)
    reach, rest = at, shapely.length(lines[street]) - at
    ways = _ways(lines, a, b, goal=(a[street[-1]], b[street[-1]]), to_goal=(reach[-1], rest[-1]))
    found = np.minimum(ways[a[street[:-1]]] + reach[:-1], ways[b[street[:-1]]] + rest[:-1])
    same = street[:-1] == street[-1]
    found = np.where(same, np.minimum(found, np.abs(at[:-1] - at[-1])), found)
    near = (gap[:-1] <= NEAR_STREET_M) & (gap[-1] <= NEAR_STREET_M)
    return np.where(near, found + gap[:-1] + gap[-1], np.inf)


def _ways(
    lines: np.ndarray, a: np.ndarray, b: np.ndarray, *, goal: tuple[int, int], to_goal: tuple[float, float]
) -> np.ndarray:
    """Return the metres from every joint of the streets to the goal, which lies on one street between two joints."""
    count = int(max(a.max(), b.max())) + 1
    pairs = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "m": shapely.length(lines)})
    last = pd.DataFrame({"a": count, "b": goal, "m": np.maximum(to_goal, 1e-9)})  # nothing is no edge when sparse
    pairs = pd.concat([pairs[pairs["a"] != pairs["b"]], last])
    pairs = pairs.sort_values("m").drop_duplicates(["a", "b"])  # of parallel streets the shortest: they would add up
    graph = csr_array((pairs["m"], (pairs["a"], pairs["b"])), shape=(count + 1, count + 1))
    return np.asarray(dijkstra(graph, directed=False, indices=count))[:count]
