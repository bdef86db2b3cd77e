"""Memory that was freed goes back to the machine: glibc keeps it, a gigabyte after a city's figures were made anew."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ARENAS = 2
LARGE = 1 << 17
"""Bytes from which on memory is of its own, and goes back when it is freed: glibc's own first limit."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of malloc.h


@contextmanager
def reading_libraries() -> Iterator[None]:
    """Search for no cycles inside: libraries make a hundred thousand things that stay, a tenth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def one_heap() -> None:
    """Let Arrow, which holds the texts of tables, take from glibc, too; before Arrow is read.

    Its own heap would keep what the tables of before leave behind.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def few_arenas() -> None:
    """Let all threads take from few arenas, and what is large from none, before there are threads.

    Each thread would else get its own, and what the others freed lies between what it keeps; and glibc takes ever
    larger things from them, up to 32 MB, so that a figure made anew leaves a hole that nothing fits. Without glibc
    nothing happens.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, ARENAS)
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE)


def give_back() -> None:
    """Give back what is free between what is in use; without glibc nothing happens."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
