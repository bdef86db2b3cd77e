"""What the pages derive from the store's tables, computed once and kept until a table it came from changes.

A figure that two pages show is derived here, so that no screen computes it differently.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import geopandas as gpd
import pandas as pd
from flask import Flask

from dashboards.lagging import Lagging
from gisapp.counting import known_until
from gisapp.density import Cube, incident_cube
from gisapp.errors import UnavailableError
from gisapp.grids import (
    GridIndex,
    coverage_faults,
    grid_index,
    grids_at,
    outside_load,
    turned,
    turns,
    workload,
)
from gisapp.incidents.seeing import open_to_all
from gisapp.network import Criticality, Network, criticality, network_of
from gisapp.reports.concentration import incident_grids
from gisapp.reports.places import Streets
from gisapp.store import Store

Value = TypeVar("Value")
NETWORK_TABLES = ("nodes", "links", "devices", "customers", "connections", "hydrants")
LOAD_TABLES = ("customers", "links", "devices", "incidents")
WAITING = "incidents that wait"
"""In place of ``incidents``, for what must never lag behind what is written (:mod:`dashboards.lagging`)."""
SOON_S = 0.4
MOST_OF_A_KIND = 24
"""Values kept of one kind, such as the exposure of each bandwidth: the one that was asked for longest ago goes."""


@dataclass
class _Kept:
    """One derived value by the revisions of the tables it came from, and the lock of whoever computes it.

    The one before is kept while figures are made anew: until they all move on, screens show it.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    made: Mapping[tuple[int, ...], tuple[object]] = field(default_factory=dict)  # the last one, and the one before


@dataclass(frozen=True, eq=False)
class Ranked:
    """What the failure of each part of a network costs, when that was computed, and from which data.

    ``revision`` counts every change of the tables below it.
    """

    answer: Criticality
    at: pd.Timestamp
    revision: int


class Snapshot:
    """The derived values of one store; many threads may ask, one of them computes."""

    def __init__(self, store: Store, *, basemap: Mapping[str, Any] | None = None) -> None:
        self.store, self.basemap = store, basemap
        self.ahead: Callable[[], None] = lambda: None
        self.after: Callable[[], None] = lambda: None
        """What makes figures ready before screens move on to them, and what is made when they have."""
        self._incidents = Lagging(store, "incidents", made=self._make_ahead, moved=self._forget)
        self._wants: dict[str, bool] = {}
        self._lock = threading.Lock()
        self._kept: dict[object, OrderedDict[object, _Kept]] = {}

    def derived(self, key: object, tables: tuple[str, ...], make: Callable[[], Value]) -> Value:
        """Return ``make()``, computed anew only when one of ``tables`` has changed since.

        Where the store is away and ``make()`` needs it, what it returned last.

        A key is a name, or begins with the name of its kind; of each kind the values asked for last are kept, so that
        a map moved a hundred times never costs the commander the network.
        """
        kept = self._place(key)
        found = self._found(kept, tables)
        if found is None:
            with kept.lock:
                found = self._found(kept, tables)
                if found is None:
                    revisions = self._revisions(tables)  # before make(): too old at worst
                    last = list(kept.made.items())[-1:]
                    try:
                        found = (make(),)
                    except UnavailableError:
                        if not last:
                            raise
                        return cast(Value, last[0][1][0])
                    kept.made = {**dict(last if "incidents" in tables else ()), revisions: found}
        return cast(Value, found[0])

    def _found(self, kept: _Kept, tables: tuple[str, ...]) -> tuple[object] | None:
        return kept.made.get(self._revisions(tables))

    def _revisions(self, tables: tuple[str, ...]) -> tuple[int, ...]:
        known = self.store.revisions()
        return tuple(self._moved(table, known) for table in tables)

    def _moved(self, table: str, known: Mapping[str, int]) -> int:
        return self._incidents.revision if table == "incidents" else known["incidents" if table == WAITING else table]

    def table(self, name: str) -> Any:
        """Return a table of the store; incidents as figures see them."""
        return self._incidents.table if name == "incidents" else self.store.table(name)

    def revision(self, table: str) -> int:
        """Return the revision of a table; of incidents that of the figures, and with :data:`WAITING` the newest."""
        return self._revisions((table,))[0]

    def _make_ahead(self) -> None:
        self.ahead()

    def _forget(self) -> None:
        """Give up what figures of before came from."""
        with self._lock:
            for kept in [one for kind in self._kept.values() for one in kind.values()]:
                kept.made = dict(list(kept.made.items())[-1:])
        self.after()

    def want(self, name: str) -> None:
        """Note that somebody looks at figures that are made ahead only while somebody does."""
        self._wants[name] = True

    def wanted(self, name: str) -> bool:
        """Return whether somebody has looked at such figures since this was asked last; the first time yes."""
        wanted, self._wants[name] = self._wants.get(name, True), False
        return wanted

    def soon(self, key: object, tables: tuple[str, ...], make: Callable[[], Value]) -> Value | None:
        """Return what :meth:`derived` does if it is there or made at once; else None, while it is made."""
        kept = self._place(key)
        found = self._found(kept, tables)
        if found is not None:
            return cast(Value, found[0])
        if not kept.lock.acquire(blocking=False):
            return None
        kept.lock.release()
        made = threading.Thread(target=self.derived, args=(key, tables, make), daemon=True)
        made.start()
        made.join(SOON_S)
        return None if made.is_alive() else self.derived(key, tables, make)

    def _place(self, key: object) -> _Kept:
        """Return where a value is kept; of its kind the one that was asked for longest ago goes."""
        with self._lock:
            kind = self._kept.setdefault(key[0] if isinstance(key, tuple) else key, OrderedDict())
            kept = kind.setdefault(key, _Kept())
            kind.move_to_end(key)
            if len(kind) > MOST_OF_A_KIND:
                kind.popitem(last=False)
            return kept

    @property
    def frame(self) -> str:
        """Return the frame in which maps are drawn: that of the outside base map, wgs84 without one."""
        return str(self.basemap["frame"]) if self.basemap else "wgs84"

    def network(self, utility: str) -> Network:
        """Return the network of one utility."""
        return self.derived(
            ("network", utility), NETWORK_TABLES, lambda: network_of(utility, **self.figured(*NETWORK_TABLES))
        )

    def criticality(self, utility: str) -> Ranked:
        """Return what the failure of each part of a utility's network costs."""

        def make() -> Ranked:
            revision = sum(self.store.revision(table) for table in NETWORK_TABLES)
            return Ranked(criticality(self.network(utility)), pd.Timestamp.now("UTC"), revision)

        return self.derived(("criticality", utility), NETWORK_TABLES, make)

    def grids(self) -> gpd.GeoDataFrame:
        """Return the grids in force now: those of before, and those of a plan to come, are left out."""
        return self.derived(
            ("grids", self.grids_since()), ("grids",), lambda: grids_at(self.store.table("grids"), _now())
        )

    def grids_since(self) -> int:
        """Return how often grids have begun or ended: what is derived from them is kept until they next do."""
        return turned(self.derived("grids change", ("grids",), lambda: turns(self.store.table("grids"))), _now())

    def in_force(self) -> int:
        """Return how often grids or posts have begun or ended: the screens ask anew when they do."""
        tables = ("grids", "posts")
        moments = self.derived("in force", tables, lambda: turns(*(self.store.table(name) for name in tables)))
        return turned(moments, _now())

    def grid_index(self) -> GridIndex:
        """Return the index that finds the grid of a point now."""
        return self.derived(("grid index", self.grids_since()), ("grids",), lambda: grid_index(self.grids()))

    def coverage_faults(self) -> gpd.GeoDataFrame:
        """Return the gaps, overlaps and invalid polygons of the grids; none is right."""
        return self.derived(("coverage faults", self.grids_since()), ("grids",), lambda: coverage_faults(self.grids()))

    @property
    def open_rules(self) -> object:
        """Return what decides which incidents are told to everybody, beside their table."""
        return self.store.kept_rules("incidents")

    def incidents(self) -> gpd.GeoDataFrame:
        """Return the incidents of every figure, row and point that pages show: without those of a restricted category.

        So whoever counts the rows of a place gets its figure. Rows of a :meth:`cube` are rows of this table.
        """
        return self.derived(
            ("open incidents", self.open_rules),
            ("incidents",),
            lambda: open_to_all(self.table("incidents"), self.store.rule_book),
        )

    def as_of(self) -> pd.Timestamp:
        """Return the moment in the store's zone up to which incidents are known: the newest report, or now."""
        newest = self.derived("as of", ("incidents",), self._newest)
        return known_until(newest, _now()).tz_convert(self.store.zone)

    def _newest(self) -> pd.Timestamp:
        return self.table("incidents")["reported_at"].max()

    def workload(self) -> pd.DataFrame:
        """Return one row a grid: who lives there, what lies there, what happened in the year up to :meth:`as_of`."""
        weights = self.weights()
        return self.derived(
            ("workload", self.grids_since(), tuple(weights.items()), self.open_rules),
            ("grids", "posts", *LOAD_TABLES),
            lambda: workload(self.grids(), **self.figured("posts", *LOAD_TABLES), now=self.as_of(), weights=weights),
        )

    def weights(self) -> dict[str, float]:
        """Return the share of each measure in the workload of an average grid, by the rules that hold today."""
        return self.store.workload_weights(_now())

    def outside_load(self) -> pd.Series:
        """Return what of the same lies in no grid."""
        return self.derived(
            ("outside load", self.grids_since(), self.open_rules),
            ("grids", *LOAD_TABLES),
            lambda: outside_load(self.grids(), **self.figured(*LOAD_TABLES), now=self.as_of()),
        )

    def streets(self) -> Streets:
        """Return the streets laid out for telling places by them."""
        return self.derived("streets", ("streets",), lambda: Streets(self.store.table("streets")))

    def cube(self) -> Cube:
        """Return the incidents sorted by type and day, each with its grid of today."""

        def make() -> Cube:
            incidents = self.incidents()
            return incident_cube(incidents, self.store.zone, grids=incident_grids(incidents, self.grids()))

        return self.derived(("cube", self.grids_since(), self.open_rules), ("incidents", "grids"), make)

    def figured(self, *names: str) -> dict[str, Any]:
        """Return tables as figures are made of them."""
        return {name: self.incidents() if name == "incidents" else self.store.table(name) for name in names}


def open_incidents(store: Store) -> gpd.GeoDataFrame:
    """Return the incidents of which figures are made (:func:`gisapp.incidents.seeing.open_to_all`)."""
    return open_to_all(store.table("incidents"), store.rule_book)


def figured(store: Store, *names: str) -> dict[str, Any]:
    """Return tables of a store as figures are made of them."""
    return {name: open_incidents(store) if name == "incidents" else store.table(name) for name in names}


def _now() -> pd.Timestamp:
    return pd.Timestamp.now("UTC")


def keep(server: Flask, store: Store, *, basemap: Mapping[str, Any] | None = None) -> Snapshot:
    """Give ``server`` the one snapshot of ``store`` and return it."""
    snapshot = server.extensions["gisapp.snapshot"] = Snapshot(store, basemap=basemap)
    return snapshot


def snapshot_of(server: Flask) -> Snapshot:
    """Return the snapshot that ``server`` answers from."""
    snapshot: Snapshot = server.extensions["gisapp.snapshot"]
    return snapshot
