"""Which hotspots are new, which last and which cease."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, special

from gisapp.density.chance import false_discovery
from gisapp.density.hotspots import LEVEL, hotspots
from gisapp.errors import InputError

TRENDS = ("emerging", "persistent", "fading")


def hotspot_trend(
    counts: pd.DataFrame, exposure: pd.Series, *, near: sparse.csr_array, recent: int = 3, level: float = LEVEL
) -> pd.DataFrame:
    """Return which hotspots are new, which last and which cease, by the last months against those before.

    A hotspot is a place that is hot (:func:`hotspots`) in all months together, in the recent ones or in those
    before. Its course is asked of the incidents of its neighbourhood: given how many there were, are more of
    them recent than of the whole area's? So what rises everywhere, in a frost say, is no rise; but a place
    with a season of its own shows one, unless the months are whole years.

    Parameters
    ----------
    counts
        Incidents: one row a place, one column a whole month, in order.
    exposure, near, level
        As for :func:`hotspots`.
    recent
        How many of the last months are "now".

    Returns
    -------
    DataFrame
        On the index of ``counts``:

        - ``trend``: ``emerging`` (a hotspot whose recent share is higher than chance explains), ``fading``
          (lower) or ``persistent`` (neither); missing where there is no hotspot
        - ``ratio_before``, ``ratio_recent``: observed over expected in the neighbourhood then and now
        - ``trend_q``: the probability of such a change by chance, two-sided, corrected for the number of
          hotspots; a trend has at most the level

    Raises
    ------
    InputError
        When there are fewer months before than recent ones, and as :func:`hotspots` does.

    Notes
    -----
    The recent part of a neighbourhood's incidents is binomial, with counts divided by how much more than
    by chance the months scatter within places (Pearson's chi-square over its degrees of freedom): what comes
    in bursts, a dozen reports of one leak, is no rise.
    """
    before = counts.shape[1] - recent
    if before < recent:
        found = f"found {counts.shape[1]} whole months"
        raise InputError(found, todo=f"give at least {2 * recent}, to hold the last {recent} against as many")
    then, now = (part.sum(axis=1) for part in (counts.iloc[:, :before], counts.iloc[:, before:]))
    maps = [hotspots(part, exposure, near=near, level=level).table for part in (then, now, then + now)]
    spots = np.any([table["hot"] for table in maps], axis=0)
    judged = maps[0]["judged"].to_numpy()
    rise, fall = _changes(counts.to_numpy(dtype=np.float64) * judged[:, None], before, near)
    q = false_discovery(np.where(spots, np.minimum(2 * np.minimum(rise, fall), 1.0), np.nan))
    names = np.select([~(q <= level), rise < fall], ["persistent", "emerging"], "fading")
    columns = {
        "trend": pd.Series(names, index=counts.index, dtype="str").where(spots),
        "ratio_before": maps[0]["ratio"],
        "ratio_recent": maps[1]["ratio"],
        "trend_q": q,
    }
    return pd.DataFrame(columns, index=counts.index)


def _changes(
    monthly: npt.NDArray[np.float64], before: int, near: sparse.csr_array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the probabilities by chance of so many recent incidents or more, and of so many or fewer."""
    now, all_months = near @ monthly[:, before:].sum(axis=1), near @ monthly.sum(axis=1)
    share = monthly[:, before:].sum() / max(monthly.sum(), 1.0)
    scatter = _scatter_of_months(monthly)
    some, rest = now / scatter, (all_months - now) / scatter
    tails = []
    for mine, others, part in ((some, rest, share), (rest, some, 1 - share)):
        tails.append(np.where(mine > 0, special.betainc(np.maximum(mine, 1e-9), others + 1, part), 1.0))
    return tails[0], tails[1]


def _scatter_of_months(monthly: npt.NDArray[np.float64]) -> float:
    """Return how much more than by chance the months of a place scatter, 1 at least."""
    there, then = monthly.sum(axis=1), monthly.sum(axis=0)
    there, then = there[there > 0], then[then > 0]
    freedom = (len(there) - 1) * (len(then) - 1)
    if freedom <= 0:
        return 1.0
    kept = monthly[np.ix_(monthly.sum(axis=1) > 0, monthly.sum(axis=0) > 0)]
    expected = np.outer(there, then) / there.sum()
    return max(1.0, float(((kept - expected) ** 2 / expected).sum()) / freedom)
