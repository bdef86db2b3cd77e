"""Threads that answer requests and live as long as the server.

A connection's own thread is new to PROJ, which then searches its database for every change of coordinates: more than
a tenth of a second before the first answer. These have done it once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyproj

from gisapp.crs import to_degrees

WORKERS = 8


def by_workers(
    application: Callable[..., Iterable[bytes]], crs: pyproj.CRS, *, beside: Collection[str] = ()
) -> Callable[..., Iterable[bytes]]:
    """Return a WSGI application of which a few threads, ready for coordinates of ``crs``, answer every request.

    Requests for a path in ``beside`` are answered by whoever asks: they come through while all of those are busy.
    """
    pool = ThreadPoolExecutor(WORKERS, "answer", initializer=_know, initargs=(crs,))
    for _ in range(WORKERS):
        pool.submit(int)  # a thread begins only when something is asked and none is idle

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in beside:
            return application(environ, start_response)
        return pool.submit(application, environ, start_response).result()

    return answer


def _know(crs: pyproj.CRS) -> None:
    """Let this thread know how to turn coordinates into degrees and back."""
    change = to_degrees(crs)
    change.transform(*change.transform(0.0, 0.0), direction="INVERSE")
