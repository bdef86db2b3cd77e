"""Rows go in: checked, in chunks, all of them or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from gisapp.errors import CrsError, InputError
from gisapp.store import rtree
from gisapp.store.geometry import encode
from gisapp.store.geopackage import rtree_name, widen_extent
from gisapp.store.rows import iso_times, values_of
from gisapp.store.schema import REFERENCES, bulk_triggers, store_metadata, text_length
from gisapp.tables import TABLES, Table, conform

Progress = Callable[[int, int], None]
_CHUNK = 20_000
_BULK = 1000
_SINGLE = {"POINT": 0, "LINESTRING": 1, "MULTIPOLYGON": 6}
_POLYGON = 3


@dataclass(frozen=True)
class Batch:
    """Checked rows of one table, ready to be written."""

    table: Table
    frame: pd.DataFrame
    geometries: np.ndarray | None

    def chunk(self, start: int, srs_id: int) -> list[list[Any]]:
        """Return one chunk as columns of the database's values, geometry first."""
        part = self.frame.iloc[start : start + _CHUNK]
        columns = [values_of(part[column.name], column.kind) for column in self.table.columns]
        if self.geometries is None:
            return columns
        return [encode(self.geometries[start : start + _CHUNK], srs_id), *columns]

    @property
    def names(self) -> list[str]:
        """The columns in the order of :meth:`chunk`."""
        return (["geom"] if self.table.geometry else []) + [column.name for column in self.table.columns]


def checked(name: str, frame: pd.DataFrame, crs: pyproj.CRS) -> Batch:
    """Return rows in the shape of their table, with geometries that it can hold."""
    if name not in TABLES:
        raise InputError(f"there is no table {name!r}", todo=f"choose one of {', '.join(TABLES)}")
    table = TABLES[name]
    try:
        shaped = conform(frame, name)
        _check_lengths(shaped, table)
        geometries = _geometries(shaped, table, crs) if table.geometry else None
    except InputError as error:
        raise InputError(
            error.found, todo=error.todo, file=error.file or f"table {name}", row=error.row, field=error.field
        ) from error
    return Batch(table, shaped, geometries)


def _check_lengths(frame: pd.DataFrame, table: Table) -> None:
    for column in table.columns:
        if column.kind != "text" or column.choices:
            continue
        most, lengths = text_length(column), frame[column.name].str.len()
        if (lengths > most).any():
            row = int((lengths > most).to_numpy().argmax())
            raise InputError(
                f"is {lengths.iloc[row]:.0f} characters long",
                todo=f"shorten it to {most}",
                row=row + 1,
                field=column.name,
            )


def _geometries(frame: pd.DataFrame, table: Table, crs: pyproj.CRS) -> np.ndarray:
    """Return 2D geometries of the table's type in the project's frame."""
    assert isinstance(frame, gpd.GeoDataFrame)
    if len(frame) and frame.crs is None:
        raise CrsError(f"{table.name} has no CRS; the store is in {crs.name}")
    if len(frame) and not crs.equals(frame.crs, ignore_axis_order=True):
        raise CrsError(f"{table.name} is in {frame.crs.name}; the store is in {crs.name}, convert it first")
    geometries = shapely.force_2d(np.asarray(frame.geometry.array, dtype=object))
    stands = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    if table.geometry == "MULTIPOLYGON":
        single = shapely.get_type_id(geometries) == _POLYGON
        geometries[single] = [shapely.MultiPolygon([polygon]) for polygon in geometries[single]]
    wrong = stands & (shapely.get_type_id(geometries) != _SINGLE[str(table.geometry)])
    if wrong.any():
        row = int(wrong.argmax())
        raise InputError(
            f"is a {geometries[row].geom_type}", todo=f"give a {table.geometry}", row=row + 1, field="geom"
        )
    wrong = stands & ~np.isfinite(shapely.bounds(geometries)).all(axis=1)
    if wrong.any():
        raise InputError(
            "has a coordinate that is no number", todo="correct it", row=int(wrong.argmax()) + 1, field="geom"
        )
    return geometries  # type: ignore[no-any-return]


class Saving:
    """One transaction's worth of rows."""

    def __init__(self, connection: Connection, srs_id: int, *, replace: bool, progress: Progress | None) -> None:
        self._connection, self._srs_id, self._replace = connection, srs_id, replace
        self._progress = progress
        self._done = self._total = 0

    def write(self, batches: list[Batch]) -> None:
        """Write every table, then check what refers to what."""
        self._total = sum(len(batch.frame) for batch in batches)
        self._step(0)
        for batch in batches:
            first = self._next_fid(batch.table.name)
            try:
                self._write(batch)
            except IntegrityError as error:
                raise self._refused(batch, error, first) from error
        for batch in batches:
            self._check_references(batch)

    def _refused(self, batch: Batch, error: IntegrityError, first: int) -> InputError:
        """Return the words for what the database refused; rows before fid ``first`` were there before."""
        file = f"table {batch.table.name}"
        if "UNIQUE" not in str(error.orig):
            return InputError(str(error.orig), todo="correct the row", file=file)
        if batch.frame.duplicated(subset=list(batch.table.key)).any():
            return _twice(batch)
        listed = ", ".join(f'"{key}"' for key in batch.table.key)
        found = self._connection.exec_driver_sql(f'SELECT {listed} FROM "{batch.table.name}" WHERE fid < ?', (first,))
        stored = set(map(tuple, found))
        row, key = next((row, key) for row, key in enumerate(_keys(batch), 1) if key in stored)
        todo = "leave it out, or ask for stored rows to be replaced"
        return InputError(
            f"{_named(batch.table, key)} is stored already", todo=todo, file=file, row=row, field=batch.table.key[-1]
        )

    def _step(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, self._total)

    def _write(self, batch: Batch) -> None:
        name = batch.table.name
        if self._replace and not batch.table.append_only:
            batch = self._replaced(batch)
        stored = self._connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()
        if len(batch.frame) >= max(_BULK, stored // 2):
            self._load(batch)
        else:
            for _ in self._inserted(batch, self._next_fid(name)):
                pass
        geometries = batch.geometries
        boxes = np.empty((0, 4)) if geometries is None else _boxes(geometries)
        widen_extent(self._connection, name, boxes[~np.isnan(boxes).any(axis=1)])

    def _next_fid(self, name: str) -> int:
        # AUTOINCREMENT promises that no fid is ever used twice, deleted ones included.
        last = self._connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).scalar()
        return int(last or 0) + 1

    def _inserted(self, batch: Batch, fid: int) -> Iterator[None]:
        """Insert the rows, a chunk a step."""
        names = ", ".join(f'"{name}"' for name in ["fid", *batch.names])
        marks = ", ".join("?" * (len(batch.names) + 1))
        statement = f'INSERT INTO "{batch.table.name}" ({names}) VALUES ({marks})'
        for start in range(0, len(batch.frame), _CHUNK):
            columns = batch.chunk(start, self._srs_id)
            first = fid + start
            rows = list(zip(range(first, first + len(columns[0])), *columns, strict=True))
            self._connection.exec_driver_sql(statement, rows)
            self._step(len(rows))
            yield

    def _load(self, batch: Batch) -> None:
        """Insert many rows: triggers and indexes are taken down, their work is done once, and they are put back.

        All of it is in the transaction; a program that is killed leaves the table with its triggers.
        """
        name, run = batch.table.name, self._connection.exec_driver_sql
        indexes = store_metadata(self._srs_id).tables[name].indexes
        for trigger in bulk_triggers(name):
            run(f'DROP TRIGGER "{trigger}"')
        for index in indexes:
            index.drop(self._connection)
        fid = self._next_fid(name)
        for _ in self._inserted(batch, fid):
            pass
        for index in indexes:
            index.create(self._connection)
        if batch.geometries is not None:
            self._rebuild_rtree(batch, fid)
        run("UPDATE layer_rev SET rev = rev + 1 WHERE name = ?", (name,))
        for statement in bulk_triggers(name).values():
            run(statement)

    def _rebuild_rtree(self, batch: Batch, fid: int) -> None:
        assert batch.geometries is not None
        tree = rtree_name(batch.table.name)
        ids, boxes = rtree.stored_boxes(self._connection, tree)
        fresh = _boxes(batch.geometries)
        stands = ~np.isnan(fresh).any(axis=1)
        ids = np.concatenate([ids, fid + np.flatnonzero(stands)])
        rtree.rebuild(self._connection, tree, ids, np.concatenate([boxes, fresh[stands]]))

    def _replaced(self, batch: Batch) -> Batch:
        """Update the rows whose key stands already; return the others."""
        keys = list(batch.table.key)
        listed = ", ".join(f'"{key}"' for key in keys)
        stored = set(map(tuple, self._connection.exec_driver_sql(f'SELECT {listed} FROM "{batch.table.name}"')))
        stands = np.array([key in stored for key in _keys(batch)], dtype=bool)
        old, new = (_part(batch, mask) for mask in (stands, ~stands))
        if old.frame.duplicated(subset=keys).any():
            raise _twice(old)
        rest = [name for name in batch.names if name not in keys]
        sets = ", ".join(f'"{name}" = ?' for name in rest)
        match = " AND ".join(f'"{key}" = ?' for key in keys)
        order = [batch.names.index(name) for name in rest + keys]
        for start in range(0, len(old.frame), _CHUNK):
            columns = old.chunk(start, self._srs_id)
            rows = list(zip(*(columns[at] for at in order), strict=True))
            self._connection.exec_driver_sql(f'UPDATE "{batch.table.name}" SET {sets} WHERE {match}', rows)
            self._step(len(rows))
        return new

    def _check_references(self, batch: Batch) -> None:
        """Refuse a row that names a node, link or customer that does not stand."""
        name = batch.table.name
        for child, column, parent in REFERENCES:
            if child != name or not len(batch.frame):
                continue
            utility = 'p."utility" = c."utility" AND ' if "utility" in TABLES[parent].key else ""
            broken = self._connection.exec_driver_sql(
                f'SELECT {", ".join(f"c.{key}" for key in batch.table.key)}, c."{column}" FROM "{child}" c '
                f'WHERE c."{column}" IS NOT NULL AND NOT EXISTS '
                f'(SELECT 1 FROM "{parent}" p WHERE {utility}p."code" = c."{column}") ORDER BY c.fid LIMIT 1'
            ).fetchone()
            if broken is not None:
                raise _broken(batch, column, parent, tuple(broken))


def _boxes(geometries: np.ndarray) -> np.ndarray:
    """Return min x, max x, min y, max y; NaN for missing ones."""
    return shapely.bounds(geometries)[:, [0, 2, 1, 3]]  # type: ignore[no-any-return]


def _part(batch: Batch, mask: np.ndarray) -> Batch:
    geometries = None if batch.geometries is None else batch.geometries[mask]
    return Batch(batch.table, batch.frame[mask], geometries)


def _keys(batch: Batch) -> list[tuple[Any, ...]]:
    """Return the key of every row as the database holds it."""
    kinds = {column.name: column.kind for column in batch.table.columns}
    return list(zip(*(values_of(batch.frame[key], kinds[key]) for key in batch.table.key), strict=True))


def _named(table: Table, key: tuple[object, ...]) -> str:
    return ", ".join(f"{name} {value}" for name, value in zip(table.key, key, strict=True))


def _twice(batch: Batch) -> InputError:
    """Return the words for a key that stands twice in the rows given."""
    row = int(batch.frame.duplicated(subset=list(batch.table.key)).to_numpy().argmax())
    keys = _keys(batch)
    return InputError(
        f"{_named(batch.table, keys[row])} stands already in row {keys.index(keys[row]) + 1}",
        todo="give every row its own key",
        file=f"table {batch.table.name}",
        row=row + 1,
        field=batch.table.key[-1],
    )


def _broken(batch: Batch, column: str, parent: str, found: tuple[object, ...]) -> InputError:
    """Return the words for a row that names something that does not stand."""
    key, value = found[:-1], found[-1]
    keys = _keys(batch)
    row = keys.index(key) + 1 if key in keys else None
    return InputError(
        f"{_named(batch.table, key)} names {value!r}, which is not in {parent}",
        todo=f"add it to {parent} or correct it",
        file=f"table {batch.table.name}",
        row=row,
        field=column,
    )


def note(
    connection: Connection, table: str, *, actor: str, words: str, tables: Mapping[str, int], last: object
) -> None:
    """Add a row to ``audit`` or ``imports``."""
    now = iso_times(np.array([pd.Timestamp.now("UTC").tz_localize(None)], dtype="datetime64[ms]"))[0]
    values = (
        now,
        actor,
        words,
        json.dumps(dict(tables)),
        last if isinstance(last, str) else json.dumps(last, ensure_ascii=False, default=str),
    )
    column = "action" if table == "audit" else "source"
    connection.exec_driver_sql(
        f'INSERT INTO "{table}" ("at", "actor", "note", "tables", "{column}") VALUES (?, ?, ?, ?, ?)', values
    )
