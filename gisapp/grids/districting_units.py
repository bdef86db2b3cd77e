"""What a proposal of boundaries is made from: small blocks, who borders on whom and how far, and what each carries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from gisapp.errors import InputError

Reals = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Graph(NamedTuple):
    """Units for the compiled loops: the neighbours of unit ``u`` stand from ``first[u]`` to ``first[u + 1]``.

    ``owner`` is the unit at whose place a neighbour stands, ``twin`` where that one stands as neighbour of the other.
    """

    first: npt.NDArray[np.int64]
    near: npt.NDArray[np.int32]
    owner: npt.NDArray[np.int32]
    twin: npt.NDArray[np.int32]
    border_m: Reals
    joined: npt.NDArray[np.bool_]
    weight: Reals
    area_m2: Reals
    edge_m: Reals


@dataclass(frozen=True)
class Units:
    """Small blocks of an edge-matched coverage that grids are put together from.

    Attributes
    ----------
    weight
        Households or a weighted workload of each unit, from 0.
    area_m2
        Area of each unit, above 0.
    outer_m
        The part of a unit's border, in metres, beyond which there is no other unit.
    xy
        Centroids in metres, shape (n, 2).
    pairs
        Row numbers of units with a common border, shape (m, 2), each pair once.
    border_m
        Length of each common border in metres; 0 for a bridge, which joins two units that do not touch.
    label
        What no grid may cross (a pressure zone, a community), as one whole number a unit; None without.
    """

    weight: Reals
    area_m2: Reals
    outer_m: Reals
    xy: Reals
    pairs: Ints
    border_m: Reals
    label: Ints | None = None

    def __post_init__(self) -> None:
        count = len(self.weight)
        if count == 0:
            raise InputError("there are no units", todo="make or import units first")
        for name in ("area_m2", "outer_m", "xy", "label"):
            column = getattr(self, name)
            if column is not None and len(column) != count:
                raise InputError(
                    f"{len(column)} values of {name} for {count} units", todo="give one a unit", field=name
                )
        if self.xy.shape != (count, 2) or self.pairs.shape != (len(self.border_m), 2):
            found = f"xy of shape {self.xy.shape}, pairs {self.pairs.shape}, {len(self.border_m)} borders"
            raise InputError(found, todo="give (n, 2), (m, 2) and m")
        self._refuse("weight", ~(np.isfinite(self.weight) & (self.weight >= 0)), "a number from 0")
        self._refuse("area_m2", ~(np.isfinite(self.area_m2) & (self.area_m2 > 0)), "an area above 0")
        self._refuse("outer_m", ~(np.isfinite(self.outer_m) & (self.outer_m >= 0)), "a length from 0")
        self._refuse("xy", ~np.isfinite(self.xy.sum(axis=1)), "a place in metres")
        self._refuse("border_m", ~(np.isfinite(self.border_m) & (self.border_m >= 0)), "a length from 0")
        if len(self.pairs) and (self.pairs.min() < 0 or self.pairs.max() >= count):
            raise InputError(
                f"a pair of units beyond 0 to {count - 1}", todo="give row numbers of units", field="pairs"
            )

    def _refuse(self, name: str, wrong: npt.NDArray[np.bool_], todo: str) -> None:
        """Raise for the first row marked wrong."""
        if wrong.any():
            at = int(wrong.argmax())
            raise InputError(f"{getattr(self, name)[at]}", todo=f"give {todo}", row=at + 1, field=name)

    @cached_property
    def graph(self) -> Graph:
        """The units as the compiled loops read them."""
        one, other = self.pairs.T
        rows, cols = np.concatenate([one, other]), np.concatenate([other, one])
        order = np.lexsort([cols, rows])
        first = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(self.weight)))])
        label = np.zeros(len(self.weight), np.int64) if self.label is None else self.label
        border = np.tile(self.border_m, 2)[order]
        edge = self.outer_m + np.bincount(rows, weights=np.tile(self.border_m, 2), minlength=len(self.weight))
        near = cols[order].astype(np.int32)
        joined = label[rows[order]] == label[near]
        twin = np.empty(len(order), np.int32)
        place = np.argsort(order)
        twin[place] = np.roll(place, len(one))
        columns = (self.weight, self.area_m2, edge)
        owner = rows[order].astype(np.int32)
        return Graph(
            first, near, owner, twin, border, joined, *(np.ascontiguousarray(column, np.float64) for column in columns)
        )

    @cached_property
    def part(self) -> npt.NDArray[np.int32]:
        """The part each unit is in: what hangs together over borders and bridges without crossing a label."""
        return pieces(self.graph, np.zeros(len(self.weight), np.int32))


def sums(place: npt.NDArray[np.integer], values: Reals, count: int) -> Reals:
    """Return the sum of values by place, from 0 to below a count."""
    return np.asarray(np.bincount(place, weights=values, minlength=count), np.float64)


def pieces(graph: Graph, grid: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the number of the piece each unit is in: units of one grid that hang together."""
    same = graph.joined & (grid[graph.owner] == grid[graph.near])
    ends = (graph.owner[same], graph.near[same])
    table = sparse.coo_array((np.ones(len(ends[0]), np.int8), ends), shape=(len(grid), len(grid)))
    return connected_components(table, directed=False)[1].astype(np.int32)
