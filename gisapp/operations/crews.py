"""The crews nearest to a place, by the streets where they lead there; those already at work after the free ones."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from gisapp.crs import require_metres
from gisapp.operations.forms import operation_list
from gisapp.operations.spans import NOT_OFF

NEAR_STREET_M = 150.0
"""How far from a street a crew or place may lie and still be reached along it."""


def nearest_crews(
    crews: gpd.GeoDataFrame,
    streets: gpd.GeoDataFrame,
    place: shapely.Point,
    *,
    utility: str,
    at_work: Mapping[str, str] | None = None,
    most: int = 5,
) -> gpd.GeoDataFrame:
    """Return the crews of a utility that are on duty, the nearest to a place first, those already at work last.

    Parameters
    ----------
    crews, streets
        The tables, in one projected CRS in metres. Streets hang together where they meet or cross, a flyover too.
    place
        Where they must go, in the same CRS.
    utility
        Only crews with this skill.
    at_work
        The crews that work elsewhere, each with the code of its operation: :func:`crews_at_work`.
    most
        At most so many.

    Returns
    -------
    GeoDataFrame
        The crews with ``distance_m`` and ``by``: ``streets`` for the way along streets, with the straight ways to
        and from the nearest street at both ends, or ``straight`` where a street is not near or none leads there. Ways
        along streets stand first: a straight line may cross a river. ``at_work`` is the operation at which a crew
        works, missing for those that are free.

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
    work = able["code"].map(dict(at_work or {})).astype("str")
    metres = np.where(led, along, straight)
    told = able.assign(distance_m=metres, by=np.where(led, "streets", "straight"), at_work=work)
    order = np.lexsort((told["code"].to_numpy(dtype=object), metres, ~led, work.notna()))
    return told.iloc[order[:most]].reset_index(drop=True)


def crews_at_work(shutoffs: pd.DataFrame, shutoff_steps: pd.DataFrame, *, leaving_out: str = "") -> dict[str, str]:
    """Return the operation at which every crew works: the last it was sent to, until supply is back there.

    A crew sent to what was then cancelled or postponed is free again, and so is one that only takes part in a drill.

    Parameters
    ----------
    shutoffs, shutoff_steps
        The tables.
    leaving_out
        The operation for which crews are sought, which has its own.
    """
    listed = operation_list(shutoffs, shutoff_steps)
    under_way = listed[~listed["status"].isin(NOT_OFF) & ~listed["drill"].astype(bool)]
    postponed = shutoff_steps[shutoff_steps["action"] == "postpone"].groupby("shutoff_code")["step"].max()
    since = shutoff_steps["shutoff_code"].map(postponed).fillna(0)
    sent = shutoff_steps[(shutoff_steps["action"] == "send_crew") & (shutoff_steps["step"] > since)]
    sent = sent.sort_values(["at", "step"], kind="stable")
    last = sent.drop_duplicates("subject", keep="last")
    held = last[last["shutoff_code"].isin(under_way["code"]) & (last["shutoff_code"] != leaving_out)]
    return dict(zip(held["subject"], held["shutoff_code"], strict=True))


def _along_streets(lines: np.ndarray, starts: np.ndarray, place: shapely.Point) -> np.ndarray:
    """Return the metres along streets from every start to a place; infinite where no street leads."""
    lines = lines[shapely.length(lines) > 0]  # an empty line takes some versions of GEOS down
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
