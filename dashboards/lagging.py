"""The table of incidents as figures see it: as it is while that is read at once; of a large one as it lately was.

Each report would otherwise have every screen wait for years of incidents to be read and counted anew. They are read and
counted beside the answers instead, and all figures move on together when that is done.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd

from dashboards.memory import give_back
from gisapp.errors import GisappError
from gisapp.store import Store

LARGE = 50_000
"""Rows from which on a table is read beside the answers."""
RESTS = 9.0
"""After it was made anew, figures rest so many times as long as that took."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class _Read:
    """The table at one revision."""

    revision: int
    table: gpd.GeoDataFrame


class Lagging:
    """One table of a store, kept as it was when figures were last made of it; many threads may ask.

    Parameters
    ----------
    store, name
        Which table.
    made
        Makes what is shown of it, ahead of everybody; in its thread the table is the new one already.
    moved
        Called when everybody has moved on to that.
    """

    def __init__(self, store: Store, name: str, *, made: Callable[[], None], moved: Callable[[], None]) -> None:
        self._store, self._name, self._made, self._moved = store, name, made, moved
        self._lock, self._own = threading.Lock(), threading.local()
        self._read: _Read | None = None
        self._rests_until = 0.0
        self._running: threading.Thread | None = None

    @property
    def revision(self) -> int:
        """Return the revision of the table that figures are of."""
        return self._known().revision if self._large else self._store.revision(self._name)

    @property
    def table(self) -> gpd.GeoDataFrame:
        """Return the table that figures are of."""
        return self._known().table if self._large else self._anew().table

    @property
    def _large(self) -> bool:
        return self._read is not None and len(self._read.table) >= LARGE

    def _known(self) -> _Read:
        """Return what was read last, and have it read anew where it is time."""
        own: _Read | None = getattr(self._own, "read", None)
        read = own or self._read
        assert read is not None
        if own is None and read.revision != self._store.revision(self._name):
            self._begin()
        return read

    def _anew(self) -> _Read:
        """Return the table as it is."""
        revision = self._store.revision(self._name)  # before reading: too old at worst
        self._read = _Read(revision, self._store.table(self._name))
        return self._read

    def _begin(self) -> None:
        """Read it and make what is shown of it in a thread, unless that runs or rests."""
        with self._lock:
            running = self._running is not None and self._running.is_alive()
            if not running and time.monotonic() >= self._rests_until:
                self._running = threading.Thread(target=self._move, daemon=True, name=f"{self._name} anew")
                self._running.start()

    def _move(self) -> None:
        began = time.monotonic()
        revision = self._store.revision(self._name)
        try:
            self._own.read = _Read(revision, self._store.table(self._name))
            self._made()
            self._read = self._own.read
            self._moved()
        except GisappError as fault:  # the store is away: figures stay as they are
            log.warning("figures were not made anew: %s", fault)
        finally:
            give_back()
            self._rests_until = time.monotonic() + RESTS * (time.monotonic() - began)
