"""Boundary plans that the page has open: loaded and counted once, then carried on change by change."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dashboards.drafting import limits_of, plan_now, plans_listed, units_of_store
from dashboards.planner.figures import grid_rows
from dashboards.snapshot import LOAD_TABLES, Snapshot
from gisapp.errors import GisappError, InputError
from gisapp.grids.changes import Change
from gisapp.grids.plan_checks import plan_faults
from gisapp.grids.plan_load import PlanLoad, plan_load
from gisapp.grids.plans import Plan
from gisapp.store.planning import Draft

_COUNTED = (*LOAD_TABLES, "posts")
_MOST = 6  # plans kept in memory
DRAFTS = "drafts"  # what is counted for them takes two seconds of a processor in a city
DRAWN_M = 5.0  # what a border on the map may leave out: corners of triangles smaller than the square of this


@dataclass(frozen=True, eq=False)
class Opened:
    """A plan with its figures, as one version of it stands."""

    draft: Draft
    load: PlanLoad
    at: pd.Timestamp
    revisions: tuple[int, ...]

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.draft.plan

    @property
    def mark(self) -> dict[str, Any]:
        """Return what the browser keeps of it, to say which version it looks at."""
        history = self.draft.history
        steps = {"steps": len(history.done), "undone": len(history.undone), "locked": sorted(self.plan.locked)}
        return {"plan": self.draft.code, "version": self.draft.version, "status": self.draft.status} | steps

    @cached_property
    def figures(self) -> pd.DataFrame:
        """The workload of every grid."""
        return self.load.figures()

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows of the table."""
        rows = grid_rows(self.figures, self.load.grids)
        return rows.assign(locked=rows["code"].isin(self.plan.locked))

    @cached_property
    def drawn(self) -> gpd.GeoDataFrame:
        """The grids as the map draws them: their borders simplified alike on both sides."""
        shapes = shapely.coverage_simplify(self.load.grids.geometry.to_numpy(), DRAWN_M)
        return self.load.grids.set_geometry(gpd.GeoSeries(shapes, crs=self.plan.crs).rename("geom"))

    def done(self, change: Change, version: int) -> Opened:
        """Return the plan after one more change."""
        draft = replace(self.draft, version=version, history=self.draft.history.add(change))
        return replace(self, draft=draft, load=self.load.after(change))

    def as_in(self, draft: Draft) -> Opened | None:
        """Return what another version of the plan is, carried over from this one; None where they began apart."""
        old, new = self.draft.history.done, draft.history.done
        common = 0
        while common < min(len(old), len(new)) and _same(old[common], new[common]):
            common += 1
        load = self.load
        for change in reversed(old[common:]):
            load = load.before(change)
        for change in new[common:]:
            load = load.after(change)
        if not np.array_equal(load.plan.unit, draft.plan.unit):
            return None
        return replace(self, draft=draft, load=replace(load, plan=draft.plan))


class Drafts:
    """The plans of one server that are open; many threads may ask, one of them loads."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._kept: dict[str, Opened] = {}
        self._before: dict[tuple[str, int], gpd.GeoDataFrame] = {}

    def listed(self) -> pd.DataFrame:
        """Return every plan, the newest first."""
        return plans_listed(self.snapshot.store, pd.Timestamp.now("UTC"))

    def of(self, code: str, *, anew: bool = False) -> Opened:
        """Return a plan as it is stored now; ``anew`` counts again if customers, pipes or incidents have changed.

        Raises
        ------
        InputError
            When there is no such plan.
        """
        with self._lock:
            lock = self._locks.setdefault(code, threading.Lock())
        with lock:
            head = self._head(code)
            kept = self._kept.get(code)
            if anew and kept is not None and kept.revisions != self._revisions():
                kept = None
            if kept is None or kept.draft.version != head["version"] or kept.draft.status != head["status"]:
                kept = self._loaded(code, kept)
            if kept.load.weights != self.snapshot.weights():
                kept = replace(kept, load=replace(kept.load, weights=self.snapshot.weights()))
            self.keep(kept)
            return kept

    def faults(self, opened: Opened) -> gpd.GeoDataFrame:
        """Return what is wrong with a plan from now on, limits that it must not cross included."""
        store, now = self.snapshot.store, pd.Timestamp.now("UTC").floor("min")
        limits = limits_of(store, opened.draft.across)
        return plan_faults(opened.plan, posts=store.table("posts"), since=now, limits=limits)

    def keep(self, opened: Opened) -> None:
        """Keep a plan as it stands now, and how its last versions were drawn."""
        with self._lock:
            code = opened.draft.code
            self._kept.pop(code, None)
            self._kept[code] = opened
            self._before[code, opened.draft.version] = opened.drawn
            for old in list(self._kept)[:-_MOST]:
                del self._kept[old]
            for key in list(self._before)[: -4 * _MOST]:
                del self._before[key]

    def drawn_before(self, mark: dict[str, Any] | None) -> gpd.GeoDataFrame | None:
        """Return how a version that a browser looks at was drawn; None if that is not known any more."""
        with self._lock:
            return self._before.get((mark["plan"], mark["version"])) if mark else None

    def _head(self, code: str) -> pd.Series:
        listed = self.listed()
        found = listed[listed["code"] == code]
        if found.empty:
            raise InputError(f"there is no plan {code!r}", todo="choose one of the list", field="plan")
        return found.iloc[0]

    def _loaded(self, code: str, kept: Opened | None) -> Opened:
        """Return a plan from the store; only what differs from the one that is open is counted."""
        draft = self.snapshot.store.plans.load(code)
        carried = kept.as_in(draft) if kept is not None else None
        if carried is not None:
            return carried
        self.snapshot.want(DRAFTS)
        load, now, revisions = counted(draft.plan, self.snapshot)
        return Opened(draft, load, now, revisions)

    def _revisions(self) -> tuple[int, ...]:
        return _revisions(self.snapshot)


def ready(snapshot: Snapshot) -> None:
    """Count the stored units, so that a draft opens at once: at first, and while drafts are opened."""
    store = snapshot.store
    if snapshot.wanted(DRAFTS) and not store.table("unit_grids").empty and not store.table("grids").empty:
        with suppress(GisappError):  # whoever opens a draft is told
            counted(plan_now(store, units_of_store(store)), snapshot)


def counted(plan: Plan, snapshot: Snapshot) -> tuple[PlanLoad, pd.Timestamp, tuple[int, ...]]:
    """Return what the units of a plan carry, up to when, and of which tables: units that are counted stay so."""

    def make() -> tuple[PlanLoad, pd.Timestamp, tuple[int, ...]]:
        revisions, now = _revisions(snapshot), snapshot.as_of()
        tables = snapshot.figured(*_COUNTED)
        return plan_load(plan, tables=tables, now=now, weights=snapshot.weights()), now, revisions

    load, now, revisions = snapshot.derived(("units counted", snapshot.open_rules), _COUNTED, make)
    return load.of(plan), now, revisions


def _revisions(snapshot: Snapshot) -> tuple[int, ...]:
    return tuple(snapshot.revision(name) for name in _COUNTED)


def _same(one: Change, other: Change) -> bool:
    """Return whether two changes are one: the very object, or the same to the last bit."""
    return one is other or one.as_text() == other.as_text()
