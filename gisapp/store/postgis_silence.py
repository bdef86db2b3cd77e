"""A server that is frozen says nothing and ends no connection: who asks it waits no longer than was said."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import psycopg

_LIMIT_S: ContextVar[float | None] = ContextVar("gisapp_silence_s", default=None)


@contextmanager
def answered_within(seconds: float) -> Iterator[None]:
    """Take a server that is silent for longer for one that is away, in what this thread asks inside."""
    before = _LIMIT_S.set(seconds)
    try:
        yield
    finally:
        _LIMIT_S.reset(before)


class Impatient(psycopg.Connection[Any]):
    """A connection that is given up where the server is silent for too long."""

    def wait(self, gen: Generator[Any, Any, Any], *given: Any, **named: Any) -> Any:
        """Run what the driver waits for."""
        limit_s = _LIMIT_S.get()
        return super().wait(gen if limit_s is None else self._limited(gen, limit_s), *given, **named)

    def _limited(self, gen: Generator[Any, Any, Any], limit_s: float) -> Generator[Any, Any, Any]:
        heard, ready = time.monotonic(), None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as done:
                return done.value
            ready = yield wanted
            if ready:
                heard = time.monotonic()
            elif time.monotonic() - heard > limit_s:
                self.pgconn.finish()  # in the midst of a question it is of no use any more
                raise psycopg.OperationalError(f"it has been silent for {limit_s:g} s")
