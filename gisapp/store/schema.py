"""The tables of the store, built from the data dictionary, and the triggers that keep its promises."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyproj
from sqlalchemy import Boolean, Column, Connection, Double, Index, Integer, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

from gisapp.store.databases import database_of
from gisapp.store.geometry import Geometry
from gisapp.store.geopackage import layer_table, srs_id_of
from gisapp.store.moment import Moment
from gisapp.tables import TABLES
from gisapp.tables import Column as Field

_LENGTHS = dict.fromkeys(("summary", "text", "note", "address", "links", "value"), 4000) | {"body": 100_000}
_LENGTHS |= dict.fromkeys(("locked", "apart", "bridges", "grids", "change"), 100_000_000)
# child table, child column, parent table: the child's utility and column must stand as the parent's key
REFERENCES = (
    ("links", "from_node", "nodes"),
    ("links", "to_node", "nodes"),
    ("devices", "link_code", "links"),
    ("devices", "node_code", "nodes"),
    ("hydrants", "link_code", "links"),
    ("connections", "link_code", "links"),
    ("connections", "customer_code", "customers"),
    ("incident_steps", "incident_code", "incidents"),
    ("shutoff_steps", "shutoff_code", "shutoffs"),
    ("valve_operations", "device_code", "devices"),
    ("valve_operations", "shutoff_code", "shutoffs"),
    ("notices", "shutoff_code", "shutoffs"),
    ("patrol_routes", "grid_code", "grids"),
    ("patrol_checkpoints", "route_code", "patrol_routes"),
    ("patrol_tracks", "route_code", "patrol_routes"),
    ("patrol_findings", "track_code", "patrol_tracks"),
    ("emergency_steps", "emergency_code", "emergencies"),
    ("site_steps", "site_code", "construction_sites"),
    ("measure_steps", "measure_code", "measures"),
    ("patrol_checks", "track_code", "patrol_tracks"),
    ("plan_steps", "plan_code", "plans"),
    ("plan_units", "plan_code", "plans"),
    ("plan_changes", "plan_code", "plans"),
    ("plan_comments", "plan_code", "plans"),
)
APPEND_ONLY = (*(name for name, table in TABLES.items() if table.append_only), "audit")


def text_length(field: Field) -> int:
    """Return the most characters that a text column holds."""
    if field.choices:
        return 32
    return _LENGTHS.get(field.name, 255)


def _column(field: Field) -> Column[Any]:
    kinds: dict[str, TypeEngine[Any]] = {"int": Integer(), "real": Double(), "bool": Boolean(), "time": Moment()}
    kind: TypeEngine[Any] = Text(text_length(field)) if field.kind == "text" else kinds[field.kind]
    return Column(field.name, kind, nullable=not field.required)


@cache
def store_metadata(srs_id: int) -> MetaData:
    """Return all tables of a store whose frame has the number ``srs_id``."""
    metadata = MetaData()
    for table in TABLES.values():
        geometry = Geometry(table.geometry, srs_id) if table.geometry else None
        made = layer_table(metadata, table.name, [_column(field) for field in table.columns], geometry)
        # An index and not a constraint, so that a bulk load can build it at the end.
        Index(f"{table.name}_key", *(made.c[column] for column in table.key), unique=True)
    own_tables(metadata)
    return metadata


def own_tables(metadata: MetaData) -> None:
    """Add the tables that are no layers: settings, imports, audit, layer_rev, and those of accounts."""
    Table("settings", metadata, Column("key", Text(255), primary_key=True), Column("value", Text, nullable=False))
    Table("layer_rev", metadata, Column("name", Text(255), primary_key=True), Column("rev", Integer, nullable=False))
    for name, last in (("imports", "source"), ("audit", "action")):
        texts = [Column(column, Text, nullable=False) for column in ("tables", last)]
        who = [Column("actor", Text(255), nullable=False), Column("note", Text(4000), nullable=False)]
        chain = [Column("hash", Text(64))] if name == "audit" else []
        layer_table(metadata, name, [Column("at", Moment, nullable=False), *who, *texts, *chain], None)
    _account_tables(metadata)


def _account_tables(metadata: MetaData) -> None:
    """Add the tables of accounts, which no file brings in and no export takes out: users, sessions, tokens."""

    def texts(*names: str, most: int | None = None, empty: bool = False) -> list[Column[Any]]:
        return [Column(name, Text(most), nullable=empty) for name in names]

    def moments(*names: str, ends: bool = True) -> list[Column[Any]]:
        return [Column(name, Moment, nullable=False) for name in names] + [Column("ended_at", Moment)] * ends

    who = [*texts("name", most=64), *texts("display", most=255), *texts("roles", "grids", "units")]
    kept = [*texts("password", "subject", most=255, empty=True), Column("disabled", Boolean, nullable=False)]
    users = layer_table(metadata, "users", [*who, *kept, *moments("created_at", "changed_at", ends=False)], None)
    Index("users_key", users.c.name, unique=True)
    Index("users_subject", users.c.subject, unique=True)
    secret = ("secret_hash", "user_name")
    sessions = layer_table(metadata, "sessions", [*texts(*secret, most=64), *moments("begun_at", "seen_at")], None)
    of_token = [*texts(*secret, most=64), *texts("label", most=255), *moments("created_at", "expires_at")]
    tokens = layer_table(metadata, "tokens", of_token, None)
    for table in (sessions, tokens):
        Index(f"{table.name}_key", table.c.secret_hash, unique=True)


def create_schema(connection: Connection, crs: pyproj.CRS) -> None:
    """Make an empty database a store."""
    database_of(connection).begin_schema(connection, crs)
    store_metadata(srs_id_of(crs)).create_all(connection)
    layers = {name: (table.geometry, table.about) for name, table in TABLES.items()}
    finish_schema(connection, srs_id_of(crs), layers, APPEND_ONLY)


def finish_schema(
    connection: Connection, srs_id: int, layers: dict[str, tuple[str | None, str]], append_only: Sequence[str]
) -> None:
    """Register the layers (name: geometry type, description) and add spatial indexes, revisions and triggers."""
    database = database_of(connection)
    for name, (kind, about) in layers.items():
        database.add_layer(connection, name, about, Geometry(kind, srs_id) if kind else None)
        connection.exec_driver_sql("INSERT INTO layer_rev VALUES (?, 0)", (name,))
    for name in append_only:
        database.keep_append_only(connection, name)


def read_settings(connection: Connection) -> dict[str, object]:
    """Return every setting."""
    rows = connection.exec_driver_sql("SELECT key, value FROM settings").fetchall()
    return {key: json.loads(value) for key, value in rows}


def write_setting(connection: Connection, key: str, value: object) -> None:
    """Put one setting in place of the one before."""
    connection.exec_driver_sql(
        "INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, json.dumps(value, ensure_ascii=False)),
    )
