"""What makes a table of a server a layer: its spatial index, the triggers that move its revision, and its frame."""

from __future__ import annotations

import pyproj
from pyproj.enums import WktVersion
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gisapp.errors import StoreError
from gisapp.store.geometry import Geometry
from gisapp.store.geopackage import srs_id_of
from gisapp.store.postgis_values import read_as_a_file

LOCK = f"SELECT pg_advisory_xact_lock({0x67697361})"  # "gisa"; advisory locks are those of one database
_FUNCTIONS = (
    # For whoever edits a layer with rights on that layer alone: hence with those of the owner.
    f"""CREATE OR REPLACE FUNCTION gisapp_turn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock({0x67697361}); RETURN NULL; END $$""",
    """CREATE OR REPLACE FUNCTION gisapp_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path FROM CURRENT AS $$
    BEGIN
      UPDATE layer_rev SET rev = rev + 1 WHERE name = TG_TABLE_NAME;
      PERFORM pg_notify('gisapp', TG_TABLE_NAME);
      PERFORM pg_notify('qgis', TG_TABLE_NAME);
      RETURN NULL;
    END $$""",
    """CREATE OR REPLACE FUNCTION gisapp_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END $$""",
)


def take_lock(connection: Connection) -> None:
    """Wait for the turn to write, until the transaction ends."""
    connection.exec_driver_sql(LOCK)


def begin_schema(connection: Connection, crs: pyproj.CRS) -> None:
    """Prepare a database for the layers of one project: PostGIS, the frame, and what the triggers call."""
    run = connection.exec_driver_sql
    if run("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").scalar() is None:
        try:
            with connection.begin_nested():
                run("CREATE EXTENSION postgis")
        except DBAPIError as error:
            found = "the database has no PostGIS"
            raise StoreError(f"{found}; let an administrator run CREATE EXTENSION postgis in it") from error
    driver = connection.connection.driver_connection
    assert driver is not None
    read_as_a_file(driver)
    make_frame(connection, crs)
    for statement in _FUNCTIONS:
        run(statement)


def make_frame(connection: Connection, crs: pyproj.CRS) -> None:
    """Enter the project's frame where the server does not know it."""
    number, run = srs_id_of(crs), connection.exec_driver_sql
    wkt = crs.to_wkt(WktVersion.WKT1_GDAL)
    known = run("SELECT srtext FROM spatial_ref_sys WHERE srid = ?", (number,)).scalar()
    if known is not None and (crs.to_epsg() or known == wkt):
        return
    try:
        with connection.begin_nested():
            run("DELETE FROM spatial_ref_sys WHERE srid = ?", (number,))
            run("INSERT INTO spatial_ref_sys (srid, srtext, proj4text) VALUES (?, ?, ?)", (number, wkt, ""))
    except DBAPIError as error:
        found = f"the server does not know the frame {crs.name}, and this role may not enter it"
        raise StoreError(f"{found}; let an administrator GRANT INSERT, DELETE ON spatial_ref_sys to it") from error


def add_layer(connection: Connection, name: str, about: str, geometry: Geometry | None) -> None:
    """Say what a table is, give it its spatial index and the triggers that move its revision."""
    run = connection.exec_driver_sql
    describe_layer(connection, name, about)
    if geometry is not None:
        index_places(connection, name)
    for when, call in (("BEFORE", "gisapp_turn"), ("AFTER", "gisapp_moved")):
        run(
            f'CREATE TRIGGER "{name}_{call[7:]}" {when} INSERT OR UPDATE OR DELETE OR TRUNCATE ON "{name}" '
            f"FOR EACH STATEMENT EXECUTE FUNCTION {call}()"
        )


def index_places(connection: Connection, name: str) -> None:
    """Give a table its spatial index."""
    connection.exec_driver_sql(f'CREATE INDEX "{name}_geom" ON "{name}" USING gist ("geom")')


def describe_layer(connection: Connection, name: str, about: str) -> None:
    """Say what a layer is."""
    quoted = about.replace("'", "''")
    connection.exec_driver_sql(f"COMMENT ON TABLE \"{name}\" IS '{quoted}'")


def forget_layer(connection: Connection, name: str) -> None:
    """Do nothing: all that made a table a layer went with it."""


def keep_append_only(connection: Connection, name: str) -> None:
    """Add the triggers that refuse to change or delete a row."""
    for what, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        connection.exec_driver_sql(
            f'CREATE TRIGGER "{name}_no_{what}" BEFORE {what.upper()} ON "{name}" '
            f"FOR EACH {each} EXECUTE FUNCTION gisapp_append_only()"
        )


def let_change(connection: Connection, name: str) -> None:
    """Drop the triggers that refuse to change or delete a row."""
    for what in ("update", "delete", "truncate"):
        connection.exec_driver_sql(f'DROP TRIGGER "{name}_no_{what}" ON "{name}"')


def srs_id_in(connection: Connection) -> int:
    """Return the number of the project's frame."""
    found = "SELECT srid FROM geometry_columns WHERE f_table_schema = current_schema() AND f_table_name = 'grids'"
    return int(connection.exec_driver_sql(found).scalar_one())
