"""Rows go in: in chunks, all of them or none."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping

import numpy as np
import sqlalchemy.exc
from sqlalchemy import Connection

from gisapp.errors import InputError
from gisapp.store import rtree
from gisapp.store.auditing import add_row
from gisapp.store.checking import Batch, named
from gisapp.store.connect import insert_rows
from gisapp.store.geometry import encode
from gisapp.store.geopackage import rtree_name, widen_extent
from gisapp.store.moment import now_iso
from gisapp.store.rows import values_of
from gisapp.store.schema import REFERENCES, bulk_triggers, store_metadata
from gisapp.tables import TABLES, Column

Progress = Callable[[int, int], None]
_CHUNK = 20_000
_BULK = 1000
_REFUSED = (sqlite3.IntegrityError, sqlalchemy.exc.IntegrityError)


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
        firsts = [self._next_fid(batch.table.name) for batch in batches]
        for batch, first in zip(batches, firsts, strict=True):
            try:
                self._write(batch)
            except _REFUSED as error:
                raise self._refusal(batch, error, first) from error
        for batch, first in zip(batches, firsts, strict=True):
            self._check_references(batch, 0 if self._replace else first)
            if batch.table.name == "grids":
                self._check_periods(batch)

    def _step(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, self._total)

    def _write(self, batch: Batch) -> None:
        name = batch.table.name
        fresh = self._replaced(batch) if self._replace and not batch.table.append_only else batch
        stored = self._connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one()
        # A bulk load pays once for every stored row, single inserts ten times as much for every new one.
        if len(fresh.frame) >= max(_BULK, stored // 10):
            self._load(fresh)
        else:
            self._insert(fresh, self._next_fid(name))
        widen_extent(self._connection, name, batch.boxes[~np.isnan(batch.boxes).any(axis=1)])

    def _next_fid(self, name: str) -> int:
        # AUTOINCREMENT promises that no fid is ever used twice, deleted ones included.
        last = self._connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).scalar()
        return int(last or 0) + 1

    def _insert(self, batch: Batch, fid: int) -> None:
        """Insert the rows with rising fids."""
        columns = batch.filled()
        names = ["fid", *(["geom"] if batch.geometries is not None else []), *(column.name for column in columns)]
        listed = ", ".join(f'"{name}"' for name in names)
        statement = f'INSERT INTO "{batch.table.name}" ({listed}) VALUES ({", ".join("?" * len(names))})'
        for start in range(0, len(batch.frame), _CHUNK):
            values = self._values(batch, start, columns)
            count = min(_CHUNK, len(batch.frame) - start)
            fids = range(fid + start, fid + start + count)
            insert_rows(self._connection, statement, zip(fids, *values, strict=True))
            self._step(count)

    def _values(self, batch: Batch, start: int, columns: list[Column]) -> list[list[object]]:
        """Return one chunk as columns of the database's values, geometry first."""
        part = batch.frame.iloc[start : start + _CHUNK]
        values = [values_of(part[column.name], column.kind) for column in columns]
        if batch.geometries is None:
            return values
        return [encode(batch.geometries[start : start + _CHUNK], self._srs_id), *values]

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
        self._insert(batch, fid)
        for index in indexes:
            index.create(self._connection)
        if batch.geometries is not None:
            self._rebuild_rtree(batch, fid)
        run("UPDATE layer_rev SET rev = rev + 1 WHERE name = ?", (name,))
        for statement in bulk_triggers(name).values():
            run(statement)

    def _rebuild_rtree(self, batch: Batch, fid: int) -> None:
        tree = rtree_name(batch.table.name)
        ids, boxes = rtree.stored_boxes(self._connection, tree)
        stands = ~np.isnan(batch.boxes).any(axis=1)
        ids = np.concatenate([ids, fid + np.flatnonzero(stands)])
        rtree.rebuild(self._connection, tree, ids, np.concatenate([boxes, batch.boxes[stands]]))

    def _replaced(self, batch: Batch) -> Batch:
        """Update the rows whose key stands already; return the others."""
        keys = batch.table.key
        stored = self._stored_keys(batch, "")
        stands = np.array([key in stored for key in batch.key_rows()], dtype=bool)
        old = batch.part(stands)
        twice = old.twice()
        if twice is not None:
            raise twice
        columns = [column for column in batch.table.columns if column.name not in keys]
        columns += [column for column in batch.table.columns if column.name in keys]
        names = (["geom"] if batch.geometries is not None else []) + [column.name for column in columns]
        sets = ", ".join(f'"{name}" = ?' for name in names if name not in keys)
        match = " AND ".join(f'"{name}" = ?' for name in names if name in keys)
        for start in range(0, len(old.frame), _CHUNK):
            rows = zip(*self._values(old, start, columns), strict=True)
            insert_rows(self._connection, f'UPDATE "{batch.table.name}" SET {sets} WHERE {match}', rows)
            self._step(min(_CHUNK, len(old.frame) - start))
        return batch.part(~stands)

    def _stored_keys(self, batch: Batch, where: str) -> set[tuple[object, ...]]:
        listed = ", ".join(f'"{key}"' for key in batch.table.key)
        return set(map(tuple, self._connection.exec_driver_sql(f'SELECT {listed} FROM "{batch.table.name}" {where}')))

    def _refusal(self, batch: Batch, error: Exception, first: int) -> InputError:
        """Return the words for what the database refused; rows before fid ``first`` were there before."""
        if "UNIQUE" not in str(error):
            return batch.fault(str(error), "correct the row", None, "")
        twice = batch.twice()
        if twice is not None:
            return twice
        stored = self._stored_keys(batch, f"WHERE fid < {first:d}")
        row, key = next((row, key) for row, key in enumerate(batch.key_rows()) if key in stored)
        todo = "leave it out, or ask for stored rows to be replaced"
        return batch.fault(f"{named(batch.table, key)} is stored already", todo, row, batch.table.key[-1])

    def _check_references(self, batch: Batch, first: int) -> None:
        """Refuse a row from fid ``first`` on that names a node, link or customer that does not stand."""
        for child, column, parent in REFERENCES:
            if child != batch.table.name or not len(batch.frame):
                continue
            utility = 'p."utility" = c."utility" AND ' if "utility" in TABLES[parent].key else ""
            listed = ", ".join(f'c."{name}"' for name in (*batch.table.key, column))
            broken = self._connection.exec_driver_sql(
                f'SELECT {listed} FROM "{child}" c WHERE c.fid >= ? AND c."{column}" IS NOT NULL AND NOT EXISTS '
                f'(SELECT 1 FROM "{parent}" p WHERE {utility}p."code" = c."{column}") ORDER BY c.fid LIMIT 1',
                (first,),
            ).fetchone()
            if broken is not None:
                raise _broken(batch, tuple(broken), column, parent)

    def _check_periods(self, batch: Batch) -> None:
        """Refuse a grid that would have two polygons at one time."""
        twice = self._connection.exec_driver_sql(
            "SELECT b.code, b.valid_from FROM grids a JOIN grids b ON a.code = b.code AND a.valid_from < b.valid_from "
            "WHERE a.valid_to IS NULL OR a.valid_to > b.valid_from LIMIT 1"
        ).fetchone()
        if twice is not None:
            keys = batch.key_rows()
            row = keys.index(tuple(twice)) if tuple(twice) in keys else None
            found = f"grid {twice[0]} has another polygon at {twice[1]} already"
            raise batch.fault(found, "end that one first, or leave it out", row, "valid_from")


def _broken(batch: Batch, found: tuple[object, ...], column: str, parent: str) -> InputError:
    """Return the words for a row that names something that does not stand."""
    key, value = found[:-1], found[-1]
    keys = batch.key_rows()
    row = keys.index(key) if key in keys else None
    words = f"{named(batch.table, key)} names {value!r}, which is not in {parent}"
    return batch.fault(words, f"add it to {parent} or correct it", row, column)


def add_note(
    connection: Connection, table: str, *, actor: str, words: str, tables: Mapping[str, int], last: object
) -> None:
    """Add a row to ``audit``, where ``last`` is the action, or to ``imports``, where it is the source."""
    text = last if isinstance(last, str) else json.dumps(last, ensure_ascii=False, default=str)
    if table == "audit":
        add_row(connection, actor=actor, words=words, tables=tables, action=text)
        return
    connection.exec_driver_sql(
        'INSERT INTO "imports" ("at", "actor", "note", "tables", "source") VALUES (?, ?, ?, ?, ?)',
        (now_iso(), actor, words, json.dumps(dict(tables)), text),
    )
