"""The guard: hostile and broken files end in one clear message, and nothing stays behind."""

import http.server
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import psutil
import pytest

from gisapp.errors import InputError, Interrupted
from gisapp.imports import guard
from gisapp.imports.guard import Limits, Request

VRT = '<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.fixture
def staging(tmp_path, monkeypatch):
    """The folder that copies are made in, so that leftovers can be seen."""
    folder = tmp_path / "staging"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_vrt_called_geojson_or_gpkg_opens_no_file_and_sends_no_request(come_in, tmp_path):
    asked = []

    class Listening(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET

    server = http.server.HTTPServer(("127.0.0.1", 0), Listening)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        for name, target in (
            ("a.geojson", "/etc/passwd"),
            ("b.gpkg", f"/vsicurl/http://127.0.0.1:{server.server_port}/x.csv"),
        ):
            path = tmp_path / name
            path.write_text(VRT.format(target))
            with pytest.raises(InputError, match=f"{name}: the name says .*, the content is an OGR VRT"):
                come_in(path, "units", crs="EPSG:4547")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []


def test_gdal_is_loaded_without_the_drivers_that_open_other_files(tmp_path):
    script = (
        "from gisapp.imports.read_shapes import load_gdal, ALLOWED_DRIVERS\n"
        "import sys\n"
        "assert 'pyogrio' not in sys.modules\n"
        "gdal = load_gdal()\n"
        "assert set(gdal.list_drivers()) <= ALLOWED_DRIVERS, gdal.list_drivers()\n"
        "try:\n    gdal.read_info(sys.argv[1])\n"
        "except gdal.errors.DataSourceError as error:\n    print('refused', error)\n"
    )
    path = tmp_path / "vrt.gpkg"
    path.write_text(VRT.format("/etc/passwd"))
    for skip in ("", "OGR_VRT"):  # a list of drivers from another GDAL: the process starts anew with the rest skipped
        environment = {**os.environ, "GDAL_SKIP": skip}
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.stdout.startswith("refused"), done.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"SQLite format 3\0" + b"\0" * 100, "the content is an SQLite database"),
        ("a.csv", b"PK\x03\x04 not really", "a broken zip archive"),
        ("a.csv", b"%PDF-1.7", "a PDF document"),
        ("a.csv", b'{"type": "FeatureCollection"}', "the content is JSON"),
        ("a.csv", b"\xff\xfec\0o\0", "UTF-16"),
        ("a.csv", b"code,\0\0", "the content is binary"),
        ("a.csv", b"", "the file is empty"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0" * 9, "old Office file"),
        ("a.xlsx", b"code,x,y\n", "the content is text"),
        ("a.geojson", b"code,x,y\n", "the content is text"),
        ("a.geojson", b'{"type": "Topology"}', "not GeoJSON"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "not JSON"),
        ("a.geojson", b'{"a":' * 100_000, "not JSON"),
        ("a.gpkg", b"SQLite format 3\0" + b"\0" * 100, "an SQLite database"),
        ("a.gpkg", b"code,x,y\n", "the content is text"),
        ("a.shp", b"code,x,y\n", "the content is text"),
        ("a.inp", b"<html>", "XML or HTML"),
        ("a.zip", b"PK\x03\x04 not really", "a broken zip archive"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused_by_name(come_in, tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"{name}: .*{words}"):
        come_in(path, "network" if name == "a.inp" else "devices", crs="EPSG:4547")


def test_a_damaged_geopackage_is_refused(come_in, tmp_path):
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA application_id = 1196444487")
        connection.execute("CREATE TABLE a (b)")
    connection.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 4096)
    with pytest.raises(InputError, match=r"a.gpkg: "):
        come_in(path, "units", crs="EPSG:4547")


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"a.shp": b"\0" * 50_000_000}, "the archive would grow"),
        ({"../../a.shp": b"1"}, "outside its folder"),
        ({"/etc/a.shp": b"1"}, "outside its folder"),
        ({"C:\\a.shp": b"1"}, "outside its folder"),
        ({"a.txt": b"1"}, "holds no .shp"),
        ({"a.shp": b"1", "b.shp": b"2"}, "the archive holds a, b"),
        ({f"{number}.txt": b"" for number in range(10_001)}, "10,001 members"),
    ],
)
def test_an_unsafe_archive_is_refused_before_anything_is_unpacked(come_in, tmp_path, staging, members, words):
    path = archive(tmp_path / "a.zip", members)
    with pytest.raises(InputError, match=words):
        come_in(path, "units", crs="EPSG:4547")
    assert list(staging.iterdir()) == []


def test_a_workbook_that_grows_absurdly_is_refused(come_in, tmp_path):
    path = archive(tmp_path / "a.xlsx", {"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": b" " * 50_000_000})
    with pytest.raises(InputError, match="the archive would grow"):
        come_in(path, crs="EPSG:4547")


def test_too_much_memory_is_refused(leaks):
    path = leaks(*[{}] * 100)
    with pytest.raises(InputError, match=r"leaks.csv: .*(memory|broke on it)"):
        guard.guarded(path, Request({"incidents": ["code"]}), limits=Limits(memory_mb=20))


def test_too_long_a_reading_is_refused_and_its_process_gone(leaks, staging):
    path = leaks(*[{}] * 50_000)
    with pytest.raises(InputError, match=r"more than 0.01 s"):
        guard.guarded(path, Request({"incidents": ["code"]}), limits=Limits(wall_s=0.01))
    assert psutil.Process().children() == []
    assert list(staging.iterdir()) == []


def test_an_interruption_kills_the_child_and_removes_the_copy(come_in, leaks, staging):
    path = leaks(*[{}] * 50_000)

    def stop(done, total):
        assert psutil.Process().children()
        raise Interrupted("enough")

    with pytest.raises(Interrupted, match="enough"):
        come_in(path, crs="EPSG:4547", progress=stop)
    assert psutil.Process().children() == []
    assert list(staging.iterdir()) == []


def test_ctrl_c_is_an_interruption(come_in, leaks, staging):
    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="nothing was imported"):
        come_in(leaks({}), crs="EPSG:4547", progress=stop)
    assert list(staging.iterdir()) == []


def test_progress_runs_from_start_to_end(come_in, leaks):
    told = []
    come_in(leaks(*[{}] * 20_000), crs="EPSG:4547", skip_rejected=True, progress=lambda *step: told.append(step))
    assert told == sorted(told)
    assert told[-1] == (100, 100)


def test_copies_of_a_killed_process_are_swept(leaks, staging):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = staging / f"gisapp-import-{dead.pid}-abc"
    own = staging / f"gisapp-import-{os.getpid()}-abc"
    for folder in (left, own):
        folder.mkdir()
    guard.guarded(leaks({}), Request({"incidents": ["code"]}))
    assert list(staging.iterdir()) == [own]


def test_a_full_disk_is_told(come_in, leaks, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(guard, "_copy", full)
    with pytest.raises(InputError, match=r"leaks.csv: no space is left in .*TMPDIR"):
        come_in(leaks({}), crs="EPSG:4547")


def test_a_geopackage_that_is_being_written_is_refused(come_in, tmp_path):
    (tmp_path / "a.gpkg").write_bytes(b"SQLite format 3\0")
    (tmp_path / "a.gpkg-wal").write_bytes(b"1")
    with pytest.raises(InputError, match="another program has the GeoPackage open"):
        come_in(tmp_path / "a.gpkg", "units")


def test_the_child_dies_with_its_parent(leaks, staging):
    path = leaks(*[{}] * 200_000)
    script = (
        "import sys, os, signal\nfrom gisapp.imports import guard\n"
        "guard.guarded(__import__('pathlib').Path(sys.argv[1]), guard.Request({'incidents': ['code']}),"
        " progress=lambda *step: (print(*__import__('psutil').Process().children()[0:1], flush=True),"
        " os.kill(os.getpid(), signal.SIGKILL)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=False)
    child = int(done.stdout.split("pid=")[1].split(",")[0])
    for _ in range(100):
        if not psutil.pid_exists(child):
            return
        time.sleep(0.1)
    raise AssertionError("the child outlived its parent")
