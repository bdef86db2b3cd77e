"""Memory that was freed goes back to the machine: glibc keeps it, a gigabyte after a city's figures were made anew."""

from __future__ import annotations

import ctypes
from contextlib import suppress


def give_back() -> None:
    """Give back what is free between what is in use; without glibc nothing happens."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
