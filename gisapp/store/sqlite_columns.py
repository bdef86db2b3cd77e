"""Whole columns out of a file.

Text and times are joined inside the database and come over as one long text a chunk: a third of the time
of a row-wise fetch, and other threads run meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection

from gisapp.store.geometry import decode
from gisapp.store.rows import MS, NO_TIME, column_of, parsed_times, times_of

_CHUNK = 250_000
_CUT, _NONE = "\x1f", "\x01"


def read_columns(connection: Connection, name: str, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return columns of a table, in the order of ``fid``; geometries as an object array of shapely."""
    parts: dict[str, list[Any]] = {column: [] for column in kinds}
    following = f'SELECT min(fid) FROM "{name}" WHERE fid >= ?'
    first = connection.exec_driver_sql(following, (-(2**63),)).scalar()
    while first is not None:
        reading = _Chunk(connection, name, first, first + _CHUNK - 1)
        joined = reading.joined({column: kind for column, kind in kinds.items() if kind in ("text", "time")})
        plain = reading.plain([column for column in kinds if column not in joined])
        for column, part in (joined | plain).items():
            parts[column].append(part)
        first = connection.exec_driver_sql(following, (first + _CHUNK,)).scalar()
    return {column: _whole(parts[column], kind) for column, kind in kinds.items()}


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
