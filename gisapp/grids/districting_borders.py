"""The compiled loops that move border units between grids, one at a time, and keep every grid in one piece."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gisapp.grids.districting_units import Graph, Reals, sums
from gisapp.grids.kernel import compiled

Numbers = npt.NDArray[np.int32]
WINDOW = 512  # borders that are picked from in turn
GOING = 4.0  # what carrying a whole target is worth, in forms


class Plan(NamedTuple):
    """The grid of each unit, what each grid sums up to and its :func:`form`; changed in place by these loops."""

    grid: Numbers
    load: Reals
    area_m2: Reals
    edge_m: Reals
    form: Reals
    units: npt.NDArray[np.int64]


class Rules(NamedTuple):
    """What a move is judged by.

    ``low`` and ``high`` bound the load of each grid, ``free`` says which grids may change, ``home`` is the
    grid a unit is best left in and ``stay`` what it costs to have it elsewhere; ``form`` weighs compactness.
    """

    low: Reals
    high: Reals
    free: npt.NDArray[np.bool_]
    home: Numbers
    stay: Reals
    form: float
    per_load: float


class Desk(NamedTuple):
    """Room for searches: when a unit was last seen or wanted, a queue, and the number of the search."""

    seen: npt.NDArray[np.int64]
    wanted: npt.NDArray[np.int64]
    queue: Numbers
    search: npt.NDArray[np.int64]


def plan_of(graph: Graph, grid: Numbers, count: int) -> Plan:
    """Return a plan of ``count`` grids with its sums; the grid of each unit is copied."""
    owner = grid[graph.owner]
    edge = sums(grid, graph.edge_m, count) - sums(owner, graph.border_m * (owner == grid[graph.near]), count)
    load, area = sums(grid, graph.weight, count), sums(grid, graph.area_m2, count)
    shape = np.divide(edge, np.sqrt(4 * np.pi * area), out=np.zeros(count), where=area > 0)
    return Plan(grid.astype(np.int32), load, area, edge, shape, np.bincount(grid, minlength=count))


def desk_of(graph: Graph) -> Desk:
    """Return room for searches over all units."""
    count = len(graph.weight)
    return Desk(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int32), np.zeros(1, np.int64))


@compiled
def form(area_m2: float, edge_m: float) -> float:
    """Return how much longer the border of a shape is than that of a circle of its area, from 1."""
    return edge_m / np.sqrt(4 * np.pi * area_m2)


@compiled
def _strain(plan: Plan, rules: Rules, grid: int, change: float) -> float:
    """Return by how much a change of load takes a grid further out of its bounds; below 0 when back in."""
    low, high, load = rules.low[grid], rules.high[grid], plan.load[grid]
    after = load + change
    return max(after - high, low - after, 0.0) - max(load - high, low - load, 0.0)


@compiled
def holds_without(graph: Graph, grid: Numbers, unit: int, desk: Desk) -> bool:
    """Return whether the neighbours of a unit in its own grid still hang together when it leaves."""
    own = grid[unit]
    desk.search[0] += 1
    search = desk.search[0]
    missing, start = 0, -1
    for at in range(graph.first[unit], graph.first[unit + 1]):
        other = graph.near[at]
        if graph.joined[at] and grid[other] == own and desk.wanted[other] != search:
            desk.wanted[other] = search
            missing, start = missing + 1, other
    if missing <= 1:
        return True
    desk.seen[unit] = search
    desk.seen[start] = search
    desk.queue[0] = start
    done, filled = 0, 1
    while done < filled:
        here = desk.queue[done]
        done += 1
        if desk.wanted[here] == search:
            missing -= 1
            if missing == 0:
                return True
        for at in range(graph.first[here], graph.first[here + 1]):
            other = graph.near[at]
            if graph.joined[at] and grid[other] == own and desk.seen[other] != search:
                desk.seen[other] = search
                desk.queue[filled] = other
                filled += 1
    return False


@compiled
def _shared(graph: Graph, grid: Numbers, unit: int, source: int, target: int) -> tuple[float, float]:
    """Return how long the border of a unit is with its own grid and with another."""
    own, other = 0.0, 0.0
    for at in range(graph.first[unit], graph.first[unit + 1]):
        beside = grid[graph.near[at]]
        if beside == source:
            own += graph.border_m[at]
        elif beside == target:
            other += graph.border_m[at]
    return own, other


@compiled
def _form_change(graph: Graph, plan: Plan, unit: int, target: int) -> float:
    """Return by how much the forms of two grids grow when a unit changes over."""
    source = plan.grid[unit]
    own, other = _shared(graph, plan.grid, unit, source, target)
    area, edge = graph.area_m2[unit], graph.edge_m[unit]
    before, left = plan.form[source] + plan.form[target], 0.0
    if plan.units[source] > 1:
        left = form(plan.area_m2[source] - area, plan.edge_m[source] - edge + 2 * own)
    return left + form(plan.area_m2[target] + area, plan.edge_m[target] + edge - 2 * other) - before


@compiled
def move(graph: Graph, plan: Plan, unit: int, target: int) -> None:
    """Give a unit to another grid."""
    source = plan.grid[unit]
    own, other = _shared(graph, plan.grid, unit, source, target)
    weight, area, edge = graph.weight[unit], graph.area_m2[unit], graph.edge_m[unit]
    plan.load[source] -= weight
    plan.load[target] += weight
    plan.area_m2[source] -= area
    plan.area_m2[target] += area
    plan.edge_m[source] += 2 * own - edge
    plan.edge_m[target] += edge - 2 * other
    plan.form[source] = form(plan.area_m2[source], plan.edge_m[source]) if plan.units[source] > 1 else 0.0
    plan.form[target] = form(plan.area_m2[target], plan.edge_m[target])
    plan.units[source] -= 1
    plan.units[target] += 1
    plan.grid[unit] = target


@compiled
def _judged(graph: Graph, plan: Plan, rules: Rules, unit: int, target: int) -> float:
    """Return what a move costs: form, distance from home, and loads beyond their bounds."""
    source, weight = plan.grid[unit], graph.weight[unit]
    cost = 0.0
    if rules.home[unit] == source:
        cost += rules.stay[unit]
    elif rules.home[unit] == target:
        cost -= rules.stay[unit]
    cost += rules.per_load * (_strain(plan, rules, source, -weight) + _strain(plan, rules, target, weight))
    if rules.form > 0:
        cost += rules.form * _form_change(graph, plan, unit, target)
    return cost


@compiled
def anneal(graph: Graph, plan: Plan, rules: Rules, desk: Desk, heat: float, tries: float, seed: int) -> int:
    """Try to move units over borders picked by chance: what costs nothing is done, and some of what costs little.

    Simulated annealing at one temperature (Metropolis et al. 1953). Each border between two units is tried so
    many times on average, each way, one part of the town after another: what is near is still in the processor's
    cache. A grid never loses its last unit nor its contiguity. Returns how many moves were made.
    """
    np.random.seed(seed)
    ends = len(graph.near)
    crossing, spot, count, made = np.empty(ends, np.int32), np.full(ends, -1, np.int32), 0, 0
    for at in range(ends):
        if _crosses(graph, plan.grid, rules.free, at):
            crossing[count], spot[at] = at, count
            count += 1
    picks = int(tries * count)
    for pick in range(picks):
        if count == 0:
            break
        low = (pick // WINDOW * WINDOW) % count
        at = crossing[low + int(np.random.random() * min(WINDOW, count - low))]
        unit, target = graph.owner[at], plan.grid[graph.near[at]]
        if plan.units[plan.grid[unit]] <= 1:
            continue
        cost = _judged(graph, plan, rules, unit, target)
        if cost > 0 and (cost > 12 * heat or np.random.random() >= np.exp(-cost / heat)):
            continue
        if holds_without(graph, plan.grid, unit, desk):
            move(graph, plan, unit, target)
            made += 1
            for own in range(graph.first[unit], graph.first[unit + 1]):
                wanted = _crosses(graph, plan.grid, rules.free, own)
                count = _listed(crossing, spot, count, own, wanted)
                count = _listed(crossing, spot, count, graph.twin[own], wanted)
    return made


@compiled
def _crosses(graph: Graph, grid: Numbers, free: npt.NDArray[np.bool_], at: int) -> bool:
    """Return whether a border is one between two free grids that units may go over."""
    source, target = grid[graph.owner[at]], grid[graph.near[at]]
    return source != target and graph.joined[at] and free[source] and free[target]


@compiled
def _listed(crossing: Numbers, spot: Numbers, count: int, at: int, wanted: bool) -> int:
    """Put a border on the list or take it off, and return how many are on it."""
    if wanted and spot[at] < 0:
        crossing[count], spot[at] = at, count
        return count + 1
    if not wanted and spot[at] >= 0:
        last = crossing[count - 1]
        crossing[spot[at]] = last
        spot[last] = spot[at]
        spot[at] = -1
        return count - 1
    return count


@compiled
def carry(graph: Graph, plan: Plan, rules: Rules, desk: Desk, members: Numbers, target: int, amount: float) -> float:
    """Move border units of one grid to a neighbour until about an amount has gone over; return how much did.

    ``members`` are units of the source, of which some may have left it since. The unit whose change costs
    least for its weight goes first; none goes that is more than twice of what is missing. Only a grid whose
    bound is 0 may end empty or in pieces.
    """
    source, gone, count = plan.grid[members[0]], 0.0, 0
    waiting = np.empty(len(members), np.int32)
    for unit in members:
        if plan.grid[unit] == source and _borders(graph, plan.grid, unit, target):
            waiting[count] = unit
            count += 1
    while gone < amount:
        best = _readiest(graph, plan, rules, desk, waiting[:count], target, amount - gone)
        if best < 0:
            break
        unit = waiting[best]
        move(graph, plan, unit, target)
        gone += graph.weight[unit]
        waiting[best] = waiting[count - 1]
        count -= 1
        for at in range(graph.first[unit], graph.first[unit + 1]):
            other = graph.near[at]
            here = graph.joined[at] and plan.grid[other] == source and count < len(waiting)
            if here and not np.any(waiting[:count] == other):
                waiting[count] = other
                count += 1
    return gone


@compiled
def _readiest(graph: Graph, plan: Plan, rules: Rules, desk: Desk, waiting: Numbers, target: int, missing: float) -> int:
    """Return the place of the unit that goes over first, -1 when none can."""
    best, least = -1, np.inf
    for place in range(len(waiting)):
        unit = waiting[place]
        source, weight = plan.grid[unit], graph.weight[unit]
        closing = rules.high[source] <= 0
        if (weight >= 2 * missing and weight > 0) or (plan.units[source] <= 1 and not closing):
            continue
        cost = _form_change(graph, plan, unit, target) - GOING * weight / (rules.high[target] + 1e-12)
        if rules.home[unit] == target:
            cost -= 1.0
        if cost < least and (closing or holds_without(graph, plan.grid, unit, desk)):
            best, least = place, cost
    return best


@compiled
def _borders(graph: Graph, grid: Numbers, unit: int, target: int) -> bool:
    """Return whether a unit is joined to one of a grid."""
    for at in range(graph.first[unit], graph.first[unit + 1]):
        if graph.joined[at] and grid[graph.near[at]] == target:
            return True
    return False


@compiled
def exchange(graph: Graph, plan: Plan, rules: Rules, desk: Desk, most: int) -> int:
    """Mend loads beyond their bounds by two moves at once where one alone cannot; return how many pairs moved.

    A unit leaves or joins the grid at fault, and then the best second one moves from, to or between the two
    grids that this changed. At most so many first units are tried.
    """
    pairs, tried = 0, 0
    for unit in range(len(graph.weight)):
        for at in range(graph.first[unit], graph.first[unit + 1]):
            source, target = plan.grid[unit], plan.grid[graph.near[at]]
            if not _crosses(graph, plan.grid, rules.free, at) or plan.units[source] <= 1 or tried >= most:
                continue
            if not (_at_fault(plan, rules, source) or _at_fault(plan, rules, target)):
                continue
            if not holds_without(graph, plan.grid, unit, desk):
                continue
            tried += 1
            cost = _judged(graph, plan, rules, unit, target)
            move(graph, plan, unit, target)
            second, onward = _second(graph, plan, rules, desk, source, target, cost)
            if second >= 0:
                move(graph, plan, second, onward)
                pairs += 1
            elif cost >= 0:
                move(graph, plan, unit, source)
    return pairs


@compiled
def _at_fault(plan: Plan, rules: Rules, grid: int) -> bool:
    """Return whether the load of a grid is beyond its bounds."""
    return not rules.low[grid] <= plan.load[grid] <= rules.high[grid]


@compiled
def _second(graph: Graph, plan: Plan, rules: Rules, desk: Desk, one: int, other: int, spent: float) -> tuple[int, int]:
    """Return the unit and grid of the best move at the borders of two grids that makes good what was spent, or -1."""
    best, onward, least = -1, -1, min(-spent, 0.0) - 1e-12
    for unit in range(len(graph.weight)):
        for at in range(graph.first[unit], graph.first[unit + 1]):
            source, target = plan.grid[unit], plan.grid[graph.near[at]]
            if source not in (one, other) and target not in (one, other):
                continue
            if not _crosses(graph, plan.grid, rules.free, at) or plan.units[source] <= 1:
                continue
            cost = _judged(graph, plan, rules, unit, target)
            if cost < least and holds_without(graph, plan.grid, unit, desk):
                best, onward, least = unit, target, cost
    return best, onward
