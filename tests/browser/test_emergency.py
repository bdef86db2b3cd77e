"""The commander's page in a real browser: a burst by click, search and link; a valve that cannot be closed."""

import re

import pytest
from conftest import DESK, PHONE, axe_findings
from playwright.sync_api import expect

from dashboards.snapshot import Snapshot
from gisapp.network import shutoff
from gisapp.store import create_store
from gisapp.words import LANGUAGES, word


@pytest.fixture(scope="module")
def network(live):
    return Snapshot(live.store).network("water")


@pytest.fixture(scope="module")
def pipe(live, network):
    """A main whose burst leaves customers without supply and needs several valves."""
    links = live.store.table("links")
    mains = links[(links["utility"] == "water") & (links["rank"].isin(["main", "branch"]))]["code"]
    answers = ((code, shutoff(network, [code])) for code in mains.iloc[::7])
    return next(code for code, answer in answers if answer.totals["households"] > 50 and len(answer.must_close) >= 2)


def figure(page, words):
    return page.locator(".figure").filter(has=page.get_by_text(words, exact=True)).locator("b")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_opens_the_answer_with_the_figures_of_the_domain(desk, network, pipe, language):
    page = desk.go(f"/{language}/emergency?utility=water&pipe={pipe}")
    answer = shutoff(network, [pipe])
    for name in ("households", "customers", "valves", "hydrants"):
        words = word(f"page.{name}", language)
        expect(figure(page, words)).to_have_text(f"{answer.totals[name]:,}")
    expect(page.locator(".valves li strong")).to_have_text(list(answer.must_close["code"]))
    expect(page.locator("#emergency-customers .ag-row").first).to_be_visible()


def test_before_a_burst_is_named_the_page_says_what_to_do(desk):
    page = desk.go("/en/emergency")
    expect(page.get_by_text("Click the burst pipe on the map")).to_be_visible()
    expect(page.locator(".panel.aside")).to_be_hidden()


def test_a_valve_that_cannot_be_closed_widens_the_answer_and_says_by_how_much(desk, network, pipe):
    page = desk.go(f"/en/emergency?utility=water&pipe={pipe}")
    first = shutoff(network, [pipe]).must_close["code"].iloc[0]
    page.locator(f"button[data-stuck='{first}']").click()
    wider = shutoff(network, [pipe], stuck=[first])
    more = wider.totals["households"] - shutoff(network, [pipe]).totals["households"]
    expect(page.locator(".stuck")).to_contain_text(f"{more:+,} households")
    expect(figure(page, "households without supply")).to_have_text(f"{wider.totals['households']:,}")
    page.wait_for_url(re.compile(f"stuck={first}"))
    page.locator(f"button[data-free='{first}']").click()
    expect(page.locator(".stuck")).to_have_count(0)


def test_a_pipe_clicked_on_the_map_is_the_burst(desk, live, pipe):
    links = live.store.table("links").to_crs(4326)
    course = links[(links["utility"] == "water") & (links["code"] == pipe)].geometry.iloc[0]
    middle = course.interpolate(0.5, normalized=True)
    page = desk.go(f"/en/emergency?utility=water&view=18.00/{middle.y:.6f}/{middle.x:.6f}")
    canvas = page.locator(".maplibregl-canvas")
    expect(canvas).to_be_visible()
    for _ in range(40):
        box = canvas.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(500)
        if page.locator(".verdict").count():
            break
    expect(page.locator(".bursts strong")).to_have_text(pipe)


def test_a_pipe_found_by_search_is_the_burst(desk, pipe):
    page = desk.go("/en/emergency")
    page.keyboard.press("/")
    page.keyboard.type(pipe)
    page.locator("[role=option]").filter(has_text=pipe).first.click()
    expect(page.locator(".bursts strong")).to_have_text(pipe)


def test_power_speaks_of_switches_to_open(desk, live):
    links = live.store.table("links")
    cable = links[links["utility"] == "power"]["code"].iloc[0]
    page = desk.go(f"/en/emergency?utility=power&pipe={cable}")
    expect(page.locator(".answer")).to_contain_text(re.compile("Switches to open|Cannot be isolated"))
    expect(page.locator(".figure")).to_have_count(5)


def test_an_unknown_pipe_is_told_in_a_notice(desk):
    page = desk.go("/en/emergency?utility=water&pipe=NOPE")
    expect(page.locator(".notice")).to_contain_text("NOPE")


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with create_store(tmp_path_factory.mktemp("empty") / "empty.gpkg", crs="EPSG:4547") as store:
        yield store


def test_a_store_without_a_network_says_how_to_bring_one_in(serve_store, open_browser, empty):
    page = open_browser(serve_store(empty)).go("/en/emergency")
    expect(page.get_by_text("There is no such network yet")).to_be_visible()


def test_the_printed_page_holds_the_answer_and_asks_for_nothing(desk, pipe):
    page = desk.page
    page.goto(f"{desk.home}/shutoff.html?utility=water&pipe={pipe}&lang=en")
    expect(page.locator(".facts")).to_contain_text(pipe)
    expect(page.locator("#map-live svg.drawing")).to_be_visible()
    assert [url for url in desk.asked if "shutoff.html" not in url and "favicon" not in url] == []


@pytest.mark.parametrize(("size", "scheme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light")])
def test_nothing_serious_is_found_by_axe(open_browser, live, pipe, size, scheme):
    watched = open_browser(live, size=size, scheme=scheme, bypass_csp=True)
    page = watched.go(f"/zh-Hans/emergency?utility=water&pipe={pipe}")
    expect(page.locator(".valves li").first).to_be_visible()
    assert axe_findings(watched) == []
