"""Maps to look for hotspots on: a lattice of grids with a real-looking exposure."""

import numpy as np
import pandas as pd
from scipy import sparse


def lattice(rows, cols):
    """Neighbours of the cells of a board, each of itself, borders and corners alike."""
    line = [sparse.diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1]) for n in (rows, cols)]
    return sparse.kron(*line).tocsr()


def pipe_metres(rng, rows, cols, *, empty=0.02):
    """Metres of pipe of grids: more toward the middle of the town, some with hardly any and some with none."""
    north, east = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, cols), indexing="ij")
    metres = 6000 * np.exp(-2 * (north**2 + east**2)).ravel() * rng.lognormal(0, 0.6, rows * cols)
    metres[rng.random(rows * cols) < 0.03] *= 0.02
    metres[rng.random(rows * cols) < empty] = 0
    return pd.Series(metres)


def drawn(rng, exposure, total, *, dispersion=0.0, times=1.0):
    """Counts by chance: ``total`` expected by exposure, ``times`` as many in places, scattered more by dispersion."""
    mean = exposure.to_numpy() / exposure.sum() * total * times
    luck = rng.gamma(1 / dispersion, dispersion, len(mean)) if dispersion else 1.0
    return pd.Series(rng.poisson(mean * luck), index=exposure.index)


ROWS, COLS = 40, 50
NEAR = lattice(ROWS, COLS)
SPOTS = ((8, 8), (8, 40), (30, 12), (30, 38))


def planted(times, spots=SPOTS):
    """By what factor each grid is worse: ``times`` in squares of nine around some places."""
    factor = np.ones((ROWS, COLS))
    for row, col in spots:
        factor[row - 1 : row + 2, col - 1 : col + 2] = times
    return factor.ravel()
