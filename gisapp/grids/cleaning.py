"""Polygons that miss each other made a valid coverage, with everything told that was done to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError
from gisapp.grids.coverage import areal, sound_polygons
from gisapp.grids.cutting import SLIVERS, SliverRule
from gisapp.grids.units import borders_of

WIDTH_M = 1.0
"""How wide gaps and overlaps are that count as slips of the pen."""
CHANGE_M2 = 1.0
"""Smaller changes are told as a sum."""
KINDS = ("wide_overlap", "lost", "sliver", "mended", "overlap", "changed")
COLUMNS = ("kind", "code", "other", "area_m2", "gained_m2", "lost_m2", "x", "y", "told")
_LEAST_M2 = 1e-6  # what rounding leaves is smaller
_Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Cleaning:
    """Polygons as a valid coverage, and what was done to get there.

    Attributes
    ----------
    frame
        The rows whose polygon is left, in their order.
    findings
        One row for each thing done or found, the gravest first: ``kind`` (of :data:`KINDS`), ``code`` and the
        ``other`` one concerned, ``area_m2`` (of the polygon, overlap or sliver), ``gained_m2`` and ``lost_m2``
        of a polygon that changed by more than 1 m2, ``x`` and ``y`` of a place within, and ``told``.
    width_m
        Up to which width gaps and overlaps were closed.
    small, small_m2
        How many polygons changed by less, and by how much together.
    """

    frame: gpd.GeoDataFrame
    findings: pd.DataFrame
    width_m: float
    small: int
    small_m2: float

    @property
    def too_wide(self) -> pd.DataFrame:
        """Overlaps wider than ``width_m``: no slip of the pen, so that a person must say whose the ground is."""
        return self.of("wide_overlap")

    def of(self, kind: str) -> pd.DataFrame:
        """Return the findings of a kind."""
        return self.findings[self.findings["kind"] == kind]

    def as_json(self) -> dict[str, Any]:
        """Return what was done as plain values for JSON."""
        plain = self.findings.astype(object).where(self.findings.notna(), None)
        counts = {kind: len(self.of(kind)) for kind in KINDS}
        head = {"width_m": self.width_m, "left": len(self.frame), "counts": counts}
        return head | {"small": self.small, "small_m2": self.small_m2, "findings": plain.to_dict(orient="records")}

    def as_text(self) -> str:
        """Return what was done, one line each."""
        lines = [f"gaps and overlaps up to {self.width_m:g} m wide; {len(self.frame):,} polygons are left"]
        lines += [
            f"{row.kind:12} {row.code:16} {row.told} (at {row.x:.1f}, {row.y:.1f})"
            for row in self.findings.itertuples()
        ]
        counts = ", ".join(f"{len(self.of(kind)):,} {kind.replace('_', ' ')}" for kind in KINDS)
        lines.append(f"{counts}; {self.small:,} more changed by up to 1 m2 each, {self.small_m2:.3f} m2 together")
        return "\n".join(lines)


def cleaned(frame: gpd.GeoDataFrame, *, width_m: float = WIDTH_M, slivers: SliverRule = SLIVERS) -> Cleaning:
    """Return polygons as a valid coverage.

    Invalid polygons are mended to the area that their rings enclose. Overlaps go to the neighbour with the longest
    common border, and so do gaps up to ``width_m`` wide and slivers: parts that are too small or too narrow for a
    unit. Wider gaps stay. Wider overlaps are told as ``wide_overlap`` and the result must not be used.

    Parameters
    ----------
    frame
        ``code`` and polygons in a projected CRS in metres; whatever else it holds is kept.
    width_m
        How wide gaps and overlaps are that are closed, in metres.
    slivers
        What is a sliver.

    Raises
    ------
    InputError
        When ``width_m`` is no width, or no valid coverage came of it.
    CrsError
        When the polygons are not in metres.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 100, 100), shapely.box(99.5, 0, 200, 100), shapely.box(0, 100.5, 200, 200)]
    >>> made = cleaned(gpd.GeoDataFrame({"code": list("ABC")}, geometry=shapes, crs="EPSG:4547"))
    >>> made.findings.loc[0, ["kind", "code", "other", "told"]].tolist()
    ['overlap', 'A', 'B', 'overlaps B over 50.0 m2, up to 0.50 m wide']
    >>> bool(shapely.coverage_is_valid(made.frame.geometry.to_numpy()))
    True
    """
    require_metres(frame.crs, "the polygons")
    if not (np.isfinite(width_m) and width_m >= 0):
        raise InputError(f"a width of {width_m} m", todo="give metres from 0", field="--width-m")
    drawn, codes = frame.geometry.to_numpy(), frame["code"].to_numpy(dtype=object)
    sound = _sound(drawn)
    overlaps = _overlaps(sound, codes, width_m)
    shapes = shapely.coverage_clean(sound, gap_width=width_m)
    shapes, attached = _without_slivers(shapes, codes, slivers)
    left = ~shapely.is_empty(shapes)
    if not (shapely.is_valid(shapes).all() and shapely.coverage_is_valid(shapes[left])):
        raise InputError("no valid coverage comes of cleaning", todo="repair the drawing in your GIS, or give a width")
    changed, small = _changed(sound, shapes, codes)
    findings = pd.DataFrame(
        [*overlaps, *_lost(sound, shapes, codes), *attached, *_mended(drawn, sound, codes), *changed], columns=COLUMNS
    )
    grave = findings["kind"].map({kind: place for place, kind in enumerate(KINDS)}).to_numpy(dtype=float)
    large = (findings["gained_m2"] + findings["lost_m2"]).fillna(findings["area_m2"]).to_numpy(dtype=float)
    order = np.lexsort([-large, grave])
    kept = frame[left].set_geometry(gpd.GeoSeries(shapes[left], index=frame.index[left], crs=frame.crs))
    findings = findings.iloc[order].reset_index(drop=True)
    return Cleaning(kept.reset_index(drop=True), findings, float(width_m), len(small), float(small.sum()))


def _row(kind: str, code: str, other: str, shape: shapely.Geometry, told: str, **more: float) -> dict[str, Any]:
    """Return one finding at a place within a shape."""
    x, y = shapely.get_coordinates(shapely.point_on_surface(shape))[0].tolist()
    measured = {"area_m2": float(shapely.area(shape)), "gained_m2": np.nan, "lost_m2": np.nan} | more
    return {"kind": kind, "code": code, "other": other, "x": x, "y": y, "told": told, **measured}


def _sound(drawn: _Shapes) -> _Shapes:
    """Return valid polygons, without the lines that mending may leave."""
    sound = sound_polygons(drawn)
    broken = np.flatnonzero(~shapely.is_valid(drawn))
    sound[broken] = [areal(shape) for shape in sound[broken]]
    return sound


def _mended(drawn: _Shapes, sound: _Shapes, codes: npt.NDArray[np.object_]) -> list[dict[str, Any]]:
    rows = []
    for at in np.flatnonzero(~shapely.is_valid(drawn) & ~shapely.is_empty(sound)):
        told = f"{shapely.is_valid_reason(drawn[at])}; mended it encloses {shapely.area(sound[at]):,.1f} m2"
        rows.append(_row("mended", codes[at], "", sound[at], told))
    return rows


def _overlaps(sound: _Shapes, codes: npt.NDArray[np.object_], width_m: float) -> list[dict[str, Any]]:
    """Return what two polygons have in common; only those are looked at whose edges do not match."""
    edges = shapely.coverage_invalid_edges(sound)
    some = np.flatnonzero(~(shapely.is_missing(edges) | shapely.is_empty(edges)))
    one, other = shapely.STRtree(sound[some]).query(sound[some], predicate="intersects")
    one, other = some[one[one < other]], some[other[one < other]]
    common = shapely.intersection(sound[one], sound[other])
    rows = []
    for a, b, whole in zip(one, other, common, strict=True):
        if shapely.area(whole) <= _LEAST_M2:
            continue
        shape = areal(whole)
        wide_m = max(2 * float(shapely.maximum_inscribed_circle(part).length) for part in shapely.get_parts(shape))
        told = f"overlaps {codes[b]} over {shapely.area(shape):,.1f} m2, up to {wide_m:,.2f} m wide"
        rows.append(_row("wide_overlap" if wide_m > width_m else "overlap", codes[a], codes[b], shape, told))
    return rows


def _without_slivers(
    shapes: _Shapes, codes: npt.NDArray[np.object_], rule: SliverRule
) -> tuple[_Shapes, list[dict[str, Any]]]:
    """Return a coverage in which each sliver belongs to the neighbour with the longest common border."""
    parts, owner = shapely.get_parts(shapes, return_index=True)
    first, findings = owner.copy(), []
    thin = np.flatnonzero(rule.refuses(parts))
    if len(thin) == 0:
        return shapes, []
    found = borders_of(parts)
    ends = pd.DataFrame(
        {
            "part": np.append(*found.pairs.T),
            "to": np.append(*found.pairs[:, ::-1].T),
            "metres": np.tile(found.border_m, 2),
        }
    )
    ends = ends[ends["part"].isin(thin) & ~ends["to"].isin(thin)]
    ends["to"] = owner[ends["to"]]
    metres = ends.groupby(["part", "to"])["metres"].sum().reset_index()
    best = metres.sort_values("metres", kind="stable").drop_duplicates("part", keep="last").set_index("part")["to"]
    for part in thin:  # few
        to = int(best.get(part, owner[part]))
        if to != owner[part]:
            told = f"a sliver of {shapely.area(parts[part]):,.2f} m2 goes to {codes[to]}"
            findings.append(_row("sliver", codes[owner[part]], codes[to], parts[part], told))
            owner[part] = to
    made = shapes.copy()
    for grid in np.union1d(owner[owner != first], first[owner != first]):
        own = parts[owner == grid]
        made[grid] = shapely.coverage_union_all(own) if len(own) else shapely.MultiPolygon()
    return made, findings


def _lost(sound: _Shapes, shapes: _Shapes, codes: npt.NDArray[np.object_]) -> list[dict[str, Any]]:
    """Return the polygons of which nothing is left, and who has most of their ground."""
    rows = []
    tree = shapely.STRtree(shapes)
    for at in np.flatnonzero(shapely.is_empty(shapes)):
        if shapely.is_empty(sound[at]):
            row = {"kind": "lost", "code": codes[at], "other": "", "area_m2": 0.0, "told": "encloses no area"}
            rows.append(row | dict.fromkeys(("gained_m2", "lost_m2", "x", "y"), np.nan))
            continue
        near = tree.query(sound[at], predicate="intersects")
        common = shapely.area(shapely.intersection(shapes[near], sound[at]))
        to = codes[near[common.argmax()]] if len(near) else ""
        told = f"is lost with {shapely.area(sound[at]):,.1f} m2" + (f", now in {to}" if to else "")
        rows.append(_row("lost", codes[at], to, sound[at], told))
    return rows


def _changed(
    sound: _Shapes, shapes: _Shapes, codes: npt.NDArray[np.object_]
) -> tuple[list[dict[str, Any]], npt.NDArray[np.float64]]:
    """Return the polygons that changed by more than 1 m2, and by how much the others changed."""
    left = ~shapely.is_empty(shapes)
    some = np.flatnonzero(left & ~shapely.equals_identical(shapely.normalize(sound), shapely.normalize(shapes)))
    gained = shapely.difference(shapes[some], sound[some])
    lost = shapely.difference(sound[some], shapes[some])
    more, less = shapely.area(gained), shapely.area(lost)
    rows = []
    for number in np.flatnonzero(more + less > CHANGE_M2):
        told = f"gains {more[number]:,.1f} m2, loses {less[number]:,.1f} m2"
        where = gained[number] if more[number] >= less[number] else lost[number]
        measured = {"area_m2": float(shapely.area(sound[some[number]]))}
        measured |= {"gained_m2": float(more[number]), "lost_m2": float(less[number])}
        rows.append(_row("changed", codes[some[number]], "", where, told, **measured))
    small = (more + less)[(more + less > _LEAST_M2) & (more + less <= CHANGE_M2)]
    return rows, small
