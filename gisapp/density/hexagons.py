"""Hexagons in the project's CRS: every point in the one whose middle is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely

from gisapp.crs import require_metres
from gisapp.density.binning import checked_parts, checked_weights
from gisapp.errors import InputError

MOST_HEXAGONS = 20_000_000
_ROW = 3**0.5 / 2
_Floats = npt.NDArray[np.float64]
_Points = npt.NDArray[np.float64] | Sequence[npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Hexagons:
    """A window of hexagons, each with a corner in the north; the same size gives the same ones everywhere.

    The middle of hexagon (row, col) is at x = (col + 1/2 in odd rows) * size, y = row * 0.866 * size, counted from
    the origin of the CRS: hexagons of two days, two maps and two programs fit.

    Attributes
    ----------
    size_m
        From middle to middle, and from side to side; the area is 0.866 size^2.
    row, col
        Of the first one, in the south-west.
    shape
        Rows and columns of the window. Arrays of one number a hexagon run through it row by row.
    """

    size_m: float
    row: int
    col: int
    shape: tuple[int, int]

    @classmethod
    def over(cls, bounds: tuple[float, float, float, float], size_m: float) -> Hexagons:
        """Return the hexagons that can hold a point within bounds (west, south, east, north).

        Raises
        ------
        InputError
            On a size that is not above 0, bounds that are no numbers, or more than 20 million hexagons.
        """
        if not (np.isfinite(size_m) and size_m > 0):
            raise InputError(f"found hexagons of {size_m:g} m", todo="give more than 0")
        west, south, east, north = (float(side) for side in bounds)
        if not (np.isfinite([west, south, east, north]).all() and west <= east and south <= north):
            raise InputError(f"found bounds {bounds}", todo="give west, south, east, north")
        row, last_row = int(np.floor(south / (_ROW * size_m))) - 1, int(np.ceil(north / (_ROW * size_m))) + 1
        col, last_col = int(np.floor(west / size_m)) - 1, int(np.ceil(east / size_m)) + 1
        shape = (last_row - row + 1, last_col - col + 1)
        if shape[0] * shape[1] > MOST_HEXAGONS:
            raise InputError(f"{shape[0] * shape[1]:,} hexagons of {size_m:g} m", todo="choose a larger size")
        return cls(float(size_m), row, col, shape)

    def sums(self, xy: _Points, weights: _Points | None = None) -> npt.NDArray[np.float64]:
        """Return how much lies in each hexagon: how many points, or the sum of their weights.

        A point as near to two middles in one row belongs to the western one, between an even and an odd row to the
        even one. Points outside the window count nowhere. 10 million points take 0.2 s.

        Parameters
        ----------
        xy
            Coordinates in metres, shape (n, 2), or several such arrays.
        weights
            One for each point, in the same parts; 1 when absent.
        """
        parts = checked_parts(xy)
        total = np.zeros(self.shape)
        for part, heavy in zip(parts, checked_weights(weights, parts), strict=True):
            _add(part, heavy, self.size_m, (self.row, self.col), total)
        return total.ravel()

    def which(self, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
        """Return the number of the hexagon of each point, -1 for those outside the window."""
        found = np.empty(len(xy), dtype=np.int64)
        (part,) = checked_parts(xy)
        _number(part, self.size_m, (self.row, self.col), self.shape, found)
        return found

    def middles(self, number: npt.NDArray[np.int64]) -> _Floats:
        """Return x and y of the middles of some hexagons."""
        row, col = self.row + number // self.shape[1], self.col + number % self.shape[1]
        return np.column_stack([(col + 0.5 * (row % 2)) * self.size_m, row * _ROW * self.size_m])

    def codes(self, number: npt.NDArray[np.int64]) -> pd.Index:
        """Return names of some hexagons, the same in every window: ``H500:r7844:c1041``."""
        row, col = self.row + number // self.shape[1], self.col + number % self.shape[1]
        named = [f"H{self.size_m:g}:r{r}:c{c}" for r, c in zip(row.tolist(), col.tolist(), strict=True)]
        return pd.Index(named, dtype="str", name="code")

    def polygons(self, number: npt.NDArray[np.int64], crs: pyproj.CRS | str) -> gpd.GeoSeries:
        """Return some hexagons as polygons; neighbours share their corners to a billionth of a metre."""
        frame = require_metres(crs, "the hexagons")
        angle = np.radians(np.arange(90, -270, -60))
        corners = np.column_stack([np.cos(angle), np.sin(angle)]) * (self.size_m / 3**0.5)
        shapes = shapely.polygons(self.middles(number)[:, None, :] + corners)
        return gpd.GeoSeries(shapes, index=self.codes(number), crs=frame)


def h3_cells(xy: npt.NDArray[np.float64], crs: pyproj.CRS | str, resolution: int) -> pd.Series:
    """Return the H3 index of points, to join our tables with those of others; nothing is counted by it.

    An H3 cell has not the same area everywhere, which is why ours are drawn in metres.

    Parameters
    ----------
    xy
        Coordinates in ``crs``, shape (n, 2).
    resolution
        0 to 15; 9 is about 0.1 km2.

    Raises
    ------
    InputError
        When the package ``h3`` is not installed, or there is no such resolution.
    """
    try:
        import h3
    except ImportError as error:
        raise InputError("the package h3 is not installed", todo="pip install 'gisapp[h3]'") from error
    if not 0 <= resolution <= 15:
        raise InputError(f"found an H3 resolution of {resolution}", todo="give 0 to 15")
    degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(xy[:, 0], xy[:, 1])
    found = [h3.latlng_to_cell(lat, lon, resolution) for lon, lat in zip(*degrees, strict=True)]
    return pd.Series(found, dtype="str", name="h3")


@numba.njit(cache=True, nogil=True, inline="always")
def _nearest(x: float, y: float) -> tuple[int, int]:
    """Return row and column of the nearest middle, in units of the size: of the even rows, or of the odd ones."""
    tall = 2 * _ROW
    even_row, even_col = np.ceil(y / tall - 0.5), np.ceil(x - 0.5)
    odd_row, odd_col = np.ceil(y / tall - 1.0), np.ceil(x - 1.0)
    even = (x - even_col) ** 2 + (y - even_row * tall) ** 2
    odd = (x - odd_col - 0.5) ** 2 + (y - (odd_row + 0.5) * tall) ** 2
    if even <= odd:
        return 2 * int(even_row), int(even_col)
    return 2 * int(odd_row) + 1, int(odd_col)


@numba.njit(cache=True, nogil=True)
def _add(xy: _Floats, weights: _Floats, size: float, first: tuple[int, int], total: _Floats) -> None:
    """Add each point, or its weight, to its hexagon."""
    rows, cols = total.shape
    for place in range(len(xy)):  # a compiled loop: one pass over the points without temporary columns
        row, col = _nearest(xy[place, 0] / size, xy[place, 1] / size)
        row, col = row - first[0], col - first[1]
        if 0 <= row < rows and 0 <= col < cols:
            total[row, col] += weights[place] if len(weights) > 0 else 1.0


@numba.njit(cache=True, nogil=True)
def _number(
    xy: _Floats, size: float, first: tuple[int, int], shape: tuple[int, int], found: npt.NDArray[np.int64]
) -> None:
    """Write the number of each point's hexagon."""
    for place in range(len(xy)):
        row, col = _nearest(xy[place, 0] / size, xy[place, 1] / size)
        row, col = row - first[0], col - first[1]
        found[place] = row * shape[1] + col if 0 <= row < shape[0] and 0 <= col < shape[1] else -1
