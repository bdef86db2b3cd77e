"""How many metres of each line lie within a distance of other lines, exact: no discs are drawn."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely

Reals = npt.NDArray[np.float64]


def near_m(lines: npt.NDArray[np.object_], others: npt.NDArray[np.object_], tolerance_m: float) -> Reals:
    """Return for each line the metres that lie within ``tolerance_m`` of any of the others, equal included.

    A straight piece lies within a distance of another along one stretch at most, for the places near a straight piece
    are convex. These stretches are joined along each piece. The time grows with the pairs of pieces that are near one
    another, not with how often the others cross themselves.
    """
    starts, ends, line = _pieces(lines)
    found = np.zeros(len(lines))
    other_starts, other_ends, _ = _pieces(others)
    if not len(starts) or not len(other_starts):
        return found
    tree = shapely.STRtree(_segments(other_starts, other_ends))
    piece, other = tree.query(_segments(starts, ends), predicate="dwithin", distance=tolerance_m)
    low, high = _stretch((starts[piece], ends[piece]), (other_starts[other], other_ends[other]), tolerance_m)
    length_m = np.hypot(*(ends - starts).T)
    shares = _joined(piece, low, high, len(starts))
    np.add.at(found, line, shares * length_m)
    return found


def _pieces(lines: npt.NDArray[np.object_]) -> tuple[Reals, Reals, npt.NDArray[np.intp]]:
    """Return the straight pieces of lines, where each starts and ends, and the row of its line."""
    parts, row = shapely.get_parts(lines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    same = part[1:] == part[:-1]
    moved = (xy[1:] != xy[:-1]).any(axis=1)
    kept = same & moved
    return xy[:-1][kept], xy[1:][kept], row[part[:-1][kept]]


def _segments(starts: Reals, ends: Reals) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.linestrings(np.stack([starts, ends], axis=1)))


def _stretch(piece: tuple[Reals, Reals], other: tuple[Reals, Reals], reach_m: float) -> tuple[Reals, Reals]:
    """Return for each pair the shares of the piece between which it lies within reach; low above high where nowhere.

    The places within reach of a straight piece are a disc at either end and a rectangle between them.
    """
    starts, way = piece[0], piece[1] - piece[0]
    along = other[1] - other[0]
    length_m = np.hypot(*along.T)
    unit = along / length_m[:, None]
    offset = starts - other[0]
    runs, leaves = _dot(way, unit), _cross(unit, way)
    bounds = [
        _disc(offset, way, reach_m),
        _disc(starts - other[1], way, reach_m),
        _both(
            _slab(_dot(offset, unit), runs, np.zeros(len(way)), length_m),
            _slab(_cross(unit, offset), leaves, np.full(len(way), -reach_m), np.full(len(way), reach_m)),
        ),
    ]
    lows = [np.where(low <= high, low, np.inf) for low, high in bounds]
    highs = [np.where(low <= high, high, -np.inf) for low, high in bounds]
    return np.clip(np.min(lows, axis=0), 0, None), np.clip(np.max(highs, axis=0), None, 1)


def _disc(offset: Reals, way: Reals, reach_m: float) -> tuple[Reals, Reals]:
    """Return the shares of a way, beginning at an offset from the middle of a disc, between which it lies in it."""
    square = _dot(way, way)
    half = _dot(offset, way)
    under = half**2 - square * (_dot(offset, offset) - reach_m**2)
    root = np.sqrt(np.maximum(under, 0))
    return np.where(under < 0, np.inf, (-half - root) / square), np.where(under < 0, -np.inf, (-half + root) / square)


def _slab(offset: Reals, speed: Reals, least: Reals, most: Reals) -> tuple[Reals, Reals]:
    """Return the shares between which ``offset + share * speed`` lies between two bounds."""
    still = np.abs(speed) < 1e-12
    inside = (least <= offset) & (offset <= most)
    with np.errstate(divide="ignore", invalid="ignore"):
        one, two = (least - offset) / speed, (most - offset) / speed
    low = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(one, two))
    return low, np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(one, two))


def _both(one: tuple[Reals, Reals], two: tuple[Reals, Reals]) -> tuple[Reals, Reals]:
    return np.maximum(one[0], two[0]), np.minimum(one[1], two[1])


def _joined(piece: npt.NDArray[np.intp], low: Reals, high: Reals, count: int) -> Reals:
    """Return the share of each piece that lies in at least one of its stretches."""
    there = low < high
    piece, low, high = piece[there], low[there], high[there]
    order = np.lexsort((low, piece))
    piece, low, high = piece[order], low[order] + piece[order] * 2.0, high[order] + piece[order] * 2.0
    reached = np.concatenate([[-np.inf], np.maximum.accumulate(high)[:-1]]) if len(high) else high
    new = np.maximum(high - np.maximum(low, reached), 0.0)
    return np.bincount(piece, weights=new, minlength=count).astype(np.float64)


def _dot(one: Reals, two: Reals) -> Reals:
    return np.asarray((one * two).sum(axis=1))


def _cross(one: Reals, two: Reals) -> Reals:
    return np.asarray(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
