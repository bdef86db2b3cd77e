"""``gisapp retention``: what is due is told, goes, and a dry run writes nothing."""

import io

import pytest

from dashboards.__main__ import main
from gisapp.store import create_store, open_store


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    path = tmp_path / "a.gpkg"
    with create_store(path, crs="EPSG:4547") as store:
        told = {"utility": "water", "type": "leak", "channel": "phone", "drill": False, "reporter_phone": "13800138777"}
        store.report(told, actor="t")

    def run(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main(["retention", *words, "--store", str(path)])
        return (path, status, *capsys.readouterr())

    return run


def test_settings_are_shown_and_set(run):
    assert "setting,track_days,90" in run("show")[2]
    assert run("set", "track_days", "60")[1] == 0
    assert "setting,track_days,60" in run("show")[2]
    assert run("set", "track_days", "0")[1] == 2


def test_a_dry_run_writes_nothing(run):
    path, status, _, said = run("apply", "--dry-run")
    assert (status, "nothing was written" in said) == (0, True)
    with open_store(path) as store:
        assert "retention" not in set(store.audit()["action"])


def test_a_number_is_read_and_not_an_argument(run):
    path, status, _, said = run("forget", "--why", "call of today", typed="13800138777\n")
    assert (status, "1 incidents" in said) == (0, True)
    with open_store(path) as store:
        assert store.table("incidents")["reporter_phone"].isna().all()
