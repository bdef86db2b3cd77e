"""The affected area of a shutoff: footprints of the affected, else the ground nearest to their service points."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from geopandas.array import from_shapely

from gisapp.crs import require_metres
from gisapp.network.attach import rows_of
from gisapp.network.shutoff import Shutoff

WAYS = ("already_dry", "storage_only", "unintended", "isolated")
"""The ways to be without supply, the later the worse."""
_LINE_M = 1.0
_ARC = 8
"""Straight pieces to a quarter of a circle: a disc of 30 m loses at most 15 cm."""
_NEAR_M = 1e-6


def affected_area(
    answer: Shutoff,
    customers: gpd.GeoDataFrame,
    buildings: gpd.GeoDataFrame | None = None,
    *,
    links: gpd.GeoDataFrame | None = None,
    reach_m: float = 30.0,
) -> gpd.GeoDataFrame:
    """Return the area without supply, one row for every way of losing it.

    An affected customer stands for the footprint of the building; without one, or where the service
    point is not inside it, for the Voronoi cell of the service point among **all** service points, clipped to a
    disc of ``reach_m`` and to the service line where ``links`` are given.

    Parameters
    ----------
    answer
        From :func:`gisapp.network.shutoff`.
    customers
        Every customer with its service point in ``geom``, and ``building_code``; those not affected too, for
        they bound the cells. The frame keeps their spatial index for the next answer.
    buildings
        Footprints with ``code``.
    links
        Links of the utility with ``code``, ``length_m`` and geometry, to draw service lines.
    reach_m
        Radius of the discs in metres.

    Returns
    -------
    GeoDataFrame
        ``cls`` (``isolated``, ``unintended``, ``storage_only``, ``already_dry``), ``mixed`` (footprints and
        points that others with supply, or in another class, share: to be hatched), ``geom``; at most two rows
        a class, worst first.

    Raises
    ------
    CrsError
        When the customers are not in a projected CRS in metres.
    """
    crs = require_metres(customers.crs, "customers")
    points = customers.geometry.to_numpy()
    rank = _ranks(answer, customers["code"])
    houses, in_house = _footprints(customers, points, rank, buildings)
    affected = np.flatnonzero((rank >= 0) & ~in_house)
    affected = affected[_placed(points[affected])]
    cells = _cells(answer, customers, rank, affected, links, reach_m) if len(affected) else []
    return _united([*houses, *cells], crs)


@dataclass(frozen=True)
class AreaShares:
    """How well an affected area tells who is affected.

    Parameters
    ----------
    affected_inside, others_inside
        Shares between 0 and 1 of the service points of either kind that lie in it; NaN where there are none.
        Others in a hatched shape are in neither: they share the building or the point of somebody who is affected.
    sharing
        How many others lie in a hatched shape.
    """

    affected_inside: float
    others_inside: float
    sharing: int


def area_shares(area: gpd.GeoDataFrame, answer: Shutoff, customers: gpd.GeoDataFrame) -> AreaShares:
    """Return the shares of affected and of other service points that lie in an affected area.

    Parameters
    ----------
    area
        From :func:`affected_area`.
    answer
        For which it was drawn.
    customers
        Every customer with its service point; those without a position count in neither share.
    """
    affected = _ranks(answer, customers["code"]) >= 0
    shape, row = customers.sindex.query(area.geometry.to_numpy(), predicate="contains")  # not only on its border
    inside, hatched = np.unique(row), np.unique(row[area["mixed"].to_numpy(dtype=bool)[shape]])
    placed_affected = int(_placed(customers.geometry.to_numpy()[affected]).sum())
    sharing = int((~affected[hatched]).sum())
    hit = int(affected[inside].sum())
    others = customers.sindex.size - placed_affected - sharing
    return AreaShares(
        hit / placed_affected if placed_affected else float("nan"),
        (len(inside) - hit - sharing) / others if others else float("nan"),
        sharing,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """Shapes with the way of losing supply that each stands for, and whether others share it."""

    shapes: np.ndarray
    rank: np.ndarray
    mixed: np.ndarray


def _placed(points: np.ndarray) -> np.ndarray:
    """Return a mask of the points that are known."""
    return ~shapely.is_missing(points) & ~shapely.is_empty(points)


def _ranks(answer: Shutoff, codes: pd.Series) -> np.ndarray:
    """Return the place in WAYS for every customer, -1 for those not affected."""
    worst_first = [getattr(answer, way).customers["code"] for way in reversed(WAYS)]
    ranks = np.repeat(np.arange(len(WAYS))[::-1], [len(part) for part in worst_first])
    row = rows_of(pd.concat(worst_first, ignore_index=True), codes)
    return np.where(row >= 0, np.append(ranks, -1)[row], -1)


def _spread(group: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for every group the worst rank in it, and whether not all are the same."""
    count = int(group.max(initial=-1)) + 1
    worst, least = np.full(count, -1), np.full(count, len(WAYS))
    np.maximum.at(worst, group, rank)
    np.minimum.at(least, group, rank)
    return worst, worst != least


def _footprints(
    customers: gpd.GeoDataFrame, points: np.ndarray, rank: np.ndarray, buildings: gpd.GeoDataFrame | None
) -> tuple[list[_Part], np.ndarray]:
    """Return the footprints of the affected, and a mask of the customers in those whose point lies inside."""
    inside = np.zeros(len(customers), dtype=bool)
    if buildings is None or "building_code" not in customers.columns:
        return [], inside
    codes = customers["building_code"]
    used = np.unique(rows_of(buildings["code"], codes.iloc[np.flatnonzero(rank >= 0)]))
    used = used[used >= 0]
    group = rows_of(buildings["code"].iloc[used], codes)
    housed = np.flatnonzero(group >= 0)
    group = group[housed]
    worst, mixed = _spread(group, rank[housed])
    shapes = buildings.geometry.to_numpy()[used]
    inside[housed] = shapely.contains(shapes[group], points[housed])
    return [_Part(shapes, worst, mixed)], inside


def _cells(
    answer: Shutoff,
    customers: gpd.GeoDataFrame,
    rank: np.ndarray,
    affected: np.ndarray,
    links: gpd.GeoDataFrame | None,
    reach_m: float,
) -> list[_Part]:
    """Return the ground nearest to the service points of the affected rows, in one piece for every class."""
    points = customers.geometry.to_numpy()
    spots = points[affected]
    lines = _long_lines(answer, customers["code"].iloc[affected], spots, links, reach_m)
    reach = np.fmax(shapely.length(lines), reach_m)
    # Only neighbours within twice the reach of a point can shape its clipped cell.
    close = np.unique(customers.sindex.query(spots, predicate="dwithin", distance=2 * reach + 1.0)[1])
    sites, site_of = np.unique(shapely.get_coordinates(points[close]), axis=0, return_inverse=True)
    worst, mixed = _spread(site_of, rank[close])
    mine = site_of[np.searchsorted(close, affected)]
    cells = _voronoi(sites, 2 * float(reach.max()))
    long = ~shapely.is_missing(lines)
    along = shapely.intersection(cells[mine[long]], shapely.buffer(lines[long], _LINE_M))
    parts = [_Part(along, worst[mine[long]], mixed[mine[long]])]
    chosen = np.unique(mine)
    ground = _within_reach(cells[chosen], sites[chosen], reach_m)
    classes, class_of = np.unique(np.stack([worst[chosen], mixed[chosen]], axis=1), axis=0, return_inverse=True)
    for number, (way, shared) in enumerate(classes):
        shapes = shapely.get_parts(shapely.coverage_union_all(ground[class_of == number]))
        parts.append(_Part(shapes, np.full(len(shapes), way), np.full(len(shapes), shared, dtype=bool)))
    return parts


def _within_reach(cells: np.ndarray, sites: np.ndarray, reach_m: float) -> np.ndarray:
    """Return Voronoi cells, each clipped to the disc around its site; neighbours share their corners bit for bit."""
    corners, cell = shapely.get_coordinates(cells, return_index=True)
    far = np.unique(cell[np.hypot(*(corners - sites[cell]).T) > reach_m - _NEAR_M])
    if not len(far):
        return cells
    edge = np.flatnonzero((cell[:-1] == cell[1:]) & np.isin(cell[:-1], far))
    owner, start, end = np.searchsorted(far, cell[edge]), corners[edge], corners[edge + 1]
    sites, found = sites[far], cells.copy()
    # Either site is as far from their common edge: what is within reach of it is worked out once.
    once, of_edge = _alike(start + end)
    from_, to, inside = _reached(start[once], end[once], sites[owner[once]], reach_m)
    kept = np.flatnonzero(inside[of_edge])
    arcs, of_arc = _arcs(sites, reach_m, owner, start, end)
    points = np.concatenate([from_[of_edge[kept]], to[of_edge[kept]], arcs])
    of = np.concatenate([owner[kept], owner[kept], of_arc])
    order = np.argsort(7.0 * of + np.arctan2(*(points - sites[of]).T), kind="stable")  # a site sees all of its cell
    points, of = points[order], of[order]
    new = np.append(True, (of[1:] != of[:-1]) | (points[1:] != points[:-1]).any(axis=1))
    found[far] = shapely.polygons(shapely.linearrings(points[new], indices=of[new]))
    return found


def _alike(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one row of every different point, and for every row which of them it is."""
    order = np.lexsort(points.T)
    new = np.append(True, (points[order[1:]] != points[order[:-1]]).any(axis=1))
    which = np.empty(len(order), dtype=np.int64)
    which[order] = np.cumsum(new) - 1
    return order[new], which


def _reached(
    start: np.ndarray, end: np.ndarray, site: np.ndarray, reach_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where each edge comes within reach of its site, where it leaves it, and whether it does."""
    step, to_site = end - start, site - start
    length2 = (step**2).sum(axis=1)
    foot = (step * to_site).sum(axis=1) / length2
    off2 = _cross(step, to_site) ** 2 / length2
    half = np.sqrt(np.maximum(reach_m**2 - off2, 0.0) / length2)
    first, last = np.clip(foot - half, 0.0, 1.0)[:, None], np.clip(foot + half, 0.0, 1.0)[:, None]
    come = np.where(first == 0.0, start, start + first * step)
    leave = np.where(last == 1.0, end, start + last * step)
    return come, leave, (first < last)[:, 0]


def _arcs(
    sites: np.ndarray, reach_m: float, owner: np.ndarray, start: np.ndarray, end: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of discs that lie in the cells of their sites, and of which each; the edges are the cells'."""
    turn = np.arange(4 * _ARC) * (np.pi / (2 * _ARC))
    spots = sites[:, None] + reach_m * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    step = end - start
    side = np.sign(_cross(step, sites[owner] - start))
    ahead = _cross(step[:, None], spots[owner] - start[:, None]) * side[:, None] > 0.0
    first = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
    within = np.logical_and.reduceat(ahead, first, axis=0)
    return spots[within], np.repeat(np.arange(len(sites)), within.sum(axis=1))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the cross product of vectors in the plane, along the last axis."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def _voronoi(sites: np.ndarray, margin_m: float) -> np.ndarray:
    """Return the Voronoi cell of every site, reaching ``margin_m`` beyond them."""
    around = shapely.box(*(sites.min(axis=0) - margin_m), *(sites.max(axis=0) + margin_m))
    if len(sites) < 2:
        return np.array([around])
    return shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=around, ordered=True))


def _long_lines(
    answer: Shutoff, codes: pd.Series, spots: np.ndarray, links: gpd.GeoDataFrame | None, reach_m: float
) -> np.ndarray:
    """Return the lines from service points to their places on links that leave the disc, None for all others."""
    found = np.full(len(codes), None, dtype=object)
    if links is None:
        return found
    parts = [getattr(answer, way).customers for way in WAYS]
    code, link, measure = (pd.concat([part[name] for part in parts]) for name in ("code", "link_code", "measure_m"))
    at = rows_of(code, codes)
    link, at_m = link.iloc[at], measure.to_numpy(dtype=float)[at]
    near = np.flatnonzero(rows_of(link.drop_duplicates(), links["code"]) >= 0)
    if "utility" in links.columns:
        near = near[(links["utility"].iloc[near] == answer.utility).to_numpy()]
    row = rows_of(links["code"].iloc[near], link)
    known = np.flatnonzero(row >= 0)
    row = near[row[known]]
    shapes, length = links.geometry.to_numpy()[row], links["length_m"].to_numpy(dtype=float)[row]
    share = np.divide(at_m[known], length, out=np.zeros(len(known)), where=length > 0)
    tapped = shapely.get_coordinates(shapely.line_interpolate_point(shapes, share, normalized=True))
    ends = np.stack([shapely.get_coordinates(spots[known]), tapped], axis=1)
    long = np.hypot(*(ends[:, 1] - ends[:, 0]).T) > reach_m
    found[known[long]] = shapely.linestrings(ends[long])
    return found


def _united(parts: list[_Part], crs: object) -> gpd.GeoDataFrame:
    """Return the union of the shapes for every class, those that others share apart, worst first."""
    shapes = np.concatenate([part.shapes for part in parts]) if parts else np.zeros(0, dtype=object)
    rank = np.concatenate([part.rank for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    mixed = np.concatenate([part.mixed for part in parts]) if parts else np.zeros(0, dtype=bool)
    rows = [
        (WAYS[place], shared, shapely.disjoint_subset_union_all(mine))
        for place in reversed(range(len(WAYS)))
        for shared in (False, True)
        if len(mine := shapes[(rank == place) & (mixed == shared)])
    ]
    ways, hatched, grounds = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {"cls": pd.array(ways, dtype="str"), "mixed": np.array(hatched, dtype=bool)}
    return gpd.GeoDataFrame({**columns, "geom": from_shapely(np.array(grounds, dtype=object), crs)}, geometry="geom")
