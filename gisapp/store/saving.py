"""Rows go in: in chunks, all of them or none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np
import sqlalchemy.exc
from sqlalchemy import Connection

from gisapp.errors import InputError
from gisapp.store.auditing import add_row
from gisapp.store.checking import Batch, named
from gisapp.store.databases import database_of
from gisapp.store.moment import now_iso
from gisapp.store.schema import REFERENCES, store_metadata
from gisapp.tables import TABLES

Progress = Callable[[int, int], None]
_CHUNK = 20_000


class Saving:
    """One transaction's worth of rows."""

    def __init__(self, connection: Connection, srs_id: int, *, replace: bool, progress: Progress | None) -> None:
        self._connection, self._srs_id, self._replace = connection, srs_id, replace
        self._database, self._tables = database_of(connection), store_metadata(srs_id).tables
        self._progress = progress
        self._done = self._total = 0

    def write(self, batches: list[Batch]) -> None:
        """Write every table, then check what refers to what."""
        self._total = sum(len(batch.frame) for batch in batches)
        self._step(0)
        refused: tuple[type[Exception], ...] = (sqlalchemy.exc.IntegrityError, *self._database.REFUSED)
        firsts = [self._database.next_fid(self._connection, batch.table.name) for batch in batches]
        for batch, first in zip(batches, firsts, strict=True):
            try:
                with self._database.trying(self._connection):
                    self._write(batch, first)
            except refused as error:
                raise self._refusal(batch, error, first) from error
        for batch, first in zip(batches, firsts, strict=True):
            self._check_references(batch, 0 if self._replace else first)
            if batch.table.name == "grids":
                self._check_periods(batch)

    def _step(self, rows: int) -> None:
        self._done += rows
        if self._progress is not None:
            self._progress(self._done, self._total)

    def _write(self, batch: Batch, first: int) -> None:
        name = batch.table.name
        fresh = self._replaced(batch) if self._replace and not batch.table.append_only else batch
        fids = np.arange(first, first + len(fresh.frame))
        with self._database.loading(self._connection, self._tables[name], fids, fresh.boxes):
            part = fresh.part_of(fresh.filled())
            for start in range(0, len(fids), _CHUNK):
                chunk = part.cut(start, _CHUNK)
                self._database.insert(self._connection, chunk, fids[start : start + _CHUNK].tolist(), self._srs_id)
                self._step(len(chunk.frame))
        self._database.changed(self._connection, name, batch.boxes[~np.isnan(batch.boxes).any(axis=1)])

    def _replaced(self, batch: Batch) -> Batch:
        """Update the rows whose key stands already; return the others."""
        stored = self._stored_keys(batch, "")
        stands = np.array([key in stored for key in batch.key_rows()], dtype=bool)
        old = batch.chosen(stands)
        twice = old.twice()
        if twice is not None:
            raise twice
        part = old.part_of(batch.table.columns)
        for start in range(0, len(old.frame), _CHUNK):
            chunk = part.cut(start, _CHUNK)
            self._database.update(self._connection, chunk, batch.table.key, self._srs_id)
            self._step(len(chunk.frame))
        return batch.chosen(~stands)

    def _stored_keys(self, batch: Batch, where: str) -> set[tuple[object, ...]]:
        listed = ", ".join(f'"{key}"' for key in batch.table.key)
        return set(map(tuple, self._connection.exec_driver_sql(f'SELECT {listed} FROM "{batch.table.name}" {where}')))

    def _refusal(self, batch: Batch, error: Exception, first: int) -> InputError:
        """Return the words for what the database refused; rows before fid ``first`` were there before."""
        if not self._database.is_twice(error):
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
