"""Connections to one store: one writer that locks at once, readers that cannot write, plain errors."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock, RLock
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.errors import StoreError, UnavailableError
from gisapp.store import patience
from gisapp.store.auditing import anchor_path, forget_head, try_append, written_head
from gisapp.store.databases import database_at
from gisapp.store.reach import Reach
from gisapp.store.recalled import Recalled

_TURN_S = 30
SOON_S, LONG_S = 2.0, 30.0
"""So long a server may be silent that is asked for little, or for very many rows."""
_UNKNOWN = "the server went away while it was writing; once it runs, look whether it was written"
Value = TypeVar("Value")


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
        self.reach, self.patience = Reach(), patience.Patience(str(self.address))
        self._beginning: float | None = None
        self._recalled: Recalled[Hashable] = Recalled()
        self.writing_now = 0
        """How many of this process write or wait for their turn."""

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that writes: all of it or nothing; what it adds to the audit is anchored after it."""
        self.reach.require()
        self.patience.require()
        committing = False
        with self._counted(), self._own_turn():
            try:
                with plain_errors(self.address), self._begun() as connection:
                    forget_head(connection)
                    yield connection
                    head = written_head(connection)
                    committing = True
            except UnavailableError as error:
                if committing and error.why == "missing":
                    raise UnavailableError("unknown", _UNKNOWN, place=error.place) from error
                raise
            if head is not None and self.anchor is not None:
                try_append(self.anchor, head)

    @contextmanager
    def _begun(self) -> Iterator[Connection]:
        """Begin a transaction, for which another program may have to end its own first."""
        self._beginning = time.monotonic()
        try:
            with self.writer.begin() as connection:
                self._beginning = None
                yield connection
        finally:
            self._beginning = None

    @property
    def held_up(self) -> bool:
        """Return whether who has the writer's turn waits for another program."""
        since = self._beginning
        return since is not None and time.monotonic() - since > patience.SOON_S

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        """Take the writer's turn; who waits as long as for another program is told so."""
        if not self._turn.acquire(timeout=patience.SOON_S) and not self._waited():
            words = f"others have been writing for over {_TURN_S} s; nothing was written, try again"
            raise UnavailableError("locked", words, place=str(self.address))
        try:
            yield
        finally:
            self._turn.release()

    def _waited(self) -> bool:
        """Wait for the writer's turn as one of those who may; tell whether it came."""
        with self.patience.waiting():
            return self._turn.acquire(timeout=_TURN_S)

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
    def reading(self, silent_s: float = LONG_S) -> Iterator[Connection]:
        """One transaction that reads: everything in it is of the same moment; a server that is silent is away."""
        with self.answered(silent_s), self.readers.begin() as connection:
            yield connection

    @contextmanager
    def answered(self, silent_s: float = SOON_S) -> Iterator[None]:
        """Ask inside: whether the database answers is noted."""
        with self.reach.asked(), plain_errors(self.address), self.database.within(silent_s):
            yield

    def told(
        self, key: Hashable, ask: Callable[[Connection], Value], *, among: Recalled[Hashable] | None = None
    ) -> Value:
        """Return what is read in one transaction; while the database is away, what was read last for the same key.

        Large answers are kept ``among`` few others.
        """

        def read() -> Value:
            with self.reading(SOON_S) as connection:
                return ask(connection)

        return (among or self._recalled).answer(key, read)

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
        why = database.code_of(error)
        if why == "failing":
            raise StoreError(f"{address}: {words}") from error
        raise UnavailableError(why, words, place=str(address)) from error
