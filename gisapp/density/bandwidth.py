"""The bandwidth that tells best where the next incident will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.errors import InputError

# From 31 m to 2,000 m, each the last times the root of 2: then one exponential serves all of them.
CANDIDATES_M = tuple(2000.0 / 2 ** (step / 2) for step in range(12, -1, -1))
_ASKED, _KNOWN = 1_000, 100_000
_EVEN = 0.01
_SITE_M = 20.0
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bandwidth:
    """A bandwidth and why.

    Attributes
    ----------
    metres
        The candidate with the highest score, rounded to a metre.
    scores
        By candidate in metres the mean logarithm of the density, per km2, that the other incidents give to an
        incident's place, up to a constant.
    asked, known
        How many incidents were asked for, and how many they were foretold by.
    """

    metres: float
    scores: pd.Series
    asked: int
    known: int


def held_out_bandwidth(xy: npt.NDArray[np.float64] | Sequence[npt.NDArray[np.float64]]) -> Bandwidth:
    """Return the bandwidth with which incidents foretell best where others are, by held-out likelihood.

    For 1,000 incidents the density at their place is taken from all incidents that are elsewhere: those within
    20 m are held out with them, since calls from one building, or a repair of a repair, tell nothing of the
    neighbourhood. A hundredth of the density is spread evenly over the extent, so that one lonely
    incident does not decide.

    Parameters
    ----------
    xy
        Coordinates in metres, as for :func:`gisapp.density.surface`.

    Returns
    -------
    Bandwidth
        Always the same for the same points in the same order: every n-th is taken, none by lot. Of more than
        100,000 points every n-th foretells, which makes the bandwidth wider rather than narrower.

    Raises
    ------
    InputError
        When there are fewer than 10 places.

    Notes
    -----
    Breaks of water mains want 50 to 200 m where a rule of thumb (Scott's) gives more than a kilometre and blurs
    all streets into one. 100,000 points take about a second.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> middles = rng.uniform(0, 20_000, (40, 2))
    >>> around = middles[rng.integers(0, 40, 3000)] + rng.normal(0, 150, (3000, 2))
    >>> held_out_bandwidth(around).metres
    88.0
    """
    parts = [xy] if isinstance(xy, np.ndarray) else list(xy)
    points = np.concatenate([np.empty((0, 2)), *parts])
    extent_m2 = float(np.prod(np.ptp(points, axis=0))) if len(points) else 0.0
    return sampled_bandwidth(points[:: sample_step(len(points))], extent_m2=extent_m2)


def sample_step(count: int) -> int:
    """Return the n of the every n-th incident by which others are foretold."""
    return max(1, -(-count // _KNOWN))


def sampled_bandwidth(known: _Floats, *, extent_m2: float) -> Bandwidth:
    """Return what :func:`held_out_bandwidth` does, from every :func:`sample_step`-th of its points.

    Parameters
    ----------
    known
        Those points, shape (n, 2), in order.
    extent_m2
        Area of the box around all of them.

    Raises
    ------
    InputError
        As there.
    """
    places = len(np.unique(known, axis=0))
    if places < 10:
        raise InputError(f"{places} places of incidents", todo="state a bandwidth, or choose a longer period")
    asked = known[:: max(1, -(-len(known) // _ASKED))]
    sums, others = np.zeros((len(asked), len(CANDIDATES_M))), np.zeros(len(asked))
    _add_kernels(asked, known, CANDIDATES_M[-1], sums, others)
    widths = np.array(CANDIDATES_M)
    density = sums / (2 * np.pi * widths**2) / np.maximum(others, 1)[:, None]
    even = 1 / max(extent_m2, 1.0)
    score = np.log((1 - _EVEN) * density + _EVEN * even).mean(axis=0) + np.log(1e6)
    scores = pd.Series(score, index=pd.Index(widths.round(), name="bandwidth_m"), name="score")
    return Bandwidth(float(scores.index[score.argmax()]), scores, len(asked), len(known))


@numba.njit(cache=True, nogil=True)
def _add_kernels(asked: _Floats, known: _Floats, widest: float, sums: _Floats, others: _Floats) -> None:
    """Add the kernels of all points elsewhere for every width: each is the square of the next wider one."""
    widths = sums.shape[1]
    for row in range(len(asked)):
        for place in range(len(known)):
            apart = (asked[row, 0] - known[place, 0]) ** 2 + (asked[row, 1] - known[place, 1]) ** 2
            if apart < _SITE_M * _SITE_M:
                continue
            others[row] += 1
            kernel = np.exp(-0.5 * apart / (widest * widest))
            for width in range(widths - 1, -1, -1):
                sums[row, width] += kernel
                kernel *= kernel
                if kernel < 1e-30:
                    break
