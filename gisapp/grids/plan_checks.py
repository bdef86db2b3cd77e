"""What is wrong with a boundary plan: listed one by one, each with the place where it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.errors import InputError
from gisapp.grids.cutting import SLIVERS, SliverRule
from gisapp.grids.edits import parts_of
from gisapp.grids.leaders import as_appointed
from gisapp.grids.naming import planned_leaders
from gisapp.grids.plans import Plan, plan_grids

KINDS = ("coverage", "parts", "hole", "sliver", "code", "no_leader", "leaders", "crossed")


@dataclass(frozen=True)
class _Fault:
    kind: str
    grid: str
    told: str
    geom: shapely.Geometry
    layer: str = ""


def plan_faults(
    plan: Plan,
    *,
    only: Collection[str] | None = None,
    posts: pd.DataFrame | None = None,
    since: pd.Timestamp | None = None,
    pattern: str | None = None,
    limits: Mapping[str, gpd.GeoDataFrame] | None = None,
    gap_m: float = 1.0,
    slivers: SliverRule = SLIVERS,
) -> gpd.GeoDataFrame:
    """Return what is wrong with a plan.

    Parameters
    ----------
    plan
        The plan.
    only
        Codes of the grids to look at, such as those of a change; all when absent.
    posts, since
        The table of that name, and from when on every grid must have exactly one leader at any time. Whom the
        plan names is taken to begin then.
    pattern
        A regular expression that the whole code of each grid must match.
    limits
        Layers that no grid may cross, by name: polygons with a ``code`` (pressure zones, communities). A
        unit counts where it has a point within.
    gap_m
        Gaps as narrow as this between units are found, in metres.
    slivers
        What is too small or too narrow for a unit.

    Returns
    -------
    GeoDataFrame
        No row for a sound plan; else ``kind`` (of :data:`KINDS`), ``grid``, ``told`` (the fault in words),
        ``layer`` (the limit that is crossed) and ``geom``: edges that do not match, all parts but the largest,
        holes, units.

    Raises
    ------
    InputError
        When ``pattern`` is no regular expression, or ``posts`` come without ``since``.
    """
    if only is not None:
        places = np.flatnonzero(plan.held_by(only))
        kept = plan.rows(places)
        plan = replace(plan, unit=kept.unit, root=kept.root, grid=kept.grid, shape=kept.shape)
    grids = plan_grids(plan)
    faults = [*_coverage(plan, gap_m), *_parts(plan, grids), *_slivers(plan, slivers)]
    faults += [*_holes(grids), *_codes(grids, pattern)]
    if posts is not None:
        if since is None or since.tzinfo is None:
            raise InputError("leaders are checked from a moment on", todo="give it with its zone", field="since")
        faults += _leaders(grids, as_appointed(posts, planned_leaders(plan), since), since)
    for name, layer in (limits or {}).items():
        faults += _crossed(plan, name, layer)
    columns = {
        name: pd.array([getattr(one, name) for one in faults], dtype="str")
        for name in ("kind", "grid", "told", "layer")
    }
    shapes = np.array([one.geom for one in faults], dtype=object)
    return gpd.GeoDataFrame(columns | {"geom": shapes}, geometry="geom", crs=plan.crs)


def _coverage(plan: Plan, gap_m: float) -> list[_Fault]:
    edges = shapely.coverage_invalid_edges(plan.shape, gap_width=gap_m)
    wrong = np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))
    words = "unit {} overlaps, gapes or does not match edge to edge"
    return [_Fault("coverage", plan.grid[row], words.format(plan.unit[row]), edges[row]) for row in wrong]


def _parts(plan: Plan, grids: gpd.GeoDataFrame) -> list[_Fault]:
    faults = []
    for code in grids["code"][shapely.get_num_geometries(grids.geometry.to_numpy()) > 1]:
        own = plan.of_grid(code)
        part = parts_of(plan, own)
        area = np.bincount(part, shapely.area(plan.shape[own]))
        if len(area) == 1 or code in plan.apart:
            continue
        rest = own[part != area.argmax()]
        told = f"in {len(area)} parts; {len(rest)} units are off the largest"
        faults.append(_Fault("parts", code, told, shapely.coverage_union_all(plan.shape[rest])))
    return faults


def _slivers(plan: Plan, rule: SliverRule) -> list[_Fault]:
    thin = np.flatnonzero(rule.refuses(plan.shape))
    words = f"unit {{}} is under {rule.least_m2:g} m² or narrower than {rule.least_width_m:g} m"
    return [_Fault("sliver", plan.grid[row], words.format(plan.unit[row]), plan.shape[row]) for row in thin]


def _holes(grids: gpd.GeoDataFrame) -> list[_Fault]:
    faults = []
    for code, shape in zip(grids["code"], grids.geometry, strict=True):
        rings = [ring for part in shapely.get_parts(shape) for ring in part.interiors]
        faults += [_Fault("hole", code, f"a hole of {ring_m2(ring):,.0f} m²", shapely.Polygon(ring)) for ring in rings]
    return faults


def ring_m2(ring: shapely.LinearRing) -> float:
    """Return the area that a ring encloses."""
    return float(shapely.Polygon(ring).area)


def _codes(grids: gpd.GeoDataFrame, pattern: str | None) -> list[_Fault]:
    if pattern is None:
        return []
    try:
        wanted = re.compile(pattern)
    except re.error as error:
        raise InputError(
            f"{pattern!r} is no regular expression ({error})", todo="correct it", field="pattern"
        ) from error
    rows = zip(grids["code"], grids.geometry, strict=True)
    return [_Fault("code", c, f"does not match {pattern}", shape) for c, shape in rows if not wanted.fullmatch(c)]


def _leaders(grids: gpd.GeoDataFrame, posts: pd.DataFrame, since: pd.Timestamp) -> list[_Fault]:
    """Return from when until when a grid has no leader, or more than one."""
    held = posts[(posts["role"] == "grid_leader") & (posts["scope_kind"] == "grid")]
    by_grid = dict(list(held.groupby("scope")))
    faults = []
    for code, shape in zip(grids["code"], grids.geometry, strict=True):
        own = by_grid.get(code, held.iloc[:0])
        moments = sorted({since, *own["valid_from"], *own["valid_to"].dropna()})
        for start, end in zip(moments, [*moments[1:], None], strict=True):
            if start < since:
                continue
            count = own[(own["valid_from"] <= start) & ~(own["valid_to"] <= start)]["person_code"].nunique()
            if count != 1:
                until = "" if end is None else f" until {end.isoformat()}"
                told = f"{count} leaders from {start.isoformat()}{until}"
                faults.append(_Fault("leaders" if count else "no_leader", code, told, shape))
    return faults


def _crossed(plan: Plan, name: str, layer: gpd.GeoDataFrame) -> list[_Fault]:
    """Return the grids that have units in more than one polygon of a layer."""
    unit, row = shapely.STRtree(layer.geometry.to_numpy()).query(shapely.point_on_surface(plan.shape), "within")
    held = pd.DataFrame({"grid": plan.grid[unit], "code": layer["code"].to_numpy()[row], "unit": unit})
    faults = []
    for code, own in held.groupby("grid"):
        found = own["code"].value_counts()
        if len(found) > 1:
            beyond = own.loc[own["code"] != found.index[0], "unit"].to_numpy()
            told = f"crosses {name}: {', '.join(map(str, sorted(found.index)))}"
            faults.append(_Fault("crossed", str(code), told, shapely.coverage_union_all(plan.shape[beyond]), name))
    return faults
