"""A server of its own under many screens: what a poll takes, what is lost, what grows, how much is sent.

    python -m benchmarks.load STORE [--minutes 30] [--viewers 200] [--commands 10]

`gisapp serve` runs over a copy of the store, with accounts. Every viewer logs in, opens one of the pages, polls
``/version`` every 5 s and asks for what moved, as the page in a browser does; dispatchers and a commander write
through their pages meanwhile, and now and then Chromium opens a map. Figures are those after the warm-up. At the end
each row that was acknowledged is looked for in the store, and every page's figures are fetched whole for the ratio:
bytes and processor time of all viewers, were they sent everything at every poll.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from pathlib import Path

import numpy as np
from playwright.sync_api import Error as PageError
from playwright.sync_api import sync_playwright

from benchmarks.aims import at_most
from benchmarks.first_map import FLAGS, visit
from benchmarks.served import Served, serve
from benchmarks.viewers import WRONG, Browser, Callbacks, Tally, Viewer
from benchmarks.writers import PASSWORD, PEOPLE, Commands, Writers, begin, lost, prepared

AIM_POLL_MS, AIM_MAP_S, AIM_GROWTH = 300, 1.5, 10
CHROMIUM = Path("/usr/bin/chromium")
HARD_STOP_S = 900
"""A server that is loaded for so much longer than it should be is killed, so that everything ends."""
PAGES = (
    *("/dispatch", "/emergency", "/manager", "/planner", "/dispatch?incident={incident}"),
    *("/emergency?shutoff={shutoff}", "/manager", "/emergency?utility=water&pipe={pipe}"),
)
FIRST_MAPS = ("/emergency", "/dispatch", "/manager", "/planner")


@dataclass
class Run:
    """What a run came to."""

    tally: Tally
    commands: Commands
    lags_s: list[float]
    unseen: int = 0
    lost: list[str] = field(default_factory=list)
    seen_s: list[float] = field(default_factory=list)
    maps_s: list[float] = field(default_factory=list)
    drawn_s: list[float] = field(default_factory=list)
    fetched_s: list[float] = field(default_factory=list)
    memory_mb: tuple[float, float] = (0.0, 0.0)
    cores: float = 0.0
    own_cores: float = 0.0
    sent: float = 0.0  # bytes a viewer and minute
    whole: float = 0.0
    whole_cores: float = 0.0

    @property
    def faults(self) -> list[str]:
        """Return everything that went wrong."""
        return [*self.tally.faults, *self.commands.faults, *self.lost]


def main() -> None:
    """Print what the load came to, beside its aims."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--viewers", type=int, default=200)
    parser.add_argument("--commands", type=float, default=10, help="a minute")
    parser.add_argument("--maps", type=float, default=1, help="opened in Chromium a minute")
    options = parser.parse_args()
    lasts_s = options.minutes * 60
    load = Load(options.viewers, lasts_s, 60 / options.commands, min(120, lasts_s / 3), maps_per_min=options.maps)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        found = load.run(copied(Path(options.store), Path(folder)))
    report(found)
    sys.exit(1 if found.faults else 0)


def report(found: Run) -> None:
    """Print the table."""
    one, written, before, after = found.tally, found.commands, *found.memory_mb
    poll, moved, lag = (percentiles(values) for values in (one.polls_s, one.updates_s, found.lags_s))
    say(f"{len(one.polls_s):,} polls, {one.unmoved / max(len(one.polls_s), 1):.0%} answered by 304:")
    say(f"  p50 {1000 * poll[0]:.0f} ms, p95 {at_most(1000 * poll[1], AIM_POLL_MS, 'ms', '.0f')}")
    say(f"what moved stands on the page p50 {moved[0]:.2f} s, p95 {moved[1]:.2f} s after the poll that told of it")
    if found.lags_s:
        say(f"reports stand on every board p50 {lag[0]:.1f} s, p95 {lag[1]:.1f} s after they were acknowledged;")
        say(f"  {at_most(found.unseen, 0, 'not seen', 'd')}")
    if found.fetched_s:
        middle, most = percentiles(found.fetched_s)
        say(f"all that a living first map waits for, with nothing kept, {len(found.fetched_s)} times:")
        say(f"  fetched within median {middle:.2f} s, p95 {at_most(most, AIM_MAP_S, 's', '.2f')}")
    if found.maps_s:
        seen, alive, worked = (percentiles(values)[0] for values in (found.seen_s, found.maps_s, found.drawn_s))
        say(f"in Chromium without a graphics card on the same {os.cpu_count()} cores, {len(found.maps_s)} times:")
        say(f"  the map is seen after median {at_most(seen, AIM_MAP_S, 's', '.2f')},")
        say(f"  the slowest {max(found.seen_s):.2f} s;")
        say(f"  alive after median {alive:.2f} s, the slowest {max(found.maps_s):.2f} s;")
        say(f"  {worked:.1f} s of the processor are the browser's own")
    acknowledged, slow = written.count(), percentiles(written.took_s)[1]
    say(f"{acknowledged} commands: p95 {1000 * slow:.0f} ms, {at_most(len(found.lost), 0, 'lost', 'd')}")
    say(f"errors: {at_most(len(one.faults) + len(written.faults), 0, 'of them', 'd')}")
    growth = 100 * (after / before - 1)
    grown = at_most(growth, AIM_GROWTH, "%")
    say(f"memory, medians of the first and the last fifth: {before:,.0f} to {after:,.0f} MB, grown by {grown}")
    say(f"processor: the server {found.cores:.2f} cores; these viewers {found.own_cores:.2f} cores")
    times, cores = found.whole / max(found.sent, 1), found.whole_cores / max(found.cores, 1e-9)
    say(f"sent: {found.sent / 1e3:,.0f} kB a viewer and minute")
    say(f"  whole figures at every poll: {found.whole / 1e3:,.0f} kB, {times:,.0f} times as much,")
    say(f"  and {found.whole_cores:,.1f} cores, {cores:,.0f} times as many")
    for fault in found.faults[:20]:
        say(f"fault: {fault[:400]}")


@dataclass
class Load:
    """Viewers, commands and maps against one server.

    ``warm_s`` is how long the load runs before anything counts; it ends with ``least`` commands, within two minutes
    more; with ``made_ready`` nobody comes before the server has
    done what it does after its start.
    """

    count: int
    lasts_s: float
    command_every_s: float
    warm_s: float
    maps_per_min: float = 0
    poll_s: float = 5.0
    fetch_every_s: float = 15.0
    made_ready: bool = True
    least: int = 0
    stop: threading.Event = field(default_factory=threading.Event)
    commands: Commands = field(default_factory=Commands)
    seen_s: list[float] = field(default_factory=list)
    maps_s: list[float] = field(default_factory=list)
    drawn_s: list[float] = field(default_factory=list)
    fetched_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)
    others: Tally = field(default_factory=Tally)  # of whoever opens a page anew
    viewers: list[Viewer] = field(default_factory=list)
    writers: list[Writers] = field(default_factory=list)

    def run(self, store: Path) -> Run:
        """Serve ``store``, which is changed, and return what came of it."""
        codes = prepared(store)
        server = serve("--store", str(store))
        limit = threading.Timer(self.lasts_s + HARD_STOP_S, server.kill)
        limit.start()
        try:
            found = self._against(server, codes)
        finally:
            limit.cancel()
            self.stop.set()
            for one in [*self.viewers, *self.writers]:
                one.close()
            server.stop()
        found.lost = lost(store, self.commands)
        found.tally.faults += server.faults
        return found

    def _against(self, server: Served, codes: dict[str, str]) -> Run:
        ready(server, idle=self.made_ready)
        self._open(server, codes)
        say(f"{self.count} viewers stand; {self._tally().answers:,} answers so far")
        threads = self._begin(server, codes)
        found = self._measure(server)
        self.stop.set()
        for one in threads:
            one.join(60)
        found.unseen = self._unseen()
        self._whole(server, found)
        return found

    def _open(self, server: Served, codes: dict[str, str]) -> None:
        """Let everybody log in and open their page."""
        first = Browser(server.port)
        first.log_in("load00", PASSWORD)
        callbacks = Callbacks(first.ask("/_dash-dependencies").json())
        first.close()

        def stands(number: int) -> Viewer:
            browser = Browser(server.port)
            browser.log_in(f"load{number % PEOPLE:02d}", PASSWORD)
            viewer = Viewer(browser, callbacks, PAGES[number % len(PAGES)].format(**codes))
            viewer.open()
            return viewer

        with ThreadPoolExecutor(4) as pool:
            for viewer in pool.map(stands, range(self.count)):
                self.viewers.append(viewer)
                if len(self.viewers) % 50 == 0:
                    say(f"{len(self.viewers)} stand, server {server.memory_mb():,.0f} MB")

    def _begin(self, server: Served, codes: dict[str, str]) -> list[threading.Thread]:
        """Start everybody."""
        chance, wanted = random.Random(1), list[tuple[Callable[..., None], tuple[object, ...]]]()
        for viewer in self.viewers:
            moved = threading.Event()
            wanted += [(self._poll, (viewer, moved, chance.uniform(0, self.poll_s))), (self._follow, (viewer, moved))]
        wanted.append((self._write, (server, codes)))
        wanted.append((self._fetch, (server,)))
        if self.maps_per_min and CHROMIUM.exists():
            wanted.append((self._look, (server,)))
        threads = [threading.Thread(target=what, args=given, daemon=True) for what, given in wanted]
        for one in threads:
            one.start()
        return threads

    def _poll(self, viewer: Viewer, moved: threading.Event, after_s: float) -> None:
        due, times = time.monotonic() + after_s, 0
        while not self.stop.wait(max(0.0, due - time.monotonic())):
            due, times = max(due + self.poll_s, time.monotonic()), times + 1
            with noted(viewer.polling.tally):
                if viewer.poll(active=times % 12 == 1):  # once a minute somebody touches the screen
                    moved.set()

    def _follow(self, viewer: Viewer, moved: threading.Event) -> None:
        missing = set[str]()
        while not self.stop.is_set():
            fresh = moved.wait(1.0)
            with noted(viewer.browser.tally):
                viewer.tick(time.monotonic())
                if fresh:
                    moved.clear()
                    viewer.follow()
            if viewer.page == "/dispatch":
                self._look_for(viewer, missing)

    def _look_for(self, viewer: Viewer, seen: set[str]) -> None:
        """Note how long after its acknowledgement a report stands on a board."""
        listed = on_board(viewer)
        for code, at in list(self.commands.reports.items()):
            if code not in seen and code in listed:
                seen.add(code)
                self.lags_s.append(time.monotonic() - at)

    def _unseen(self) -> int:
        """Return how many reports do not stand on boards, when those have been asked once more."""
        for viewer in self.viewers:
            with noted(viewer.browser.tally):
                if viewer.page == "/dispatch" and viewer.poll():
                    viewer.follow()
        boards = [on_board(viewer) for viewer in self.viewers if viewer.page == "/dispatch"]
        return sum(code not in board for board in boards for code in self.commands.reports)

    def _write(self, server: Served, codes: dict[str, str]) -> None:
        try:
            self.writers.append(begin(server.port, self.viewers[0].callbacks, codes, self.commands))
        except WRONG as fault:
            self.commands.faults.append(f"writers: {fault!r}")
            return
        due = time.monotonic()
        for number in count():
            due = max(due + self.command_every_s, time.monotonic())  # however long the last one took
            if self.stop.wait(max(0.0, due - time.monotonic())):
                return
            self.writers[0].write(number)

    def _fetch(self, server: Served) -> None:
        """Now and then fetch what the first map of a page waits for."""
        browser = Browser(server.port)
        browser.log_in("load03", PASSWORD)
        for page in cycle(FIRST_MAPS):
            if self.stop.wait(self.fetch_every_s):
                break
            viewer = Viewer(browser.beside(), self.viewers[0].callbacks, page)
            with noted(self.others):
                taken = viewer.first_map()
                self.fetched_s += [] if taken is None else [taken]
            viewer.close()
        browser.close()

    def _look(self, server: Served) -> None:
        """Open maps in Chromium."""
        browser = Browser(server.port)
        browser.log_in("load02", PASSWORD)
        held = [
            {"name": name, "value": text, "domain": "127.0.0.1", "path": "/"} for name, text in browser.cookies.items()
        ]
        with sync_playwright() as started:
            chromium = started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            for page in cycle(name.strip("/") for name in FIRST_MAPS):
                if self.stop.wait(60 / self.maps_per_min):
                    break
                with noted(self.others):
                    seen, stands, worked = visit(chromium, f"http://127.0.0.1:{server.port}/en/{page}", cookies=held)
                    self.seen_s.append(seen)
                    self.maps_s.append(stands)
                    self.drawn_s.append(worked)
                    say(f"the map of {page} is seen after {seen:.2f} s, alive after {stands:.2f} s")
            chromium.close()
        browser.close()

    def _measure(self, server: Served) -> Run:
        """Wait, tell every minute how it goes, and return what the time after the warm-up came to."""
        self.stop.wait(self.warm_s)
        self._settle()
        memory, rest, began = [server.memory_mb()], self.lasts_s - self.warm_s, time.monotonic()
        say(f"warmed up: {memory[0]:,.0f} MB; counting for {rest:.0f} s")
        spent, own = server.processor_s(), own_s()
        while (passed := time.monotonic() - began) < rest or (
            self.commands.count() < self.least and passed < rest + 120
        ):
            self._wait(min(60.0, max(1.0, rest - passed)), server, memory)
            self._tell(server, (time.monotonic() - began), spent, own)
        passed = time.monotonic() - began
        tally = self._tally()
        return Run(
            tally,
            self.commands,
            self.lags_s,
            seen_s=self.seen_s,
            maps_s=self.maps_s,
            drawn_s=self.drawn_s,
            fetched_s=self.fetched_s,
            memory_mb=_at_both_ends(memory),
            cores=(server.processor_s() - spent) / passed,
            own_cores=(own_s() - own) / passed,
            sent=60 * tally.received / passed / max(self.count, 1),
        )

    def _wait(self, for_s: float, server: Served, memory: list[float]) -> None:
        """Wait, and note the memory now and then: while figures are made anew it is more, before and after less."""
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0 and not self.stop.wait(min(5.0, left)):
            memory.append(server.memory_mb())

    def _tell(self, server: Served, passed: float, spent: float, own: float) -> None:
        tally = self._tally()
        poll, moved = percentiles(tally.polls_s)[1], percentiles(tally.updates_s)[1]
        wrong = len(tally.faults) + len(self.commands.faults)
        cores, ours = (server.processor_s() - spent) / passed, (own_s() - own) / passed
        say(f"{passed:5.0f} s: {len(tally.polls_s):,} polls, p95 {1000 * poll:.0f} ms, moved p95 {moved:.2f} s;")
        say(f"    {self.commands.count()} commands, {wrong} errors, {server.memory_mb():,.0f} MB,")
        say(f"    server {cores:.2f} cores, viewers {ours:.2f} cores")

    def _settle(self) -> None:
        """Count from now on; what went wrong before stays."""
        for viewer in self.viewers:
            for one in (viewer.browser, viewer.polling):
                one.tally = Tally(faults=one.tally.faults)
        for values in (self.lags_s, self.fetched_s, self.seen_s, self.maps_s, self.drawn_s):
            values.clear()
        self.commands.took_s.clear()

    def _tally(self) -> Tally:
        whole = Tally(faults=list(self.others.faults))
        for viewer in self.viewers:
            for one in (viewer.browser, viewer.polling):
                whole.add(one.tally)
        return whole

    def _whole(self, server: Served, found: Run) -> None:
        """Fetch every kind of page whole, and work out what that would be for all at every poll."""
        kinds = list(islice(self.viewers, len(PAGES)))
        for viewer in kinds:
            viewer.whole()  # what the last command moved is derived anew
        spent = server.processor_s()
        sent = sum(viewer.whole() for viewer in kinds)
        a_poll = (server.processor_s() - spent) / len(kinds)
        found.whole = sent / len(kinds) * 60 / self.poll_s
        found.whole_cores = a_poll * self.count / self.poll_s


@contextmanager
def noted(tally: Tally) -> Iterator[None]:
    """Count what goes wrong inside, and go on."""
    try:
        yield
    except (*WRONG, PageError) as fault:
        tally.faults.append(f"{type(fault).__name__}: {str(fault)[:300]}")


def _at_both_ends(memory: list[float]) -> tuple[float, float]:
    """Return the median of the first and of the last fifth."""
    some = max(1, len(memory) // 5)
    return float(np.median(memory[:some])), float(np.median(memory[-some:]))


def on_board(viewer: Viewer) -> set[str]:
    """Return the codes that a board lists."""
    board = viewer.get("dispatch-board.data")
    return {row["code"] for row in board["rows"]} if board else set()


def copied(store: Path, folder: Path) -> Path:
    """Return a copy of a store, of one moment even if it is served."""
    copy = folder / "load.gpkg"
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as one, closing(sqlite3.connect(copy)) as other:
        one.backup(other)
    return copy


def ready(server: Served, *, idle: bool, most_s: float = 300) -> None:
    """Wait until a server is ready; ``idle``: and has made ready what the first person on each page needs."""
    began, rested = time.monotonic(), 0
    while time.monotonic() - began < most_s:
        before = server.processor_s()
        time.sleep(1)
        try:
            browser = Browser(server.port)
            green = browser.ask("/readyz").status == 200
            browser.close()
        except OSError:
            green = False
        rested = rested + 1 if server.processor_s() - before < 0.1 else 0
        if green and (not idle or rested > 1):  # a busy machine leaves it without work for a second
            say(f"ready after {time.monotonic() - began:.0f} s, {server.memory_mb():,.0f} MB")
            return
    raise RuntimeError(f"the server was not ready within {most_s} s")


def percentiles(values: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile, 0 of nothing."""
    return (float(np.percentile(values, 50)), float(np.percentile(values, 95))) if values else (0.0, 0.0)


def own_s() -> float:
    """Return the processor time of this process, Chromium left out."""
    return time.process_time()


def say(words: str) -> None:
    """Print at once."""
    print(words, flush=True)


if __name__ == "__main__":
    main()
