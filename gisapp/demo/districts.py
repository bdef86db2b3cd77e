"""Blocks in groups: communities, and grids of about equal size that keep to arterials.

Both are branches of the tree that the blocks were cut in, so each is one piece bounded by streets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.cuts import COLLECTOR_HA
from gisapp.demo.frames import coded, codes, framed, moment
from gisapp.demo.sizes import START
from gisapp.demo.streets import RIVER, Plan

PEOPLE_PER_HOME = 2.7
SINCE = moment(START) - np.timedelta64(400, "D")


@dataclass(frozen=True)
class Districts:
    """For each block the number of its community (-1: none, on the river) and of its grid."""

    community: np.ndarray
    grid: np.ndarray


@dataclass
class _Group:
    """Blocks that will be one grid: the branches they are and what they weigh."""

    branches: list[int]
    weight: float


def make_districts(plan: Plan, households: np.ndarray, grids: int) -> Districts:
    """Return the community and the grid of each block, given its households."""
    branch = branches_of(plan, COLLECTOR_HA)
    community = np.where(plan.wet, -1, branch)
    community[~plan.wet] = np.unique(community[~plan.wet], return_inverse=True)[1]
    weight = households + 0.004 * shapely.area(plan.drawing.faces)
    grid = _grids(plan, np.where(plan.wet, 0, weight), grids)
    return Districts(_numbered(plan, community), _numbered(plan, grid))


def district_tables(plan: Plan, districts: Districts, households: np.ndarray) -> dict[str, pd.DataFrame]:
    """Return the tables ``unit_grids``, ``grids`` and ``communities``."""
    blocks = plan.drawing.faces
    order = np.argsort(districts.grid, kind="stable")
    nth = np.empty(len(order), int)
    nth[order] = np.arange(len(order)) - np.searchsorted(districts.grid[order], districts.grid[order]) + 1
    grid_code = coded("G", districts.grid, 3)
    suffix = np.char.zfill(nth.astype(str), 3).astype(object)
    units = {
        "code": grid_code + "-" + suffix,
        "grid_code": grid_code,
        "households": households,
        "people": np.round(households * PEOPLE_PER_HOME).astype(int),
    }
    count = int(districts.grid.max()) + 1
    grids = {
        "code": codes("G", count, 3),
        "name": codes("网格", count, 3),
        "utilities": ["water,power,heating,gas"] * count,
        "valid_from": np.full(count, SINCE),
    }
    settled = districts.community >= 0
    villages = int(districts.community.max()) + 1
    communities = {"code": codes("C", villages, 4), "name": community_names(np.arange(villages))}
    return {
        "unit_grids": framed("unit_grids", units, shapely.multipolygons(blocks[:, None])),
        "grids": framed("grids", grids, dissolved(blocks, districts.grid)),
        "communities": framed("communities", communities, dissolved(blocks[settled], districts.community[settled])),
    }


def community_names(numbers: np.ndarray) -> np.ndarray:
    """Return the generic names of communities counted from 0."""
    return (numbers + 1).astype(str).astype(object) + "号小区"


def dissolved(blocks: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Return the union of the blocks of each group as multipolygons; their shared vertices stay as they are."""
    order = np.argsort(group, kind="stable")
    starts = np.searchsorted(group[order], np.arange(int(group.max()) + 2))
    shapes = []
    for k in range(len(starts) - 1):
        union = shapely.coverage_union_all(blocks[order[starts[k] : starts[k + 1]]])
        shapes.append(shapely.MultiPolygon([union]) if union.geom_type == "Polygon" else union)
    return np.array(shapes)


def branches_of(plan: Plan, most_ha: float) -> np.ndarray:
    """Return for each block the largest branch above it that is no larger than so many hectares."""
    area = shapely.area(np.array(plan.tree.polygon))
    parent = np.array(plan.tree.parent)
    branch = plan.leaf.copy()
    for _ in range(64):
        above = parent[branch]
        climbs = (above >= 0) & (area[above] <= most_ha * 1e4)
        if not climbs.any():
            break
        branch = np.where(climbs, above, branch)
    return branch


def _grids(plan: Plan, weight: np.ndarray, wanted: int) -> np.ndarray:
    """Return for each block the group it belongs to: ``wanted`` groups of about equal weight."""
    tree = plan.tree
    total = np.zeros(len(tree.parent))
    np.add.at(total, plan.leaf, weight)
    for number in range(len(tree.parent) - 1, -1, -1):
        if tree.parent[number] >= 0:
            total[tree.parent[number]] += total[number]
    wet_roots = np.unique(plan.leaf[plan.wet])
    roots = [n for n, parent in enumerate(tree.parent) if parent < 0 and n not in set(wet_roots.tolist())]
    groups = [_Group([root], float(total[root])) for root in roots]
    mean = weight.sum() / wanted
    while (heavy := _heaviest(groups, tree.children)) is not None and groups[heavy].weight > 1.6 * mean:
        groups = _halved(groups, heavy, tree.children, total)
    groups = _joined(groups, _touching(plan, _branch_groups(plan, groups)), wanted, 0.5 * mean)
    while len(groups) < wanted and (heavy := _heaviest(groups, tree.children)) is not None:
        groups = _halved(groups, heavy, tree.children, total)
    return _block_groups(plan, groups)


def _branch_groups(plan: Plan, groups: list[_Group]) -> np.ndarray:
    """Return the group of each face of the tree below the groups' branches; -1 elsewhere."""
    group_of = np.full(len(plan.tree.parent), -1)
    for k, group in enumerate(groups):
        group_of[group.branches] = k
    # Parents stand before their children, so one pass carries every group down.
    for number, above in enumerate(plan.tree.parent):
        if group_of[number] < 0 and above >= 0:
            group_of[number] = group_of[above]
    return group_of


def _touching(plan: Plan, group_of: np.ndarray) -> dict[tuple[int, int], float]:
    """Return how many metres of street each two groups share."""
    inner = (plan.drawing.sides >= 0).all(axis=1) & (plan.rank != RIVER)
    pair = np.sort(group_of[plan.leaf[plan.drawing.sides[inner]]], axis=1)
    length = shapely.length(plan.drawing.edges[inner])
    shared: dict[tuple[int, int], float] = {}
    for a, b, metres in zip(pair[:, 0].tolist(), pair[:, 1].tolist(), length.tolist(), strict=True):
        if a >= 0 and a != b:
            shared[a, b] = shared.get((a, b), 0.0) + metres
    return shared


def _joined(groups: list[_Group], shared: dict[tuple[int, int], float], wanted: int, least: float) -> list[_Group]:
    """Return the groups with the light ones joined to their lightest neighbour, until none is too light."""
    beside: list[dict[int, float]] = [{} for _ in groups]
    for (a, b), metres in shared.items():
        if metres > 80:
            beside[a][b] = beside[b][a] = metres
    alive, stuck = set(range(len(groups))), set[int]()
    while True:
        light = min(sorted(alive - stuck), key=lambda k: groups[k].weight, default=None)
        if light is None or (groups[light].weight >= least and len(alive) <= wanted):
            return [groups[k] for k in sorted(alive)]
        if not beside[light]:
            stuck.add(light)
            continue
        into = min(sorted(beside[light]), key=lambda k: groups[k].weight)
        groups[into].branches += groups[light].branches
        groups[into].weight += groups[light].weight
        alive.discard(light)
        for other, metres in beside[light].items():
            del beside[other][light]
            if other != into:
                beside[other][into] = beside[into][other] = beside[into].get(other, 0.0) + metres


def _heaviest(groups: list[_Group], children: list[tuple[int, ...]]) -> int | None:
    """Return the heaviest group that is a single branch with halves; None when there is none."""
    able = [k for k, group in enumerate(groups) if len(group.branches) == 1 and children[group.branches[0]]]
    return max(able, key=lambda k: (groups[k].weight, -k), default=None)


def _halved(groups: list[_Group], heavy: int, children: list[tuple[int, ...]], total: np.ndarray) -> list[_Group]:
    """Return the groups with one of them cut in two where its tree parts."""
    halves = [_Group([child], float(total[child])) for child in children[groups[heavy].branches[0]]]
    return groups[:heavy] + halves + groups[heavy + 1 :]


def _block_groups(plan: Plan, groups: list[_Group]) -> np.ndarray:
    """Return the group of each block; a river block joins the group it shares most bank with."""
    found = _branch_groups(plan, groups)[plan.leaf]
    dry = found.copy()
    sides = plan.drawing.sides
    length = shapely.length(plan.drawing.edges)
    for block in np.flatnonzero(dry < 0):
        walls = np.flatnonzero((sides == block).any(axis=1) & (plan.rank != RIVER))
        other = np.where(sides[walls, 0] == block, sides[walls, 1], sides[walls, 0])
        known = (other >= 0) & (dry[other] >= 0)
        bank = np.bincount(dry[other[known]], weights=length[walls[known]])
        found[block] = int(np.argmax(bank))
    return found


def _numbered(plan: Plan, group: np.ndarray) -> np.ndarray:
    """Return the groups counted in bands from north to south and in each band from west to east; -1 stays."""
    known = group >= 0
    count = int(group.max()) + 1
    xy = shapely.get_coordinates(shapely.centroid(plan.drawing.faces))[known]
    size = np.bincount(group[known], minlength=count)
    x = np.bincount(group[known], weights=xy[:, 0], minlength=count) / size
    y = np.bincount(group[known], weights=xy[:, 1], minlength=count) / size
    bands = max(2, round(np.sqrt(count) * 0.75))
    band = np.floor((y.max() - y) / (np.ptp(y) + 1.0) * bands)
    rank = np.empty(count, int)
    rank[np.lexsort((x, band))] = np.arange(count)
    return np.where(known, rank[np.maximum(group, 0)], -1)
