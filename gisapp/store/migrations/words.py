"""How a migration writes tables down: in words of its own, so that what it made stays what it made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, MetaData
from sqlalchemy.types import TypeEngine

from gisapp.store.databases import database_of
from gisapp.store.geometry import Geometry
from gisapp.store.geopackage import layer_table
from gisapp.store.moment import Moment
from gisapp.store.schema import finish_schema

Words = tuple[str | None, tuple[str, ...], str, str]
"""Geometry type, key, description, columns; "!" marks a column that must be filled."""
_KINDS: dict[str, TypeEngine[Any]] = {"int": sa.Integer(), "real": sa.Double(), "bool": sa.Boolean(), "time": Moment()}


def columns_of(words: str) -> list[sa.Column[Any]]:
    """Return columns such as ``code text255!, laid_year int``."""
    return [_column(column) for column in words.split(", ")]


def _column(words: str) -> sa.Column[Any]:
    name, kind = words.split(" ")
    plain = kind.rstrip("!")
    made: TypeEngine[Any] = sa.Text(int(plain[4:] or 0) or None) if plain.startswith("text") else _KINDS[plain]
    return sa.Column(name, made, nullable=not kind.endswith("!"))


def make_tables(
    connection: Connection, tables: Mapping[str, Words], *, append_only: Sequence[str], srs_id: int | None = None
) -> None:
    """Add layers to a store, with their indexes, revisions and triggers; geometry is in the store's frame."""
    srs_id = database_of(connection).srs_id_in(connection) if srs_id is None else srs_id
    metadata = MetaData()
    for name, (geometry, key, _, columns) in tables.items():
        made = layer_table(metadata, name, columns_of(columns), Geometry(geometry, srs_id) if geometry else None)
        sa.Index(f"{name}_key", *(made.c[column] for column in key), unique=True)
    metadata.create_all(connection)
    layers = {name: (geometry, about) for name, (geometry, _, about, _) in tables.items()}
    finish_schema(connection, srs_id, layers, append_only)
