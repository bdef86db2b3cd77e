"""Backups while the server runs: a process of its own makes each, so that no fault of it reaches the server."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gisapp.addresses import Address, ServerAddress
from gisapp.store import newest_point
from gisapp.store.points import made_at

LOOK_S = 20.0
LATE = 2.5
"""After so many times the interval without a backup the watchman is told that it is late."""
MOST_S = 3600
log = logging.getLogger(__name__)


class Backing:
    """Makes a backup of a store whenever one is due; of several processes that do so one makes it."""

    def __init__(self, store: Address, folder: Path, *, every: timedelta, keep: int) -> None:
        self.store, self.folder, self.every, self.keep = store, folder, every, keep
        self.failures = 0
        self._began = datetime.now(UTC)
        self._stop = threading.Event()
        self._running: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Begin to look every so often whether one is due, beside what answers."""
        threading.Thread(target=self._watch, daemon=True, name="backups").start()

    def stop(self) -> None:
        """Make no more; one that is being made is given up, and leaves nothing."""
        self._stop.set()
        running = self._running
        if running is not None:
            running.terminate()

    def newest(self) -> datetime | None:
        """Return when the newest backup was made, None where there is none."""
        point = newest_point(self.store, self.folder)
        return None if point is None else made_at(point, self.store)

    def late(self) -> bool:
        """Return whether there should long have been another one."""
        return datetime.now(UTC) - max(self.newest() or self._began, self._began) > LATE * self.every

    def make(self) -> bool:
        """Make one if it is due; return whether that went well. A failure is counted, and told in the log."""
        words = ["backup", "point", "--folder", str(self.folder), "--keep", str(self.keep)]
        words += ["--every", str(self.every.total_seconds() / 60)]
        environment = {name: value for name, value in os.environ.items() if "SECRET" not in name}
        environment["GISAPP_STORE"] = self.store.url if isinstance(self.store, ServerAddress) else str(self.store)
        try:
            with subprocess.Popen(
                [sys.executable, "-m", "dashboards", *words], stderr=subprocess.PIPE, text=True, env=environment
            ) as self._running:
                _, told = self._running.communicate(timeout=MOST_S)
                status = self._running.returncode
        except (OSError, subprocess.SubprocessError) as error:
            status, told = -1, str(error)
        finally:
            self._running = None
        if status and not self._stop.is_set():
            self.failures += 1
            log.error("no backup could be made: %s", told.strip().splitlines()[-1] if told.strip() else status)
        return not status

    def _watch(self) -> None:
        while not self._stop.wait(min(LOOK_S, self.every.total_seconds())):
            newest = self.newest()
            if newest is None or datetime.now(UTC) - newest >= self.every:
                failed = not self.make()
                self._stop.wait(60.0 if failed else 0.0)
