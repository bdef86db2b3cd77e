"""The frame in a real browser: languages, address, search, schemes, data age, lost connection, keyboard, phone."""

import re
from contextlib import suppress
from datetime import UTC, datetime
from itertools import product
from types import SimpleNamespace

import pytest
from conftest import DESK, PATIENCE_MS, PHONE, axe_findings, nightly, serving, variants
from dash import Input, Output, html
from playwright.sync_api import Error, expect

from dashboards import access
from dashboards.access import Permission
from gisapp.errors import StoreError
from gisapp.words import LANGUAGES, word

HELD = []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_speaks_the_language_of_its_address(desk, language):
    page = desk.go(f"/{language}/planner")
    title, product = word("planner.title", language), word("shell.product", language)
    expect(page.locator("h1")).to_have_text(title)
    expect(page).to_have_title(f"{title} · {product}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#shell-search-text")).to_have_attribute("placeholder", word("shell.js.search", language))


def test_the_browsers_wish_chooses_the_language(desk):
    desk.go("/")
    assert desk.page.url == f"{desk.home}/zh-Hans/planner" or "/zh-Hans/planner?" in desk.page.url


def test_changing_the_language_keeps_page_and_state(desk):
    page = desk.go("/zh-Hans/planner?grid=G007")
    page.get_by_role("link", name="EN", exact=True).click()
    page.wait_for_url(re.compile(r"/en/planner\?.*grid=G007"))
    expect(page.locator("h1")).to_have_text("Grid planning")


@nightly
def test_a_slash_starts_the_search_and_enter_goes_there(desk):
    page = desk.go("/en/planner")
    expect(page.locator("#planner-table .ag-row").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator("#shell-search-text")).to_be_focused()
    page.keyboard.type("G007")
    expect(page.get_by_role("option").first).to_contain_text("G007")
    page.keyboard.press("Enter")
    expect(page.locator(".ag-row-selected").first).to_contain_text("G007")
    page.wait_for_url(re.compile("grid=G007"))


@nightly
def test_the_search_is_steered_by_keys_and_says_when_nothing_is_found(desk):
    page = desk.go("/en/planner")
    box = page.get_by_role("combobox")
    box.fill("G0")
    expect(page.get_by_role("option").nth(1)).to_be_visible()
    box.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.fill("zzzz-nothing")
    expect(page.locator("#shell-found p")).to_contain_text("zzzz-nothing")


@nightly
def test_a_pipe_that_is_found_is_shown_on_the_map(desk, live):
    pipe = live.store.table("links").query("utility == 'water'").iloc[0]["code"]
    page = desk.go("/en/planner?view=3.00/20.00000/20.00000")
    page.get_by_role("combobox").fill(pipe)
    page.get_by_role("option").filter(has_text=pipe).first.click()
    page.wait_for_url(lambda url: "view=" in url and "view=3.00" not in url)


@nightly
def test_light_and_dark_are_remembered(desk):
    page = desk.go("/en/planner")
    expect(page.locator("html")).to_have_attribute("data-shown", "light")
    page.get_by_role("button", name=word("shell.scheme", "en")).click()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-shown", "dark")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


@nightly
def test_a_dark_system_is_dark_at_first_sight(open_browser, live):
    page = open_browser(live, scheme="dark").go("/en/planner")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")


def test_a_lost_server_is_amber_at_first_and_said_in_red_within_15_s(chromium, live):
    """However it is lost, and what is back is seen; the page's clock stands still but where the test moves it."""
    served = serving(live.store)
    page = chromium.new_page()
    page.goto(f"{next(served).url}/en/planner", timeout=PATIENCE_MS)
    expect(page.locator("#planner-bar .writes")).to_be_enabled()
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now()") + 1_000)
    for take, give in ((cut, joined), (hung, answering), (killed, None)):
        see_it_lost(page, lambda take=take: take(page, served))
        if give is not None:
            give(page)
            expect(page.locator("#shell-lost")).to_be_hidden()
            assert not page.locator("#planner-bar .writes").evaluate("(control) => control.inert")
    page.context.close()


def test_data_of_memory_is_said_in_red_with_its_moment_and_nothing_can_be_submitted(open_browser, live, monkeypatch):
    page = open_browser(live).go("/en/planner")
    lost, writes = page.locator("#shell-lost"), page.locator("#planner-bar .writes")
    expect(writes).to_be_enabled()
    with monkeypatch.context() as away:
        away.setattr(type(live.store), "answered", datetime(2026, 11, 28, 1, 2, 3, tzinfo=UTC))
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("#shell-age")).to_have_attribute("data-state", "old")
        expect(lost).to_contain_text("The store does not answer")
        assert writes.evaluate("(control) => control.inert")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(lost).to_be_hidden()
    assert not writes.evaluate("(control) => control.inert")
    with monkeypatch.context() as full:
        full.setattr("dashboards.readiness.Readiness.writable", lambda _: "full")
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(lost).to_contain_text("disk is full")
        expect(page.locator("#shell-age")).to_have_attribute("data-state", "fresh")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(lost).to_be_hidden()


def see_it_lost(page, take):
    """Take the server away right after an answer, and see what the page says 10 and 14 s after it."""
    age, lost = page.locator("#shell-age"), page.locator("#shell-lost")
    with page.expect_response("**/version*", timeout=PATIENCE_MS):
        page.evaluate("window.dispatchEvent(new Event('online'))")  # the page asks at once
    page.wait_for_timeout(200)  # the page takes it
    expect(age).to_have_attribute("data-state", "fresh")
    take()
    page.clock.fast_forward(10_000)
    offline = not page.evaluate("navigator.onLine")  # then the browser knows, and nothing is waited for
    expect(age).to_have_attribute("data-state", "lost" if offline else "late")
    page.clock.fast_forward(4_000)
    expect(age).to_have_attribute("data-state", "lost")
    expect(lost).to_contain_text("connection to the server is lost")
    assert page.locator("#planner-bar .writes").evaluate("(control) => control.inert")


def cut(page, served):
    """Take the page's network away."""
    page.context.set_offline(True)


def joined(page):
    """Give it back."""
    page.context.set_offline(False)


def hung(page, served):
    """Let questions go out that nobody answers."""
    page.route("**/version*", lambda asked: HELD.append(asked))  # noqa: PLW0108 - a method of a list takes no mark of Playwright


def answering(page):
    """Let them through again; those that hung are given up by the page when its clock says so."""
    page.unroute("**/version*")
    while HELD:
        with suppress(Error):  # the page has given it up, or Playwright has let it go with the route
            HELD.pop().abort()


def killed(page, served):
    """Take the server away: its port refuses."""
    served.close()


def test_the_first_tab_stop_leads_past_the_frame(desk):
    page = desk.go("/en/planner")
    expect(page.locator("#planner-table .ag-row").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#shell-page")).to_be_focused()


@nightly
def test_a_link_shows_the_place_that_its_sender_saw(desk, live):
    place = live.store.table("grids").iloc[[6]].to_crs(4326).geometry.iloc[0].representative_point()
    page = desk.go(f"/en/planner?view=15.50/{place.y:.5f}/{place.x:.5f}")
    expect(page.locator("#planner-table .ag-row").first).to_be_visible()
    page.locator(".maplibregl-ctrl-zoom-in").click()
    page.wait_for_url(lambda url: "view=16.50" in url)
    lat, lon = (float(part) for part in re.search(r"view=[\d.]+/([\d.]+)/([\d.]+)", page.url).groups())
    assert (lat, lon) == (pytest.approx(place.y, abs=1e-3), pytest.approx(place.x, abs=1e-3))


@pytest.mark.parametrize(
    ("language", "scheme", "size"), variants(*product(("en", "zh-Hans", "zh-Hant"), ("light", "dark"), (DESK, PHONE)))
)
def test_nobody_is_shut_out(open_browser, live, language, scheme, size):
    watched = open_browser(live, scheme=scheme, size=size, bypass_csp=True)
    page = watched.go(f"/{language}/planner")
    expect(page.locator("#planner-table .ag-row").first).to_be_attached()
    page.get_by_role("combobox").fill("G0")
    expect(page.get_by_role("option").first).to_be_visible()
    assert axe_findings(watched) == []


def test_on_a_phone_nothing_hangs_over_and_the_tabs_are_at_the_thumb(open_browser, live):
    page = open_browser(live, size=PHONE, has_touch=True).go("/zh-Hans/planner")
    expect(page.locator("#planner-table .ag-row").first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]
    tabs = page.locator(".tabs").bounding_box()
    assert tabs["y"] > PHONE[1] - 80
    assert tabs["y"] + tabs["height"] <= PHONE[1]
    page.locator("#planner-table").scroll_into_view_if_needed()
    expect(page.locator("#planner-table")).to_be_in_viewport()


def failing_page(error):
    """Return a page whose only button fails."""

    def attach(app):
        @access.callback(
            app,
            Output("probe-out", "children"),
            Input("probe-go", "n_clicks"),
            needs=Permission.SHELL,
            prevent_initial_call=True,
        )
        def answer(_clicks):
            raise error

    body = html.Div([html.Button("go", id="probe-go"), html.Div(id="probe-out")])
    named = {"PATH": "/probe", "TITLE": "planner.title", "ICON": "x", "NEEDS": Permission.SHELL}
    return SimpleNamespace(**named, layout=lambda _: body, attach=attach)


def test_an_error_is_a_notice_that_can_be_closed(serve_store, open_browser, live):
    error = StoreError("the disk is full; free some space")
    page = open_browser(serve_store(live.store, pages=(failing_page(error),))).go("/zh-Hant/probe")
    page.locator("#probe-go").click()
    notice = page.locator(".notice")
    expect(notice).to_contain_text("資料庫不可用")
    expect(notice).to_contain_text("the disk is full; free some space")
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)
    page.locator("#probe-go").click()
    expect(page.locator(".notice")).to_have_count(1)
