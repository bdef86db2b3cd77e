"""Reports of one thing: which may be of the same, which incident they were merged into, which of them came first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gisapp.counting import counted

ONE_CAUSE = ("leak", "burst", "no_supply", "low_pressure", "quality", "meter_well_leak")
"""Types that one broken main may be reported as."""


def alike(
    rows: gpd.GeoDataFrame,
    place: shapely.Point | None,
    *,
    kind: str,
    utility: str | None,
    at: datetime,
    account: str | None = None,
    within_m: float,
    within_h: float,
) -> pd.DataFrame:
    """Return which incidents another report may be of the same thing as, those of its account first, then by distance.

    Parameters
    ----------
    rows
        Open incidents in the shape of the table of that name; merged ones are left out.
    place
        Where the other was reported, in the CRS of ``rows``; None where that is not known.
    kind, utility
        Its type and utility: of the same type, or both of :data:`ONE_CAUSE`.
    at, account
        When it was reported, and for which account.
    within_m, within_h
        How far apart two reports of one thing may lie, edges included.

    Returns
    -------
    DataFrame
        ``code``, ``apart_m`` (NaN where a place is not known), ``apart_h``, ``same_account``.
    """
    kinds = list(ONE_CAUSE) if kind in ONE_CAUSE else [kind]
    some = rows[rows["type"].isin(kinds).to_numpy() & rows["duplicate_of"].isna().to_numpy()]
    if utility is not None:
        some = some[(some["utility"].isna() | (some["utility"] == utility)).to_numpy()]
    points = some.geometry.to_numpy()
    apart_m = np.full(len(some), np.nan) if place is None else shapely.distance(points, place)
    apart_h = (some["reported_at"] - pd.Timestamp(at)).abs() / pd.Timedelta(hours=1)
    same = (some["customer_code"] == account).fillna(False).to_numpy(dtype=bool) if account else False
    found = pd.DataFrame({"code": some["code"], "apart_m": apart_m, "apart_h": apart_h, "same_account": same})
    near = (found["apart_m"] <= within_m) | found["same_account"]
    found = found[near & (found["apart_h"] <= within_h)]
    order = ["same_account", "apart_m", "apart_h", "code"]
    return found.sort_values(order, ascending=[False, True, True, True], ignore_index=True)


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
    told = pd.DataFrame({name: incidents[name] for name in ("code", "duplicate_of", "reported_at")})
    mains = among(incidents["code"], set(incidents["duplicate_of"].dropna().tolist()))
    real = told[~counted(incidents)["drill"].to_numpy() & (mains | incidents["duplicate_of"].notna().to_numpy())]
    rows = real.assign(into=real["duplicate_of"].fillna(real["code"]))
    rows = rows[among(rows["into"], set(rows["duplicate_of"].dropna().tolist()))].sort_values(
        ["into", "reported_at", "code"]
    )
    groups = rows.groupby("into", sort=True)
    return pd.DataFrame(
        {
            "incident_code": groups.size().index.to_list(),
            "reports": groups.size().to_numpy(),
            "first_code": groups["code"].first().to_numpy(),
            "first_reported_at": groups["reported_at"].first().array,
        }
    )


def among(column: pd.Series, values: Collection[object]) -> npt.NDArray[np.bool_]:
    """Return which rows of a column hold one of the values; of many thousand texts much sooner than ``isin``."""
    return np.fromiter((value in values for value in column.tolist()), dtype=np.bool_, count=len(column))
