"""What a watchman asks without logging in: ``/healthz``, whether the server lives; ``/readyz``, whether it can work.

They tell one word a check, nothing of the city and no path.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import dash
from flask import Flask, jsonify
from flask.typing import ResponseReturnValue

from dashboards.access import Permission, route
from gisapp.store import Store

HEALTH, READY = "/healthz", "/readyz"
PATHS = frozenset({HEALTH, READY})
LOOKED_S = 1.0
"""What was found holds for so long: whoever asks a thousand times costs one look."""
SCREENS_S = 4.0
"""So old it may be for screens."""
SKEW = timedelta(minutes=5)
"""By how much the clock may stand before what is written, and jump against the processor's."""


@dataclass
class Readiness:
    """The checks of one server; what was found last is told again while it is young."""

    store: Store
    disk_min_mb: int = 0
    import_max_days: float | None = None
    backups_late: Callable[[], bool] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looked: float = -1e9
    _found: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._began = self.now() - timedelta(seconds=time.monotonic())

    def checks(self) -> Mapping[str, str]:
        """Return what each check says: ok, late (still ready), or why the server is not ready."""
        with self._lock:
            if time.monotonic() - self._looked > LOOKED_S:
                self._found = self._look()
                self._looked = time.monotonic()
            return self._found

    def writable(self) -> str:
        """Return what the check of writing said not long ago: many screens ask, and none of them waits for a look."""
        if time.monotonic() - self._looked > SCREENS_S and self._lock.acquire(blocking=False):
            self._lock.release()
            self.checks()
        return self._found.get("writable", "ok")

    def ready(self) -> bool:
        """Return whether no check is red."""
        return all(word in ("ok", "late", "none") for word in self.checks().values())

    def _look(self) -> Mapping[str, str]:
        now, found = self.now(), self.store.standing()
        return {
            "writable": found.writable,
            "schema": found.schema,
            "disk": self._disk(),
            "last_import": self._imported(now, found.newest_import),
            "clock": self._clock(now, found.newest_audit),
        } | ({} if self.backups_late is None else {"backup": "late" if self.backups_late() else "ok"})

    def _disk(self) -> str:
        if self.store.folder is None:
            return "none"  # a server's disk is not seen from here; a full one shows in writable
        try:
            free = shutil.disk_usage(self.store.folder).free
        except OSError:
            return "missing"
        return "ok" if free >= self.disk_min_mb * 1_000_000 else "full"

    def _imported(self, now: datetime, newest: datetime | None) -> str:
        if newest is None:
            return "none"
        late = self.import_max_days is not None and now - newest > timedelta(days=self.import_max_days)
        return "late" if late else "ok"

    def _clock(self, now: datetime, newest: datetime | None) -> str:
        """Return whether the clock stands before what was written, or has jumped since the start."""
        if newest is not None and newest - now > SKEW:
            return "behind"
        return "jumped" if abs(now - timedelta(seconds=time.monotonic()) - self._began) > SKEW else "ok"


def of(server: Flask) -> Readiness:
    """Return the checks of a server."""
    found: Readiness = server.extensions["gisapp.readiness"]
    return found


def add_routes(app: dash.Dash, readiness: Readiness) -> None:
    """Add the two addresses, which answer anybody."""

    def healthz() -> ResponseReturnValue:
        return {"alive": True}

    def readyz() -> ResponseReturnValue:
        ready = readiness.ready()
        answer = jsonify(ready=ready, checks=dict(readiness.checks()))
        answer.headers["Cache-Control"] = "no-store"
        return answer, 200 if ready else 503

    app.server.extensions["gisapp.readiness"] = readiness
    route(app, HEALTH, healthz, needs=Permission.PUBLIC)
    route(app, READY, readyz, needs=Permission.PUBLIC)
