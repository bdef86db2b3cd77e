"""The collections of OGC API - Features: which rows each holds, what is told of them, who may read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from dashboards.access import Permission, Person
from dashboards.scope import seen
from dashboards.snapshot import Snapshot
from dashboards.standards.notices import Notices
from gisapp.reports.published import published_table
from gisapp.reports.shared import shared
from gisapp.retention import require_extent
from gisapp.tables import TABLES
from gisapp.tables.column import Column


@dataclass(frozen=True)
class Collection:
    """One collection.

    Parameters
    ----------
    name, needs
        As it stands in addresses, and the permission without which it is not told.
    rows
        Gives its rows in a language, whole and in the project's CRS; the same frame until something changes.
    told
        What of some rows may leave the house; the columns are the properties.
    key
        The columns that name a feature.
    times
        The columns of its first and last moment, the same for one moment; empty for features without time.
    columns
        What is told, as the data dictionary knows it.
    seen
        Tells which rows a person sees; None where everybody who may read the collection sees all.
    require
        Raises :class:`~gisapp.errors.InputError` when the rows that match one request are more than may leave at once.
    """

    name: str
    needs: Permission
    rows: Callable[[str], gpd.GeoDataFrame]
    told: Callable[[gpd.GeoDataFrame], pd.DataFrame]
    key: tuple[str, ...]
    times: tuple[str, str] | None
    columns: tuple[Column, ...] = field(repr=False)
    seen: Callable[[Person, gpd.GeoDataFrame], np.ndarray] | None = None
    require: Callable[[gpd.GeoDataFrame], None] | None = None

    def rows_of(self, person: Person | None, language: str) -> gpd.GeoDataFrame:
        """Return the rows that a person sees, nobody in particular (None) where the collection is public."""
        rows = self.rows(language)
        if self.seen is None or person is None:
            return rows
        mine = self.seen(person, rows)
        return rows if mine.all() else rows[mine].reset_index(drop=True)

    def ids(self, rows: pd.DataFrame) -> np.ndarray:
        """Return what names each feature: its code, behind its utility where two share codes."""
        parts = [rows[name].astype(str).to_numpy(dtype=object) for name in self.key]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined + ":" + part
        return joined


def collections_of(kept: Snapshot, notices: Notices) -> Mapping[str, Collection]:
    """Return the collections of a store by name."""

    def masked(name: str) -> Callable[[gpd.GeoDataFrame], pd.DataFrame]:
        return lambda rows: shared(rows, name, kept.store.rule_book).drop(columns="geom")

    def open_incidents(_language: str) -> gpd.GeoDataFrame:
        return kept.incidents()

    made = (
        Collection(
            "grids",
            Permission.GRIDS_VIEW,
            lambda _: kept.grids(),
            masked("grids"),
            ("code",),
            ("valid_from", "valid_to"),
            _columns("grids"),
        ),
        Collection(
            "shutoffs",
            Permission.PUBLIC,
            lambda language: published_table(notices.told(), kept.store.crs, language),
            lambda rows: rows.drop(columns="geom"),
            ("code",),
            ("starts_at", "ends_at"),
            SHUTOFF_COLUMNS,
        ),
        Collection(
            "incidents",
            Permission.INCIDENTS_VIEW,
            open_incidents,
            masked("incidents"),
            ("code",),
            ("reported_at", "reported_at"),
            _columns("incidents"),
            lambda person, rows: seen(person, rows, np.zeros(len(rows), bool), kept.store.table("incident_steps")),
        ),
        Collection(
            "pipes",
            Permission.NETWORK_EXPORT,
            lambda _: kept.store.table("links"),
            masked("links"),
            ("utility", "code"),
            None,
            _columns("links"),
            require=lambda rows: require_extent(tuple(rows.total_bounds), kept.store.retention.keeping()),
        ),
    )
    return {one.name: one for one in made}


def _columns(name: str) -> tuple[Column, ...]:
    return tuple(column for column in TABLES[name].columns if not column.personal)


SHUTOFF_COLUMNS = (
    *(Column(name, required=True) for name in ("code", "utility", "kind", "state")),
    *(Column(name, "time") for name in ("starts_at", "ends_at")),
    Column("updated_at", "time", required=True),
    *(Column(name) for name in ("title", "place", "communities")),
    Column("households", "int"),
)


def values(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON can say them: moments in UTC, None where nothing stands."""
    plain = {}
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        told = column.astype(object)
        plain[name] = told.where(column.notna(), None).tolist()
    return [dict(zip(plain, row, strict=True)) for row in zip(*plain.values(), strict=True)]
