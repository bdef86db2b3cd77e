"""Tables in memory follow the file, whoever writes it."""

import sqlite3
import subprocess
import sys
import threading
import tracemalloc

import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from gisapp.errors import InputError, StoreError
from gisapp.store import open_store
from gisapp.store.geometry import register_functions
from gisapp.tables import conform

EDIT = """
import sqlite3, sys
from gisapp.store.geometry import register_functions
raw = sqlite3.connect(sys.argv[1])
register_functions(raw)
raw.execute(sys.argv[2])
raw.commit()
"""


def edited(path, statement):
    """Write to the store from another process, as a desktop program would."""
    subprocess.run([sys.executable, "-c", EDIT, str(path), statement], check=True)


@pytest.mark.both
def test_a_table_is_read_once_until_somebody_writes(store, rows):
    store.save({"nodes": rows("nodes")}, actor="tester")
    first = store.table("nodes")
    assert store.table("nodes") is first
    store.save({"communities": rows("communities")}, actor="tester")
    assert store.table("nodes") is first
    store.save({"nodes": rows("nodes", start=50)}, actor="tester")
    assert len(store.table("nodes")) == len(first) + 7


def test_rows_keep_the_order_in_which_they_came(store, rows):
    backward = rows("nodes", 30).iloc[::-1].reset_index(drop=True)
    store.save({"nodes": backward}, actor="tester")
    for columns in (["code"], ["utility", "code"], None):
        assert store.table("nodes", columns=columns)["code"].tolist() == backward["code"].tolist()


def test_only_the_columns_asked_for_are_read(store, rows):
    store.save({"incidents": rows("incidents")}, actor="tester")
    few = store.table("incidents", columns=["geom", "type"])
    assert list(few.columns) == ["type", "geom"]
    assert few.crs.to_epsg() == 4547
    assert few["type"].tolist() == store.table("incidents")["type"].tolist()
    for wrong in (["typ"], []):
        with pytest.raises(InputError, match="unknown column"):
            store.table("incidents", columns=wrong)
    with pytest.raises(InputError, match="there is no table 'incident'"):
        store.table("incident")


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        ("UPDATE communities SET name = 'edited' WHERE code = 'code-1'", 7),
        ("DELETE FROM communities WHERE code = 'code-1'", 6),
        ("INSERT INTO communities (code, name) VALUES ('new', 'edited')", 8),
    ],
)
def test_an_edit_by_another_process_moves_the_revision_and_the_table(store, path, rows, statement, count):
    store.save({"communities": rows("communities"), "nodes": rows("nodes")}, actor="tester")
    before, nodes = store.revisions(), store.table("nodes")
    store.table("communities")
    edited(path, statement)
    after = store.revisions()
    assert after["communities"] > before["communities"]
    assert {name for name in before if before[name] != after[name]} == {"communities"}
    table = store.table("communities")
    assert len(table) == count
    assert (table["name"] == "edited").sum() == (0 if "DELETE" in statement else 1)
    assert store.table("nodes") is nodes


def test_a_bulk_load_moves_the_revision_once(store, rows):
    assert len(store.table("incidents")) == 0
    before = store.revisions()
    store.save({"incidents": rows("incidents", 3000)}, actor="tester")
    assert store.revisions() == before | {"incidents": before["incidents"] + 1}
    assert len(store.table("incidents")) == 3000


def test_edits_still_move_the_revision_after_a_bulk_load(store, path, rows):
    store.save({"incidents": rows("incidents", 3000)}, actor="tester")
    before = store.revision("incidents")
    edited(path, "UPDATE incidents SET summary = 'edited' WHERE code = 'code-1'")
    assert store.revision("incidents") == before + 1


def test_a_moved_point_moves_in_the_r_tree(store, path, rows):
    store.save({"nodes": rows("nodes", 2000)}, actor="tester")
    raw = sqlite3.connect(path)
    register_functions(raw)
    raw.execute("UPDATE nodes SET geom = (SELECT geom FROM nodes WHERE fid = 1001) WHERE fid = 1")
    raw.commit()
    boxes = raw.execute("SELECT minx, maxx, miny, maxy FROM rtree_nodes_geom WHERE id IN (1, 1001)").fetchall()
    assert boxes[0] == boxes[1]
    assert raw.execute("SELECT rtreecheck('rtree_nodes_geom')").fetchone() == ("ok",)
    raw.close()


def test_times_in_another_iso_form_are_read(store, path, rows):
    store.save({"incidents": rows("incidents", 2)}, actor="tester")
    edited(path, "UPDATE incidents SET reported_at = '2026-05-01T08:00:00+08:00' WHERE fid = 2")
    times = store.table("incidents")["reported_at"]
    assert times[1].isoformat() == "2026-05-01T00:00:00+00:00"
    assert str(times.dtype) == "datetime64[ms, UTC]"
    edited(path, "UPDATE incidents SET reported_at = 'last week' WHERE fid = 2")
    with pytest.raises(StoreError, match=r"incidents\.reported_at holds a time that cannot be read"):
        store.table("incidents")


def test_a_geometry_with_another_envelope_and_height_is_read(store, path, rows):
    store.save({"streets": rows("streets", 1)}, actor="tester")
    line = shapely.LineString([(1, 2, 3), (4, 5, 6)])
    blob = b"GP\x00\x01" + (4547).to_bytes(4, "little") + shapely.to_wkb(line, flavor="iso")
    edited(path, f"UPDATE streets SET geom = x'{blob.hex()}'")
    assert store.table("streets").geom[0].wkt == "LINESTRING (1 2, 4 5)"


def test_rows_far_apart_in_number_are_read(store, path, rows):
    store.save({"communities": rows("communities", 2)}, actor="tester")
    edited(path, "INSERT INTO communities (fid, code, name) VALUES (9000000000000, 'far', 'far')")
    assert store.table("communities")["code"].tolist() == ["code-0", "code-1", "far"]


def test_texts_that_hold_what_parts_and_marks_texts_are_read_as_they_are(store, path, rows):
    given = ["a\x1fb", "\x01", None, "", "管网"]
    store.save({"incidents": conform(rows("incidents", 5).assign(summary=given), "incidents")}, actor="tester")
    assert store.table("incidents")["summary"].fillna("missing").tolist() == [*given[:2], "missing", *given[3:]]
    edited(path, "UPDATE incidents SET summary = x'4142' WHERE fid = 1")
    assert store.table("incidents")["summary"][0] == "AB"


def test_chunks_are_put_together_in_the_dtypes_of_one(store, rows, monkeypatch):
    """Rows beyond one chunk, of which one has no value in a column."""
    given = rows("incidents", 30)
    given.loc[10:20, ["grid_code", "measure_m", "dispatched_at"]] = None
    given.loc[10:20, "geom"] = None
    store.save({"incidents": given}, actor="tester")
    whole = store.table("incidents")
    monkeypatch.setattr("gisapp.store.sqlite_columns._CHUNK", 10)
    with open_store(store.address) as again:
        assert_geodataframe_equal(again.table("incidents"), whole)


def test_no_text_of_a_file_becomes_an_object_while_it_is_read(store, path, rows, monkeypatch):
    """A server reads years of incidents again and again; each object lies between those that stay."""
    monkeypatch.setattr("gisapp.store.sqlite_columns._CHUNK", 500)
    store.save({"incidents": rows("incidents", 4_000)}, actor="tester")
    with open_store(path) as again:
        again.table("nodes")
        tracemalloc.start()
        try:
            table = again.table("incidents")
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    texts = table.select_dtypes("str").notna().to_numpy().sum()
    assert most < 40 * texts  # an object is 50 bytes and more


def test_many_threads_read_one_table_at_once(store, rows):
    store.save({"incidents": rows("incidents", 2000)}, actor="tester")
    frames = []
    threads = [threading.Thread(target=lambda: frames.append(store.table("incidents"))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(frames) == 12
    assert all(frame is frames[0] for frame in frames)
