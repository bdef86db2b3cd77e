"""A proposed plan with its figures, and the codes of its grids."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.grids.districting_borders import Numbers, plan_of
from gisapp.grids.districting_reasons import Shortfall, shortfalls
from gisapp.grids.districting_transport import Who, bounds_of
from gisapp.grids.districting_units import Units

Codes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Task:
    """What is asked: units, the codes of all grids, who may change, how even, and the plan before if there is one."""

    units: Units
    codes: Codes
    who: Who
    tolerance: float
    before: Codes | None

    @cached_property
    def target(self) -> float:
        """What each grid would carry if all carried the same."""
        return float(self.units.weight.sum() / (~self.who.closing).sum())


@dataclass(frozen=True)
class Proposal:
    """A plan that is proposed, and what it is worth.

    Attributes
    ----------
    grid
        The grid of each unit: a number from 0, or a code of the plan that was given.
    load
        The weight that each grid carries, by grid.
    target
        What each would carry if all carried the same.
    tolerance
        The deviation that was asked for.
    compactness
        Mean of 4 pi area / perimeter² over the grids (Polsby and Popper 1991): 1 for a circle, 0.785 for a square.
    moved
        Weight of the units that change their grid; None without a plan to compare with.
    least_moved
        What the least transport between neighbouring grids has to carry; None for a fresh partition.
    kind
        ``fresh``, or how change was weighed against compactness: ``least_change``, ``between``, ``compact``.
    shortfalls
        Why the tolerance is not kept; empty when it is.
    finished
        False when the search was stopped before its end.
    """

    grid: npt.NDArray[np.object_] | Numbers
    load: pd.Series
    target: float
    tolerance: float
    compactness: float
    moved: float | None
    least_moved: float | None
    kind: str
    shortfalls: tuple[Shortfall, ...]
    finished: bool

    @property
    def deviation(self) -> float:
        """The largest deviation of a grid from the target, as a share of it; 0 where nothing weighs anything."""
        return float((self.load / self.target - 1).abs().max()) if self.target > 0 else 0.0


def proposal(
    task: Task, grid: Numbers, *, kind: str, least_moved: float | None = None, finished: bool = True
) -> Proposal:
    """Return a plan with its figures."""
    plan = plan_of(task.units.graph, grid, len(task.codes))
    staying, given = ~task.who.closing, task.codes[grid]
    bounds = bounds_of(task.units.graph, plan, task.who, task.target, task.tolerance)
    moved = None if task.before is None else float(task.units.weight[given != task.before].sum())
    return Proposal(
        grid=given,
        load=pd.Series(plan.load[staying], index=pd.Index(task.codes[staying], dtype=object), name="load"),
        target=task.target,
        tolerance=task.tolerance,
        compactness=compactness(plan.area_m2[staying], plan.edge_m[staying]),
        moved=moved,
        least_moved=least_moved,
        kind=kind,
        shortfalls=shortfalls(plan, task.units.weight, task.codes, task.who, bounds, task.target, task.tolerance),
        finished=finished,
    )


def compactness(area_m2: npt.NDArray[np.float64], edge_m: npt.NDArray[np.float64]) -> float:
    """Return the mean of 4 pi area / perimeter² (Polsby and Popper 1991)."""
    return float((4 * np.pi * area_m2 / np.maximum(edge_m, 1e-9) ** 2).mean())


def rank(made: Proposal) -> tuple[float, float]:
    """Return what fresh proposals are sorted by: the tolerance kept, then compactness."""
    return max(made.deviation - made.tolerance, 0.0), -made.compactness


def numbered(units: Units, grid: Numbers, k: int) -> Numbers:
    """Return grids numbered from west to east."""
    east = np.bincount(grid, weights=units.xy[:, 0] * units.area_m2) / np.bincount(grid, weights=units.area_m2)
    number = np.empty(k, np.int32)
    number[np.argsort(east, kind="stable")] = np.arange(k)
    return number[grid]


def named_like(units: Units, grid: Numbers, k: int, before: Codes) -> Codes:
    """Return for the grids the codes of the plan in force that leave most of the weight where it is."""
    from scipy.optimize import linear_sum_assignment

    old, place = np.unique(before, return_inverse=True)
    common = np.zeros((k, len(old)))
    np.add.at(common, (grid, place), units.weight)
    rows, cols = linear_sum_assignment(common, maximize=True)
    codes = np.empty(k, dtype=object)
    codes[rows] = old[cols]
    beyond = np.setdiff1d(np.arange(k), rows)
    codes[beyond] = [f"+{number + 1}" for number in range(len(beyond))]
    return codes
