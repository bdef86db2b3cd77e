"""Connections to the one file: one writer that locks at once, readers that cannot write, plain errors."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, RLock

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from gisapp.errors import StoreError
from gisapp.store.auditing import anchor_path, forget_head, try_append, written_head
from gisapp.store.geometry import register_functions

_BUSY_S = 30.0
_WORDS = {
    "SQLITE_FULL": "the disk is full; nothing was written, free some space and try again",
    "SQLITE_BUSY": f"another program has been writing for over {_BUSY_S:.0f} s; nothing was written, try again",
    "SQLITE_LOCKED": "another program is writing; nothing was written, try again",
    "SQLITE_READONLY": "the file or its folder may not be written; change its permissions",
    "SQLITE_IOERR": "the disk failed; nothing was written, check the disk",
    "SQLITE_NOTADB": "this is not a store; choose another file",
    "SQLITE_CORRUPT": "the file is damaged; restore a backup",
    "SQLITE_CANTOPEN": "the file cannot be opened; check that it and its folder may be read and written",
}


class Connections:
    """The connections of one process to one store.

    The write lock of the file is taken when a transaction begins (BEGIN IMMEDIATE): one that reads first
    and wants to write later fails at once when somebody else wrote in between.
    """

    def __init__(self, path: Path, *, anchored: bool = True) -> None:
        self.path, self.anchor = path, anchor_path(path) if anchored else None
        self.writer = _engine(path, "BEGIN IMMEDIATE", _prepare_writer, 1)
        self.readers = _engine(path, "BEGIN", _prepare_reader, 16)
        self._turn, self._counting = RLock(), Lock()
        self.writing_now = 0
        """How many of this process write or wait for their turn."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes: all of it or nothing; what it adds to the audit is anchored after it."""
        with self._counted(), self._turn, plain_errors(self.path):
            with self.writer.begin() as connection:
                forget_head(connection)
                yield connection
                head = written_head(connection)
            if head is not None and self.anchor is not None:
                try_append(self.anchor, head)

    @contextmanager
    def free_turn(self) -> Iterator[bool]:
        """Take the writer's turn if nobody has it; tell whether it was taken."""
        free = self._turn.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._turn.release()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._counting:
            self.writing_now += 1
        try:
            yield
        finally:
            with self._counting:
                self.writing_now -= 1

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that reads: everything in it is of the same moment."""
        with plain_errors(self.path), self.readers.begin() as connection:
            yield connection

    def leave_log(self) -> None:
        """Give up the write-ahead log: the file is to be read where no log can be written."""
        self.readers.dispose()
        with self._turn, plain_errors(self.path):
            driver = self.writer.raw_connection()
            driver.execute("PRAGMA journal_mode = DELETE")
            driver.close()

    def close(self) -> None:
        """Close every connection; the last one folds the log into the file."""
        self.readers.dispose()
        self.writer.dispose()


def _engine(path: Path, begin: str, prepare: Callable[[sqlite3.Connection], None], size: int) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a file that went away is an error, not a new empty database.
        address = f"{path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_S, cached_statements=256
        )
        prepare(connection)
        return connection

    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=QueuePool, pool_size=size, max_overflow=0)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
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


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Say in plain words what the database could not do; faults of the program pass through."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        name = getattr(cause, "sqlite_errorname", "")
        for code, words in _WORDS.items():
            if name.startswith(code):
                raise StoreError(f"{path}: {words}") from error
        raise


def insert_rows(connection: Connection, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Run a statement for every row, straight in the driver: a list of a million tuples is never made."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.executemany(statement, rows)
