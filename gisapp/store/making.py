"""A new store: whole in its place, or not there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pyproj
from sqlalchemy import Connection

from gisapp.addresses import Address
from gisapp.durable import replaced
from gisapp.store import migrate
from gisapp.store.connect import Connections, plain_errors
from gisapp.store.databases import database_at
from gisapp.store.schema import create_schema


@contextmanager
def new_store(address: Address, crs: pyproj.CRS) -> Iterator[Connection]:
    """Give the one transaction in which a store is made and filled; its tables stand already.

    Raises
    ------
    StoreError
        When something is there already, or the place cannot be written.
    """
    with plain_errors(address):
        database_at(address).require_free(address)
    with replaced(address) if isinstance(address, Path) else nullcontext(address) as place:
        connections = Connections(place, anchored=False)
        try:
            with connections.writing() as connection:
                create_schema(connection, crs)
                migrate.stamp(connection)
                yield connection
        finally:
            connections.close()
