"""A store goes from a file to a server and back and is the same, row for row; half a copy is none."""

import sqlite3

import psycopg
import pyarrow as pa
import pyproj
import pytest

from gisapp.errors import InputError, Interrupted, StoreError
from gisapp.store import backup_store, copy_whole, create_store, open_store, restore_store, table_digests
from gisapp.tables import TABLES

ODD = [
    'say "yes", or not',
    "two\nlines\r\nand\ttabs",
    "\\N",
    "\\.",
    "",
    " ",
    "NULL",
    "漏水😀",
    "0012",
    "\x1f\x01",
    "é;é",
]


@pytest.fixture
def full(path, everything, rows):
    """Return a file with rows in every table, odd ones too, and accounts, settings and imports."""
    with create_store(path, crs="EPSG:4547", zone="Asia/Shanghai", name="示例") as store:
        incidents = everything["incidents"].copy()
        store.save(everything | {"incidents": incidents}, actor="t", source={"file": "a.csv"})
        odd = rows("incidents", len(ODD), start=100).assign(summary=ODD)
        store.save({"incidents": odd}, actor="t", note="odd")
        store.set_setting("session_hours", 8, actor="t")
    return path


@pytest.fixture
def few(path, rows):
    """Return a file with a few rows."""
    with create_store(path, crs="EPSG:4547") as store:
        incidents = rows("incidents").assign(summary=list("abcdefg"))
        store.save({"incidents": incidents, "org_units": rows("org_units")}, actor="t")
    return path


def named(address):
    return address.split("/")[3].split("?")[0]


def frames(address):
    with open_store(address) as store:
        revisions = store.revisions()
        return {name: store.table(name) for name in TABLES}, revisions, (store.crs, store.zone, store.name)


def test_a_store_goes_to_a_server_and_back_without_loss(full, cluster, tmp_path, same):
    """P6.5."""
    address, back = cluster.database(), tmp_path / "back.gpkg"
    digests = copy_whole(full, address)
    assert copy_whole(address, back) == digests
    assert table_digests(back) == table_digests(full)
    (here, revisions, head), (there, moved, heading) = frames(full), frames(address)
    assert (moved, heading) == (revisions, head)
    for name in TABLES:
        assert len(here[name]), name
        same(there[name], here[name])
    with open_store(address) as store, open_store(back) as again:
        assert not store.verify_audit().fault
        assert store.audit_head() == again.audit_head()
        assert not again.verify_audit().fault
        assert again.verify_audit().remarks == ()


def test_rows_that_come_after_a_copy_have_numbers_of_their_own(few, cluster, rows, tmp_path):
    address, back = cluster.database(), tmp_path / "back.gpkg"
    with sqlite3.connect(few) as raw:
        raw.execute("DELETE FROM org_units WHERE fid = (SELECT max(fid) FROM org_units)")
    raw.close()
    copy_whole(few, address)
    copy_whole(address, back)
    for place in (address, back):
        with open_store(place) as store:
            store.save({"org_units": rows("org_units", 1, start=500)}, actor="t")
    assert cluster.sql("SELECT max(fid) FROM org_units", named(address)) == "8\n"
    with sqlite3.connect(back) as raw:
        assert raw.execute("SELECT max(fid) FROM org_units").fetchone() == (8,)
    raw.close()


def test_a_frame_without_a_number_goes_there_and_back(path, cluster, tmp_path, rows):
    local = pyproj.CRS("+proj=tmerc +lon_0=113.5 +k=0.9999 +x_0=400000 +y_0=-3000000 +ellps=GRS80 +units=m")
    with create_store(path, crs=local) as store:
        store.save({"streets": rows("streets").set_crs(local, allow_override=True)}, actor="t")
    address = cluster.database()
    copy_whole(path, address)
    copy_whole(address, tmp_path / "back.gpkg")
    with open_store(tmp_path / "back.gpkg") as store:
        assert store.crs == local
    assert table_digests(tmp_path / "back.gpkg") == table_digests(path)


def test_half_a_copy_is_none(few, cluster, tmp_path):
    def stop(done, total):
        if done > total / 2:
            raise Interrupted("enough")

    address = cluster.database()
    with pytest.raises(Interrupted):
        copy_whole(few, address, progress=stop)
    with pytest.raises(StoreError, match="is an empty database; make a store first"):
        open_store(address)
    copy_whole(few, address)
    with pytest.raises(Interrupted):
        copy_whole(address, tmp_path / "back.gpkg", progress=stop)
    assert [file.name for file in tmp_path.iterdir() if "back" in file.name] == []


def test_a_target_that_holds_something_is_refused(few, cluster, tmp_path):
    address = cluster.database()
    cluster.sql("CREATE TABLE precious (n int)", named(address))
    with pytest.raises(StoreError, match=r"is not empty \(1 tables, precious among them\)"):
        copy_whole(few, address)
    with pytest.raises(StoreError, match="is not a store of this program; use a database of its own"):
        open_store(address)
    with pytest.raises(StoreError, match="exists already"):
        copy_whole(few, few)
    with pytest.raises(StoreError, match="there is no such database"):
        copy_whole(few, cluster.address("nowhere"))


def test_a_text_that_a_server_cannot_keep_is_named(few, cluster, rows):
    with open_store(few) as store:
        store.save({"incidents": rows("incidents", 1, start=50).assign(summary="c\0d")}, actor="t")
    address = cluster.database()
    with pytest.raises(InputError, match="table incidents, row 8, field summary: holds a NUL character"):
        copy_whole(few, address)


def test_a_copy_that_differs_in_a_row_is_refused(few, cluster, monkeypatch):
    from gisapp.store import postgis_columns

    sent = postgis_columns._sent

    def one_word(part, name, kind):
        return pa.array(["x"] * len(part.frame)) if name == "summary" else sent(part, name, kind)

    monkeypatch.setattr(postgis_columns, "_sent", one_word)
    address = cluster.database()
    with pytest.raises(StoreError, match="rows of incidents are not those of the source; nothing was copied"):
        copy_whole(few, address)


def test_a_backup_of_a_server_is_a_file_and_comes_back(few, cluster, tmp_path):
    """P6.5."""
    address, again = cluster.database(), cluster.database()
    copy_whole(few, address)
    kept = backup_store(address, tmp_path / "backup.gpkg")
    assert kept == table_digests(few)
    assert restore_store(tmp_path / "backup.gpkg", again) == kept
    with psycopg.connect(again) as raw:
        assert raw.execute("SELECT count(*) FROM incidents").fetchone() == (7,)


def test_many_rows_are_copied_with_the_indexes_of_a_new_store(few, cluster, rows):
    with open_store(few) as store:
        store.save({"incidents": rows("incidents", 1500, start=100)}, actor="t")
    address, empty = cluster.database(), cluster.database("with_store")
    copy_whole(few, address)
    asked = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    with psycopg.connect(address) as raw, psycopg.connect(empty) as new:
        assert raw.execute(asked).fetchall() == new.execute(asked).fetchall()
