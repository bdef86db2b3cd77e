"""A backup is the store row for row, made while others write, and brought back the same."""

import sqlite3

import pytest

from gisapp.errors import StoreError
from gisapp.store import backup_store, create_store, open_store, restore_store, table_digests


def test_a_restored_backup_is_the_store_row_for_row(path, rows, tmp_path):
    """P6.5."""
    with create_store(path, crs="EPSG:4547") as store:
        store.save({"org_units": rows("org_units"), "grids": rows("grids")}, actor="t")
        store.report({"type": "leak", "channel": "phone"}, actor="E01")
        kept = backup_store(path, tmp_path / "backup.gpkg")
        store.report({"type": "leak", "channel": "phone"}, actor="E01")  # after it
    assert restore_store(tmp_path / "backup.gpkg", tmp_path / "again.gpkg") == kept
    assert kept == table_digests(tmp_path / "again.gpkg")
    changed = {name for name, digest in table_digests(path).items() if digest != kept[name]}
    assert changed == {"incidents", "incident_steps"}
    with open_store(tmp_path / "again.gpkg") as again:
        assert again.count("incidents") == 1


def test_nothing_is_written_over_and_no_other_file_is_copied(path, tmp_path):
    create_store(path, crs="EPSG:4547").close()
    with pytest.raises(StoreError, match="exists already"):
        backup_store(path, path)
    other = tmp_path / "other.gpkg"
    sqlite3.connect(other).close()
    with pytest.raises(StoreError, match="is not a store"):
        backup_store(other, tmp_path / "copy.gpkg")
    assert not (tmp_path / "copy.gpkg").exists()
