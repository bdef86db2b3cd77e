"""What stands on each block, and how far from the streets it may be built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.frames import codes, framed
from gisapp.demo.ground import Ground, centrality, plane_age
from gisapp.demo.streets import WIDTHS_M, Plan

USES = ("none", "park", "old", "slab", "high", "tower", "business", "industry", "school", "hospital")
NONE, PARK, OLD, SLAB, HIGH, TOWER, BUSINESS, INDUSTRY, SCHOOL, HOSPITAL = range(len(USES))
HOMES = (OLD, SLAB, HIGH, TOWER)


@dataclass(frozen=True)
class Land:
    """For each block: its use, the year it was built up, and the ground inside its streets."""

    use: np.ndarray
    year: np.ndarray
    inside: np.ndarray


def make_land(ground: Ground, plan: Plan, rng: np.random.Generator) -> Land:
    """Return what stands on each block."""
    blocks = plan.drawing.faces
    xy = shapely.get_coordinates(shapely.centroid(blocks))
    year = np.round(plane_age(ground, xy) + rng.normal(0, 2.5, len(blocks))).astype(int)
    return Land(_uses(ground, plan, xy, year, rng), year, _inside(plan))


def _uses(ground: Ground, plan: Plan, xy: np.ndarray, year: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the use of each block."""
    count, area = len(xy), shapely.area(plan.drawing.faces)
    middle, mood = centrality(ground, xy), ground.mood(xy + 3000.0)
    use = np.select([year < 1979, year < 1998, year < 2010], [OLD, SLAB, HIGH], TOWER)
    mix = rng.random(count)
    use = np.where((use == OLD) & (mix < 0.45), SLAB, use)
    use = np.where((use == TOWER) & (mix < 0.35), HIGH, use)
    offices = np.select([middle > 0.68, middle > 0.4], [0.5, 0.17], 0.07) + 0.06 * mood
    use = np.where(rng.random(count) < offices, BUSINESS, use)
    works = (middle < 0.2) & (mood > 0.75) & (rng.random(count) < 0.75)
    use = np.where(works, INDUSTRY, use)
    school = (area > 13_000) & (area < 48_000) & ~works & (rng.random(count) < 0.07)
    use = np.where(school, SCHOOL, use)
    use[_hospitals(ground, plan, xy, area)] = HOSPITAL
    return np.select([plan.wet, plan.green], [NONE, PARK], use)


def _hospitals(ground: Ground, plan: Plan, xy: np.ndarray, area: np.ndarray) -> list[int]:
    """Return the blocks of the hospitals: about one in eight square kilometres, far from one another."""
    able = np.flatnonzero((area > 16_000) & (area < 60_000) & ~plan.wet & ~plan.green)
    wanted = max(2, round(ground.outline.area / 8e6))
    chosen = [int(able[np.argmax(centrality(ground, xy[able]))])]
    gap = np.hypot(*(xy[able] - xy[chosen[0]]).T)
    while len(chosen) < min(wanted, len(able)):
        pull = gap * (0.4 + centrality(ground, xy[able]))
        chosen.append(int(able[np.argmax(pull)]))
        gap = np.minimum(gap, np.hypot(*(xy[able] - xy[chosen[-1]]).T))
    return chosen


def _inside(plan: Plan) -> np.ndarray:
    """Return each block without its streets and the strip of pavement and lawn beside them."""
    drawing = plan.drawing
    edge = np.repeat(np.arange(len(drawing.edges)), 2)
    face = drawing.sides.ravel()
    edge, face = edge[face >= 0], face[face >= 0]
    strip = shapely.buffer(drawing.edges, WIDTHS_M[plan.rank] / 2 + 6.5, quad_segs=2)
    order = np.argsort(face, kind="stable")
    edge, face = edge[order], face[order]
    nth = np.arange(len(face)) - np.searchsorted(face, face)
    inside = drawing.faces.copy()
    for k in range(int(nth.max()) + 1):
        here = nth == k
        inside[face[here]] = shapely.difference(inside[face[here]], strip[edge[here]])
    return _largest(inside)


def _largest(shapes: np.ndarray) -> np.ndarray:
    """Return the largest part of each shape."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    order = np.lexsort((shapely.area(parts), owner))
    last = np.r_[owner[order][1:] != owner[order][:-1], True]
    largest = np.full(len(shapes), shapely.Polygon(), dtype=object)
    largest[owner[order][last]] = parts[order][last]
    return largest


def landcover_table(ground: Ground, plan: Plan, land: Land, rng: np.random.Generator) -> pd.DataFrame:
    """Return the ``landcover`` table: the river, the lake, parks and the green strips along the banks."""
    shore = shapely.difference(shapely.buffer(land.inside[plan.wet], 3), shapely.buffer(ground.river, 2))
    shore = shore[shapely.area(shore) > 400]
    parks = shapely.buffer(land.inside[plan.green], 4)
    lake = _lake(land.inside[plan.lake], rng)
    parks[np.flatnonzero(plan.green) == plan.lake] = shapely.difference(land.inside[plan.lake], lake)
    shapes = np.concatenate([[ground.river, lake], parks, shore])
    count = len(parks)
    names = ["大河", "平湖", *(f"{k}号公园" for k in range(1, count + 1)), *([None] * len(shore))]
    columns = {
        "code": codes("L", len(shapes), 5),
        "kind": ["river", "lake", *(["park"] * (len(shapes) - 2))],
        "name": names,
    }
    return framed("landcover", columns, multi(shapes))


def multi(shapes: np.ndarray) -> np.ndarray:
    """Return polygons as multipolygons."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    return shapely.multipolygons(parts, indices=owner)


def _lake(ground: shapely.Polygon, rng: np.random.Generator) -> shapely.Polygon:
    """Return a lake with an uneven shore inside its park."""
    centre = shapely.get_coordinates(shapely.centroid(ground))[0]
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    uneven = sum(0.16 / k * np.sin(k * turn + rng.uniform(0, 2 * np.pi)) for k in range(1, 6))
    reach = 0.62 * np.sqrt(shapely.area(ground) / np.pi) * (1 + uneven)
    blob = shapely.Polygon(centre + reach[:, None] * np.column_stack([np.cos(turn), np.sin(turn)]))
    return shapely.intersection(blob, shapely.buffer(ground, -22))
