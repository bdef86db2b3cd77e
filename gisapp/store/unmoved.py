"""The one file of a store must be where it was opened: a file that was moved away or deleted still takes every write.

SQLite goes on writing into a file that no longer has its name, and nobody finds again what was acknowledged then.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

GONE, REPLACED = "GISAPP_GONE", "GISAPP_REPLACED"
WORDS = {
    GONE: "the file is not there any more; nothing was written, bring it back",
    REPLACED: "another file stands in its place; nothing was written, stop the server before a store is brought back",
}
CODES = {GONE: "missing", REPLACED: "replaced"}


class Moved(sqlite3.OperationalError):
    """The file of an open store was moved, deleted or replaced."""

    def __init__(self, name: str) -> None:
        super().__init__(WORDS[name])
        self.sqlite_errorname = name


class SameFile:
    """The file at a path as it was first found there."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def require(self, *_: object) -> None:
        """Raise where it is not there any more, or another one is."""
        try:
            found = os.stat(self._path)
        except OSError:
            raise Moved(GONE) from None
        self._known = self._known or (found.st_dev, found.st_ino)
        if self._known != (found.st_dev, found.st_ino):
            raise Moved(REPLACED)
