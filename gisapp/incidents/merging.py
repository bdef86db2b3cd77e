"""Reports of one thing: which incident they were merged into, and which of them came first."""

from __future__ import annotations

import pandas as pd

from gisapp.counting import counted


def first_reports(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return for every incident that others were merged into which report came first (water rules, Art. 30).

    Whoever reported first is kept, whichever of the reports the others were merged into. Drills are left out.

    Parameters
    ----------
    incidents
        Rows in the shape of the table of that name.

    Returns
    -------
    DataFrame
        One row for each incident with merged reports: ``incident_code``, ``reports`` (with its own), ``first_code``,
        the earliest of them by the moment of its report, and by its code among equals, and ``first_reported_at``.

    Examples
    --------
    >>> at = pd.to_datetime(["2026-11-22T08:10Z", "2026-11-22T08:00Z"])
    >>> rows = pd.DataFrame({"code": ["A", "B"], "duplicate_of": [None, "A"], "reported_at": at, "drill": False,
    ...                      "status": ["closed", "merged"]})
    >>> first_reports(rows)[["incident_code", "reports", "first_code"]].to_numpy().tolist()
    [['A', 2, 'B']]
    """
    real = incidents[~counted(incidents)["drill"].to_numpy()]
    rows = real[["code", "duplicate_of", "reported_at"]].assign(into=real["duplicate_of"].fillna(real["code"]))
    rows = rows[rows["into"].isin(rows["duplicate_of"].dropna())].sort_values(["into", "reported_at", "code"])
    groups = rows.groupby("into", sort=True)
    return pd.DataFrame(
        {
            "incident_code": list(groups.groups),
            "reports": groups.size().to_numpy(),
            "first_code": groups["code"].first().to_numpy(),
            "first_reported_at": groups["reported_at"].first().array,
        }
    )
