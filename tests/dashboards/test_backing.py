"""Backups while the server runs, how the watchman and the log hear of them, and the drill that brings one back."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from squares import squares

from dashboards import backing as backing_module
from dashboards import readiness
from dashboards.app import create_app
from dashboards.backing import Backing
from dashboards.configured import Settings
from dashboards.readiness import Readiness
from dashboards.serving import Serving
from dashboards.watching import watch_backups
from gisapp.store import backup_store, newest_point, open_store, verify_backup


@pytest.fixture
def path(tmp_path):
    squares(tmp_path / "squares.gpkg").close()
    return tmp_path / "squares.gpkg"


def test_a_backup_that_fails_is_counted_and_logged_and_the_watchman_is_told_when_it_is_late(path, tmp_path, caplog):
    backing = Backing(path, tmp_path / "nowhere", every=timedelta(minutes=15), keep=3)
    assert backing.make() is False
    assert "no backup could be made: gisapp:" in caplog.text
    assert "name a folder that exists" in caplog.text
    assert (backing.failures, backing.newest(), backing.late()) == (1, None, False)
    backing._began = datetime.now(UTC) - timedelta(hours=1)
    with open_store(path) as store:
        ready = Readiness(store, backups_late=backing.late)
        assert (ready.checks()["backup"], ready.ready()) == ("late", True)


def test_the_newest_backup_stands_in_the_metrics(path, tmp_path):
    backup_store(path, tmp_path / "squares-20260101T000000Z.gpkg")
    backing = Backing(path, tmp_path, every=timedelta(minutes=15), keep=3)
    with open_store(path) as store:
        app = create_app(store)
        watch_backups(app.server, backing)
        registry = app.server.extensions["gisapp.metrics"].registry
        at = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        assert registry.get_sample_value("gisapp_backup_newest_seconds") == at
        assert registry.get_sample_value("gisapp_backup_failures_total") == 0


def test_a_server_makes_backups_by_itself_while_it_runs(path, tmp_path, monkeypatch):
    monkeypatch.setattr(backing_module, "LOOK_S", 0.1)
    serving = Serving(path, Settings(backup_folder=tmp_path, backup_keep=2), None)
    app = serving.begin()
    try:
        assert readiness.of(app.server).checks()["backup"] == "ok"
        for _ in range(600):
            if newest_point(path, tmp_path):
                break
            time.sleep(0.1)
    finally:
        serving.end()
    assert verify_backup(newest_point(path, tmp_path)).tables


def test_a_drill_brings_the_newest_back_opens_it_and_touches_nothing(run, path, tmp_path):
    (tmp_path / "kept").mkdir()
    assert run("backup", "drill", "--store", path, "--folder", tmp_path / "kept")[0] == 2
    assert run("backup", "point", "--store", path, "--folder", tmp_path / "kept")[0] == 0
    before = {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()}
    status, _, said = run("backup", "drill", "--store", path, "--folder", tmp_path / "kept")
    assert status == 0
    assert "tables with equal digests, audit whole to row" in said
    assert "/version 200" in said
    assert {one: one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()} == before


def test_verify_tells_a_person_what_a_backup_is_or_what_is_wrong_with_it(run, path, tmp_path):
    assert run("backup", "--store", path)[0::2] == (
        2,
        "gisapp: -o is missing; write gisapp backup --store FILE -o BACKUP\n",
    )
    kept = tmp_path / "kept.gpkg"
    assert run("backup", "--store", path, "-o", kept)[0] == 0
    status, _, said = run("backup", "verify", kept)
    assert (status, "as it was made at" in said) == (0, True)
    found = bytearray(kept.read_bytes())
    found[-2000] ^= 1
    kept.write_bytes(found)
    status, _, said = run("backup", "verify", kept)
    assert (status, "is damaged: pages" in said) == (2, True)
