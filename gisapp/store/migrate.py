"""The version of a store's schema: checked when a store is opened, moved on by Alembic.

Alembic is read only when it is needed: whoever opens a store, such as a server begun again, does not wait for it.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.durable import replaced
from gisapp.errors import StoreError
from gisapp.store.auditing import head_in, try_append
from gisapp.store.connect import Connections, plain_errors
from gisapp.store.databases import database_at

FOLDER = Path(__file__).parent / "migrations"


def _known(folder: Path) -> list[str]:
    """Return the versions of the schema in their order, by which their files are named."""
    return sorted(path.name.split("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py"))


def stamp(connection: Connection, folder: Path = FOLDER) -> None:
    """Note in a new store that it has the newest schema."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    MigrationContext.configure(connection).stamp(ScriptDirectory(str(folder)), "head")


def newest_schema(folder: Path = FOLDER) -> str:
    """Return the version of the schema that this program needs."""
    return _known(folder)[-1]


def require_current(path: Address, folder: Path = FOLDER) -> None:
    """Raise unless the file is a store with the schema of this program."""
    stored, head = stored_version(path), newest_schema(folder)
    if stored == head:
        return
    if stored in _known(folder):
        raise StoreError(
            f"{path} has the older schema {stored}, this program needs {head}; run gisapp upgrade on it first"
        )
    raise StoreError(f"{path} has schema {stored}, newer than this program's {head}; update the program")


def stored_version(address: Address) -> str:
    """Return the schema version of a store, whoever made it."""
    with plain_errors(address):
        return database_at(address).stored_version(address)


def run(connection: Connection, folder: Path = FOLDER, **attributes: object) -> None:
    """Bring the schema behind a connection to the newest version, inside its transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection, **attributes})
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    command.upgrade(config, "head")


def upgrade_store(
    address: str | os.PathLike[str] | ServerAddress, *, folder: Path = FOLDER
) -> Path | ServerAddress | None:
    """Bring an older store to this program's schema, whole or not at all.

    Returns
    -------
    Path, ServerAddress or None
        The backup of a file made before; a server's own address, of which none is made here; None if nothing was to do.

    Raises
    ------
    StoreError
        When the file is no store, or is newer than this program.
    """
    address = store_address(address)
    stored = stored_version(address)
    if stored == newest_schema(folder):
        return None
    if stored not in _known(folder):
        require_current(address, folder)
    backup = address
    if isinstance(address, Path):
        backup = address.with_name(f"{address.name}.before-{newest_schema(folder)}")
        copy_store(address, backup)
    connections = Connections(address)
    try:
        with connections.writing() as connection:
            run(connection, folder)
        with connections.reading() as connection:
            head = head_in(connection)
        if connections.anchor is not None:
            try_append(connections.anchor, head)
    finally:
        connections.close()
    return backup


def copy_store(path: Path, target: Path) -> None:
    """Copy a store while others write to it; the copy is checked before it takes its name."""
    with replaced(target) as staged:
        copy_checked(path, staged)


def copy_checked(path: Path, staged: Path) -> None:
    """Copy a store into a file that has not taken its name yet, and check it."""
    with (
        plain_errors(path),
        closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as source,
        closing(sqlite3.connect(staged)) as copy,
    ):
        source.backup(copy)
        fault = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if fault != "ok":
        raise StoreError(f"the copy of {path} is damaged ({fault}); check the disk")
