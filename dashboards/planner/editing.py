"""What was drawn on the map as a change of the plan; undo and redo; locks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from dashboards.drafting import limits_of
from dashboards.map import place_from_map
from dashboards.planner.drafts import Drafts, Opened
from dashboards.planner.undrawn import change_undrawn
from gisapp.errors import ConflictError, InputError
from gisapp.grids.bridges import bridged
from gisapp.grids.changes import Change
from gisapp.grids.edits import (
    assign_area,
    assign_units,
    drag_corner,
    draw_grid,
    split_grid,
    units_under,
    units_within,
)
from gisapp.grids.plans import Plan, free_code, plan_grids
from gisapp.grids.stretch import stretched

Edit = Mapping[str, Any]
"""``kind`` (assign, brush, draw, split, merge, drag) with what was drawn, in degrees of the map; ``cut`` cuts units.

Or what is done to a ``grid`` without drawing: ``name``, ``enclave``, ``hole``, ``limit``; ``renumber`` for all."""


def change_of_edit(edit: Edit, opened: Opened, drafts: Drafts) -> Change:
    """Return the change that something drawn on the map makes of a plan.

    Raises
    ------
    InputError
        When it may not stand (:class:`~gisapp.errors.RefusedEdit`) or says nothing that is known.
    """
    plan, kind, store, frame = opened.plan, edit.get("kind"), drafts.snapshot.store, drafts.snapshot.frame
    undrawn = change_undrawn(edit, plan, store)
    if undrawn is not None:
        return undrawn
    if kind == "drag":
        moves = [(_place(start, plan, frame), _place(end, plan, frame)) for start, end in edit["moves"]]
        whole = stretched(plan, moves, [_place(point, plan, frame) for point in edit["held"]])
        return drag_corner(plan, whole or moves)
    line = [_place(point, plan, frame) for point in edit["line"]]
    if kind == "split":
        drawn = shapely.LineString(line if len(line) > 1 else [])
        code = free_code(plan)
        return split_grid(plan, _along(plan, drawn), drawn, code, code)
    if kind == "brush":
        return _painted(plan, line, edit)
    area = _closed(line)
    if kind == "assign":
        to = str(edit["to"])
        return assign_area(plan, area, to) if edit.get("cut") else assign_units(plan, units_within(plan, area), to)
    if kind == "draw":
        code = free_code(plan)
        return draw_grid(plan, area if edit.get("cut") else _whole(plan, area), code, code)
    raise InputError(f"no edit {kind!r}", todo="draw with one of the tools", field="kind")


def _painted(plan: Plan, line: Sequence[tuple[float, float]], edit: Edit) -> Change:
    """Return the change of a brush: the units under its stroke, or (``cut``) exactly what it covers."""
    stroke = shapely.LineString(line) if len(set(line)) > 1 else shapely.Point(line[0])
    to = str(edit["to"])
    if edit.get("cut"):
        return assign_area(plan, stroke.buffer(float(edit["reach_m"]), quad_segs=4), to)
    return assign_units(plan, units_under(plan, stroke), to, kind="brush")


def swallowed(change: Change, plan: Plan) -> list[str]:
    """Return the grids that a change would leave without a unit."""
    after = set(change.done(plan).grid)
    return [code for code in change.grids if code not in after and code in set(plan.grid)]


def save(change: Change, opened: Opened, drafts: Drafts, who: str) -> Opened:
    """Write a change of the version that was looked at; return the plan after it.

    Raises
    ------
    ConflictError
        When somebody has saved since.
    """
    version = drafts.snapshot.store.plans.add(opened.draft.code, change, version=opened.draft.version, actor=who)
    after = opened.done(change, version)
    drafts.keep(after)
    return after


def go_to(position: int, opened: Opened, drafts: Drafts) -> Opened:
    """Undo or redo until so many changes are done; return the plan then.

    Raises
    ------
    ConflictError
        When somebody has saved since.
    InputError
        When there are no more to undo or redo.
    """
    plans, draft = drafts.snapshot.store.plans, opened.draft
    version, history = draft.version, draft.history
    while len(history.done) != position:
        back = len(history.done) > position
        history = history.undo() if back else history.redo()
        version = (plans.undo if back else plans.redo)(draft.code, version=version)
    return _kept(replace(draft, version=version, history=history), opened, drafts)


def lock(grids: Sequence[str], opened: Opened, drafts: Drafts) -> Opened:
    """Lock exactly these grids; return the plan then.

    Raises
    ------
    ConflictError
        When somebody has saved since.
    """
    draft, locked = opened.draft, frozenset(grids)
    version = drafts.snapshot.store.plans.lock(draft.code, locked, version=draft.version)
    history = replace(draft.history, plan=replace(draft.plan, locked=locked))
    return _kept(replace(draft, version=version, history=history), opened, drafts)


def declare(grids: Sequence[str], opened: Opened, drafts: Drafts) -> Opened:
    """Declare exactly these grids as allowed to be in parts; return the plan then.

    Raises
    ------
    ConflictError
        When somebody has saved since.
    """
    draft, apart = opened.draft, frozenset(grids)
    version = drafts.snapshot.store.plans.declare(draft.code, apart, version=draft.version)
    history = replace(draft.history, plan=replace(draft.plan, apart=apart))
    return _kept(replace(draft, version=version, history=history), opened, drafts)


def bridge(line: Sequence[Sequence[float]], opened: Opened, drafts: Drafts) -> tuple[Opened, tuple[str, str]]:
    """Join two units that do not touch, or take their bridge away; return the plan then, and the pair.

    Parameters
    ----------
    line
        Degrees of the map: it begins in one unit and ends in the other.

    Raises
    ------
    ConflictError
        When somebody has saved since.
    RefusedEdit
        When the line does not begin and end in two units that lie apart.
    """
    draft, plan = opened.draft, opened.plan
    ends = [_place(point, plan, drafts.snapshot.frame) for point in (line[0], line[-1])]
    pair = bridged(plan, *ends)
    bridges = tuple(sorted(set(plan.bridges) ^ {pair}))
    version = drafts.snapshot.store.plans.join(draft.code, bridges, version=draft.version)
    history = replace(draft.history, plan=replace(draft.plan, bridges=bridges))
    return _kept(replace(draft, version=version, history=history), opened, drafts), pair


def keep_within(across: Sequence[str], opened: Opened, drafts: Drafts) -> Opened:
    """Say which kinds of areas no grid may cross; return the plan then.

    Raises
    ------
    ConflictError
        When somebody has saved since.
    InputError
        When the store has none of a kind.
    """
    draft = opened.draft
    named = tuple(sorted(limits_of(drafts.snapshot.store, across)))
    version = drafts.snapshot.store.plans.keep_within(draft.code, named, version=draft.version)
    return _kept(replace(draft, version=version, across=named), opened, drafts)


def looked_at(done: Mapping[str, Any], drafts: Drafts) -> Opened:
    """Return the plan, which must be in the version that the person looked at.

    Raises
    ------
    ConflictError
        When it is not.
    """
    opened = drafts.of(str(done["plan"]))
    if opened.draft.version != int(done["version"]):
        raise ConflictError(f"{opened.draft.code} was saved since you looked at it; look at it anew")
    return opened


def _kept(draft: Any, opened: Opened, drafts: Drafts) -> Opened:
    after = opened.as_in(draft)
    assert after is not None  # the same plan, changed by what it holds itself
    drafts.keep(after)
    return after


def _along(plan: Plan, line: shapely.Geometry) -> str:
    """Return the grid in which most of a line lies."""
    if line.is_empty:
        return str(plan.grid[0])  # refused as no line by the split itself
    near = plan_grids(plan, sorted(set(plan.grid[plan.near(line)])) or plan.codes[:1])
    metres = shapely.length(shapely.intersection(near.geometry.to_numpy(), line))
    return str(near["code"].iloc[int(np.argmax(metres))])


def _whole(plan: Plan, area: shapely.Geometry) -> shapely.Geometry:
    """Return the units that lie in an area by more than half, as an area."""
    units = units_within(plan, area)
    return shapely.coverage_union_all(plan.shape[plan.places(units)]) if units else area


def _closed(line: Sequence[tuple[float, float]]) -> shapely.Geometry:
    """Return what a hand has gone around; where its line crosses itself, all that is inside."""
    drawn = shapely.make_valid(shapely.Polygon(line if len(line) > 2 else []), method="structure", keep_collapsed=False)
    return drawn if drawn.geom_type in ("Polygon", "MultiPolygon") else shapely.Polygon()


def _place(point: Sequence[float], plan: Plan, frame: str) -> tuple[float, float]:
    """Return where a point of the map is, in metres."""
    lng, lat = (float(part) for part in point)
    return place_from_map(lng, lat, plan.crs, frame=frame)


def since(opened: Opened, drafts: Drafts, seen: int) -> pd.DataFrame:
    """Return what was done to a plan beyond the steps that somebody has seen: when, by whom, what, which grids."""
    rows = drafts.snapshot.store.plans.edits(opened.draft.code)
    return rows[(rows["number"] > seen) & (rows["number"] <= len(opened.draft.history.done))]
