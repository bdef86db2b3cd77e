"""Lines that meet, the faces between them, and which line parts which two faces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

GRAIN_M = 0.01


@dataclass(frozen=True)
class Planar:
    """A planar drawing: ``edges`` meet only at ``nodes``; ``ends`` are nodes, ``sides`` faces (-1 outside)."""

    edges: np.ndarray
    nodes: np.ndarray
    ends: np.ndarray
    faces: np.ndarray
    sides: np.ndarray


def noded(lines: np.ndarray) -> np.ndarray:
    """Return the pieces of ``lines`` between the places where they meet, without loose ends."""
    merged = shapely.line_merge(shapely.union_all(lines, grid_size=GRAIN_M))
    pieces = shapely.get_parts(merged)
    while True:
        _, ends = end_nodes(pieces)
        degree = np.bincount(ends.ravel())
        loose = (degree[ends] == 1).any(axis=1)
        if not loose.any():
            return pieces
        pieces = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(pieces[~loose])))


def split_at(lines: np.ndarray, junctions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pieces of ``lines`` between the junctions that lie on them, and the line each piece is of.

    The lines meet nowhere else. A junction stands to the centimetre on the line it was put on, so each
    line is led through it: noding by intersection would leave edges of one centimetre beside it.
    """
    tree = shapely.STRtree(lines)
    point, line = tree.query(shapely.points(junctions), predicate="dwithin", distance=2 * GRAIN_M)
    place = shapely.line_locate_point(lines[line], shapely.points(junctions[point]))
    order = np.lexsort((place, line))
    point, line, place = point[order], line[order], place[order]
    starts = np.searchsorted(line, np.arange(len(lines) + 1))
    pieces, owner = [], []
    for number, geometry in enumerate(lines):
        here = slice(starts[number], starts[number + 1])
        parts = _parts_of(shapely.get_coordinates(geometry), junctions[point[here]], place[here])
        pieces += parts
        owner += [number] * len(parts)
    flat = np.vstack(pieces)
    return shapely.linestrings(flat, indices=np.repeat(np.arange(len(pieces)), [len(p) for p in pieces])), np.array(
        owner
    )


def _parts_of(line: np.ndarray, stops: np.ndarray, places: np.ndarray) -> list[np.ndarray]:
    """Return the coordinates of the parts of one line between its stops, which are in order along it."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    inner = (places > 5 * GRAIN_M) & (places < along[-1] - 5 * GRAIN_M)
    marks = np.concatenate([[0.0], places[inner], [along[-1]]])
    corners = np.vstack([line[:1], stops[inner], line[-1:]])
    parts = []
    for k in range(len(marks) - 1):
        between = (along > marks[k] + 5 * GRAIN_M) & (along < marks[k + 1] - 5 * GRAIN_M)
        parts.append(np.vstack([corners[k : k + 1], line[between], corners[k + 1 : k + 2]]))
    return parts


def end_nodes(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distinct end points of the edges and, for each edge, the numbers of its two."""
    ends = np.stack(
        [shapely.get_coordinates(shapely.get_point(edges, 0)), shapely.get_coordinates(shapely.get_point(edges, -1))],
        axis=1,
    )
    keys = np.round(ends.reshape(-1, 2) / GRAIN_M).astype(np.int64)
    _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return ends.reshape(-1, 2)[first], number.reshape(-1, 2)


def planar(edges: np.ndarray) -> Planar:
    """Return the drawing of noded edges with its faces."""
    faces = shapely.get_parts(shapely.polygonize(edges))
    order = np.lexsort(np.round(shapely.get_coordinates(shapely.point_on_surface(faces)), 1).T)
    faces = faces[order]
    nodes, ends = end_nodes(edges)
    return Planar(edges, nodes, ends, faces, _sides(edges, faces))


def _sides(edges: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Return for each edge the faces beside it, matched by its first segment."""
    ring, owner = shapely.get_coordinates(shapely.get_exterior_ring(faces), return_index=True)
    same = owner[1:] == owner[:-1]
    walls = _segment_keys(ring[:-1][same], ring[1:][same])
    face = owner[1:][same]
    second = shapely.get_coordinates(shapely.get_point(edges, 1))
    wanted = _segment_keys(shapely.get_coordinates(shapely.get_point(edges, 0)), second)
    _, number = np.unique(np.vstack([wanted, walls]), axis=0, return_inverse=True)
    number = number.ravel()
    of_edge = np.full(number.max() + 1, -1)
    of_edge[number[: len(edges)]] = np.arange(len(edges))
    hit = of_edge[number[len(edges) :]]
    sides = np.full((len(edges), 2), -1)
    order = np.argsort(hit[hit >= 0], kind="stable")
    edge, face = hit[hit >= 0][order], face[hit >= 0][order]
    again = np.r_[False, edge[1:] == edge[:-1]]
    sides[edge, again.astype(int)] = face
    return sides


def _segment_keys(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a key for each segment that does not depend on its direction."""
    a, b = np.round(a / GRAIN_M).astype(np.int64), np.round(b / GRAIN_M).astype(np.int64)
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    return np.where(swap[:, None], np.hstack([b, a]), np.hstack([a, b]))
