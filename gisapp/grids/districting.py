"""Proposals of grid boundaries: a fresh partition into k grids, or the least change that balances a plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from gisapp.errors import InputError
from gisapp.grids.districting_borders import Numbers, Rules, desk_of, plan_of
from gisapp.grids.districting_checks import check_changes, check_count, check_tolerance, codes_of
from gisapp.grids.districting_proposal import Codes, Proposal, Task, named_like, numbered, proposal, rank
from gisapp.grids.districting_search import Effort, Watch, searched
from gisapp.grids.districting_seeds import emptied, one_piece, seeded, split
from gisapp.grids.districting_transport import (
    Who,
    arcs_of,
    arcs_to_new,
    bounds_of,
    carried_out,
    host_of,
    least_transport,
)
from gisapp.grids.districting_units import Units

Progress = Callable[[float, float], None]
Stop = Callable[[], bool]

FRESH = Effort(heat=0.045, steps=40, tries=4.0, firm=0.0, mending=0.06, polish=8, narrow=0.0)
CHANGED = Effort(heat=0.03, steps=20, tries=4.0, firm=1.0, mending=0.03, polish=15, narrow=0.05)
MARGIN = 0.998  # what the search keeps free of a tolerance, so that sums in another order still keep it
RESTARTS, RESTART_UNITS, FEW_UNITS = 8, 20_000, 5_000  # how often to begin anew, and for how many units in all
WEIGHINGS = {"least_change": (1.0, 8.0), "between": (1.0, 3.0), "compact": (1.0, 0.6)}
AREA_SHARE = 0.1  # a block without households is still not moved for nothing


def suggest(
    units: Units,
    *,
    k: int,
    tolerance: float = 0.02,
    seed: int = 0,
    count: int = 1,
    like: Sequence[str] | Codes | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[Proposal, ...]:
    """Return proposals of a fresh partition into ``k`` grids of about equal load, the best first.

    Parameters
    ----------
    units
        Small blocks. Every grid is one piece over common borders and bridges, and within one label.
    k
        How many grids.
    tolerance
        By how much of the target a grid may be off, from 0.
    seed
        The same seed gives the same proposals.
    count
        How many alternatives.
    like
        The plan in force, a code of each unit: codes go to the new grids that have most of the old weight (most
        together), ``+1``, ``+2`` ... to grids beyond, and ``moved`` is told. Without it grids are numbered from 0,
        from west to east.
    progress
        Called with what is done and the total.
    stop
        Asked now and then; once it says True the best so far is returned.

    Returns
    -------
    tuple of Proposal
        Those that keep the tolerance first, then by compactness.

    Raises
    ------
    InputError
        When ``k`` is below 1, above the number of units or below the number of parts, or ``like`` has not a code
        for each unit.

    Notes
    -----
    A power diagram of equal loads (Aurenhammer, Hoffmann, Aronov 1998), borders shortened by simulated annealing,
    loads balanced by the least transport between neighbours.

    Examples
    --------
    >>> board = np.indices((4, 6)).reshape(2, -1).T
    >>> pairs = np.argwhere(np.triu(np.abs(board[:, None] - board[None]).sum(axis=2) == 1))
    >>> outer = ((board == 0) | (board == [3, 5])).sum(axis=1)
    >>> units = Units(np.ones(24), np.ones(24), outer, board + 0.5, pairs, np.ones(len(pairs)))
    >>> best, = suggest(units, k=4)
    >>> best.load.tolist(), best.deviation
    ([6.0, 6.0, 6.0, 6.0], 0.0)
    """
    check_count(units, k, tolerance, count)
    before = None if like is None else codes_of(units, like, "like")
    task = Task(units, np.arange(k).astype(object), Who(np.ones(k, bool), np.zeros(k, bool)), tolerance, before)
    watch = Watch(progress, stop, float(count * _turns(units) * (FRESH.steps + FRESH.polish)))
    made = []
    for number in range(count):
        grid = _fresh(task, seed + 1000 * number, watch)
        if before is None:
            grid, named = numbered(units, grid, k), task
        else:
            named = replace(task, codes=named_like(units, grid, k, before))
        made.append(proposal(named, grid, kind="fresh", finished=not watch.stopped))
        if watch.stopped:
            break
    return tuple(sorted(made, key=rank))


def _fresh(task: Task, seed: int, watch: Watch) -> Numbers:
    """Return the best partition of some searches: of more where units are few, and while loads are beyond bounds."""
    graph, grids, found = task.units.graph, len(task.codes), []
    count = len(graph.weight)
    for turn in range(max(1, min(RESTARTS, RESTART_UNITS // count))):
        plan = plan_of(graph, seeded(task.units, grids, np.random.default_rng([seed, turn])), grids)
        bounds = bounds_of(graph, plan, task.who, task.target, task.tolerance * MARGIN)
        nowhere, nothing = np.full(count, -1, np.int32), np.zeros(count)
        rules = Rules(bounds.low, bounds.high, task.who.free, nowhere, nothing, 1.0, 0.0)
        found.append(searched(graph, plan, rules, FRESH, watch, 1000 * turn + seed))
        even = min(best.score[0] for best in found) <= 0
        if watch.stopped or (even and len(found) >= _turns(task.units)):
            break
    return min(found, key=lambda best: best.score).grid


def _turns(units: Units) -> int:
    """Return how many searches are made in any case."""
    return max(1, min(RESTARTS, FEW_UNITS // len(units.weight)))


def rebalance(  # noqa: PLR0913
    units: Units,
    plan: Sequence[str] | Codes,
    *,
    tolerance: float = 0.05,
    locked: Collection[str] = (),
    add: Sequence[str] = (),
    close: Collection[str] = (),
    seed: int = 0,
    count: int = 1,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[Proposal, ...]:
    """Return proposals that balance a plan by moving as little of it as they can.

    Parameters
    ----------
    units
        Small blocks, see :class:`Units`.
    plan
        The code of the grid of each unit.
    tolerance
        By how much of the target (the weight of all units over the number of grids after the change) a grid may
        be off.
    locked
        Codes of grids that keep exactly their units.
    add
        Codes of new grids; each is put where the least must be carried.
    close
        Codes of grids whose units go to their neighbours.
    seed
        The same seed gives the same proposals.
    count
        How many alternatives: the least change, then more change for more compact grids, then other seeds.
    progress, stop
        See :func:`suggest`.

    Returns
    -------
    tuple of Proposal
        The least change first. Grids that are in pieces are mended unless they are locked.

    Raises
    ------
    InputError
        When ``plan`` has not a code for each unit, a code is not known or already taken, all grids are locked,
        a locked one is to be closed, one to be closed has only locked neighbours, or none can be split.

    Notes
    -----
    The least transport between neighbouring grids is a linear programme; border units are moved along it. Units
    that went further than they had to are then taken back.
    """
    before = codes_of(units, plan, "plan")
    check_tolerance(tolerance, count)
    old = np.unique(before)
    check_changes(old, locked, add, close)
    codes = np.array([*old, *add], dtype=object)
    who = Who(~np.isin(codes, list(locked)), np.isin(codes, list(close)))
    task = Task(units, codes, who, tolerance, before)
    home = np.searchsorted(old, before).astype(np.int32)
    start, least = _opened(task, home, seed)
    turns = _turns(units)
    watch, made = Watch(progress, stop, float(count * turns * (CHANGED.steps + CHANGED.polish))), []
    for number in range(count):
        kind = list(WEIGHINGS)[number] if number < len(WEIGHINGS) else "least_change"
        grid = _changed(
            task, start, home, kind, [seed + 1000 * (number * turns + turn) for turn in range(turns)], watch
        )
        made.append(proposal(task, grid, kind=kind, least_moved=least, finished=not watch.stopped))
        if watch.stopped:
            break
    return tuple(made)


def _opened(task: Task, home: Numbers, seed: int) -> tuple[Numbers, float]:
    """Return the plan mended and with its new grids begun, and the least transport that balances it."""
    graph, who, grids = task.units.graph, task.who, len(task.codes)
    grid = one_piece(graph, home, who.free)
    before, rng = plan_of(graph, grid, grids), np.random.default_rng(seed)
    arcs = arcs_of(graph, before, who.free)
    wider = [arcs]
    for new in np.flatnonzero(before.units == 0):
        host = host_of(graph, plan_of(graph, grid, grids), who, int(new), task.target, task.tolerance)
        if host < 0:
            raise InputError("no free grid has two units", todo="unlock a grid that can be split", field="add")
        wider.append(arcs_to_new(arcs, host, int(new)))
        grid = one_piece(graph, split(task.units, grid, host, int(new), rng), who.free)
    bounds = bounds_of(graph, plan_of(graph, grid, grids), who, task.target, task.tolerance)
    amount, _ = least_transport(np.concatenate(wider), before.load, bounds.low, bounds.high)
    return grid, float(amount.sum())


def _changed(task: Task, start: Numbers, home: Numbers, kind: str, seeds: Sequence[int], watch: Watch) -> Numbers:
    """Return the best plan of some searches that weigh change against compactness in one way."""
    graph, who, grids = task.units.graph, task.who, len(task.codes)
    plan = plan_of(graph, start, grids)
    bounds = bounds_of(graph, plan, who, task.target, task.tolerance * MARGIN)
    form, change = WEIGHINGS[kind]
    share = graph.area_m2 / graph.area_m2.sum() * grids
    stay = change * (graph.weight / max(task.target, 1e-12) + AREA_SHARE * share)
    left = np.where(who.closing[home], -1, home).astype(np.int32)
    rules = Rules(bounds.low, bounds.high, who.free, left, stay, form, 0.0)
    if who.closing.any():
        carried_out(graph, plan, rules, desk_of(graph), arcs_of(graph, plan, who.free))
        stuck = emptied(graph, plan, who.closing, who.free)
        if stuck:
            found = f"{stuck} units of a grid to be closed border only on locked grids"
            raise InputError(found, todo="unlock a neighbour", field="close")
    rules, tried = rules._replace(free=who.free & ~who.closing), []
    for seed in seeds:
        tried.append(searched(graph, plan_of(graph, plan.grid, grids), rules, CHANGED, watch, seed))
        if watch.stopped:
            break
    return min(tried, key=lambda best: best.score).grid
