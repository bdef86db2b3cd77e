"""Tables in memory, keyed by their revision, and read again when any program wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

import geopandas as gpd
import pandas as pd
import pyproj
from sqlalchemy import Connection

from gisapp.errors import InputError, UnavailableError
from gisapp.store.connect import Connections
from gisapp.store.databases import database_of
from gisapp.store.geometry import decode
from gisapp.store.rows import column_of, parsed_times, uncollected
from gisapp.tables import TABLES, Table

SETTLED = timedelta(seconds=5)
"""For so long after a database has gone a table that has moved since it was read is not taken from memory.

Whoever has asked for its revision just before would take the older rows for the newer ones, and keep them.
"""


@dataclass
class _Cached:
    """Columns of one table at one revision, and the frames made of them."""

    revision: int
    columns: dict[str, Any] = field(default_factory=dict)
    frames: dict[tuple[str, ...], pd.DataFrame] = field(default_factory=dict)


class Snapshots:
    """The tables of one store as frames that nobody changes."""

    def __init__(self, connections: Connections, crs: pyproj.CRS) -> None:
        self._connections, self._crs = connections, crs
        self._revisions = connections.database.revisions(connections.readers)
        self._locks = {name: Lock() for name in TABLES}
        self._cache: dict[str, _Cached] = {}
        self._told: dict[str, int] = {}

    def revisions(self) -> dict[str, int]:
        """Return the revision of every table; while the database is away, of those that are in memory."""
        reach = self._connections.reach
        try:
            with self._connections.answered():
                self._told = self._revisions.ask()
        except UnavailableError:
            if not self._told:
                raise
            if reach.away_for() >= SETTLED:
                return self._told | {name: cached.revision for name, cached in list(self._cache.items())}
        return dict(self._told)

    def table(self, name: str, columns: Sequence[str] | None) -> pd.DataFrame:
        """Return the rows of a table in the order in which they came, all of one moment."""
        if name not in TABLES:
            raise InputError(f"there is no table {name!r}", todo=f"choose one of {', '.join(TABLES)}")
        wanted = _wanted(TABLES[name], columns)
        revision = self.revisions()[name]
        with self._locks[name]:
            cached = self._cache.get(name)
            if cached is None or cached.revision < revision or not cached.columns.keys() >= set(wanted):
                cached = self._cache[name] = self._filled(TABLES[name], wanted, cached)
            if wanted not in cached.frames:
                cached.frames[wanted] = self._frame(cached, wanted)
            return cached.frames[wanted]

    def _filled(self, table: Table, wanted: tuple[str, ...], cached: _Cached | None) -> _Cached:
        """Return the cache with the wanted columns in it, started anew if the table moved on."""
        with self._connections.reading() as connection:
            rev = connection.exec_driver_sql("SELECT rev FROM layer_rev WHERE name = ?", (table.name,)).scalar_one()
            if cached is None or cached.revision != rev:
                cached = _Cached(rev)
            missing = [column for column in wanted if column not in cached.columns]
            with uncollected():
                kinds = {column.name: column.kind for column in table.columns} | {"geom": "geom"}
                asked = {column: kinds[column] for column in missing}
                cached.columns |= self._connections.database.read_columns(connection, table.name, asked)
        return cached

    def _frame(self, cached: _Cached, wanted: tuple[str, ...]) -> pd.DataFrame:
        """Return columns as a frame."""
        columns = {column: cached.columns[column] for column in wanted if column != "geom"}
        count = len(next(iter(cached.columns.values())))
        frame = pd.DataFrame(columns, copy=False, index=pd.RangeIndex(count))
        if "geom" in wanted:
            frame["geom"] = gpd.GeoSeries(cached.columns["geom"], crs=self._crs)
            frame = gpd.GeoDataFrame(frame, geometry="geom")
        return frame

    def close(self) -> None:
        """Give back what tells the revisions."""
        self._revisions.close()


def _wanted(table: Table, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns asked for, in the table's order."""
    known = [column.name for column in table.columns] + (["geom"] if table.geometry else [])
    if columns is None:
        return tuple(known)
    unknown = set(columns) - set(known)
    if unknown or not columns:
        raise InputError(f"unknown column {sorted(unknown)} in {table.name}", todo=f"choose of {', '.join(known)}")
    return tuple(column for column in known if column in columns)


def read_where(connection: Connection, table: Table, column: str, value: object) -> pd.DataFrame:
    """Return the few rows of a table without geometry in which ``column`` is ``value``."""
    return _rows(connection, table, f'"{column}" = ?', (value,))


def read_among(
    connection: Connection, table: Table, column: str, values: Iterable[object], crs: pyproj.CRS | None = None
) -> pd.DataFrame:
    """Return the few rows of a table in which ``column`` is one of ``values``, with their geometry if it has one."""
    among = f'"{column}" IN ({database_of(connection).LISTED})'
    frame = _rows(connection, table, among, (json.dumps(list(values)),), geometry=bool(table.geometry))
    if not table.geometry:
        return frame
    return gpd.GeoDataFrame(frame.assign(geom=gpd.GeoSeries(frame["geom"], crs=crs)), geometry="geom")


def _rows(
    connection: Connection, table: Table, where: str, given: tuple[object, ...], *, geometry: bool = False
) -> pd.DataFrame:
    """Return the rows of a table for which a condition holds."""
    names = [known.name for known in table.columns]
    listed = ", ".join(f'"{name}"' for name in [*names, *(["geom"] if geometry else [])])
    found = connection.exec_driver_sql(
        f'SELECT {listed} FROM "{table.name}" WHERE {where} ORDER BY fid', given
    ).fetchall()
    frame: dict[str, Any] = {}
    for at, known in enumerate(table.columns):
        values: Any = [row[at] for row in found]
        if known.kind == "time":
            values = parsed_times(values, f"{table.name}.{known.name}")
        frame[known.name] = column_of(values, known.kind)
    if geometry:
        frame["geom"] = decode([row[-1] for row in found])
    return pd.DataFrame(frame)
