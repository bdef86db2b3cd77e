"""Whose secrets are, as the store said last: for the time in which it cannot be asked.

A session or token that was ended, or whose account was disabled, goes as soon as this process hears of it: by ending it
itself, or by asking the store, which happens every two seconds while that answers.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from gisapp.accounts import User, running

MOST = 2000
LATELY = timedelta(seconds=6)  # a little longer than from one poll to the next
"""So long a session is not asked for again; one that another program ends is over after it at the latest."""
SURE = timedelta(hours=2)
"""So long after the store has said it last nobody is known by memory any more."""


@dataclass(frozen=True)
class Session:
    """One session as the store said it at ``sure_at``; ``seen_at`` may be later than what the store knows of it."""

    user: User
    begun_at: datetime
    seen_at: datetime
    lasts: timedelta
    idle: timedelta
    sure_at: datetime

    def runs(self, now: datetime) -> bool:
        """Return whether it still runs, by what is known."""
        return running(self.begun_at, self.seen_at, now, lasts=self.lasts, idle=self.idle)


@dataclass(frozen=True)
class Token:
    """Whose token it is and until when, as the store said it at ``sure_at``."""

    user: User
    expires_at: datetime
    sure_at: datetime

    def runs(self, now: datetime) -> bool:
        """Return whether it is still good, by what is known."""
        return now < self.expires_at


class Known:
    """Sessions and tokens by the hash of their secret; bounded in number and in age."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Session | Token] = OrderedDict()
        self._ended: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def sure(self, key: str, one: Session | Token) -> Session | Token:
        """Keep what the store has just said; return it with the last that its person did, as far as anybody knows."""
        with self._lock:
            before = self._kept.get(key)
            if isinstance(before, Session) and isinstance(one, Session) and before.seen_at > one.seen_at:
                one = replace(one, seen_at=before.seen_at)
            self._keep(key, one)
        return one

    def used(self, key: str, now: datetime) -> None:
        """Note that the person of a session does something."""
        with self._lock:
            before = self._kept.get(key)
            if isinstance(before, Session):
                self._keep(key, replace(before, seen_at=now))

    def by_memory(self, key: str, now: datetime) -> Session | Token | None:
        """Return what the store said last, None where that is too long ago or it never did."""
        with self._lock:
            found = self._kept.get(key)
        return found if found is not None and now - found.sure_at < SURE else None

    def lately(self, key: str, now: datetime) -> Session | None:
        """Return a session of which the store was sure a moment ago: a page asks many things at once."""
        with self._lock:
            found = self._kept.get(key)
        return found if isinstance(found, Session) and timedelta() <= now - found.sure_at < LATELY else None

    def forget(self, key: str) -> None:
        """Forget what the store does not know any more."""
        with self._lock:
            self._kept.pop(key, None)

    def forget_of(self, name: str | None) -> None:
        """Forget all that is a person's, or everything."""
        with self._lock:
            for key in [key for key, one in self._kept.items() if name in (None, one.user.name)]:
                del self._kept[key]

    def end(self, key: str) -> None:
        """Let a session be over here, whatever becomes of it in the store."""
        self.forget(key)
        with self._lock:
            self._ended[key] = None
            if len(self._ended) > MOST:
                self._ended.popitem(last=False)

    def ended(self, key: str) -> bool:
        """Return whether it was ended here."""
        with self._lock:
            return key in self._ended

    def _keep(self, key: str, one: Session | Token) -> None:
        self._kept[key] = one
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
