"""Who loses supply, in the ways that texts and screens tell it: by way, community, building, grid, critical use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.grids import assign, grids_at, leaders_at
from gisapp.network import Shutoff
from gisapp.network.attach import rows_of
from gisapp.operations import Operation
from gisapp.operations.postings import postings
from gisapp.reports.lookup import looked_up

WAYS = ("isolated", "unintended", "storage_only", "already_dry")
BECAUSE = ("isolated", "unintended")
"""The ways that a shutoff itself is the cause of; its sums are over these."""


@dataclass(frozen=True, eq=False)
class Lost:
    """Who loses supply.

    Parameters
    ----------
    ways
        One row a way of :data:`WAYS`: way, customers, households, people, length_m, hydrants.
    customers
        One row a customer, by code: code, kind, critical, households, people, building_code, way, community_code,
        grid_code, geom (the service point, None where it is not known).
    communities
        code, name, customers, households, people, buildings, posted_at, posted_by; most households first.
        Like the sums, it counts those that lose supply because of this shutoff.
    buildings
        code, name, kind, community_code, customers, households, way (the worst), in the order of the communities.
    critical
        code, kind, households, people, way, community (name), building (code), told_at, told_by,
        alternative_at, alternative (what was arranged), in every way; never a name of a person.
    grids
        code, name, leader (person code), customers, households; most households first.
    elsewhere
        Customers without supply because of this shutoff who are in no community.
    """

    ways: pd.DataFrame
    customers: gpd.GeoDataFrame
    communities: pd.DataFrame
    buildings: pd.DataFrame
    critical: pd.DataFrame
    grids: pd.DataFrame
    elsewhere: int


def lost_in(
    answer: Shutoff, tables: Mapping[str, pd.DataFrame], operation: Operation | None, now: pd.Timestamp
) -> Lost:
    """Return who loses supply by an answer.

    Parameters
    ----------
    operation
        Says who has been told and where notices hang.
    now
        Which grids and leaders hold; moments are told in its zone.
    """
    customers = _customers(answer, tables, now)
    hit = customers[customers["way"].isin(BECAUSE)]
    log = _Log(operation, now)
    communities = _communities(hit, tables["communities"], log)
    return Lost(
        ways=_ways(answer),
        customers=customers,
        communities=communities,
        buildings=_buildings(hit, tables["buildings"], communities["code"]),
        critical=_critical(customers, tables, log),
        grids=_grids(hit, tables, now),
        elsewhere=int(hit["community_code"].isna().sum()),
    )


@dataclass(frozen=True, eq=False)
class _Log:
    """The steps of an operation, if there is one, and the zone in which their moments are told."""

    operation: Operation | None
    now: pd.Timestamp

    def posted(self, communities: pd.DataFrame) -> pd.DataFrame:
        """Return communities with when and by whom the notice was posted there."""
        if self.operation is None:
            none = pd.Series(pd.NaT, index=communities.index, dtype=f"datetime64[ms, {self.now.tz}]")
            return communities.assign(posted_at=none, posted_by=pd.Series(None, communities.index, dtype="str"))
        listed = postings(self.operation, communities).drop(columns="posted_where")
        return listed.assign(posted_at=listed["posted_at"].dt.tz_convert(self.now.tz))

    def last(self, action: str, codes: pd.Series, column: str = "actor") -> tuple[pd.Series, pd.Series]:
        """Return when a step was last taken for each code, and by whom (or its value); missing where it was not."""
        if self.operation is None:
            times = pd.Series(pd.NaT, index=codes.index, dtype=f"datetime64[ms, {self.now.tz}]")
            return times, pd.Series(None, index=codes.index, dtype="str")
        said = self.operation.said(action).dropna(subset="subject")
        times, values = (looked_up(codes, said, name, key="subject") for name in ("at", column))
        return pd.to_datetime(times, utc=True).dt.tz_convert(self.now.tz), values


def _ways(answer: Shutoff) -> pd.DataFrame:
    """Return the sums of every way."""
    rows = []
    for way in WAYS:
        part = getattr(answer, way)
        rows.append(
            {
                "way": way,
                "customers": len(part.customers),
                "households": int(part.customers["households"].sum()),
                "people": int(part.customers["people"].sum()),
                "length_m": float(part.links["length_m"].sum()),
                "hydrants": len(part.hydrants),
            }
        )
    return pd.DataFrame(rows)


def _customers(answer: Shutoff, tables: Mapping[str, pd.DataFrame], now: pd.Timestamp) -> gpd.GeoDataFrame:
    """Return every customer without supply with service point, community and grid."""
    columns = ["code", "kind", "critical", "households", "people", "building_code"]
    parts = [getattr(answer, way).customers[columns].assign(way=way) for way in WAYS]
    lost = pd.concat(parts, ignore_index=True).sort_values("code", ignore_index=True)
    known = tables["customers"]
    row = rows_of(known["code"], lost["code"])
    points = np.full(len(lost), None, dtype=object)
    points[row >= 0] = known.geometry.to_numpy()[row[row >= 0]]
    frame = gpd.GeoDataFrame(lost, geometry=gpd.GeoSeries(points, crs=known.crs), crs=known.crs)
    frame = frame.rename_geometry("geom")
    frame["community_code"] = _community_of(frame, tables)
    grids = grids_at(tables["grids"], now)
    frame["grid_code"] = assign(frame.geometry, grids)["grid"] if len(grids) else pd.Series(None, frame.index, "str")
    return frame


def _community_of(customers: gpd.GeoDataFrame, tables: Mapping[str, pd.DataFrame]) -> pd.Series:
    """Return the community of every customer: that of the building, else the polygon that holds the service point."""
    buildings, communities = tables["buildings"], tables["communities"]
    found = looked_up(customers["building_code"], buildings, "community_code")
    bare = np.flatnonzero(found.isna() & ~customers.geometry.isna())
    if len(bare) and len(communities):
        points = customers.geometry.to_numpy()[bare]
        point, row = shapely.STRtree(communities.geometry.to_numpy()).query(points, predicate="intersects")
        first = np.unique(point, return_index=True)[1]
        codes = communities["code"].to_numpy(dtype=object)
        found.iloc[bare[point[first]]] = codes[row[first]]
    return found


def _communities(hit: pd.DataFrame, communities: pd.DataFrame, log: _Log) -> pd.DataFrame:
    """Return the communities in which somebody loses supply."""
    sums = _sums(hit, "community_code")
    sums["buildings"] = hit.groupby("community_code")["building_code"].nunique().reindex(sums["code"]).to_numpy()
    sums.insert(1, "name", looked_up(sums["code"], communities, "name").fillna(sums["code"]))
    return log.posted(sums)


def _sums(hit: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return customers, households and people by a column of codes, most households first."""
    grouped = hit.groupby(column)
    sums = grouped[["households", "people"]].sum()
    sums.insert(0, "customers", grouped.size())
    sums = sums.astype("int64").rename_axis("code").reset_index()
    return sums.sort_values(["households", "customers", "code"], ascending=[False, False, True], ignore_index=True)


def _buildings(hit: pd.DataFrame, buildings: pd.DataFrame, communities: pd.Series) -> pd.DataFrame:
    """Return the buildings in which somebody loses supply, community by community."""
    sums = _sums(hit, "building_code")
    for name in ("name", "kind", "community_code"):
        sums[name] = looked_up(sums["code"], buildings, name)
    isolated = hit.loc[hit["way"] == "isolated", "building_code"].unique()
    sums["way"] = np.where(sums["code"].isin(isolated), "isolated", "unintended")
    sums["order"] = pd.Index(communities).get_indexer(sums["community_code"])
    sums = sums.sort_values(["order", "code"], ignore_index=True)
    return sums[["code", "name", "kind", "community_code", "customers", "households", "way"]]


def _critical(customers: pd.DataFrame, tables: Mapping[str, pd.DataFrame], log: _Log) -> pd.DataFrame:
    """Return the critical users, the most people first within their way."""
    mine = customers[customers["critical"].notna()]
    table = pd.DataFrame(
        {
            "code": mine["code"],
            "kind": mine["critical"],
            "households": mine["households"].astype("int64"),
            "people": mine["people"],
            "way": mine["way"],
            "community": looked_up(mine["community_code"], tables["communities"], "name"),
            "building": mine["building_code"],
        }
    )
    table["told_at"], table["told_by"] = log.last("tell_customer", table["code"])
    table["alternative_at"], table["alternative"] = log.last("alternative_supply", table["code"], "value")
    table["order"] = table["way"].map({way: order for order, way in enumerate(WAYS)})
    ordered = table.sort_values(["order", "people", "code"], ascending=[True, False, True], ignore_index=True)
    return ordered.drop(columns="order")


def _grids(hit: pd.DataFrame, tables: Mapping[str, pd.DataFrame], now: pd.Timestamp) -> pd.DataFrame:
    """Return the grids in which somebody loses supply, with the leader of each."""
    sums = _sums(hit, "grid_code")
    sums.insert(1, "name", looked_up(sums["code"], grids_at(tables["grids"], now), "name"))
    sums.insert(2, "leader", sums["code"].map(leaders_at(tables["posts"], now)).astype("str"))
    return sums.drop(columns="people")
