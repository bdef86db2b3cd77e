"""Units cut by a line: only those that it crosses, with the same new corner on both sides of every border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import shapely

from gisapp.errors import RefusedEdit
from gisapp.grids.plans import Places, Plan, Rows, Shapes
from gisapp.grids.units import edges_of


@dataclass(frozen=True)
class SliverRule:
    """What is too small or too narrow to be a unit of its own: a unit is not cut where that would be left of it."""

    least_m2: float = 10.0
    least_width_m: float = 1.0

    def refuses(self, shapes: Shapes) -> np.ndarray:
        """Return which polygons are slivers."""
        area_m2 = shapely.area(shapes)
        # A shape has at most its perimeter times the radius of the largest circle within.
        some = np.flatnonzero(2 * area_m2 <= self.least_width_m * shapely.length(shapes) * (1 + 1e-9))
        thin = np.zeros(len(shapes), dtype=bool)
        thin[some] = shapely.is_empty(shapely.buffer(shapes[some], -self.least_width_m / 2, quad_segs=1))
        return np.asarray((area_m2 < self.least_m2) | thin)


SLIVERS = SliverRule()


class Cut(NamedTuple):
    """Units before and after a line: pieces of those that were cut, others with a new corner on their border.

    ``whole`` are units that the line crosses and that were not cut, as the sliver rule or a lock demands.
    """

    before: Rows
    after: Rows
    whole: tuple[str, ...]


def cut(plan: Plan, line: shapely.Geometry, may: np.ndarray, slivers: SliverRule = SLIVERS) -> Cut:
    """Return what a line makes of the units for which ``may`` is true, and of the others that it touches.

    All borders nearby and the line are noded at once, so that both sides of a border get the same new corner.
    """
    near = _near(plan, line)
    if len(near) == 0:
        return Cut(plan.rows(near), plan.rows(near), ())
    faces, owner = _faces(plan.shape[near], line)
    before, after, whole = [], [], []
    thin = slivers.refuses(faces)
    taken: set[str] = set()
    for at, place in enumerate(near):
        own = np.flatnonzero(owner == at)
        old, code = plan.shape[place], str(plan.unit[place])
        divided = len(own) > shapely.get_num_geometries(old)
        kept = divided and (not may[place] or thin[own].any())
        if kept:
            whole.append(code)
        if divided and not kept:
            before.append(place)
            names = _piece_names(plan, code, len(own), taken)
            after += [
                (name, plan.root[place], plan.grid[place], face) for name, face in zip(names, faces[own], strict=True)
            ]
            continue
        new = _together(faces[own])
        if shapely.get_num_coordinates(new) != shapely.get_num_coordinates(old):
            before.append(place)
            after.append((code, plan.root[place], plan.grid[place], new))
    return Cut(plan.rows(np.array(before, dtype=np.int64)), _rows(after), tuple(whole))


def _near(plan: Plan, line: shapely.Geometry) -> Places:
    """Return where the units stand that a line touches."""
    places = plan.near(line)
    shapely.prepare(line)
    return places[shapely.intersects(line, plan.shape[places])]


def _faces(shapes: Shapes, line: shapely.Geometry) -> tuple[Shapes, Places]:
    """Return the faces that borders and a line make, and which shape each is in; faces in none are left out."""
    ends, _ = edges_of(shapes)
    edges = shapely.linestrings(np.unique(ends, axis=0).reshape(-1, 2, 2))
    noded = shapely.union_all(np.append(edges, line))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    face, shape = shapely.STRtree(shapes).query(shapely.point_on_surface(faces), predicate="within")
    order = np.lexsort([shapely.bounds(faces[face])[:, 1], shapely.bounds(faces[face])[:, 0], shape])
    gained = shapely.area(faces).take(face).sum() - shapely.area(shapes).sum()
    if len(np.unique(face)) != len(face) or abs(gained) > 1e-6:
        found = "the line runs too close to borders to cut along it"
        raise RefusedEdit("too_close", found, todo="draw it a little further away")
    return faces[face[order]], shape[order]


def _together(faces: Shapes) -> shapely.Geometry:
    """Return faces of one unit as one shape that keeps the new corners on its border."""
    return faces[0] if len(faces) == 1 else shapely.coverage_union_all(faces)


def _piece_names(plan: Plan, code: str, count: int, taken: set[str]) -> list[str]:
    """Return free codes for the pieces of a unit: its root's and a number."""
    root = str(plan.root[plan.places([code])[0]])
    low = np.searchsorted(plan.unit, f"{root}.")
    high = np.searchsorted(plan.unit, f"{root}/")  # the character after the dot
    used = set(plan.unit[low:high]) | taken
    names: list[str] = []
    number = 0
    while len(names) < count:
        number += 1
        name = f"{root}.{number:03d}"
        if name not in used:
            names.append(name)
    taken.update(names)
    return names


def _rows(made: list[tuple[str, str, str, shapely.Geometry]]) -> Rows:
    """Return units as columns."""
    columns = []
    for at in range(4):
        column = np.empty(len(made), dtype=object)
        column[:] = [row[at] for row in made]
        columns.append(column)
    return Rows(*columns)
