"""The area in which incidents can be: how much of each cell belongs to it, exactly."""

from __future__ import annotations

import geopandas as gpd
import numba
import numpy as np
import numpy.typing as npt
import shapely

from gisapp.crs import require_metres

WATER = ("river", "lake")
_Floats = npt.NDArray[np.float64]


def service_area(grids: gpd.GeoDataFrame, landcover: gpd.GeoDataFrame | None = None) -> shapely.Geometry:
    """Return the grids as one area, without the rivers and lakes in it.

    Parameters
    ----------
    grids
        Polygons of one plan in a projected CRS in metres.
    landcover
        The table of that name, in the same CRS; its rows of kind ``river`` and ``lake`` are taken out.

    Returns
    -------
    shapely.Geometry
        Empty without grids.

    Raises
    ------
    CrsError
        When the grids are not in metres.
    """
    require_metres(grids.crs, "the grids table")
    area = shapely.union_all(shapely.make_valid(grids.geometry.to_numpy()))
    if landcover is None or landcover.empty:
        return area
    wet = landcover.geometry[landcover["kind"].isin(WATER)].to_numpy()
    return area.difference(shapely.union_all(shapely.make_valid(wet)))


def inside_share(area: shapely.Geometry, west: float, north: float, cell_m: float, shape: tuple[int, int]) -> _Floats:
    """Return which share of each cell lies in an area, by the area of the pieces and not by samples.

    Parameters
    ----------
    area
        A valid polygon or several.
    west, north
        The corner in which the cells begin; rows run to the south.
    cell_m
        Width and height of a cell.
    shape
        Rows and columns.

    Notes
    -----
    In the outermost cells the share may be wrong where a border leaves the cells through their edge: give a rim.

    Examples
    --------
    >>> inside_share(shapely.box(0, 0, 15, 7.5), west=0, north=10, cell_m=5, shape=(2, 3))
    array([[0.5, 0.5, 0.5],
           [1. , 1. , 1. ]])
    """
    parts = shapely.get_parts(area)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    corners = np.column_stack([(corners[:, 0] - west) / cell_m, (north - corners[:, 1]) / cell_m])
    edges = np.flatnonzero(np.diff(ring) == 0)
    steps = np.zeros((shape[0], shape[1] + 2))
    _sweep(corners, edges, steps)
    share = np.clip(np.abs(np.cumsum(steps, axis=1)[:, : shape[1]]), 0.0, 1.0)
    share[share < 1e-9] = 0.0  # rounding
    return share


@numba.njit(cache=True, nogil=True)
def _sweep(corners: _Floats, edges: npt.NDArray[np.int64], steps: _Floats) -> None:
    """Write for each edge by how much the share changes from cell to cell, row by row."""
    rows, cols = steps.shape[0], steps.shape[1] - 2
    for edge in edges:
        x0, y0, x1, y1 = corners[edge, 0], corners[edge, 1], corners[edge + 1, 0], corners[edge + 1, 1]
        if y0 == y1:
            continue
        sign = 1.0
        if y0 > y1:
            x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
        slope = (x1 - x0) / (y1 - y0)
        for row in range(max(0, int(np.floor(y0))), min(rows, int(np.ceil(y1)))):
            top, bottom = max(float(row), y0), min(row + 1.0, y1)
            a, b = x0 + (top - y0) * slope, x0 + (bottom - y0) * slope
            a, b = min(max(a, 0.0), float(cols)), min(max(b, 0.0), float(cols))
            _step(steps[row], min(a, b), max(a, b), sign * (bottom - top))


@numba.njit(cache=True, nogil=True)
def _step(steps: _Floats, low: float, high: float, depth: float) -> None:
    """Add an edge of a height within a row, that runs from ``low`` to ``high``: what lies east of it is covered."""
    first, last = int(low), int(high)
    before = 0.0  # the covered share of the cell so far
    for col in range(first, last + 1):
        left, right = max(low, float(col)), min(high, col + 1.0)
        if high > low:  # within the cell the edge passes a part of the height; what it has passed covers the rest
            passed = depth * (right - low) / (high - low)
            part = depth * (right - left) / (high - low)
            covered = (passed - part) + part * (col + 1.0 - 0.5 * (left + right))
        else:
            passed = depth
            covered = depth * (col + 1.0 - low)
        steps[col] += covered - before
        before = covered
    steps[last + 1] += depth - before
