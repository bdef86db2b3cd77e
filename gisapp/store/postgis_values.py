"""The values of a server in the form that a file gives them, and the types in which they stand there."""

from __future__ import annotations

import struct
from typing import Any

import psycopg
import shapely
from psycopg.adapt import Loader
from psycopg.types import TypeInfo
from sqlalchemy import Column
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler
from sqlalchemy.types import Integer, Text, UserDefinedType

from gisapp.store.geometry import Geometry, encode
from gisapp.store.moment import Moment

_WITH_SRID = 0x20000000
_POINT = 1
_LONGEST = 100_000


class Types(PGTypeCompiler):
    """How columns stand on a server: texts ordered by code points, numbers of 64 bits, geometries of one frame."""

    def visit_TEXT(self, type_: Text, **_: Any) -> str:
        """Return the type of a text."""
        limited = type_.length is not None and type_.length <= _LONGEST
        return f'{f"VARCHAR({type_.length})" if limited else "TEXT"} COLLATE "C"'

    def visit_INTEGER(self, type_: Integer, **_: Any) -> str:
        """Return the type of a whole number."""
        return "BIGINT"

    def visit_user_defined(self, type_: UserDefinedType[Any], **given: Any) -> str:
        """Return the type of a geometry or a moment."""
        if isinstance(type_, Geometry):
            return f"geometry({type_.kind}, {type_.srs_id})"
        return "TIMESTAMPTZ(3)" if isinstance(type_, Moment) else str(super().visit_user_defined(type_, **given))


class Columns(PGDDLCompiler):
    """How tables are made on a server."""

    def get_column_specification(self, column: Column[Any], **given: Any) -> str:
        """Return one column; rows are numbered with 64 bits."""
        return str(super().get_column_specification(column, **given)).replace(" SERIAL", " BIGSERIAL", 1)


def read_as_a_file(connection: psycopg.Connection[Any]) -> None:
    """Let a connection give moments as ISO text with ms and Z, and geometries as blobs of a GeoPackage."""
    connection.adapters.register_loader("timestamptz", _MomentLoader)
    was = connection.info.transaction_status
    found = TypeInfo.fetch(connection, "geometry")
    if found is not None:
        connection.adapters.register_loader(found.oid, _GeometryLoader)
    if was == psycopg.pq.TransactionStatus.IDLE:
        connection.rollback()


class _MomentLoader(Loader):
    def load(self, data: Any) -> str:
        text = bytes(data).decode("ascii")
        if not (text.endswith("+00") and text[4] == "-"):
            return text  # infinity, or a year that no file holds: refused where it is read
        return f"{text[:10]}T{text[11:19]}.{text[20:-3]:0<3}Z"


class _GeometryLoader(Loader):
    def load(self, data: Any) -> bytes | None:
        ewkb = bytes.fromhex(bytes(data).decode("ascii"))
        order, kind = ewkb[0], int.from_bytes(ewkb[1:5], "little")
        if order != 1 or not kind & _WITH_SRID or kind & ~_WITH_SRID > 7:
            shape = shapely.from_wkb(ewkb)
            return encode(shapely.force_2d([shape]), int(shapely.get_srid(shape)))[0]
        kind, body = kind & ~_WITH_SRID, ewkb[9:]
        wkb = b"\x01" + struct.pack("<I", kind) + body
        if kind == _POINT:
            return b"GP\x00\x01" + ewkb[5:9] + wkb
        low_x, low_y, high_x, high_y = shapely.from_wkb(wkb).bounds
        return b"GP\x00\x03" + ewkb[5:9] + struct.pack("<4d", low_x, high_x, low_y, high_y) + wkb
