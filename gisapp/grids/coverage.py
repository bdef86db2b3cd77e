"""The grids in force at a time, and what is wrong with a coverage."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError

_POLYGON = 3
_TOUCH_M = 1e-6
_NOISE_M = 1e-4  # what rounding leaves behind is thinner
_Shapes = npt.NDArray[np.object_]


def grids_at(grids: gpd.GeoDataFrame, moment: pd.Timestamp) -> gpd.GeoDataFrame:
    """Return the rows of the ``grids`` table in force at ``moment``: from ``valid_from`` until before ``valid_to``.

    Parameters
    ----------
    grids
        The ``grids`` table; an empty ``valid_to`` lasts.
    moment
        A time with its zone.

    Returns
    -------
    GeoDataFrame
        On a plain range, in the order of ``grids``.

    Raises
    ------
    InputError
        When ``moment`` has no zone.
    """
    if moment.tzinfo is None:
        raise InputError(f"the time {moment} has no zone", todo="give a time with its zone")
    in_force = (grids["valid_from"] <= moment) & ~(grids["valid_to"] <= moment)
    return grids[in_force].reset_index(drop=True)


def turns(*tables: pd.DataFrame) -> npt.NDArray[np.datetime64]:
    """Return every moment at which a row of tables with ``valid_from`` and ``valid_to`` begins or ends, in order, UTC.

    What is in force is the same between two of them; :func:`turned` counts those that are past.
    """
    moments = pd.concat([table[name] for table in tables for name in ("valid_from", "valid_to")]).dropna()
    return np.unique(moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[ms]"))


def turned(moments: npt.NDArray[np.datetime64], now: pd.Timestamp) -> int:
    """Return how many of some moments are past: as long as it is the same, so is what is in force."""
    return int(np.searchsorted(moments, now.tz_convert("UTC").tz_localize(None).to_datetime64(), side="right"))


def coverage_faults(
    grids: gpd.GeoDataFrame,
    *,
    area: shapely.Geometry | None = None,
    slit_m: float = 1.0,
    least_m2: float = 1e-6,
) -> gpd.GeoDataFrame:
    """Return every place that no grid or more than one grid covers, and every grid whose polygon is not one.

    Parameters
    ----------
    grids
        The ``grids`` table in a projected CRS in metres: one plan, see :func:`grids_at`.
    area
        The service area that the grids must cover; without it a gap is what grids enclose, and a slit
        between grids that is open to the outside.
    slit_m
        How narrow an open slit must be to count, in metres.
    least_m2
        Smaller faults are left to rounding.

    Returns
    -------
    GeoDataFrame
        One row a fault, none for a sound coverage: ``kind`` (``gap``, ``overlap``, ``invalid``), ``grids``
        (codes of the grids at fault or around a gap, comma separated), ``area_m2`` and ``geom``. An overlap
        is told for each pair of grids; a river without grids is a gap unless ``area`` leaves it out.

    Raises
    ------
    CrsError
        When the grids are not in metres.

    Examples
    --------
    >>> frame = [shapely.box(0, 0, 9, 3), shapely.box(0, 3, 3, 9), shapely.box(6, 3, 9, 9), shapely.box(0, 8, 9, 12)]
    >>> grids = gpd.GeoDataFrame({"code": list("ABCD")}, geometry=frame, crs="EPSG:4547")
    >>> coverage_faults(grids)[["kind", "grids", "area_m2"]]
          kind    grids  area_m2
    0  overlap      B,D      3.0
    1  overlap      C,D      3.0
    2      gap  A,B,C,D     15.0
    """
    crs = require_metres(grids.crs, "the grids table")
    shapes, codes = grids.geometry.to_numpy(), grids["code"].to_numpy()
    sound = sound_polygons(shapes)
    faults = [_invalid(shapes, codes), _overlaps(sound, codes, least_m2), _gaps(sound, codes, area, slit_m)]
    table = pd.concat(faults, ignore_index=True)
    measured = table.assign(area_m2=shapely.area(table["geom"].to_numpy()))
    kept = measured[(measured["kind"] == "invalid") | (measured["area_m2"] > least_m2)].reset_index(drop=True)
    return gpd.GeoDataFrame(kept[["kind", "grids", "area_m2", "geom"]], geometry="geom", crs=crs)


def sound_polygons(shapes: _Shapes) -> _Shapes:
    """Return the shapes fit for overlay: invalid ones as the area that their rings enclose, absent ones empty."""
    sound = np.where(shapely.is_missing(shapes), shapely.Polygon(), shapes)
    broken = ~shapely.is_valid(sound)
    sound[broken] = shapely.make_valid(sound[broken], method="structure")
    return sound


def _rows(kind: str, grids: list[str], shapes: _Shapes | list[shapely.Geometry]) -> pd.DataFrame:
    """Return faults of one kind as a table."""
    columns = {"kind": pd.array([kind] * len(grids), dtype="str"), "grids": pd.array(grids, dtype="str")}
    return pd.DataFrame(columns | {"geom": np.array(shapes, dtype=object)})


def _invalid(shapes: _Shapes, codes: npt.NDArray[np.object_]) -> pd.DataFrame:
    """Return the grids without a valid polygon."""
    wrong = ~shapely.is_valid(shapes) | shapely.is_empty(shapes)
    return _rows("invalid", list(codes[wrong]), shapes[wrong])


def _overlaps(sound: _Shapes, codes: npt.NDArray[np.object_], least_m2: float) -> pd.DataFrame:
    """Return what each pair of grids has in common."""
    one, other = shapely.STRtree(sound).query(sound, predicate="intersects")
    first = one < other
    order = np.lexsort([other[first], one[first]])
    one, other = one[first][order], other[first][order]
    common = shapely.intersection(sound[one], sound[other])
    large = shapely.area(common) > least_m2
    pairs = [f"{codes[low]},{codes[high]}" for low, high in zip(one[large], other[large], strict=True)]
    return _rows("overlap", pairs, [areal(shape) for shape in common[large]])


def areal(shape: shapely.Geometry) -> shapely.Geometry:
    """Return the polygons of a shape, without the lines and points where two grids merely touch."""
    pieces = shapely.get_parts(shape)
    polygons = pieces[shapely.get_type_id(pieces) == _POLYGON]
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def _gaps(sound: _Shapes, codes: npt.NDArray[np.object_], area: shapely.Geometry | None, slit_m: float) -> pd.DataFrame:
    """Return what no grid covers, piece by piece, with the grids around it."""
    whole = shapely.union_all(sound)
    if area is not None:
        missing = shapely.get_parts(shapely.difference(area, whole))
    else:
        holes = [shapely.Polygon(ring) for ring in _inner_rings(whole)]
        enclosed = shapely.get_parts(shapely.difference(np.array(holes, dtype=object), whole))
        missing = np.concatenate([enclosed, _slits(sound, whole, slit_m)])
    missing = missing[shapely.area(missing) > 0]
    piece, row = shapely.STRtree(sound).query(missing, predicate="dwithin", distance=_TOUCH_M)
    around = pd.Series(codes[row]).groupby(piece).agg(lambda names: ",".join(sorted(names)))
    return _rows("gap", around.reindex(range(len(missing)), fill_value="").tolist(), missing)


def _inner_rings(whole: shapely.Geometry) -> _Shapes:
    """Return the rings of all holes."""
    rings, owner = shapely.get_rings(shapely.get_parts(whole), return_index=True)
    return rings[np.diff(owner, prepend=-1) == 0]


def _slits(sound: _Shapes, whole: shapely.Geometry, slit_m: float) -> _Shapes:
    """Return narrow places open to the outside that have at least two grids beside them.

    Swelling and shrinking the whole closes what is narrower than ``slit_m`` and leaves wide corners as they are.
    """
    style = {"join_style": "mitre", "mitre_limit": 5.0}
    outlines = shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(whole)])
    closed = shapely.buffer(shapely.buffer(outlines, slit_m / 2, **style), -slit_m / 2, **style)
    pieces = shapely.get_parts(shapely.difference(closed, outlines))
    pieces = pieces[~shapely.is_empty(shapely.buffer(pieces, -_NOISE_M))]
    piece, _ = shapely.STRtree(sound).query(pieces, predicate="dwithin", distance=_NOISE_M)
    return pieces[np.bincount(piece, minlength=len(pieces)) >= 2]
