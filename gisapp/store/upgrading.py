"""An older store is brought on: first rehearsed if one likes, then backed up, then changed in one transaction."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.store import migrate
from gisapp.store.auditing import head_in, try_append
from gisapp.store.connect import Connections
from gisapp.store.dumping import dump_database


@dataclass(frozen=True)
class Upgrade:
    """What an upgrade does or did.

    Parameters
    ----------
    stored, wanted
        Versions of the schema: that of the store, that of this program.
    steps
        The versions between, each with what it brings.
    before, after
        Rows of each table.
    took_s
        Seconds for the steps.
    backup
        The store as it was; None after a rehearsal, or where none was wanted.
    """

    stored: str
    wanted: str
    steps: Sequence[tuple[str, str]]
    before: Mapping[str, int]
    after: Mapping[str, int]
    took_s: float
    backup: Path | None = None


def upgrade_store(
    address: str | os.PathLike[str] | ServerAddress,
    *,
    beside: Path | None = None,
    backed_up: bool = True,
    folder: Path = migrate.FOLDER,
) -> Upgrade | None:
    """Bring an older store to this program's schema, whole or not at all; None if nothing was to do.

    Nobody writes between the backup and the change.

    Parameters
    ----------
    beside
        The folder of the backup: that of the file when absent, for a server's store the present one.
    backed_up
        Whether a backup is made: of a file its copy, of a server's store what ``pg_dump`` writes.

    Raises
    ------
    StoreError
        When it is no store, is newer than this program, or no backup can be made; then it stays as it was.
    """
    address = store_address(address)
    stored = migrate.require_upgradable(address, folder)
    if stored is None:
        return None
    with closing(Connections(address)) as connections:
        with connections.writing() as connection:
            backup = _backed_up(address, beside, migrate.newest_schema(folder)) if backed_up else None
            done = _steps(connection, stored, folder, backup)
        with connections.reading() as connection:
            head = head_in(connection)
        if connections.anchor is not None:
            try_append(connections.anchor, head)
    return done


def rehearse_upgrade(
    address: str | os.PathLike[str] | ServerAddress, *, folder: Path = migrate.FOLDER
) -> Upgrade | None:
    """Return what :func:`upgrade_store` would do, done and taken back; None if nothing was to do.

    A file is copied to beside it and the copy is changed; a server's store is changed in a transaction that is rolled
    back, for which others wait.

    Raises
    ------
    StoreError
        As for :func:`upgrade_store`.
    """
    address = store_address(address)
    stored = migrate.require_upgradable(address, folder)
    if stored is None:
        return None
    if isinstance(address, ServerAddress):
        return _taken_back(address, stored, folder)
    with tempfile.TemporaryDirectory(prefix=f".{address.name}.", dir=address.absolute().parent) as made:
        copy = Path(made) / address.name
        migrate.copy_store(address, copy)
        return _taken_back(copy, stored, folder)


def _taken_back(address: Address, stored: str, folder: Path) -> Upgrade:
    with closing(Connections(address, anchored=False)) as connections:
        try:
            with connections.writing() as connection:
                raise _Enough(_steps(connection, stored, folder, None))
        except _Enough as rehearsed:
            return rehearsed.done


class _Enough(Exception):
    """The rehearsal is over: what was done goes back."""

    def __init__(self, done: Upgrade) -> None:
        self.done = done
        super().__init__()


def _steps(connection: Connection, stored: str, folder: Path, backup: Path | None) -> Upgrade:
    begun, before = time.monotonic(), _rows(connection)
    migrate.run(connection, folder)
    took_s = time.monotonic() - begun
    steps = migrate.steps_from(stored, folder)
    return Upgrade(stored, migrate.newest_schema(folder), steps, before, _rows(connection), took_s, backup)


def _rows(connection: Connection) -> dict[str, int]:
    """Return how many rows each layer has, and the audit."""
    run = connection.exec_driver_sql
    names = [*run("SELECT name FROM layer_rev ORDER BY name").scalars(), "audit"]
    return {name: int(run(f'SELECT count(*) FROM "{name}"').scalar_one()) for name in names}


def _backed_up(address: Address, beside: Path | None, wanted: str) -> Path:
    """Return the file in which a store stands as it is now."""
    if isinstance(address, Path):
        backup = (beside or address.parent) / f"{address.name}.before-{wanted}"
        migrate.copy_store(address, backup)
        return backup
    backup = (beside or Path()) / f"{address.name}.before-{wanted}.dump"
    dump_database(address, backup)
    return backup
