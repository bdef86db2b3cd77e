"""The one geometry type of the database, and its two bulk forms.

A geometry is a GeoPackage blob: ``GP``, version, flags, srs_id, an optional envelope, then WKB. A server gives its own
in that form too, and takes them as hexadecimal WKB with the frame in it.
"""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType

from gisapp.errors import StoreError

# Little-endian point without envelope: 29 bytes, so that a million of them are one array.
_POINT = np.dtype([("head", "V8"), ("order", "u1"), ("type", "<u4"), ("x", "<f8"), ("y", "<f8")])
_BOXED = np.dtype([("head", "V8"), ("box", "<f8", 4)])
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_POINT_TYPE = 0


class Geometry(UserDefinedType[Any]):
    """A column of shapely geometries; ``kind`` is the GeoPackage geometry type, ``srs_id`` its frame."""

    cache_ok = True

    def __init__(self, kind: str = "GEOMETRY", srs_id: int = 0) -> None:
        self.kind, self.srs_id = kind, srs_id

    def get_col_spec(self, **_: object) -> str:
        """Return the column type as the database writes it."""
        return self.kind

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], bytes | str | None]:
        """Return what turns a geometry into the database's form."""
        return self._blob if dialect.name == "sqlite" else self._hex

    def _hex(self, geometry: Any) -> str | None:
        if geometry is None or geometry.is_empty:
            return None
        placed = shapely.set_srid(geometry, self.srs_id)
        return str(shapely.to_wkb(placed, hex=True, output_dimension=2, include_srid=True))

    def _blob(self, geometry: Any) -> bytes | None:
        if isinstance(geometry, shapely.Point) and not geometry.is_empty:
            # One point a report: as an array of one it would take ten times as long.
            return struct.pack("<2sBBiBIdd", b"GP", 0, 1, self.srs_id, 1, 1, geometry.x, geometry.y)
        return encode(np.array([geometry], dtype=object), self.srs_id)[0]

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """Return what turns the database's form into a geometry."""
        return lambda blob: decode([blob])[0]


def encode(geometries: np.ndarray, srs_id: int) -> list[bytes | None]:
    """Return GeoPackage blobs of 2D geometries; None and empty ones become None."""
    blobs: np.ndarray = np.full(len(geometries), None, dtype=object)
    stands = ~(shapely.is_missing(geometries) | shapely.is_empty(geometries))
    chosen = geometries[stands]
    if len(chosen):
        points = (shapely.get_type_id(chosen) == _POINT_TYPE).all()
        blobs[stands] = _point_blobs(chosen, srs_id) if points else _boxed_blobs(chosen, srs_id)
    return blobs.tolist()


def _head(flags: int, srs_id: int) -> np.void:
    """Return the eight bytes before the envelope."""
    return np.frombuffer(b"GP\x00" + struct.pack("<Bi", flags, srs_id), "V8")[0]


def _point_blobs(points: np.ndarray, srs_id: int) -> np.ndarray:
    rows = np.zeros(len(points), _POINT)
    rows["head"], rows["order"], rows["type"] = _head(1, srs_id), 1, 1
    rows["x"], rows["y"] = shapely.get_x(points), shapely.get_y(points)
    return _objects(rows.view("V29").tolist())


def _boxed_blobs(geometries: np.ndarray, srs_id: int) -> np.ndarray:
    rows = np.zeros(len(geometries), _BOXED)
    rows["head"] = _head(3, srs_id)
    rows["box"] = shapely.bounds(geometries)[:, [0, 2, 1, 3]]
    wkb = shapely.to_wkb(geometries, output_dimension=2, byte_order=1, flavor="iso")
    return _objects([head + body for head, body in zip(rows.view("V40").tolist(), wkb, strict=True)])


def _objects(values: list[bytes]) -> np.ndarray:
    """Return a one-dimensional object array: numpy would otherwise pad the bytes to one width."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def decode(blobs: Sequence[bytes | None]) -> np.ndarray:
    """Return shapely geometries of GeoPackage blobs; None and empty ones become None."""
    geometries: np.ndarray = np.full(len(blobs), None, dtype=object)
    stands = np.array([blob is not None for blob in blobs], dtype=bool)
    chosen = [blob for blob in blobs if blob is not None]
    if chosen:
        geometries[stands] = _decoded(chosen)
        geometries[shapely.is_empty(geometries)] = None
    return geometries


def _decoded(blobs: list[bytes]) -> np.ndarray:
    if set(map(len, blobs)) == {_POINT.itemsize}:
        rows = np.frombuffer(b"".join(blobs), _POINT)
        if (rows["order"] == 1).all() and (rows["type"] == 1).all() and not np.isnan(rows["x"]).any():
            return shapely.points(rows["x"], rows["y"])
    try:
        bodies = [blob[8 + _ENVELOPE_BYTES[(blob[3] >> 1) & 7] :] for blob in blobs]
        return shapely.force_2d(shapely.from_wkb(_objects(bodies)))
    except (IndexError, shapely.errors.ShapelyError) as error:
        raise StoreError(f"the store holds a geometry that cannot be read ({error}); restore a backup") from error


@lru_cache(maxsize=8)
def _box(blob: bytes) -> tuple[float, float, float, float] | None:
    """Return min x, min y, max x, max y of one blob; None when empty. The triggers ask five times in a row."""
    flags = blob[3]
    if flags & 0b10000:
        return None
    if (flags >> 1) & 7:
        low_x, high_x, low_y, high_y = struct.unpack_from("<4d" if flags & 1 else ">4d", blob, 8)
        return low_x, low_y, high_x, high_y
    geometry = shapely.from_wkb(blob[8:])
    return None if geometry.is_empty else geometry.bounds


def register_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the ST_ functions that the R-tree triggers of a GeoPackage call."""

    def is_empty(blob: bytes | None) -> bool | None:
        return None if blob is None else _box(blob) is None

    connection.create_function("ST_IsEmpty", 1, is_empty, deterministic=True)
    for position, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
        connection.create_function(name, 1, _side(position), deterministic=True)


def _side(position: int) -> Callable[[bytes | None], float | None]:
    def side(blob: bytes | None) -> float | None:
        box = None if blob is None else _box(blob)
        return None if box is None else box[position]

    return side
