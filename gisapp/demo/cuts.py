"""Collectors and local streets: each face between arterials is halved again and again.

The halves form a tree, kept because its branches are natural groups: communities and grids.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely

from gisapp.demo.ground import Ground, centrality

COLLECTOR_HA = 11.0
_NEAR_M = 34.0


@dataclass
class Tree:
    """Faces and their halves: ``parent`` (-1 at a root), ``polygon``, and the streets cut so far."""

    parent: list[int] = field(default_factory=list)
    polygon: list[shapely.Polygon] = field(default_factory=list)
    children: list[tuple[int, ...]] = field(default_factory=list)
    cuts: list[np.ndarray] = field(default_factory=list)
    collector: list[bool] = field(default_factory=list)

    def add(self, polygon: shapely.Polygon, parent: int) -> int:
        """Add a face and return its number."""
        self.parent.append(parent)
        self.polygon.append(polygon)
        self.children.append(())
        return len(self.parent) - 1

    def leaves(self) -> np.ndarray:
        """Return the numbers of the faces that were not halved."""
        return np.array([number for number, children in enumerate(self.children) if not children])


class Junctions:
    """Places where streets meet, found by place: new streets rather meet there than beside them."""

    def __init__(self, xy: np.ndarray) -> None:
        self._cells: dict[tuple[int, int], list[tuple[float, float]]] = {}
        for x, y in xy:
            self.add(float(x), float(y))

    def add(self, x: float, y: float) -> None:
        """Remember a junction."""
        self._cells.setdefault((int(x // _NEAR_M), int(y // _NEAR_M)), []).append((x, y))

    def near(self, x: float, y: float) -> list[tuple[float, float]]:
        """Return the junctions within reach, nearest first."""
        i, j = int(x // _NEAR_M), int(y // _NEAR_M)
        around = [p for a in (i - 1, i, i + 1) for b in (j - 1, j, j + 1) for p in self._cells.get((a, b), ())]
        far = sorted((np.hypot(p[0] - x, p[1] - y), p) for p in around)
        return [p for d, p in far if d <= _NEAR_M]


def cut_faces(
    ground: Ground, faces: np.ndarray, whole: np.ndarray, nodes: np.ndarray, rng: np.random.Generator
) -> Tree:
    """Return the tree of halves of ``faces``; those marked ``whole`` stay as they are."""
    tree, junctions = Tree(), Junctions(nodes)
    queue = [tree.add(face, -1) for face in faces]
    whole_root = dict(enumerate(whole))
    # Level by level, one face after the other: a cut ends where its neighbours' cuts already do.
    while queue:
        later: list[int] = []
        wanted = _block_area(ground, np.array([tree.polygon[n] for n in queue]), rng)
        for number, area in zip(queue, wanted, strict=True):
            polygon = tree.polygon[number]
            if whole_root.get(number, False) or polygon.area < 1.55 * area:
                continue
            later += _halve(tree, number, junctions, rng)
        queue = later
    return tree


def _block_area(ground: Ground, polygons: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how large a block may be where each polygon lies: small in the middle and in old quarters."""
    xy = shapely.get_coordinates(shapely.centroid(polygons))
    fine = np.clip(1.5 - 0.95 * centrality(ground, xy) + 0.22 * ground.mood(xy + 700.0), 0.55, 2.2)
    return 1e4 * ground.size.block_ha * fine * rng.lognormal(0, 0.22, len(polygons))


def _halve(tree: Tree, number: int, junctions: Junctions, rng: np.random.Generator) -> list[int]:
    """Cut one face in two by a street across its long side; return the halves, or nothing when no cut is good."""
    polygon = tree.polygon[number]
    ring = shapely.get_coordinates(polygon.exterior)[:-1]
    centre, axis = _long_axis(polygon)
    for attempt in range(4):
        share = rng.normal(0, 0.07 + 0.03 * attempt)
        turn = rng.normal(0, 0.05 + 0.05 * attempt)
        ends = _crossing(ring, centre, axis, share, turn)
        if ends is None:
            continue
        ends = [_settled(ring, end, junctions) for end in ends]
        halves = _split(ring, ends, rng)
        if halves is None:
            continue
        for end in ends:
            junctions.add(*end)
        left, right, street = halves
        tree.cuts.append(street)
        tree.collector.append(polygon.area > COLLECTOR_HA * 1e4)
        tree.children[number] = (tree.add(left, number), tree.add(right, number))
        return list(tree.children[number])
    return []


def _long_axis(polygon: shapely.Polygon) -> tuple[np.ndarray, np.ndarray]:
    """Return the centre and the half vector along the long side of the narrowest box around a polygon."""
    box = shapely.get_coordinates(shapely.oriented_envelope(polygon))
    first, second = box[1] - box[0], box[2] - box[1]
    long = first if np.hypot(*first) >= np.hypot(*second) else second
    return shapely.get_coordinates(polygon.centroid)[0], long / 2


def _crossing(
    ring: np.ndarray, centre: np.ndarray, axis: np.ndarray, share: float, turn: float
) -> list[tuple[float, float]] | None:
    """Return where the line across ``axis`` enters and leaves the ring, on its widest stretch inside."""
    normal = axis / np.hypot(*axis)
    cos, sin = np.cos(turn), np.sin(turn)
    normal = np.array([cos * normal[0] - sin * normal[1], sin * normal[0] + cos * normal[1]])
    level = (ring - centre) @ normal - share * np.hypot(*axis) * 2
    after = np.roll(level, -1)
    hit = np.flatnonzero((level < 0) != (after < 0))
    if len(hit) < 2:
        return None
    part = level[hit] / (level[hit] - after[hit])
    points = ring[hit] + part[:, None] * (np.roll(ring, -1, axis=0)[hit] - ring[hit])
    across = points @ np.array([-normal[1], normal[0]])
    points = points[np.argsort(across)]
    across = np.sort(across)
    widest = 2 * int(np.argmax(across[1::2] - across[::2]))
    return [(float(x), float(y)) for x, y in points[widest : widest + 2]]


def _settled(ring: np.ndarray, end: tuple[float, float], junctions: Junctions) -> tuple[float, float]:
    """Return the junction on the ring that is near ``end``, or else ``end`` to the centimetre."""
    for x, y in junctions.near(*end):
        if _place_on(ring, (x, y))[2] < 0.05:
            return x, y
    return round(end[0], 2), round(end[1], 2)


def _place_on(ring: np.ndarray, point: tuple[float, float]) -> tuple[int, float, float]:
    """Return the ring's segment nearest to a point, the share along it, and the distance."""
    start, step = ring, np.roll(ring, -1, axis=0) - ring
    length2 = np.maximum((step**2).sum(axis=1), 1e-12)
    share = np.clip(((np.array(point) - start) * step).sum(axis=1) / length2, 0, 1)
    gap = np.hypot(*(start + share[:, None] * step - point).T)
    k = int(np.argmin(gap))
    return k, float(share[k]), float(gap[k])


def _split(
    ring: np.ndarray, ends: list[tuple[float, float]], rng: np.random.Generator
) -> tuple[shapely.Polygon, shapely.Polygon, np.ndarray] | None:
    """Return the two halves and the street between them, bent if that stays inside; None when they are poor."""
    (i, s, _), (j, t, _) = (_place_on(ring, end) for end in ends)
    if (i, s) > (j, t):
        ends, (i, s), (j, t) = ends[::-1], (j, t), (i, s)
    a, b = np.array(ends[0]), np.array(ends[1])
    length = float(np.hypot(*(b - a)))
    if length < 45:
        return None
    for bow in (rng.normal(0, 0.048), 0.0):
        street = _bowed(a, b, length, bow, rng.normal(0, 0.009) if bow else 0.0)
        one = np.vstack([ring[i + 1 : j + 1], street[::-1]])
        two = np.vstack([ring[j + 1 :], ring[: i + 1], street])
        left, right = (shapely.Polygon(_tidy(half)) for half in (one, two))
        if _good(left) and _good(right):
            return left, right, street
    return None


def _bowed(a: np.ndarray, b: np.ndarray, length: float, bow: float, sway: float) -> np.ndarray:
    """Return a gently bent line from a to b."""
    t = np.linspace(0, 1, max(2, int(length / 22) + 1))
    side = np.array([-(b - a)[1], (b - a)[0]])
    bend = bow * np.sin(np.pi * t) + sway * np.sin(2 * np.pi * t)
    line = np.round(a + t[:, None] * (b - a) + bend[:, None] * side, 2)
    line[0], line[-1] = a, b
    return line


def _tidy(ring: np.ndarray) -> np.ndarray:
    """Return the ring without points that repeat the one before."""
    keep = np.hypot(*(ring - np.roll(ring, 1, axis=0)).T) > 0.015
    return ring[keep]


def _good(polygon: shapely.Polygon) -> bool:
    """Return whether a half is a usable block: valid, large enough, not a splinter."""
    if not polygon.is_valid or polygon.area < 4_500:
        return False
    return bool(4 * np.pi * polygon.area / polygon.length**2 > 0.42)
