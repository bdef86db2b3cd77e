"""What is done to the grids of a plan without drawing: merged, called anew, put right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from dashboards.drafting import limits_of, require_person
from gisapp.grids.changes import Change
from gisapp.grids.edits import merge_grids
from gisapp.grids.leaders import leaders_at
from gisapp.grids.naming import name_grid, renumber
from gisapp.grids.plans import Plan
from gisapp.grids.repairs import fill_hole, keep_to_one_side, reassign_enclaves
from gisapp.store import Store

Edit = Mapping[str, Any]


def change_undrawn(edit: Edit, plan: Plan, store: Store) -> Change | None:
    """Return the change that is asked for without a drawing; None where one is needed."""
    make = _MADE.get(str(edit.get("kind")))
    return None if make is None else make(edit, plan, store)


def _named(edit: Edit, plan: Plan, store: Store) -> Change:
    """Return the change that gives a grid what was said of it: ``code``, ``name``, ``leader``; what was not stays."""
    given = {name: str(edit[name]).strip() for name in ("code", "name", "leader") if edit.get(name) is not None}
    if given.get("leader"):
        require_person(store, given["leader"])
    return name_grid(plan, str(edit["grid"]), **given)


def _within(edit: Edit, plan: Plan, store: Store) -> Change:
    """Return the change that keeps a grid within one area of a ``layer``."""
    layer = str(edit["layer"])
    return keep_to_one_side(plan, str(edit["grid"]), limits_of(store, [layer])[layer])


def _leaders(store: Store) -> dict[str, str]:
    """Return who leads each grid now."""
    found = leaders_at(store.table("posts"), pd.Timestamp.now("UTC"))
    return {str(grid): str(person) for grid, person in found.items()}


_MADE: Mapping[str, Callable[[Edit, Plan, Store], Change]] = {
    "merge": lambda edit, plan, _: merge_grids(plan, str(edit["grid"]), str(edit["to"])),
    "name": _named,
    "limit": _within,
    "enclave": lambda edit, plan, _: reassign_enclaves(plan, str(edit["grid"])),
    "hole": lambda edit, plan, _: fill_hole(plan, str(edit["grid"])),
    "renumber": lambda _, plan, store: renumber(plan, leaders=_leaders(store)),
}
