"""The affected area of a shutoff: footprints of the affected, else the ground nearest to their service points."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gisapp.crs import require_metres
from gisapp.network.attach import rows_of
from gisapp.network.shutoff import Shutoff

WAYS = ("already_dry", "storage_only", "unintended", "isolated")
"""The ways to be without supply, the later the worse."""
_LINE_M = 1.0


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
    point is not in it, for the Voronoi cell of the service point among **all** service points, clipped to a
    disc of ``reach_m`` and to the service line where ``links`` are given.

    Parameters
    ----------
    answer
        From :func:`gisapp.network.shutoff`.
    customers
        Every customer with its service point in ``geom``, and ``building_code``; those not affected too, for
        they bound the cells. Customers without a position count in neither share.
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
        a class, worst first. ``attrs`` holds ``affected_inside`` and ``others_inside``, shares between 0
        and 1 of the service points of either kind that lie in it; NaN where there are none.

    Raises
    ------
    CrsError
        When the customers are not in a projected CRS in metres.
    """
    crs = require_metres(customers.crs, "customers")
    points = customers.geometry.to_numpy()
    placed = np.flatnonzero(~shapely.is_missing(points) & ~shapely.is_empty(points))
    seen = customers.iloc[placed]
    spots = shapely.get_coordinates(points[placed])
    rank = _ranks(answer, seen["code"])
    houses, in_house = _footprints(seen, points[placed], rank, buildings)
    cells = _cells(answer, seen["code"], spots, rank, ~in_house, links, reach_m)
    area = _united([*houses, *cells], crs)
    inside = _inside(area, points[placed])
    area.attrs = {
        "affected_inside": _share(inside[rank >= 0]),
        "others_inside": _share(inside[rank < 0]),
    }
    return area


@dataclass(frozen=True, eq=False)
class _Part:
    """Shapes with the way of losing supply that each stands for, and whether others share it."""

    shapes: np.ndarray
    rank: np.ndarray
    mixed: np.ndarray


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
    seen: gpd.GeoDataFrame, points: np.ndarray, rank: np.ndarray, buildings: gpd.GeoDataFrame | None
) -> tuple[list[_Part], np.ndarray]:
    """Return the footprints of the affected, and a mask of those in them whose point lies there."""
    inside = np.zeros(len(seen), dtype=bool)
    if buildings is None or "building_code" not in seen.columns:
        return [], inside
    row = rows_of(buildings["code"], seen["building_code"])
    hit = np.unique(row[(rank >= 0) & (row >= 0)])
    housed = np.flatnonzero(np.isin(row, hit))
    used, group = np.unique(row[housed], return_inverse=True)
    worst, mixed = _spread(group, rank[housed])
    shapes = buildings.geometry.to_numpy()[used]
    inside[housed] = shapely.intersects(shapes[group], points[housed])
    return [_Part(shapes, worst, mixed)], inside


def _cells(
    answer: Shutoff,
    codes: pd.Series,
    spots: np.ndarray,
    rank: np.ndarray,
    wanted: np.ndarray,
    links: gpd.GeoDataFrame | None,
    reach_m: float,
) -> list[_Part]:
    """Return the clipped Voronoi cells of the affected service points among ``wanted``."""
    affected = np.flatnonzero((rank >= 0) & wanted)
    if not len(affected):
        return []
    lines = _service_lines(answer, codes.iloc[affected], spots[affected], links)
    long = float(np.nanmax(shapely.length(lines), initial=0.0))
    # Only neighbours within twice the reach can shape a clipped cell.
    near = cKDTree(spots[affected]).query(spots, distance_upper_bound=2 * max(reach_m, long) + 1.0)[0]
    close = np.flatnonzero(np.isfinite(near))
    sites, site_of = np.unique(spots[close], axis=0, return_inverse=True)
    worst, mixed = _spread(site_of, rank[close])
    mine, first = np.unique(site_of[np.searchsorted(close, affected)], return_index=True)
    discs = shapely.buffer(shapely.points(sites[mine]), reach_m, quad_segs=16)
    drawn = lines[first]
    has = ~shapely.is_missing(drawn)
    discs[has] = shapely.union(discs[has], shapely.buffer(drawn[has], _LINE_M))
    return [_Part(shapely.intersection(_voronoi(sites, 2 * max(reach_m, long))[mine], discs), worst[mine], mixed[mine])]


def _voronoi(sites: np.ndarray, margin_m: float) -> np.ndarray:
    """Return the Voronoi cell of every site, reaching ``margin_m`` beyond them."""
    around = shapely.box(*(sites.min(axis=0) - margin_m), *(sites.max(axis=0) + margin_m))
    if len(sites) < 2:
        return np.array([around])
    return shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(sites), extend_to=around, ordered=True))


def _service_lines(answer: Shutoff, codes: pd.Series, spots: np.ndarray, links: gpd.GeoDataFrame | None) -> np.ndarray:
    """Return the line from every service point to its place on the link, None where it is not known."""
    found = np.full(len(codes), None, dtype=object)
    if links is None:
        return found
    if "utility" in links.columns:
        links = links.loc[links["utility"] == answer.utility]
    people = pd.concat([getattr(answer, way).customers[["code", "link_code", "measure_m"]] for way in WAYS])
    mine = people.drop_duplicates("code").set_index("code").reindex(codes)
    row = pd.Index(links["code"]).get_indexer(mine["link_code"])
    known = np.flatnonzero(row >= 0)
    shapes, length = links.geometry.to_numpy()[row[known]], links["length_m"].to_numpy(dtype=float)[row[known]]
    share = np.divide(mine["measure_m"].to_numpy()[known], length, out=np.zeros(len(known)), where=length > 0)
    tapped = shapely.get_coordinates(shapely.line_interpolate_point(shapes, share, normalized=True))
    found[known] = shapely.linestrings(np.stack([spots[known], tapped], axis=1))
    return found


def _united(parts: list[_Part], crs: object) -> gpd.GeoDataFrame:
    """Return the union of the shapes for every class, those that others share apart, worst first."""
    rows = []
    shapes = np.concatenate([part.shapes for part in parts]) if parts else np.zeros(0, dtype=object)
    rank = np.concatenate([part.rank for part in parts]) if parts else np.zeros(0, dtype=np.int64)
    mixed = np.concatenate([part.mixed for part in parts]) if parts else np.zeros(0, dtype=bool)
    for place in reversed(range(len(WAYS))):
        for shared in (False, True):
            mine = shapes[(rank == place) & (mixed == shared)]
            if len(mine):  # coverage_union refuses clipped cells
                rows.append({"cls": WAYS[place], "mixed": shared, "geom": shapely.union_all(mine)})
    frame = pd.DataFrame(rows, columns=["cls", "mixed", "geom"]).astype({"cls": "str", "mixed": "bool"})
    return gpd.GeoDataFrame(frame, geometry="geom", crs=crs)


def _inside(area: gpd.GeoDataFrame, points: np.ndarray) -> np.ndarray:
    """Return a mask of the points that lie in the area, not only on its border."""
    whole = shapely.union_all(area.geometry.to_numpy())
    shapely.prepare(whole)
    return shapely.contains(whole, points)


def _share(inside: np.ndarray) -> float:
    """Return the share that is inside."""
    return float(inside.mean()) if len(inside) else float("nan")
