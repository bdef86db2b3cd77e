"""Points spread over the cells of a surface, before any kernel: sums that add up over parts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
from scipy import fft

from gisapp.errors import InputError

# Cells of the finest surface: 32 million of them take about 1 GB while one is computed.
MOST_CELLS = 32_000_000
# A kernel is cut where it has fallen to 4e-6 of its peak.
REACH = 5.0
SPLINE = 3
"""Boxes that the spline of the spreading is made of; the kernel divides them out."""
_MANY = 1_000_000
Bounds = tuple[float, float, float, float]
Weights = npt.NDArray[np.float64] | Sequence[npt.NDArray[np.float64]]


@dataclass(frozen=True)
class Lattice:
    """The cells of a surface, and the rim around them that its kernels reach in from."""

    bounds: tuple[float, float, float, float]
    shape: tuple[int, int]
    padded: tuple[int, int]
    pad: int
    cell: float
    bandwidth_m: float

    @classmethod
    def over(cls, west: float, south: float, east: float, north: float, *, cell: float, bandwidth_m: float) -> Lattice:
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

    @classmethod
    def within(cls, bounds: Bounds, *, bandwidth_m: float, cell_m: float | None = None) -> Lattice:
        """Return the cells of a surface, from what :func:`gisapp.density.surface` is asked."""
        west, south, east, north = checked_bounds(bounds)
        cell = cell_for(bandwidth_m, cell_m, max(east - west, north - south))
        return cls.over(west, south, east, north, cell=cell, bandwidth_m=bandwidth_m)


@dataclass(frozen=True, eq=False)
class Binned:
    """Points spread over cells, on their way to a surface (:func:`gisapp.density.binned_surface`).

    Those of two parts of the points add up by ``+``; the order changes nothing but the last digits.

    Attributes
    ----------
    lattice
        The cells, and the bandwidth they are for.
    counts
        What lies in each, the rim included.
    points
        How many of the points lie within the bounds.
    """

    lattice: Lattice
    counts: npt.NDArray[np.float64]
    points: int

    def __add__(self, other: Binned) -> Binned:
        if self.lattice != other.lattice:
            raise InputError("points in different cells", todo="bin all with the same bounds, cells and bandwidth")
        return Binned(self.lattice, self.counts + other.counts, self.points + other.points)


def binned(
    xy: np.ndarray | Sequence[np.ndarray],
    *,
    bandwidth_m: float,
    bounds: Bounds,
    cell_m: float | None = None,
    weights: Weights | None = None,
) -> Binned:
    """Return points spread over the cells that a surface of them has.

    Arguments and errors are those of :func:`gisapp.density.surface`, which is this and
    :func:`gisapp.density.binned_surface`; points too many for one table are binned part by part and added.

    Examples
    --------
    >>> way = {"bandwidth_m": 100, "bounds": (0, 0, 1000, 1000)}
    >>> halves = [binned(np.array([[x, 500.0]]), **way) for x in (300.0, 600.0)]
    >>> (halves[0] + halves[1]).points
    2
    """
    parts = checked_parts(xy)
    heavy = checked_weights(weights, parts)
    lattice = Lattice.within(bounds, bandwidth_m=bandwidth_m, cell_m=cell_m)
    return spread(parts, heavy, lattice, lattice.bounds)


def spread(
    parts: list[np.ndarray],
    heavy: list[npt.NDArray[np.float64]],
    lattice: Lattice,
    counted: Bounds,
) -> Binned:
    """Return all points spread over the cells of a lattice, and how many lie in the bounds ``counted``.

    Of millions of points two halves are spread at the same time.
    """
    halves: list[list[tuple[np.ndarray, npt.NDArray[np.float64]]]] = [[], []]
    threads = 2 if sum(map(len, parts)) >= _MANY else 1
    for part, weights in zip(parts, heavy, strict=True):
        middle = len(part) // threads
        halves[0].append((part[:middle], weights[:middle]))
        halves[1].append((part[middle:], weights[middle:]))

    def add(half: list[tuple[np.ndarray, npt.NDArray[np.float64]]]) -> tuple[npt.NDArray[np.float64], int]:
        counts = np.zeros(lattice.padded)
        places = lattice.origin, 1.0 / lattice.cell, counted, counts
        return counts, sum(_spread(part, weights, *places) for part, weights in half)

    if threads == 1:
        return Binned(lattice, *add(halves[0]))
    with ThreadPoolExecutor(threads) as pool:
        (counts, number), (others, rest) = pool.map(add, halves)
    counts += others
    return Binned(lattice, counts, number + rest)


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


def checked_weights(weights: Weights | None, parts: list[np.ndarray]) -> list[npt.NDArray[np.float64]]:
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


def checked_bounds(bounds: Bounds) -> Bounds:
    """Return the bounds as numbers, checked."""
    west, south, east, north = (float(side) for side in bounds)
    if not (np.isfinite([west, south, east, north]).all() and west < east and south < north):
        raise InputError(f"found bounds {bounds}", todo="give west, south, east, north with an area between them")
    return west, south, east, north


def cell_for(bandwidth_m: float, cell_m: float | None, longer: float) -> float:
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
