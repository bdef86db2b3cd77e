"""Arterial streets: roads along the river, roads across it, slanting avenues and the ring."""

from __future__ import annotations

import numpy as np
import shapely

from gisapp.demo.ground import Ground
from gisapp.demo.planar import noded, planar

_STEP_M = 25.0
RIVER, BANK, ALONG, ACROSS, SLANT, RING = range(6)


def arterials(ground: Ground, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of the arterial network and the street each belongs to.

    Street -1 is the middle of the river, which parts faces but is no road.
    """
    lines, street = _lines(ground, rng)
    lines, part_of = shapely.get_parts(shapely.intersection(lines, ground.outline), return_index=True)
    long = shapely.length(lines) > 0.55 * ground.size.arterial_m
    lines, street = lines[long], street[part_of[long]]
    ring = shapely.get_exterior_ring(ground.outline)
    edges = noded(np.append(lines, ring))
    owner = np.append(street, street.max() + 1)
    edges, streets = _dropped(ground, edges, np.append(lines, ring), owner, rng)
    return edges, streets


def streets_of(edges: np.ndarray, lines: np.ndarray, street: np.ndarray) -> np.ndarray:
    """Return for each edge the street of the line it was cut from."""
    middles = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    pairs = shapely.STRtree(lines).query_nearest(middles, all_matches=False)
    found = np.full(len(edges), -1)
    found[pairs[0]] = street[pairs[1]]
    return found


def _lines(ground: Ground, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the bent lines and their street numbers (-1 for the river)."""
    size = ground.size
    bank = size.river_half_m + 34.0
    span_u, span_v = 1.3 * size.half_width_m, 1.5 * size.half_height_m
    us = _stations(-span_u, span_u, size.arterial_m * 1.08, rng)
    above = _stations(bank, span_v, size.arterial_m * 0.92, rng)
    below = -_stations(bank, span_v, size.arterial_m * 0.92, rng)[::-1]
    vs = np.concatenate([below, above])
    lines = [_bent(ground, np.array([[-span_u, 0.0], [span_u, 0.0]]), np.concatenate([us, []]), 0)]
    lines += [_bent(ground, np.array([[-span_u, v], [span_u, v]]), us, 0) for v in vs]
    lines += [_bent(ground, np.array([[u, -span_v], [u, span_v]]), np.append(vs, 0.0), 1) for u in us]
    lines += _slants(ground, us, vs)
    return np.array(lines), np.arange(len(lines)) - 1


def _stations(start: float, stop: float, step: float, rng: np.random.Generator) -> np.ndarray:
    """Return uneven places from ``start``, about ``step`` apart."""
    count = int((stop - start) / step) + 1
    gaps = step * rng.choice([0.72, 0.88, 1.0, 1.12, 1.34], count)
    return start + np.concatenate([[0.0], np.cumsum(gaps)])


def _bent(ground: Ground, ends: np.ndarray, crossings: np.ndarray, axis: int) -> shapely.LineString:
    """Return the straight (u, v) line between ``ends`` in the city's plane, with a vertex at each crossing."""
    low, high = ends[0, axis], ends[1, axis]
    inside = crossings[(crossings > low) & (crossings < high)]
    places = np.unique(np.concatenate([np.arange(low, high, _STEP_M), [high], inside]))
    near = np.isin(places, inside)
    keep = near | ~(np.r_[False, near[:-1]] & (np.diff(places, prepend=-np.inf) < 6))
    uv = np.tile(ends[0], (keep.sum(), 1))
    uv[:, axis] = places[keep]
    return shapely.LineString(np.round(ground.warp(uv), 2))


def _slants(ground: Ground, us: np.ndarray, vs: np.ndarray) -> list[shapely.LineString]:
    """Return avenues that run slantwise through arterial crossings, out of the two centres."""
    if ground.size.half_width_m < 3000:
        return []
    slants = []
    for share_u, share_v, step_u, step_v in ((0.44, 0.56, 1, 1), (0.46, 0.54, -1, 1), (0.66, 0.4, 1, -1)):
        i, j = int(share_u * len(us)), int(share_v * len(vs))
        steps = min(5, len(us) - 1 - i, len(vs) - 1 - j, i, j)
        uv = np.array([[us[i + step_u * k], vs[j + step_v * k]] for k in range(steps + 1)])
        t = np.linspace(0, steps, steps * 30 + 1)
        knots = np.arange(steps + 1)
        path = np.column_stack([np.interp(t, knots, uv[:, 0]), np.interp(t, knots, uv[:, 1])])
        slants.append(shapely.LineString(np.round(ground.warp(path), 2)))
    return slants


def _dropped(
    ground: Ground, edges: np.ndarray, lines: np.ndarray, owner: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges without some bridges, some stretches of road and the walls of slivers."""
    drawing = planar(edges)
    street = streets_of(edges, lines, owner)
    area = shapely.area(drawing.faces)
    wet = shapely.intersects(shapely.line_interpolate_point(edges, 0.5, normalized=True), ground.river) & (street >= 0)
    gone = np.zeros(len(edges), bool)
    gone[_spare_bridges(street, wet & (drawing.sides >= 0).all(axis=1))] = True
    bank = shapely.dwithin(edges, ground.river, 60)
    inner = (drawing.sides >= 0).all(axis=1) & ~bank & (street >= 0)
    gone |= _sliver_walls(drawing.sides, area, shapely.length(edges), inner)
    chance = rng.random(len(edges))
    touched = np.zeros(len(drawing.faces), bool)
    # One by one: a face may lose one wall only, so that no block grows without end.
    for edge in np.flatnonzero(inner & ~gone & (chance < 0.13)):
        both = drawing.sides[edge]
        if not touched[both].any() and area[both].sum() < 1.9 * ground.size.arterial_m**2:
            gone[edge], touched[both] = True, True
    kept = noded(edges[~gone])
    return kept, streets_of(kept, edges[~gone], street[~gone])


def _spare_bridges(street: np.ndarray, wet: np.ndarray) -> np.ndarray:
    """Return the edges of every third or so road over the river: it ends at the bank."""
    roads = np.unique(street[wet])
    spare = roads[(np.arange(len(roads)) % 5 == 1) | (np.arange(len(roads)) % 5 == 4)]
    if len(roads) < 4:
        spare = roads[1:2]
    return np.flatnonzero(wet & np.isin(street, spare))


def _sliver_walls(sides: np.ndarray, area: np.ndarray, length: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return a mark on the longest inner wall of each face that is too small to be a block of its own."""
    marks = np.zeros(len(sides), bool)
    for face in np.flatnonzero(area < 60_000):
        walls = np.flatnonzero(inner & (sides == face).any(axis=1))
        if len(walls):
            marks[walls[np.argmax(length[walls])]] = True
    return marks
