"""What the grids of a plan are called, and who is to lead them once the plan is in force."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gisapp.errors import RefusedEdit
from gisapp.grids.changes import Change
from gisapp.grids.plans import Named, Plan


def name_grid(
    plan: Plan, grid: str, *, code: str | None = None, name: str | None = None, leader: str | None = None
) -> Change:
    """Return the change that gives a grid another code, name or leader; what is left out stays.

    Parameters
    ----------
    grid
        The code of a grid of the plan.
    code
        Its new code; a locked grid keeps its own.
    leader
        The code of the person who leads it from the minute on from which the plan is in force; empty for
        whoever does then.

    Raises
    ------
    RefusedEdit
        When the grid is unknown, another has that code, a locked one would get another, or nothing changes.

    Examples
    --------
    >>> name_grid(plan, "G301", leader="P0042")  # doctest: +SKIP
    """
    if not (plan.grid == grid).any():
        raise RefusedEdit("no_grid", f"no grid {grid!r} in the plan", todo="choose one of its grids", grid=grid)
    known = plan.named[grid]
    to = grid if code is None else code.strip()
    given = Named(
        (known.name if name is None else name.strip()) or to,
        known.utilities,
        known.leader if leader is None else leader.strip(),
    )
    if to == grid:
        if given == known:
            raise RefusedEdit("same_name", f"grid {grid} is called so already", todo="change something", grid=grid)
        none = plan.rows(np.empty(0, dtype=np.int64))
        return Change("name", none, none, {grid: given}, was={grid: known})
    if not to or (plan.grid == to).any():
        raise RefusedEdit("taken", f"the code {to!r} is taken or empty", todo="give a free code", grid=to)
    if grid in plan.locked:
        raise RefusedEdit("locked", f"grid {grid} is locked", todo="unlock it first", grid=grid)
    before = plan.rows(plan.of_grid(grid), shapes=False)
    after = plan.rows(plan.of_grid(grid), shapes=False)
    after.grid[:] = to
    was = {to: plan.named[to]} if to in plan.named else {}
    return Change("name", before, after, {to: given}, was=was)


def leaders_planned(plan: Plan, leaders: pd.Series) -> pd.Series:
    """Return who leads each grid once a plan is in force: whom the plan names, else whoever leads it (``leaders``).

    Indexed by grid code, as :func:`gisapp.grids.leaders_at` returns it.
    """
    return pd.concat([leaders, planned_leaders(plan)]).groupby(level=0).last()


def planned_leaders(plan: Plan) -> pd.Series:
    """Return whom a plan names as leaders, indexed by grid code; grids of which it names none are left out."""
    named = {code: plan.named[code].leader for code in plan.codes if plan.named[code].leader}
    return pd.Series(named, index=pd.Index(list(named), dtype="str"), dtype="str")
