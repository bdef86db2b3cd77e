"""Backups of a store: copied while others write to it, checked, and brought back row for row."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from gisapp.addresses import ServerAddress, store_address
from gisapp.errors import StoreError
from gisapp.store.connect import plain_errors
from gisapp.store.copying import copy_whole
from gisapp.store.migrate import copy_store, require_current
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

    Raises
    ------
    StoreError
        When the file is no store of this program, the target exists, or the copy is damaged; then no copy is left.
    """
    path, target = store_address(path), Path(target)
    if isinstance(path, ServerAddress):
        copy_whole(path, target)
        return table_digests(target)
    require_current(path)
    if target.exists():
        raise StoreError(f"{target} exists already; choose another name or delete it")
    copy_store(path, target)
    return table_digests(target)


def restore_store(backup: str | os.PathLike[str], target: str | os.PathLike[str] | ServerAddress) -> Mapping[str, str]:
    """Bring a backup back as a new store; return its digests, which are those of the backup (power hall VI(2)3).

    Raises
    ------
    StoreError
        As for :func:`backup_store`, and when a row of the store is not that of the backup.
    """
    target = store_address(target)
    if isinstance(target, ServerAddress):
        copy_whole(backup, target)
        return table_digests(backup)
    found = backup_store(backup, target)
    wrong = [name for name, digest in table_digests(backup).items() if found[name] != digest]
    if wrong:
        raise StoreError(f"{target} is not its backup in {', '.join(wrong)}; somebody writes to {backup}")
    return found


def _digest(connection: sqlite3.Connection, table: str) -> str:
    """Return the SHA-256 of every row of a table."""
    found = hashlib.sha256()
    for row in connection.execute(f'SELECT * FROM "{table}" ORDER BY rowid'):
        found.update(repr(row).encode())
    return found.hexdigest()
