"""What the grids of a plan are called, and who is to lead them once the plan is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from gisapp.errors import InputError, RefusedEdit
from gisapp.grids.changes import Change
from gisapp.grids.edits import carry_out
from gisapp.grids.plans import Named, Plan, plan_grids


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


def renumber(
    plan: Plan, form: str = "G{number:03d}", *, band_m: float = 500.0, leaders: Mapping[str, str] | None = None
) -> Change:
    """Return the change that numbers the grids from north to south in bands, and west to east within each.

    Names stay with the ground. So do leaders, who hold their posts by code: every grid gets the one that its
    ground had.

    Parameters
    ----------
    plan
        A plan without locked grids.
    form
        How a code is made of a number.
    band_m
        Grids whose centres are in one band of this height count as one row.
    leaders
        Who leads each grid now, by the code that it has now.

    Raises
    ------
    InputError
        When a grid is locked, the form gives equal codes, or all grids have their number already.
    """
    grids = plan_grids(plan)
    centre = shapely.centroid(grids.geometry.to_numpy())
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    order = np.lexsort([x, -np.floor(y / band_m)])
    fresh = [form.format(number=number) for number in range(1, len(grids) + 1)]
    if len(set(fresh)) < len(fresh):
        raise InputError(f"{form!r} gives equal codes", todo="put {number} into it", field="form")
    to = dict(zip(grids["code"].to_numpy()[order], fresh, strict=True))
    change = carry_out(plan, np.array([to[code] for code in plan.grid], dtype=object))
    named = {new: _moved_on(old, plan.named[old], leaders or {}) for old, new in to.items() if old != new}
    return replace(
        change, kind="number", named=named, was={code: plan.named[code] for code in named.keys() & plan.named}
    )


def _moved_on(old: str, named: Named, leaders: Mapping[str, str]) -> Named:
    """Return what a grid is called that gets another code."""
    return named._replace(leader=named.leader or leaders.get(old, ""))


def leaders_planned(plan: Plan, leaders: pd.Series) -> pd.Series:
    """Return who leads each grid once a plan is in force: whom the plan names, else whoever leads it (``leaders``).

    Indexed by grid code, as :func:`gisapp.grids.leaders_at` returns it.
    """
    return pd.concat([leaders, planned_leaders(plan)]).groupby(level=0).last()


def planned_leaders(plan: Plan) -> pd.Series:
    """Return whom a plan names as leaders, indexed by grid code; grids of which it names none are left out."""
    named = {code: plan.named[code].leader for code in plan.codes if plan.named[code].leader}
    return pd.Series(named, index=pd.Index(list(named), dtype="str"), dtype="str")
