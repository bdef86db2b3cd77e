"""What differs between a file and a server, behind one value; all other modules of the store are common to both.

Statements are written once, with ``?`` for values. What the two do not spell alike is a word of this value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import pyproj
from sqlalchemy import Connection, Engine, Table

from gisapp.addresses import Address, ServerAddress
from gisapp.store import sqlite_file
from gisapp.store.geometry import Geometry
from gisapp.store.rows import Part


class Revisions(Protocol):
    """What tells how far each table has moved."""

    def ask(self) -> dict[str, int]:
        """Return the revision of every table."""

    def close(self) -> None:
        """Give back what it holds."""


class Database(Protocol):
    """A kind of database: a module with these functions."""

    LIKE: str
    """Compares a text with a pattern, ASCII letters in either case."""
    GLOB: str
    """Compares a text with a pattern of letters, digits and ``[0-9]``."""
    LISTED: str
    """The values of a JSON list of texts that is given as a value."""
    ERRORS: tuple[type[Exception], ...]
    """What the driver itself raises."""
    REFUSED: tuple[type[Exception], ...]
    """What the driver itself raises where rows do not fit those that stand."""

    def engines(self, address: Address) -> tuple[Engine, Engine]:
        """Return what connects the writer and the readers."""

    def words(self, error: BaseException) -> str | None:
        """Return in plain words what the database could not do, None for a fault of the program."""

    def code_of(self, error: BaseException) -> str:
        """Return in one word why nothing can be written: full, read-only, locked, missing or failing."""

    def is_twice(self, error: BaseException) -> bool:
        """Return whether the database refused a key that stands already."""

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """Take a server that is silent for longer for one that is away, in what this thread asks inside."""

    def stored_version(self, address: Address) -> str:
        """Return the version of a store's schema; raise a StoreError where there is no store."""

    def require_free(self, address: Address) -> None:
        """Raise a StoreError unless a new store can be made there."""

    def try_write(self, writer: Engine) -> None:
        """Begin a transaction, fill it and take it back, without waiting for others; raise what the driver does."""

    def begin_schema(self, connection: Connection, crs: pyproj.CRS) -> None:
        """Prepare an empty database for the layers of one project."""

    def add_layer(self, connection: Connection, name: str, about: str, geometry: Geometry | None) -> None:
        """Make a table known as a layer, with its spatial index and the triggers that move its revision."""

    def describe_layer(self, connection: Connection, name: str, about: str) -> None:
        """Say what a layer is."""

    def forget_layer(self, connection: Connection, name: str) -> None:
        """Undo :meth:`add_layer` for a table that is gone."""

    def keep_append_only(self, connection: Connection, name: str) -> None:
        """Let nobody change or delete a row of a table."""

    def let_change(self, connection: Connection, name: str) -> None:
        """Undo :meth:`keep_append_only`, for a migration that must."""

    def srs_id_in(self, connection: Connection) -> int:
        """Return the number of the project's frame in a store."""

    def next_fid(self, connection: Connection, name: str) -> int:
        """Return the first number for new rows of a table."""

    def keep_fid(self, connection: Connection, name: str, last: int) -> None:
        """Note that the numbers of a table up to ``last`` are used."""

    def trying(self, connection: Connection) -> AbstractContextManager[object]:
        """Let what is refused inside leave the transaction so that it can be asked why."""

    def loading(
        self, connection: Connection, table: Table, fids: np.ndarray, boxes: np.ndarray
    ) -> AbstractContextManager[None]:
        """Prepare a table for rows with these numbers and boxes, and bring it in order after them."""

    def insert(self, connection: Connection, part: Part, fids: Sequence[int], srs_id: int) -> None:
        """Insert rows."""

    def update(self, connection: Connection, part: Part, keys: Sequence[str], srs_id: int) -> None:
        """Put rows in place of those with the same key."""

    def changed(self, connection: Connection, name: str, boxes: np.ndarray) -> None:
        """Note that a table changed, and that it now reaches over these boxes."""

    def read_columns(self, connection: Connection, name: str, kinds: Mapping[str, str]) -> dict[str, Any]:
        """Return columns of a table in the order of ``fid``; geometries as an object array of shapely."""

    def revisions(self, readers: Engine) -> Revisions:
        """Return what tells how far each table has moved."""


def database_at(address: Address) -> Database:
    """Return the kind of database that is at an address."""
    return _server() if isinstance(address, ServerAddress) else sqlite_file


def database_of(connection: Connection) -> Database:
    """Return the kind of database behind a connection."""
    return sqlite_file if connection.dialect.name == "sqlite" else _server()


def _server() -> Database:
    from gisapp.store import postgis  # a program over a file does without the driver

    return postgis
