"""Where the rows of a file are: shapes checked, converted to the project's CRS, never mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gisapp import crs as frames
from gisapp.errors import InputError
from gisapp.imports.report import Faults

MAX_VERTICES = 100_000
FAR_M = 5_000.0
_POINT, _LINE, _POLYGON, _MULTIPOINT, _MULTILINE, _MULTIPOLYGON = 0, 1, 3, 4, 5, 6
_FITS = {
    "POINT": (_POINT, _MULTIPOINT),
    "LINESTRING": (_LINE, _MULTILINE),
    "MULTIPOLYGON": (_POLYGON, _MULTIPOLYGON),
}
_SINGLE = {"POINT": _MULTIPOINT, "LINESTRING": _MULTILINE}


@dataclass(frozen=True)
class Placing:
    """What coordinates are in, where they go, and how hard to look.

    ``drawn`` is true for a network whose coordinates lie outside the area of use: its lengths stand in the
    file, so the drawing is kept as drawn. ``may_extend`` is true for rows that may widen the area.
    """

    source: pyproj.CRS
    frame_name: str
    target: pyproj.CRS
    drawn: bool = False
    grids: gpd.GeoDataFrame | None = None
    may_extend: bool = False


@dataclass(frozen=True)
class Placed:
    """Shapes in the project's CRS (None where there is none) and how they got there."""

    shapes: np.ndarray
    move: frames.Move | None
    warnings: tuple[str, ...]


def shapes_of(
    wkb: np.ndarray, geometry: str, faults: Faults, *, schematic: bool, mend: bool = False
) -> tuple[np.ndarray, list[str]]:
    """Return WKB as two-dimensional shapes of the wanted type, and warnings; unusable ones become faults and None.

    Invalid ones are let through where they are mended later.
    """
    with np.errstate(invalid="ignore"):  # NaN is looked for below
        shapes = shapely.from_wkb(wkb, on_invalid="ignore")
    present = np.fromiter((one is not None for one in wkb), dtype=bool, count=len(wkb))
    broken = np.flatnonzero(present & (shapes == None))  # noqa: E711 - elementwise
    faults.add(
        broken, "geom", [_broken_reason(wkb[row]) for row in broken], "draw it again; a ring ends where it starts"
    )
    notes = []
    high = int((shapely.has_z(shapes) | shapely.has_m(shapes)).sum())
    if high:
        notes.append(f"heights or measures were dropped from {high:,} shapes: positions are kept in two dimensions")
        shapes = shapely.force_2d(shapes)
    counts = shapely.get_num_coordinates(shapes)
    _reject(
        shapes, faults, counts > MAX_VERTICES, "the shape has {} vertices", counts,
        f"simplify it to at most {MAX_VERTICES:,} vertices",
    )  # fmt: skip
    _reject(shapes, faults, shapely.is_empty(shapes), "the geometry is empty", None, "draw it, or remove the row")
    _reject(shapes, faults, _not_finite(shapes), "a coordinate is NaN or infinite", None, "give every vertex numbers")
    _refuse_types(shapes, geometry, faults)
    sound = shapely.is_valid(shapes) | shapely.is_missing(shapes)
    if mend or (geometry == "LINESTRING" and schematic):
        sound[:] = True  # pumps and valves are often drawn from a point to itself
    wrong = np.flatnonzero(~sound)
    faults.add(
        wrong,
        "geom",
        [_unsound(one) for one in shapes[wrong]],
        "repair the drawing in your GIS; only grids and units are mended, with --clean",
    )
    shapes[wrong] = None
    return shapes, notes


def placed(shapes: np.ndarray, placing: Placing, faults: Faults) -> Placed:
    """Return shapes in the project's CRS, refusing those that cannot be where they claim to be.

    Raises
    ------
    InputError
        When most of the file is misplaced: then its CRS, frame or axes are stated wrongly.
    """
    shapes = shapes.copy()

    def bounds() -> np.ndarray:
        return np.asarray(shapely.bounds(shapes))

    def drop(rows: np.ndarray) -> None:
        shapes[rows] = None

    def convert(move: frames.Move) -> None:
        shapes[:] = shapely.transform(shapes, move.apply)

    move, notes = _settled(_Spots(bounds, drop, convert), placing, faults)
    return Placed(shapes, move, tuple(notes))


def placed_xy(xy: np.ndarray, placing: Placing, faults: Faults) -> Placed:
    """Return points (n, 2) likewise; they come by the million, so shapes are made of them only once."""
    xy = xy.copy()

    def drop(rows: np.ndarray) -> None:
        xy[rows] = np.nan

    def convert(move: frames.Move) -> None:
        xy[:] = move.apply(xy)

    move, notes = _settled(_Spots(lambda: np.hstack([xy, xy]), drop, convert), placing, faults)
    shapes = np.full(len(xy), None, dtype=object)
    there = np.isfinite(xy).all(axis=1)
    shapes[there] = shapely.points(xy[there])
    return Placed(shapes, move, tuple(notes))


@dataclass(frozen=True)
class _Spots:
    """What the checks of positions need of shapes or of bare points."""

    bounds: Callable[[], np.ndarray]
    drop: Callable[[np.ndarray], None]
    convert: Callable[[frames.Move], None]


def _settled(spots: _Spots, placing: Placing, faults: Faults) -> tuple[frames.Move | None, list[str]]:
    """Check positions, convert them, check them again; return the move and warnings."""
    if placing.drawn:
        return None, []
    bounds = spots.bounds()
    wrong, words = _misplaced(bounds, placing.source, placing.frame_name, placing.target)
    _refuse(wrong, words, bounds, spots, faults)
    there = _there(bounds)
    extent = np.concatenate([bounds[there, :2].min(axis=0), bounds[there, 2:].max(axis=0)]) if there.any() else None
    near = None if extent is None else frames.degrees_box(placing.source, extent)
    move = frames.move(placing.source, placing.frame_name, placing.target, near=near)
    if move.steps:
        spots.convert(move)
        bounds = spots.bounds()
        wrong, _ = _misplaced(bounds, placing.target, "wgs84", None)
        wrong |= there & ~_there(bounds)
        words = f"converted to the project they lie outside the area of use of {placing.target.name}"
        _refuse(wrong, words, bounds, spots, faults)
    far = _far(bounds, placing) if placing.grids is not None and len(placing.grids) else []
    return move, [*move.warnings, *far]


def is_drawing(wkb: np.ndarray, source: pyproj.CRS, target: pyproj.CRS) -> tuple[bool, str]:
    """Return whether nodes lie outside the area of use, so that a network is a drawing, and the warning for it."""
    with np.errstate(invalid="ignore"):
        bounds = shapely.bounds(shapely.from_wkb(wkb, on_invalid="ignore"))
    wrong, _ = _misplaced(bounds, source, "wgs84", target)
    told = (
        f"{int(wrong.sum()):,} of {int(_there(bounds).sum()):,} nodes lie outside the area of use of {source.name} or "
        "of the project: the network is taken as a schematic drawing, its coordinates are kept as they stand and mean "
        "nothing on a map; lengths come from the file"
    )
    return bool(wrong.any()), told


def _misplaced(
    bounds: np.ndarray, crs: pyproj.CRS, frame_name: str, within: pyproj.CRS | None
) -> tuple[np.ndarray, str]:
    """Return which bounds leave the area of use, and what most of those look like."""
    low, words = frames.misplaced(bounds[:, :2], crs, frame_name, within=within)
    high, more = frames.misplaced(bounds[:, 2:], crs, frame_name, within=within)
    return low | high, words or more


def _refuse(wrong: np.ndarray, words: str, bounds: np.ndarray, spots: _Spots, faults: Faults) -> None:
    """Raise when most positions are wrong, else reject the rows that are."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    where = [f"at {bounds[row, 0]:.6g}, {bounds[row, 1]:.6g}" for row in rows]
    if len(rows) > int(_there(bounds).sum()) / 2:
        raise InputError(
            f"{len(rows):,} of {int(_there(bounds).sum()):,} positions are not usable, the first {where[0]}: {words}",
            todo="correct the statement of CRS, frame or axes; nothing was imported",
            row=int(rows[0]) + 1,
            field="geom",
        )
    faults.add(rows, "geom", where, f"correct the position: {words}")
    spots.drop(rows)


def _far(bounds: np.ndarray, placing: Placing) -> list[str]:
    """Return warnings for rows far outside the grids; refuse a file that lies mostly there.

    A hotline hears of places beyond the city, so single rows come in with a warning. A file that lies
    mostly elsewhere is in another CRS than stated (the wrong central meridian is 288 km off). New grids
    and unit grids may extend the area, so they are only warned about.
    """
    assert placing.grids is not None
    west, south, east, north = placing.grids.total_bounds
    far_m = max(FAR_M, float(np.hypot(east - west, north - south)))
    centre = (bounds[:, :2] + bounds[:, 2:]) / 2
    away_m = np.maximum.reduce([west - centre[:, 0], centre[:, 0] - east, south - centre[:, 1], centre[:, 1] - north])
    rows = np.flatnonzero(away_m > far_m)
    if not len(rows):
        return []
    count = int(_there(bounds).sum())
    told = f"{len(rows):,} of {count:,} rows lie more than {far_m / 1000:,.0f} km outside the project's grids"
    if len(rows) > count / 2 and not placing.may_extend:
        raise InputError(
            f"{told}, the first by {away_m[rows[0]] / 1000:,.0f} km",
            todo="check --crs (the central meridian above all) and --frame",
            row=int(rows[0]) + 1,
            field="geom",
        )
    listed = f"rows {', '.join(str(row + 1) for row in rows[:20])}"
    return [f"{told}: {f'{listed} and more' if len(rows) > 20 else listed}"]


def _there(bounds: np.ndarray) -> np.ndarray:
    """Return which rows have a position."""
    return np.asarray(np.isfinite(bounds).all(axis=1))


def _reject(
    shapes: np.ndarray, faults: Faults, wrong: np.ndarray, found: str, numbers: np.ndarray | None, todo: str
) -> None:
    """Reject rows and take their shape away, so that no later check meets it."""
    rows = np.flatnonzero(wrong)
    faults.add(rows, "geom", found if numbers is None else [found.format(f"{numbers[row]:,}") for row in rows], todo)
    shapes[rows] = None


def _not_finite(shapes: np.ndarray) -> np.ndarray:
    """Return which shapes hold a coordinate that is no number."""
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    wrong = np.zeros(len(shapes), dtype=bool)
    wrong[owners[~np.isfinite(points).all(axis=1)]] = True
    return wrong


def _refuse_types(shapes: np.ndarray, geometry: str, faults: Faults) -> None:
    """Reject shapes of another type; a single part in a multi type, or the reverse, changes nothing and is taken."""
    kinds = shapely.get_type_id(shapes)
    wrong = (kinds != -1) & ~np.isin(kinds, _FITS[geometry])
    if geometry in _SINGLE:
        wrong |= (kinds == _SINGLE[geometry]) & (shapely.get_num_geometries(shapes) != 1)
    names = np.array([one.geom_type if one is not None else "" for one in shapes[wrong]], dtype=object)
    rows = np.flatnonzero(wrong)
    faults.add(rows, "geom", [f"the geometry is a {name}" for name in names], f"give a {geometry}")
    shapes[rows] = None
    if geometry in _SINGLE:
        multi = (kinds == _SINGLE[geometry]) & ~wrong
        shapes[multi] = shapely.get_geometry(shapes[multi], 0)
    else:
        shapes[:] = multipolygons(shapes)


def multipolygons(shapes: np.ndarray) -> np.ndarray:
    """Return shapes with each polygon as a multipolygon of one."""
    made = shapes.copy()
    single = shapely.get_type_id(shapes) == _POLYGON
    made[single] = [shapely.MultiPolygon([one]) for one in shapes[single]]
    return made


def _broken_reason(wkb: bytes) -> str:
    """Return why GEOS cannot make a shape of it."""
    try:
        shapely.from_wkb(wkb)
    except shapely.GEOSException as error:
        words = str(error).split(":", 1)[-1].strip()
        return "a ring is not closed" if "closed linestring" in words else f"the geometry is broken ({words})"
    return "the geometry is broken"


def _unsound(shape: shapely.Geometry) -> str:
    """Return why a shape is not valid."""
    reason = shapely.is_valid_reason(shape)
    if reason.startswith(("Self-intersection", "Ring Self-intersection")):
        return f"the ring crosses or touches itself ({reason})"
    return f"the geometry is not valid ({reason})"
