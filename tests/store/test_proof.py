"""A backup is still what was made, or is refused by the pages and tables that are not; points follow one another."""

import os
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from gisapp.errors import InputError, StoreError
from gisapp.store import backup as backups
from gisapp.store import backup_store, create_store, make_point, newest_point, open_store, restore_store, verify_backup
from gisapp.store.geometry import register_functions
from gisapp.store.points import points_in
from gisapp.store.proof import proof_path


@pytest.fixture
def backup(path, rows, tmp_path):
    with create_store(path, crs="EPSG:4547") as store:
        store.save({"org_units": rows("org_units"), "grids": rows("grids")}, actor="t")
        for _ in range(40):
            store.report({"type": "leak", "channel": "phone", "summary": "漏水" * 60}, actor="E01")
        backup_store(path, tmp_path / "kept.gpkg")
        head = store.audit_head()
    proof = verify_backup(tmp_path / "kept.gpkg")
    assert (proof.audit_row, proof.audit_hash) == (head.number, head.hash)
    return tmp_path / "kept.gpkg"


def damage(backup, what):
    """Turn over one bit of the middle of a text that stands in the file."""
    found = bytearray(backup.read_bytes())
    at = found.index(what.encode()) + 3
    found[at] ^= 1
    backup.write_bytes(found)
    return at // 4096 + 1


def test_one_bit_is_told_by_its_page_and_table_and_nothing_is_brought_back(backup, tmp_path):
    page = damage(backup, "漏水漏水")
    with pytest.raises(StoreError, match=r"damaged: pages (\d+) to (\d+); tables incidents; take another") as told:
        verify_backup(backup)
    first, last = (int(word) for word in str(told.value).split("pages ")[1].split(";")[0].split(" to "))
    assert first <= page <= last
    with pytest.raises(StoreError, match="tables incidents"):
        restore_store(backup, tmp_path / "again.gpkg")
    assert not (tmp_path / "again.gpkg").exists()


def test_a_page_of_the_database_itself_is_told_and_so_is_a_backup_that_was_cut_off(backup):
    found = backup.read_bytes()
    backup.write_bytes(found[:4096] + bytes(4096) + found[8192:])
    with pytest.raises(StoreError, match="pages 1 to 64"):
        verify_backup(backup)
    backup.write_bytes(found[:-4096])
    with pytest.raises(StoreError, match="were written: it was cut off"):
        verify_backup(backup)


def test_a_row_that_somebody_changed_since_is_told(backup):
    with closing(sqlite3.connect(backup)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")
        register_functions(raw)
        raw.execute("UPDATE incidents SET channel = 'agent' WHERE fid = 1")
        raw.commit()
    with pytest.raises(StoreError, match="tables incidents"):
        verify_backup(backup)


def test_a_proof_that_is_damaged_or_lost_is_told(backup):
    damage(proof_path(backup), "tables")
    with pytest.raises(StoreError, match=r"kept.gpkg.proof is damaged itself"):
        verify_backup(backup)
    proof_path(backup).unlink()
    with pytest.raises(StoreError, match="nobody wrote down"):
        verify_backup(backup)


def test_a_store_brought_back_over_a_longer_one_says_so_in_its_anchor(backup, path):
    with open_store(path) as store:
        store.set_setting("later", 1, actor="t")  # is not in the backup
    path.unlink()
    restore_store(backup, path)
    with open_store(path) as store:
        verdict = store.verify_audit()
        assert (verdict.fault, "brought back from kept.gpkg" in verdict.remarks[0]) == ("", True)


def test_nothing_is_brought_back_beside_the_log_of_a_store_that_is_served(backup, path):
    with open_store(path) as store:
        store.set_setting("later", 1, actor="t")
        os.rename(path, path.with_name("away"))
        with pytest.raises(StoreError, match=r"-wal is there: .* stop what serves it"):
            restore_store(backup, path)
        os.rename(path.with_name("away"), path)


def test_points_are_made_when_due_by_one_alone_and_the_last_are_kept(path, tmp_path):
    create_store(path, crs="EPSG:4547").close()
    folder = tmp_path / "points"
    with pytest.raises(InputError, match="name a folder that exists"):
        make_point(path, folder, keep=2)
    folder.mkdir()
    for stamp in ("20260101T000000Z", "20260102T000000Z"):
        backup_store(path, folder / f"{path.stem}-{stamp}.gpkg")
    (folder / f"{path.stem}-20260103T000000Z.gpkg").write_bytes(b"half")  # no proof: it was not finished
    made = make_point(path, folder, keep=2, every=timedelta(minutes=15))
    assert [one.name[-21:-5] for one in points_in(path, folder)][:1] == ["20260102T000000Z"]
    assert newest_point(path, folder) == made
    assert make_point(path, folder, keep=2, every=timedelta(minutes=15)) is None
    fcntl = pytest.importorskip("fcntl")
    with (folder / f".{path.stem}.lock").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert make_point(path, folder, keep=2) is None


def test_a_backup_takes_its_name_only_once_it_is_written_down_what_it_is(path, tmp_path, monkeypatch):
    create_store(path, crs="EPSG:4547").close()
    target = tmp_path / "kept.gpkg"

    def killed(*told, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(backups, "write_proof", killed)
        with pytest.raises(KeyboardInterrupt):
            backup_store(path, target)
    assert not target.exists()
    proof_path(target).write_text("of one that never took its name")
    backup_store(path, target)
    assert verify_backup(target).tables


def test_a_backup_that_is_read_leaves_nothing_beside_it(backup):
    """As on a disc that cannot be written."""
    before = sorted(backup.parent.iterdir())
    verify_backup(backup)
    assert sorted(backup.parent.iterdir()) == before
    assert {f"{backup.name}-wal", f"{backup.name}-shm"}.isdisjoint(one.name for one in before)


def test_the_next_point_takes_away_what_a_killed_one_left(path, tmp_path):
    create_store(path, crs="EPSG:4547").close()
    folder = tmp_path / "points"
    folder.mkdir()
    old = f"{path.stem}-20260101T000000Z.gpkg"
    left = [f".{old}.{os.getpid()}.part", f".{old}.proof.{os.getpid()}.part", f"{old}.proof"]
    others = ["else-20260101T000000Z.gpkg.proof", f".else-20260101T000000Z.gpkg.{os.getpid()}.part"]
    for name in left + others:
        (folder / name).touch()
    made = make_point(path, folder, keep=2)
    stand = [made.name, proof_path(made).name, f".{path.stem}.lock"]
    assert sorted(one.name for one in folder.iterdir()) == sorted([*stand, *others])
