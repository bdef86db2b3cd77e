"""Frames and projections: metres are checked, never assumed, and every conversion says what it did.

A *CRS* is a coordinate reference system in PROJ's sense. A *frame* is what a Chinese map service does
to WGS84 degrees before it hands them out: ``gcj02`` and ``bd09`` are no CRS, only formulas. East
comes first everywhere inside (``always_xy``), whatever order the register of EPSG gives a system.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from pyproj.transformer import AreaOfInterest, TransformerGroup

from gisapp.errors import CrsError

FRAMES = ("wgs84", "gcj02", "bd09")
# Four are enough for GCJ-02 nearly everywhere, but leave 9 um on the meridian 105 E, where the formula has a cusp.
ITERATIONS = 6
AREA_MARGIN_DEG = 1.0
_AXIS_M = 6378245.0
_ECCENTRICITY2 = 0.00669342162296594323
_BD_ANGLE = np.pi * 3000.0 / 180.0
# Outside this rectangle no map service shifts anything, so the formula would only do harm.
_FRAME_BOX = (72.0, 0.8, 138.0, 55.8)
_ASK_BOXES = {
    "Taiwan": (119.3, 21.8, 122.1, 25.4),
    "Hong Kong and Macao": (113.52, 22.1, 114.52, 22.57),
}
_NO_SHIFT = ("beijing 1954", "new beijing", "xian 1980", "twd67", "taiwan datum 1967")


def require_metres(crs: pyproj.CRS | str | None, thing: str) -> pyproj.CRS:
    """Return ``crs`` when lengths in it are metres.

    Raises
    ------
    CrsError
        When it is absent, geographic, not in metres, or EPSG:3857, whose areas are 36-70 % too large in China.
    """
    if crs is None:
        raise CrsError(f"{thing} has no CRS; give one in metres such as EPSG:4547")
    known = pyproj.CRS.from_user_input(crs)
    if not known.is_projected:
        raise CrsError(f"{thing} is in {known.name}, which is in degrees; convert it to a projected CRS first")
    if known.to_epsg() == 3857:
        raise CrsError(f"{thing} is in EPSG:3857, whose metres are not metres; convert it to a CGCS2000 zone first")
    if any(abs(axis.unit_conversion_factor - 1) > 1e-12 for axis in known.axis_info[:2]):
        raise CrsError(f"{thing} is in {known.name}, whose unit is not the metre; convert it first")
    return known


def crs_named(text: pyproj.CRS | str | int, thing: str) -> pyproj.CRS:
    """Return the two-dimensional CRS that a person or a file named; heights are left off.

    Raises
    ------
    CrsError
        When PROJ does not know it, or it is neither geographic nor projected.
    """
    try:
        crs = pyproj.CRS.from_user_input(text)
    except pyproj.exceptions.CRSError as error:
        raise CrsError(f"{thing}: unknown CRS {text!r}; write it as EPSG:4547, or as WKT or a PROJ string") from error
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if not (crs.is_geographic or crs.is_projected):
        raise CrsError(f"{thing}: {crs.name} has no east and north; give a geographic or projected CRS")
    return crs.to_2d()


@lru_cache(maxsize=8)
def to_degrees(crs: pyproj.CRS | str) -> pyproj.Transformer:
    """Return what turns coordinates into WGS 84 degrees, east first.

    Every thread that uses it for the first time waits about 60 ms, as PROJ searches its database anew.
    """
    return pyproj.Transformer.from_crs(crs, 4326, always_xy=True)


def same_crs(one: pyproj.CRS, other: pyproj.CRS) -> bool:
    """Return whether both describe the same system, whoever wrote the description."""
    if one.equals(other, ignore_axis_order=True):
        return True
    names = [crs.to_authority(min_confidence=70) for crs in (one, other)]
    return names[0] is not None and names[0] == names[1]


def gcj02_from_wgs84(lonlat: np.ndarray) -> np.ndarray:
    """Return WGS84 degrees (n, 2), east first, as GCJ-02 degrees.

    The public formula; against a map service's own answers it is within about 1 m in the east of China
    and within 10 m in the west. It is applied everywhere: whether a point lies where services shift is
    the caller's question, see :func:`misplaced`.
    """
    lonlat = np.asarray(lonlat, dtype=float)
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    east, north = _gcj_offset_m(lon - 105.0, lat - 35.0)
    magic = 1.0 - _ECCENTRICITY2 * np.sin(np.radians(lat)) ** 2
    north_deg = np.degrees(north * magic * np.sqrt(magic) / (_AXIS_M * (1.0 - _ECCENTRICITY2)))
    east_deg = np.degrees(east * np.sqrt(magic) / (_AXIS_M * np.cos(np.radians(lat))))
    return np.column_stack([lon + east_deg, lat + north_deg])


def wgs84_from_gcj02(lonlat: np.ndarray) -> np.ndarray:
    """Return GCJ-02 degrees (n, 2) as WGS84 degrees: the inverse by a fixed point, to under a micrometre."""
    return _inverse(gcj02_from_wgs84, lonlat, ITERATIONS)


def bd09_from_wgs84(lonlat: np.ndarray) -> np.ndarray:
    """Return WGS84 degrees (n, 2), east first, as BD-09 degrees."""
    lon, lat = gcj02_from_wgs84(lonlat).T
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_ANGLE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_ANGLE)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def wgs84_from_bd09(lonlat: np.ndarray) -> np.ndarray:
    """Return BD-09 degrees (n, 2) as WGS84 degrees: the inverse by a fixed point, to under a micrometre."""
    return _inverse(bd09_from_wgs84, lonlat, ITERATIONS)


def _gcj_offset_m(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the shift to the east and north in metres, x and y in degrees from (105, 35)."""
    root = np.sqrt(np.abs(x))
    common = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    return east, north


def _inverse(forward: Callable[[np.ndarray], np.ndarray], lonlat: np.ndarray, iterations: int) -> np.ndarray:
    """Return the points that ``forward`` sends to ``lonlat``: the shift varies slowly, so a fixed point converges."""
    lonlat = np.asarray(lonlat, dtype=float)
    guess = lonlat.copy()
    for _ in range(iterations):
        guess += lonlat - forward(guess)
    return guess


_TO_WGS84 = {"gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09}


@dataclass(frozen=True)
class Move:
    """One conversion of coordinates: what is done, how true it is, and what the person should know.

    ``accuracy_m`` is None when nobody states one; a conversion within one datum has 0.
    """

    operation: str
    accuracy_m: float | None
    warnings: tuple[str, ...]
    steps: tuple[Callable[[np.ndarray], np.ndarray], ...]

    def apply(self, xy: np.ndarray) -> np.ndarray:
        """Return coordinates (n, 2), east first, converted; a point that cannot be converted becomes NaN."""
        for step in self.steps:
            xy = step(xy)
        return np.where(np.isfinite(xy), xy, np.nan)


def move(
    crs: pyproj.CRS, frame_name: str, project_crs: pyproj.CRS, *, near: tuple[float, float, float, float] | None
) -> Move:
    """Return the conversion from ``crs`` in the frame ``frame_name`` to ``project_crs``.

    WGS84 and CGCS2000 are treated as equal on purpose (they differ by less than about a metre, and PROJ
    knows no transformation); the move says so. TWD67 goes through TWD97.

    Parameters
    ----------
    near
        West, south, east, north in degrees of where the points lie: it decides which local
        transformation applies. None when nothing is known.

    Raises
    ------
    CrsError
        For a frame on anything but degrees, and for Beijing 1954, Xian 1980 and TWD67 where no
        transformation is known: PROJ would return them unshifted, 50 to 850 m off, and call it done.
    """
    if frame_name not in FRAMES:
        raise CrsError(f"unknown frame {frame_name!r}; use one of {', '.join(FRAMES)}")
    if frame_name == "wgs84":
        return _move(crs, project_crs, near)
    if not crs.is_geographic or "wgs84" not in _datum(crs):
        raise CrsError(
            f"{frame_name} is a shift of WGS84 degrees and cannot be combined with {crs.name}; "
            "give degrees, or leave the frame out"
        )
    rest = _move(crs, project_crs, near)
    formula = f"{frame_name} to WGS84 by the public formula (about 1 m in the east of China, up to 10 m in the west)"
    accuracy = 10.0 if near is None or near[0] < 105 else 1.0
    asked = tuple(
        f"points lie in {place}: providers differ on whether {frame_name} is shifted there, ask yours"
        for place, box in _ASK_BOXES.items()
        if near is not None and near[0] < box[2] and near[2] > box[0] and near[1] < box[3] and near[3] > box[1]
    )
    return replace(
        rest,
        operation=f"{formula}; {rest.operation}",
        accuracy_m=max(accuracy, rest.accuracy_m or 0.0),
        warnings=asked + rest.warnings,
        steps=(_TO_WGS84[frame_name], *rest.steps),
    )


def to_project(
    frame: gpd.GeoDataFrame, crs: pyproj.CRS | str, frame_name: str, project_crs: pyproj.CRS | str
) -> tuple[gpd.GeoDataFrame, Move]:
    """Return ``frame`` in the project's CRS, in two dimensions, and the record of how it got there.

    Parameters
    ----------
    frame
        Rows with a geometry column ``geom``; the CRS set on it is not asked, ``crs`` is what counts.
    crs, frame_name
        What the coordinates are in: a CRS, and one of :data:`FRAMES`.
    project_crs
        A projected CRS in metres.

    Raises
    ------
    CrsError
        When the project's CRS is not in metres, or no conversion is known; see :func:`move`.
    """
    source = crs_named(crs, "the file")
    target = require_metres(project_crs, "the project")
    shapes = shapely.force_2d(frame["geom"].to_numpy())
    chosen = move(source, frame_name, target, near=degrees_box(source, shapely.total_bounds(shapes)))
    moved = shapely.transform(shapes, chosen.apply) if chosen.steps else shapes
    out = frame.drop(columns="geom").assign(geom=gpd.GeoSeries(moved, index=frame.index, crs=target))
    return gpd.GeoDataFrame(out, geometry="geom"), chosen


def _move(source: pyproj.CRS, target: pyproj.CRS, near: tuple[float, float, float, float] | None) -> Move:
    """Return the conversion between two CRS, past the traps of PROJ's silent identities."""
    if source.equals(target, ignore_axis_order=True):
        return Move(f"none, the file is in {target.name} already", 0.0, (), ())
    direct = _best(source, target, near)
    if not _is_ballpark(direct):
        return direct
    datums = (_datum(source), _datum(target))
    if datums in {("wgs84", "cgcs2000"), ("cgcs2000", "wgs84")}:
        note = "WGS84 and CGCS2000 are treated as equal on purpose; they differ by less than about a metre"
        return replace(direct, operation=f"{source.name} to {target.name}; {note}", accuracy_m=1.0, warnings=(note,))
    if datums[0] == "twd67" and datums[1] != "twd97":
        return _joined(source, crs_named("EPSG:3826", "TWD97"), target, near)
    if "wgs84" not in datums:
        through = _joined(source, crs_named("EPSG:4326", "WGS84"), target, near)
        if not _is_ballpark(through):
            return through
    if any(name in _spelled(crs) for name in _NO_SHIFT for crs in (source, target)):
        raise CrsError(
            f"no transformation from {source.name} to {target.name} is known here: PROJ would return the points "
            "unshifted, tens of metres to 850 m off; convert them first with control points, or give --crs as a "
            "PROJ string with your 7 parameters (+towgs84=...)"
        )
    loud = f"no transformation from {source.name} to {target.name} is known: the datums are taken as equal, errors of metres are possible"  # noqa: E501
    return replace(direct, accuracy_m=None, warnings=(loud, *direct.warnings))


def _joined(
    source: pyproj.CRS, middle: pyproj.CRS, target: pyproj.CRS, near: tuple[float, float, float, float] | None
) -> Move:
    """Return the conversion that goes through ``middle``."""
    first, second = _best(source, middle, near), _move(middle, target, near)
    known = [one.accuracy_m for one in (first, second) if one.accuracy_m is not None]
    accuracy = max(known) if len(known) == 2 else None
    coarse = accuracy is not None and accuracy >= 5
    loud = (f"{source.name} to {target.name} is only true to about {accuracy:g} m",) if coarse else ()
    return Move(
        f"{first.operation}; {second.operation}",
        accuracy,
        loud + first.warnings + second.warnings,
        first.steps + second.steps,
    )


def _best(source: pyproj.CRS, target: pyproj.CRS, near: tuple[float, float, float, float] | None) -> Move:
    """Return PROJ's best operation for the place, as it stands, with what it lacks said in a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # said below, in our words
        interest = AreaOfInterest(*near) if near else None
        group = TransformerGroup(source, target, always_xy=True, area_of_interest=interest)
    if not group.transformers:
        raise CrsError(f"no conversion from {source.name} to {target.name} is known; give another CRS")
    chosen = group.transformers[0]
    missing = [grid.short_name for operation in group.unavailable_operations[:1] for grid in operation.grids]
    lacks = (f"a better transformation needs {', '.join(missing)}, which is not installed",) if missing else ()
    accuracy = float(chosen.accuracy) if chosen.accuracy is not None and chosen.accuracy >= 0 else None

    def step(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(chosen.transform(xy[:, 0], xy[:, 1]))

    return Move(str(chosen.description), accuracy, lacks, (step,))


def _is_ballpark(one: Move) -> bool:
    """Return whether PROJ only copies coordinates between datums it knows no transformation for."""
    return "Ballpark" in one.operation


def _spelled(crs: pyproj.CRS) -> str:
    """Return the names of a CRS's base and datum, EPSG's or Esri's spelling alike."""
    base: Any = crs.geodetic_crs
    datum = base.datum.name if base is not None and base.datum is not None else ""
    return f"{base.name if base is not None else ''} {datum}".lower().replace("_", " ")


def _datum(crs: pyproj.CRS) -> str:
    """Return a short name for the datums that need care, else the spelled one."""
    spelled = _spelled(crs)
    for name, marks in {
        "cgcs2000": ("china geodetic coordinate system 2000", "china 2000", "cgcs2000"),
        "wgs84": ("wgs 84", "wgs 1984", "world geodetic system 1984"),
        "twd67": ("twd67", "taiwan datum 1967"),
        "twd97": ("twd97", "taiwan datum 1997"),
    }.items():
        if any(mark in spelled for mark in marks):
            return name
    return spelled


@lru_cache(maxsize=64)
def usable_box(crs: pyproj.CRS, frame_name: str = "wgs84") -> tuple[float, float, float, float] | None:
    """Return the smallest x, y and largest x, y that make sense in ``crs``, a degree beyond its area of use.

    None when the register gives no area, or one across the date line.
    """
    if frame_name != "wgs84":
        return _FRAME_BOX
    box = _area_deg(crs)
    if crs.is_geographic:
        return box or (-180.0, -90.0, 180.0, 90.0)
    if box is None:
        return None
    moved = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True).transform_bounds(*box, densify_pts=21)
    return moved if np.isfinite(moved).all() else None


def _area_deg(crs: pyproj.CRS) -> tuple[float, float, float, float] | None:
    """Return the area of use in degrees with its margin."""
    area = crs.area_of_use
    if area is None or area.west > area.east:
        return None
    pole = 89.0 if crs.is_projected else 90.0
    return (
        max(area.west - AREA_MARGIN_DEG, -180.0),
        max(area.south - AREA_MARGIN_DEG, -pole),
        min(area.east + AREA_MARGIN_DEG, 180.0),
        min(area.north + AREA_MARGIN_DEG, pole),
    )


def degrees_box(crs: pyproj.CRS, bounds: np.ndarray) -> tuple[float, float, float, float] | None:
    """Return bounds in ``crs`` as west, south, east, north in degrees; None if they make no sense there."""
    if not np.isfinite(bounds).all():
        return None
    if not crs.is_geographic:
        to_degrees = pyproj.Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
        bounds = np.asarray(to_degrees.transform_bounds(*bounds, densify_pts=5, errcheck=False))
    west, south, east, north = (float(value) for value in bounds)
    sane = np.isfinite(bounds).all() and -180 <= west <= east <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if sane else None


def misplaced(
    xy: np.ndarray, crs: pyproj.CRS, frame_name: str = "wgs84", *, within: pyproj.CRS | None = None
) -> tuple[np.ndarray, str]:
    """Return which points (n, 2) lie outside the area of use of ``crs``, and in words what most of those look like.

    For degrees, ``within`` narrows the area to that of another CRS, the project's: swapped degrees are
    often degrees too. A point with NaN is not called misplaced. The words are empty when none is.
    """
    box = usable_box(crs, frame_name)
    project = _area_deg(within) if within is not None and crs.is_geographic else None
    if box is not None and project is not None:
        box = (max(box[0], project[0]), max(box[1], project[1]), min(box[2], project[2]), min(box[3], project[3]))
    known = np.isfinite(xy).all(axis=1)
    if box is None:
        return np.zeros(len(xy), dtype=bool), ""
    wrong = known & ~_inside(xy, box)
    if not wrong.any():
        return wrong, ""
    points = xy[wrong]
    name = frame_name.upper() if frame_name != "wgs84" else crs.name
    if _inside(points[:, ::-1], box).mean() > 0.5:
        return wrong, (
            f"the axes are swapped for {name}: east and north change places (in Chinese survey sheets X is the "
            "northing); say which column is east"
        )
    degrees_like = _inside(points, (-180.0, -90.0, 180.0, 90.0)).mean() > 0.5
    if crs.is_geographic and not degrees_like:
        return wrong, f"these are not degrees of {name} but look like metres; state the projected CRS they are in"
    if crs.is_projected and degrees_like:
        return wrong, f"these look like degrees, not like coordinates of {name}; state the CRS they are in"
    if project is not None and within is not None:
        name = f"{name} or of the project's {within.name}"
    return wrong, f"they lie outside the area of use of {name}; state the CRS they are in"


def _inside(xy: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """Return which points lie in the box, its border included."""
    return (xy[:, 0] >= box[0]) & (xy[:, 1] >= box[1]) & (xy[:, 0] <= box[2]) & (xy[:, 1] <= box[3])
