"""A real Chromium on a real server over the small city; every page is watched for faults and outside requests."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from small_city import copy_small_city

from dashboards.app import create_app
from dashboards.serving import server_for
from gisapp.store import Store, open_store

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = Path("/usr/bin/chromium")
AXE = ROOT / ".cache" / "axe.min.js"
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-angle=swiftshader-webgl", "--enable-unsafe-swiftshader"),
]
DESK, PHONE = (1440, 900), (390, 844)
nightly = pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="a variant: only with GISAPP_NIGHTLY set")
PATIENCE_MS = 30_000  # software drawing on a shared machine; nothing here is a measurement
expect.set_options(timeout=PATIENCE_MS)


def variants(first: object, *others: object) -> list[Any]:
    """Return values of a test's parameter: the first is tried at every run, the others where there is time."""
    return [first, *(pytest.param(*(one if isinstance(one, tuple) else (one,)), marks=nightly) for one in others)]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class Live:
    """A running server: its address and the store below it."""

    url: str
    store: Store


@dataclass
class Watched:
    """A page and all that it asked for and said."""

    page: Page
    home: str
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """Addresses that are not on this server."""
        return [url for url in self.asked if not url.startswith((self.home + "/", "data:", f"blob:{self.home}/"))]

    def go(self, path: str) -> Page:
        """Open a page of the server and wait until its parts stand."""
        self.page.goto(self.home + path)
        self.page.wait_for_selector("#shell-page > h1", state="attached")
        return self.page


def amiss(said: ConsoleMessage) -> bool:
    """Tell whether the console says that something is wrong; that drawing is slow in software is known."""
    return said.type in ("error", "warning") and "GL Driver Message" not in said.text


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the small city."""
    copy = tmp_path_factory.mktemp("city") / "small.gpkg"
    copy_small_city(copy)
    return copy


@pytest.fixture(scope="module")
def own(city: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server over a copy of the city that the tests of a file may write to."""
    copy = tmp_path_factory.mktemp("own") / "small.gpkg"
    shutil.copy(city, copy)
    with open_store(copy) as store:
        yield from serving(store)


@pytest.fixture(scope="session")
def live(city: Path) -> Iterator[Live]:
    """The server over the small city."""
    with open_store(city) as store:
        yield from serving(store)


def serving(store: Store, **options: Any) -> Iterator[Live]:
    """Serve a store on a free port of this machine until the caller is done."""
    server = server_for(create_app(store, **options), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Live(f"http://127.0.0.1:{server.port}", store)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def playwright_started() -> Iterator[Playwright]:
    """Playwright's own process; without Chromium the tests are skipped, but never unnoticed on the build machine."""
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{CHROMIUM} is not installed, so no page was looked at")
        pytest.skip(f"{CHROMIUM} is not installed")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright_started: Playwright) -> Iterator[Browser]:
    """One browser for the session."""
    browser = playwright_started.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def serve_store() -> Iterator[Callable[..., Live]]:
    """Serves a store of the test's own, until the pages that look at it are closed."""
    with ExitStack() as stack:
        yield lambda store, **options: stack.enter_context(contextmanager(serving)(store, **options))


@pytest.fixture
def open_browser(chromium: Browser, serve_store: Callable[..., Live]) -> Iterator[Callable[..., Watched]]:
    """Opens a fresh, watched page on a server; at the end nothing may have failed, nor left the machine."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def open_page(live: Live, *, size: tuple[int, int] = DESK, scheme: str = "light", **options: Any) -> Watched:
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, color_scheme=scheme, locale="zh-CN", **options)
        context.set_default_timeout(PATIENCE_MS)
        watched = Watched(context.new_page(), live.url)
        watch(watched)
        opened.append((context, watched))
        return watched

    yield open_page
    for context, _ in opened:
        context.close()
    for _, watched in opened:
        assert watched.outside == []
        assert watched.said == []


@pytest.fixture
def desk(open_browser: Callable[..., Watched], live: Live) -> Watched:
    """A watched page at a desk."""
    return open_browser(live)


def watch(watched: Watched) -> None:
    """Write down every request of a page, and every error or warning that it gives."""
    page = watched.page
    page.on("request", lambda request: watched.asked.append(request.url))
    page.on("pageerror", lambda error: watched.said.append(f"error: {error}"))
    page.on("console", lambda said: amiss(said) and watched.said.append(said.text))
    page.on(
        "response",
        lambda answer: answer.status >= 400 and watched.said.append(f"{answer.status} {answer.url}"),
    )


def axe_findings(watched: Watched) -> list[str]:
    """Return axe-core's serious and critical findings on the present page (its context must bypass the CSP)."""
    heads = "() => [...document.querySelectorAll('.ag-header-row')].every((row) => row.children.length)"
    watched.page.wait_for_function(heads)  # a table that still stands up has a row without cells
    watched.page.add_script_tag(path=str(AXE))
    found = watched.page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
