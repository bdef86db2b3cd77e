"""Whether a store can be written now, and how far it has come: looked at often, without waiting and without a trace."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from gisapp.store import unmoved
from gisapp.store.connect import Connections

_WAIT_MS = 500
_PAGES = 64 * 1024
_CODES = unmoved.CODES | {
    "SQLITE_FULL": "full",
    "SQLITE_READONLY": "read-only",
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_CANTOPEN": "missing",
}


@dataclass(frozen=True)
class Standing:
    """What a probe found: ``writable`` is ok, or why not in one word; a moment is None where nothing was written."""

    writable: str
    schema: str
    newest_import: datetime | None
    newest_audit: datetime | None


def standing(connections: Connections, *, head: str) -> Standing:
    """Return how a store stands; never raises for what is wrong with it."""
    writable = _writable(connections)
    try:
        with connections.readers.begin() as connection:
            stored = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            moments = [
                connection.exec_driver_sql(
                    f'SELECT max("at") FROM (SELECT "at" FROM "{name}" ORDER BY "fid" DESC LIMIT 1)'
                ).scalar()
                for name in ("imports", "audit")
            ]
    except (DBAPIError, sqlite3.Error) as error:
        return Standing(writable, _code(error), None, None)
    newest_import, newest_audit = (None if text is None else datetime.fromisoformat(text) for text in moments)
    return Standing(writable, "ok" if stored == head else "other", newest_import, newest_audit)


def _writable(connections: Connections) -> str:
    """Return whether a transaction can be begun and filled: one is, and rolled back."""
    with connections.free_turn() as free:
        if not free:
            return "ok"  # it is being written
        try:
            with _impatient(connections) as driver:
                driver.execute("BEGIN IMMEDIATE")
                try:
                    driver.execute("INSERT INTO settings VALUES ('probe', ?)", ("0" * _PAGES,))
                finally:
                    with suppress(sqlite3.Error):  # a full disk has rolled back by itself
                        driver.execute("ROLLBACK")
        except (DBAPIError, sqlite3.Error) as error:
            return _code(error)
    return "ok"


@contextmanager
def _impatient(connections: Connections) -> Iterator[sqlite3.Connection]:
    """Give the writer's own connection, which does not wait for others now."""
    holder = connections.writer.raw_connection()
    try:
        driver = holder.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
        driver.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
        try:
            yield driver
        finally:
            driver.execute(f"PRAGMA busy_timeout = {before}")
    finally:
        holder.close()


def _code(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    name = getattr(cause, "sqlite_errorname", "")
    return next((word for code, word in _CODES.items() if name.startswith(code)), "failing")
