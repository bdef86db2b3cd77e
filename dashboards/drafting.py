"""What commands and the planner's page both begin with: plans listed, the grids in force as a plan, two plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import geopandas as gpd
import pandas as pd

from gisapp.errors import InputError
from gisapp.grids import cut_out, grids_at, plan_of_grids
from gisapp.grids.plan_life import standing
from gisapp.grids.plans import Plan
from gisapp.store import Store

NOW = "now"
"""Stands for the grids in force where a plan is asked for."""


def plans_listed(store: Store, moment: pd.Timestamp) -> pd.DataFrame:
    """Return every plan, the newest first: the head, ``status`` at a moment and ``in_force_from``."""
    plans, steps = store.table("plans"), store.table("plan_steps")
    begun = steps.dropna(subset="in_force_from").set_index("plan_code")["in_force_from"]
    table = plans[["code", "name", "based_on", "made_at", "author", "version"]].assign(
        status=standing(steps, moment).reindex(plans["code"]).to_numpy(),
        in_force_from=begun.reindex(plans["code"]).to_numpy(),
    )
    return table.iloc[::-1].reset_index(drop=True)


def units_of_store(store: Store, *, streets: bool = False) -> gpd.GeoDataFrame:
    """Return the stored units, or (``streets``) those that streets cut out of the grids in force.

    Raises
    ------
    InputError
        When stored ones are wanted and there are none.
    """
    units = store.table("unit_grids")
    if streets:
        return cut_out(grids_at(store.table("grids"), pd.Timestamp.now("UTC")), store.table("streets"))
    if not len(units):
        raise InputError("the store holds no units", todo="import them --as units, or say --units streets")
    return units


def limits_of(store: Store, names: Collection[str]) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers that no grid may cross, by name: ``communities`` and kinds of ``limits``.

    Raises
    ------
    InputError
        When the store has none of a kind: a plan that is told not to cross nothing would seem sound.
    """
    found = {}
    for name in sorted(names):
        kept = store.table("communities") if name == "communities" else store.table("limits").query("kind == @name")
        if kept.empty:
            raise InputError(f"the store holds no {name}", todo="import them --as limits", field="--not-across")
        found[name] = kept.reset_index(drop=True)
    return found


def limits_known(store: Store) -> list[str]:
    """Return the names of the layers that there are to be told not to cross."""
    return [
        *(["communities"] if len(store.table("communities")) else []),
        *sorted(set(store.table("limits")["kind"])),
    ]


def leaders_known(store: Store) -> list[str]:
    """Return the codes of the people who may lead a grid: those who lead one or have led, then all others."""
    posts = store.table("posts")
    leading = sorted(set(posts.loc[posts["role"] == "grid_leader", "person_code"]))
    others = sorted({*store.table("people")["code"], *posts["person_code"]} - set(leading))
    return [*leading, *others]


def require_person(store: Store, code: str) -> None:
    """Raise unless somebody has a code; without people in the store any will do.

    Raises
    ------
    InputError
        When nobody has it.
    """
    known = leaders_known(store)
    if code and known and code not in known:
        raise InputError(f"nobody has the code {code!r}", todo="give the code of one of the people", field="leader")


def plan_now(store: Store, units: gpd.GeoDataFrame, *, bridges: Sequence[tuple[str, str]] = ()) -> Plan:
    """Return the plan that the grids in force are; ``bridges`` are pairs of units that hang together.

    Raises
    ------
    InputError
        When none are in force, or the units do not fit them.
    """
    grids = grids_at(store.table("grids"), pd.Timestamp.now("UTC"))
    if grids.empty:
        raise InputError("no grids are in force", todo="import them: gisapp import FILE --as grids")
    return plan_of_grids(units, grids, bridges=bridges)


def two_plans(store: Store, one: str, other: str) -> tuple[Plan, Plan]:
    """Return two plans; the grids in force as a plan of the units that the other one began with.

    Raises
    ------
    InputError
        When they are the same, or one is unknown.
    """
    if one == other:
        raise InputError(f"plan {one} compared with itself", todo="name two plans")
    if NOW not in (one, other):
        return store.plans.load(one).plan, store.plans.load(other).plan
    history = store.plans.load(other if one == NOW else one).history
    while history.done:
        history = history.undo()
    began = history.plan
    units = gpd.GeoDataFrame({"code": pd.array(began.unit, dtype="str")}, geometry=began.shape, crs=began.crs)
    now = plan_now(store, units)
    return (now, store.plans.load(other).plan) if one == NOW else (store.plans.load(one).plan, now)
