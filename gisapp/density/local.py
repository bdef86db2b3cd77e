"""Gi* and local Moran for those who ask for them, each with the false alarms it raises on such a map."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, special

from gisapp.density.chance import false_discovery
from gisapp.density.hotspots import LEVEL, exposed, hotspots

NULL_MAPS = 20
_Numbers = npt.NDArray[np.float64]
_Statistic = Callable[[_Numbers, sparse.csr_array], tuple[_Numbers, _Numbers]]


@dataclass(frozen=True)
class LocalStatistic:
    """A map by a statistic of the normal distribution, and how far it is to be believed.

    Attributes
    ----------
    table
        One row a place: ``value``, ``z``, ``p`` (two-sided, by the normal distribution), ``q`` (Benjamini
        and Hochberg), ``hot`` and ``cold``.
    level
        What q may be at most in a hot or cold place.
    false_alarms
        How many places the same statistic calls hot on a map of the same exposure where nothing is: the
        mean over ``null_maps`` maps drawn by chance.
    null_maps
        How many maps were drawn for that.
    """

    table: pd.DataFrame
    level: float
    false_alarms: float
    null_maps: int


def gi_star(
    counts: pd.Series,
    exposure: pd.Series,
    *,
    near: sparse.csr_array,
    per_exposure: bool = False,
    level: float = LEVEL,
    null_maps: int = NULL_MAPS,
) -> LocalStatistic:
    """Return Getis and Ord's Gi* of each place: the hot spots of other programs, with what they are worth.

    It asks whether a neighbourhood has more than an even spread would give it. On counts that finds where
    the pipes and households are; it is here to compare, and :func:`gisapp.density.hotspots.hotspots` is to
    act on.

    Parameters
    ----------
    counts, exposure, near
        As for :func:`gisapp.density.hotspots.hotspots`; exposure makes the maps of chance.
    per_exposure
        Ask of the counts per exposure instead of the counts; a place without any is then not judged.
    level
        What q may be at most in a hot or cold place.
    null_maps
        How many maps to draw; they have the rate, exposure and dispersion of this one, and no hotspot.

    Raises
    ------
    InputError
        As :func:`gisapp.density.hotspots.hotspots` does.

    Notes
    -----
    The statistic is that of Ord and Getis (1995), equation 14, with the place itself among its neighbours;
    see :func:`gi_star_z`.
    """
    return _judged(_signs_of_gi, counts, exposure, near, per_exposure, level, null_maps)


def local_moran(
    counts: pd.Series,
    exposure: pd.Series,
    *,
    near: sparse.csr_array,
    per_exposure: bool = False,
    level: float = LEVEL,
    null_maps: int = NULL_MAPS,
) -> LocalStatistic:
    """Return Anselin's local Moran of each place, hot where high lies beside high and cold where low beside low.

    Parameters, errors and the table are those of :func:`gi_star`, and so is the warning. A place among
    unlike neighbours has a z below 0 and is neither hot nor cold. Neighbours have equal weights that add
    up to 1, the place itself none; see :func:`local_moran_z`.
    """
    return _judged(_signs_of_moran, counts, exposure, near, per_exposure, level, null_maps)


def gi_star_z(values: _Numbers, weights: sparse.csr_array) -> _Numbers:
    """Return the z of Gi* for each place, by Ord and Getis (1995), equation 14.

    Parameters
    ----------
    values
        Shape (n,).
    weights
        Shape (n, n); the diagonal is the place's own weight.

    Notes
    -----
    For weights of 0 and 1 the same as ``esda.G_Local(star=True, transform="B").Zs``. For weights that add up
    to 1 in a row esda puts their sum where the formula has the sum of their squares; here z is then what it
    is for 0 and 1, for a scaled row says the same. All values alike have no z (NaN).

    Examples
    --------
    >>> pair = sparse.csr_array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]])
    >>> gi_star_z(np.array([5.0, 5.0, 1.0, 1.0]), pair).round(3).tolist()
    [1.732, 1.732, -1.732, -1.732]
    """
    count = len(values)
    total, squares = weights.sum(axis=1), weights.power(2).sum(axis=1)
    below = np.sqrt(_sound(count * squares - total**2) / max(count - 1, 1))
    return _over(weights @ _standard(values), below)


def local_moran_z(values: _Numbers, weights: sparse.csr_array) -> tuple[_Numbers, _Numbers]:
    """Return the local Moran of each place and its z under conditional randomisation.

    The statistic is z_i sum_j w_ij z_j / m2 with m2 = sum z^2 / n (Anselin 1995), its mean and variance those
    of Sokal, Oden and Thomson (1998), equations A7 and A8. A place without neighbours, and all values alike,
    have no z (NaN).

    Parameters
    ----------
    values, weights
        As for :func:`gi_star_z`; the diagonal is usually 0.

    Notes
    -----
    ``Is`` of ``esda.Moran_Local`` is divided by sum z^2 / (n - 1), but its ``EIc`` and ``VIc`` belong to
    sum z^2 / n: bring ``Is`` to n before it is held against them.
    """
    count = len(values)
    z = _standard(values)
    total, squares = weights.sum(axis=1), weights.power(2).sum(axis=1)
    moran = z * (weights @ z)  # the squares of z add up to n
    mean = -(z**2) * total / (count - 1)
    spread = z**2 * count / (count - 2) * _sound(squares - total**2 / (count - 1)) * (1 - z**2 / (count - 1))
    return moran, _over(moran - mean, np.sqrt(np.maximum(spread, 0)))


def _signs_of_gi(values: _Numbers, near: sparse.csr_array) -> tuple[_Numbers, _Numbers]:
    """Return z, and 1 where it speaks for a hot place, -1 for a cold one."""
    z = gi_star_z(values, near)
    return z, np.sign(z)


def _signs_of_moran(values: _Numbers, near: sparse.csr_array) -> tuple[_Numbers, _Numbers]:
    """Return z, and 1 for high beside high, -1 for low beside low, 0 for unlike neighbours."""
    apart = near - sparse.diags_array(near.diagonal())
    weights = sparse.diags_array(_over(np.ones(len(values)), apart.sum(axis=1), 0.0)) @ apart
    _, z = local_moran_z(values, weights.tocsr())
    return z, np.sign(values - values.mean()) * (z > 0)


def _judged(
    statistic: _Statistic,
    counts: pd.Series,
    exposure: pd.Series,
    near: sparse.csr_array,
    per_exposure: bool,
    level: float,
    null_maps: int,
) -> LocalStatistic:
    """Return the map of a statistic, and the false alarms of maps drawn by chance."""
    fair = hotspots(counts, exposure, near=near, level=level)  # checks, and knows rate and dispersion
    units = exposed(exposure)
    chosen = np.flatnonzero(units > 0) if per_exposure else np.arange(len(units))
    within = near if len(chosen) == len(units) else near[chosen][:, chosen]
    worth = units[chosen] if per_exposure else np.ones(len(chosen))

    def drawn(number: _Numbers) -> dict[str, Any]:
        z, sign = statistic(number / worth, within)
        p = 2 * special.ndtr(-np.abs(z))
        q = false_discovery(p)
        told = (q <= level) * sign
        return {"value": number / worth, "z": z, "p": p, "q": q, "hot": told > 0, "cold": told < 0}

    table = pd.DataFrame(drawn(counts.to_numpy(dtype=np.float64)[chosen]), index=counts.index[chosen])
    table = table.reindex(counts.index)
    table[["hot", "cold"]] = table[["hot", "cold"]].eq(True)
    chances = _null_maps(fair.rate * units[chosen], fair.dispersion, null_maps)
    alarms = [int(drawn(number)["hot"].sum()) for number in chances]
    return LocalStatistic(table, level, float(np.mean(alarms)) if alarms else np.nan, null_maps)


def _null_maps(expected: _Numbers, dispersion: float, number: int) -> Iterator[_Numbers]:
    """Yield maps of counts drawn by chance around their expectation; the same ones every time."""
    rng = np.random.default_rng(20_260)
    for _ in range(number):
        luck = rng.gamma(1 / dispersion, dispersion, len(expected)) if dispersion > 0 else 1.0
        yield rng.poisson(expected * luck).astype(np.float64)


def _standard(values: _Numbers) -> _Numbers:
    """Return the values less their mean, in standard deviations; NaN when they are all alike."""
    apart = values - values.mean()
    spread = np.sqrt(np.mean(apart**2))
    alike = not spread > 1e-12 * np.abs(values).max(initial=0.0)
    return np.full(len(values), np.nan) if alike else apart / spread


def _sound(difference: _Numbers) -> _Numbers:
    """Return a difference of numbers around 1, 0 where it is but rounding: a place with all others around it."""
    return np.where(difference > 1e-12, difference, 0.0)


def _over(above: _Numbers, below: _Numbers, empty: float = np.nan) -> _Numbers:
    """Return a quotient, ``empty`` where it would be by nought."""
    return np.divide(above, below, out=np.full(len(above), empty), where=below > 0)
