"""What the page writes: plans begun, steps of their life; each write once, by one actor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.access import Permission
from dashboards.drafting import plan_now, units_of_store
from dashboards.planner.bar import NEEDED
from dashboards.planner.drafts import Drafts
from gisapp.errors import AccessError
from gisapp.store import Store
from gisapp.times import parse_moment

Deed = Mapping[str, Any]


def write(done: Deed, drafts: Drafts, *, who: str, needs: Permission) -> str:
    """Write what a person did; return the code of the plan that the page shows then.

    Parameters
    ----------
    done
        What the button says (``do``: ``new`` or ``step``) with the answers to what it asked.
    needs
        The right by which the person wrote.

    Raises
    ------
    AccessError
        For a step by another right.
    InputError
        When the step may not follow or lacks something.
    """
    store = drafts.snapshot.store
    if done["do"] == "new":
        return _begin(done, drafts, who)
    action, code = str(done["action"]), str(done["plan"])
    if NEEDED.get(action, Permission.GRIDS_APPROVE) != needs:
        raise AccessError(f"{action} is not done by the right {needs}")
    note = str(done.get("note") or "").strip() or None
    if action == "activate":
        store.plans.activate(code, parse_moment(str(done["minute"]), store.zone), actor=who, note=note)
    else:
        store.plans.record(code, action, actor=who, note=note)
    return code


def _begin(done: Deed, drafts: Drafts, who: str) -> str:
    """Begin a draft from the grids in force, of the stored units or of what streets cut out; or from another plan."""
    store, based_on = drafts.snapshot.store, str(done.get("plan") or "")
    if based_on:
        plan = drafts.of(based_on).plan
    else:
        plan = plan_now(store, units_of_store(store, streets=_without_units(store)))
    return store.plans.open(plan, str(done["name"]).strip(), actor=who, based_on=based_on)


def _without_units(store: Store) -> bool:
    return store.table("unit_grids").empty
