"""A store in one GeoPackage file, through Python's own sqlite3: what differs from a server.

Many rows at once cost a tenth where triggers and indexes are taken down, their work is done once, and they are put
back; all of it in the transaction, so that a program that is killed leaves the table with its triggers.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pyproj
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from gisapp.addresses import Address
from gisapp.errors import StoreError
from gisapp.store import rtree, sqlite_columns, unmoved
from gisapp.store.geometry import Geometry, encode, register_functions
from gisapp.store.geopackage import (
    APPLICATION_ID,
    create_system_tables,
    insert_rows,
    register_layer,
    rtree_name,
    rtree_triggers,
    widen_extent,
)
from gisapp.store.rows import Part, values_of

LIKE, GLOB, LISTED = "LIKE", "GLOB", "SELECT value FROM json_each(?)"
ERRORS: tuple[type[Exception], ...] = (sqlite3.Error,)
REFUSED: tuple[type[Exception], ...] = (sqlite3.IntegrityError,)
read_columns = sqlite_columns.read_columns
_BULK = 1000
_BUSY_S = 30.0
_PROBE_MS, _PAGES = 500, 64 * 1024
_CODES = unmoved.CODES | {
    "SQLITE_FULL": "full",
    "SQLITE_READONLY": "read-only",
    "SQLITE_BUSY": "locked",
    "SQLITE_LOCKED": "locked",
    "SQLITE_CANTOPEN": "missing",
}
_WORDS = unmoved.WORDS | {
    "SQLITE_FULL": "the disk is full; nothing was written, free some space and try again",
    "SQLITE_BUSY": f"another program has been writing for over {_BUSY_S:.0f} s; nothing was written, try again",
    "SQLITE_LOCKED": "another program is writing; nothing was written, try again",
    "SQLITE_READONLY": "the file or its folder may not be written; change its permissions",
    "SQLITE_IOERR": "the disk failed; nothing was written, check the disk",
    "SQLITE_NOTADB": "this is not a store; choose another file",
    "SQLITE_CORRUPT": "the file is damaged; restore a backup",
    "SQLITE_CANTOPEN": "the file cannot be opened; check that it and its folder may be read and written",
}


def within(seconds: float) -> AbstractContextManager[None]:
    """Do nothing: a file is always answered by this process itself."""
    return nullcontext()


def engines(address: Address) -> tuple[Engine, Engine]:
    """Return what connects the writer (BEGIN IMMEDIATE) and the readers (query only)."""
    assert isinstance(address, Path)
    return (
        _engine(address, "BEGIN IMMEDIATE", _prepare_writer, 1),
        _engine(address, "BEGIN", _prepare_reader, 16),
    )


def _engine(path: Path, begin: str, prepare: Callable[[sqlite3.Connection], None], size: int) -> Engine:
    same = unmoved.SameFile(path)

    def connect() -> sqlite3.Connection:
        same.require()  # before SQLite looks: it would fold the log of the file that was into one put in its place
        # mode=rw: a file that went away is an error, not a new empty database.
        address = f"{path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_S, cached_statements=256
        )
        prepare(connection)
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=size, max_overflow=0)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    if prepare is _prepare_writer:
        event.listen(engine, "checkout", same.require)
    return engine


def _prepare_writer(connection: sqlite3.Connection) -> None:
    register_functions(connection)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA cache_size = -65536")
    # Folding the log into the file takes ms and falls to the report that fills it: one in 400, not one in 100.
    connection.execute("PRAGMA wal_autocheckpoint = 4000")


def _prepare_reader(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -16384")


def leave_log(readers: Engine, writer: Engine) -> None:
    """Give up the write-ahead log: the file is to be read where no log can be written."""
    readers.dispose()
    with closing(writer.raw_connection()) as driver:
        driver.cursor().execute("PRAGMA journal_mode = DELETE")


def words(error: BaseException) -> str | None:
    """Return in plain words what the database could not do, None for a fault of the program."""
    return next((words for code, words in _WORDS.items() if _name(error).startswith(code)), None)


def code_of(error: BaseException) -> str:
    """Return in one word why nothing can be written."""
    return next((word for code, word in _CODES.items() if _name(error).startswith(code)), "failing")


def _name(error: BaseException) -> str:
    return str(getattr(error.orig if isinstance(error, DBAPIError) else error, "sqlite_errorname", ""))


def is_twice(error: BaseException) -> bool:
    """Return whether the database refused a key that stands already."""
    return "UNIQUE" in str(error)


def require_free(address: Address) -> None:
    """Raise where a file is already."""
    assert isinstance(address, Path)
    if address.exists():
        raise StoreError(f"{address} exists already; choose another name or delete it")


def try_write(writer: Engine) -> None:
    """Begin a transaction, fill it and take it back; wait half a second at most."""
    with _impatient(writer) as driver:
        driver.execute("BEGIN IMMEDIATE")
        try:
            driver.execute("INSERT INTO settings VALUES ('probe', ?)", ("0" * _PAGES,))
        finally:
            with suppress(sqlite3.Error):  # a full disk has rolled back by itself
                driver.execute("ROLLBACK")


@contextmanager
def _impatient(writer: Engine) -> Iterator[sqlite3.Connection]:
    """Give the writer's own connection, which does not wait for others now."""
    with closing(writer.raw_connection()) as holder:
        driver = holder.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        before = driver.execute("PRAGMA busy_timeout").fetchone()[0]
        driver.execute(f"PRAGMA busy_timeout = {_PROBE_MS}")
        try:
            yield driver
        finally:
            driver.execute(f"PRAGMA busy_timeout = {before}")


def stored_version(address: Address) -> str:
    """Return the schema version in a file, whoever made it."""
    assert isinstance(address, Path)
    if not address.is_file():
        raise StoreError(f"{address} is not there; make a store first")
    with closing(sqlite3.connect(f"{address.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if application != APPLICATION_ID or not {"alembic_version", "layer_rev", "settings"} <= tables:
            raise StoreError(f"{address} is not a store of this program; import it instead of opening it")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else "none"


def begin_schema(connection: Connection, crs: pyproj.CRS) -> None:
    """Make an empty file a GeoPackage."""
    create_system_tables(connection, crs)


def add_layer(connection: Connection, name: str, about: str, geometry: Geometry | None) -> None:
    """Enter a table in the contents, with its R-tree and the triggers that move its revision."""
    register_layer(connection, name, about, geometry)
    for statement in _revision_triggers(name).values():
        connection.exec_driver_sql(statement)


def describe_layer(connection: Connection, name: str, about: str) -> None:
    """Say in the contents what a layer is."""
    connection.exec_driver_sql("UPDATE gpkg_contents SET description = ? WHERE table_name = ?", (about, name))


def forget_layer(connection: Connection, name: str) -> None:
    """Take a table that is gone out of the contents; its triggers went with it."""
    for system in ("gpkg_extensions", "gpkg_geometry_columns", "gpkg_contents"):
        connection.exec_driver_sql(f"DELETE FROM {system} WHERE table_name = ?", (name,))


def _revision_triggers(name: str) -> dict[str, str]:
    return {
        f"{name}_rev_{what}": f'CREATE TRIGGER "{name}_rev_{what}" AFTER {what.upper()} ON "{name}" '
        f"BEGIN UPDATE layer_rev SET rev = rev + 1 WHERE name = '{name}'; END"
        for what in ("insert", "update", "delete")
    }


def keep_append_only(connection: Connection, name: str) -> None:
    """Let nobody change or delete a row of a table."""
    for statement in append_only_triggers(name):
        connection.exec_driver_sql(statement)


def append_only_triggers(name: str) -> list[str]:
    """Return the triggers that refuse to change or delete a row."""
    return [
        f'CREATE TRIGGER "{name}_no_{what}" BEFORE {what.upper()} ON "{name}" '
        f"BEGIN SELECT RAISE(ABORT, '{name} is append only'); END"
        for what in ("update", "delete")
    ]


def let_change(connection: Connection, name: str) -> None:
    """Drop the triggers that refuse to change or delete a row."""
    for what in ("update", "delete"):
        connection.exec_driver_sql(f'DROP TRIGGER "{name}_no_{what}"')


def srs_id_in(connection: Connection) -> int:
    """Return the number of the project's frame."""
    found = "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = 'grids'"
    return int(connection.exec_driver_sql(found).scalar_one())


def next_fid(connection: Connection, name: str) -> int:
    """Return the first number for new rows; AUTOINCREMENT promises that none is ever used twice."""
    last = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (name,)).scalar()
    return int(last or 0) + 1


def keep_fid(connection: Connection, name: str, last: int) -> None:
    """Note that the numbers of a table up to ``last`` are used."""
    run = connection.exec_driver_sql
    if run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)).rowcount == 0:
        run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))


def trying(connection: Connection) -> AbstractContextManager[object]:
    """Do nothing: a statement that is refused leaves the rest of the transaction as it was."""
    return nullcontext()


@contextmanager
def loading(connection: Connection, table: Table, fids: np.ndarray, boxes: np.ndarray) -> Iterator[None]:
    """Take triggers and indexes down for many rows, do their work once after them, and put them back."""
    name, run = table.name, connection.exec_driver_sql
    # A bulk load pays once for every stored row, single inserts ten times as much for every new one.
    if len(fids) < max(_BULK, run(f'SELECT count(*) FROM "{name}"').scalar_one() // 10):
        yield
        return
    placed = "geom" in table.c
    triggers = _revision_triggers(name) | (rtree_triggers(name) if placed else {})
    for trigger in triggers:
        run(f'DROP TRIGGER "{trigger}"')
    for index in table.indexes:
        index.drop(connection)
    yield
    for index in table.indexes:
        index.create(connection)
    if placed:
        stands = ~np.isnan(boxes).any(axis=1)
        ids, held = rtree.stored_boxes(connection, rtree_name(name))
        ids = np.concatenate([ids, fids[stands]])
        rtree.rebuild(connection, rtree_name(name), ids, np.concatenate([held, boxes[stands]]))
    run("UPDATE layer_rev SET rev = rev + 1 WHERE name = ?", (name,))
    for statement in triggers.values():
        run(statement)


def insert(connection: Connection, part: Part, fids: Sequence[int], srs_id: int) -> None:
    """Insert rows."""
    listed = ", ".join(f'"{name}"' for name in ["fid", *part.names])
    marks = ", ".join("?" * (len(part.names) + 1))
    statement = f'INSERT INTO "{part.name}" ({listed}) VALUES ({marks})'
    insert_rows(connection, statement, zip(fids, *_values(part, srs_id), strict=True))


def update(connection: Connection, part: Part, keys: Sequence[str], srs_id: int) -> None:
    """Put rows in place of those with the same key."""
    sets = ", ".join(f'"{name}" = ?' for name in part.names if name not in keys)
    match = " AND ".join(f'"{name}" = ?' for name in keys)
    values = dict(zip(part.names, _values(part, srs_id), strict=True))
    ordered = [column for name, column in values.items() if name not in keys] + [values[key] for key in keys]
    insert_rows(connection, f'UPDATE "{part.name}" SET {sets} WHERE {match}', zip(*ordered, strict=True))


def _values(part: Part, srs_id: int) -> list[list[Any]]:
    """Return rows as columns of the database's values, geometry first."""
    values = [values_of(part.frame[name], kind) for name, kind in part.columns.items()]
    return values if part.geometries is None else [encode(part.geometries, srs_id), *values]


def changed(connection: Connection, name: str, boxes: np.ndarray) -> None:
    """Note the time of a change in the contents, and stretch the layer's extent."""
    widen_extent(connection, name, boxes)


def revisions(readers: Engine) -> Counted:
    """Return what tells how far each table has moved."""
    return Counted(readers)


class Counted:
    """The revisions of a file: asks only a counter while nobody writes.

    On a connection of its own: the counter tells what *others* wrote since it last looked.
    """

    def __init__(self, readers: Engine) -> None:
        self._readers, self._lock = readers, Lock()
        self._own: PoolProxiedConnection | None = None
        self._seen, self._known = -1, dict[str, int]()
        self._asked_at = 0.0

    def ask(self) -> dict[str, int]:
        """Return the revision of every table; of many who ask at once one looks, after all of them had come."""
        came_at = time.monotonic()
        with self._lock:
            if self._asked_at > came_at:
                return dict(self._known)
            began = time.monotonic()
            if self._own is None:
                self._own = self._readers.raw_connection()
            connection = self._own.dbapi_connection
            assert isinstance(connection, sqlite3.Connection)
            seen = connection.execute("PRAGMA data_version").fetchone()[0]
            if seen != self._seen:
                self._known = dict(connection.execute("SELECT name, rev FROM layer_rev").fetchall())
                self._seen = seen
            self._asked_at = began
            return dict(self._known)

    def close(self) -> None:
        """Give back the connection."""
        with self._lock:
            if self._own is not None:
                self._own.close()
                self._own = None
