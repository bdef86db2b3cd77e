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

from gisapp.addresses import Address
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

    def engines(self, address: Address) -> tuple[Engine, Engine]:
        """Return what connects the writer and the readers."""

    def words(self, error: BaseException) -> str | None:
        """Return in plain words what the database could not do, None for a fault of the program."""

    def is_twice(self, error: BaseException) -> bool:
        """Return whether the database refused a key that stands already."""

    def stored_version(self, address: Address) -> str:
        """Return the version of a store's schema; raise a StoreError where there is no store."""

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
    return sqlite_file


def database_of(connection: Connection) -> Database:
    """Return the kind of database behind a connection."""
    return sqlite_file
