"""Answers of callbacks, made once for all who ask the same at the same time and may see the same.

After each write every screen asks anew what it shows, most of them the same. Whoever asks first has it made, who comes
meanwhile waits for that, who comes soon after gets the very bytes. What a callback tells may depend on what it is
asked, the language, the rights of who asks (:attr:`dashboards.access.Person.rights`) and what the store holds; one
that depends on more, such as who asks, is not registered as ``shared``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, current_app, g, request

from dashboards import shell
from dashboards.access import UPDATE, access_of
from gisapp.errors import UnavailableError

SHARED_S = 5.0
"""So long an answer is given to others: what is judged by the clock is no older."""
WAITS_S = 30


@dataclass(eq=False)
class _Answer:
    """One answer, while it is made and afterwards; where it failed, whoever waited has it made for themselves."""

    key: Hashable
    made_at: float = field(default_factory=time.monotonic)
    over: threading.Event = field(default_factory=threading.Event)
    body: bytes | None = None
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


class Answers:
    """The answers of one application that were asked for lately; many threads may ask."""

    def __init__(self, moved: Callable[[], Hashable]) -> None:
        self._moved, self._lock = moved, threading.Lock()
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()

    def known(self) -> Response | None:
        """Return the answer to the present request, None where this is the first to ask."""
        key = self._key()
        if key is None:
            return None
        answer, first = self._place(key)
        if first:
            g.gisapp_answer = answer
            return None
        answer.over.wait(WAITS_S)
        return None if answer.body is None else Response(answer.body, answer.status, list(answer.headers))

    def keep(self, response: Response) -> Response:
        """Keep the answer to the present request for those who wait for it, unless it failed."""
        answer: _Answer | None = g.get("gisapp_answer")
        if answer is not None and response.status_code in (200, 204) and not g.get("gisapp_failed"):
            answer.status, answer.headers = response.status_code, tuple(_own(response.headers.items()))
            answer.body = response.get_data()
        return response

    def end(self, _: BaseException | None) -> None:
        """Let nobody wait any longer, and nobody have an answer that failed."""
        answer: _Answer | None = g.pop("gisapp_answer", None)
        if answer is None:
            return
        with self._lock:
            if answer.body is None and self._kept.get(answer.key) is answer:
                del self._kept[answer.key]
        answer.over.set()

    def _place(self, key: Hashable) -> tuple[_Answer, bool]:
        """Return the answer to a question, and whether it has yet to be made."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None and time.monotonic() - found.made_at < SHARED_S:
                return found, False
            self._kept[key] = made = _Answer(key)
            self._kept.move_to_end(key)
            while made.made_at - next(iter(self._kept.values())).made_at > SHARED_S:
                self._kept.popitem(last=False)
            return made, True

    def _key(self) -> Hashable | None:
        """Return all that the answer depends on; None where it is not shared."""
        if request.endpoint != UPDATE:
            return None
        access, asked = access_of(current_app), request.get_json(silent=True)
        if not isinstance(asked, Mapping) or asked.get("output") not in access.shared:
            return None
        if not all(isinstance(asked.get(kind, []), list) for kind in ("inputs", "state")):
            return None
        person = access.person()
        if person is None:
            return None
        try:
            moved = self._moved()
        except UnavailableError:
            return None
        packs = "gzip" in request.accept_encodings
        return _heard(asked), person.rights, shell.language(), moved, packs


def add_sharing(server: Flask, moved: Callable[[], Hashable]) -> Answers:
    """Give an application its shared answers, behind every guard that it has by now.

    ``moved`` returns what is another when anything that callbacks tell is.
    """
    made = Answers(moved)
    server.before_request(made.known)
    server.after_request(made.keep)
    server.teardown_request(made.end)
    return made


def _heard(asked: Mapping[str, Any]) -> str:
    """Return a request without the values that tell only that it is time to ask."""
    given = {kind: [_value(part) for part in asked.get(kind, [])] for kind in ("inputs", "state")}
    return json.dumps({**asked, **given}, sort_keys=True)


def _value(part: Any) -> Any:
    """Return an input, bare if it is the version or a clock."""
    if not isinstance(part, Mapping):
        return part
    bare = part.get("id") == shell.VERSION or part.get("property") == "n_intervals"
    return {**part, "value": None} if bare else part


def _own(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Return the headers that belong to an answer whoever gets it."""
    return ((name, value) for name, value in headers if name.lower() in ("content-type", "content-encoding", "vary"))
