"""A page of the application as a browser without a screen holds it, many of them in one process at little cost.

It logs in, opens a page, asks the callbacks that Dash would ask first, polls ``/version`` with its ETag, and when that
has moved asks what depends on it, with what it holds by then; also tiles whose address changed, and what comes by
the clock of an interval. What runs in the browser alone (the clientside callbacks) is left out.
"""

from __future__ import annotations

import gzip
import json
import math
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlencode, urlsplit

VERSION = "shell-version.data"
UPDATE = "/_dash-update-component"
PATIENCE_S = 12  # as long as a page waits for an answer (assets/shell.js)
IDLE_S = 60  # less than the server keeps a silent connection
WRONG = (OSError, HTTPException, RuntimeError, ValueError)
"""What becomes of a request that fails: no answer, another than was expected, or one that cannot be read."""
MOST_TILES = 6  # of one bundle, as many as a screen of ordinary size shows
Props = dict[str, dict[str, Any]]


@dataclass
class Tally:
    """What was asked of the server and what came back; each connection has its own, so that threads share nothing."""

    polls_s: list[float] = field(default_factory=list)
    updates_s: list[float] = field(default_factory=list)
    unmoved: int = 0
    moved: int = 0
    tiles: int = 0
    answers: int = 0
    received: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in what another counted."""
        for name in ("polls_s", "updates_s", "faults"):
            getattr(self, name).extend(getattr(other, name))
        for name in ("unmoved", "moved", "tiles", "answers", "received"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class Answer:
    """One answer of the server: its status, its headers in lower case, its body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as values."""
        return json.loads(self.body)


class Browser:
    """One connection that is kept, with its cookies; every request has a limit of time."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self.port, self.tally = port, Tally()
        self.cookies = {} if cookies is None else cookies
        self._used = 0.0
        self._connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)

    def beside(self) -> Browser:
        """Return another connection of the same browser."""
        return Browser(self.port, self.cookies)

    def ask(self, address: str, *, body: bytes | None = None, **headers: str) -> Answer:
        """Return the answer to a request, asked anew once if the connection was closed meanwhile."""
        method = "GET" if body is None else "POST"
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        sent |= {
            "Accept-Encoding": "gzip",
            "Cookie": "; ".join(f"{name}={text}" for name, text in self.cookies.items()),
        }
        if time.monotonic() - self._used > IDLE_S:
            self._connection.close()  # and opened anew: the server may be closing it at this moment
        self._used = time.monotonic()
        for again in (False, True):
            try:
                self._connection.request(method, address, body, sent)
                response = self._connection.getresponse()
                packed = response.read()
                break
            except (HTTPException, OSError) as fault:
                self._connection.close()
                if again or isinstance(fault, TimeoutError) or method == "POST":
                    raise
        told = response.getheaders()
        self.tally.answers += 1
        self.tally.received += len(packed) + sum(len(name) + len(text) + 4 for name, text in told) + 17
        for name, text in told:
            if name.lower() == "set-cookie":
                key, _, value = text.split(";")[0].partition("=")
                self.cookies[key] = value
        known = {name.lower(): text for name, text in told}
        unpacked = gzip.decompress(packed) if known.get("content-encoding") == "gzip" and packed else packed
        return Answer(response.status, known, unpacked)

    def log_in(self, name: str, password: str) -> None:
        """Fill in the login page, as a person does.

        Raises
        ------
        RuntimeError
            When the server does not let the person in.
        """
        page = self.ask("/en/login").body.decode()
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        form = {"csrf_token": token[1] if token else "", "name": name, "password": password, "next": "/"}
        kind = "application/x-www-form-urlencoded"
        answer = self.ask("/en/login", body=urlencode(form).encode(), Content_Type=kind)
        if answer.status != 303:
            raise RuntimeError(f"{name} was not let in: {answer.status}")

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


class Callbacks:
    """The callbacks that the server answers, by what they depend on; one for all viewers."""

    def __init__(self, listed: list[dict[str, Any]]) -> None:
        self.all = {one["output"]: one for one in listed if not one["clientside_function"]}
        self.outputs = {output: list(_outputs(output)) for output in self.all}
        self.by_input: dict[str, list[str]] = {}
        for output, one in self.all.items():
            for part in one["inputs"]:
                self.by_input.setdefault(_name(part), []).append(output)


class Viewer:
    """One page that stands open before somebody."""

    def __init__(self, browser: Browser, callbacks: Callbacks, address: str) -> None:
        self.browser, self.polling, self.callbacks = browser, browser.beside(), callbacks
        self.address = f"/en{address}"
        self.page = urlsplit(address).path
        self.props: Props = {}
        self.seen: Any = None  # the version that the page shows
        self._etag, self._revisions, self._tiles = "", dict[str, int](), set[str]()
        self._leaves: list[str] = []  # tables that the page does not show
        self._clocks: dict[str, float] = {}

    def open(self) -> None:
        """Load the page and ask all that it asks until it stands."""
        self._expect(self.browser.ask(self.address), 200)
        layout = self._expect(self.browser.ask("/_dash-layout", Referer=self._referer), 200).json()
        self.props = {props["id"]: props for props in _parts(layout) if isinstance(props.get("id"), str)}
        self.props["shell-location"] |= {
            "pathname": urlsplit(self.address).path,
            "search": urlsplit(self.address).query,
        }
        self._leaves = next((one["data-leaves"] for one in _parts(layout) if "data-leaves" in one), "").split()
        self._run({output: [] for output, one in self.callbacks.all.items() if one["prevent_initial_call"] is not True})
        self.changed({f"{later}.due": True for later, props in self.props.items() if props.get("due") is False})
        now = time.monotonic()
        for name, every in self._intervals():
            self._clocks[name] = now + every
        self.poll()

    def first_map(self) -> float | None:
        """Fetch all that the map of the page waits for, with nothing kept and one after the other; return the seconds.

        The page, its styles and pictures, the scripts before the map is drawn, and the tiles of the whole. None
        where the map does not stand first, since its layers are being made anew.
        """
        began = time.perf_counter()
        page = self._expect(self.browser.ask(self.address), 200).body.decode()
        told = re.search(r'data-map="([^"]*)"', page)
        if told is None:
            return None
        of_map = r'<(?:link rel="stylesheet" href|script(?: type="text/map")? src|img src)="([^"]+)"'
        for address in re.findall(of_map, page):
            self._expect(self.browser.ask(unescape(address)), 200)
        self._tiles = set()
        self._fetch_tiles(json.loads(unescape(told[1]))["props"]["layers"])
        return time.perf_counter() - began

    def poll(self, *, active: bool = False) -> bool:
        """Ask whether anything moved, as the page does; return whether it did."""
        tally = self.polling.tally
        headers = {"If_None_Match": self._etag} if self._etag else {}
        began = time.perf_counter()
        answer = self.polling.ask("/version?active=1" if active else "/version", **headers)
        tally.polls_s.append(time.perf_counter() - began)
        if answer.status == 304:
            tally.unmoved += 1
            if answer.body:
                tally.faults.append("a 304 with a body")
            return False
        version = self._expect(answer, 200).json()
        before, now = self._revisions, version["revisions"]
        moved = bool(before) and any(now[name] != before.get(name) and name not in self._leaves for name in now)
        self._etag, self._revisions = answer.headers["etag"], now
        if moved:
            tally.moved += 1
            self.seen = version
        return moved

    def follow(self) -> None:
        """Ask what depends on the version that a poll brought."""
        began = time.perf_counter()
        self.changed({VERSION: self.seen})
        self.browser.tally.updates_s.append(time.perf_counter() - began)

    def tick(self, now: float) -> None:
        """Ask what comes by the clock of the page, where it is time."""
        due = {}
        for name, every in self._intervals():
            if now >= self._clocks.setdefault(name, now + every):
                self._clocks[name] = now + every
                due[f"{name}.n_intervals"] = int(self.props[name].get("n_intervals") or 0) + 1
        if due:
            self.changed(due)

    def changed(self, values: Mapping[str, Any]) -> None:
        """Put values into the page, as the browser's part or a person does, and ask what depends on them."""
        wanted: dict[str, list[str]] = {}
        for name, value in values.items():
            self._put(name, value)
            for output in self.callbacks.by_input.get(name, ()):
                wanted.setdefault(output, []).append(name)
        self._run(wanted)

    def get(self, name: str) -> Any:
        """Return what the page holds, such as ``dispatch-sent.data``."""
        part, _, prop = name.rpartition(".")
        return self.props.get(part, {}).get(prop)

    def close(self) -> None:
        """Give its connections back."""
        self.browser.close()
        self.polling.close()

    def whole(self) -> int:
        """Return the bytes of all figures of the page, sent as if it held nothing."""
        before = self.browser.tally.received
        for output in self.callbacks.by_input.get(VERSION, ()):
            if self._stands(output):
                self._ask(output, [VERSION], blank=True)
        return self.browser.tally.received - before

    @property
    def _referer(self) -> str:
        return f"http://127.0.0.1{self.address}"

    def _run(self, wanted: dict[str, list[str]]) -> None:
        """Ask callbacks and then what depends on their answers, each after those that it waits for."""
        wanted = {output: names for output, names in wanted.items() if self._stands(output)}
        while wanted:
            coming = {name for output in wanted for name in self.callbacks.outputs[output]}
            free = (
                output for output in wanted if not coming & {_name(one) for one in self.callbacks.all[output]["inputs"]}
            )
            output = next(free, next(iter(wanted)))
            for name, value in self._ask(output, wanted.pop(output)):
                self._put(name, value)
                for after in self.callbacks.by_input.get(name, ()):
                    if after != output and self._stands(after):
                        wanted.setdefault(after, []).append(name)

    def _stands(self, output: str) -> bool:
        """Return whether the page has what a callback depends on and fills."""
        one, outputs = self.callbacks.all[output], self.callbacks.outputs[output]
        return all(part["id"] in self.props for part in one["inputs"]) and all(
            name.rpartition(".")[0] in self.props for name in outputs
        )

    def _ask(self, output: str, names: list[str], *, blank: bool = False) -> Iterator[tuple[str, Any]]:
        """Ask one callback; return what it puts where."""
        one, outputs = self.callbacks.all[output], self.callbacks.outputs[output]
        own = set(outputs) if blank else set()
        parts = [dict(zip(("id", "property"), name.rpartition(".")[::2], strict=True)) for name in outputs]
        given = {
            kind: [{**part, "value": None if _name(part) in own else self.get(_name(part))} for part in one[kind]]
            for kind in ("inputs", "state")
        }
        asked = {"output": output, "outputs": parts if output.startswith("..") else parts[0], "changedPropIds": names}
        told = {"Content_Type": "application/json", "Referer": self._referer, "X_CSRFToken": self._token()}
        answer = self.browser.ask(UPDATE, body=json.dumps(asked | given).encode(), **told)
        if answer.status == 204:
            return iter(())
        filled = self._expect(answer, 200).json()
        for name, props in (filled.get("sideUpdate") or {}).items():
            if name == "shell-notices":
                self.browser.tally.faults.append(f"{output[:60]}: {json.dumps(props, ensure_ascii=False)[:300]}")
        return iter(
            [
                (f"{part}.{prop}", value)
                for part, props in filled.get("response", {}).items()
                for prop, value in props.items()
            ]
        )

    def _token(self) -> str:
        return next((text for name, text in self.browser.cookies.items() if name.startswith("_csrf_token")), "")

    def _put(self, name: str, value: Any) -> None:
        part, _, prop = name.rpartition(".")
        self.props.setdefault(part, {})[prop] = value
        for props in _parts(value) if prop == "children" else ():
            if isinstance(props.get("id"), str):
                self.props[props["id"]] = props
        if prop == "layers" and value:
            self._fetch_tiles(value)

    def _fetch_tiles(self, layers: list[dict[str, Any]]) -> None:
        """Fetch the tiles of every bundle whose address is new: those that a map of the whole shows."""
        fresh = {layer["tiles"]["url"]: layer["tiles"] for layer in layers if "tiles" in layer}
        for url, tiles in fresh.items():
            if url not in self._tiles:
                for z, x, y in tiles_within(tiles["bounds"]):
                    address = url.replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
                    self._expect(self.browser.ask(address), 200, 204)
                    self.browser.tally.tiles += 1
        self._tiles = set(fresh)

    def _intervals(self) -> Iterator[tuple[str, float]]:
        """Yield the intervals of the page that run, with their seconds."""
        for name, props in self.props.items():
            if "interval" in props and not props.get("disabled") and f"{name}.n_intervals" in self.callbacks.by_input:
                yield name, props["interval"] / 1000

    def _expect(self, answer: Answer, *statuses: int) -> Answer:
        if answer.status not in statuses:
            raise RuntimeError(f"{self.page}: {answer.status} {answer.body[:200]!r}")
        return answer


def tiles_within(bounds: list[float]) -> list[tuple[int, int, int]]:
    """Return the tiles at the deepest zoom at which few enough cover bounds in degrees.

    Examples
    --------
    >>> tiles_within([114.0, 36.6, 114.6, 37.0])
    [(10, 836, 398), (10, 836, 399), (10, 837, 398), (10, 837, 399)]
    """
    west, south, east, north = bounds
    best = [(0, 0, 0)]
    for z in range(1, 15):
        columns = range(_column(west, z), _column(east, z) + 1)
        rows = range(_row(north, z), _row(south, z) + 1)
        if len(columns) * len(rows) > MOST_TILES:
            break
        best = [(z, x, y) for x in columns for y in rows]
    return best


def _column(longitude: float, z: int) -> int:
    return min(2**z - 1, math.floor((longitude + 180) / 360 * 2**z))


def _row(latitude: float, z: int) -> int:
    up = math.asinh(math.tan(math.radians(latitude)))
    return min(2**z - 1, math.floor((1 - up / math.pi) / 2 * 2**z))


def _parts(layout: Any) -> Iterator[dict[str, Any]]:
    """Yield the props of every component of a layout."""
    if isinstance(layout, list):
        for one in layout:
            yield from _parts(one)
    elif isinstance(layout, dict) and "props" in layout:
        yield layout["props"]
        yield from _parts(layout["props"].get("children"))


def _outputs(output: str) -> Iterator[str]:
    """Yield the names of what a callback fills; copies of one output have a mark behind them."""
    for name in output.strip(".").split("...") if output.startswith("..") else [output]:
        yield name.split("@")[0]


def _name(part: Mapping[str, str]) -> str:
    return f"{part['id']}.{part['property']}"
