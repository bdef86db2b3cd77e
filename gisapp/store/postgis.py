"""A store on a PostgreSQL server with PostGIS, through psycopg: what differs from a file.

What a statement returns is what a file would have returned: moments are ISO text with ms and Z, geometries are blobs of
a GeoPackage, texts are in the order of their code points. One program writes at a time, as to a file: every transaction
that writes takes one advisory lock when it begins, and a trigger takes it for programs that are not ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from threading import Lock
from typing import Any

import numpy as np
import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.exc import DBAPIError

from gisapp.addresses import Address, ServerAddress
from gisapp.errors import StoreError
from gisapp.store import postgis_columns, postgis_layers
from gisapp.store.postgis_silence import Impatient, answered_within
from gisapp.store.postgis_values import Columns, Types, read_as_a_file
from gisapp.store.rows import Part

LIKE, GLOB = "ILIKE", "SIMILAR TO"
LISTED = "SELECT value FROM jsonb_array_elements_text(?::jsonb) AS listed(value)"
ERRORS: tuple[type[Exception], ...] = (psycopg.Error,)
REFUSED: tuple[type[Exception], ...] = (psycopg.IntegrityError,)
read_columns = postgis_columns.read_columns
begin_schema, add_layer = postgis_layers.begin_schema, postgis_layers.add_layer
describe_layer, forget_layer = postgis_layers.describe_layer, postgis_layers.forget_layer
keep_append_only, let_change = postgis_layers.keep_append_only, postgis_layers.let_change
srs_id_in = postgis_layers.srs_id_in

_BUSY_S, _CONNECT_S, _PROBE_MS, _PAGES = 30, 2, 500, 64 * 1024
_BULK = 1000
_OURS = {"alembic_version", "layer_rev", "settings"}
_BUSY = f"another program has been writing for over {_BUSY_S} s; nothing was written, try again"
_READ_ONLY = "the server takes no changes; it is a copy of another one, or was set to read only"
_GONE = "the server does not answer or went away ({}); nothing was written, try again once it runs"
_WORDS = {
    "53100": "the server's disk is full; nothing was written, free some space and try again",
    "53300": "the server has too many connections; nothing was written, try again",
    "55P03": _BUSY,
    "40P01": _BUSY,
    "25006": _READ_ONLY,
    "42501": "the role may not do this ({}); let the owner of the database grant it",
    "22001": "a text is longer than its column ({}); shorten it",
    "22021": "a text holds a character that the server does not take ({}); take it out",
    "3D000": "there is no such database; let an administrator make it",
    "28": "the server refused the login; check the user and the password (PGPASSWORD, or the file .pgpass)",
    "57P": _GONE,
    "08": _GONE,
}
_CODES = {
    "53100": "full",
    "53300": "busy",
    "25006": "read-only",
    "55P03": "locked",
    "57014": "locked",
    "42501": "read-only",
}


def within(seconds: float) -> AbstractContextManager[None]:
    """Take a server that is silent for longer for one that is away."""
    return answered_within(seconds)


def engines(address: Address) -> tuple[Engine, Engine]:
    """Return what connects the writer (the lock is taken first) and the readers (one moment, no changes)."""
    assert isinstance(address, ServerAddress)
    writer = _engine(address, "", 1)
    event.listen(writer, "begin", postgis_layers.take_lock)
    reads = "-c default_transaction_read_only=on -c default_transaction_isolation=repeatable\\ read"
    return writer, _engine(address, reads, 16)


def _engine(address: ServerAddress, options: str, size: int) -> Engine:
    def connect() -> psycopg.Connection[Any]:
        connection = _connect(address, options)
        read_as_a_file(connection)
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,  # a server that was away is back without a restart of ours
        use_native_hstore=False,
    )
    engine.dialect.type_compiler_instance = Types(engine.dialect)
    engine.dialect.ddl_compiler = Columns
    event.listen(engine, "before_cursor_execute", _marked, retval=True)
    return engine


def without_password(address: ServerAddress) -> tuple[str, str]:
    """Return an address as PostgreSQL's own programs take it, and the password that it held, empty for none."""
    told = _told(address)
    secret = str(told.pop("password", "") or "")
    return make_conninfo(**told), secret


def _told(address: ServerAddress) -> dict[str, Any]:
    try:
        return conninfo_to_dict(re.sub(r"^postgres(ql)?(\+psycopg)?:", "postgresql:", address.url))
    except psycopg.ProgrammingError:  # its words may hold a password
        raise StoreError(f"{address} is no address of a database; write postgresql://user@host/database") from None


def _connect(address: ServerAddress, options: str = "") -> psycopg.Connection[Any]:
    told = _told(address)
    own = f"-c TimeZone=UTC -c DateStyle=ISO -c lock_timeout={_BUSY_S}s {options}"
    settings: dict[str, Any] = {
        "connect_timeout": _CONNECT_S,
        "tcp_user_timeout": 5000,  # a machine that is gone without a word
        "application_name": "gisapp",
        "client_encoding": "UTF8",
    } | told
    settings["options"] = " ".join([str(told.get("options") or ""), own]).strip()
    return Impatient.connect(**settings)


def _marked(
    connection: Connection, cursor: object, statement: str, parameters: Any, context: Any, many: bool
) -> tuple[str, Any]:
    """Turn the marks of a statement of ours into those of the driver; what SQLAlchemy wrote has them."""
    if context is not None and context.compiled is not None:
        return statement, parameters
    return statement.replace("%", "%%").replace("?", "%s"), parameters


def words(error: BaseException) -> str | None:
    """Return in plain words what the database could not do, None for a fault of the program."""
    cause, state = _cause(error)
    if state is None:
        gone = isinstance(cause, (psycopg.OperationalError, psycopg.InterfaceError))
        return _words_without_state(_first_line(cause)) if gone else None
    found = next((words for code, words in _WORDS.items() if state.startswith(code)), None)
    return None if found is None else found.format(_first_line(cause))


def _words_without_state(line: str) -> str:
    """Return words for what the driver's own library says, which gives no code."""
    for part, code in (("password", "28"), ("no pg_hba.conf entry", "28"), ("database", "3D000")):
        if part in line and (code == "28" or "does not exist" in line):
            return _WORDS[code]
    return _GONE.format(line)


def _cause(error: BaseException) -> tuple[BaseException, str | None]:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return cause, getattr(cause, "sqlstate", None)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].strip()


def code_of(error: BaseException) -> str:
    """Return in one word why nothing can be written."""
    _, state = _cause(error)
    return "missing" if state is None or state.startswith(("57P", "08")) else _CODES.get(state, "failing")


def is_twice(error: BaseException) -> bool:
    """Return whether the database refused a key that stands already."""
    return _cause(error)[1] == "23505"


def try_write(writer: Engine) -> None:
    """Begin a transaction, fill it and take it back; wait half a second at most."""
    with closing(writer.raw_connection()) as holder:
        driver = holder.driver_connection
        assert driver is not None
        try:
            with driver.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = {_PROBE_MS}")
                cursor.execute(postgis_layers.LOCK)
                cursor.execute("INSERT INTO settings VALUES ('probe', %s)", ("0" * _PAGES,))
        finally:
            if not driver.closed:
                driver.rollback()


def _tables(connection: psycopg.Connection[Any]) -> set[str]:
    listed = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'spatial_ref_sys'"
    return {row[0] for row in connection.execute(listed)}


def stored_version(address: Address) -> str:
    """Return the schema version in a database, whoever made it."""
    assert isinstance(address, ServerAddress)
    with _connect(address) as connection:
        tables = _tables(connection)
        if not tables:
            raise StoreError(f"{address} is an empty database; make a store first: gisapp init, or gisapp store copy")
        if not tables >= _OURS:
            raise StoreError(f"{address} is not a store of this program; use a database of its own")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else "none"


def require_free(address: Address) -> None:
    """Raise unless a store can be made there: in a database that is there and holds nothing."""
    assert isinstance(address, ServerAddress)
    with _connect(address) as connection:
        tables = _tables(connection)
    if tables:
        found = f"{len(tables)} tables, {min(tables)} among them"
        raise StoreError(f"{address} is not empty ({found}); choose a database that holds nothing")


def next_fid(connection: Connection, name: str) -> int:
    """Return the first number for new rows; none is ever used twice."""
    found = f'SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM "{name}_fid_seq"'
    return int(connection.exec_driver_sql(found).scalar_one())


def keep_fid(connection: Connection, name: str, last: int) -> None:
    """Note that the numbers of a table up to ``last`` are used."""
    if last > 0:
        connection.exec_driver_sql(f"SELECT setval('\"{name}_fid_seq\"', ?)", (last,))


def trying(connection: Connection) -> AbstractContextManager[object]:
    """Return a savepoint: what is refused takes the rest of the transaction with it otherwise."""
    return connection.begin_nested()


@contextmanager
def loading(connection: Connection, table: Table, fids: np.ndarray, boxes: np.ndarray) -> Iterator[None]:
    """Build the indexes of a table that this transaction made once, after many rows; note that their numbers are used.

    Indexes of a table that others know stay where they are: readers would have to wait for them.
    """
    name, run = table.name, connection.exec_driver_sql
    own = "SELECT xmin = pg_current_xact_id()::xid FROM pg_class WHERE oid = ?::regclass"
    anew = len(fids) >= _BULK and run(own, (f'"{name}"',)).scalar()
    places = [f"{name}_geom"] if "geom" in table.c else []
    if anew:
        for gone in [*(index.name for index in table.indexes), *places]:
            run(f'DROP INDEX "{gone}"')
    yield
    if anew:
        for index in table.indexes:
            index.create(connection)
        for _ in places:
            postgis_layers.index_places(connection, name)
        run(f'ANALYZE "{name}"')
    if len(fids):
        keep_fid(connection, name, int(fids.max()))


def insert(connection: Connection, part: Part, fids: Sequence[int], srs_id: int) -> None:
    """Insert rows."""
    listed = ", ".join(f'"{name}"' for name in ["fid", *part.names])
    postgis_columns.put(connection, f'COPY "{part.name}" ({listed})', part, srs_id, fids)


def update(connection: Connection, part: Part, keys: Sequence[str], srs_id: int) -> None:
    """Put rows in place of those with the same key."""
    listed = ", ".join(f'"{name}"' for name in part.names)
    run = connection.exec_driver_sql
    run(f'CREATE TEMP TABLE "incoming" ON COMMIT DROP AS SELECT {listed} FROM "{part.name}" WITH NO DATA')
    postgis_columns.put(connection, f'COPY "incoming" ({listed})', part, srs_id)
    sets = ", ".join(f'"{name}" = i."{name}"' for name in part.names if name not in keys)
    match = " AND ".join(f't."{name}" = i."{name}"' for name in keys)
    run(f'UPDATE "{part.name}" t SET {sets} FROM "incoming" i WHERE {match}')
    run('DROP TABLE "incoming"')


def changed(connection: Connection, name: str, boxes: np.ndarray) -> None:
    """Do nothing: a server keeps no time of change and no extent beside its rows."""


def revisions(readers: Engine) -> Asked:
    """Return what tells how far each table has moved."""
    return Asked(readers)


class Asked:
    """The revisions of a server: asked each time, as what a message says may be late or lost."""

    def __init__(self, readers: Engine) -> None:
        self._readers = readers.execution_options(isolation_level="AUTOCOMMIT")
        self._lock = Lock()

    def ask(self) -> dict[str, int]:
        """Return the revision of every table."""
        with self._lock, self._readers.connect() as connection:
            return {name: rev for name, rev in connection.exec_driver_sql("SELECT name, rev FROM layer_rev")}

    def close(self) -> None:
        """Do nothing: connections are those of the readers."""
