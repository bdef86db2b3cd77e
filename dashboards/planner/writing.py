"""What the page writes: plans begun, edited, led through their life; each write once, by one actor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.drafting import limits_of, plan_now, units_of_store
from dashboards.map import place_from_map
from dashboards.planner.bar import NEEDED
from dashboards.planner.drafts import Drafts, Opened
from dashboards.planner.editing import (
    bridge,
    change_of_edit,
    declare,
    go_to,
    keep_within,
    lock,
    looked_at,
    save,
    swallowed,
)
from dashboards.planner.proposing import Searches
from dashboards.planner.told import edit_told, steps_told
from gisapp.errors import AccessError, RefusedEdit
from gisapp.grids import bridges_of
from gisapp.grids.changes import Change
from gisapp.grids.edits import carry_out
from gisapp.grids.plans import Named, free_code
from gisapp.store import Store
from gisapp.times import parse_moment
from gisapp.words import word

Deed = Mapping[str, Any]


def write(done: Deed, drafts: Drafts, searches: Searches, *, who: str, needs: Permission) -> str:
    """Write what a person did; return the code of the plan that the page shows then.

    Parameters
    ----------
    done
        What the button says (``do``: ``new``, ``step``, ``rebalance``, ``suggest`` or ``stop``) with the answers to
        what it asked.
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
    code = str(done["plan"])
    if done["do"] in ("rebalance", "suggest"):
        opened = drafts.of(code)
        searches.start(opened, done, limits_of(store, opened.draft.across))
        return code
    if done["do"] == "comment":
        _say(done, drafts, who)
        return code
    if done["do"] == "stop":
        searches.stop(code)
        return code
    action = str(done["action"])
    if NEEDED.get(action, Permission.GRIDS_APPROVE) != needs:
        raise AccessError(f"{action} is not done by the right {needs}")
    note = str(done.get("note") or "").strip() or None
    if action == "activate":
        excepted = re.split(r"[\s,;，；、]+", str(done.get("excepted") or "").strip())
        moment = parse_moment(str(done["minute"]), store.zone)
        store.plans.activate(code, moment, actor=who, note=note, excepted=[one for one in excepted if one])
    else:
        store.plans.record(code, action, actor=who, note=note)
    return code


def edited(
    done: Deed, drafts: Drafts, searches: Searches, spoken: str, *, who: str
) -> tuple[Component, dict[str, Any]]:
    """Save an edit, go to another step, or lock grids; return what to tell, and the version that was saved.

    Instead of a version what to ask first (``words``), and the edit to send again when it is meant.

    Raises
    ------
    RefusedEdit
        When the edit may not stand.
    ConflictError
        When somebody has saved since the person looked.
    """
    opened = looked_at(done, drafts)
    if done["do"] != "edit":
        told, after = _settled(done, opened, drafts, spoken)
        return told, after.mark
    if done["kind"] == "proposal":
        change = _proposed(int(done["number"]), opened, searches)
        return edit_told(change, opened, save(change, opened, drafts, who), spoken), drafts.of(opened.draft.code).mark
    change = change_of_edit(done, opened, drafts)
    lost = swallowed(change, opened.plan)
    if lost and change.kind not in ("merge", "name", "proposal") and not done.get("sure"):
        return html.Div(), {"words": word("planner.swallows", spoken, grids=", ".join(lost)), "edit": dict(done)}
    after = save(change, opened, drafts, who)
    return edit_told(change, opened, after, spoken), after.mark


def _settled(done: Deed, opened: Opened, drafts: Drafts, spoken: str) -> tuple[Component, Opened]:
    """Go to another step, lock grids, declare parts or a bridge, or say what none may cross; return what to tell."""
    if done["do"] == "to":
        after = go_to(int(done["position"]), opened, drafts)
        return steps_told(opened, after, spoken), after
    if done["do"] == "lock":
        after = lock(done["grids"], opened, drafts)
        words = word("planner.locked", spoken, count=len(after.plan.locked))
    elif done["do"] == "apart":
        after = declare([*opened.plan.apart, str(done["grid"])], opened, drafts)
        words = word("planner.declared", spoken, grid=str(done["grid"]))
    elif done["do"] == "bridge":
        after, pair = bridge(done["line"], opened, drafts)
        kind = "bridged" if pair in after.plan.bridges else "unbridged"
        words = word(f"planner.{kind}", spoken, one=pair[0], other=pair[1])
    else:
        after = keep_within(done["across"], opened, drafts)
        words = word("planner.kept_within", spoken, count=len(after.draft.across))
    return html.Div(words, className="told"), after


def _proposed(number: int, opened: Opened, searches: Searches) -> Change:
    """Return the change that takes one of the proposals for this version of a plan."""
    search = searches.of(opened.draft.code)
    if search is None or search.version != opened.draft.version or number >= len(search.made):
        raise RefusedEdit("stale", "the proposal is for another version of the plan", todo="ask for it anew")
    wanted, plan = np.array(search.made[number].grid, dtype=object), opened.plan
    for code in sorted(set(wanted) - set(plan.named)):  # grids beyond those of now: +1, +2 ...
        fresh = free_code(plan)
        wanted[wanted == code] = fresh
        plan = replace(plan, named={**plan.named, fresh: Named(fresh, "")})
    return carry_out(opened.plan, wanted)


def _begin(done: Deed, drafts: Drafts, who: str) -> str:
    """Begin a draft from the grids in force, of the stored units or of what streets cut out; or from another plan."""
    store, based_on = drafts.snapshot.store, str(done.get("plan") or "")
    if based_on:
        plan = drafts.of(based_on).plan
    else:
        units = units_of_store(store, streets=_without_units(store))
        plan = plan_now(store, units, bridges=bridges_of(units, store.table("streets")) if done.get("bridges") else ())
    across = drafts.of(based_on).draft.across if based_on else ()
    return store.plans.open(plan, str(done["name"]).strip(), actor=who, based_on=based_on, across=across)


def _say(done: Deed, drafts: Drafts, who: str) -> None:
    """Write a comment, about a place of the map if one was shown."""
    store, place = drafts.snapshot.store, done.get("place")
    at = place_from_map(float(place[0]), float(place[1]), store.crs, frame=drafts.snapshot.frame) if place else None
    store.plans.comment(str(done["plan"]), str(done.get("text") or ""), actor=who, place=at, grid=done.get("grid"))


def _without_units(store: Store) -> bool:
    return store.table("unit_grids").empty
