"""Which pipes are likely to fail next year, and how well the same order did in years past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.density.chance import dispersion, shrunk
from gisapp.density.rates import (
    Matched,
    cohorts_of,
    decimal_years,
    in_service,
    laid_years,
    register_of,
    smoothed,
    span_of,
    summed,
    years_in_service,
)
from gisapp.errors import InputError

# The worst shares of length of which the back-test says how many breaks they caught.
SHARES = (0.01, 0.05, 0.2)
_Numbers = npt.NDArray[np.float64]


def pipe_ranking(
    pipes: pd.DataFrame, breaks: pd.DataFrame, *, by: Sequence[str], start: date, end: date
) -> pd.DataFrame:
    """Return the pipes in service, those with the most failures to be expected next year per km first.

    A pipe's own breaks speak as far as its length and years let them; the rest is its cohort, and a small
    cohort leans on all pipes (gamma-Poisson, twice). Per km, since to renew a pipe costs by its length: so
    ordered, the worst 5 % of length catch more than ordered by failures of whole pipes.

    Parameters
    ----------
    pipes, breaks, by, start, end
        As for :func:`break_rates`.

    Returns
    -------
    DataFrame
        ``utility``, ``code``, the columns of ``by``, ``laid_year``, ``length_m``, ``breaks``, ``rate``
        (expected per 100 km and year), ``expected`` (failures of the pipe next year) and ``length_share``
        (of the length in service, this pipe and all before it). Ties in the order of the table.

    Raises
    ------
    InputError
        As :func:`break_rates` does.
    """
    register = register_of(pipes, by)
    matched = Matched.of(register, breaks, span_of(start, end))
    number = summed(matched.rows, len(register))
    rate = _scores(register, number, decimal_years(start, end), by)["smoothed"]
    length_m = register["length_m"].to_numpy()
    columns = {"breaks": number.astype(np.int64), "rate": 100 * rate, "expected": rate * length_m / 1000}
    about = register[list(dict.fromkeys(["utility", "code", *by, "laid_year", "length_m"]))]
    table = pd.concat([about, pd.DataFrame(columns)], axis=1)[in_service(register, end)]
    ranked = table.sort_values("rate", ascending=False, kind="stable", ignore_index=True)
    return ranked.assign(length_share=ranked["length_m"].cumsum() / ranked["length_m"].sum())


def back_test(
    pipes: pd.DataFrame, breaks: pd.DataFrame, *, by: Sequence[str], start: date, cuts: Iterable[int], years: int = 1
) -> pd.DataFrame:
    """Return what share of later breaks the worst pipes would have caught, had they been ranked years ago.

    For each cut the pipes then in service are ranked by what had happened until its 1 January, and the breaks
    of the next years on them are counted.

    Parameters
    ----------
    pipes, breaks, by
        As for :func:`break_rates`.
    start
        The day from which breaks are on record.
    cuts
        Years; each later than that of the start.
    years
        How many years of breaks to look for after each cut.

    Returns
    -------
    DataFrame
        One row for each ``cut`` and ``order``: ``smoothed`` is :func:`pipe_ranking`, and to compare with it
        ``cohort`` (the cohort's rate alone), ``past`` (breaks per km and year so far) and ``age``. ``breaks``
        is how many there were, ``caught_1``, ``caught_5``, ``caught_20`` the shares of them on the worst
        1, 5 and 20 % of length: 0.01, 0.05 and 0.2 would be by chance. Pipes that an order does not tell
        apart are taken in part.

    Raises
    ------
    InputError
        When a cut is not later than the start, and as :func:`break_rates` does.
    """
    register = register_of(pipes, by)
    length = register["length_m"].to_numpy()
    rows: list[dict[str, object]] = []
    for cut in cuts:
        if cut <= start.year:
            raise InputError(f"a cut at {cut}", todo=f"choose years after {start.year}, of which breaks are known")
        before, after = date(cut - 1, 12, 31), (date(cut, 1, 1), date(cut + years - 1, 12, 31))
        past, hits = (
            summed(Matched.of(register, breaks, span_of(*period)).rows, len(register))
            for period in ((start, before), after)
        )
        there = in_service(register, before)
        for order, score in _scores(register, past, decimal_years(start, before), by).items():
            caught = _caught(score[there], length[there], hits[there])
            shares = {f"caught_{100 * share:g}": part for share, part in zip(SHARES, caught, strict=True)}
            rows.append({"cut": cut, "order": order, "breaks": int(hits[there].sum()), **shares})
    return pd.DataFrame(rows)


def _scores(
    register: pd.DataFrame, number: _Numbers, period: tuple[float, float], by: Sequence[str]
) -> dict[str, _Numbers]:
    """Return by which each order ranks the pipes, per km and year, from their breaks in a period."""
    cohort, years = cohorts_of(register, by), years_in_service(register, *period)
    groups = cohort.max(initial=-1) + 1
    km_years = register["length_m"].to_numpy() / 1000 * years
    group = smoothed(summed(cohort, groups, number), summed(cohort, groups, km_years))[cohort]
    expected = group * km_years
    own = shrunk(number, expected, dispersion(number, expected))
    laid = laid_years(register)
    return {
        "smoothed": group * own,
        "cohort": group,
        "past": np.divide(number, km_years, out=np.zeros(len(number)), where=km_years > 0),
        "age": -laid,
    }


def _caught(score: _Numbers, length: _Numbers, hits: _Numbers) -> _Numbers:
    """Return the share of hits in the worst shares of length; equals share theirs by length."""
    _, tie = np.unique(-score, return_inverse=True)
    metres, caught = (np.concatenate([[0], np.cumsum(np.bincount(tie, worth))]) for worth in (length, hits))
    if caught[-1] == 0:
        return np.full(len(SHARES), np.nan)
    return np.interp(np.array(SHARES) * metres[-1], metres, caught) / caught[-1]
