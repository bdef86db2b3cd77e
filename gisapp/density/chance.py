"""How likely a count is by chance: tails of counts, their dispersion, false discoveries, shrinking toward a group."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

_Numbers = npt.NDArray[np.float64]
# Dispersions below are as none; above, all counts are in a few places.
_LEAST, _MOST = 1e-6, 1e4


def dispersion(observed: _Numbers, expected: _Numbers) -> float:
    """Return by how much counts scatter more than by chance alone: 0 is Poisson.

    The variance of a count is expected + dispersion * expected^2 (negative binomial, NB2). The estimate is that
    of maximum likelihood with the expectations as given. A few places far out weigh less in it than in the
    estimate of moments, which takes true hotspots for scatter and then does not find them.

    Parameters
    ----------
    observed, expected
        Counts and their expectations, shape (n,); places where nothing is expected say nothing.

    Examples
    --------
    >>> round(dispersion(np.array([0.0, 4.0, 0.0, 4.0]), np.array([2.0, 2.0, 2.0, 2.0])), 2)
    1.59
    >>> dispersion(np.array([2.0, 2.0]), np.array([2.0, 2.0]))
    0.0
    """
    some = expected > 0
    count, mean = observed[some], expected[some]
    if not ((count - mean) ** 2 - count).sum() > 0:  # the slope of the likelihood at 0
        return 0.0
    steps = np.arange(count.max())
    above = len(count) - np.cumsum(np.bincount(count.astype(np.int64)))[:-1]  # how many have more than each step

    def slope(logarithm: float) -> float:
        a = np.exp(logarithm)
        grown = 1 + a * mean
        return float(
            (above * steps / (1 + a * steps)).sum() + (np.log(grown) / a**2 - (count + 1 / a) * mean / grown).sum()
        )

    least, most = np.log(_LEAST), np.log(_MOST)
    if slope(least) <= 0:
        return 0.0
    excess = ((count - mean) ** 2 - count).sum() / (mean**2).sum()  # the dispersion by moments: a good place to begin
    low = high = min(np.log(max(excess, _LEAST)), most)
    while low > least and slope(low) <= 0:
        low, high = max(low - 1.0, least), low
    while slope(high) > 0:
        if high >= most:
            return _MOST
        low, high = high, min(high + 1.0, most)
    return float(np.exp(brentq(slope, low, high, xtol=1e-11))) if low < high else float(np.exp(low))


def upper_tail(observed: _Numbers, expected: _Numbers, shape: _Numbers | None = None) -> _Numbers:
    """Return the probability of at least as many as observed.

    Parameters
    ----------
    observed, expected
        Counts and their expectations, shape (n,); where nothing is expected, 0 has the probability 1 and
        anything more 0.
    shape
        Shape of the gamma that the rates are spread by, so that the variance is expected + expected^2 / shape;
        None for Poisson.

    Examples
    --------
    >>> upper_tail(np.array([0.0, 1.0]), np.array([2.0, 2.0])).round(4).tolist()  # 1 - exp(-2)
    [1.0, 0.8647]
    >>> upper_tail(np.array([1.0]), np.array([2.0]), np.array([1.0])).round(4).tolist()  # 2 / 3
    [0.6667]
    """
    some = np.maximum(observed, 1.0)
    if shape is None:
        tail = special.gammainc(some, expected)
    else:
        tail = special.betainc(some, shape, expected / (expected + shape))
    return np.where(observed > 0, tail, 1.0)


def lower_tail(observed: _Numbers, expected: _Numbers, upper: _Numbers, shape: _Numbers | None = None) -> _Numbers:
    """Return the probability of at most as many as observed: what is not above, and just so many.

    Parameters
    ----------
    observed, expected, shape
        As for :func:`upper_tail`.
    upper
        Its answer.

    Examples
    --------
    >>> counts, means = np.array([0.0, 1.0]), np.array([2.0, 2.0])
    >>> lower_tail(counts, means, upper_tail(counts, means)).round(4).tolist()  # exp(-2), 3 exp(-2)
    [0.1353, 0.406]
    """
    if shape is None:
        alone = special.xlogy(observed, expected) - expected - special.gammaln(observed + 1)
    else:
        ways = special.gammaln(observed + shape) - special.gammaln(shape) - special.gammaln(observed + 1)
        alone = ways - shape * np.log1p(expected / shape) + special.xlogy(observed, expected / (expected + shape))
    return np.clip(1 - upper + np.exp(alone), 0.0, 1.0)


def false_discovery(p: _Numbers) -> _Numbers:
    """Return for each p the share of false ones among all that are at least as extreme (q).

    Benjamini and Hochberg (1995); it holds for tests that depend on one another positively, as those of
    neighbourhoods that overlap do (Benjamini and Yekutieli 2001). NaN was not tested and stays NaN.

    Examples
    --------
    >>> false_discovery(np.array([0.04, 0.01, np.nan, 0.02])).round(4).tolist()
    [0.04, 0.03, nan, 0.03]
    """
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[_ascending(p[tested])]
    stepped = p[order] * (len(order) / np.arange(1, len(order) + 1))
    q = np.full(len(p), np.nan)
    q[order] = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    return q


@numba.njit(cache=True, nogil=True)
def _ascending(values: _Numbers) -> npt.NDArray[np.int64]:
    """Return the order of numbers from 0: by 11 bits at a time, thrice as fast as a sort by comparing."""
    count = len(values)
    keys, order = values.view(np.int64) & 0x7FFFFFFFFFFFFFFF, np.arange(count)
    other, place = np.empty_like(order), np.empty(2049, dtype=np.int64)
    for shift in range(0, 64, 11):
        place[:] = 0
        for key in keys:
            place[(key >> shift & 2047) + 1] += 1
        if place.max() == count:  # all alike in these bits
            continue
        for digit in range(2048):
            place[digit + 1] += place[digit]
        for row in order:
            digit = keys[row] >> shift & 2047
            other[place[digit]] = row
            place[digit] += 1
        order, other = other, order
    return order


def shrunk(observed: _Numbers, expected: _Numbers, spread: float) -> _Numbers:
    """Return how many times its expectation each place has, drawn toward 1 the less it has to say for itself.

    The mean of the gamma-Poisson posterior, (1 + spread * observed) / (1 + spread * expected), where ``spread``
    is the :func:`dispersion` of the places around their expectations: with none all are as expected, and
    where nothing is expected the answer is 1.

    Examples
    --------
    >>> shrunk(np.array([3.0, 300.0, 0.0]), np.array([1.0, 100.0, 0.0]), 0.5).round(3).tolist()
    [1.667, 2.961, 1.0]
    """
    return np.where(expected > 0, (1 + spread * observed) / (1 + spread * expected), 1.0)
