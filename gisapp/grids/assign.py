"""Points to grids, with the reason in words."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import CrsError, InputError
from gisapp.grids.index import Coordinates, Flags, GridIndex, Rows, grid_index, positions, shapely_index
from gisapp.words import word

_FEW = 5_000  # below this number of points the index without a compiler is ready and done sooner


def assign(
    points: gpd.GeoSeries | gpd.GeoDataFrame | npt.ArrayLike,
    grids: gpd.GeoDataFrame,
    *,
    near_m: float = 10.0,
    index: GridIndex | None = None,
    language: str = "en",
) -> pd.DataFrame:
    """Return the grid of each point, how sure that is, and why.

    Parameters
    ----------
    points
        Points in the CRS of the grids, or an (n, 2) array of x and y in it.
    grids
        The ``grids`` table, one row a grid, in a projected CRS in metres.
    near_m
        A point nearer than this to a border is flagged, in metres.
    index
        The :func:`gisapp.grids.grid_index` of these grids when it is at hand; made here otherwise.
    language
        Language of the column ``why``.

    Returns
    -------
    DataFrame
        On the index of ``points`` (a plain range for an array):

        - ``grid``: code of the grid that covers the point, its border included; on a shared border or
          corner, or in an overlap, the one that comes first in ``grids``; missing outside
        - ``distance_m``: 0 in a grid, else metres to the nearest grid; NaN without a position
        - ``near_border``: a border of any grid, the outer edge included, is within ``near_m``
        - ``nearest``: code of the nearest grid for a point outside, missing otherwise
        - ``why``: the same in words

    Raises
    ------
    CrsError
        When the grids are not in metres, or the points are in another CRS.
    InputError
        When a geometry is not a point, ``near_m`` is not a distance, or the index is of other grids.

    Examples
    --------
    >>> squares = [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100)]
    >>> grids = gpd.GeoDataFrame({"code": ["G1", "G2"]}, geometry=squares, crs="EPSG:4547")
    >>> assign([(50, 50), (100, 50), (206, 50)], grids)[["grid", "distance_m", "near_border", "why"]]
      grid  distance_m  near_border                           why
    0   G1         0.0        False                        inside
    1   G1         0.0         True        on border of G1 and G2
    2  NaN         6.0         True  outside by 6.0 m, nearest G2
    """
    if not near_m >= 0:
        raise InputError(f"near_m of {near_m!r}", todo="give a distance in metres")
    xy, labels = _placed(points, grids)
    if index is None:
        index = grid_index(grids) if len(xy) >= _FEW else shapely_index(grids)
    if index.count != len(grids):
        raise InputError(f"an index of {index.count} grids for {len(grids)}", todo="give the index of these grids")
    rows, on_ring = index.located(xy)
    known = np.isfinite(xy).all(axis=1)
    outside = np.flatnonzero(known & (rows < 0))
    nearest, away_m = index.nearest(xy[outside])
    distance_m = np.where(known, 0.0, np.nan)
    distance_m[outside] = away_m
    near_rows = np.full(len(xy), -1, dtype=np.int32)
    near_rows[outside] = nearest
    codes = pd.array(grids["code"].astype("str"), dtype="str")
    columns = {
        "grid": codes.take(rows, allow_fill=True),
        "distance_m": distance_m,
        "near_border": index.near(xy, near_m),
        "nearest": codes.take(near_rows, allow_fill=True),
        "why": _reasons(xy, index, (on_ring, near_rows, distance_m), codes.to_numpy(), language),
    }
    return pd.DataFrame(columns, index=labels)


def _placed(
    points: gpd.GeoSeries | gpd.GeoDataFrame | npt.ArrayLike, grids: gpd.GeoDataFrame
) -> tuple[Coordinates, pd.Index]:
    """Return coordinates and labels of the points, their frame checked against the grids."""
    crs = require_metres(grids.crs, "the grids table")
    if not isinstance(points, (gpd.GeoSeries, gpd.GeoDataFrame)):
        xy = positions(points)
        return xy, pd.RangeIndex(len(xy))
    shapes = points.geometry
    if shapes.crs is None or shapes.crs != crs:
        found = shapes.crs.name if shapes.crs else "no CRS"
        raise CrsError(f"the points are in {found}, the grids in {crs.name}; convert the points first")
    return point_xy(shapes), shapes.index


def point_xy(shapes: gpd.GeoSeries) -> Coordinates:
    """Return x and y of each point, NaN where there is none.

    Raises
    ------
    InputError
        When a geometry is not a point.
    """
    kinds = shapely.get_type_id(shapes.to_numpy())
    wrong = kinds > 0
    if wrong.any():
        raise InputError("a geometry that is not a point", todo="give points", row=int(wrong.argmax()) + 1)
    xy = np.full((len(shapes), 2), np.nan)
    coordinates, row = shapely.get_coordinates(shapes.to_numpy(), return_index=True)
    xy[row] = coordinates
    return xy


def _reasons(
    xy: Coordinates,
    index: GridIndex,
    answer: tuple[Flags, Rows, Coordinates],
    codes: npt.NDArray[np.object_],
    language: str,
) -> pd.api.extensions.ExtensionArray:
    """Return why each point is where it is, composed only for the few that are not simply inside."""
    on_ring, nearest, distance_m = answer
    texts = [word("grids.inside", language), word("grids.no_position", language)]
    texts.append(word("grids.nowhere_near", language))
    which = np.where(np.isfinite(distance_m), 0, np.where(np.isfinite(xy).all(axis=1), 2, 1))
    border = np.flatnonzero(on_ring)
    which[border] = len(texts) + np.arange(len(border))
    texts += _border_texts(xy[border], index, codes, language)
    outside = np.flatnonzero(nearest >= 0)
    which[outside] = len(texts) + np.arange(len(outside))
    texts += [
        word("grids.outside", language, metres=_metres(metres), grid=codes[row])
        for metres, row in zip(distance_m[outside], nearest[outside], strict=True)
    ]
    return pd.array(texts, dtype="str").take(which)


def _border_texts(xy: Coordinates, index: GridIndex, codes: npt.NDArray[np.object_], language: str) -> list[str]:
    """Return the words for points on a border: every grid that has them, in row order."""
    point, row = index.covering(xy)
    groups = np.split(codes[row], np.searchsorted(point, np.arange(1, len(xy)))) if len(xy) else []
    joint = word("grids.and", language)
    return [word("grids.on_border", language, grids=joint.join(group)) for group in groups]


def _metres(metres: float) -> str:
    """Return a distance to a decimetre, or its leading digits where that would read as none."""
    return f"{metres:.1f}" if metres >= 0.05 else f"{metres:.2g}"
