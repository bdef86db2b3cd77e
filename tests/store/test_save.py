"""Saving: every table comes back as it went in; what is wrong is named and nothing of it is written."""

import sqlite3

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gisapp.errors import CrsError, InputError, Interrupted, StoreError
from gisapp.store import open_store
from gisapp.store.geometry import register_functions
from gisapp.tables import TABLES


@pytest.mark.both
def test_every_table_comes_back_as_it_went_in(store, everything, same):
    store.save(everything, actor="tester")
    for name, frame in everything.items():
        same(store.table(name), frame)
        assert store.count(name) == len(frame)


def test_the_same_rows_come_back_after_closing(store, path, everything, same):
    store.save(everything, actor="tester")
    store.close()
    with open_store(path) as again:
        assert (again.crs.to_epsg(), again.zone.key, again.name) == (4547, "Asia/Shanghai", "示例")
        for name, frame in everything.items():
            same(again.table(name), frame)


def test_a_bulk_load_and_single_rows_make_the_same_table(store, rows, same):
    frame = rows("incidents", 3000)
    store.save({"incidents": frame[:2000]}, actor="tester")
    store.save({"incidents": frame[2000:]}, actor="tester")
    same(store.table("incidents"), frame)


def test_an_empty_table_has_the_columns_and_kinds(store, rows, same):
    same(store.table("links"), rows("links", 0))
    store.save({"links": rows("links", 0)}, actor="tester")
    assert store.count("links") == 0


def test_unlocated_and_empty_points_are_stored_without_geometry(store, rows, path):
    frame = rows("incidents", 3)
    frame["geom"] = gpd.GeoSeries([shapely.Point(), None, shapely.Point(1, 2)], crs=frame.crs)
    store.save({"incidents": frame}, actor="tester")
    assert store.table("incidents").geom.isna().tolist() == [True, True, False]
    with sqlite3.connect(path) as raw:
        assert raw.execute("SELECT count(*) FROM incidents WHERE geom IS NULL").fetchone() == (2,)
    raw.close()


def test_odd_text_comes_back(store, rows, kind):
    odd = ["", "\x01", "a\x1fb", "é'\"%_\\", "𠮷野 網格", "two\nlines", "null\x00byte"]
    odd = odd if kind == "file" else odd[:-1]  # which a server refuses in words
    frame = rows("incidents", len(odd))
    frame["summary"] = pd.Series(odd, dtype="str")
    store.save({"incidents": frame}, actor="tester")
    assert store.table("incidents")["summary"].tolist() == odd


def test_a_polygon_becomes_a_multipolygon_and_heights_are_dropped(store, rows):
    frame = rows("communities", 1)
    raised = shapely.force_3d(shapely.box(0, 0, 1, 1), z=5.0)
    frame["geom"] = gpd.GeoSeries([raised], crs=frame.crs)
    store.save({"communities": frame}, actor="tester")
    assert store.table("communities").geom[0].wkt == shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]).wkt


def test_a_broken_reference_is_named_and_nothing_is_written(store, network):
    network["links"].loc[1, "to_node"] = "N9"
    with pytest.raises(InputError, match=r"table links, row 2, field to_node: utility water, code L2 names 'N9'"):
        store.save(network, actor="tester")
    assert all(store.count(name) == 0 for name in network)
    assert len(store.audit()) == 0


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("links", "from_node"),
        ("devices", "link_code"),
        ("devices", "node_code"),
        ("hydrants", "link_code"),
        ("connections", "link_code"),
        ("connections", "customer_code"),
    ],
)
def test_every_reference_of_the_network_is_checked(store, network, name, column):
    network[name].loc[0, column] = "nowhere"
    with pytest.raises(InputError, match=f"table {name}, row 1, field {column}.*'nowhere'"):
        store.save(network, actor="tester")


def test_a_reference_holds_only_within_its_utility(store, network):
    network["nodes"]["utility"] = "gas"
    with pytest.raises(InputError, match="table links, row 1, field from_node"):
        store.save(network, actor="tester")


def test_references_may_point_at_rows_saved_before(store, network):
    store.save({"nodes": network["nodes"]}, actor="tester")
    store.save({"links": network["links"]}, actor="tester")
    assert store.count("links") == 2


@pytest.mark.parametrize("count", [10, 5000])
def test_a_key_given_twice_is_named_with_both_rows(store, rows, count):
    frame = rows("incidents", count)
    frame.loc[8, "code"] = frame.loc[3, "code"]
    with pytest.raises(InputError, match="table incidents, row 9, field code: code code-3 stands already in row 4"):
        store.save({"incidents": frame}, actor="tester")
    assert store.count("incidents") == 0


@pytest.mark.both
@pytest.mark.parametrize("count", [10, 5000])
def test_a_key_stored_already_is_named_with_its_row(store, rows, count):
    store.save({"incidents": rows("incidents", 5)}, actor="tester")
    frame = rows("incidents", count, start=3)
    with pytest.raises(InputError, match="table incidents, row 1, field code: code code-3 is stored already"):
        store.save({"incidents": frame}, actor="tester")
    assert store.count("incidents") == 5


@pytest.mark.both
def test_replace_updates_the_stored_rows_and_adds_the_others(store, rows, same):
    store.save({"communities": rows("communities", 4)}, actor="tester")
    again = rows("communities", 6).iloc[2:].assign(name="新名").reset_index(drop=True)
    again["geom"] = again.translate(1000, 0)
    store.save({"communities": again}, actor="tester", replace=True)
    kept = store.table("communities")
    same(kept.iloc[2:].reset_index(drop=True), again)
    assert kept["code"].tolist() == [f"code-{row}" for row in range(6)]


def test_replace_names_a_key_given_twice(store, rows):
    store.save({"communities": rows("communities", 2)}, actor="tester")
    twice = pd.concat([rows("communities", 2)] * 2)
    with pytest.raises(InputError, match="row 3, field code: code code-0 stands already in row 1"):
        store.save({"communities": twice}, actor="tester", replace=True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "moat"}, "table nodes, row 1, field kind: found 'moat'"),
        ({"geom": shapely.box(0, 0, 1, 1)}, "table nodes, row 1, field geom: is a Polygon; give a POINT"),
        ({"geom": shapely.Point(np.inf, 1)}, "table nodes, row 1, field geom: has a coordinate that is no number"),
        ({"code": "x" * 256}, "table nodes, row 1, field code: is 256 characters long"),
        ({"code": None}, "table nodes, row 1, field code: is empty"),
    ],
)
def test_a_value_that_does_not_fit_is_named(store, rows, change, words):
    frame = rows("nodes", 2)
    for column, value in change.items():
        if column == "geom":
            frame["geom"] = gpd.GeoSeries([value, None], crs=frame.crs)
        else:
            frame.loc[0, column] = value
    with pytest.raises(InputError, match=words):
        store.save({"nodes": frame}, actor="tester")


def test_another_frame_or_none_is_refused(store, rows):
    with pytest.raises(CrsError, match="convert it first"):
        store.save({"nodes": rows("nodes").to_crs("EPSG:4326")}, actor="tester")
    with pytest.raises(CrsError, match="nodes has no CRS"):
        store.save({"nodes": rows("nodes").set_crs(None, allow_override=True)}, actor="tester")


def test_an_unknown_table_is_refused(store, rows):
    with pytest.raises(InputError, match="there is no table 'pipes'"):
        store.save({"pipes": rows("links")}, actor="tester")


@pytest.mark.both
def test_progress_counts_rows_and_an_interruption_leaves_nothing(store, rows):
    seen = []

    def progress(done, total):
        seen.append((done, total))
        if done >= 40_000:
            raise Interrupted("stopped by the person")

    frame = rows("connections", 1)
    many = pd.concat([frame] * 50_000, ignore_index=True)
    many["customer_code"] = [f"C{row}" for row in range(len(many))]
    with pytest.raises(Interrupted):
        store.save({"connections": many}, actor="tester", progress=progress)
    assert seen == [(0, 50_000), (20_000, 50_000), (40_000, 50_000)]
    assert (store.count("connections"), len(store.audit())) == (0, 0)


def test_a_full_disk_is_said_and_leaves_nothing(store, rows, path):
    store.save({"incidents": rows("incidents", 5)}, actor="tester")
    with store._connections.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 50}")
    with pytest.raises(StoreError, match="the disk is full; nothing was written"):
        store.save({"incidents": rows("incidents", 5000, start=100)}, actor="tester")
    assert (store.count("incidents"), len(store.audit())) == (5, 1)
    store.save({"incidents": rows("incidents", 5, start=50)}, actor="tester")
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert raw.execute("SELECT rtreecheck('rtree_incidents_geom')").fetchone() == ("ok",)
    raw.close()


def test_saving_leaves_an_audit_row_and_its_source(store, rows):
    source = {"file": "事件.csv", "sha256": "0" * 64, "rows": 7, "rejected": 0}
    store.save({"incidents": rows("incidents")}, actor="网格员", note="三月", source=source)
    audit, imports = store.audit(), store.imports()
    assert audit[["actor", "note", "tables", "action"]].to_numpy().tolist() == [
        ["网格员", "三月", {"incidents": 7}, "save"]
    ]
    assert imports["source"].tolist() == [source]
    assert str(imports["at"].dtype).endswith("UTC]")


def test_history_and_audit_can_only_grow(store, everything, path):
    store.save(everything, actor="tester")
    raw = sqlite3.connect(path)
    register_functions(raw)
    for name in [name for name, table in TABLES.items() if table.append_only] + ["audit"]:
        for words in (f"UPDATE {name} SET fid = fid + 1000", f"DELETE FROM {name}"):
            with pytest.raises(sqlite3.IntegrityError, match=f"{name} is append only"):
                raw.execute(words)
    raw.close()
    with pytest.raises(InputError, match="is stored already"):
        store.save({"incident_steps": everything["incident_steps"]}, actor="tester", replace=True)


def test_settings_are_kept_with_an_audit_row(store, path):
    assert store.setting("tiles") is None
    store.set_setting("tiles", {"url": "", "frame": "gcj02"}, actor="tester")
    store.set_setting("tiles", {"url": "x", "frame": "wgs84"}, actor="tester")
    assert store.setting("tiles") == {"url": "x", "frame": "wgs84"}
    assert store.audit()["note"].tolist() == ["tiles", "tiles"]
    with pytest.raises(InputError, match="'crs' is fixed"):
        store.set_setting("crs", "EPSG:4326", actor="tester")
