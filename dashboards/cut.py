"""Shapes cut to a tile: projected to the square world, clipped, simplified, put on the tile's raster."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyproj
import shapely

from dashboards.mvt import EXTENT, POINT, POLYGON, Parts
from gisapp.crs import bd09_from_wgs84, gcj02_from_wgs84, to_degrees

BUFFER = 128  # tile units: 16 px beyond the edge, so that strokes and circles have no seam
TOLERANCE = 2  # tile units: a quarter of a pixel, so that neighbours simplified apart still meet
_FRAMES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "wgs84": lambda lonlat: lonlat,
    "gcj02": gcj02_from_wgs84,
    "bd09": bd09_from_wgs84,
}


def to_world(geoms: np.ndarray, crs: pyproj.CRS | str, *, frame: str = "wgs84") -> np.ndarray:
    """Return geometries on the square world of web maps: x east, y south, both from 0 to 1.

    This is for drawing only. ``frame`` is the frame of the base map below (wgs84, gcj02 or bd09).
    """
    change = to_degrees(crs)

    def place(xy: np.ndarray) -> np.ndarray:
        return mercator(lonlat_in_frame(np.column_stack(change.transform(xy[:, 0], xy[:, 1])), frame))

    return shapely.transform(geoms, place)


def mercator(lonlat: np.ndarray) -> np.ndarray:
    """Return degrees as places on the square world."""
    north = np.arctanh(np.sin(np.radians(np.clip(lonlat[:, 1], -85.05, 85.05))))
    return np.column_stack([lonlat[:, 0] / 360 + 0.5, 0.5 - north / (2 * np.pi)])


def lonlat_in_frame(lonlat: np.ndarray, frame: str) -> np.ndarray:
    """Return WGS 84 degrees as the base map's frame counts them."""
    return _FRAMES[frame](lonlat)


def cut(geoms: np.ndarray, boxes: np.ndarray, kind: int, tile: tuple[int, int, int]) -> Parts:
    """Return what of ``geoms`` lies on tile (z, x, y), in tile units; owners are places in ``geoms``.

    ``boxes`` are their bounds. A shape too small to be seen at this zoom has no part.
    """
    zoom, column, row = tile
    side = 2.0**-zoom
    origin = np.array([column * side, row * side])
    if kind == POINT:
        xy = _quantised(shapely.get_coordinates(geoms), origin, side)
        return Parts(xy, np.arange(len(xy) + 1), np.arange(len(xy)))
    margin = side * BUFFER / EXTENT
    frame = (origin[0] - margin, origin[1] - margin, origin[0] + side + margin, origin[1] + side + margin)
    return whole(_clipped(geoms, boxes, frame), kind, origin, side)


def whole(geoms: np.ndarray, kind: int, origin: np.ndarray, side: float) -> Parts:
    """Return lines or polygons simplified, in units of a raster that counts ``EXTENT`` steps a ``side``."""
    simple = shapely.simplify(geoms, side * TOLERANCE / EXTENT, preserve_topology=False)
    return _rings(simple, origin, side) if kind == POLYGON else _lines(simple, origin, side)


def _clipped(geoms: np.ndarray, boxes: np.ndarray, frame: tuple[float, float, float, float]) -> np.ndarray:
    """Return geometries cut to a frame; those wholly inside are left as they are, which is most of them."""
    west, south, east, north = frame
    inside = (boxes[:, 0] >= west) & (boxes[:, 1] >= south) & (boxes[:, 2] <= east) & (boxes[:, 3] <= north)
    clipped = geoms.copy()
    clipped[~inside] = shapely.clip_by_rect(geoms[~inside], west, south, east, north)
    return clipped


def _quantised(xy: np.ndarray, origin: np.ndarray, side: float) -> np.ndarray:
    """Return places on the tile's raster."""
    return np.rint((xy - origin) * (EXTENT / side)).astype(np.int64)


def _lines(geoms: np.ndarray, origin: np.ndarray, side: float) -> Parts:
    """Return lines with at least two different points."""
    pieces, owner = shapely.get_parts(geoms, return_index=True)
    straight = shapely.get_type_id(pieces) == shapely.GeometryType.LINESTRING
    pieces, owner = pieces[straight], owner[straight]
    coordinates, part = shapely.get_coordinates(pieces, return_index=True)
    xy, counts = _without_repeats(_quantised(coordinates, origin, side), part, len(pieces))
    return _only(xy, counts, owner, counts >= 2)


def _rings(geoms: np.ndarray, origin: np.ndarray, side: float) -> Parts:
    """Return rings with an area: the outer one of each polygon, then its holes, each the right way round."""
    pieces, owner = shapely.get_parts(geoms, return_index=True)
    flat = shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON
    pieces, owner = pieces[flat], owner[flat]
    rings, polygon = shapely.get_rings(pieces, return_index=True)
    if not len(rings):
        return Parts(np.empty((0, 2), dtype=np.int64), np.zeros(1, dtype=np.int64), owner[:0])
    coordinates, part = shapely.get_coordinates(rings, return_index=True)
    xy, counts = _without_repeats(_quantised(coordinates, origin, side), part, len(rings))
    xy, counts = _unclosed(xy, counts)
    outer = np.r_[True, polygon[1:] != polygon[:-1]]
    area = _area(xy, counts)
    seen = (counts >= 3) & (area != 0)  # a hole lies within its outer ring and vanishes before it
    xy = _turned(xy, counts, (area > 0) != outer)
    return _only(xy, counts, owner[polygon], seen)


def _without_repeats(xy: np.ndarray, part: np.ndarray, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return points that differ from the one before in their part, and how many each part has."""
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (part[1:] != part[:-1]) | (xy[1:] != xy[:-1]).any(axis=1)
    return xy[keep], np.bincount(part[keep], minlength=parts)


def _unclosed(xy: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rings without the last point, which repeats the first."""
    keep = np.ones(len(xy), dtype=bool)
    keep[np.cumsum(counts)[counts > 1] - 1] = False
    return xy[keep], np.where(counts > 1, counts - 1, counts)


def _area(xy: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return twice the area of each ring, positive for an outer ring of the tile format."""
    ends = np.cumsum(counts)
    following = np.arange(1, len(xy) + 1)
    following[ends - 1] = ends - counts
    cross = xy[:, 0] * xy[following, 1] - xy[following, 0] * xy[:, 1]
    return np.add.reduceat(cross, ends - counts)


def _turned(xy: np.ndarray, counts: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return rings with those marked wrong run the other way."""
    ends = np.cumsum(counts)
    mirror = np.repeat(2 * ends - counts - 1, counts) - np.arange(len(xy))
    return xy[np.where(np.repeat(wrong, counts), mirror, np.arange(len(xy)))]


def _only(xy: np.ndarray, counts: np.ndarray, owner: np.ndarray, seen: np.ndarray) -> Parts:
    """Return the parts marked as seen."""
    return Parts(xy[np.repeat(seen, counts)], np.r_[0, np.cumsum(counts[seen])], owner[seen])
