"""Surfaces laid out for a web map: pixels in EPSG:3857, values per true km2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as changed
from functools import cache, lru_cache

import numba
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from scipy import ndimage
from scipy.interpolate import RectBivariateSpline

from gisapp.crs import require_metres
from gisapp.density.binning import Lattice, cell_for, checked_bounds, checked_parts, checked_weights, spread
from gisapp.density.surface import Surface, binned_surface

WEB_CRS = pyproj.CRS.from_epsg(3857)
_PAD = 12  # beyond which the edge does not matter to a cubic spline


def surface_3857(
    xy: np.ndarray | Sequence[np.ndarray],
    *,
    crs: pyproj.CRS | str,
    bandwidth_m: float,
    bounds: tuple[float, float, float, float],
    cell_m: float | None = None,
    most_px: int = 1024,
    within: shapely.Geometry | None = None,
) -> Surface:
    """Return the density laid out for a web map: pixels in EPSG:3857, values still per true km2.

    The density itself is :func:`surface` in the project's CRS, so that metres are metres and the map
    shows the figures of the GeoTIFF; only its picture is drawn in EPSG:3857, by cubic interpolation at
    the middle of each pixel. Seen in EPSG:3857, a kernel is wider by 1 / cos(latitude).

    Parameters
    ----------
    xy, bandwidth_m, bounds, cell_m, within
        As for :func:`surface`, in ``crs``; the picture covers the bounds.
    crs
        A projected CRS in metres.
    most_px
        Pixels on the longer side at most.

    Raises
    ------
    InputError, CrsError
        As :func:`surface` does.
    """
    frame = require_metres(crs, "the density's points")
    parts = checked_parts(xy)
    box = checked_bounds(bounds)
    cell = cell_for(bandwidth_m, cell_m, max(box[2] - box[0], box[3] - box[1]))
    _, _, x, y = web_pixels(box, frame, cell, most_px)
    margin = 2 * cell
    reach = (x.min() - margin, y.min() - margin, x.max() + margin, y.max() + margin)
    lattice = Lattice.over(*reach, cell=cell, bandwidth_m=bandwidth_m)
    planar = binned_surface(spread(parts, checked_weights(None, parts), lattice, box), crs=frame, within=within)
    return web_surface(planar, box, most_px=most_px)


def web_surface(
    planar: Surface, bounds: tuple[float, float, float, float] | None = None, *, most_px: int = 1024
) -> Surface:
    """Return any surface laid out for a web map: pixels in EPSG:3857, the values those of the surface.

    Parameters
    ----------
    planar
        A surface that knows its frame, in metres: of density, of rates or of change.
    bounds
        What the picture covers, in the surface's frame; all of it when absent. Pixels beyond the surface have no
        value.
    most_px
        Pixels on the longer side at most.

    Raises
    ------
    CrsError
        When the surface does not know its frame, or it is not in metres.
    """
    frame = require_metres(planar.crs, "the surface")
    box = checked_bounds(planar.bounds if bounds is None else bounds)
    full, pixel, x, y = web_pixels(box, frame, planar.cell_m, most_px)
    values = _filled(planar.values, np.isnan(planar.values))
    spline = ndimage.spline_filter(np.pad(values, _PAD, mode="edge"), order=3, output=np.float32)
    drawn, at = np.empty(x.shape, dtype=np.float32), np.empty(x.shape, dtype=np.int64)
    corner = planar.bounds[0], planar.bounds[3], planar.cell_m
    _draw(spline, planar.values, corner, (x, y), float(values.min(initial=0.0)), (drawn, at))
    thin = None if planar.thin is None else planar.thin.ravel()[at] & (at >= 0)
    return changed(planar, values=drawn, bounds=full, cell_m=pixel, crs=WEB_CRS, thin=thin)


@lru_cache(maxsize=2)
def web_pixels(
    box: tuple[float, float, float, float], frame: pyproj.CRS, cell: float, most_px: int
) -> tuple[tuple[float, float, float, float], float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return bounds and width of the pixels of a picture in EPSG:3857, and where in ``frame`` each has its middle.

    Kept because a page draws the same view again and again.
    """
    west, south, east, north = _transformer(frame, WEB_CRS).transform_bounds(*box)
    stretch = max((east - west) / (box[2] - box[0]), (north - south) / (box[3] - box[1]))
    pixel = max(cell * stretch, max(east - west, north - south) / most_px)
    rows, cols = (max(1, int(np.ceil(round(side / pixel, 6)))) for side in (north - south, east - west))
    full = (west, north - rows * pixel, west + cols * pixel, north)
    return full, pixel, *_unprojected(full, (rows, cols), frame)


def on_pixels(
    xy: npt.NDArray[np.float64],
    bounds: tuple[float, float, float, float],
    crs: pyproj.CRS | str,
    *,
    most_px: int = 1024,
) -> tuple[tuple[float, float, float, float], float, tuple[int, int], npt.NDArray[np.int64]]:
    """Return the pixel of each place in a picture of bounds, counted along the rows; -1 beyond it.

    Parameters
    ----------
    xy, bounds
        Places and what the picture covers, in ``crs``, metres.
    most_px
        Pixels on the longer side.

    Returns
    -------
    bounds, pixel_m, shape, pixel
        Edges of the picture and width of a pixel in EPSG:3857, rows and columns, and the pixels.
    """
    frame = require_metres(crs, "the places")
    full, pixel_m, x, _ = web_pixels(checked_bounds(bounds), frame, 1.0, most_px)
    rows, cols = x.shape
    east, north = _transformer(frame, WEB_CRS).transform(xy[:, 0], xy[:, 1])
    col = np.floor((np.asarray(east) - full[0]) / pixel_m).astype(np.int64)
    row = np.floor((full[3] - np.asarray(north)) / pixel_m).astype(np.int64)
    seen = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    return full, pixel_m, (rows, cols), np.where(seen, row * cols + col, -1)


@numba.njit(cache=True, nogil=True)
def _draw(
    spline: npt.NDArray[np.float32],
    values: npt.NDArray[np.float32],
    corner: tuple[float, float, float],
    places: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]],
    low: float,
    found: tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]],
) -> None:
    """Write for each pixel the cubic spline at its middle, and which cell that lies in; NaN, -1 beyond all cells.

    Pixels whose cell has no value have none; none is lower than ``low``.
    """
    rows, cols = values.shape
    (x, y), (drawn, at) = places, found
    west, north, cell = corner
    weight_v, weight_u = np.empty(4), np.empty(4)
    for i in range(x.shape[0]):  # a compiled loop: 16 cells a pixel, without temporary pictures
        for j in range(x.shape[1]):
            v, u = (north - y[i, j]) / cell, (x[i, j] - west) / cell
            drawn[i, j], at[i, j] = np.nan, -1
            if not (0 <= v <= rows and 0 <= u <= cols):
                continue
            row, col = min(int(v), rows - 1), min(int(u), cols - 1)
            at[i, j] = row * cols + col
            if np.isnan(values[row, col]):
                continue
            top, left = int(np.floor(v - 0.5)), int(np.floor(u - 0.5))
            _cubic(v - 0.5 - top, weight_v)
            _cubic(u - 0.5 - left, weight_u)
            total = 0.0
            for step in range(4):
                line = spline[top + step + _PAD - 1]
                part = 0.0
                for along in range(4):
                    part += weight_u[along] * line[left + along + _PAD - 1]
                total += weight_v[step] * part
            drawn[i, j] = max(total, low)


@numba.njit(cache=True, nogil=True)
def _cubic(f: float, weight: npt.NDArray[np.float64]) -> None:
    """Write the weights of the four nearest coefficients of a cubic spline, ``f`` beyond the second of them."""
    g = 1.0 - f
    weight[0] = g * g * g / 6
    weight[1] = 2 / 3 - f * f * (2 - f) / 2
    weight[2] = 2 / 3 - g * g * (2 - g) / 2
    weight[3] = f * f * f / 6


def _filled(values: npt.NDArray[np.float32], hole: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return values with the nearest one in each hole, so that a spline may pass; zeros where there is none."""
    if not hole.any():
        return values
    if hole.all():
        return np.zeros_like(values)
    nearest = ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    return values[tuple(nearest)]


def _unprojected(
    bounds: tuple[float, float, float, float], shape: tuple[int, int], crs: pyproj.CRS
) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y in ``crs`` of the middle of each pixel of a picture in EPSG:3857.

    A lattice of points is converted and the pixels interpolated in it: the conversion is so smooth that
    this is right to a millimetre over 100 km, and one of each pixel would take most of the time.
    """
    west, south, east, north = bounds
    rows, cols = shape
    u, v = np.linspace(0.0, 1.0, 17), np.linspace(0.0, 1.0, 17)
    lattice = _transformer(WEB_CRS, crs).transform(*np.meshgrid(west + u * (east - west), north - v * (north - south)))
    at_v, at_u = (np.arange(rows) + 0.5) / rows, (np.arange(cols) + 0.5) / cols
    x, y = (RectBivariateSpline(v, u, part)(at_v, at_u) for part in lattice)
    return x, y


@cache
def _transformer(source: pyproj.CRS, target: pyproj.CRS) -> pyproj.Transformer:
    """Return the conversion between two frames, kept because PROJ takes 0.1 s to find it."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)
