"""What counts as an incident in a statistic: one rule, for workload, density and reports alike."""

from __future__ import annotations

import pandas as pd

from gisapp.tables import WITHDRAWN_STATUSES


def counted(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return which incidents count, and why the others do not.

    The columns are ``drill``, ``duplicate``, ``withdrawn`` and ``counts``. A drill did not happen. A row with
    ``duplicate_of``, or in the state ``merged``, is a second report of an incident that has its own row: counted,
    one burst that fifty people call about would be fifty. What was cancelled or rejected is no fault of the
    network and no work. Each row has one reason at most, the first of these.

    Parameters
    ----------
    incidents
        Rows with ``drill``, ``duplicate_of`` and ``status`` in the shape of the table of that name.

    Examples
    --------
    >>> rows = pd.DataFrame({"drill": [False, True], "duplicate_of": [None, None], "status": ["closed", "closed"]})
    >>> counted(rows)["counts"].tolist()
    [True, False]
    """
    drill = incidents["drill"].fillna(False).astype("bool")
    duplicate = (incidents["duplicate_of"].notna() | (incidents["status"] == "merged")) & ~drill
    withdrawn = incidents["status"].isin(WITHDRAWN_STATUSES) & ~drill & ~duplicate
    reasons = {"drill": drill, "duplicate": duplicate, "withdrawn": withdrawn}
    return pd.DataFrame(reasons | {"counts": ~(drill | duplicate | withdrawn)})


def known_until(newest: pd.Timestamp, now: pd.Timestamp) -> pd.Timestamp:
    """Return the moment up to which incidents are known: that of the newest report, now where none is or it is later.

    Parameters
    ----------
    newest
        When the newest incident was reported; missing where there is none.
    now
        The present moment, with its zone.

    Examples
    --------
    >>> known_until(pd.Timestamp("2026-03-01T00:00Z"), pd.Timestamp("2026-11-27T00:00Z")).month
    3
    >>> known_until(pd.NaT, pd.Timestamp("2026-11-27T00:00Z")).month
    11
    """
    return now if pd.isna(newest) else min(newest, now)
