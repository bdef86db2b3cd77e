"""How much each grid must hand to its neighbours: bounds that can be kept, the least transport, and carrying it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from gisapp.errors import GisappError
from gisapp.grids.districting_borders import Desk, Numbers, Plan, Rules, carry
from gisapp.grids.districting_units import Graph, Ints, Reals, sums

OUTSIDE_PRICE = 1e3
HOMEWARD = 0.9  # below 1, so that nothing goes to and fro
HOSTS = 12


class Who(NamedTuple):
    """Which grids may change, and which of these are to be closed."""

    free: npt.NDArray[np.bool_]
    closing: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Bounds:
    """The loads each grid should keep between, and what stands in the way of the target.

    Attributes
    ----------
    low, high
        Bounds of each grid.
    mean
        What a free grid can carry on average among those it can exchange units with.
    region
        The number of the region of each grid: grids that units can be exchanged among.
    heavy
        Units heavier than a whole grid may be.
    """

    low: Reals
    high: Reals
    mean: Reals
    region: npt.NDArray[np.int32]
    heavy: Ints


def arcs_of(graph: Graph, plan: Plan, free: npt.NDArray[np.bool_]) -> Ints:
    """Return pairs of free grids that units can go between, both ways, shape (arcs, 2)."""
    owner = plan.grid[graph.owner]
    other = plan.grid[graph.near]
    open_ = graph.joined & (owner != other) & free[owner] & free[other]
    count = len(plan.load)
    keys = np.unique(owner[open_].astype(np.int64) * count + other[open_])
    return np.column_stack([keys // count, keys % count])


def bounds_of(graph: Graph, plan: Plan, who: Who, target: float, tolerance: float) -> Bounds:
    """Return bounds that the free grids can keep on average, as near to the target as they come."""
    count, free = len(plan.load), who.free
    arcs = arcs_of(graph, plan, free)
    links = sparse.coo_array((np.ones(len(arcs)), arcs.T), shape=(count, count))
    region = connected_components(links, directed=False)[1]
    heavy = np.flatnonzero((graph.weight > target * (1 + tolerance)) & free[plan.grid])
    alone = np.bincount(region[plan.grid[heavy]], minlength=count)
    carried = np.bincount(region[free], weights=plan.load[free], minlength=count)
    staying = np.bincount(region[free & ~who.closing], minlength=count)
    without = carried - np.bincount(region[plan.grid[heavy]], weights=graph.weight[heavy], minlength=count)
    rest = staying - alone
    means = np.where(rest > 0, without / np.maximum(rest, 1), carried / np.maximum(staying, 1))
    mean = np.where(free, means[region], plan.load)
    centre = np.where(np.abs(mean - target) <= tolerance * target, target, mean)
    low, high = centre * (1 - tolerance), centre * (1 + tolerance)
    np.maximum.at(high, plan.grid[heavy], graph.weight[heavy])
    low[who.closing], high[who.closing] = 0.0, 0.0
    return Bounds(low, high, mean, region, heavy)


def least_transport(arcs: Ints, load: Reals, low: Reals, high: Reals, back: Reals | None = None) -> tuple[Reals, float]:
    """Return what goes over each arc so that all loads keep their bounds, the sum over all arcs the least.

    A linear programme; what cannot be kept is kept as nearly as can be, and the sum of what is beyond comes second.
    ``back`` is how much goes home over each arc, which is gained and not paid.
    """
    if len(arcs) == 0:
        return np.zeros(0), float(np.maximum(np.maximum(load - high, low - load), 0).sum())
    from scipy.optimize import linprog  # loaded when it is needed: it takes as long as all of this package

    used, numbered = np.unique(arcs, return_inverse=True)
    ends, scale = numbered.reshape(-1, 2), max(float(high.max()), 1e-12)
    most = np.full(len(arcs), np.inf)
    price, which = np.ones(len(arcs)), np.arange(len(arcs))
    if back is not None:
        home = np.flatnonzero(back > 0)
        which, most = np.append(which, home), np.append(most, back[home] / scale)
        price = np.append(price, np.full(len(home), -HOMEWARD))
    at, ones = np.arange(len(which)), np.ones(len(which))
    net = sparse.coo_array((ones, (ends[which, 1], at)), shape=(len(used), len(which))).tocsr()
    net = net - sparse.coo_array((ones, (ends[which, 0], at)), shape=(len(used), len(which))).tocsr()
    apart = sparse.eye_array(len(used))
    rows = sparse.vstack([sparse.hstack([net, -apart, 0 * apart]), sparse.hstack([-net, 0 * apart, -apart])]).tocsr()
    limits = np.concatenate([high[used] - load[used], load[used] - low[used]]) / scale
    outside = np.full(2 * len(used), OUTSIDE_PRICE)
    bounds = np.column_stack([np.zeros(len(price) + len(outside)), np.append(most, np.full(len(outside), np.inf))])
    found = linprog(np.append(price, outside), A_ub=rows, b_ub=limits, bounds=bounds, method="highs")
    if not found.success:
        raise GisappError(f"the transport between grids was not solved: {found.message}; report this with the units")
    amount = sums(which, np.maximum(found.x[: len(which)], 0), len(arcs))
    return amount * scale, float(found.x[len(which) :].sum() * scale)


def homeward(graph: Graph, plan: Plan, home: Numbers, arcs: Ints) -> Reals:
    """Return the weight of the units that would come home over each arc."""
    away = np.flatnonzero((home != plan.grid) & (home >= 0))
    count = len(plan.load)
    keys = plan.grid[away].astype(np.int64) * count + home[away]
    order = arcs[:, 0] * count + arcs[:, 1]
    place = np.searchsorted(order, keys)
    place[place == len(order)] = 0
    there = order[place] == keys
    return sums(place[there], graph.weight[away[there]], len(arcs))


def balanced(graph: Graph, plan: Plan, rules: Rules, desk: Desk, most: int = 30) -> None:
    """Move border units along the least transport until all loads keep their bounds or no round helps any more."""
    best = np.inf
    waited = 0
    for _ in range(most):
        beyond = np.maximum(np.maximum(plan.load - rules.high, rules.low - plan.load), 0)[rules.free].sum()
        waited = 0 if beyond < 0.98 * best else waited + 1
        best = min(best, beyond)
        if beyond <= 1e-9 * max(rules.high.max(), 1e-12) or waited > 3:
            return
        arcs = arcs_of(graph, plan, rules.free)
        if len(arcs) == 0:
            return
        carried_out(graph, plan, rules, desk, arcs)


def carried_out(graph: Graph, plan: Plan, rules: Rules, desk: Desk, arcs: Ints) -> None:
    """Move border units by the least transport, the largest amounts first."""
    back = homeward(graph, plan, rules.home, arcs)
    amount, _ = least_transport(arcs, plan.load, rules.low, rules.high, back)
    order = np.argsort(plan.grid, kind="stable").astype(np.int32)
    ends = np.cumsum(plan.units)
    members = [order[end - size : end] for end, size in zip(ends, plan.units.copy(), strict=True)]
    for arc in np.argsort(-amount, kind="stable"):
        if amount[arc] <= 0:
            break
        source, target = arcs[arc]
        carry(graph, plan, rules, desk, members[source], int(target), float(amount[arc]))


def arcs_to_new(arcs: Ints, host: int, new: int) -> Ints:
    """Return the arcs by which a new grid in the place of a host is filled: from the host and its neighbours."""
    givers = np.append(arcs[arcs[:, 0] == host, 1], host)
    return np.column_stack([givers, np.full(len(givers), new)])


def host_of(graph: Graph, plan: Plan, who: Who, new: int, target: float, tolerance: float) -> int:
    """Return the grid in whose place a new one leaves the least to be carried; -1 where none has two units."""
    arcs = arcs_of(graph, plan, who.free)
    able = who.free & ~who.closing & (plan.units > 1)
    around = plan.load.copy()
    np.maximum.at(around, arcs[:, 0], plan.load[arcs[:, 1]])
    order = np.lexsort([-around, -plan.load])
    hosts = order[able[order]][:HOSTS]
    low, high = (np.where(who.closing, 0.0, target * (1 + sign * tolerance)) for sign in (-1, 1))
    best, least = -1, np.inf
    for host in hosts:
        wider = np.concatenate([arcs, arcs_to_new(arcs, int(host), new)])
        amount, outside = least_transport(wider, plan.load, low, high)
        price = float(amount.sum()) + OUTSIDE_PRICE * outside
        if price < least:
            best, least = int(host), price
    return best
