"""Buildings in rows on both sides of a lane through each block, and the lane itself.

A block is laid out in its own frame: rows run along its nearest side to east-west, so that homes
face south; the lane crosses the rows and leaves the block at one end. Pipes and cables follow it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.land import BUSINESS, HIGH, HOSPITAL, INDUSTRY, NONE, OLD, PARK, SCHOOL, SLAB, TOWER, Land
from gisapp.demo.streets import RIVER, Plan


@dataclass(frozen=True)
class Style:
    """How one kind of block is built; lengths in metres, ``flats`` for each floor and stairwell."""

    depth_m: float
    pitch_m: float
    gap_m: float
    stair_m: float
    stairs: tuple[int, ...]
    floors: tuple[int, ...]
    flats: int


STYLES = {
    OLD: Style(9.5, 17.0, 3.5, 11.0, (1, 1, 2), (1, 2, 2, 3, 4), 1),
    SLAB: Style(11.5, 26.0, 7.0, 15.0, (2, 3, 3, 4, 4), (5, 6, 6, 6, 7), 2),
    HIGH: Style(13.5, 40.0, 10.0, 17.0, (2, 2, 3), (9, 11, 11, 16, 18), 2),
    TOWER: Style(19.0, 56.0, 22.0, 28.0, (1, 1, 2), (24, 26, 28, 30, 33), 4),
    BUSINESS: Style(26.0, 46.0, 14.0, 36.0, (1, 1, 2), (4, 6, 9, 15, 22), 0),
    INDUSTRY: Style(32.0, 48.0, 14.0, 44.0, (1, 2), (1, 1, 2), 0),
    SCHOOL: Style(15.0, 36.0, 12.0, 42.0, (1, 1, 2), (4, 5), 0),
    HOSPITAL: Style(20.0, 40.0, 12.0, 40.0, (1, 2), (5, 9, 14), 0),
}
LANE_M = 5.5


@dataclass(frozen=True)
class Layout:
    """All buildings, and where the lane of each block leaves its street.

    ``buildings`` is sorted by block, row from the street on, side and outwards from the lane; ``door_y`` is
    the row's service line north of the building, which the lane meets at ``lane`` and which passes the
    building from ``near`` to ``far``. ``polygon`` are the footprints in the same order. ``edge`` is the
    street each block's lane starts on (-1: no lane) and ``edge_m`` where along it.
    """

    buildings: pd.DataFrame
    polygon: np.ndarray
    edge: np.ndarray
    edge_m: np.ndarray


def make_layout(plan: Plan, land: Land, rng: np.random.Generator) -> Layout:
    """Return buildings and lanes of all blocks."""
    turn = _turns(plan.drawing.faces)
    sin, cos = np.sin(turn), np.cos(turn)
    rows = []
    lane, ends = np.full(len(turn), np.nan), np.full((len(turn), 2), np.nan)
    # Block by block: each has its own frame, style and number of rows.
    for block in np.flatnonzero(~np.isin(land.use, (NONE, PARK)) & (shapely.area(land.inside) > 1500)):
        ring = _turned(shapely.get_coordinates(land.inside[block].exterior), -sin[block], cos[block])
        face = _turned(shapely.get_coordinates(plan.drawing.faces[block].exterior), -sin[block], cos[block])
        place = _lane_place(ring, rng)
        reach = _spans(face[:, ::-1], place)
        lane[block], ends[block] = place, reach[np.argmax(reach[:, 1] - reach[:, 0])]
        rows.append(_rows(int(block), ring, place, int(land.use[block]), rng))
    table = pd.DataFrame(np.vstack(rows), columns=["block", "y", "side", "order", "start", "stop", "stairs", "depth"])
    table = table.astype({"block": int, "side": int, "order": int, "stairs": int})
    foot, edge, edge_m = _entries(plan, np.column_stack([sin, cos]), lane, ends, rng)
    return _placed(land, table, np.column_stack([sin, cos]), lane, (foot, edge, edge_m), rng)


def _turns(blocks: np.ndarray) -> np.ndarray:
    """Return each block's angle: the direction of its narrowest box that is nearest to east."""
    box = shapely.get_coordinates(shapely.get_exterior_ring(shapely.oriented_envelope(blocks))).reshape(-1, 5, 2)
    step = box[:, 1] - box[:, 0]
    turn = np.arctan2(step[:, 1], step[:, 0])
    return (turn + np.pi / 4) % (np.pi / 2) - np.pi / 4


def _turned(xy: np.ndarray, sin: float, cos: float) -> np.ndarray:
    """Return points turned about the origin by the angle with that sine and cosine."""
    return np.column_stack([cos * xy[:, 0] - sin * xy[:, 1], sin * xy[:, 0] + cos * xy[:, 1]])


def _spans(ring: np.ndarray, y: float) -> np.ndarray:
    """Return the stretches (from, to) in x where the horizontal line at ``y`` is inside a closed ring."""
    above = ring[:, 1] > y
    hit = np.flatnonzero(above[1:] != above[:-1])
    part = (y - ring[hit, 1]) / (ring[hit + 1, 1] - ring[hit, 1])
    return np.sort(ring[hit, 0] + part * (ring[hit + 1, 0] - ring[hit, 0])).reshape(-1, 2)


def _lane_place(ring: np.ndarray, rng: np.random.Generator) -> float:
    """Return where the lane runs: near the middle of a wide block, along one side of a narrow one."""
    low, high = ring[:, 0].min(), ring[:, 0].max()
    if high - low < 75:
        return float(low + 5.0)
    return float(low + (high - low) * rng.uniform(0.38, 0.62))


def _rows(block: int, ring: np.ndarray, lane: float, use: int, rng: np.random.Generator) -> np.ndarray:
    """Return the buildings of a block as (block, y of the row, side, order, x from, x to, stairs, depth)."""
    style = STYLES[use]
    low, high = ring[:, 1].min(), ring[:, 1].max()
    pitch = style.pitch_m * rng.uniform(0.96, 1.1)
    count = max(1, int((high - low - style.depth_m) / pitch) + 1)
    first = low + (high - low - (count - 1) * pitch) / 2
    buildings: list[tuple[float, ...]] = []
    for k in range(count):
        y = first + k * pitch
        if use == SCHOOL and k < count // 2:
            continue
        spans = [_spans(ring, y + s * style.depth_m / 2) for s in (-1.0, 0.0, 1.0)]
        if any(len(span) == 0 for span in spans):
            continue
        wide = [span[np.argmax(span[:, 1] - span[:, 0])] for span in spans]
        start, stop = max(s[0] for s in wide), min(s[1] for s in wide)
        # Where the block is slanted a row may miss the lane; its service would then start in the street.
        if not start - 8 <= lane <= stop + 8:
            continue
        for side, near, reach in ((-1.0, lane - stop, lane - start), (1.0, start - lane, stop - lane)):
            row = _side(style, max(LANE_M, near), reach, rng)
            for order, (at, stairs) in enumerate(row):
                x, far = lane + side * at, lane + side * (at + stairs * style.stair_m)
                buildings.append((block, y, side, order, x, far, stairs, style.depth_m))
    return np.array(buildings).reshape(-1, 8)


def _side(style: Style, near: float, reach: float, rng: np.random.Generator) -> list[tuple[float, int]]:
    """Return where the buildings on one side of the lane begin and their stairwells, filled outwards."""
    row: list[tuple[float, int]] = []
    at = near
    while True:
        stairs = int(rng.choice(style.stairs))
        while stairs and at + stairs * style.stair_m > reach - 1:
            stairs -= 1
        if not stairs:
            return row
        row.append((at, stairs))
        at += stairs * style.stair_m + style.gap_m * rng.uniform(0.85, 1.25)


def _entries(
    plan: Plan, frame: np.ndarray, lane: np.ndarray, ends: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each block whether its lane starts at the top, the street edge there and the place along it.

    A lane rather leaves a small street than a large one, and never within 9 m of a junction.
    """
    roads = np.flatnonzero(plan.rank != RIVER)
    tree = shapely.STRtree(plan.drawing.edges[roads])
    blocks = np.flatnonzero(~np.isnan(lane))
    edge = np.full((len(lane), 2), -1)
    place = np.zeros((len(lane), 2))
    for k in (0, 1):
        points = shapely.points(_city(np.column_stack([lane, ends[:, k]])[blocks], frame[blocks]))
        found = roads[tree.query_nearest(points, all_matches=False)[1]]
        length = shapely.length(plan.drawing.edges[found])
        edge[blocks, k] = found
        place[blocks, k] = np.clip(shapely.line_locate_point(plan.drawing.edges[found], points), 9, length - 9)
    taste = plan.rank[edge] + rng.uniform(0, 1.5, edge.shape)
    top = taste[:, 1] > taste[:, 0]
    pick = top.astype(int)
    at = np.arange(len(lane))
    chosen = np.where(np.isnan(lane), -1, edge[at, pick])
    return top, chosen, _apart(chosen, place[at, pick], shapely.length(plan.drawing.edges))


def _apart(edge: np.ndarray, place: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Return the places on their edges moved so that no two are nearer than 4 m: two tees need two fittings."""
    order = np.lexsort((place, edge))
    edge, moved = edge[order], place[order].copy()
    beside = np.flatnonzero((edge[1:] == edge[:-1]) & (edge[1:] >= 0)) + 1
    for _ in range(8):
        near = beside[moved[beside] - moved[beside - 1] < 4.0]
        if not len(near):
            break
        moved[near] = moved[near - 1] + 4.5
    found = np.empty(len(place))
    found[order] = np.minimum(moved, np.where(edge >= 0, length[edge] - 1.5, moved))
    return found


def _city(xy: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Return points of block frames in the city's plane; ``frame`` has each one's sine and cosine."""
    sin, cos = frame[:, 0], frame[:, 1]
    return np.column_stack([cos * xy[:, 0] - sin * xy[:, 1], sin * xy[:, 0] + cos * xy[:, 1]])


def _placed(
    land: Land,
    table: pd.DataFrame,
    frame: np.ndarray,
    lane: np.ndarray,
    entry: tuple[np.ndarray, np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> Layout:
    """Return the layout in the city's plane, without the buildings that do not fit their block."""
    top, edge, edge_m = entry
    polygon = _boxes(table, frame[table["block"]])
    fits = shapely.covers(land.inside[table["block"]], polygon)
    table = table.assign(door=table["y"] + table["depth"] / 2 + 3.5, use=land.use[table["block"]])
    away = np.where(top[table["block"]], -table["door"], table["door"])
    order = np.lexsort((table["order"], table["side"], away, table["block"]))
    order = order[fits[order]]
    table = table.iloc[order].reset_index(drop=True)
    table["floors"] = _floors(table, rng)
    door, turned = table["door"].to_numpy(), frame[table["block"]]
    for name, x in (("near", table["start"]), ("far", table["stop"]), ("lane", lane[table["block"]])):
        xy = _city(np.column_stack([x, door]), turned)
        table[f"{name}_x"], table[f"{name}_y"] = xy[:, 0], xy[:, 1]
    keep = ["block", "use", "door", "side", "order", "stairs", "floors", "near_x", "near_y", "far_x", "far_y"]
    return Layout(table[[*keep, "lane_x", "lane_y"]], polygon[order], edge, edge_m)


def _boxes(table: pd.DataFrame, frame: np.ndarray) -> np.ndarray:
    """Return the footprints as rectangles."""
    y, half = table["y"].to_numpy(), table["depth"].to_numpy() / 2
    start, stop = table["start"].to_numpy(), table["stop"].to_numpy()
    corners = [(start, y - half), (stop, y - half), (stop, y + half), (start, y + half), (start, y - half)]
    rings = np.stack([_city(np.column_stack(corner), frame) for corner in corners], axis=1)
    return shapely.polygons(np.round(rings, 2))


def _floors(table: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return the floors: mostly the same within a block of homes, as built in one go."""
    blocks = int(table["block"].max()) + 1
    usual = rng.integers(0, 5, blocks)[table["block"]]
    own = rng.integers(0, 5, len(table))
    alike = table["use"].isin((SLAB, HIGH, TOWER)).to_numpy() & (rng.random(len(table)) < 0.8)
    choices = np.ones((max(STYLES) + 1, 5), int)
    for use, style in STYLES.items():
        choices[use] = [style.floors[k % len(style.floors)] for k in range(5)]
    return choices[table["use"], np.where(alike, usual, own)]
