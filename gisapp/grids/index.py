"""Which grid holds a point: the index behind every assignment.

The rule, stated once: a point belongs to the grid that covers it, border included; where several do
(a shared border, a corner, an overlap) to the one with the lowest row number; -1 where none does or
the position is not finite. Rings of a polygon count even-odd, so a bow-tie has an answer as well.

Two forms give the same answers: the edge-cell kernel of :mod:`gisapp.grids.cells` where numba is
installed, and :class:`ShapelyForm` here, which is its fallback and its oracle.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.crs import require_metres
from gisapp.errors import InputError

Rows = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Coordinates = npt.NDArray[np.float64]

_CHUNK = 200_000
_POLYGON = 3
_PREPARED = threading.Lock()
"""Prepared geometries finish building themselves on first use: two threads at once in the same one end the process."""


@dataclass(frozen=True)
class Parts:
    """The polygons of all grids, one by one, each with the row of its grid, in the order of rows."""

    polygons: npt.NDArray[np.object_]
    rows: Rows


class Form(Protocol):
    """What both forms of the index answer, for finite positions."""

    def locate(self, xy: Coordinates) -> tuple[Rows, Flags]:
        """Return the row of each point, and whether the point is on a ring of any grid."""

    def near(self, xy: Coordinates, near_m: float) -> Flags:
        """Return whether a ring of any grid passes within ``near_m`` of each point."""

    def locate_one(self, x: float, y: float) -> int:
        """Return the row of one point."""


class GridIndex:
    """Where the grids are; made by :func:`grid_index`, answers for any number of points, thread-safe.

    Parameters
    ----------
    parts
        The polygons of the grids.
    form
        How points are answered.
    count
        Number of grids.
    """

    def __init__(self, parts: Parts, form: Form, count: int) -> None:
        self.count = count
        self._parts = parts
        self._form = form
        self._tree = shapely.STRtree(parts.polygons)

    def locate(self, xy: npt.ArrayLike) -> Rows:
        """Return the row number of the grid of each point as int32; a tie is the lowest, none is -1.

        Parameters
        ----------
        xy
            An (n, 2) array in the CRS of the grids; a position that is not finite gives -1.

        Raises
        ------
        InputError
            When ``xy`` is not of that shape.

        Examples
        --------
        >>> index = grid_index(gpd.GeoSeries([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 18, 9)], crs="EPSG:4547"))
        >>> index.locate([(4, 4), (9, 4), (18, 9), (30, 4)]).tolist()
        [0, 0, 1, -1]
        """
        return self._form.locate(positions(xy))[0]

    def locate_one(self, x: float, y: float) -> int:
        """Return the row number of the grid of one point, -1 for none: the quick way for a single click."""
        return self._form.locate_one(float(x), float(y))

    def near(self, xy: npt.ArrayLike, near_m: float) -> Flags:
        """Return whether a ring of any grid passes within ``near_m`` metres of each point."""
        return self._form.near(positions(xy), near_m)

    def located(self, xy: npt.ArrayLike) -> tuple[Rows, Flags]:
        """Return :meth:`locate`, and whether each point is exactly on a ring of any grid."""
        return self._form.locate(positions(xy))

    def covering(self, xy: npt.ArrayLike) -> tuple[npt.NDArray[np.intp], Rows]:
        """Return pairs (point number, row) of every grid that covers each point, in order, each once."""
        point, part = _covering(self._parts, self._tree, positions(xy))
        return _distinct(point, self._parts.rows[part])

    def nearest(self, xy: npt.ArrayLike) -> tuple[Rows, Coordinates]:
        """Return the row of the grid nearest to each point (a tie is the lowest) and the metres to it.

        A point in a grid has distance 0. With no grid at all, or no finite position: -1 and NaN; too far
        away to be measured: -1 and infinity.
        """
        points = positions(xy)
        rows = np.full(len(points), -1, dtype=np.int32)
        metres = np.full(len(points), np.nan)
        if not len(self._parts.rows):
            return rows, metres
        known = np.flatnonzero(np.isfinite(points).all(axis=1))
        for some in _chunks(known):
            found, distance = self._tree.query_nearest(shapely.points(points[some]), return_distance=True)
            row = np.full(len(some), np.iinfo(np.int32).max, dtype=np.int32)
            np.minimum.at(row, found[0], self._parts.rows[found[1]])
            metres[some] = np.inf  # stays where the tree finds nothing: 1e300 m away
            metres[some[found[0]]] = distance
            rows[some] = np.where(np.isfinite(metres[some]), row, -1)
        return rows, metres


def grid_index(grids: gpd.GeoDataFrame | gpd.GeoSeries) -> GridIndex:
    """Return the index that tells which grid a point is in.

    Parameters
    ----------
    grids
        Polygons in a projected CRS in metres; overlaps, holes, invalid rings and empty rows are borne.

    Raises
    ------
    CrsError
        When lengths in the CRS are not metres.
    InputError
        When a polygon has a coordinate that is not finite.

    Notes
    -----
    Building takes about 20 ms for 500 grids and a few seconds for 50,000; then millions of points a
    second. Without numba the answers are the same, slower.
    """
    if find_spec("numba") is None:  # the one place that knows the kernel may be absent
        return shapely_index(grids)
    from gisapp.grids.cells import CellForm

    parts, count = checked(grids)
    return GridIndex(parts, CellForm(parts), count)


def shapely_index(grids: gpd.GeoDataFrame | gpd.GeoSeries) -> GridIndex:
    """Return the index in its numpy and shapely form: slower, ready at once, needs no compiler."""
    parts, count = checked(grids)
    return GridIndex(parts, ShapelyForm(parts), count)


def positions(xy: npt.ArrayLike) -> Coordinates:
    """Return ``xy`` as an (n, 2) float array, checked."""
    points = np.ascontiguousarray(xy, dtype=np.float64)
    if points.size == 0:
        return points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise InputError(f"points of shape {points.shape}", todo="give an (n, 2) array of x and y")
    return points


class ShapelyForm:
    """Points answered by shapely's tree and prepared polygons; the slow, obvious form."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._rings = shapely.boundary(parts.polygons)
        self._tree = shapely.STRtree(parts.polygons)
        self._lines = shapely.STRtree(self._rings)
        self._lock = threading.Lock()

    def locate(self, xy: Coordinates) -> tuple[Rows, Flags]:
        """Return the row of each point, and whether the point is on a ring of any grid."""
        rows = np.full(len(xy), -1, dtype=np.int32)
        on_ring = np.zeros(len(xy), dtype=bool)
        known = np.flatnonzero(np.isfinite(xy).all(axis=1))
        for some in _chunks(known):
            with self._lock:
                self._locate(xy, some, rows, on_ring)
        return rows, on_ring

    def _locate(self, xy: Coordinates, some: npt.NDArray[np.intp], rows: Rows, on_ring: Flags) -> None:
        """Fill in the answers of some points."""
        point, part = _covering(self._parts, self._tree, xy[some])
        lowest = np.full(len(some), np.iinfo(np.int32).max, dtype=np.int32)
        np.minimum.at(lowest, point, self._parts.rows[part])
        found = some[np.unique(point)]
        rows[found] = lowest[np.unique(point)]
        rings = self._rings[part]
        shapely.prepare(rings)
        touched = shapely.intersects_xy(rings, xy[some[point], 0], xy[some[point], 1])
        on_ring[some[point[touched]]] = True

    def near(self, xy: Coordinates, near_m: float) -> Flags:
        """Return whether a ring of any grid passes within ``near_m`` of each point."""
        close = np.zeros(len(xy), dtype=bool)
        known = np.flatnonzero(np.isfinite(xy).all(axis=1))
        for some in _chunks(known):
            found = self._lines.query(shapely.points(xy[some]), predicate="dwithin", distance=near_m)
            close[some[found[0]]] = True
        return close

    def locate_one(self, x: float, y: float) -> int:
        """Return the row of one point."""
        return int(self.locate(np.array([[x, y]]))[0][0])


def checked(grids: gpd.GeoDataFrame | gpd.GeoSeries) -> tuple[Parts, int]:
    """Return the polygons of the grids, their CRS and coordinates checked, and the number of grids."""
    shapes = grids.geometry
    require_metres(shapes.crs, "the grids table")
    shapes = shapes.to_numpy()
    polygons, rows = shapely.get_parts(shapes, return_index=True)
    useful = (shapely.get_type_id(polygons) == _POLYGON) & ~shapely.is_empty(polygons)
    polygons, rows = shapely.force_2d(polygons[useful]), rows[useful].astype(np.int32)
    coordinates, owner = shapely.get_coordinates(polygons, return_index=True)
    wrong = ~np.isfinite(coordinates).all(axis=1)
    if wrong.any():
        row = int(rows[owner[wrong.argmax()]])
        raise InputError("a coordinate that is not finite", todo="correct the grid's polygon", row=row + 1)
    holed = np.flatnonzero(shapely.get_num_interior_rings(polygons) > 0)
    for part in holed[~shapely.is_valid(polygons[holed])]:  # few: only invalid polygons with holes
        polygons[part] = _even_odd(polygons[part])
    return Parts(polygons, rows), len(shapes)


def _even_odd(polygon: shapely.Polygon) -> shapely.Polygon:
    """Return the polygon with holes that overlap each other or its shell so that even-odd gives shell less holes."""
    shell = shapely.Polygon(polygon.exterior)
    holes = shapely.union_all(shapely.make_valid(shapely.polygons(polygon.interiors), method="structure"))
    inner = shapely.intersection(holes, shapely.make_valid(shell, method="structure"))
    pieces = shapely.get_parts(inner)
    rings = shapely.get_rings(pieces[shapely.get_type_id(pieces) == _POLYGON])
    return shapely.Polygon(polygon.exterior, rings)


def _covering(
    parts: Parts, tree: shapely.STRtree, xy: Coordinates
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return pairs (point, part) of every part that covers each finite point."""
    known = np.flatnonzero(np.isfinite(xy).all(axis=1))
    point, part = tree.query(shapely.points(xy[known]))
    polygons = parts.polygons[part]
    with _PREPARED:
        shapely.prepare(polygons)
        inside = shapely.intersects_xy(polygons, xy[known[point], 0], xy[known[point], 1])
    return known[point[inside]], part[inside]


def _distinct(point: npt.NDArray[np.intp], row: Rows) -> tuple[npt.NDArray[np.intp], Rows]:
    """Return the pairs sorted, each once."""
    pairs = pd.DataFrame({"point": point, "row": row}).drop_duplicates().sort_values(["point", "row"])
    return pairs["point"].to_numpy(), pairs["row"].to_numpy()


def _chunks(numbers: npt.NDArray[np.intp]) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the numbers in pieces that keep shapely's points in bounded memory."""
    for start in range(0, len(numbers), _CHUNK):
        yield numbers[start : start + _CHUNK]
