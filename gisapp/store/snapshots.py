"""Tables in memory, keyed by their revision, and read again when any program wrote.

Text and times are joined inside the database and come over as one long text a chunk: a third of the time
of a row-wise fetch, and other threads run meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from sqlalchemy import Connection

from gisapp.errors import InputError
from gisapp.store.connect import Connections, plain_errors
from gisapp.store.geometry import decode
from gisapp.store.rows import MS, NO_TIME, column_of, parsed_times, times_of, uncollected
from gisapp.tables import TABLES, Table

_CHUNK = 250_000
_CUT, _NONE = "\x1f", "\x01"


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
        self._poll_lock = Lock()
        self._poll: Any = None
        self._seen = -1
        self._revisions: dict[str, int] = {}
        self._locks = {name: Lock() for name in TABLES}
        self._cache: dict[str, _Cached] = {}

    def revisions(self) -> dict[str, int]:
        """Return the revision of every table; asks only a counter while nobody writes."""
        with self._poll_lock, plain_errors(self._connections.path):
            # One connection of its own: the counter tells what *others* wrote since it last looked.
            if self._poll is None:
                self._poll = self._connections.readers.raw_connection()
            connection: sqlite3.Connection = self._poll.dbapi_connection
            seen = connection.execute("PRAGMA data_version").fetchone()[0]
            if seen != self._seen:
                self._revisions = dict(connection.execute("SELECT name, rev FROM layer_rev").fetchall())
                self._seen = seen
            return dict(self._revisions)

    def table(self, name: str, columns: Sequence[str] | None) -> pd.DataFrame:
        """Return the rows of a table in the order in which they came, all of one moment."""
        if name not in TABLES:
            raise InputError(f"there is no table {name!r}", todo=f"choose one of {', '.join(TABLES)}")
        wanted = _wanted(TABLES[name], columns)
        revision = self.revisions()[name]
        with self._locks[name]:
            cached = self._cache.get(name)
            if cached is None or cached.revision < revision or wanted not in cached.frames:
                cached = self._cache[name] = self._filled(TABLES[name], wanted, cached)
            return cached.frames[wanted]

    def _filled(self, table: Table, wanted: tuple[str, ...], cached: _Cached | None) -> _Cached:
        """Return the cache with the wanted columns in it, started anew if the table moved on."""
        with self._connections.reading() as connection:
            rev = connection.exec_driver_sql("SELECT rev FROM layer_rev WHERE name = ?", (table.name,)).scalar_one()
            if cached is None or cached.revision != rev:
                cached = _Cached(rev)
            missing = [column for column in wanted if column not in cached.columns]
            with uncollected():
                cached.columns |= read_columns(connection, table, missing)
        columns = {column: cached.columns[column] for column in wanted if column != "geom"}
        count = len(next(iter(cached.columns.values())))
        frame = pd.DataFrame(columns, copy=False, index=pd.RangeIndex(count))
        if "geom" in wanted:
            frame["geom"] = gpd.GeoSeries(cached.columns["geom"], crs=self._crs)
            frame = gpd.GeoDataFrame(frame, geometry="geom")
        cached.frames[wanted] = frame
        return cached

    def close(self) -> None:
        """Give back the connection that asks for the counter."""
        with self._poll_lock:
            if self._poll is not None:
                self._poll.close()
                self._poll = None


def _wanted(table: Table, columns: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns asked for, in the table's order."""
    known = [column.name for column in table.columns] + (["geom"] if table.geometry else [])
    if columns is None:
        return tuple(known)
    unknown = set(columns) - set(known)
    if unknown or not columns:
        raise InputError(f"unknown column {sorted(unknown)} in {table.name}", todo=f"choose of {', '.join(known)}")
    return tuple(column for column in known if column in columns)


def read_columns(connection: Connection, table: Table, names: Sequence[str]) -> dict[str, Any]:
    """Return columns of a table, in the order of ``fid``; geometries as an object array of shapely."""
    kinds = {column.name: column.kind for column in table.columns} | {"geom": "geom"}
    parts: dict[str, list[Any]] = {name: [] for name in names}
    following = f'SELECT min(fid) FROM "{table.name}" WHERE fid >= ?'
    first = connection.exec_driver_sql(following, (-(2**63),)).scalar()
    while first is not None:
        reading = _Chunk(connection, table.name, first, first + _CHUNK - 1)
        joined = reading.joined({name: kinds[name] for name in names if kinds[name] in ("text", "time")})
        plain = reading.plain([name for name in names if name not in joined])
        for name, part in (joined | plain).items():
            parts[name].append(part)
        first = connection.exec_driver_sql(following, (first + _CHUNK,)).scalar()
    return {name: _whole(parts[name], kinds[name]) for name in names}


def read_where(connection: Connection, table: Table, column: str, value: object) -> pd.DataFrame:
    """Return the few rows of a table without geometry in which ``column`` is ``value``."""
    return _rows(connection, table, f'"{column}" = ?', (value,))


def read_among(
    connection: Connection, table: Table, column: str, values: Iterable[object], crs: pyproj.CRS | None = None
) -> pd.DataFrame:
    """Return the few rows of a table in which ``column`` is one of ``values``, with their geometry if it has one."""
    listed = json.dumps(list(values))
    frame = _rows(
        connection, table, f'"{column}" IN (SELECT value FROM json_each(?))', (listed,), geometry=bool(table.geometry)
    )
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


def _whole(parts: list[Any], kind: str) -> Any:
    """Return the chunks of one column as one column."""
    if kind == "time":
        return column_of(np.concatenate([np.empty(0, MS), *parts]), kind)
    values = [value for part in parts for value in part] if len(parts) != 1 else parts[0]
    return decode(values) if kind == "geom" else column_of(values, kind)


class _Chunk:
    """The rows of a table between two fids."""

    def __init__(self, connection: Connection, name: str, first: int, last: int) -> None:
        self._connection, self._name, self._between = connection, name, (first, last)
        # NOT INDEXED: an index would give its own order.
        self._from = f'FROM "{name}" NOT INDEXED WHERE fid BETWEEN ? AND ?'
        self._count = connection.exec_driver_sql(f"SELECT count(*) {self._from}", self._between).scalar_one()

    def plain(self, names: list[str]) -> dict[str, list[Any]]:
        """Return columns by fetching rows."""
        if not names:
            return {}
        listed = ", ".join(f'"{name}"' for name in names)
        cursor = self._connection.exec_driver_sql(f"SELECT {listed} {self._from} ORDER BY fid", self._between).cursor
        assert cursor is not None  # the driver's own: rows wrapped one by one would take twice as long
        return dict(zip(names, map(list, zip(*cursor.fetchall(), strict=True)), strict=True))

    def joined(self, kinds: dict[str, str]) -> dict[str, Any]:
        """Return text columns as lists and time columns as arrays."""
        if not kinds:
            return {}
        asked = ", ".join(_joining(name, kind) for name, kind in kinds.items())
        # A scan by fid visits the rows in order, and what is joined keeps it.
        found = self._connection.exec_driver_sql(f"SELECT {asked} {self._from}", self._between).one()
        return {
            name: self._split(name, kind, found[2 * at] or "", found[2 * at + 1])
            for at, (name, kind) in enumerate(kinds.items())
        }

    def _split(self, name: str, kind: str, joined: str, stands: int) -> Any:
        """Return the values of one joined column; fetches rows if another program wrote an unusual form."""
        if kind == "time":
            times = times_of(joined, self._count)
            return times if times is not None else parsed_times(self.plain([name])[name], f"{self._name}.{name}")
        if stands == 0:
            return [None] * self._count
        texts = joined.split(_CUT)
        split: list[str | None] = [None if text == _NONE else text for text in texts] if stands < self._count else texts  # type: ignore[assignment]
        regular = len(split) == self._count and self._count - split.count(None) == stands
        return split if regular else self.plain([name])[name]


def _joining(name: str, kind: str) -> str:
    """Return the SQL that joins a column into one text, and that counts its values."""
    # Literals: as calls of char() they are worked out anew for every row, which triples the time.
    missing, cut = (NO_TIME, "") if kind == "time" else (_NONE, _CUT)
    return f"group_concat(ifnull(\"{name}\", '{missing}'), '{cut}'), count(\"{name}\")"
