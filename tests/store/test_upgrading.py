"""An upgrade is rehearsed without a trace, backed up before, and not begun where that cannot be done."""

import shutil
import sqlite3
from contextlib import closing

import psycopg
import pytest
from test_migrate import LATER, NEXT, OURS, schema_of

from dashboards.__main__ import main
from gisapp.errors import StoreError
from gisapp.store import create_store, migrate, open_store, rehearse_upgrade, upgrade_store

LATEST = NEXT.replace("TEXT(255)", "VARCHAR(255)").format(more="pass")  # as both take it
LEAK = {"type": "leak", "channel": "phone"}


@pytest.fixture
def later(tmp_path):
    """Return the migrations of a later program: ours and one more."""
    folder = tmp_path / "later"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{LATER}_next.py").write_text('"""Notes of units."""\n' + LATEST)
    return folder


@pytest.fixture
def address(cluster):
    """Return a server's store with a report in it."""
    address = cluster.database("with_store")
    with open_store(address) as store:
        store.report(LEAK, actor="t")
    return address


def columns_of(address):
    with psycopg.connect(address) as raw:
        asked = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        return sorted(raw.execute(asked).fetchall()), raw.execute("SELECT version_num FROM alembic_version").fetchone()


def test_a_rehearsal_tells_the_steps_and_the_rows_and_leaves_a_file_as_it_was(path, later):
    with create_store(path, crs="EPSG:4547") as store:
        store.report(LEAK, actor="t")
    before, beside = schema_of(path), sorted(path.parent.iterdir())
    done = rehearse_upgrade(path, folder=later)
    assert (done.stored, done.wanted, done.steps) == (OURS, LATER, [(LATER, "Notes of units.")])
    assert done.before["incidents"] == done.after["incidents"] == 1
    assert done.backup is None
    assert schema_of(path) == before
    assert sorted(path.parent.iterdir()) == beside
    open_store(path).close()


def test_a_rehearsal_that_fails_says_why_and_leaves_nothing(path, later):
    create_store(path, crs="EPSG:4547").close()
    (later / "versions" / f"{LATER}_next.py").write_text(NEXT.format(more='raise RuntimeError("half way")'))
    beside = sorted(path.parent.iterdir())
    with pytest.raises(RuntimeError, match="half way"):
        rehearse_upgrade(path, folder=later)
    assert sorted(path.parent.iterdir()) == beside


def test_a_servers_store_is_rehearsed_in_a_transaction_that_goes_back(address, later):
    before = columns_of(address)
    done = rehearse_upgrade(address, folder=later)
    assert (done.stored, done.wanted, done.after["incidents"]) == (OURS, LATER, 1)
    assert columns_of(address) == before
    with open_store(address) as store:
        store.report(LEAK, actor="t")


def test_a_servers_store_is_backed_up_before_and_the_backup_comes_back_as_it_was(cluster, address, later, tmp_path):
    """P6.2."""
    before = columns_of(address)
    done = upgrade_store(address, folder=later, beside=tmp_path)
    assert ("org_units", "note") in columns_of(address)[0]
    with pytest.raises(StoreError, match=f"schema {LATER}, newer than this program's {OURS}"):
        open_store(address)
    back = cluster.database("template0")
    with done.backup.open("rb") as stream:
        cluster.restore(stream, back)
    assert columns_of(back) == before
    with open_store(back) as store:
        assert len(store.table("incidents")) == 1


def test_without_a_backup_a_servers_store_stays_as_it_was(address, later, tmp_path, monkeypatch):
    before = columns_of(address)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreError, match="pg_dump is not installed; install postgresql-client, or make a backup"):
        upgrade_store(address, folder=later, beside=tmp_path)
    assert columns_of(address) == before
    assert upgrade_store(address, folder=later, backed_up=False).backup is None
    assert columns_of(address) != before


def test_nobody_writes_between_the_backup_and_the_change(path, later, monkeypatch):
    create_store(path, crs="EPSG:4547").close()
    copied = migrate.copy_store

    def copy_and_try(source, target):
        copied(source, target)
        with (
            closing(sqlite3.connect(path, timeout=0)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")

    monkeypatch.setattr(migrate, "copy_store", copy_and_try)
    assert upgrade_store(path, folder=later).backup.exists()


def test_the_command_says_that_nothing_is_to_do(path, capsys):
    create_store(path, crs="EPSG:4547").close()
    assert main(["upgrade", "--store", str(path), "--dry-run"]) == 0
    assert "is up to date" in capsys.readouterr().err
