"""A first partition to work on: how many grids each part gets, centres of equal load, and grids in one piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gisapp.grids.districting_borders import Desk, Numbers, Plan, desk_of, holds_without, move
from gisapp.grids.districting_units import Graph, Ints, Reals, Units, pieces, sums
from gisapp.grids.kernel import compiled

ROUNDS = 40
DAMPING = 0.6
LOOSE = -1


def shares(load: Reals, units: Ints, count: int) -> Ints:
    """Return how many of ``count`` grids each part gets: at least one, at most its units, the loads as even as can be.

    The parts must not be more than the grids, nor the units fewer.
    """
    mean = load.sum() / count
    given = np.clip(np.round(load / mean) if mean > 0 else np.ones(len(load)), 1, units).astype(np.int64)
    while given.sum() != count:
        step = 1 if given.sum() < count else -1
        after = given + step
        possible = (after >= 1) & (after <= units)
        apart = np.where(possible, np.abs(load / np.maximum(after, 1) - mean), np.inf)
        given[int(apart.argmin())] += step
    return given


def seeded(units: Units, count: int, rng: np.random.Generator) -> Numbers:
    """Return a first partition into ``count`` grids of about equal load, each in one piece and none empty."""
    graph, part = units.graph, units.part
    given = shares(sums(part, graph.weight, int(part.max()) + 1), np.bincount(part), count)
    grid = np.full(len(part), LOOSE, np.int32)
    for number, offset in enumerate(np.cumsum(given) - given):
        inside = np.flatnonzero(part == number)
        grid[inside] = offset + _power_cells(units, inside, int(given[number]), rng)
    whole = one_piece(graph, grid, np.ones(count, bool))
    _refill(graph, whole, part, np.repeat(np.arange(len(given)), given), desk_of(graph))
    return whole


def _power_cells(units: Units, inside: Ints, count: int, rng: np.random.Generator) -> Numbers:
    """Return the cell of each unit in a power diagram whose cells carry about the same.

    Centres move to the middle of their cells (Lloyd), and a cell that carries too little is lifted
    (Aurenhammer, Hoffmann, Aronov 1998).
    """
    xy, weight, area = units.xy[inside], units.weight[inside], units.area_m2[inside]
    mass = weight / max(weight.sum(), 1e-12) + area / area.sum()
    centre = xy[rng.choice(len(inside), count, replace=False, p=_spread(mass))]
    lift, cell = np.zeros(count), np.zeros(len(inside), np.int32)
    aim = weight.sum() / count
    for _ in range(ROUNDS):
        _nearest(xy, centre, lift, cell)
        carried = np.bincount(cell, weights=weight, minlength=count)
        ground = np.maximum(np.bincount(cell, weights=area, minlength=count), area.sum() / count / 20)
        mean = np.bincount(cell, weights=mass, minlength=count)
        there = mean > 0
        for axis in range(2):
            moment = np.bincount(cell, weights=mass * xy[:, axis], minlength=count)
            centre[there, axis] = moment[there] / mean[there]
        if not there.all():
            centre[~there] = xy[rng.choice(len(inside), int((~there).sum()), replace=False)]
            lift[~there] = np.median(lift)
        if aim > 0:
            lift += DAMPING * 2 / np.pi * ground * np.clip((aim - carried) / np.maximum(carried, aim / 4), -1, 1)
    _nearest(xy, centre, lift, cell)
    return cell


def _spread(mass: Reals) -> Reals:
    """Return chances in proportion to mass."""
    return mass / mass.sum()


@compiled
def _nearest(xy: Reals, centre: Reals, lift: Reals, cell: Numbers) -> None:
    """Fill in the cell of each point: the centre at the least squared distance less its lift."""
    for unit in range(len(xy)):
        best, least = 0, np.inf
        x, y = xy[unit, 0], xy[unit, 1]
        for number in range(len(centre)):
            dx, dy = x - centre[number, 0], y - centre[number, 1]
            away = dx * dx + dy * dy - lift[number]
            if away < least:
                best, least = number, away
        cell[unit] = best


def one_piece(graph: Graph, grid: Numbers, free: npt.NDArray[np.bool_]) -> Numbers:
    """Return the plan with only the heaviest piece of each free grid kept; the rest joins free neighbours.

    A piece without any stays as it is.
    """
    kept = np.where(main_piece(graph, grid) | ~free[grid], grid, LOOSE).astype(np.int32)
    _settle(graph, kept, free)
    return np.where(kept == LOOSE, grid, kept).astype(np.int32)


def main_piece(graph: Graph, grid: Numbers) -> npt.NDArray[np.bool_]:
    """Return which units are in the heaviest piece of their grid."""
    piece = pieces(graph, grid)
    load, size = np.bincount(piece, weights=graph.weight), np.bincount(piece)
    owner = np.zeros(len(size), np.int64)
    owner[piece] = grid
    order = np.lexsort([size, load, owner])
    last = np.append(owner[order][1:] != owner[order][:-1], True)
    best = np.zeros(len(size), bool)
    best[order[last]] = True
    return best[piece]


@compiled
def _settle(graph: Graph, grid: Numbers, free: npt.NDArray[np.bool_]) -> None:
    """Give every loose unit to the neighbouring grid with the longest border, from the outside in."""
    changed = True
    while changed:
        changed = False
        for unit in range(len(grid)):
            if grid[unit] != LOOSE:
                continue
            best, longest = LOOSE, -1.0
            for at in range(graph.first[unit], graph.first[unit + 1]):
                other = grid[graph.near[at]]
                if other != LOOSE and free[other] and graph.joined[at] and graph.border_m[at] > longest:
                    best, longest = other, graph.border_m[at]
            if best != LOOSE:
                grid[unit] = best
                changed = True


@compiled
def _refill(graph: Graph, grid: Numbers, part: Numbers, part_of_grid: Ints, desk: Desk) -> None:
    """Give every empty grid a unit of the grid that has the most in the same part."""
    sizes = np.zeros(len(part_of_grid), np.int64)
    for number in grid:
        sizes[number] += 1
    for empty in range(len(sizes)):
        if sizes[empty] > 0:
            continue
        largest = -1
        for number in range(len(sizes)):
            same = part_of_grid[number] == part_of_grid[empty]
            if same and (largest < 0 or sizes[number] > sizes[largest]):
                largest = number
        for unit in range(len(grid)):
            if grid[unit] == largest and holds_without(graph, grid, unit, desk):
                grid[unit] = empty
                sizes[empty], sizes[largest] = 1, sizes[largest] - 1
                break


def split(units: Units, grid: Numbers, host: int, new: int, rng: np.random.Generator) -> Numbers:
    """Return the plan with about half of one grid given to a new one."""
    inside = np.flatnonzero(grid == host)
    halved = grid.copy()
    halved[inside] = np.where(_power_cells(units, inside, 2, rng) == 0, host, new)
    sizes = np.bincount(halved, minlength=new + 1)
    if min(sizes[host], sizes[new]) == 0:
        halved[inside] = host
        halved[inside[0]] = new
    return halved


@compiled
def emptied(graph: Graph, plan: Plan, closing: npt.NDArray[np.bool_], free: npt.NDArray[np.bool_]) -> int:
    """Give what is left of closing grids to the lightest neighbours that stay; return how many units none will take."""
    changed = True
    left = 0
    while changed:
        changed, left = False, 0
        for unit in range(len(plan.grid)):
            if not closing[plan.grid[unit]]:
                continue
            best = LOOSE
            for at in range(graph.first[unit], graph.first[unit + 1]):
                other = plan.grid[graph.near[at]]
                stays = graph.joined[at] and free[other] and not closing[other]
                if stays and (best == LOOSE or plan.load[other] < plan.load[best]):
                    best = other
            if best == LOOSE:
                left += 1
            else:
                move(graph, plan, unit, best)
                changed = True
    return left
