"""A boundary plan (划分方案): every unit has its grid, and the polygons of grids follow from that."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError
from gisapp.grids.units import require_coverage

Codes = npt.NDArray[np.object_]
_FEW = 20  # grids that are sooner sought one by one than all sorted
_SNAP_M = 1e-3  # by which a unit cut out of grids may miss their borders
_NO_UNITS = "there are no units"
_MAKE = "import them --as units, or let streets cut them out: gisapp plan new --units streets"
Shapes = npt.NDArray[np.object_]
Places = npt.NDArray[np.int64]


class Named(NamedTuple):
    """What a grid is called, which utilities it serves, comma separated, and who is to lead it, if a plan says so."""

    name: str
    utilities: str
    leader: str = ""


@dataclass(frozen=True)
class Rows:
    """Units as they stand before or after a change; a shape of None stays as it is."""

    unit: Codes
    root: Codes
    grid: Codes
    shape: Shapes

    def __len__(self) -> int:
        return len(self.unit)


@dataclass(frozen=True)
class Plan:
    """One complete set of boundaries: a unit is in one grid, so that grids can neither gape nor overlap.

    Attributes
    ----------
    unit
        Codes of the units, sorted.
    root
        The unit of the coverage that each was cut from; itself where it is whole.
    grid
        The code of the grid of each unit.
    shape
        The polygon of each unit: an edge-matched coverage.
    crs
        Its frame, in metres.
    named
        Name, utilities and leader to be of each grid by code; may hold grids that have no unit any more.
    locked
        Grids that keep exactly their units.
    apart
        Grids that may be in several parts: the declared exceptions.
    bridges
        Pairs of units that hang together although they do not touch.
    """

    unit: Codes
    root: Codes
    grid: Codes
    shape: Shapes
    crs: pyproj.CRS
    named: Mapping[str, Named]
    locked: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    bridges: tuple[tuple[str, str], ...] = field(default=())

    @property
    def codes(self) -> list[str]:
        """Codes of the grids that have units, sorted."""
        return sorted(set(self.grid))

    def places(self, units: Codes | Sequence[str]) -> Places:
        """Return where units stand; all must be known."""
        wanted = np.asarray(units, dtype=object)
        at = np.searchsorted(self.unit, wanted)
        inside = np.minimum(at, len(self.unit) - 1)
        unknown = self.unit[inside] != wanted
        if unknown.any():
            raise InputError(f"no unit {wanted[unknown][0]!r} in the plan", todo="look at the plan as it is now")
        return inside.astype(np.int64)

    def held_by(self, codes: Collection[str]) -> npt.NDArray[np.bool_]:
        """Return which units are in some grids."""
        if len(codes) > _FEW:
            return np.asarray(pd.Index(self.grid).isin(list(codes)), dtype=bool)
        held = np.zeros(len(self.grid), dtype=bool)
        for code in codes:
            held |= self.grid == code
        return held

    def of_grid(self, code: str) -> Places:
        """Return where the units of a grid stand."""
        return np.flatnonzero(self.grid == code)

    def near(self, shape: shapely.Geometry) -> Places:
        """Return where the units stand whose box meets that of a shape."""
        west, south, east, north = shape.bounds
        box = self._boxes
        met = (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
        return np.flatnonzero(met)

    @cached_property
    def _boxes(self) -> npt.NDArray[np.float64]:
        return shapely.bounds(self.shape)

    def rows(self, places: Places, *, shapes: bool = True) -> Rows:
        """Return units at some places, with their shapes or without."""
        shape = self.shape[places] if shapes else np.full(len(places), None, dtype=object)
        return Rows(self.unit[places], self.root[places], self.grid[places], shape)

    def changed(self, before: Rows, after: Rows, *, named: Mapping[str, Named] | None = None) -> Self:
        """Return the plan with the units of ``before`` replaced by those of ``after``; their order is that of codes.

        The same two the other way round give back this plan exactly. ``named`` takes the place of the names.
        """
        gone = self.places(before.unit)
        old_shapes = dict(zip(before.unit, self.shape[gone], strict=True))
        shape = after.shape.copy()
        for row in np.flatnonzero(shapely.is_missing(shape)):  # units that only changed their grid
            shape[row] = old_shapes[after.unit[row]]
        order = np.argsort(after.unit, kind="stable")
        left = np.delete(self.unit, gone)
        at = np.searchsorted(left, after.unit[order])

        def spliced(column: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return np.insert(np.delete(column, gone), at, new[order])

        made = replace(
            self,
            unit=np.insert(left, at, after.unit[order]),
            root=spliced(self.root, after.root),
            grid=spliced(self.grid, after.grid),
            shape=spliced(self.shape, shape),
            named=self.named if named is None else named,
        )
        boxes = np.insert(np.delete(self._boxes, gone, axis=0), at, shapely.bounds(shape[order]), axis=0)
        made.__dict__["_boxes"] = boxes  # of all units but these they are known
        return made

    def digest(self) -> str:
        """Return the SHA-256 of units, grids and shapes to the last bit."""
        made = hashlib.sha256()
        for column in (self.unit, self.root, self.grid):
            made.update("\x1f".join(column.tolist()).encode() + b"\x1e")
        for body in shapely.to_wkb(self.shape):
            made.update(body)
        return made.hexdigest()


def plan_of(
    units: gpd.GeoDataFrame,
    grid: Sequence[str] | pd.Series | Codes,
    grids: pd.DataFrame,
    *,
    bridges: Sequence[tuple[str, str]] = (),
) -> Plan:
    """Return the plan that puts each unit into a grid.

    Parameters
    ----------
    units
        Columns ``code`` and geometry: an edge-matched coverage in metres.
    grid
        The code of the grid of each unit.
    grids
        ``code``, ``name`` and ``utilities`` of the grids; one that is not in it is called by its code and
        serves what all others serve.
    bridges
        Pairs of codes of units that hang together although they do not touch.

    Raises
    ------
    InputError
        When units overlap, gape or do not match, a code stands twice, or a unit has no grid.
    """
    crs = require_metres(units.crs, "the units")
    codes, held = units["code"].to_numpy(dtype=object), np.asarray(grid, dtype=object)
    if len(codes) == 0:
        raise InputError(_NO_UNITS, todo=_MAKE)
    require_coverage(units.geometry.to_numpy(), units["code"])
    absent = pd.isna(held)
    if len(held) != len(codes) or absent.any():
        row = int(absent.argmax()) if absent.any() else min(len(held), len(codes)) - 1
        raise InputError(f"unit {codes[row]} is in no grid", todo="give each unit a grid", field="grid_code")
    order = np.argsort(codes, kind="stable")
    twice = np.flatnonzero(codes[order][1:] == codes[order][:-1])
    if len(twice):
        raise InputError(f"unit {codes[order][twice[0]]} stands twice", todo="give each unit its own code")
    parts = shapely.get_num_geometries(units.geometry.to_numpy())
    shape = np.where(parts == 1, shapely.get_geometry(units.geometry.to_numpy(), 0), units.geometry.to_numpy())
    utilities = ",".join(dict.fromkeys(",".join(grids["utilities"]).split(",")))
    known = {
        code: Named(name, serves)
        for code, name, serves in grids[["code", "name", "utilities"]].itertuples(index=False, name=None)
    }
    named = {code: known.get(code, Named(code, utilities or "water")) for code in sorted(set(held))}
    return Plan(codes[order], codes[order].copy(), held[order], shape[order], crs, named, bridges=tuple(bridges))


def plan_of_grids(units: gpd.GeoDataFrame, grids: gpd.GeoDataFrame, *, bridges: Sequence[tuple[str, str]] = ()) -> Plan:
    """Return the plan that existing grids are: each unit in the grid that has a point within it.

    Raises
    ------
    InputError
        When there are no units, a unit lies in no grid, or a border of a grid crosses a unit by more than 1 m2 and
        1 mm along its border; the last two name the unit.
    """
    if units.empty:
        raise InputError(_NO_UNITS, todo=_MAKE)
    inner = shapely.point_on_surface(units.geometry.to_numpy())
    shapes = grids.geometry.to_numpy()
    unit, row = shapely.STRtree(shapes).query(inner, predicate="within")
    held, first = np.unique(unit, return_index=True)
    lost = np.setdiff1d(np.arange(len(units)), held)
    if len(lost):
        found = f"unit {units['code'].iloc[lost[0]]} and {len(lost) - 1} more lie in no grid"
        raise InputError(found, todo="make the units from these grids: gisapp plan new --units streets")
    row = row[first]
    beyond = shapely.area(shapely.difference(units.geometry.to_numpy(), shapes[row]))
    beyond -= np.maximum(1.0, _SNAP_M * shapely.length(units.geometry.to_numpy()))
    if beyond.max() > 0:
        at = int(beyond.argmax())
        found = f"a border of grid {grids['code'].iloc[row[at]]} crosses unit {units['code'].iloc[at]}"
        raise InputError(found, todo="make the units from these grids: gisapp plan new --units streets")
    return plan_of(units, grids["code"].to_numpy(dtype=object)[row], grids, bridges=bridges)


def free_code(plan: Plan) -> str:
    """Return a code for a new grid: the highest number of the plan's codes and one, written as they are.

    Grids that have no unit any more count too, so that a code never means two grids of one plan.
    """
    numbered = [found for code in plan.named if (found := re.fullmatch(r"(.*?)(\d+)", code))]
    if not numbered:
        return f"G{len(plan.named) + 1:03d}"
    last = max(numbered, key=lambda found: int(found[2]))
    return f"{last[1]}{int(last[2]) + 1:0{len(last[2])}d}"


def plan_grids(plan: Plan, codes: Sequence[str] | None = None) -> gpd.GeoDataFrame:
    """Return the grids of a plan, all or some: ``code``, ``name``, ``utilities`` and the union of their units.

    The unions share every vertex of their borders, so that they are a valid coverage as the units are.
    """
    wanted = plan.codes if codes is None else sorted(codes)
    shapes = outlines(plan, grid_places(plan, wanted))
    columns = {
        "code": pd.array(wanted, dtype="str"),
        "name": pd.array([plan.named[code].name for code in wanted], dtype="str"),
        "utilities": pd.array([plan.named[code].utilities for code in wanted], dtype="str"),
    }
    return gpd.GeoDataFrame(columns | {"geom": shapes}, geometry="geom", crs=plan.crs)


def grid_places(plan: Plan, codes: Sequence[str]) -> list[Places]:
    """Return where the units of each of some grids stand."""
    if len(codes) <= _FEW:
        return [plan.of_grid(code) for code in codes]
    number = pd.Index(codes).get_indexer(pd.Index(plan.grid))
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(len(codes) + 1))
    return [order[start:end] for start, end in itertools.pairwise(ends)]


def outlines(plan: Plan, places: Sequence[Places]) -> Shapes:
    """Return the union of the units at some places, for each of several grids."""
    shapes = np.empty(len(places), dtype=object)
    shapes[:] = [shapely.coverage_union_all(plan.shape[own]) for own in places]
    return shapes
