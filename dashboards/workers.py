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
LOOKERS = 4
"""Threads for who opens a page or moves a map: they do not wait behind screens that ask what has moved."""


def by_workers(
    application: Callable[..., Iterable[bytes]], crs: pyproj.CRS, *, beside: Collection[str] = ()
) -> Callable[..., Iterable[bytes]]:
    """Return a WSGI application of which a few threads, ready for coordinates of ``crs``, answer every request.

    What is fetched, pages and tiles, has threads of its own. Requests for a path in ``beside`` are answered by whoever
    asks: they come through while all of those are busy.
    """
    answers, looks = (_pool(*told, crs) for told in ((WORKERS, "answer"), (LOOKERS, "look")))

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in beside:
            return application(environ, start_response)
        pool = looks if environ.get("REQUEST_METHOD") in ("GET", "HEAD") else answers
        return pool.submit(application, environ, start_response).result()

    return answer


def _pool(threads: int, name: str, crs: pyproj.CRS) -> ThreadPoolExecutor:
    pool = ThreadPoolExecutor(threads, name, initializer=_know, initargs=(crs,))
    for _ in range(threads):
        pool.submit(int)  # a thread begins only when something is asked and none is idle
    return pool


def _know(crs: pyproj.CRS) -> None:
    """Let this thread know how to turn coordinates into degrees and back."""
    change = to_degrees(crs)
    change.transform(*change.transform(0.0, 0.0), direction="INVERSE")
