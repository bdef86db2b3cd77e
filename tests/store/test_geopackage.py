"""Other programs open the file: GDAL reads a copy in a process of its own, never the live file in ours."""

import ast
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.errors import CrsError
from gisapp.store import export_geopackage
from gisapp.tables import TABLES, masked

ROOT = Path(__file__).resolve().parents[2]
# The reader runs in the child process of an import, on a staged copy.
GDAL_MODULES = {"gisapp/imports/read_shapes.py"}
GDAL_CALLS = {"to_file", "list_layers"}
READ = """
import json, sys, warnings
warnings.simplefilter("error")
import pyogrio
layers = {}
for name, kind in pyogrio.list_layers(sys.argv[1]).tolist():
    info = pyogrio.read_info(sys.argv[1], layer=name)
    frame = pyogrio.read_dataframe(sys.argv[1], layer=name, datetime_as_string=True)
    first = frame.drop(columns="geometry", errors="ignore").iloc[:1].to_json()
    wkt = frame.geometry.iloc[0].wkt if kind and frame.geometry.iloc[0] else None
    layers[name] = {"kind": kind, "count": info["features"], "crs": info["crs"], "fields": info["fields"].tolist(),
        "types": info["ogr_types"], "first": json.loads(first), "wkt": wkt}
print(json.dumps(layers))
"""


def seen_by_gdal(path):
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_gdal_reads_every_layer_with_frame_fields_and_count(store, path, everything, tmp_path):
    store.save(everything, actor="tester")
    store.close()
    layers = seen_by_gdal(shutil.copy(path, tmp_path / "copy.gpkg"))
    assert set(layers) == set(TABLES)
    for name, table in TABLES.items():
        layer = layers[name]
        kinds = {"POINT": "Point", "LINESTRING": "LineString", "MULTIPOLYGON": "MultiPolygon", None: None}
        assert (layer["count"], layer["kind"]) == (len(everything[name]), kinds[table.geometry])
        assert layer["crs"] == ("EPSG:4547" if table.geometry else None)
        assert layer["fields"] == [column.name for column in table.columns]
        if table.geometry:
            assert layer["wkt"] == everything[name].geom[0].wkt
    types = dict(zip(layers["incidents"]["fields"], layers["incidents"]["types"], strict=True))
    assert [types[name] for name in ("code", "reported_at", "grid_rev", "measure_m", "drill")] == [
        "OFTString",
        "OFTDateTime",
        "OFTInteger64",
        "OFTReal",
        "OFTInteger",
    ]
    assert layers["incidents"]["first"]["reported_at"]["0"].startswith("2026-03-01T00:00:00.123")
    assert layers["incidents"]["first"]["summary"]["0"] == everything["incidents"]["summary"][0]


def test_the_file_says_what_a_geopackage_must_say(store, path, rows):
    store.save({"nodes": rows("nodes", 3)}, actor="tester")
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    assert raw.execute("PRAGMA user_version").fetchone() == (10300,)  # QGIS 3.22 warns at 1.4
    frames = dict(raw.execute("SELECT srs_id, definition FROM gpkg_spatial_ref_sys"))
    assert set(frames) == {-1, 0, 4326, 4547}
    assert frames[4547].startswith('PROJCS["CGCS2000 / 3-degree Gauss-Kruger CM 114E"')
    extent = raw.execute("SELECT min_x, min_y, max_x, max_y FROM gpkg_contents WHERE table_name = 'nodes'").fetchone()
    assert extent == (456_000.0, 3_378_000.0, 456_020.0, 3_378_010.0)
    assert raw.execute("SELECT hex(substr(geom, 1, 8)) FROM nodes").fetchone() == ("47500001C3110000",)
    extensions = raw.execute("SELECT count(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'")
    assert extensions.fetchone() == (sum(table.geometry is not None for table in TABLES.values()),)
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()


def test_an_export_is_a_geopackage_of_the_given_columns(tmp_path, rows):
    out = tmp_path / "out.gpkg"
    frames = {name: masked(rows(name), name) for name in ("customers", "communities", "posts")}
    export_geopackage(out, frames, "EPSG:4547")
    layers = seen_by_gdal(out)
    assert set(layers) == set(frames)
    for name, frame in frames.items():
        assert layers[name]["fields"] == [column for column in frame.columns if column != "geom"]
        assert layers[name]["count"] == len(frame)
    assert layers["communities"]["wkt"] == frames["communities"].geom[0].wkt
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.gpkg"]
    raw = sqlite3.connect(out)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert raw.execute("SELECT rtreecheck('rtree_communities_geom')").fetchone() == ("ok",)
    raw.close()


def test_an_export_takes_any_frame_and_leaves_the_old_file_when_it_fails(tmp_path):
    out = tmp_path / "out.gpkg"
    mixed = gpd.GeoDataFrame(
        {"n": [1, 2], "word": ["甲", None]}, geometry=[shapely.Point(1, 2), shapely.box(0, 0, 1, 1)], crs="EPSG:4547"
    )
    export_geopackage(out, {"mixed": mixed, "none": pd.DataFrame({"a": pd.Series([], dtype="float64")})}, "EPSG:4547")
    assert seen_by_gdal(out)["mixed"]["count"] == 2
    before = out.read_bytes()
    with pytest.raises(CrsError, match="convert it first"):
        export_geopackage(out, {"mixed": mixed.to_crs("EPSG:4326")}, "EPSG:4547")
    unspeakable = pd.DataFrame({"a": [{"no": "text"}]})
    with pytest.raises(sqlite3.Error, match="not supported"):
        export_geopackage(out, {"mixed": mixed, "unspeakable": unspeakable}, "EPSG:4547")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.gpkg"]
    assert out.read_bytes() == before


def gdal_uses(source):
    """Return the imports and calls in a module that bring GDAL into the process."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] in ("pyogrio", "fiona", "osgeo"))
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").split(".")[0] in ("pyogrio", "fiona", "osgeo"):
                yield node.module
        elif isinstance(node, ast.Attribute) and (
            node.attr in GDAL_CALLS
            or (node.attr == "read_file" and getattr(node.value, "id", "") in ("gpd", "geopandas"))
        ):
            yield node.attr


def test_gdal_with_its_own_sqlite_is_in_no_module_but_the_child_that_reads_files():
    """Two copies of SQLite on one file in one process lose commits without a word."""
    modules = [path for package in ("gisapp", "layers", "dashboards") for path in (ROOT / package).rglob("*.py")]
    using = {path.relative_to(ROOT).as_posix() for path in modules if list(gdal_uses(path.read_text("utf-8")))}
    assert len(modules) > 30
    assert using <= GDAL_MODULES


@pytest.mark.parametrize(
    "source",
    [
        "import pyogrio",
        "from pyogrio import raw",
        "frame.to_file('x')",
        "gpd.read_file('x')",
        "def f():\n import fiona",
    ],
)
def test_the_scan_sees_every_way_in(source):
    assert list(gdal_uses(source))


def test_a_process_with_an_open_store_has_one_sqlite(path):
    """Using the store brings no GDAL in by a side door."""
    words = (
        "import sys\nfrom gisapp.store import create_store, export_geopackage\n"
        "with create_store(sys.argv[1], crs='EPSG:4547') as store:\n"
        "    store.report({'type': 'leak', 'channel': 'phone'}, actor='t')\n"
        "    export_geopackage(sys.argv[1] + '.out', {'incidents': store.table('incidents')}, store.crs)\n"
        "maps = open('/proc/self/maps').read()\n"
        "print(any(word in maps for word in ('libgdal', 'pyogrio', 'fiona')), 'sqlite' in maps)\n"
    )
    if not Path("/proc/self/maps").exists():
        pytest.skip("no list of loaded libraries on this system")
    done = subprocess.run([sys.executable, "-c", words, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
