"""Better plans step by step: borders shortened at falling heat, loads mended at the end, the best so far kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from gisapp.grids.districting_borders import Desk, Numbers, Plan, Rules, anneal, desk_of, exchange
from gisapp.grids.districting_transport import arcs_of, balanced
from gisapp.grids.districting_units import Graph

MENDING = 12
PAIRS = 400
MENDING_TRIES = 5.0
POLISH_HEAT = 0.5
NARROW = 0.05
MORE_TRIES, PLENTY = 8, 12_000
SOFT, HARD = 50.0, 3000.0


@dataclass
class Watch:
    """Who is told how far a search is, and who may end it."""

    progress: Callable[[float, float], None] | None
    stop: Callable[[], bool] | None
    total: float
    done: float = 0.0
    stopped: bool = False

    def goes_on(self, *, counts: bool = True) -> bool:
        """Count one step, if it does, and return whether there is to be another."""
        if counts and self.done < self.total:
            self.done += 1
            if self.progress:
                self.progress(self.done, self.total)
        self.stopped = self.stopped or bool(self.stop and self.stop())
        return not self.stopped


@dataclass(frozen=True)
class Effort:
    """How a search is led.

    Attributes
    ----------
    heat, steps, tries
        How hot it begins, in how many steps it cools, and how often each border is tried in one.
    firm
        The share of their cost that loads beyond their bounds have at the beginning.
    mending
        The heat around grids that are still beyond them at the end.
    polish
        In how many steps it cools once more, when all loads are within.
    narrow
        By what share of their width bounds are drawn in before loads are carried along the least transport.
    """

    heat: float
    steps: int
    tries: float
    firm: float
    mending: float
    polish: int
    narrow: float

    def for_units(self, count: int) -> Effort:
        """Return the effort for so many units: where they are few each border is tried more often."""
        return replace(self, tries=self.tries * min(MORE_TRIES, max(1.0, PLENTY / count)))


@dataclass
class Best:
    """The best plan of a search: loads within their bounds first, then the least cost."""

    grid: Numbers
    score: tuple[float, float]

    def offer(self, graph: Graph, plan: Plan, rules: Rules) -> None:
        """Keep a plan if it is better."""
        score = score_of(graph, plan, rules)
        if score < self.score:
            self.grid, self.score = plan.grid.copy(), score


def score_of(graph: Graph, plan: Plan, rules: Rules) -> tuple[float, float]:
    """Return how far loads are beyond their bounds, in units of the bounds, and what the plan costs otherwise."""
    away = float(rules.stay[plan.grid != rules.home].sum())
    shape = float(plan.form.sum())
    return round(float(beyond(plan, rules).sum()) / max(float(rules.high.max()), 1e-12), 9), rules.form * shape + away


def beyond(plan: Plan, rules: Rules) -> np.ndarray:
    """Return by how much the load of each free grid is beyond its bounds."""
    out = np.maximum(np.maximum(plan.load - rules.high, rules.low - plan.load), 0)
    return np.where(rules.free, out, 0.0)


def searched(graph: Graph, plan: Plan, rules: Rules, effort: Effort, watch: Watch, seed: int) -> Best:
    """Return the best plan found from one, with its score."""
    desk, mean = desk_of(graph), max(float(rules.high.max()), 1e-12)
    tries = effort.for_units(len(graph.weight)).tries
    best = Best(plan.grid.copy(), score_of(graph, plan, rules))
    for step in range(effort.steps):
        if step in (0, effort.steps * 2 // 3):
            balanced(graph, plan, _narrowed(rules, effort.narrow), desk)
        left = 1 - step / effort.steps
        heat = effort.heat * left**2 if step + 1 < effort.steps else 0.0
        firm = SOFT * (effort.firm + (1 - effort.firm) * min(1.0, (step + 1) / (0.95 * effort.steps)) ** 2) / mean
        anneal(graph, plan, rules._replace(per_load=firm), desk, heat, tries, seed + step)
        best.offer(graph, plan, rules)
        if not watch.goes_on():
            return best
    _mended(graph, plan, rules, desk, watch, best, effort.mending, seed)
    _polished(graph, plan, rules, desk, effort, watch, best, seed)
    return best


def _mended(
    graph: Graph, plan: Plan, rules: Rules, desk: Desk, watch: Watch, best: Best, hot: float, seed: int
) -> None:
    """Bring the last loads within their bounds: pairs of moves, and new heat around the grids at fault."""
    mean = max(float(rules.high.max()), 1e-12)
    hard, soft = rules._replace(per_load=HARD / mean), rules._replace(per_load=SOFT / mean)
    for turn in range(MENDING):
        if watch.stopped or not (beyond(plan, rules) > 0).any():
            break
        if turn % 2:
            balanced(graph, plan, _narrowed(rules, NARROW * turn), desk, most=4)
        exchange(graph, plan, hard, desk, PAIRS)
        best.offer(graph, plan, rules)
        fault = beyond(plan, rules) > 0
        if not fault.any():
            break
        around = _around(graph, plan, rules, fault)
        for step, heat in enumerate((hot, hot / 2, hot / 6, 0.0)):
            anneal(graph, plan, soft._replace(free=around), desk, heat, MENDING_TRIES, seed + 100 * turn + step)
        best.offer(graph, plan, rules)
        watch.goes_on(counts=False)


def _polished(
    graph: Graph, plan: Plan, rules: Rules, desk: Desk, effort: Effort, watch: Watch, best: Best, seed: int
) -> None:
    """Take back what balancing cost, at a little heat again, without a load going beyond its bounds any more."""
    mean = max(float(rules.high.max()), 1e-12)
    hard = rules._replace(per_load=HARD / mean)
    tries = effort.for_units(len(graph.weight)).tries
    for step in range(effort.polish):
        if watch.stopped:
            return
        heat = effort.heat * POLISH_HEAT * (1 - (step + 1) / effort.polish) ** 2
        anneal(graph, plan, hard, desk, heat, tries, seed + 5000 + step)
        best.offer(graph, plan, rules)
        watch.goes_on()


def _narrowed(rules: Rules, share: float) -> Rules:
    """Return bounds drawn in by a share of their width, so that full grids pass on more than they must."""
    inner = share * (rules.high - rules.low) / 2
    return rules._replace(low=rules.low + inner, high=rules.high - inner)


def _around(graph: Graph, plan: Plan, rules: Rules, fault: np.ndarray) -> np.ndarray:
    """Return the grids at fault, their neighbours and theirs."""
    arcs, near = arcs_of(graph, plan, rules.free), fault.copy()
    for _ in range(2):
        wider = near.copy()
        wider[arcs[near[arcs[:, 0]], 1]] = True
        near = wider
    return near & rules.free
