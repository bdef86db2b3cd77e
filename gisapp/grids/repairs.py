"""What is wrong with a plan, put right: each returns a :class:`Change`, as every edit does."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.errors import RefusedEdit
from gisapp.grids.changes import Change
from gisapp.grids.edits import assign_units, parts_of, reassigned, require_grid
from gisapp.grids.plans import Places, Plan, outlines
from gisapp.grids.units import borders_of, labels_of


def reassign_enclaves(plan: Plan, grid: str) -> Change:
    """Return the change that gives all parts of a grid but its largest to the grids that border on them longest.

    Raises
    ------
    InputError
        When the grid is in one part, unknown or locked, or all neighbours of a part are locked.
    """
    require_grid(plan, grid)
    own = plan.of_grid(grid)
    part = parts_of(plan, own)
    area = np.bincount(part, shapely.area(plan.shape[own]))
    if len(area) == 1:
        found = f"grid {grid} is in one part"
        raise RefusedEdit("one_part", found, todo="choose a grid in several parts", field="grid", grid=grid)
    places = own[part != area.argmax()]
    to = np.empty(len(places), dtype=object)
    for number in np.unique(part[part != area.argmax()]):
        to[np.isin(places, own[part == number])] = _longest_neighbour(plan, own[part == number], grid)
    return reassigned(plan, "enclave", places, to)


def fill_hole(plan: Plan, grid: str) -> Change:
    """Return the change that gives to a grid all that lies in its holes.

    Raises
    ------
    InputError
        When it has none, it is unknown, or it or a grid in its holes is locked.
    """
    require_grid(plan, grid)
    whole = outlines(plan, [plan.of_grid(grid)])[0]
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(whole) for ring in part.interiors]
    if not holes:
        raise RefusedEdit("no_hole", f"grid {grid} has no hole", todo="choose a grid with one", grid=grid)
    inner = shapely.union_all(holes)
    near = plan.near(inner)
    shapely.prepare(inner)
    within = near[shapely.contains(inner, shapely.point_on_surface(plan.shape[near]))]
    return assign_units(plan, [str(unit) for unit in plan.unit[within]], grid, kind="hole")


def keep_to_one_side(plan: Plan, grid: str, limit: gpd.GeoDataFrame) -> Change:
    """Return the change that keeps a grid within one area of a layer: what lies beyond goes to grids over there.

    The grid keeps the area in which most of its units are. Each piece beyond goes to the grid that borders on it
    longest among those that are mostly in the area of that piece.

    Parameters
    ----------
    limit
        Polygons with a ``code``, such as pressure zones.

    Raises
    ------
    InputError
        When it crosses nothing, is unknown or locked, a piece has no such neighbour, or would break it.
    """
    require_grid(plan, grid)
    label = labels_of(plan.shape, [limit]).to_numpy(dtype=object)
    home = pd.Series(label).groupby(plan.grid).agg(lambda own: own.value_counts().index[0])
    own = plan.of_grid(grid)
    beyond = own[label[own] != home[grid]]
    if len(beyond) == 0:
        raise RefusedEdit("within", f"grid {grid} crosses nothing", todo="choose one that does", grid=grid)
    to = np.empty(len(beyond), dtype=object)
    for area in sorted(set(label[beyond])):
        piece = beyond[label[beyond] == area]
        part = parts_of(plan, piece)
        for number in np.unique(part):
            some = piece[part == number]
            to[np.isin(beyond, some)] = _longest_neighbour(plan, some, grid, home.index[home == area])
    return reassigned(plan, "limit", beyond, to)


def _longest_neighbour(plan: Plan, part: Places, grid: str, among: Collection[str] | None = None) -> str:
    """Return the grid, not locked, with the longest common border with a part of another; one ``among`` some."""
    whole = shapely.coverage_union_all(plan.shape[part])
    near = plan.near(whole)
    near = near[(plan.grid[near] != grid) & ~plan.held_by(plan.locked)[near]]
    if among is not None:
        near = near[pd.Index(plan.grid[near]).isin(list(among))]
    found = borders_of(np.append(plan.shape[near], whole))
    mine = found.pairs[:, 1] == len(near)
    if not mine.any():
        said = f"a part of grid {grid} has no neighbour that is not locked"
        raise RefusedEdit("walled", said, todo="unlock one", field="grid", grid=grid)
    metres = pd.Series(found.border_m[mine], index=plan.grid[near[found.pairs[mine, 0]]]).groupby(level=0).sum()
    return str(metres.idxmax())
