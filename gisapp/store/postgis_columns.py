"""Whole columns out of a server and into it, by its bulk copy: no row is touched in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from psycopg import Cursor
from pyarrow import csv
from sqlalchemy import Connection

from gisapp.errors import InputError, StoreError
from gisapp.store.rows import MS, Part, column_of, values_of
from gisapp.tables import DTYPES

_ARROW = {
    "text": pa.large_string(),
    "geom": pa.large_string(),
    "int": pa.int64(),
    "real": pa.float64(),
    "bool": pa.bool_(),
    "time": pa.timestamp("ms", "UTC"),
}


def read_columns(connection: Connection, name: str, kinds: Mapping[str, str]) -> dict[str, Any]:
    """Return columns of a table, in the order of ``fid``; geometries as an object array of shapely."""
    listed = ", ".join(f'"{column}"' for column in kinds)
    found = BytesIO()
    with _cursor(connection).copy(f'COPY (SELECT {listed} FROM "{name}" ORDER BY fid) TO STDOUT (FORMAT csv)') as copy:
        for block in copy:
            found.write(block)
    if not found.tell():
        return {column: _column(pa.chunked_array([], _ARROW[kind]), kind) for column, kind in kinds.items()}
    found.seek(0)
    try:
        table = csv.read_csv(
            found,
            csv.ReadOptions(column_names=list(kinds), block_size=1 << 24),
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types={column: _ARROW[kind] for column, kind in kinds.items()},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )
    except pa.ArrowInvalid as error:
        raise StoreError(f"{name} holds a value that cannot be read ({error}); correct it") from error
    return {column: _column(table[column], kind) for column, kind in kinds.items()}


def _column(values: pa.ChunkedArray, kind: str) -> Any:
    if kind == "text":
        return pd.Series(values.to_pandas(), dtype=DTYPES["text"])
    if kind == "int":
        return values.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    if kind == "time":
        return column_of(values.to_numpy().astype(MS), kind)
    if kind == "geom":
        shapes = shapely.set_srid(shapely.from_wkb(values.to_numpy()), 0)
        return np.asarray(shapely.force_2d(shapes), dtype=object)
    return pd.Series(values.to_numpy().astype(float if kind == "real" else bool))


def put(connection: Connection, copy_to: str, part: Part, srs_id: int, fids: Sequence[int] | None = None) -> None:
    """Send rows to what a COPY names: their numbers where they have any, the geometry, then their columns."""
    columns = [] if fids is None else [pa.array(fids, pa.int64())]
    if part.geometries is not None:
        columns.append(_hex(part.geometries, srs_id))
    columns += [_sent(part, name, kind) for name, kind in part.columns.items()]
    rows = BytesIO()
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    csv.write_csv(pa.table(columns, names=[str(at) for at in range(len(columns))]), rows, options)
    with _cursor(connection).copy(f"{copy_to} FROM STDIN (FORMAT csv)") as copy:
        copy.write(rows.getbuffer())


def _sent(part: Part, name: str, kind: str) -> pa.Array:
    if kind == "time":
        return pa.array(values_of(part.frame[name], kind), pa.string())
    series = part.frame[name]
    if kind != "text":
        return pa.array(series, _ARROW[kind], from_pandas=True)
    texts = pa.array(series, pa.large_string(), from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    wrong = pc.match_substring(texts, "\0")
    if pc.any(wrong).as_py():
        row = int(series.index[wrong.index(True).as_py()]) + 1
        todo = "take it out: a server keeps no such text"
        raise InputError("holds a NUL character", todo=todo, file=f"table {part.name}", row=row, field=name)
    return texts


def _hex(geometries: np.ndarray, srs_id: int) -> pa.Array:
    stands = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    texts: np.ndarray = np.full(len(geometries), None, dtype=object)
    placed = shapely.set_srid(geometries[stands], srs_id)
    texts[stands] = shapely.to_wkb(placed, hex=True, output_dimension=2, byte_order=1, include_srid=True)
    return pa.array(texts.tolist(), pa.large_string())


def _cursor(connection: Connection) -> Cursor[Any]:
    driver = connection.connection.driver_connection
    assert driver is not None
    cursor = driver.cursor()
    assert isinstance(cursor, Cursor)
    return cursor
