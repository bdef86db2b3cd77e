"""The workload of every grid of a plan while it is edited: only units that a change cut are counted again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.grids.changes import Change
from gisapp.grids.plans import Places, Plan, plan_grids
from gisapp.grids.workload import WEIGHTS, figures, measures

_LOAD = ("customers", "links", "devices", "incidents")


@dataclass(frozen=True)
class PlanLoad:
    """A plan with what lies in each of its units and grids.

    Attributes
    ----------
    plan
        The plan.
    units
        The measures of :func:`gisapp.grids.workload` of each unit, in their order.
    grids
        The grids of the plan, as :func:`plan_grids` gives them.
    tables
        ``customers``, ``links``, ``devices``, ``incidents`` and ``posts``.
    now
        The present moment.
    named
        The measures of incidents without a position, by the code of the grid that they name.
    """

    plan: Plan
    units: pd.DataFrame
    grids: gpd.GeoDataFrame
    tables: Mapping[str, Any]
    now: pd.Timestamp
    named: pd.DataFrame

    def after(self, change: Change) -> Self:
        """Return the same after a change: figures of units that it did not cut stay, those of pieces are counted."""
        return self._at(change.done(self.plan), change)

    def before(self, change: Change) -> Self:
        """Return the same before a change that is undone."""
        return self._at(change.undone(self.plan), change)

    def figures(self, *, weights: Mapping[str, float] = WEIGHTS) -> pd.DataFrame:
        """Return what :func:`gisapp.grids.workload` returns for the grids of the plan, added up from the units.

        A point or a stretch of pipe exactly on a border of two grids belongs to the unit that comes first by
        code; counted anew it belongs to the grid that comes first.
        """
        sums = self.units.groupby(self.plan.grid).sum()
        whole = sums.add(self.named.reindex(sums.index, fill_value=0)).astype(self.units.dtypes)
        found = whole.loc[self.grids["code"]].reset_index(drop=True)
        return figures(self.grids, found, posts=self.tables["posts"], now=self.now, weights=weights)

    def _at(self, plan: Plan, change: Change) -> Self:
        known = pd.Index(self.plan.unit).get_indexer(pd.Index(plan.unit))
        fresh = np.flatnonzero(known < 0)
        units = self.units.iloc[known].reset_index(drop=True)
        if len(fresh):
            units.iloc[fresh] = self._counted(plan, fresh).to_numpy()
        return replace(self, plan=plan, units=units.astype(self.units.dtypes), grids=self._drawn(plan, change))

    def _counted(self, plan: Plan, fresh: Places) -> pd.DataFrame:
        """Return the measures of new pieces, from the rows near them.

        Their neighbours stand beside them in the order of the plan, so that what is on a border goes to the
        same unit as if all were counted.
        """
        box = shapely.box(*shapely.total_bounds(plan.shape[fresh]))
        around = plan.near(box)
        near = {name: _near(self.tables[name], box) for name in _LOAD}
        found = measures(_blocks(plan, around), **near, now=self.now).iloc[:-1]
        return found.iloc[np.searchsorted(around, fresh)]

    def _drawn(self, plan: Plan, change: Change) -> gpd.GeoDataFrame:
        """Return the grids with those of a change drawn anew."""
        present = set(plan.codes)
        touched = [code for code in change.grids if code in present]
        stay = self.grids[~self.grids["code"].isin(change.grids)]
        drawn = pd.concat([stay, plan_grids(plan, touched)]) if touched else stay
        return gpd.GeoDataFrame(drawn.sort_values("code", ignore_index=True), geometry="geom", crs=plan.crs)


def plan_load(plan: Plan, *, tables: Mapping[str, Any], now: pd.Timestamp) -> PlanLoad:
    """Return what lies in the units and grids of a plan, all of it counted.

    Parameters
    ----------
    plan
        The plan.
    tables
        ``customers``, ``links``, ``devices``, ``incidents`` and ``posts``, in the plan's CRS.
    now
        The present moment, with its zone.
    """
    load = {name: tables[name] for name in _LOAD}
    units = measures(_blocks(plan, np.arange(len(plan.unit))), **load, now=now).iloc[:-1]
    return PlanLoad(plan, units, plan_grids(plan), tables, now, _named(plan, tables, now))


def _named(plan: Plan, tables: Mapping[str, Any], now: pd.Timestamp) -> pd.DataFrame:
    """Return the measures of incidents without a position for each grid that they name."""
    incidents = tables["incidents"]
    lost = incidents[incidents.geometry.isna() | incidents.geometry.is_empty]
    codes = sorted(set(lost["grid_code"].dropna()))
    shape = np.full(len(codes), plan.shape[0], dtype=object)  # where they are does not matter: nothing is located
    grids = gpd.GeoDataFrame({"code": pd.array(codes, dtype="str")}, geometry=shape, crs=plan.crs)
    none = {name: tables[name].iloc[:0] for name in _LOAD if name != "incidents"}
    return measures(grids, **none, incidents=lost, now=now).iloc[:-1].set_index(pd.Index(codes))


def _blocks(plan: Plan, places: Places) -> gpd.GeoDataFrame:
    codes = pd.array(plan.unit[places], dtype="str")
    return gpd.GeoDataFrame({"code": codes}, geometry=plan.shape[places], crs=plan.crs)


def _near(frame: gpd.GeoDataFrame, box: shapely.Geometry) -> gpd.GeoDataFrame:
    """Return the rows of a table that meet a box; the frame keeps its index of places."""
    return frame.iloc[np.sort(frame.sindex.query(box))].reset_index(drop=True)
