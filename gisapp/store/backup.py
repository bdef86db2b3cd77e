"""Backups of a store: copied while others write to it, checked, and brought back row for row."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.durable import replaced
from gisapp.errors import StoreError
from gisapp.store.auditing import Head, anchor_path, try_append
from gisapp.store.connect import plain_errors
from gisapp.store.copying import copy_whole
from gisapp.store.migrate import copy_checked, newest_schema, require_current
from gisapp.store.proof import Proof, proof_path, require_proven, write_proof
from gisapp.tables import TABLES


def table_digests(path: str | os.PathLike[str]) -> Mapping[str, str]:
    """Return for every table of a store, the audit too, the SHA-256 of its rows in their order."""
    path = Path(path)
    with plain_errors(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return {
            name: _digest(connection, name) for name in (*TABLES, "audit", "imports", "settings", "users", "tokens")
        }


def backup_store(path: str | os.PathLike[str] | ServerAddress, target: str | os.PathLike[str]) -> Mapping[str, str]:
    """Copy a store, a file or a server's, into a new file while others may write to it; return the copy's digests.

    They are written down beside it with the head of its audit, for :func:`verify_backup`, before it takes its name:
    where a backup stands, it is whole.

    Raises
    ------
    StoreError
        When the file is no store of this program, the target exists, or the copy is damaged; then no copy is left.
    """
    target = Path(target)
    with _copied(store_address(path), target) as staged:
        _keep_log(staged, "DELETE")  # it is read where no log can be written
        found, head = table_digests(staged), _head(staged)
        write_proof(staged, target, found, schema=newest_schema(), head=(head.number, head.hash))
    return found


def verify_backup(backup: str | os.PathLike[str]) -> Proof:
    """Return what was written down when a backup was made, when it still is that.

    Raises
    ------
    StoreError
        When it is not, by the pages and tables that are damaged; or nothing was written down.
    """
    return require_proven(Path(backup), table_digests)


def restore_store(backup: str | os.PathLike[str], target: str | os.PathLike[str] | ServerAddress) -> Mapping[str, str]:
    """Bring a backup back as a new store; return its digests, which are those of the backup (power hall VI(2)3).

    The anchor of a store that had this name is begun anew with the reason.

    Raises
    ------
    StoreError
        As for :func:`backup_store`, when the backup is damaged, when the log of a store of that name is still there,
        and when a row of the store is not that of the backup.
    """
    backup, target = Path(backup), store_address(target)
    if proof_path(backup).exists():
        verify_backup(backup)
    if isinstance(target, ServerAddress):
        copy_whole(backup, target)
        _anchor_anew(backup, target)
        return table_digests(backup)
    return _brought_back(backup, target)


def _anchor_anew(backup: Path, target: Address) -> None:
    anchor = anchor_path(target)
    if anchor is not None:
        try_append(anchor, _head(backup), anew=f"brought back from {backup.name}" if anchor.exists() else "")


def _brought_back(backup: Path, target: Path) -> Mapping[str, str]:
    log = target.with_name(f"{target.name}-wal")
    if log.exists():
        raise StoreError(
            f"{log} is there: a store of that name was not closed; stop what serves it, or choose another name"
        )
    with _copied(backup, target) as staged:
        found = table_digests(staged)
        wrong = [name for name, digest in table_digests(backup).items() if found[name] != digest]
        if wrong:
            raise StoreError(f"{target} is not its backup in {', '.join(wrong)}; somebody writes to {backup}")
        _keep_log(staged, "WAL")
        _anchor_anew(backup, target)
    return found


@contextmanager
def _copied(path: Address, target: Path) -> Iterator[Path]:
    """Give a copy of a store that takes its name on leaving."""
    if isinstance(path, Path):
        require_current(path)
    if target.exists():
        raise StoreError(f"{target} exists already; choose another name or delete it")
    with replaced(target) as staged:
        if isinstance(path, ServerAddress):
            staged.unlink()  # a store is made where nothing stands
            copy_whole(path, staged, anchored=False)
        else:
            copy_checked(path, staged)
        yield staged


def _keep_log(path: Path, mode: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode = {mode}")


def _head(path: Path) -> Head:
    """Return the head of the audit in a file."""
    with plain_errors(path), closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        row = connection.execute('SELECT "fid", "hash" FROM "audit" ORDER BY "fid" DESC LIMIT 1').fetchone()
    return Head(*row) if row else Head()


def _digest(connection: sqlite3.Connection, table: str) -> str:
    """Return the SHA-256 of every row of a table."""
    found = hashlib.sha256()
    for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
        found.update(repr(row).encode())
    return found.hexdigest()
