"""Backups one after another in a folder: a point each quarter of an hour, the last so many kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from glob import escape
from pathlib import Path

from gisapp.addresses import Address
from gisapp.durable import sweep
from gisapp.errors import InputError
from gisapp.store.backup import backup_store
from gisapp.store.proof import proof_path

_NAME = "%Y%m%dT%H%M%SZ"


def make_point(store: Address, folder: Path, *, keep: int, every: timedelta = timedelta()) -> Path | None:
    """Back a store up into a folder and take the oldest points beyond ``keep`` away; return the point.

    None where the newest one is younger than ``every``, or another process is just making one.

    Raises
    ------
    InputError
        When the folder cannot be written.
    StoreError
        As for :func:`gisapp.store.backup_store`.
    """
    with _alone(store, folder) as alone:
        if not alone:
            return None
        _sweep(store, folder)
        points, now = points_in(store, folder), datetime.now(UTC)
        if points and now - made_at(points[-1], store) < every:
            return None
        point = folder / f"{_stem(store)}-{now.strftime(_NAME)}.gpkg"
        backup_store(store, point)
        for old in points_in(store, folder)[:-keep]:
            old.unlink()
            proof_path(old).unlink(missing_ok=True)
    return point


def newest_point(store: Address, folder: Path) -> Path | None:
    """Return the newest backup of a store in a folder, None where there is none."""
    return next(iter(points_in(store, folder)[::-1]), None)


def points_in(store: Address, folder: Path) -> list[Path]:
    """Return the backups of a store in a folder that are whole, the oldest first."""
    named = [one for one in folder.glob(f"{_stem(store)}-*.gpkg") if proof_path(one).exists()]
    return sorted((one for one in named if _moment(one, store) is not None), key=lambda one: one.name)


def made_at(point: Path, store: Address) -> datetime:
    """Return when a point was made, which its name tells."""
    found = _moment(point, store)
    assert found is not None
    return found


def _sweep(store: Address, folder: Path) -> None:
    """Remove what a process left that was killed while it made a point or took one away."""
    named = f"{escape(_stem(store))}-*.gpkg"
    sweep(folder, named)
    sweep(folder, proof_path(Path(named)).name)
    for proof in folder.glob(proof_path(Path(named)).name):
        if not proof.with_suffix("").exists():
            proof.unlink()


def _stem(store: Address) -> str:
    """Return by what a store's backups are named: its file, or the database of a server."""
    return store.stem if isinstance(store, Path) else store.name


def _moment(point: Path, store: Address) -> datetime | None:
    try:
        return datetime.strptime(point.stem.removeprefix(f"{_stem(store)}-"), _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


@contextmanager
def _alone(store: Address, folder: Path) -> Iterator[bool]:
    """Take the folder's lock for a store, where nobody has it; one that dies gives it back."""
    try:
        handle = os.open(folder / f".{_stem(store)}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        todo = "name a folder that exists and can be written"
        raise InputError(error.strerror or str(error), todo=todo, file=str(folder)) from error
    try:
        yield _locked(handle)
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        import fcntl
    except ImportError:  # no such locks on this system, where one process serves
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
