"""Why a proposal does not keep its tolerance, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gisapp.grids.districting_borders import Plan
from gisapp.grids.districting_transport import Bounds, Who
from gisapp.grids.districting_units import Reals
from gisapp.words import word

MOST_NAMED = 5


@dataclass(frozen=True)
class Shortfall:
    """One thing that keeps a proposal from its target.

    Attributes
    ----------
    kind
        ``heavy_unit``: a unit is heavier than a grid may be. ``apart``: grids that can exchange units among
        themselves only carry too much or too little on average (parts without a bridge, labels). ``locked``:
        the same beside locked grids. ``locked_grid``: a locked grid is outside itself. ``not_found``: no
        better plan was found, though there may be one.
    place
        The unit (row number from 0) or the code of a grid; for ``apart`` and ``locked`` that of the first grid.
    carries
        Its weight, or the mean load of the grids.
    target
        What it should be.
    count
        Of how many grids that is the mean; 1 for a unit or one grid.
    """

    kind: str
    place: object
    carries: float
    target: float
    count: int = 1

    @property
    def deviation(self) -> float:
        """By how much it is off the target, as a share of it."""
        return self.carries / self.target - 1

    def words(self, language: str) -> str:
        """Return the reason for a person to read."""
        values = {
            "place": self.place,
            "carries": f"{self.carries:,.0f}",
            "target": f"{self.target:,.0f}",
            "percent": f"{100 * self.deviation:+.1f} %",
            "count": self.count,
        }
        return word(f"districting.{self.kind}", language, **values)


def shortfalls(
    plan: Plan, weight: Reals, codes: npt.NDArray[np.object_], who: Who, bounds: Bounds, target: float, tolerance: float
) -> tuple[Shortfall, ...]:
    """Return why the loads are not all within the tolerance; none when they are."""
    staying = ~who.closing
    limit = tolerance * target * (1 + 1e-9)
    off = np.abs(plan.load - target) > limit
    if target <= 0 or not (off & staying).any():
        return ()
    heavy = sorted(bounds.heavy, key=lambda unit: (-weight[unit], unit))[:MOST_NAMED]
    found = [Shortfall("heavy_unit", int(unit), float(weight[unit]), target) for unit in heavy]
    kind = "apart" if who.free.all() else "locked"
    for number in np.unique(bounds.region[who.free & staying]):
        grids = np.flatnonzero((bounds.region == number) & who.free & staying)
        mean = float(bounds.mean[grids[0]])
        if abs(mean - target) > limit:
            found.append(Shortfall(kind, codes[grids[0]], mean, target, len(grids)))
    fixed = np.flatnonzero(off & ~who.free)
    found += [Shortfall("locked_grid", codes[grid], float(plan.load[grid]), target) for grid in fixed[:MOST_NAMED]]
    beyond = np.maximum(plan.load - bounds.high, bounds.low - plan.load)
    beyond[~who.free | who.closing | ~off] = 0
    if beyond.max() > 1e-9 * target:
        worst = int(beyond.argmax())
        found.append(Shortfall("not_found", codes[worst], float(plan.load[worst]), target, int((beyond > 0).sum())))
    return tuple(found)
