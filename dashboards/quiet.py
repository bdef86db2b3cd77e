"""Gunicorn's words in our log: no requests with addresses, and what it says of itself as everything else."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger


class Quiet(Logger):
    """The logger that gunicorn makes for itself; lines go where ours go."""

    def setup(self, cfg: Any) -> None:
        """Take no files or formats of its own."""
        self.cfg = cfg
        self.error_log.propagate = True
        self.error_log.handlers = []
        self.error_log.setLevel(logging.WARNING)
        self.access_log.propagate = False
        self.access_log.handlers = []

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Log nothing: addresses hold what people search for."""

    def reopen_files(self) -> None:
        """Have no files."""
