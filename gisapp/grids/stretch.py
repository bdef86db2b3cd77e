"""Borders that follow what is dragged: between a dragged corner and the next that is held, they stretch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from gisapp.grids.plans import Plan, plan_grids

Point = tuple[float, float]
_Reals = npt.NDArray[np.float64]


def stretched(
    plan: Plan, moves: Sequence[tuple[Point, Point]], held: Sequence[Point], *, near_m: float = 0.05
) -> list[tuple[Point, Point]]:
    """Return the moves of all corners of borders between those that are dragged and those that are held.

    A screen draws borders with fewer corners than they have. What it leaves out between a corner that is dragged
    and the next one that it draws moves with them, by less the nearer it is to the one that is held.

    Parameters
    ----------
    plan
        The plan.
    moves
        Corners that are dragged, from where to where, in the plan's CRS.
    held
        Corners that stay: those next to the dragged ones along every border.
    near_m
        How near a corner must be to a point given.

    Returns
    -------
    list
        As :func:`gisapp.grids.edits.drag_corner` takes it, each from the exact place of a corner; empty when there
        is no corner.
    """
    found: dict[Point, Point] = {}
    starts = np.array([start for start, _ in moves], dtype=np.float64)
    ends = np.array([end for _, end in moves], dtype=np.float64)
    points = np.concatenate([starts, np.array(held, dtype=np.float64).reshape(-1, 2)])
    shift = np.concatenate([ends - starts, np.zeros((len(held), 2))])
    for ring in _rings_at(plan, starts, near_m):
        found |= _of_ring(ring, points, shift, near_m)
    return sorted(found.items())


def _rings_at(plan: Plan, starts: _Reals, near_m: float) -> list[_Reals]:
    """Return the rings of the grids that are near some points, each without its closing point."""
    spots = shapely.multipoints(starts).buffer(near_m)
    places = plan.near(spots)
    codes = sorted(set(plan.grid[places[shapely.intersects(plan.shape[places], spots)]]))
    shapes = plan_grids(plan, codes).geometry.to_numpy() if codes else []
    rings = shapely.get_rings(shapely.get_parts(shapes)) if codes else []
    return [shapely.get_coordinates(ring)[:-1] for ring in rings]


def _of_ring(ring: _Reals, points: _Reals, shift: _Reals, near_m: float) -> dict[Point, Point]:
    """Return the moves of the corners of one ring."""
    apart = np.hypot(*(ring[:, None] - points[None]).transpose(2, 0, 1))
    corner, point = np.nonzero(apart <= near_m)
    if len(corner) == 0 or not shift[point].any():
        return {}
    moved = {
        _point(ring[at]): _point(ring[at] + shift[by]) for at, by in zip(corner, point, strict=True) if shift[by].any()
    }
    if len(corner) < 2:
        return moved
    for place, at in enumerate(corner):  # a handful: from each corner that is known to the next one
        step = (place + 1) % len(corner)
        by, to = shift[point[place]], shift[point[step]]
        between = np.arange(at, at + (corner[step] - at) % len(ring) + 1) % len(ring)
        if len(between) < 3 or not (by.any() or to.any()):
            continue
        metres = np.append(0, np.cumsum(np.hypot(*np.diff(ring[between], axis=0).T)))
        share = (metres / metres[-1])[1:-1, None]
        ways = ring[between[1:-1]] + by * (1 - share) + to * share
        moved |= {_point(start): _point(end) for start, end in zip(ring[between[1:-1]], ways, strict=True)}
    return moved


def _point(xy: _Reals) -> Point:
    return float(xy[0]), float(xy[1])
