"""How long the dispatchers' board of a city takes: at the server, and in headless Chromium from an empty cache.

    python -m benchmarks.board STORE [--times 5]

At the server: what `gisapp incidents list` and the page compute, from the file after somebody wrote, and once it is
kept. In Chromium: from the request of the page until its first rows stand, on a server that has made ready what
`gisapp serve` makes ready after its start; drawing is done in software.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Browser, sync_playwright

from benchmarks.aims import at_most
from benchmarks.first_map import FLAGS
from dashboards.app import create_app, warm
from dashboards.dispatch.asked import Asked
from dashboards.dispatch.board import board, board_specs
from dashboards.dispatch.desk import Desk
from dashboards.serving import server_for
from dashboards.snapshot import snapshot_of
from gisapp.store import open_store

AIM_S = 1.0
ROWS = """new Promise((done) => { const look = () => document.querySelector('.waiting .row')
  ? done(performance.now()) : requestAnimationFrame(look); look(); })"""


def main() -> None:
    """Print how long the board takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with open_store(options.store) as store, sync_playwright() as started:
        app = create_app(store)
        kept = snapshot_of(app.server)
        warm(app.server, kept)
        desk = Desk(kept)
        read = least(store.incidents.waiting, options.times)
        rows = board(desk, Asked("dispatcher"), "en")["rows"]
        judged = least(lambda: board(desk, Asked("dispatcher"), "en", now=datetime.now(UTC)), options.times)
        again = least(lambda: board(desk, Asked("dispatcher"), "en"), options.times)
        drawn = least(lambda: board_specs(desk, Asked("dispatcher"), rows, "en"), options.times)
        print(
            f"{len(rows)} waiting: read after a write {at_most(read, AIM_S, 's', '.2f')}, clocks judged {judged:.2f} s,"
        )
        print(f"kept {again:.3f} s, shapes of the map {drawn:.3f} s")
        server = server_for(app, "127.0.0.1", 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for turn in range(options.times):
            stands = visit(browser, f"http://127.0.0.1:{server.port}/en/dispatch")
            print(f"rows stand after {at_most(stands, AIM_S, 's', '.2f')} ({'first' if turn == 0 else 'again'})")
        browser.close()
        server.shutdown()


def visit(browser: Browser, address: str) -> float:
    """Open the page in a fresh context; return seconds until its first rows stand."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.goto(address, wait_until="commit")
    stands = float(page.evaluate(ROWS)) / 1000
    context.close()
    return stands


def least(what: Callable[[], object], times: int) -> float:
    """Return the shortest of some runs in seconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        what()
        taken.append(time.perf_counter() - start)
    return min(taken)


if __name__ == "__main__":
    main()
