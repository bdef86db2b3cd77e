"""Sums kept of many points in the cells of one surface, so that a long period costs what its ends do."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gisapp.density.binning import Binned, Lattice, spread

MANY = 500_000
"""Fewer points than this are spread at once: sums that are kept must pay for their memory."""
_MEMORY_MB = 128  # of the sums for one lattice
_MOST_STEPS = 64
_LATTICES = 2
_LOCK = threading.Lock()
_Ints = npt.NDArray[np.int64]
Stretch = tuple[int, int, int]
"""A type by its number, the first day and the day past the last."""


@dataclass(frozen=True, eq=False)
class KeptSums:
    """What lies in the cells of a lattice before some days, by type: two of them tell what lies between.

    Attributes
    ----------
    lattice
        The cells.
    days
        Before which days sums are kept, the first of them before day 0.
    counts
        By type and day of ``days``, in the cells; float64, since differences of large sums must stay exact.
    inside
        How many of the points lie within the lattice's bounds, likewise.
    """

    lattice: Lattice
    days: _Ints
    counts: npt.NDArray[np.float64]
    inside: _Ints

    @classmethod
    def of(cls, points: npt.NDArray[np.float64], offsets: _Ints, lattice: Lattice) -> KeptSums:
        """Return the sums of points sorted by type and day; ``offsets`` of shape (types, days + 1) tells where."""
        types, days = offsets.shape[0], offsets.shape[1] - 1
        slices = _MEMORY_MB * 2**20 // (8 * lattice.padded[0] * lattice.padded[1] * types)
        steps = int(min(max(slices - 1, 1), _MOST_STEPS, max(days, 1)))
        marks = np.unique(np.linspace(0, days, steps + 1).astype(np.int64))
        counts = np.zeros((types, len(marks), *lattice.padded))
        inside = np.zeros((types, len(marks)), dtype=np.int64)
        for kind in range(types):
            for at in range(1, len(marks)):
                part = points[offsets[kind, marks[at - 1]] : offsets[kind, marks[at]]]
                made = spread([part], [np.empty(0)], lattice, lattice.bounds)
                np.add(counts[kind, at - 1], made.counts, out=counts[kind, at])
                inside[kind, at] = inside[kind, at - 1] + made.points
        return cls(lattice, marks, counts, inside)

    def between(self, points: npt.NDArray[np.float64], offsets: _Ints, stretches: list[Stretch]) -> Binned:
        """Return the points of some types and days: the nearest sums, and the few points by which they miss."""
        counts, inside = np.zeros(self.lattice.padded), 0
        more: list[npt.NDArray[np.float64]] = []
        less: list[npt.NDArray[np.float64]] = []
        for kind, low, high in stretches:
            first, last = (self._nearest(offsets[kind], day) for day in (low, high))
            ends = offsets[kind]
            missed = sum(abs(ends[self.days[mark]] - ends[day]) for mark, day in ((first, low), (last, high)))
            if first >= last or missed >= ends[high] - ends[low]:
                more.append(points[ends[low] : ends[high]])
                continue
            counts += self.counts[kind, last]
            counts -= self.counts[kind, first]
            inside += int(self.inside[kind, last] - self.inside[kind, first])
            for mark, day, before, after in ((first, low, more, less), (last, high, less, more)):
                early, late = sorted((int(ends[self.days[mark]]), int(ends[day])))
                (after if self.days[mark] < day else before).append(points[early:late])
        added, taken = (
            spread(some, [np.empty(0)] * len(some), self.lattice, self.lattice.bounds) for some in (more, less)
        )
        counts += added.counts
        counts -= taken.counts
        counts[np.abs(counts) < 1e-9] = 0.0  # rounding
        return Binned(self.lattice, counts, inside + added.points - taken.points)

    def _nearest(self, ends: _Ints, day: int) -> int:
        """Return the mark that fewest points lie between and a day."""
        return int(np.abs(ends[self.days] - ends[day]).argmin())


Shelf = OrderedDict[Lattice, KeptSums]
"""The sums of the lattices that were asked for last."""


def kept_sums(shelf: Shelf, points: npt.NDArray[np.float64], offsets: _Ints, lattice: Lattice) -> KeptSums:
    """Return the sums for a lattice, from the shelf or made and put there; the one unused longest goes."""
    with _LOCK:
        found = shelf.pop(lattice, None) or KeptSums.of(points, offsets, lattice)
        shelf[lattice] = found
        while len(shelf) > _LATTICES:
            shelf.popitem(last=False)
        return found
