"""What makes an SQLite file a GeoPackage 1.3: its system tables, its frames, its layers and their R-trees.

Version 1.3 and not 1.4, because QGIS 3.22 warns at 1.4.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyproj
from pyproj.enums import WktVersion
from sqlalchemy import Column, Connection, Integer, MetaData, Table

from gisapp.store.geometry import Geometry

APPLICATION_ID = 0x47504B47  # "GPKG"
USER_VERSION = 10300
_OWN_SRS = 100_000  # for a frame without an EPSG number
_RTREE = "http://www.geopackage.org/spec120/#extension_rtree"
_SYSTEM_TABLES = (
    """CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY,
    organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
    description TEXT)""",
    """CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
    identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
    """CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
    definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
)


def srs_id_of(crs: pyproj.CRS) -> int:
    """Return the number under which a frame stands in a GeoPackage: its EPSG number if it has one."""
    return crs.to_epsg() or _OWN_SRS


def create_system_tables(connection: Connection, crs: pyproj.CRS) -> None:
    """Make an empty database a GeoPackage that knows one project frame."""
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.exec_driver_sql(f"PRAGMA user_version = {USER_VERSION}")
    for statement in _SYSTEM_TABLES:
        connection.exec_driver_sql(statement)
    wgs84 = pyproj.CRS.from_epsg(4326)
    frames: dict[int, tuple[object, ...]] = {
        -1: ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian coordinate reference system"),
        0: ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
        4326: _frame(wgs84, "longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid"),
    }
    frames.setdefault(srs_id_of(crs), _frame(crs, "the project's frame; x is easting, y is northing"))
    connection.exec_driver_sql("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", list(frames.values()))


def _frame(crs: pyproj.CRS, about: str) -> tuple[object, ...]:
    number = crs.to_epsg()
    # The standard wants WKT of 2001; the full definition stands in the settings.
    definition = crs.to_wkt(WktVersion.WKT1_GDAL)
    return (crs.name, srs_id_of(crs), "EPSG" if number else "NONE", number or _OWN_SRS, definition, about)


def layer_table(metadata: MetaData, name: str, columns: Sequence[Column[Any]], geometry: Geometry | None) -> Table:
    """Return a table of a GeoPackage: ``fid``, then ``geom`` where there is geometry, then ``columns``."""
    geom = [Column("geom", geometry)] if geometry else []
    fid = Column("fid", Integer, primary_key=True, autoincrement=True, nullable=False)
    return Table(name, metadata, fid, *geom, *columns, sqlite_autoincrement=True)


def register_layer(connection: Connection, name: str, about: str, geometry: Geometry | None) -> None:
    """Enter a table in the contents; with geometry, give it its R-tree and triggers."""
    connection.exec_driver_sql(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES (?, ?, ?, ?, ?)",
        (name, "features" if geometry else "attributes", name, about, geometry.srs_id if geometry else None),
    )
    if geometry is None:
        return
    connection.exec_driver_sql(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (name, geometry.kind, geometry.srs_id)
    )
    connection.exec_driver_sql(
        "INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', ?, 'write-only')", (name, _RTREE)
    )
    connection.exec_driver_sql(f'CREATE VIRTUAL TABLE "{rtree_name(name)}" USING rtree(id, minx, maxx, miny, maxy)')
    for statement in rtree_triggers(name).values():
        connection.exec_driver_sql(statement)


def rtree_name(name: str) -> str:
    """Return the name of a layer's R-tree."""
    return f"rtree_{name}_geom"


def rtree_triggers(name: str) -> dict[str, str]:
    """Return the six triggers that the standard demands, by name."""
    tree = rtree_name(name)
    stands = 'NEW."geom" NOTNULL AND NOT ST_IsEmpty(NEW."geom")'
    gone = 'NEW."geom" ISNULL OR ST_IsEmpty(NEW."geom")'
    put = (
        f'INSERT OR REPLACE INTO "{tree}" VALUES (NEW."fid", ST_MinX(NEW."geom"), ST_MaxX(NEW."geom"), '
        f'ST_MinY(NEW."geom"), ST_MaxY(NEW."geom"));'
    )
    drop = f'DELETE FROM "{tree}" WHERE id = OLD."fid";'
    drop_both = f'DELETE FROM "{tree}" WHERE id IN (OLD."fid", NEW."fid");'
    same, other = 'OLD."fid" = NEW."fid"', 'OLD."fid" != NEW."fid"'
    bodies = {
        "insert": f'AFTER INSERT ON "{name}" WHEN ({stands}) BEGIN {put} END',
        "update1": f'AFTER UPDATE OF "geom" ON "{name}" WHEN {same} AND ({stands}) BEGIN {put} END',
        "update2": f'AFTER UPDATE OF "geom" ON "{name}" WHEN {same} AND ({gone}) BEGIN {drop} END',
        "update3": f'AFTER UPDATE ON "{name}" WHEN {other} AND ({stands}) BEGIN {drop} {put} END',
        "update4": f'AFTER UPDATE ON "{name}" WHEN {other} AND ({gone}) BEGIN {drop_both} END',
        "delete": f'AFTER DELETE ON "{name}" WHEN OLD."geom" NOT NULL BEGIN {drop} END',
    }
    return {f"{tree}_{what}": f'CREATE TRIGGER "{tree}_{what}" {body}' for what, body in bodies.items()}


def widen_extent(connection: Connection, name: str, boxes: np.ndarray) -> None:
    """Note the time of a change and, given boxes (min x, max x, min y, max y), stretch the layer's extent."""
    connection.exec_driver_sql(
        "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now') WHERE table_name = ?", (name,)
    )
    if len(boxes) == 0:
        return
    low_x, low_y = boxes[:, 0].min(), boxes[:, 2].min()
    high_x, high_y = boxes[:, 1].max(), boxes[:, 3].max()
    connection.exec_driver_sql(
        "UPDATE gpkg_contents SET min_x = min(ifnull(min_x, ?1), ?1), min_y = min(ifnull(min_y, ?2), ?2), "
        "max_x = max(ifnull(max_x, ?3), ?3), max_y = max(ifnull(max_y, ?4), ?4) WHERE table_name = ?5",
        (float(low_x), float(low_y), float(high_x), float(high_y), name),
    )


def insert_rows(connection: Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Run a statement for every row, straight in the driver: a list of a million tuples is never made."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.executemany(statement, rows)
