"""Files that appear whole or not at all: written beside their place, flushed to the disk, renamed.

A process that is killed leaves what it had begun; who writes there next takes it away.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path

from gisapp.errors import InputError, StoreError, UnavailableError

_PART = re.compile(r"\.+(?P<target>.+?)\.(?P<process>\d+)\.part.*")


@contextmanager
def replaced(path: Path | str) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; on leaving without an error that file takes the place of ``path``.

    Whatever was begun is removed when an error leaves the block, and what a killed process has left is first; a file
    that stood at ``path`` then still stands.

    Raises
    ------
    InputError
        When the folder does not exist or cannot be written.
    StoreError
        When the disk is full.
    """
    target = Path(path)
    staged = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        sweep(target.parent, escape(target.name))
        staged.touch()
        yield staged
        _flush(staged, os.O_RDWR)
        staged.replace(target)
        _flush(target.absolute().parent, os.O_RDONLY)
    except OSError as error:
        if error.errno == 28:  # no space left
            raise StoreError(
                f"{target}: the disk is full; nothing was written, free some space and try again"
            ) from error
        found = error.strerror or str(error)
        raise InputError(found, todo="name a folder that exists and can be written", file=str(target)) from error
    except UnavailableError as error:  # nobody named the staged file
        place = error.place.replace(str(staged), str(target))
        raise UnavailableError(error.why, error.words, place=place) from error
    except StoreError as error:
        raise type(error)(str(error).replace(str(staged), str(target))) from error
    finally:
        for leftover in (staged, Path(f"{staged}-wal"), Path(f"{staged}-shm"), Path(f"{staged}-journal")):
            leftover.unlink(missing_ok=True)


def sweep(folder: Path, named: str) -> None:
    """Remove from a folder what killed processes left of files that a pattern names."""
    for part in folder.glob(".*.part*"):
        found = _PART.fullmatch(part.name)
        if found and fnmatchcase(found["target"], named) and not _other_alive(int(found["process"])):
            part.unlink(missing_ok=True)


@contextmanager
def private_folder(kind: str) -> Iterator[Path]:
    """Give a folder that only this user can read and that is gone afterwards, whatever happens.

    Those of its kind that a killed process has left go first: they hold copies of personal data.
    """
    prefix = f"gisapp-{kind}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        owner = left.name.removeprefix(prefix).split("-")[0]
        if owner.isdigit() and not alive(int(owner)) and left.stat().st_uid == os.getuid():
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def alive(process: int) -> bool:
    """Return whether a process of that number runs; where the system cannot be asked, that it does."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _other_alive(process: int) -> bool:
    return process != os.getpid() and alive(process)


def _flush(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
