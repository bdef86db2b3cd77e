"""Whether a database answers: one that is away is asked again every second, by one thread, and not by all who wait."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock

from gisapp.errors import UnavailableError

AGAIN_S = 1.0
"""So often a database that is away is asked again; to connect in vain may take seconds."""


class Reach:
    """What is known of a database by those who read it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._error: UnavailableError | None = None
        self._again = 0.0
        self._answered = datetime.now(UTC)
        self._since: datetime | None = None

    @property
    def answered(self) -> datetime | None:
        """Return when a database that is away answered last; None while it answers."""
        return self._since

    def away_for(self) -> timedelta:
        """Return for how long the database has been away; nothing while it answers."""
        since = self._since
        return timedelta() if since is None else datetime.now(UTC) - since

    def require(self) -> None:
        """Raise where the database was found away, and it is not yet time to ask again."""
        with self._lock:
            error = self._error
            if error is None:
                return
            if time.monotonic() >= self._again:
                self._again = time.monotonic() + AGAIN_S
                return
        raise UnavailableError(error.why, error.words, place=error.place)

    @contextmanager
    def asked(self) -> Iterator[None]:
        """Read inside: that the database does not answer is noted, and that it does again."""
        self.require()
        try:
            yield
        except UnavailableError as error:
            if error.why == "missing":
                self._lost(error)
            raise
        self.found()

    def found(self) -> None:
        """Note that the database answers."""
        with self._lock:
            self._error = self._since = None
            self._answered = datetime.now(UTC)

    def _lost(self, error: UnavailableError) -> None:
        with self._lock:
            self._error, self._again = error, time.monotonic() + AGAIN_S
            self._since = self._since or self._answered
