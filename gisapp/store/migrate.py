"""The version of a store's schema: checked when a store is opened, moved on by Alembic.

Alembic is read only when it is needed: whoever opens a store, such as a server begun again, does not wait for it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection

from gisapp.addresses import Address
from gisapp.durable import replaced
from gisapp.errors import StoreError
from gisapp.store.connect import plain_errors
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


def steps_from(stored: str, folder: Path = FOLDER) -> list[tuple[str, str]]:
    """Return the versions that come after one, in their order, each with what it brings."""
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(folder))
    later = [one for one in _known(folder) if one > stored]
    return [(one, script.get_revision(one).doc) for one in later]


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


def require_upgradable(address: Address, folder: Path = FOLDER) -> str | None:
    """Return the version of a store that is older than this program; None where it is not.

    Raises
    ------
    StoreError
        When it is no store, or is newer than this program.
    """
    stored = stored_version(address)
    if stored == newest_schema(folder):
        return None
    if stored not in _known(folder):
        require_current(address, folder)
    return stored


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
