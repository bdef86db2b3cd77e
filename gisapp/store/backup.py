"""Backups of a store: copied while others write to it, checked, and brought back row for row."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.errors import StoreError
from gisapp.store.auditing import Head, anchor_path, try_append
from gisapp.store.connect import plain_errors
from gisapp.store.copying import copy_whole
from gisapp.store.migrate import copy_store, newest_schema, require_current
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

    They are written down beside it with the head of its audit, for :func:`verify_backup`.

    Raises
    ------
    StoreError
        When the file is no store of this program, the target exists, or the copy is damaged; then no copy is left.
    """
    target = Path(target)
    found = _copied(store_address(path), target)
    head = _head(target)
    write_proof(target, found, schema=newest_schema(), head=(head.number, head.hash))
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
        found = table_digests(backup)
    else:
        found = _brought_back(backup, target)
    anchor = anchor_path(target)
    if anchor is not None:
        try_append(anchor, _head(backup), anew=f"brought back from {backup.name}" if anchor.exists() else "")
    return found


def _brought_back(backup: Path, target: Path) -> Mapping[str, str]:
    log = target.with_name(f"{target.name}-wal")
    if log.exists():
        raise StoreError(
            f"{log} is there: a store of that name was not closed; stop what serves it, or choose another name"
        )
    found = _copied(backup, target)
    wrong = [name for name, digest in table_digests(backup).items() if found[name] != digest]
    if wrong:
        raise StoreError(f"{target} is not its backup in {', '.join(wrong)}; somebody writes to {backup}")
    return found


def _copied(path: Address, target: Path) -> Mapping[str, str]:
    """Copy a store into a new file and return the digests of the copy."""
    if isinstance(path, ServerAddress):
        copy_whole(path, target)
        return table_digests(target)
    require_current(path)
    if target.exists():
        raise StoreError(f"{target} exists already; choose another name or delete it")
    copy_store(path, target)
    return table_digests(target)


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
