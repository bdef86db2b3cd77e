"""How many threads of one process may wait long until they can write: the others are refused, so that some can read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from gisapp.errors import UnavailableError

SOON_S = 1.0
"""To wait so long is no waiting."""
_WORDS = "others are waiting to write already; nothing was written, try again in a moment"


class Patience:
    """Counts who waits for longer than :data:`SOON_S`; without a limit everybody may."""

    def __init__(self, place: str) -> None:
        self._place, self._lock = place, Lock()
        self._most: int | None = None
        self._waiting = 0

    def limit(self, most: int) -> None:
        """Let so many wait and no more."""
        self._most = most

    def require(self) -> None:
        """Raise where as many wait already as may."""
        if self._most is not None and self._waiting >= self._most:
            raise UnavailableError("busy", _WORDS, place=self._place)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Wait inside, as one of those who may."""
        with self._lock:
            self.require()
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
