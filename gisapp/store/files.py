"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replace_durably(path: Path) -> Iterator[Path]:
    """Give a name beside ``path`` to write to; on leaving without an error the file takes the place of ``path``."""
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield staged
        _sync(staged, os.O_RDWR)
        staged.replace(path)
        _sync(path.absolute().parent, os.O_RDONLY)
    finally:
        for leftover in (staged, Path(f"{staged}-wal"), Path(f"{staged}-shm"), Path(f"{staged}-journal")):
            leftover.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
