"""The answers that a store gave last, for the time in which it cannot be asked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar, cast

from gisapp.errors import UnavailableError

MOST = 2000
Value = TypeVar("Value")
Key = TypeVar("Key", bound=Hashable)


class Recalled(Generic[Key]):
    """Answers by their questions; the one that was asked for longest ago goes."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[Key, object] = OrderedDict()

    def answer(self, key: Key, ask: Callable[[], Value]) -> Value:
        """Return ``ask()``; where the store cannot be asked, what it said last.

        Raises
        ------
        UnavailableError
            When it cannot be asked, and was not asked this before or too long ago.
        """
        try:
            told = ask()
        except UnavailableError:
            with self._lock:
                if key not in self._kept:
                    raise
                return cast(Value, self._kept[key])
        with self._lock:
            self._kept[key] = told
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return told
