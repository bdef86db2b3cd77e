"""Material that lies ready: what is below its minimum, expired or not checked, and the nearest store that has it."""

from __future__ import annotations

from datetime import datetime

import geopandas as gpd
import pandas as pd
import shapely

from gisapp.crs import require_metres

SOON_DAYS = 30
"""So many days before it expires, or must be checked, material is told as due soon."""


def lacking(materials: pd.DataFrame, *, now: datetime, soon_days: int = SOON_DAYS) -> pd.DataFrame:
    """Return what must be seen to, one row for every reason, in the order of the table.

    Power hall rules V(3)3. Material expires at the moment of ``expires_at``, and its check is late once the days since
    ``checked_at`` are over; what has a term of checks and was never checked is late. What lies exactly at the minimum
    suffices.

    Returns
    -------
    DataFrame
        The columns of the table (no geometry), ``reason`` (``below_minimum``, ``expired``, ``check_late``,
        ``expires_soon``, ``check_soon``) and ``due_at``, the moment that counts.
    """
    moment, soon = pd.Timestamp(now), pd.Timestamp(now) + pd.Timedelta(days=soon_days)
    rows = pd.DataFrame(materials.drop(columns="geom", errors="ignore"))
    check = rows["checked_at"] + pd.to_timedelta(rows["check_days"].astype("float64"), unit="D")
    wanted = rows["check_days"].notna()
    never = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[ms, UTC]")
    expires = rows["expires_at"]
    late = wanted & ((check <= moment) | rows["checked_at"].isna())
    parts = [
        rows[rows["quantity"] < rows["minimum"]].assign(reason="below_minimum", due_at=never),
        rows[expires <= moment].assign(reason="expired", due_at=expires),
        rows[late].assign(reason="check_late", due_at=check),
        rows[(expires > moment) & (expires <= soon)].assign(reason="expires_soon", due_at=expires),
        rows[wanted & ~late & (check <= soon)].assign(reason="check_soon", due_at=check),
    ]
    told = pd.concat([part.astype({"due_at": "datetime64[ms, UTC]"}) for part in parts])
    return told.sort_index(kind="stable").reset_index(drop=True)


def nearest_materials(
    materials: gpd.GeoDataFrame, place: shapely.Point, *, now: datetime, item: str | None = None, most: int = 5
) -> pd.DataFrame:
    """Return material in stock and not expired, the nearest store of every item and size first.

    Parameters
    ----------
    materials
        The table, in a projected CRS in metres.
    place
        Where it is needed, in the same CRS.
    item
        Only what is called so (a part of the name suffices); all stores of it are told, not the nearest alone.
    most
        At most so many rows.

    Returns
    -------
    DataFrame
        The columns of the table without geometry, and ``distance_m``, straight.

    Raises
    ------
    CrsError
        When the material is not in metres.
    """
    require_metres(materials.crs, "materials")
    moment = pd.Timestamp(now)
    usable = materials["expires_at"].isna() | (materials["expires_at"] > moment)
    there = materials[usable & (materials["quantity"] > 0) & materials.geometry.notna()]
    if item is not None:
        there = there[there["item"].str.contains(item, regex=False)]
    told = pd.DataFrame(there.drop(columns="geom")).assign(distance_m=there.distance(place))
    told = told.sort_values(["distance_m", "item", "code"], kind="stable")
    if item is None:
        told = told.drop_duplicates(["item", "size"])
    return told.head(most).reset_index(drop=True)
