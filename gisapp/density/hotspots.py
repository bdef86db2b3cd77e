"""Which places stand out beyond chance, by what they are exposed to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy import sparse

from gisapp.crs import require_metres
from gisapp.density import chance
from gisapp.density.chance import false_discovery, lower_tail, upper_tail
from gisapp.errors import InputError

LEVEL = 0.05


@dataclass(frozen=True)
class Hotspots:
    """What was found, and by what measure.

    Attributes
    ----------
    table
        One row a place, see :func:`hotspots`.
    rate
        Incidents per unit of exposure over all places: what "expected" means.
    dispersion
        By how much the counts scatter more than by chance, see :func:`gisapp.density.chance.dispersion`.
    level
        The share of false ones among all that are called hot, at most.
    unexposed
        Incidents where nothing is exposed; they are in no rate and in no neighbourhood.
    """

    table: pd.DataFrame
    rate: float
    dispersion: float
    level: float
    unexposed: int

    @cached_property
    def hot(self) -> pd.Index:
        """The hot places, the least likely by chance first."""
        found = self.table[self.table["hot"]]
        return found.sort_values("p", kind="stable").index

    @property
    def model(self) -> str:
        """The distribution of counts by chance: ``poisson`` or ``negative_binomial``."""
        return "negative_binomial" if self.dispersion > 0 else "poisson"


def neighbours(polygons: gpd.GeoSeries, *, touch_m: float = 0.01) -> sparse.csr_array:
    """Return which polygons are neighbours, and each of itself: 1 where two touch in a border or a corner.

    Parameters
    ----------
    polygons
        In a projected CRS in metres. One that is absent or empty has no neighbour but itself; so has one
        with water around it that belongs to none.
    touch_m
        How far apart two may be and still touch.

    Returns
    -------
    sparse.csr_array
        Shape (n, n), symmetric. Made once for a plan; 100,000 polygons take some seconds.

    Raises
    ------
    CrsError
        When the polygons are not in metres.
    """
    require_metres(polygons.crs, "the polygons")
    shapes = polygons.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=touch_m)
    itself = np.arange(len(shapes))
    apart = one != other
    rows, cols = np.concatenate([itself, one[apart]]), np.concatenate([itself, other[apart]])
    return sparse.csr_array((np.ones(len(rows)), (rows, cols)), shape=(len(shapes), len(shapes)))


def hotspots(
    counts: pd.Series,
    exposure: pd.Series,
    *,
    near: sparse.csr_array,
    dispersion: float | None = None,
    level: float = LEVEL,
) -> Hotspots:
    """Return which places have more incidents than their exposure explains, and than chance does.

    A place is judged with its neighbours: what all of them have against what they would have at the rate of
    the whole area. It is hot when so many are unlikely by chance (q at most the level), and the place itself
    has more than its own share: beside a hotspot nobody is hot by the neighbour's incidents alone. It is cold when so
    few are unlikely.

    Parameters
    ----------
    counts
        Incidents of each place, whole numbers.
    exposure
        What can fail or complain there, on the same index: metres of pipe, households. None of it, or no
        number, and the place is not judged.
    near
        The :func:`neighbours` of the places, in the same order.
    dispersion
        By how much counts scatter more than by chance; estimated from them where it is None, 0 for Poisson.
    level
        The share of false ones among the hot ones, at most.

    Returns
    -------
    Hotspots
        Its table has the index of ``counts``, and

        - ``count``, ``exposure``: of the place itself
        - ``judged``: whether the place has exposure; without, what follows is empty, and ``hot`` False
        - ``observed``, ``expected``, ``ratio``: incidents of the place and its neighbours, those expected
          at the rate of the whole, and the one over the other
        - ``p``: the probability of so many or more by chance; ``q``: that, corrected for the number of
          places (Benjamini and Hochberg)
        - ``hot``
        - ``q_cold``, ``cold``: the same of so few or fewer, a test of its own at the same level

        Without any incident nothing is expected, p is 1 and the ratio empty.

    Raises
    ------
    InputError
        When counts and exposure are not of the same places, or are below 0, or a count is no whole number.

    Notes
    -----
    By chance, a count is Poisson, or negative binomial where the counts scatter more; a sum of neighbours is
    then taken as negative binomial with the mean and variance of the sum. Tested on maps where nothing is
    hot: see ``benchmarks/hotspots.py``. 100,000 places take 55 ms once their neighbours are known.

    Examples
    --------
    >>> near = sparse.csr_array(np.eye(4))
    >>> found = hotspots(pd.Series([2, 1, 9, 5]), pd.Series([10.0, 10.0, 10.0, 0.0]), near=near, dispersion=0)
    >>> found.table[["judged", "observed", "expected", "q", "hot"]].round(3)
       judged  observed  expected      q    hot
    0    True       2.0       4.0  0.982  False
    1    True       1.0       4.0  0.982  False
    2    True       9.0       4.0  0.064  False
    3   False       NaN       NaN    NaN  False
    >>> round(found.rate, 2), found.unexposed
    (0.4, 5)
    """
    number, units = _checked(counts, exposure, near)
    judged = units > 0
    fallen = np.where(judged, number, 0.0)
    rate = float(fallen.sum() / units.sum()) if judged.any() else 0.0
    expected = units * rate
    spread = chance.dispersion(fallen[judged], expected[judged]) if dispersion is None else dispersion
    around = _Around.of(fallen, expected, near, spread)
    p = np.where(judged, around.p, np.nan)
    q = false_discovery(p)
    hot = (q <= level) & (fallen > expected) & (around.observed > around.expected)
    q_cold = false_discovery(np.where(judged, around.p_few, np.nan))
    cold = (q_cold <= level) & (fallen < expected) & (around.observed < around.expected)
    table = pd.DataFrame(
        {
            "count": counts.to_numpy(),
            "exposure": exposure.to_numpy(),
            "judged": judged,
            "observed": np.where(judged, around.observed, np.nan),
            "expected": np.where(judged, around.expected, np.nan),
            "ratio": np.where(judged, around.ratio, np.nan),
            "p": p,
            "q": q,
            "hot": hot,
            "q_cold": q_cold,
            "cold": cold,
        },
        index=counts.index,
        copy=False,
    )
    return Hotspots(table, rate, spread, level, int(number[~judged].sum()))


@dataclass(frozen=True)
class _Around:
    """What a place and its neighbours have, should have, and how likely so many are, and so few."""

    observed: npt.NDArray[np.float64]
    expected: npt.NDArray[np.float64]
    p: npt.NDArray[np.float64]
    p_few: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, fallen: npt.NDArray[np.float64], expected: npt.NDArray[np.float64], near: sparse.csr_array, spread: float
    ) -> _Around:
        """Return the sums over neighbourhoods, and their upper tails by a spread of the places' rates."""
        have, should = near @ fallen, near @ expected
        if spread == 0:
            tail = upper_tail(have, should)
            return cls(have, should, tail, lower_tail(have, should, tail))
        squares = near @ (expected * expected)
        shape = np.divide(should * should, spread * squares, out=np.ones_like(should), where=squares > 0)
        tail = upper_tail(have, should, shape)
        return cls(have, should, tail, lower_tail(have, should, tail, shape))

    @property
    def ratio(self) -> npt.NDArray[np.float64]:
        """Observed over expected; NaN where nothing is expected."""
        return np.divide(self.observed, self.expected, out=np.full(len(self.p), np.nan), where=self.expected > 0)


def _checked(
    counts: pd.Series, exposure: pd.Series, near: sparse.csr_array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return counts and exposures as numbers, absent exposures as 0."""
    if not counts.index.equals(exposure.index) or near.shape != (len(counts), len(counts)):
        found = f"{len(counts)} counts, {len(exposure)} exposures, neighbours of {near.shape[0]} places"
        raise InputError(found, todo="give them of the same places in the same order")
    number = counts.to_numpy(dtype=np.float64, na_value=np.nan)
    units = exposed(exposure)
    _refuse(~(number >= 0) | (number != np.floor(number)), counts, "a count", "a whole number from 0")
    _refuse(~(units >= 0) | ~np.isfinite(units), exposure, "an exposure", "a number from 0")
    return number, units


def exposed(exposure: pd.Series) -> npt.NDArray[np.float64]:
    """Return exposures as numbers, absent ones as 0."""
    units = exposure.to_numpy(dtype=np.float64, na_value=np.nan)
    return np.where(np.isnan(units), 0.0, units)


def _refuse(wrong: npt.NDArray[np.bool_], values: pd.Series, what: str, todo: str) -> None:
    """Raise for the first place marked wrong."""
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(f"{what} of {values.iloc[at]} at {values.index[at]!r}", todo=f"give {todo}")
