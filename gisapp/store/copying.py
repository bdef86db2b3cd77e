"""A whole store from a file to a server and back: every row under its number, compared at the end, or nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyproj
import shapely
from sqlalchemy import Connection, Table

from gisapp.addresses import ServerAddress, store_address
from gisapp.errors import StoreError
from gisapp.store.auditing import anchor_path, begin_anchor, head_in, try_append
from gisapp.store.connect import Connections
from gisapp.store.databases import database_of
from gisapp.store.digests import kinds_of, row_digests
from gisapp.store.geopackage import srs_id_of
from gisapp.store.making import new_store
from gisapp.store.migrate import require_current
from gisapp.store.rows import Part, uncollected
from gisapp.store.saving import Progress
from gisapp.store.schema import read_settings, store_metadata

_CHUNK = 20_000
_NUMBERLESS = ("settings", "layer_rev")


def copy_whole(
    source: str | os.PathLike[str] | ServerAddress,
    target: str | os.PathLike[str] | ServerAddress,
    *,
    progress: Progress | None = None,
    anchored: bool = True,
) -> Mapping[str, str]:
    """Copy a store, a file or a server's, into a new file or an empty database; return the digests of both.

    Everything is of one moment: others may write to the source meanwhile. Rows keep their numbers, tables their
    revisions, the audit its chain. Tables that other programs have put beside those of the store stay where they are.

    Parameters
    ----------
    progress
        Called with rows done and rows in all between chunks; may raise ``Interrupted``: nothing is written.
    anchored
        Whether the audit of the copy is anchored; a backup's is not.

    Raises
    ------
    StoreError
        When the source is no store of this version, the target is not empty, or a row would not be the same there; then
        the target is as it was.
    """
    source, target = store_address(source), store_address(target)
    require_current(source)
    given = Connections(source, anchored=False)
    try:
        with given.reading() as reading, uncollected():
            crs = pyproj.CRS.from_user_input(read_settings(reading)["crs"])
            with new_store(target, crs) as writing:
                _Copy(reading, writing, srs_id_of(crs), progress).run()
                found = _compared(reading, writing, srs_id_of(crs), str(target))
                if anchored and (path := anchor_path(target)) is not None:
                    begin_anchor(target, f"copied from {source}")
                    try_append(path, head_in(writing))
    finally:
        given.close()
    return found


def _compared(reading: Connection, writing: Connection, srs_id: int, target: str) -> Mapping[str, str]:
    """Return the digests of both; raise where they differ."""
    here, there = row_digests(reading, srs_id), row_digests(writing, srs_id)
    wrong = [name for name in here if here[name] != there[name]]
    if wrong:
        raise StoreError(f"{target}: rows of {', '.join(wrong)} are not those of the source; nothing was copied")
    return there


class _Copy:
    """One copy on its way."""

    def __init__(self, reading: Connection, writing: Connection, srs_id: int, progress: Progress | None) -> None:
        self._reading, self._writing, self._srs_id, self._progress = reading, writing, srs_id, progress
        self._from, self._to = database_of(reading), database_of(writing)
        self._tables = store_metadata(srs_id).tables
        self._done, self._total = 0, 0

    def run(self) -> None:
        """Copy every table; those that say how far the others have moved come last."""
        numbered = [table for name, table in self._tables.items() if name not in _NUMBERLESS]
        count = self._reading.exec_driver_sql
        self._total = sum(count(f'SELECT count(*) FROM "{table.name}"').scalar_one() for table in numbered)
        for table in numbered:
            self._rows(table)
        for name in _NUMBERLESS:
            self._few(name)

    def _rows(self, table: Table) -> None:
        kinds = kinds_of(table)
        columns = self._from.read_columns(self._reading, table.name, kinds)
        fids, geometries = columns.pop("fid").to_numpy(dtype=np.int64), columns.pop("geom", None)
        boxes = np.full((len(fids), 4), np.nan)
        if geometries is not None and len(fids):
            boxes = shapely.bounds(geometries)[:, [0, 2, 1, 3]]
        plain = {name: kind for name, kind in kinds.items() if name not in ("fid", "geom")}
        part = Part(table.name, plain, pd.DataFrame(columns, copy=False), geometries)
        with self._to.loading(self._writing, table, fids, boxes):
            for start in range(0, len(fids), _CHUNK):
                chunk = fids[start : start + _CHUNK]
                self._to.insert(self._writing, part.cut(start, _CHUNK), chunk.tolist(), self._srs_id)
                self._done += len(chunk)
                if self._progress is not None:
                    self._progress(self._done, self._total)
        self._to.changed(self._writing, table.name, boxes[~np.isnan(boxes).any(axis=1)])
        self._to.keep_fid(self._writing, table.name, self._from.next_fid(self._reading, table.name) - 1)

    def _few(self, name: str) -> None:
        rows = self._reading.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall()
        self._writing.exec_driver_sql(f'DELETE FROM "{name}"')
        if rows:
            self._writing.exec_driver_sql(f'INSERT INTO "{name}" VALUES (?, ?)', [tuple(row) for row in rows])
