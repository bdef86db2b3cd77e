"""Files that appear whole or not at all: written beside their place, flushed to the disk, renamed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gisapp.errors import InputError, StoreError


@contextmanager
def replaced(path: Path | str) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; on leaving without an error that file takes the place of ``path``.

    Whatever was begun is removed when an error leaves the block; a file that stood at ``path`` then still stands.

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
    except StoreError as error:
        raise type(error)(str(error).replace(str(staged), str(target))) from error  # nobody named the staged file
    finally:
        for leftover in (staged, Path(f"{staged}-wal"), Path(f"{staged}-shm"), Path(f"{staged}-journal")):
            leftover.unlink(missing_ok=True)


def _flush(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
