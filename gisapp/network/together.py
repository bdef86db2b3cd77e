"""Works at the same time: one answer for the set, and who is without supply only because they coincide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from gisapp.errors import InputError
from gisapp.network.losses import people_sums
from gisapp.network.model import Network
from gisapp.network.shutoff import Shutoff, shutoff
from gisapp.network.supply import Burst


@dataclass(frozen=True, eq=False)
class Together:
    """The answer for works that run at the same time; made by :func:`together`.

    Parameters
    ----------
    answer
        What to close for all of them, and who is without supply meanwhile.
    separate
        The answer for each work alone, by its code.
    extra
        Customers without supply (``way`` is ``unintended``) or on storage (``storage_only``) only because the works
        coincide: in the answer for the set and in that of no single work. Columns as in :class:`gisapp.network.Loss`;
        ``hours`` of storage where it alone feeds.
    when_one_ends
        Devices that the set need not close but a single work does, with the codes of those ``works`` (comma
        separated): close them before the other works are given supply again.
    totals
        Sums over ``extra``: ``customers``, ``households``, ``people``, ``critical`` by kind, and
        ``storage_only_customers``, who are in none of the others.
    """

    answer: Shutoff
    separate: Mapping[str, Shutoff]
    extra: pd.DataFrame
    when_one_ends: pd.DataFrame
    totals: Mapping[str, object]


def together(
    network: Network,
    works: Mapping[str, Sequence[Burst]],
    *,
    stuck: Iterable[str] = (),
    closed: Iterable[str] = (),
    opened: Iterable[str] = (),
) -> Together:
    """Return what works that run at the same time cost together, and what each costs alone.

    Losses of single works do not add up: customers between two works may be fed round either of them but not
    round both. The set is answered as one shutoff, and what it loses beyond the union of the single answers
    is named.

    Parameters
    ----------
    network
        From :func:`gisapp.network.network_of`.
    works
        What each work shuts, by its code, as in :func:`gisapp.network.shutoff`. Which works coincide is said by
        :func:`overlaps`.
    stuck, closed, opened
        Devices that stand otherwise than in the tables while the works run.

    Raises
    ------
    InputError
        On fewer than two works, and on what :func:`gisapp.network.shutoff` refuses, with the work named.
    """
    if len(works) < 2:
        raise InputError(f"found {len(works)} works", todo="give at least two that run at the same time")
    states = {"stuck": list(stuck), "closed": list(closed), "opened": list(opened)}
    separate = {code: _alone(network, code, bursts, states) for code, bursts in works.items()}
    answer = shutoff(network, [burst for bursts in works.values() for burst in bursts], **states)
    extra = _extra(answer, list(separate.values()))
    storage = extra["way"] == "storage_only"
    sums = people_sums(extra.loc[~storage])
    return Together(
        answer=answer,
        separate=separate,
        extra=extra,
        when_one_ends=_when_one_ends(answer, separate),
        totals={**sums, "storage_only_customers": int(storage.sum())},
    )


def _alone(network: Network, code: str, bursts: Sequence[Burst], states: Mapping[str, list[str]]) -> Shutoff:
    """Return the answer for one work."""
    try:
        return shutoff(network, bursts, **states)
    except InputError as error:
        raise InputError(f"the work {code!r}: {error.found}", todo=error.todo) from error


def _extra(answer: Shutoff, alone: list[Shutoff]) -> pd.DataFrame:
    """Return who is in the answer for the set and in that of no single work."""
    lost = {code for one in alone for part in (one.isolated, one.unintended) for code in part.customers["code"]}
    stored = {code for one in alone for code in one.storage_only.customers["code"]}
    dark, held = answer.unintended.customers, answer.storage_only.customers  # what is isolated is so by a single work
    parts = (
        dark.loc[~dark["code"].isin(lost)].assign(way="unintended"),
        held.loc[~held["code"].isin(lost | stored)].assign(way="storage_only"),
    )
    return pd.concat(parts, ignore_index=True)


def _when_one_ends(answer: Shutoff, separate: Mapping[str, Shutoff]) -> pd.DataFrame:
    """Return the devices that single works must close and the set need not, in the order of their codes."""
    must = [one.must_close.assign(works=code) for code, one in separate.items()]
    rows = pd.concat(must, ignore_index=True)
    rows = rows.loc[~rows["code"].isin(answer.must_close["code"])]
    names = rows.groupby("code")["works"].agg(",".join)
    first = rows.drop_duplicates("code").sort_values("code", ignore_index=True)
    return first.drop(columns=["order", "distance_m", "works"]).assign(works=first["code"].map(names).astype("str"))


def overlaps(works: pd.DataFrame) -> pd.DataFrame:
    """Return every largest set of works that run at the same time.

    Parameters
    ----------
    works
        ``code``, and ``starts_at`` and ``ends_at`` as aware times. A work that ends at the moment in which
        another starts does not coincide with it.

    Returns
    -------
    DataFrame
        ``starts_at`` and ``ends_at`` of the time that a set has in common, and its ``codes`` as a tuple in the
        order of ``works``; in the order of time. Works that coincide with no other are in none.

    Raises
    ------
    InputError
        When a work has no start, no end, or does not end after its start.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.to_datetime(["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-05", "2026-11-07"], utc=True)
    >>> works = pd.DataFrame({"code": ["A", "B", "C"], "starts_at": days[[0, 1, 3]], "ends_at": days[[2, 3, 4]]})
    >>> overlaps(works)["codes"].tolist()
    [('A', 'B')]
    """
    wrong = ~(works["ends_at"] > works["starts_at"])  # a missing time is wrong too
    if wrong.any():
        row = works.loc[wrong].iloc[0]
        raise InputError(
            f"the work {row['code']!r} runs from {row['starts_at']} to {row['ends_at']}",
            todo="give a start and an end after it",
        )
    found: list[tuple[str, ...]] = []
    for moment in sorted(works["starts_at"].unique()):  # a largest set begins when its last work does
        running = (works["starts_at"] <= moment) & (works["ends_at"] > moment)
        codes = tuple(works.loc[running, "code"])
        found = [one for one in found if not set(one) <= set(codes)]
        if len(codes) > 1 and not any(set(codes) <= set(one) for one in found):
            found.append(codes)
    spans = [works.loc[works["code"].isin(codes)] for codes in found]
    return pd.DataFrame(
        {
            "starts_at": pd.DatetimeIndex([span["starts_at"].max() for span in spans], tz="UTC"),
            "ends_at": pd.DatetimeIndex([span["ends_at"].min() for span in spans], tz="UTC"),
            "codes": pd.Series(found, dtype=object),
        }
    )
