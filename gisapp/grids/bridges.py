"""Units that hang together without touching, such as over a river."""

from __future__ import annotations

import shapely

from gisapp.errors import RefusedEdit
from gisapp.grids.plans import Plan


def bridged(plan: Plan, one: tuple[float, float], other: tuple[float, float]) -> tuple[str, str]:
    """Return the pair of units at two places, as a bridge of the plan names it if there is one.

    Raises
    ------
    RefusedEdit
        When a place lies in no unit, or the units are one or touch.
    """
    found = []
    for x, y in (one, other):
        place = shapely.Point(x, y)
        within = [int(row) for row in plan.near(place) if shapely.intersects(plan.shape[row], place)]
        if not within:
            raise RefusedEdit("outside", "a bridge ends outside the units", todo="begin and end it in a unit")
        found.append(within[0])
    first, second = sorted(str(plan.root[row]) for row in found)
    if first == second or shapely.intersects(*plan.shape[found]):
        todo = "join two that lie apart"
        raise RefusedEdit("touching", f"units {first} and {second} touch", todo=todo, one=first, other=second)
    return next((known for known in plan.bridges if set(known) == {first, second}), (first, second))
