"""How long until a map stands in headless Chromium, from an empty cache.

    python -m benchmarks.first_map STORE [--page emergency manager] [--times 3]

The server is asked once it has made ready what `gisapp serve` makes ready after its start; how long that takes
is printed first. The page is drawn as on a machine without a graphics card, its WebGL by SwiftShader. The clock
starts with the request of the page; the map is seen when all its pictures are painted, by the browser's own clock, and
is alive when every tile in view is drawn over them. Processor time is that of the whole browser, drawing in software
included: it holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psutil
from playwright.sync_api import Browser, sync_playwright

from benchmarks.aims import at_most
from dashboards.app import PAGES, create_app, warm
from dashboards.pictures import SHOWN
from dashboards.serving import server_for
from dashboards.snapshot import snapshot_of
from gisapp.store import open_store

AIM_S = 2.5
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-angle=swiftshader-webgl", "--enable-unsafe-swiftshader"),
]
STANDS = "() => performance.getEntriesByName('gisapp-map-ready')[0]?.startTime"
SEEN = """(shown) => new Promise((done) => {
  const asked = performance.getEntriesByType("resource").filter(({ name }) => /tiles.*svg$/.test(name));
  const painted = new Map();
  const told = () => done(asked.length && painted.size === asked.length ? Math.max(...painted.values()) : null);
  new PerformanceObserver((list) => {
    for (const { identifier, url, renderTime } of list.getEntries()) {
      if (identifier === shown && !painted.has(url)) painted.set(url, renderTime);
    }
  }).observe({ type: "element", buffered: true });
  setTimeout(told, 300);
})"""
"""When the last of the pictures was painted; null where there are none, or the map stood before all of them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--page", nargs="+", default=[page.PATH.strip("/") for page in PAGES])
    parser.add_argument("--times", type=int, default=3, help="of each page")
    options = parser.parse_args()
    with open_store(options.store) as store, sync_playwright() as started:
        app = create_app(store)
        start = time.perf_counter()
        warm(app.server, snapshot_of(app.server))
        print(f"made ready in {time.perf_counter() - start:.1f} s")
        server = server_for(app, "127.0.0.1", 0)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        for page in options.page:
            for turn in range(options.times):
                seen, stands, worked = visit(browser, f"http://127.0.0.1:{server.port}/en/{page}")
                about = f"seen after {seen:.2f} s, alive after {at_most(stands, AIM_S, 's', '.2f')}, by {worked:.2f} s"
                print(f"{page:12} {'first' if turn == 0 else 'again'}: {about} of the processor")
        browser.close()
        server.shutdown()


def visit(browser: Browser, address: str, *, cookies: Sequence[Any] = ()) -> tuple[float, float, float]:
    """Open the page in a fresh context; return seconds until its map is seen and is alive, and processor seconds."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies(cookies)
    page, before = context.new_page(), processor_s()
    page.goto(address)
    page.wait_for_function(STANDS, timeout=120_000)
    stands, worked, seen = page.evaluate(STANDS), processor_s() - before, page.evaluate(SEEN, SHOWN)
    context.close()
    return (stands if seen is None else min(seen, stands)) / 1000, stands / 1000, worked


def processor_s() -> float:
    """Return the processor time of every browser process so far."""
    spent = 0.0
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            spent += sum(one.cpu_times()[:2]) if "chrom" in one.name() else 0.0
    return spent


if __name__ == "__main__":
    main()
