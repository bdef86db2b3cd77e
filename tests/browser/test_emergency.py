"""The commander's page in a real browser, tried out: a burst by click, search and link; what cannot be closed."""

import re

import pytest
from conftest import DESK, PHONE, axe_findings, nightly, variants
from playwright.sync_api import expect

from dashboards.snapshot import Snapshot
from gisapp.network import shutoff
from gisapp.store import create_store
from gisapp.words import word


@pytest.fixture(scope="module")
def network(live):
    return Snapshot(live.store).network("water")


@pytest.fixture(scope="module")
def pipe(live, network):
    """A main whose burst takes two valves or more, and which can be fed from elsewhere in part."""
    links = live.store.table("links")
    mains = links[(links["utility"] == "water") & (links["rank"].isin(["main", "branch"]))]["code"]
    answers = ((code, shutoff(network, [code])) for code in mains)
    return next(
        code
        for code, answer in answers
        if len(answer.must_close) >= 2 and len(answer.restoration) and answer.restoration["households"].iloc[0] > 50
    )


def figure(page, words):
    return page.locator(f"[data-figure='{words}']").locator("b, dd")


@pytest.mark.parametrize("language", variants("zh-Hans", "zh-Hant", "en"))
def test_a_link_opens_the_answer_with_the_figures_of_the_domain(desk, network, pipe, language):
    page = desk.go(f"/{language}/emergency?utility=water&pipe={pipe}")
    answer = shutoff(network, [pipe])
    expect(figure(page, word("page.households", language))).to_have_text(f"{answer.totals['households']:,}")
    expect(figure(page, word("page.valves", language))).to_have_text(f"{answer.totals['valves']}")
    for name in ("customers", "people", "hydrants"):
        words = word(f"emergency.figure_{name}", language)
        expect(figure(page, words)).to_have_text(f"{answer.totals[name]:,}")
    expect(page.locator(".valves li strong")).to_have_text(list(answer.must_close["code"]))
    expect(page.locator("#emergency-customers .ag-row").first).to_be_visible()
    expect(page.locator("#emergency-shares")).to_contain_text("100 %")


def test_before_a_burst_is_named_the_page_says_what_to_do_and_lists_what_runs(desk, live):
    page = desk.go("/en/emergency")
    expect(page.get_by_text("Click the burst pipe on the map")).to_be_visible()
    expect(page.locator(".panel.aside")).to_be_hidden()
    heads = live.store.table("shutoffs").sort_values(["opened_at", "code"], ascending=False)
    listed = page.locator("#emergency-at-operations .records").first.locator("strong").all_text_contents()
    assert listed
    assert listed == [code for code in heads["code"] if code in listed]
    page.locator(f"[data-record='{listed[0]}']").click()
    page.wait_for_url(re.compile(f"shutoff={listed[0]}"))
    expect(page.locator(".event-line strong")).to_have_text(listed[0])


def test_a_valve_that_cannot_be_closed_widens_the_answer_and_says_by_how_much(desk, network, pipe):
    page = desk.go(f"/en/emergency?utility=water&pipe={pipe}")
    first = shutoff(network, [pipe]).must_close["code"].iloc[0]
    page.locator(f"button[data-stuck='{first}']").click()
    wider, plain = shutoff(network, [pipe], stuck=[first]).totals, shutoff(network, [pipe]).totals
    expect(page.locator(".stuck")).to_contain_text(f"{wider['households'] - plain['households']:+,} households")
    expect(page.locator(".stuck")).to_contain_text(f"{wider['valves'] - plain['valves']:+} valves")
    expect(figure(page, "households without supply")).to_have_text(f"{wider['households']:,}")
    page.wait_for_url(re.compile(f"stuck={first}"))
    page.locator(f"button[data-free='{first}']").click()
    expect(page.locator(".stuck")).to_have_count(0)


@nightly
def test_a_feed_from_elsewhere_is_tried_with_one_click_and_taken_back_with_one(desk, network, pipe):
    page = desk.go(f"/en/emergency?utility=water&pipe={pipe}")
    plain = shutoff(network, [pipe])
    best = plain.restoration.iloc[0]
    fed = shutoff(network, [pipe], opened=[best["code"], *filter(None, best["also_open"].split(","))])
    page.locator(f"button[data-open='{best['code']}']").first.click()
    band = page.locator(".trial-band")
    expect(band).to_contain_text(f"{fed.totals['households'] - plain.totals['households']:+,} households")
    expect(band).to_contain_text("Not checked: pressure zone, water quality, phase, capacity")
    expect(figure(page, "households without supply")).to_have_text(f"{fed.totals['households']:,}")
    expect(page.locator("#emergency-said")).to_contain_text("households without supply")  # spoken by a screen reader
    band.locator("button").click()
    expect(band).to_have_count(0)
    expect(figure(page, "households without supply")).to_have_text(f"{plain.totals['households']:,}")


def test_a_pipe_clicked_on_the_map_is_the_burst_where_it_was_clicked(desk, live, pipe):
    links = live.store.table("links")
    link = links[(links["utility"] == "water") & (links["code"] == pipe)].to_crs(4326).iloc[0]
    middle = link["geom"].interpolate(0.5, normalized=True)
    page = desk.go(f"/en/emergency?utility=water&view=18.00/{middle.y:.6f}/{middle.x:.6f}")
    canvas = page.locator(".maplibregl-canvas")
    expect(canvas).to_be_visible()
    for _ in range(40):
        box = canvas.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(500)
        if page.locator(".verdict").count():
            break
    expect(page.locator(".what")).to_contain_text(pipe)
    page.wait_for_url(re.compile(f"pipe={pipe}%40"))
    metres = float(re.search(r"%40([\d.]+)", page.url).group(1))
    assert abs(metres - link["length_m"] / 2) < 3.0


@nightly
def test_a_pipe_found_by_search_is_the_burst(desk, pipe):
    page = desk.go("/en/emergency")
    page.keyboard.press("/")
    page.keyboard.type(pipe)
    page.locator("[role=option]").filter(has_text=pipe).first.click()
    expect(page.locator(".what")).to_contain_text(pipe)


@nightly
def test_the_keyboard_walks_the_valves_and_says_what_cannot_be_closed(desk, network, pipe):
    page = desk.go(f"/en/emergency?utility=water&pipe={pipe}")
    codes = list(shutoff(network, [pipe]).must_close["code"])
    expect(page.locator(".valves li")).to_have_count(len(codes))
    page.keyboard.press("2")
    expect(page.locator(".valves li.chosen strong")).to_have_text(codes[1])
    page.keyboard.press("ArrowUp")
    expect(page.locator(".valves li.chosen strong")).to_have_text(codes[0])
    expect(page.locator(f"[data-valve='{codes[0]}']")).to_be_focused()
    page.keyboard.press("x")
    expect(page.locator(".stuck")).to_contain_text(codes[0])
    page.keyboard.press("2")
    page.keyboard.press("Escape")
    expect(page.locator(".valves li.chosen")).to_have_count(0)


@nightly
def test_power_speaks_of_switches_to_open(desk, live):
    links = live.store.table("links")
    cable = links[links["utility"] == "power"]["code"].iloc[0]
    page = desk.go(f"/en/emergency?utility=power&pipe={cable}")
    expect(page.locator("#emergency-left")).to_contain_text(re.compile("Switches to open|Cannot be isolated"))
    expect(figure(page, "hydrants out")).to_have_count(0)


@nightly
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


@nightly
def test_the_printed_page_holds_the_answer_and_asks_for_nothing(desk, pipe):
    page = desk.page
    page.goto(f"{desk.home}/shutoff.html?utility=water&pipe={pipe}&lang=en")
    expect(page.locator(".facts")).to_contain_text(pipe)
    expect(page.locator("#map-live svg.drawing")).to_be_visible()
    assert [url for url in desk.asked if "shutoff.html" not in url and "favicon" not in url] == []


@pytest.mark.parametrize(("size", "scheme"), variants((DESK, "dark"), (PHONE, "light")))
def test_nothing_serious_is_found_by_axe(open_browser, live, pipe, size, scheme):
    watched = open_browser(live, size=size, scheme=scheme, bypass_csp=True)
    page = watched.go(f"/zh-Hans/emergency?utility=water&pipe={pipe}")
    expect(page.locator(".valves li").first).to_be_visible()
    assert axe_findings(watched) == []
