"""Boards of square units small enough to check by eye, and what must hold of every plan of them."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gisapp.grids.districting_units import Units

SIDE_M = 100.0


def board(rows, cols, weight=None, *, river=None, bridges=(), label=None):
    """Return squares row by row from the south; no border between a row and the next at ``river``, but at bridges."""
    place = np.indices((rows, cols)).reshape(2, -1).T
    apart = np.abs(place[:, None] - place[None]).sum(axis=2) == 1
    pairs = np.argwhere(np.triu(apart))
    if river is not None:
        pairs = pairs[~((place[pairs[:, 0], 0] == river - 1) & (place[pairs[:, 1], 0] == river))]
    inner = np.bincount(pairs.ravel(), minlength=len(place))
    links = np.array([(river * cols - cols + col, river * cols + col) for col in bridges], int).reshape(-1, 2)
    return Units(
        weight=np.ones(len(place)) if weight is None else np.asarray(weight, float),
        area_m2=np.full(len(place), SIDE_M**2),
        outer_m=(4 - inner) * SIDE_M,
        xy=(place[:, ::-1] + 0.5) * SIDE_M,
        pairs=np.concatenate([pairs, links]),
        border_m=np.concatenate([np.full(len(pairs), SIDE_M), np.zeros(len(links))]),
        label=None if label is None else np.asarray(label),
    )


def in_pieces(units, grid):
    """Return the grids that are not in one piece, by a search of its own over pairs within one label."""
    broken = []
    pairs = units.pairs if units.label is None else units.pairs[np.ptp(units.label[units.pairs], axis=1) == 0]
    for code in np.unique(grid):
        inside = np.flatnonzero(grid == code)
        place = np.full(len(grid), -1)
        place[inside] = np.arange(len(inside))
        own = place[pairs[(grid[pairs] == code).all(axis=1)]]
        table = coo_array((np.ones(len(own)), own.T), shape=(len(inside), len(inside)))
        if connected_components(table, directed=False)[0] > 1:
            broken.append(code)
    return broken


def every_plan(units, k):
    """Yield every plan of ``k`` numbered grids in one piece, each set of borders once."""
    plans = [[0]]
    for left in range(len(units.weight) - 2, -1, -1):
        plans = [
            [*plan, grid] for plan in plans for grid in range(min(max(plan) + 2, k)) if max(*plan, grid) + left >= k - 1
        ]
    for plan in map(np.array, plans):
        if not in_pieces(units, plan):
            yield plan


def deviation(units, grid):
    """Return the largest deviation from equal loads."""
    load = np.bincount(np.unique(grid, return_inverse=True)[1], weights=units.weight)
    return float(np.abs(load / load.mean() - 1).max())
