"""Edits of a boundary plan: each returns a :class:`Change`, or is refused with the plan left as it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import shapely
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from gisapp.errors import InputError, RefusedEdit
from gisapp.grids.changes import Change
from gisapp.grids.cutting import SLIVERS, SliverRule, cut
from gisapp.grids.plans import Codes, Named, Places, Plan, Rows, Shapes, outlines, plan_grids
from gisapp.grids.units import borders_of, edges_of

_LEAST_M2 = 1e-6  # what rounding leaves is smaller
_BEYOND_M = 1.0  # a line that splits a grid ends so far outside, to cross its border without doubt
_LOST_M2 = 1e-3  # what differences of whole grids leave is smaller


def assign_area(plan: Plan, area: shapely.Geometry, to: str, *, slivers: SliverRule = SLIVERS) -> Change:
    """Return the change that gives what lies in an area to a grid: a lasso, or a brush of some width.

    Parameters
    ----------
    plan
        The plan as it is.
    area
        A polygon in the plan's CRS. Units that it crosses are cut along its border; where that would leave a
        sliver, the unit goes to the side that has the larger part of it.
    to
        The code of a grid of the plan that is not locked. Units of locked grids stay.
    slivers
        What is too small to be cut off.

    Raises
    ------
    InputError
        When the area is none or crosses itself, the grid is unknown or locked, nothing would move, or a grid
        would fall into parts without that being declared.
    """
    require_grid(plan, to)
    _require_area(area)
    return _moved(plan, "assign", shapely.boundary(area), [(area, to)], slivers)


def draw_grid(plan: Plan, area: shapely.Geometry, code: str, name: str, *, slivers: SliverRule = SLIVERS) -> Change:
    """Return the change that makes what lies in an area a new grid; see :func:`assign_area`.

    Raises
    ------
    InputError
        As :func:`assign_area`, and when there is a grid of that code.
    """
    new = _new_grid(plan, code, name)
    _require_area(area)
    change = _moved(plan, "draw", shapely.boundary(area), [(area, code)], slivers)
    return replace(change, named=_fresh(plan, code, new))


def units_within(plan: Plan, area: shapely.Geometry) -> list[str]:
    """Return the units that lie in an area by more than half, without those of locked grids.

    Raises
    ------
    InputError
        When the area is none or crosses itself.
    """
    _require_area(area)
    near = plan.near(area)
    near = near[~plan.held_by(plan.locked)[near]]
    common = shapely.area(shapely.intersection(plan.shape[near], area))
    return [str(unit) for unit in plan.unit[near[common > shapely.area(plan.shape[near]) / 2]]]


def units_under(plan: Plan, stroke: shapely.Geometry) -> list[str]:
    """Return the units that a stroke of a brush (a line or a point) passes through, without those of locked grids."""
    near = plan.near(stroke)
    near = near[~plan.held_by(plan.locked)[near]]
    shapely.prepare(stroke)
    return [str(unit) for unit in plan.unit[near[shapely.intersects(stroke, plan.shape[near])]]]


def assign_units(plan: Plan, units: Sequence[str], to: str, *, kind: str = "assign") -> Change:
    """Return the change that gives whole units to a grid; those that it has already count as nothing.

    Raises
    ------
    InputError
        When a unit or the grid is unknown, either is locked, nothing would move, or a grid would fall into parts.
    """
    require_grid(plan, to)
    places = plan.places(list(dict.fromkeys(units)))
    places = places[plan.grid[places] != to]
    held = set(plan.grid[places]) & plan.locked
    if held:
        raise _locked(min(held), "unlock it or leave its units out", field="units")
    return reassigned(plan, kind, places, np.full(len(places), to, dtype=object))


def carry_out(plan: Plan, grid: Codes | Sequence[str], *, named: dict[str, Named] | None = None) -> Change:
    """Return the change that makes a proposal the plan: a code for each unit, in their order.

    Raises
    ------
    InputError
        When the proposal is for other units, moves units of a locked grid, or changes nothing.
    """
    wanted = np.asarray(grid, dtype=object)
    if wanted.shape != plan.unit.shape:
        found = f"a proposal for {len(wanted)} units, the plan has {len(plan.unit)}"
        raise InputError(found, todo="make the proposal for the plan as it is now")
    places = np.flatnonzero(wanted != plan.grid)
    held = (set(plan.grid[places]) | set(wanted[places])) & plan.locked
    if held:
        raise _locked(min(held), "unlock it or make the proposal with its lock")
    fresh = {code: (named or {}).get(code, Named(code, _utilities(plan))) for code in sorted(set(wanted[places]))}
    change = reassigned(plan, "proposal", places, wanted[places])
    return replace(change, named={code: value for code, value in fresh.items() if code not in plan.named})


def merge_grids(plan: Plan, one: str, into: str) -> Change:
    """Return the change that gives all units of one grid to another.

    Raises
    ------
    InputError
        When they are the same, unknown or locked, or would not hang together.
    """
    if one == into:
        raise RefusedEdit("itself", f"grid {one} merged into itself", todo="choose two grids", grid=one)
    require_grid(plan, one)
    return assign_units(plan, list(plan.unit[plan.of_grid(one)]), into, kind="merge")


def split_grid(
    plan: Plan, grid: str, line: shapely.Geometry, code: str, name: str, *, slivers: SliverRule = SLIVERS
) -> Change:
    """Return the change that splits a grid along a line; all but its largest part become a new grid.

    Units of other grids are not cut; a unit that the sliver rule keeps whole goes where most of it lies.

    Raises
    ------
    InputError
        When the line does not cut the grid in two, the grid is unknown or locked, there is a grid of the new
        code, or a part would not hang together.
    """
    require_grid(plan, grid)
    new = _new_grid(plan, code, name)
    _require_line(line)
    whole = outlines(plan, [plan.of_grid(grid)])[0]
    line = shapely.intersection(line, shapely.buffer(whole, _BEYOND_M, quad_segs=1))
    noded = shapely.union_all([shapely.boundary(whole), line])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    faces = faces[shapely.contains(whole, shapely.point_on_surface(faces))]
    if len(faces) <= shapely.get_num_geometries(whole):
        found = f"the line does not cut grid {grid}"
        raise RefusedEdit("no_cut", found, todo="draw it from border to border", field="line", grid=grid)
    rest = np.delete(faces, shapely.area(faces).argmax())
    mine = plan.grid == grid
    away = cut(plan, line, mine, slivers)
    change = _with_grids(plan, away.before, away.after, away.whole, [(shapely.multipolygons(rest), code)], {grid})
    return replace(_judged(plan, "split", change), named=_fresh(plan, code, new))


def drag_corner(
    plan: Plan,
    moves: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    *,
    near_m: float = 0.01,
    slivers: SliverRule = SLIVERS,
) -> Change:
    """Return the change that drags corners of borders: every grid that uses a corner moves with it.

    Parameters
    ----------
    moves
        From where to where, in the plan's CRS; several for a whole stretch of a border.
    near_m
        How near a corner must be to where the drag begins.

    Raises
    ------
    InputError
        When no corner is there, the drag would turn a border over itself or move the outer border, or a grid
        that it would change is locked.
    """
    grids = plan_grids(plan, _grids_near(plan, [start for start, _ in moves], near_m))
    old = grids.geometry.to_numpy()
    new = np.array([_dragged(shape, moves, near_m) for shape in old], dtype=object)
    touched = np.flatnonzero(~shapely.equals_identical(old, new))
    if len(touched) == 0:
        raise RefusedEdit("no_corner", "no corner of a border is there", todo="begin at a corner", field="moves")
    if not shapely.is_valid(new[touched]).all():
        raise RefusedEdit("crossing", "the border would cross itself", todo="drag it less far", field="moves")
    gained = shapely.difference(new[touched], old[touched])
    whole, moved = shapely.union_all(old[touched]), shapely.union_all(new[touched])
    if shapely.area(new[touched]).sum() - moved.area > _LOST_M2 or moved.difference(whole).area > _LOST_M2:
        raise RefusedEdit("crossing", "the border would cross another grid", todo="drag it less far", field="moves")
    if whole.difference(moved).area > _LOST_M2:
        found = "the outer border would move"
        raise RefusedEdit("outer", found, todo="drag a border between two grids", field="moves")
    codes = grids["code"].to_numpy(dtype=object)[touched]
    held = set(codes) & plan.locked
    if held:
        raise _locked(min(held), "unlock it first", field="moves")
    parts = [(area, code) for area, code in zip(gained, codes, strict=True) if shapely.area(area) > _LEAST_M2]
    return _moved(plan, "drag", _new_edges(old, new), parts, slivers, set(codes))


def parts_of(plan: Plan, places: Places) -> Places:
    """Return the number of the part each unit is in: units among ``places`` that hang together by border or bridge."""
    pairs = borders_of(plan.shape[places]).pairs
    if plan.bridges:
        bridged = _bridges(plan, places)
        pairs = np.concatenate([pairs, bridged[(bridged >= 0).all(axis=1)]])
    table = sparse.coo_array((np.ones(len(pairs), np.int8), pairs.T), shape=(len(places), len(places)))
    return np.asarray(connected_components(table, directed=False)[1], dtype=np.int64)


def _bridges(plan: Plan, places: Places) -> Places:
    """Return bridges as pairs of positions in ``places``; of a unit that was cut, its first pieces are joined."""
    first = pd.Series(np.arange(len(places)), index=plan.root[places]).groupby(level=0).first()
    ends = first.reindex([unit for pair in plan.bridges for unit in pair]).fillna(-1).to_numpy(dtype=np.int64)
    return ends.reshape(-1, 2)


def _moved(
    plan: Plan,
    kind: str,
    line: shapely.Geometry,
    parts: Sequence[tuple[shapely.Geometry, str]],
    slivers: SliverRule,
    only: Collection[str] | None = None,
) -> Change:
    """Return the change that gives each area to its grid, cutting units along a line."""
    may = ~plan.held_by(plan.locked) if only is None else plan.held_by(only)
    away = cut(plan, line, may, slivers)
    return _judged(plan, kind, _with_grids(plan, away.before, away.after, away.whole, parts, only))


def _with_grids(
    plan: Plan,
    before: Rows,
    after: Rows,
    whole: tuple[str, ...],
    parts: Sequence[tuple[shapely.Geometry, str]],
    only: Collection[str] | None,
) -> Change:
    """Return a cut followed by what lies in each part going to its grid; ``only`` of these grids, never of locked."""
    noded = plan.changed(before, after)
    grid = noded.grid.copy()
    halved = noded.places([code for code in whole])
    for area, to in parts:
        shapely.prepare(area)
        near = noded.near(area)
        inside = shapely.contains(area, shapely.point_on_surface(noded.shape[near]))
        in_doubt = np.isin(near, halved)
        common = shapely.area(shapely.intersection(noded.shape[near[in_doubt]], area))
        inside[in_doubt] = common > shapely.area(noded.shape[near[in_doubt]]) / 2
        grid[near[inside]] = to
    stay = noded.held_by(plan.locked)
    if only is not None:
        stay |= ~noded.held_by(only)
    grid[stay] = noded.grid[stay]
    return _merged(plan, noded, before, after, grid, whole)


def _merged(plan: Plan, noded: Plan, before: Rows, after: Rows, grid: Codes, whole: tuple[str, ...]) -> Change:
    """Return one change from a plan to its noded form with new grids."""
    moved = np.flatnonzero(grid != noded.grid)
    fresh = noded.places(after.unit)
    only_moved = np.setdiff1d(moved, fresh)
    old = plan.places(noded.unit[only_moved])
    now = Rows(
        np.concatenate([noded.unit[fresh], noded.unit[only_moved]]),
        np.concatenate([noded.root[fresh], noded.root[only_moved]]),
        np.concatenate([grid[fresh], grid[only_moved]]),
        np.concatenate([noded.shape[fresh], np.full(len(only_moved), None, dtype=object)]),
    )
    was = plan.rows(old, shapes=False)
    joined = (np.concatenate([getattr(before, name), getattr(was, name)]) for name in ("unit", "root", "grid", "shape"))
    return Change("", Rows(*joined), now, whole=whole)


def reassigned(plan: Plan, kind: str, places: Places, to: Codes) -> Change:
    """Return the change that only moves whole units."""
    before = plan.rows(places, shapes=False)
    return _judged(plan, kind, Change(kind, before, replace(before, grid=to)))


def _judged(plan: Plan, kind: str, change: Change) -> Change:
    """Return a change that may stand: something moves, and no grid falls into parts that are not declared."""
    if not _moves(plan, change):
        told = f"; {len(change.whole)} units are kept whole by the sliver rule or a lock" if change.whole else ""
        found = f"nothing would move{told}"
        raise RefusedEdit("nothing", found, todo="take in more of a unit, or unlock its grid", whole=len(change.whole))
    after = plan.changed(change.before, change.after)
    broken = [code for code in change.grids if _part_count(after, code) > max(1, _part_count(plan, code))]
    undeclared = [code for code in broken if code not in plan.apart]
    if undeclared:
        grid, count = undeclared[0], _part_count(after, undeclared[0])
        found, todo = f"grid {grid} would be in {count} parts", "move what hangs together, or declare that it may be"
        raise RefusedEdit("parts", found, todo=todo, grid=grid, count=count)
    return replace(change, kind=kind, violations=tuple(f"parts:{code}" for code in broken))


def _moves(plan: Plan, change: Change) -> bool:
    """Return whether any ground goes to another grid: the areas of the grids do not stay what they were."""
    was = dict(zip(change.before.unit, change.before.grid, strict=True))
    fresh = {unit for unit in change.after.unit if unit not in was}
    held = {(root, grid) for root, grid in zip(change.before.root, change.before.grid, strict=True)}
    return any(
        grid != was.get(unit, grid) or (unit in fresh and (root, grid) not in held)
        for unit, root, grid in zip(change.after.unit, change.after.root, change.after.grid, strict=True)
    )


def _part_count(plan: Plan, code: str) -> int:
    """Return in how many parts a grid is; 0 for one without units."""
    places = plan.of_grid(code)
    if len(places) == 0:
        return 0
    if shapely.get_num_geometries(shapely.coverage_union_all(plan.shape[places])) == 1:
        return 1  # one polygon hangs together, with bridges or without
    return int(parts_of(plan, places).max()) + 1


def require_grid(plan: Plan, code: str) -> None:
    """Raise unless a plan has a grid that is not locked."""
    if not (plan.grid == code).any():
        raise InputError(f"no grid {code!r} in the plan", todo=f"choose one of its {len(plan.codes)} grids")
    if code in plan.locked:
        raise _locked(code, "unlock it first")


def _locked(code: str, todo: str, *, field: str | None = None) -> RefusedEdit:
    return RefusedEdit("locked", f"grid {code} is locked", todo=todo, field=field, grid=code)


def _new_grid(plan: Plan, code: str, name: str) -> Named:
    if not code.strip() or (plan.grid == code).any():
        found = f"grid {code!r} is there already" if code.strip() else "the new grid has no code"
        raise InputError(found, todo="give a new code", field="code")
    return Named(name.strip() or code, _utilities(plan))


def _fresh(plan: Plan, code: str, new: Named) -> dict[str, Named]:
    """Return the name of a new grid; a code that the plan knew once keeps its name."""
    return {} if code in plan.named else {code: new}


def _utilities(plan: Plan) -> str:
    """Return what any grid of the plan serves."""
    return ",".join(dict.fromkeys(",".join(named.utilities for named in plan.named.values()).split(",")))


def _require_area(area: shapely.Geometry) -> None:
    if area.geom_type not in ("Polygon", "MultiPolygon") or not np.isfinite(area.bounds).all():
        raise RefusedEdit("empty", "the area is no polygon", todo="draw a closed shape", field="area")
    if not area.area > _LEAST_M2:
        raise RefusedEdit("empty", "the area is empty", todo="draw a larger one", field="area")
    if not area.is_valid:
        found = f"the area crosses itself ({shapely.is_valid_reason(area)})"
        raise RefusedEdit("area_crosses", found, todo="draw it anew", field="area")


def _require_line(line: shapely.Geometry) -> None:
    if line.geom_type != "LineString" or line.is_empty or not np.isfinite(line.bounds).all():
        raise RefusedEdit("no_line", "the line is none", todo="draw a line across the grid", field="line")


def _grids_near(plan: Plan, points: Sequence[tuple[float, float]], near_m: float) -> list[str]:
    """Return the grids that have a unit near one of some points."""
    spots = shapely.multipoints(np.array(points, dtype=np.float64)).buffer(near_m)
    places = plan.near(spots)
    return sorted(set(plan.grid[places[shapely.intersects(plan.shape[places], spots)]]))


def _dragged(
    shape: shapely.Geometry, moves: Sequence[tuple[tuple[float, float], tuple[float, float]]], near_m: float
) -> shapely.Geometry:
    """Return a shape with its corners near the start of a move put to its end."""
    xy = shapely.get_coordinates(shape)
    for start, end in moves:
        xy[np.hypot(*(xy - np.array(start)).T) <= near_m] = end
    return shapely.set_coordinates(shapely.from_wkb(shapely.to_wkb(shape)), xy)


def _new_edges(old: Shapes, new: Shapes) -> shapely.Geometry:
    """Return the edges of new shapes that the old ones do not have: exactly those, so that they cross cleanly."""
    known = {tuple(edge) for edge in edges_of(old)[0].tolist()}
    fresh = {tuple(edge) for edge in edges_of(new)[0].tolist()} - known
    return shapely.multilinestrings(shapely.linestrings(np.array(sorted(fresh)).reshape(-1, 2, 2)))
