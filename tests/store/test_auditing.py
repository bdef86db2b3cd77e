"""The audit is a chain that tells the first row that is not as it was written, and by its anchor a tail cut off."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from gisapp.errors import InputError
from gisapp.store import auditing, backup, backup_store, copying, create_store, open_store, restore_store, upgrade_store
from gisapp.store.auditing import Head, anchor_path
from gisapp.store.copying import copy_whole
from gisapp.store.sqlite_file import append_only_triggers

COLUMNS = "fid, at, actor, note, tables, action, hash"


@pytest.fixture
def kept(path):
    """A store with an audit of six rows."""
    with create_store(path, crs="EPSG:4547") as store:
        for turn in range(6):
            store.set_setting(f"key{turn}", turn, actor=f"E{turn}")
    return path


def tampered(path, *statements):
    """Change the file as a program would that cares for no trigger."""
    with closing(sqlite3.connect(path)) as raw, raw:
        for name in ("audit_no_update", "audit_no_delete"):
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


def found_in(path):
    with open_store(path) as store:
        return store.verify_audit()


def rechained(path, first, **changes):
    """Write the chain anew from a row on, hashes and all, as somebody would who knows how it is made."""
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DROP TRIGGER audit_no_update")
        rows = raw.execute(f"SELECT {COLUMNS} FROM audit ORDER BY fid").fetchall()
        before = auditing.START
        for fields in rows:
            row = auditing.AuditRow(*fields)
            if row.number >= first:
                row = auditing.AuditRow(**(vars(row) | (changes if row.number == first else {})))
                made = row.chained(before)
                raw.execute("UPDATE audit SET note = ?, hash = ? WHERE fid = ?", (row.note, made, row.number))
                row = auditing.AuditRow(**(vars(row) | {"hash": made}))
            before = row.hash


def test_what_the_program_writes_is_one_chain_and_anchored_row_for_row(kept):
    told = found_in(kept)
    assert (told.fault, told.remarks, told.head.number) == ("", (), 6)
    lines = [json.loads(line) for line in anchor_path(kept).read_text().splitlines()]
    assert [line["number"] for line in lines] == [0, 1, 2, 3, 4, 5, 6]
    assert lines[-1]["hash"] == told.head.hash


@pytest.mark.parametrize("column", ["at", "actor", "note", "tables", "action"])
def test_a_row_that_was_changed_is_named(kept, column):
    tampered(kept, f"UPDATE audit SET {column} = {column} || ' ' WHERE fid = 3")
    assert found_in(kept).fault == "row 3 was changed: its content is not that of its hash"


def test_rows_that_were_taken_out_are_named(kept):
    tampered(kept, "DELETE FROM audit WHERE fid = 1")
    assert found_in(kept).fault == "row 1 taken out"


def test_rows_that_were_taken_out_of_the_middle_are_named(kept):
    tampered(kept, "DELETE FROM audit WHERE fid IN (3, 4)")
    assert found_in(kept).fault == "rows 3 to 4 taken out"


def test_rows_moved_up_into_the_gap_of_another_are_found(kept):
    tampered(kept, "DELETE FROM audit WHERE fid = 3", "UPDATE audit SET fid = fid - 1 WHERE fid > 3")
    assert "row 3 was changed or put in" in found_in(kept).fault


@pytest.mark.parametrize("made", ["NULL", "'" + "a" * 64 + "'"])
def test_a_row_that_was_put_in_is_named(kept, made):
    moved = "UPDATE audit SET fid = -fid - 1 WHERE fid > 2", "UPDATE audit SET fid = -fid WHERE fid < 0"
    row = f"INSERT INTO audit SELECT 3, at, actor, 'forged', tables, action, {made} FROM audit WHERE fid = 2"
    tampered(kept, *moved, row)
    assert found_in(kept).fault.startswith("row 3 was put in")


def test_a_row_that_another_program_appends_is_named(kept):
    with closing(sqlite3.connect(kept)) as raw, raw:
        raw.execute("INSERT INTO audit (at, actor, note, tables, action) VALUES ('2026', 'x', '', '{}', 'save')")
    assert found_in(kept).fault == "row 7 was put in by another program: it has no hash"


def test_a_tail_that_was_cut_shows_by_the_anchor_alone(kept):
    tampered(kept, "DELETE FROM audit WHERE fid > 4", "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'")
    assert found_in(kept).fault == f"the tail was cut: rows 5 to 6 stood there by {anchor_path(kept)}"
    anchor_path(kept).unlink()
    told = found_in(kept)
    assert told.fault == ""
    assert told.remarks == ("there is no anchor: a cut tail, or a chain written anew, cannot be seen",)


def test_a_tail_cut_and_grown_again_is_told_too(kept):
    tampered(kept, "DELETE FROM audit WHERE fid > 4")
    with open_store(kept) as store:
        for turn in range(3):
            store.set_setting("more", turn, actor="x")
    assert found_in(kept).fault == "row 5 was written anew, hash and all: it is not the row that was anchored"


def test_a_chain_written_anew_from_the_changed_row_is_told_by_the_anchor(kept):
    rechained(kept, 4, note="never happened")
    assert found_in(kept).fault == "row 4 was written anew, hash and all: it is not the row that was anchored"
    anchor_path(kept).unlink()
    assert found_in(kept).fault == ""


def test_rows_that_could_not_be_anchored_are_remarked_and_stay_written(kept, caplog):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(auditing.FOLDER_VARIABLE, str(kept.parent / "nowhere"))
        with open_store(kept) as store:
            store.set_setting("late", 1, actor="E7")
    assert "could not be anchored" in caplog.text
    told = found_in(kept)
    assert told.fault == ""
    assert told.remarks[0].startswith("row 7 not anchored")


def test_the_anchor_stands_in_the_folder_that_is_named(path, tmp_path, monkeypatch):
    monkeypatch.setenv(auditing.FOLDER_VARIABLE, str(tmp_path / "outside"))
    (tmp_path / "outside").mkdir()
    with create_store(path, crs="EPSG:4547") as store:
        store.set_setting("key", 1, actor="E1")
    assert (tmp_path / "outside" / f"{path.name}.anchor").exists()
    assert not path.with_name(f"{path.name}.anchor").exists()


def test_a_line_torn_by_a_crash_harms_no_other(kept):
    with anchor_path(kept).open("a") as torn:
        torn.write('{"number": 7, "ha')
    with open_store(kept) as store:
        store.set_setting("more", 1, actor="E7")
    told = found_in(kept)
    assert (told.fault, told.head.number) == ("", 7)
    assert told.remarks == (f"{anchor_path(kept)}: line 8 cannot be read",)


def test_what_does_not_verify_is_anchored_for_a_reason_only_and_the_reason_stays(kept):
    tampered(kept, "DELETE FROM audit WHERE fid > 4")
    with open_store(kept) as store:
        with pytest.raises(InputError, match="the tail was cut: rows 5 to 6"):
            store.anchor_audit()
        assert store.anchor_audit(anew="brought back from a backup").number == 4
        told = store.verify_audit()
    assert told.fault == ""
    assert told.remarks[0].endswith("brought back from a backup")


def test_the_rows_of_an_older_store_are_chained_by_the_upgrade(kept):
    with closing(sqlite3.connect(kept)) as raw, raw:
        raw.execute("DROP TRIGGER audit_no_update")
        raw.execute("ALTER TABLE audit DROP COLUMN hash")
        raw.execute("UPDATE audit SET fid = fid + 10 WHERE fid > 3")
        raw.execute(update_trigger())
        later_tables = ("construction_sites", "site_steps", "grid_notes", "measures", "measure_steps", "patrol_checks")
        for later in later_tables:  # of 0013 and 0014
            raw.execute(f"DROP TABLE {later}")
            raw.execute(f"DROP TABLE IF EXISTS rtree_{later}_geom")
            for system in ("gpkg_extensions", "gpkg_geometry_columns", "gpkg_contents"):
                raw.execute(f"DELETE FROM {system} WHERE table_name = ?", (later,))
            raw.execute("DELETE FROM layer_rev WHERE name = ?", (later,))
        raw.execute("UPDATE alembic_version SET version_num = '0011'")
    anchor_path(kept).unlink()
    upgrade_store(kept)
    told = found_in(kept)
    assert (told.fault, told.remarks, told.head.number) == ("", (), 6)
    with open_store(kept) as store:
        store.set_setting("more", 1, actor="E7")
        assert store.verify_audit().head.number == 7
    with closing(sqlite3.connect(kept)) as raw, pytest.raises(sqlite3.IntegrityError, match="append only"):
        raw.execute("UPDATE audit SET note = ''")


def update_trigger():
    return next(text for text in append_only_triggers("audit") if "no_update" in text)


def test_the_chain_of_many_writers_is_one(path):
    create_store(path, crs="EPSG:4547").close()

    def write(writer):
        with open_store(path) as store:
            for turn in range(5):
                store.set_setting(f"{writer}", turn, actor=f"E{writer}")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    told = found_in(path)
    assert (told.fault, told.remarks, told.head.number) == ("", (), 30)


def test_what_is_refused_leaves_no_head(kept, rows):
    before = anchor_path(kept).read_text()
    with open_store(kept) as store, pytest.raises(InputError):
        store.save({"links": rows("links")}, actor="E1")  # its nodes are not there
    assert anchor_path(kept).read_text() == before
    assert found_in(kept).head.number == 6


def test_a_head_is_told_short(kept):
    head = found_in(kept).head
    assert str(head) == f"6 {head.hash[:16]}"
    assert str(Head()) == f"0 {'0' * 16}"


def test_a_store_takes_the_name_of_another_only_once_the_anchor_says_so(kept, tmp_path, monkeypatch):
    """It may be killed in between."""
    backup_store(kept, tmp_path / "backup.gpkg")
    anchored = auditing.try_append
    for make in (
        lambda: create_store(kept, crs="EPSG:4547").close(),
        lambda: copy_whole(tmp_path / "backup.gpkg", kept),
        lambda: restore_store(tmp_path / "backup.gpkg", kept),
    ):
        kept.unlink()
        named = []

        def told(*words, named=named, **more):
            named.append(kept.exists())
            anchored(*words, **more)

        with monkeypatch.context() as watched:
            for module in (auditing, backup, copying):
                watched.setattr(module, "try_append", told)
            make()
        assert named
        assert not any(named)
        assert found_in(kept).fault == ""
