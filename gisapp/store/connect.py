"""Connections to one store: one writer that locks at once, readers that cannot write, plain errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, RLock

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.errors import StoreError
from gisapp.store.auditing import anchor_path, forget_head, try_append, written_head
from gisapp.store.databases import database_at

_TURN_S = 30


class Connections:
    """The connections of one process to one store.

    The write lock of the store is taken when a transaction begins: one that reads first and wants to write later
    would fail, or write on what is no more, when somebody else wrote in between.
    """

    def __init__(self, address: str | os.PathLike[str] | ServerAddress, *, anchored: bool = True) -> None:
        self.address = store_address(address)
        self.anchor = anchor_path(self.address) if anchored else None
        self.database = database_at(self.address)
        self.writer, self.readers = self.database.engines(self.address)
        self._turn, self._counting = RLock(), Lock()
        self.writing_now = 0
        """How many of this process write or wait for their turn."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes: all of it or nothing; what it adds to the audit is anchored after it."""
        with self._counted(), self._own_turn(), plain_errors(self.address):
            with self.writer.begin() as connection:
                forget_head(connection)
                yield connection
                head = written_head(connection)
            if head is not None and self.anchor is not None:
                try_append(self.anchor, head)

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """Take the writer's turn; who waits as long as for another program is told so."""
        if not self._turn.acquire(timeout=_TURN_S):
            words = f"others have been writing for over {_TURN_S} s; nothing was written, try again"
            raise StoreError(f"{self.address}: {words}")
        try:
            yield
        finally:
            self._turn.release()

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
        with plain_errors(self.address), self.readers.begin() as connection:
            yield connection

    def hold_readers(self, number: int) -> None:
        """Connect so many readers ahead: they read on where nobody could connect anew."""
        with plain_errors(self.address), ExitStack() as held:
            for _ in range(number):
                held.enter_context(self.readers.connect())

    def close(self) -> None:
        """Close every connection."""
        self.readers.dispose()
        self.writer.dispose()


@contextmanager
def plain_errors(address: Address) -> Iterator[None]:
    """Say in plain words what the database could not do; faults of the program pass through."""
    database = database_at(address)
    faults: tuple[type[Exception], ...] = (DBAPIError, *database.ERRORS)
    try:
        yield
    except faults as error:
        words = database.words(error)
        if words is None:
            raise
        raise StoreError(f"{address}: {words}") from error
