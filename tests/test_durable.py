import os
import subprocess
import sys
import tempfile

import pytest

from gisapp.durable import private_folder, replaced
from gisapp.errors import InputError, StoreError, UnavailableError


def test_a_file_takes_its_place_when_all_went_well(tmp_path):
    with replaced(tmp_path / "a.txt") as part:
        part.write_text("新", encoding="utf-8")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("a.txt", "新")]


def fail_in(path):
    with replaced(path) as part:
        part.write_text("half", encoding="utf-8")
        raise ZeroDivisionError


def test_the_old_file_stands_and_nothing_is_left_when_writing_fails(tmp_path):
    (tmp_path / "a.txt").write_text("old", encoding="utf-8")
    with pytest.raises(ZeroDivisionError):
        fail_in(tmp_path / "a.txt")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("a.txt", "old")]


def test_a_folder_that_does_not_exist_is_refused_by_name(tmp_path):
    with (
        pytest.raises(InputError, match=r"nowhere.a\.txt: No such file or directory; name a folder"),
        replaced(tmp_path / "nowhere" / "a.txt"),
    ):
        pass


@pytest.mark.parametrize("fault", [StoreError, lambda told: UnavailableError("full", told[-16:], place=told[:-18])])
def test_a_fault_of_the_staged_store_is_told_of_the_file_that_was_named(tmp_path, fault):
    with (
        pytest.raises(StoreError, match=rf"^{tmp_path}/a\.gpkg: the disk is full$"),
        replaced(tmp_path / "a.gpkg") as part,
    ):
        raise fault(f"{part}: the disk is full")


def test_what_a_killed_process_left_of_a_file_goes_when_it_is_written_next(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left = [f".a.gpkg.{gone.pid}.part", f".a.gpkg.{gone.pid}.part-wal", f"..a.gpkg.{gone.pid}.part.{gone.pid}.part"]
    others = [f".a.gpkg.{os.getppid()}.part", f".b.gpkg.{gone.pid}.part", ".a.gpkg.old.part"]
    for name in left + others:
        (tmp_path / name).touch()
    with replaced(tmp_path / "a.gpkg"):
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*others, f".a.gpkg.{os.getpid()}.part"])


def test_a_private_folder_goes_and_so_does_one_that_a_killed_process_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    left, other = tmp_path / f"gisapp-drill-{gone.pid}-abc", tmp_path / f"gisapp-drill-{os.getppid()}-abc"
    for folder in (left, other):
        folder.mkdir()
    with private_folder("drill") as folder:
        (folder / "copy.gpkg").touch()
        assert sorted(tmp_path.iterdir()) == sorted([folder, other])
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == [other]
