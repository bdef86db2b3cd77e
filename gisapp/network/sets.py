"""Many sets of numbers at once, laid one after another in two arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisapp.network.search import sorted_by


@dataclass(frozen=True, eq=False)
class Sets:
    """Set ``i`` is ``member[first[i]:first[i + 1]]``."""

    first: np.ndarray
    member: np.ndarray

    def __len__(self) -> int:
        return len(self.first) - 1

    @property
    def owner(self) -> np.ndarray:
        """Return for every member the number of its set."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    def pick(self, rows: np.ndarray) -> Sets:
        """Return the sets of these numbers, in this order."""
        size = self.first[rows + 1] - self.first[rows]
        first = _begins(size)
        return Sets(first, self.member[np.arange(first[-1]) + np.repeat(self.first[rows] - first[:-1], size)])

    def through(self, others: Sets) -> Sets:
        """Return for every set the members of the sets that its members name, as often as they are named."""
        found = others.pick(self.member)
        return Sets(found.first[self.first], found.member)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over every set of ``values``, one row for every member."""
        before = np.zeros((len(values) + 1, *values.shape[1:]), dtype=values.dtype)
        np.cumsum(values, axis=0, out=before[1:])
        return before[self.first[1:]] - before[self.first[:-1]]

    def least(self, values: np.ndarray, empty: int) -> np.ndarray:
        """Return the least of ``values`` in every set, one for every member, or ``empty``."""
        found = np.full(len(self), empty, dtype=values.dtype)
        some = np.flatnonzero(np.diff(self.first))
        if len(some):
            found[some] = np.minimum.reduceat(values, self.first[some])
        return found


def sets_of(owner: np.ndarray, member: np.ndarray, count: int) -> Sets:
    """Return ``count`` sets from pairs, every member once and in order.

    Examples
    --------
    >>> found = sets_of(np.array([2, 0, 2, 2]), np.array([7, 5, 6, 7]), 3)
    >>> found.first.tolist(), found.member.tolist()
    ([0, 1, 1, 3], [5, 6, 7])
    """
    first, rows = sorted_by(owner, count)
    member, size = member[rows], np.diff(first)
    if not (size > 1).any():
        return Sets(first, member)
    owner = np.repeat(np.arange(count), size)
    mixed = np.flatnonzero(np.repeat(size > 1, size))  # only there is anything to sort
    member[mixed] = member[mixed][np.lexsort((member[mixed], owner[mixed]))]
    new = np.ones(len(member), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (member[1:] != member[:-1])
    return Sets(_begins(np.bincount(owner[new], minlength=count)), member[new])


def grouped(label: np.ndarray, count: int) -> Sets:
    """Return for every label the rows that bear it, in order; rows of a negative label are in no set."""
    if not (label < 0).any():
        return Sets(*sorted_by(label, count))
    rows = np.flatnonzero(label >= 0).astype(np.int32)
    first, order = sorted_by(label[rows], count)
    return Sets(first, rows[order])


def joined(one: Sets, other: Sets) -> Sets:
    """Return the union of the sets of the same number."""
    return sets_of(np.concatenate([one.owner, other.owner]), np.concatenate([one.member, other.member]), len(one))


def _begins(size: np.ndarray) -> np.ndarray:
    """Return where sets of these sizes begin, and where the last one ends."""
    first = np.zeros(len(size) + 1, dtype=np.int64)
    np.cumsum(size, out=first[1:])
    return first
