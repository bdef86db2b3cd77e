"""A store on a server: one writer at a time whoever it is, edits of others seen, a server that goes and comes back."""

import re
import threading
import time

import psycopg
import pyproj
import pytest
from cluster import running

from dashboards.__main__ import main
from gisapp.errors import StoreError
from gisapp.store import create_store, migrate, open_store, postgis, upgrade_store
from gisapp.store.connect import Connections

LEAK = {"type": "leak", "channel": "phone"}
SCHEMA = {
    "columns": "SELECT table_name, column_name, udt_name, character_maximum_length, datetime_precision, "
    "collation_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
    "geometry": "SELECT f_table_name, type, srid, coord_dimension FROM geometry_columns ORDER BY 1",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "words": "SELECT relname, obj_description(oid) FROM pg_class WHERE relkind = 'r' ORDER BY 1",
    "version": "SELECT * FROM alembic_version",
}


@pytest.fixture
def address(cluster):
    return cluster.database("with_store")


def schema_of(address):
    with psycopg.connect(address) as raw:
        return {what: raw.execute(asked).fetchall() for what, asked in SCHEMA.items()}


def test_the_migrations_make_the_schema_of_a_new_store(cluster, address):
    """P6.2."""
    migrated = cluster.database()
    connections = Connections(migrated)
    with connections.writing() as connection:
        migrate.run(connection, crs=pyproj.CRS("EPSG:4547"))
    connections.close()
    made, wanted = schema_of(migrated), schema_of(address)
    assert len(wanted["triggers"]) > 100
    for what in SCHEMA:
        assert made[what] == wanted[what], what
    assert upgrade_store(migrated) is None


def test_places_stand_as_geometry_of_the_projects_frame_with_an_index(address):
    found = schema_of(address)
    assert ("incidents", "POINT", 4547, 2) in found["geometry"]
    assert any("USING gist (geom)" in index[0] and "incidents" in index[0] for index in found["indexes"])


def test_an_edit_by_another_program_moves_the_revision_and_is_told(address, rows):
    with open_store(address) as store, psycopg.connect(address, autocommit=True) as other:
        store.save({"org_units": rows("org_units")}, actor="t")
        before = store.revision("org_units")
        other.execute("LISTEN gisapp")
        other.execute("UPDATE org_units SET name_hans = '改了' WHERE code = 'code-1'")
        assert store.revision("org_units") == before + 1
        assert "改了" in set(store.table("org_units")["name_hans"])
        assert next(other.notifies(timeout=5)).payload == "org_units"


def test_another_program_waits_while_a_command_writes(address):
    with open_store(address) as store, psycopg.connect(address) as other:
        other.execute("SET lock_timeout = 200")
        with store._connections.writing(), pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute("DELETE FROM org_units")
        other.rollback()
        other.execute("DELETE FROM org_units")
        assert store.standing().writable == "locked"  # and we wait for it, half a second when we only look
        other.rollback()
        assert store.standing().writable == "ok"


def test_who_waits_too_long_is_told_that_nothing_was_written(address, monkeypatch):
    monkeypatch.setattr(postgis, "_BUSY_S", 1)
    with open_store(address) as store, psycopg.connect(address) as other:
        other.execute("DELETE FROM org_units")
        with pytest.raises(StoreError, match=r"another program has been writing .* nothing was written, try again"):
            store.report(LEAK, actor="E01")
        other.rollback()
        store.report(LEAK, actor="E01")
        assert store.count("incidents") == 1


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET note = 'x'", "DELETE FROM audit", "TRUNCATE audit", "DELETE FROM incident_steps"]
)
def test_what_only_grows_is_neither_changed_nor_deleted(address, statement):
    with open_store(address) as store:
        store.report(LEAK, actor="E01")
        store.set_setting("session_hours", 8, actor="E01")
    with psycopg.connect(address) as raw, pytest.raises(psycopg.IntegrityError, match="is append only"):
        raw.execute(statement)


def test_a_row_of_the_audit_that_an_owner_changed_is_named(address):
    with open_store(address) as store:
        for hours in (8, 9, 10):
            store.set_setting("session_hours", hours, actor="E01")
        assert not store.verify_audit().fault
        with psycopg.connect(address) as raw:
            raw.execute("SET session_replication_role = replica")
            raw.execute("UPDATE audit SET note = 'nothing' WHERE fid = 2")
        assert store.verify_audit().fault.startswith("row 2 was changed")


def test_who_may_edit_one_layer_alone_may_do_that(cluster, address, rows):
    with open_store(address) as store:
        store.save({"org_units": rows("org_units")}, actor="t")
        before = store.revision("org_units")
        name = address.split("/")[3].split("?")[0]
        cluster.sql(
            "DROP ROLE IF EXISTS editor; CREATE ROLE editor LOGIN; GRANT SELECT, UPDATE ON org_units TO editor", name
        )
        with psycopg.connect(cluster.address(name, "editor")) as raw:
            raw.execute("UPDATE org_units SET name_hans = '改了'")
            raw.commit()
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute("SELECT * FROM customers")
        assert store.revision("org_units") == before + 1


def test_readers_see_one_moment(address, rows):
    with open_store(address) as store:
        with store._connections.reading() as connection:
            count = "SELECT count(*) FROM incidents"
            assert connection.exec_driver_sql(count).scalar_one() == 0
            store.report(LEAK, actor="E01")
            assert connection.exec_driver_sql(count).scalar_one() == 0
        assert store.count("incidents") == 1


def test_a_connection_that_is_cut_is_made_anew(cluster, address):
    with open_store(address) as store:
        store.report(LEAK, actor="E01")
        store.revisions()
        cluster.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'gisapp'")
        store.report(LEAK, actor="E01")
        assert store.count("incidents") == 2
        with (
            pytest.raises(StoreError, match="the server does not answer or went away"),
            store._connections.writing() as connection,
        ):
            connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")
        assert store.count("incidents") == 2


def test_a_server_that_dies_and_is_back_has_all_that_was_answered_and_needs_no_restart(rows):
    with running() as own:
        address = own.database()
        with create_store(address, crs="EPSG:4547") as store:
            answered = [store.report(LEAK, actor="E01") for _ in range(5)]
            stop, refused = threading.Event(), []

            def report():
                while not stop.is_set():
                    try:
                        answered.append(store.report(LEAK, actor="E01"))
                    except StoreError as error:
                        refused.append(str(error))
                        time.sleep(0.05)

            writing = threading.Thread(target=report)
            writing.start()
            own.stop()
            standing = store.standing()
            assert (standing.writable, standing.schema) == ("missing", "missing")
            with pytest.raises(StoreError, match="the server does not answer"):
                store.table("incidents")
            own.start()
            stop.set()
            writing.join()
            assert store.standing().writable == "ok"
            store.report(LEAK, actor="E01")
            assert set(answered) <= set(store.table("incidents")["code"])
            assert refused
            assert all("secret" not in words for words in refused)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((r"^(postgresql)://gisapp@/\w+", r"\1://gisapp:secret@/nowhere"), "there is no such database"),
        ((r"host=.*", "host=/nowhere&password=secret"), "the server does not answer or went away"),
        ((r"host=", "strange=secret&host="), "is no address of a database"),
    ],
)
def test_a_wrong_address_is_told_without_its_password(address, change, words):
    with pytest.raises(StoreError, match=words) as found:
        open_store(re.sub(*change, address))
    assert "secret" not in str(found.value) or "strange" in change[1]


def test_the_commands_take_the_address_of_a_server(address, tmp_path, capsys, monkeypatch):
    assert main(["store", "copy", address.replace("gisapp@", "gisapp:secret@"), str(tmp_path / "a.gpkg")]) == 0
    told = capsys.readouterr().err
    assert "every row as in postgresql://gisapp:***@/" in told
    assert "secret" not in told
    monkeypatch.setenv("GISAPP_STORE", address)
    assert main(["audit", "verify"]) == 0
