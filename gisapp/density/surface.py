"""Density surfaces: how much there is per square kilometre, by a Gaussian kernel, exact and in metres."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from dataclasses import replace as changed
from functools import cache, lru_cache

import numba
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from scipy import fft, ndimage
from scipy.interpolate import RectBivariateSpline

from gisapp.crs import require_metres
from gisapp.density.area import inside_share
from gisapp.errors import InputError

WEB_CRS = pyproj.CRS.from_epsg(3857)
# Cells of the finest surface: 32 million of them take about 1 GB while one is computed.
MOST_CELLS = 32_000_000
# A kernel is cut where it has fallen to 4e-6 of its peak.
REACH = 5.0
# An area of which less than this share of the kernel lies in it is a sliver: dividing by so little tells nothing.
LEAST_INSIDE = 0.02
UNITS = {
    "per_km2": "incidents per km2",
    "per_km2_year": "incidents per km2 and year",
    "per_km_year": "incidents per km and year",
    "per_1000_households_year": "incidents per 1000 households and year",
}
UNITS |= {f"change_{name}": f"change of {words}" for name, words in UNITS.items() if name.endswith("_year")}
UNITS |= {"count": "incidents", "change_count": "change of incidents", "deviation": "deviation from the expected"}
_SPLINE = 3
_MANY = 1_000_000
_Weights = npt.NDArray[np.float64] | Sequence[npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Surface:
    """A density on square cells.

    Attributes
    ----------
    values
        What ``unit`` says, by default incidents per true km2; float32, at the middle of each cell; rows run
        from the north, columns from the west, as in a picture. NaN where there is no value: outside the area,
        and where ``thin`` is true.
    bounds
        West, south, east and north edge of the cells, in the units of ``crs``.
    cell_m
        Width and height of a cell, in the units of ``crs``: true metres, but for EPSG:3857.
    bandwidth_m
        Standard deviation of the kernel in true metres.
    points
        How many points lie within ``bounds``; others may reach in from outside.
    crs
        The frame of ``bounds``, where it is known.
    unit
        One of ``per_km2``, ``per_km2_year``, ``per_km_year``, ``per_1000_households_year``, or the last three after
        ``change_``; of painted places also ``count``, ``change_count``, ``deviation``. In words :data:`UNITS`.
    thin
        Where a value would be one of hardly any pipes, households or area, and is not given; None is nowhere.
    """

    values: np.ndarray
    bounds: tuple[float, float, float, float]
    cell_m: float
    bandwidth_m: float
    points: int
    crs: pyproj.CRS | None = None
    unit: str = "per_km2"
    thin: np.ndarray | None = None

    @property
    def peak(self) -> float:
        """The highest value; 0 where there is none."""
        return float(np.fmax.reduce(self.values, axis=None, initial=0.0))


def surface(
    xy: np.ndarray | Sequence[np.ndarray],
    *,
    bandwidth_m: float,
    bounds: tuple[float, float, float, float],
    cell_m: float | None = None,
    crs: pyproj.CRS | str | None = None,
    weights: _Weights | None = None,
    within: shapely.Geometry | None = None,
) -> Surface:
    """Return the density of points within bounds, by a Gaussian kernel.

    Each value is within 0.1 % of the highest from the exact sum of kernels at the middle of its cell,
    for any points, one alone or a million in one place. Points outside the bounds count as far as their
    kernels reach in.

    Where incidents can only be within an area, values within two bandwidths of its edge would be too low. Given
    that area, each value is divided by the share of the kernel that lies in it: what is spread evenly over the
    area then gives the same value everywhere, up to the edge and the water.

    Parameters
    ----------
    xy
        Coordinates in metres, shape (n, 2), or several such arrays that are taken together. None at all
        gives a surface of zeros.
    bandwidth_m
        Standard deviation of the kernel; more than 0, at most the longer side of the bounds.
    bounds
        West, south, east, north in metres. The cells start in the north-west corner and may pass the
        south and east edges by less than one cell.
    cell_m
        Width of a cell, at most a third of the bandwidth; by default that third, or a 400th of the longer
        side where this is finer.
    crs
        The frame of ``xy`` and ``bounds``; where it is given it must be in metres.
    weights
        How much each point counts, as one array or as many as there are of points; 1 when absent.
    within
        Where points can be (:func:`gisapp.density.service_area`), in the frame of ``xy``. Outside there is no
        value, and points more than two cells outside do not count. Slivers that hold less than a fiftieth of the
        kernel are marked thin.

    Raises
    ------
    InputError
        On a coordinate that is not a number (leave out and count what has no position), on bandwidth,
        cell or bounds out of range, or on more than 32 million cells.
    CrsError
        On a frame that is not in metres.

    Notes
    -----
    Each point is spread over 3 x 3 cells by a quadratic spline, whose own blur is divided out again
    where the kernel is applied, in the frequencies. Linear spreading with a kernel narrowed by
    cell^2 / 6 errs by up to 1.9 % of the peak where one point stands alone. 10 million points on
    800 x 800 cells take about 0.1 s on two cores.

    Examples
    --------
    >>> one = surface(np.array([[500.0, 500.0]]), bandwidth_m=100, bounds=(0, 0, 1000, 1000))
    >>> round(one.peak, 1)  # 1 / (2 pi 0.1 km 0.1 km)
    15.9
    """
    frame = None if crs is None else require_metres(crs, "the density's points")
    parts = checked_parts(xy)
    heavy = checked_weights(weights, parts)
    west, south, east, north = _bounds(bounds)
    cell = _cell(bandwidth_m, cell_m, max(east - west, north - south))
    lattice = _Lattice.over(west, south, east, north, cell=cell, bandwidth_m=bandwidth_m)
    return _density(parts, heavy, lattice, frame, within, lattice.bounds)


def _density(
    parts: list[np.ndarray],
    heavy: list[npt.NDArray[np.float64]],
    lattice: _Lattice,
    frame: pyproj.CRS | None,
    within: shapely.Geometry | None,
    counted: tuple[float, float, float, float],
) -> Surface:
    """Return the density on a lattice, and how many points lie in the bounds ``counted``."""
    cell, bandwidth_m = lattice.cell, lattice.bandwidth_m
    counts, inside = _counts(parts, heavy, lattice, counted)
    if within is not None:
        share = _share_inside(within, lattice)
        counts *= ndimage.binary_dilation(share > 0, np.ones((3, 3)), iterations=2)
    blurred = _blurred(counts, bandwidth_m / cell, _SPLINE)[lattice.window] * (1e6 / cell**2)
    blurred[blurred < blurred.max(initial=0.0) * 1e-12] = 0.0  # rounding, and below zero
    made = Surface(blurred.astype(np.float32), lattice.bounds, cell, float(bandwidth_m), inside, frame)
    return made if within is None else _corrected(made, share[lattice.window], _kernel_inside(within, lattice))


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
    box = _bounds(bounds)
    cell = _cell(bandwidth_m, cell_m, max(box[2] - box[0], box[3] - box[1]))
    _, _, x, y = web_pixels(box, frame, cell, most_px)
    margin = 2 * cell
    reach = (x.min() - margin, y.min() - margin, x.max() + margin, y.max() + margin)
    lattice = _Lattice.over(*reach, cell=cell, bandwidth_m=bandwidth_m)
    planar = _density(parts, checked_weights(None, parts), lattice, frame, within, box)
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
    box = _bounds(planar.bounds if bounds is None else bounds)
    full, pixel, x, y = web_pixels(box, frame, planar.cell_m, most_px)
    places = [(planar.bounds[3] - y) / planar.cell_m - 0.5, (x - planar.bounds[0]) / planar.cell_m - 0.5]
    hole = np.isnan(planar.values)
    values = _filled(planar.values, hole)
    drawn = ndimage.map_coordinates(values, places, order=3, mode="nearest")
    drawn = np.clip(drawn, values.min(initial=0.0), None).astype(np.float32)
    rows, cols = planar.values.shape
    beyond = (places[0] < -0.5) | (places[0] > rows - 0.5) | (places[1] < -0.5) | (places[1] > cols - 0.5)
    thin = None
    if hole.any():
        beyond |= ndimage.map_coordinates(hole.astype(np.uint8), places, order=0, mode="nearest") > 0
    if planar.thin is not None:
        thin = ndimage.map_coordinates(planar.thin.astype(np.uint8), places, order=0, mode="constant") > 0
    drawn[beyond] = np.nan
    return changed(planar, values=drawn, bounds=full, cell_m=pixel, crs=WEB_CRS, thin=thin)


@dataclass(frozen=True)
class _Lattice:
    """The cells of a surface, and the rim around them that its kernels reach in from."""

    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    padded: tuple[int, int]
    pad: int
    cell: float
    bandwidth_m: float

    @classmethod
    def over(cls, west: float, south: float, east: float, north: float, *, cell: float, bandwidth_m: float) -> _Lattice:
        """Return the cells over bounds."""
        rows, cols = (max(1, int(np.ceil(round(side / cell, 6)))) for side in (north - south, east - west))
        pad = int(np.ceil(REACH * bandwidth_m / cell)) + 1
        padded = (fft.next_fast_len(rows + 2 * pad, real=True), fft.next_fast_len(cols + 2 * pad, real=True))
        if padded[0] * padded[1] > MOST_CELLS:
            raise InputError(
                f"{padded[0]} x {padded[1]} cells of {cell:g} m", todo="choose a wider bandwidth or a smaller area"
            )
        full = (west, north - rows * cell, west + cols * cell, north)
        return cls(full, (rows, cols), padded, pad, cell, float(bandwidth_m))

    @property
    def origin(self) -> tuple[float, float]:
        """The north-west corner of the rim."""
        return self.bounds[0] - self.pad * self.cell, self.bounds[3] + self.pad * self.cell

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the cells lie in the rim."""
        return slice(self.pad, self.pad + self.shape[0]), slice(self.pad, self.pad + self.shape[1])


def _counts(
    parts: list[np.ndarray],
    heavy: list[npt.NDArray[np.float64]],
    lattice: _Lattice,
    counted: tuple[float, float, float, float],
) -> tuple[npt.NDArray[np.float64], int]:
    """Return all points spread over the cells of a lattice, and how many lie in the bounds ``counted``.

    Of millions of points two halves are spread at the same time.
    """
    halves: list[list[tuple[np.ndarray, npt.NDArray[np.float64]]]] = [[], []]
    threads = 2 if sum(map(len, parts)) >= _MANY else 1
    for part, weights in zip(parts, heavy, strict=True):
        middle = len(part) // threads
        halves[0].append((part[:middle], weights[:middle]))
        halves[1].append((part[middle:], weights[middle:]))

    def spread(half: list[tuple[np.ndarray, npt.NDArray[np.float64]]]) -> tuple[npt.NDArray[np.float64], int]:
        counts = np.zeros(lattice.padded)
        places = lattice.origin, 1.0 / lattice.cell, counted, counts
        return counts, sum(_spread(part, weights, *places) for part, weights in half)

    if threads == 1:
        return spread(halves[0])
    with ThreadPoolExecutor(threads) as pool:
        (counts, number), (others, rest) = pool.map(spread, halves)
    counts += others
    return counts, number + rest


@lru_cache(maxsize=2)
def _share_inside(area: shapely.Geometry, lattice: _Lattice) -> npt.NDArray[np.float64]:
    """Return the share of each cell in an area, kept because a page asks again and again."""
    return inside_share(area, *lattice.origin, lattice.cell, lattice.padded)


@lru_cache(maxsize=2)
def _kernel_inside(area: shapely.Geometry, lattice: _Lattice) -> npt.NDArray[np.float64]:
    """Return the share of the kernel at the middle of each cell that lies in an area."""
    return _blurred(_share_inside(area, lattice), lattice.bandwidth_m / lattice.cell, 1)[lattice.window]


def _corrected(made: Surface, share: npt.NDArray[np.float64], kernel: npt.NDArray[np.float64]) -> Surface:
    """Return a surface divided by the share of the kernel in the area; without a value outside."""
    inside = share > 0
    thin = inside & (kernel < LEAST_INSIDE)
    told = inside & ~thin
    values = np.full(made.values.shape, np.nan, dtype=np.float32)
    np.divide(made.values, kernel, out=values, where=told, casting="same_kind")
    return changed(made, values=values, thin=thin if thin.any() else None)


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


def _filled(values: npt.NDArray[np.float32], hole: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return values with the nearest one in each hole, so that a spline may pass; zeros where there is none."""
    if not hole.any():
        return values
    if hole.all():
        return np.zeros_like(values)
    nearest = ndimage.distance_transform_edt(hole, return_distances=False, return_indices=True)
    return values[tuple(nearest)]


def checked_parts(xy: np.ndarray | Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return the points as arrays of shape (n, 2), checked."""
    parts = [np.asarray(part, dtype=np.float64) for part in ([xy] if isinstance(xy, np.ndarray) else xy)]
    for part in parts:
        if part.ndim != 2 or part.shape[1] != 2:
            raise InputError(f"points of shape {part.shape}", todo="give one row of x and y for each")
        if not np.isfinite(part.sum()):
            wrong = ~np.isfinite(part).all(axis=1)
            raise InputError(
                f"{int(wrong.sum())} points have no position, the first is number {int(wrong.argmax()) + 1}",
                todo="leave them out and count them apart",
            )
    return parts


def checked_weights(weights: _Weights | None, parts: list[np.ndarray]) -> list[npt.NDArray[np.float64]]:
    """Return the weights of each part, checked; empty where every point counts 1."""
    if weights is None:
        return [np.empty(0) for _ in parts]
    heavy = [np.asarray(one, dtype=np.float64) for one in ([weights] if isinstance(weights, np.ndarray) else weights)]
    if [len(one) for one in heavy] != [len(part) for part in parts]:
        raise InputError("weights for other points", todo="give one for each point, in the same parts")
    for one in heavy:
        if not (np.isfinite(one) & (one >= 0)).all():
            raise InputError(f"found a weight of {one[~(one >= 0) | ~np.isfinite(one)][0]}", todo="give 0 or more")
    return heavy


def _bounds(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return the bounds as numbers, checked."""
    west, south, east, north = (float(side) for side in bounds)
    if not (np.isfinite([west, south, east, north]).all() and west < east and south < north):
        raise InputError(f"found bounds {bounds}", todo="give west, south, east, north with an area between them")
    return west, south, east, north


def _cell(bandwidth_m: float, cell_m: float | None, longer: float) -> float:
    """Return the width of a cell for a bandwidth, checked."""
    if not 0 < bandwidth_m <= longer:
        raise InputError(
            f"found a bandwidth of {bandwidth_m:g} m",
            todo=f"give more than 0 and at most the {longer:g} m of the area's longer side",
        )
    if cell_m is None:
        return float(min(bandwidth_m / 3, longer / 400))
    if not 0 < cell_m <= bandwidth_m / 3 * (1 + 1e-9):
        raise InputError(
            f"found cells of {cell_m:g} m", todo=f"give more than 0 and at most {bandwidth_m / 3:g} m, for this kernel"
        )
    return float(cell_m)


@numba.njit(cache=True, nogil=True)
def _spread(
    xy: np.ndarray,
    weights: np.ndarray,
    corner: tuple[float, float],
    per_m: float,
    counted: tuple[float, float, float, float],
    counts: np.ndarray,
) -> int:
    """Add each point to the 3 x 3 cells around it, by a quadratic spline, and return how many are within ``counted``.

    Points beyond the cells are left out.
    """
    rows, cols = counts.shape
    (west, north), (low_x, low_y, high_x, high_y), number = corner, counted, 0
    for place in range(xy.shape[0]):  # a compiled loop: one pass over the points without temporary columns
        number += low_x <= xy[place, 0] <= high_x and low_y <= xy[place, 1] <= high_y
        u = (xy[place, 0] - west) * per_m
        v = (north - xy[place, 1]) * per_m
        if not (1 <= u < cols - 1 and 1 <= v < rows - 1):
            continue
        col, row = int(u), int(v)
        f, g = u - col - 0.5, v - row - 0.5
        a, b, c = 0.5 * (0.5 - f) ** 2, 0.75 - f * f, 0.5 * (0.5 + f) ** 2
        if len(weights) > 0:
            a, b, c = a * weights[place], b * weights[place], c * weights[place]
        for step, share in ((-1, 0.5 * (0.5 - g) ** 2), (0, 0.75 - g * g), (1, 0.5 * (0.5 + g) ** 2)):
            counts[row + step, col - 1] += share * a
            counts[row + step, col] += share * b
            counts[row + step, col + 1] += share * c
    return number


def _blurred(counts: np.ndarray, sigma: float, order: int) -> np.ndarray:
    """Return counts under a Gaussian of ``sigma`` cells, with the spline of the spreading divided out.

    ``order`` is the number of boxes that the spline is made of.
    """
    rows, cols = counts.shape
    tall, wide = fft.fftfreq(rows), fft.rfftfreq(cols)
    spectrum = fft.rfft2(counts)
    for waves in (tall[:, None], wide[None, :]):
        spectrum *= np.exp(-2 * (np.pi * sigma * waves) ** 2) / np.sinc(waves) ** order
    return fft.irfft2(spectrum, s=counts.shape)


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
