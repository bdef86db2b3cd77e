"""Whole columns out of a file.

Text and times are joined inside the database and come over as one long text a chunk: a third of the time
of a row-wise fetch, and other threads run meanwhile. No text becomes an object: five millions of them, made for a
moment, would leave holes in the memory of a server that reads a table again and again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from gisapp.store.geometry import decode
from gisapp.store.rows import MS, NO_TIME, column_of, parsed_times, times_of, values_of

_CHUNK = 25_000
_CUT, _NONE = "\x1f", "\x01"


def read_columns(connection: Connection, name: str, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return columns of a table, in the order of ``fid``; geometries as an object array of shapely."""
    parts: dict[str, list[Any]] = {column: [_part([], kind)] for column, kind in kinds.items()}
    following = f'SELECT min(fid) FROM "{name}" WHERE fid >= ?'
    first = connection.exec_driver_sql(following, (-(2**63),)).scalar()
    while first is not None:
        reading = _Chunk(connection, name, first, first + _CHUNK - 1)
        joined = reading.joined({column: kind for column, kind in kinds.items() if kind in ("text", "time")})
        plain = reading.plain([column for column in kinds if column not in joined])
        for column, part in joined.items():
            parts[column].append(part)
        for column, values in plain.items():
            parts[column].append(_part(values, kinds[column]))
        first = connection.exec_driver_sql(following, (first + _CHUNK,)).scalar()
    return {column: _whole(parts[column], kind) for column, kind in kinds.items()}


def _part(values: list[Any], kind: str) -> Any:
    """Return the values of one chunk as they are kept until all are read."""
    if kind == "text":
        return pa.array(values_of(column_of(values, kind), kind), pa.large_string())
    if kind == "time":
        return np.array(values, MS)
    return decode(values) if kind == "geom" else column_of(values, kind)


def _whole(parts: list[Any], kind: str) -> Any:
    """Return the chunks of one column as one column."""
    if kind == "text":
        return column_of(pa.concat_arrays(parts), kind)
    if kind == "time":
        return column_of(np.concatenate(parts), kind)
    return np.concatenate(parts) if kind == "geom" else pd.concat(parts, ignore_index=True)


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
        """Return text columns as arrays of Arrow and time columns as arrays."""
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
        texts = pc.split_pattern(pa.array([joined], pa.large_string()), _CUT).values
        if stands < self._count:
            texts = pc.if_else(pc.equal(texts, _NONE), None, texts)
        regular = len(texts) == self._count and self._count - texts.null_count == stands
        return texts if regular else _part(self.plain([name])[name], kind)


def _joining(name: str, kind: str) -> str:
    """Return the SQL that joins a column into one text, and that counts its values."""
    # Literals: as calls of char() they are worked out anew for every row, which triples the time.
    missing, cut = (NO_TIME, "") if kind == "time" else (_NONE, _CUT)
    return f"group_concat(ifnull(\"{name}\", '{missing}'), '{cut}'), count(\"{name}\")"
