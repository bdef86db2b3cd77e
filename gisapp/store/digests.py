"""The digest of a table's rows: equal for a file and a server that hold the same.

A backup is told by what stands in its file instead, byte for byte (:func:`gisapp.store.backup.table_digests`): one that
is damaged may hold what cannot be decoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Boolean, Connection, Double, Integer, Table

from gisapp.store.geometry import Geometry, decode, encode
from gisapp.store.moment import Moment
from gisapp.store.rows import iso_times, parsed_times
from gisapp.store.schema import store_metadata

_CHUNK = 20_000


def kinds_of(table: Table) -> dict[str, str]:
    """Return the columns of a table with their kinds, in their order."""
    kinds = ((Geometry, "geom"), (Moment, "time"), (Boolean, "bool"), (Integer, "int"), (Double, "real"))
    return {
        column.name: next((kind for made, kind in kinds if isinstance(column.type, made)), "text")
        for column in table.columns
    }


def row_digests(connection: Connection, srs_id: int) -> Mapping[str, str]:
    """Return for every table of a store the SHA-256 of its rows, in the order of their keys."""
    return {name: _digest(connection, table, srs_id) for name, table in store_metadata(srs_id).tables.items()}


def _digest(connection: Connection, table: Table, srs_id: int) -> str:
    found, kinds = hashlib.sha256(), kinds_of(table)
    key = next(iter(kinds))
    listed = ", ".join(f'"{name}"' for name in kinds)
    last: Any = None
    while True:
        after = "" if last is None else f'WHERE "{key}" > ? '
        cursor = connection.exec_driver_sql(
            f'SELECT {listed} FROM "{table.name}" {after}ORDER BY "{key}" LIMIT {_CHUNK}',
            () if last is None else (last,),
        ).cursor
        assert cursor is not None  # the driver's own: rows wrapped one by one would take twice as long
        rows = cursor.fetchall()
        if not rows:
            return found.hexdigest()
        last = rows[-1][0]
        columns = zip(kinds.items(), zip(*rows, strict=True), strict=True)
        plain = [_plain(values, kind, f"{table.name}.{name}", srs_id) for (name, kind), values in columns]
        found.update(repr(list(zip(*plain, strict=True))).encode("utf-8", "surrogatepass"))


def _plain(values: Sequence[Any], kind: str, what: str, srs_id: int) -> Sequence[Any]:
    """Return values of one column in one form, whatever program wrote them."""
    if kind == "geom":
        return encode(decode(values), srs_id)
    if kind == "bool":
        return [None if value is None else int(value) for value in values]
    if kind == "time" and not all(value is None or (len(value) == 24 and value[-1] == "Z") for value in values):
        return iso_times(parsed_times(list(values), what))
    return values
