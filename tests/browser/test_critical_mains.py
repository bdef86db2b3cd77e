"""The page of critical mains in a real browser: figures, the link between table and map, utilities, the file."""

import csv
import re
from pathlib import Path

import pytest
from conftest import DESK, PHONE, axe_findings, nightly, variants
from map_page import middle_of
from playwright.sync_api import expect

from dashboards.snapshot import Snapshot
from gisapp.store import create_store
from gisapp.words import utility_word, word

CODES = "#criticality-table .ag-pinned-left-cols-container .ag-row"


@pytest.fixture(scope="module")
def ranked(live):
    snapshot = Snapshot(live.store)
    return {utility: snapshot.criticality(utility).answer for utility in ("water", "power")}


def opened(desk, path="/en/criticality"):
    page = desk.go(path)
    expect(page.locator(CODES).first).to_be_visible()
    return page


def chosen(page):
    return page.locator("#criticality-table .ag-pinned-left-cols-container .ag-row-selected")


@pytest.mark.parametrize("language", variants("zh-Hant", "zh-Hans", "en"))
def test_the_worst_segment_stands_first_with_the_figures_of_the_store(desk, ranked, language):
    page = opened(desk, f"/{language}/criticality")
    worst = ranked["water"].segments.iloc[0]
    expect(page.locator(CODES).first).to_have_text(str(worst["segment"]))
    cell = page.locator('#criticality-table .ag-center-cols-container .ag-row[row-index="0"] [col-id=customers]')
    expect(cell).to_have_text(f"{worst['customers']:,}")
    figure = page.locator(".figure").filter(
        has=page.get_by_text(word("criticality.figure_worst", language), exact=True)
    )
    expect(figure.locator("b")).to_have_text(f"{ranked['water'].segments['households'].max():,}")
    expect(page.locator(".heading")).to_contain_text(re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}"))


@nightly
def test_valves_and_another_utility_are_one_click_away_and_stand_in_the_address(desk, ranked):
    page = opened(desk)
    page.get_by_role("button", name=word("criticality.devices", "en"), exact=True).click()
    expect(page.locator(CODES).first).to_have_text(ranked["water"].devices["code"].iloc[0])
    page.wait_for_url(re.compile("table=devices"))
    page.locator(".utility[data-utility=power]").click()
    expect(page.locator(CODES).first).to_have_text(ranked["power"].devices["code"].iloc[0])
    expect(page.get_by_role("button", name=utility_word("criticality.devices", "power", "en"))).to_be_visible()
    page.wait_for_url(re.compile("utility=power"))


def test_a_row_that_is_chosen_is_told_marked_on_the_map_and_tried_in_emergency(desk, ranked):
    page = opened(desk, "/en/criticality?view=3.00/20.00000/20.00000")
    page.locator(CODES).first.click()
    worst = ranked["water"].segments.iloc[0]
    expect(page.locator("#criticality-card")).to_contain_text(f"Segment {worst['segment']}")
    expect(page.locator("#criticality-card")).to_contain_text(f"{worst['customers']:,} customers")
    page.wait_for_url(lambda url: f"code={worst['segment']}" in url and "view=3.00" not in url)
    page.get_by_role("link", name=word("criticality.try", "en")).click()
    page.wait_for_url(re.compile(f"/en/emergency.*pipe={worst['link_code']}"))
    expect(page.locator(".valves, .verdict").first).to_be_visible()


@nightly
def test_a_pipe_clicked_on_the_map_is_told_and_its_segment_chosen_in_the_table(desk, live, ranked):
    pipe = ranked["water"].links.iloc[0]
    lon, lat = middle_of(live.store, "links", pipe["code"])
    page = opened(desk, f"/en/criticality?view=17.00/{lat:.6f}/{lon:.6f}")
    page.wait_for_function("document.querySelector('.maplibregl-canvas')")
    box = page.locator(".maplibregl-canvas").bounding_box()

    def click_until_chosen():  # the map answers once its tiles are drawn
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(500)
        return page.locator("#criticality-card strong").count()

    assert any(click_until_chosen() for _ in range(20))
    expect(page.locator("#criticality-card strong")).to_have_text(f"Link {pipe['code']}")
    expect(chosen(page)).to_have_text(str(pipe["segment"]))
    expect(chosen(page)).to_be_in_viewport()


@nightly
def test_a_link_to_a_valve_opens_with_it_chosen(desk, ranked):
    code = ranked["water"].devices["code"].iloc[40]
    page = opened(desk, f"/en/criticality?table=devices&code={code}")
    expect(chosen(page)).to_have_text(code)
    expect(page.locator("#criticality-card strong")).to_have_text(code)


@nightly
def test_a_pipe_that_is_found_by_the_search_box_is_told(desk, ranked):
    pipe = ranked["water"].links["code"].iloc[5]
    page = opened(desk)
    page.get_by_role("combobox").fill(pipe)
    page.get_by_role("option").filter(has_text=pipe).first.click()
    expect(page.locator("#criticality-card strong")).to_have_text(f"Link {pipe}")


@nightly
def test_another_order_and_a_filter_are_those_of_the_table(desk, ranked):
    page = opened(desk)
    page.locator("#criticality-table .ag-header-cell[col-id=rank]").click()
    page.locator("#criticality-table .ag-header-cell[col-id=rank]").click()
    last = ranked["water"].segments.iloc[-1]
    expect(page.locator(CODES + '[row-index="0"]')).to_have_text(str(last["segment"]))


@nightly
def test_the_file_has_every_row(desk, ranked):
    page = opened(desk)
    with page.expect_download() as started:
        page.get_by_role("link", name=word("criticality.export", "en")).click()
    with Path(started.value.path()).open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(ranked["water"].segments)
    assert rows[0]["Customers"] == str(ranked["water"].segments["customers"].iloc[0])


@pytest.mark.parametrize("language", variants("en", "zh-Hans", "zh-Hant"))
def test_a_store_without_a_network_says_what_to_do(tmp_path, serve_store, open_browser, language):
    with create_store(tmp_path / "empty.gpkg", crs="EPSG:4547", name="empty") as store:
        watched = open_browser(serve_store(store))
        page = watched.go(f"/{language}/criticality?utility=gas")
        expect(page.locator(".empty h2")).to_have_text(word("criticality.no_network", language))
        expect(page.locator(".empty")).to_contain_text("--utility gas")
        expect(page.locator("#criticality-table")).to_be_hidden()
        page.close()


@pytest.mark.parametrize("scheme", variants("light", "dark"))
@pytest.mark.parametrize(("language", "size"), variants(("zh-Hans", PHONE), ("zh-Hant", DESK), ("en", DESK)))
def test_nobody_is_shut_out_of_the_critical_mains(open_browser, live, ranked, language, scheme, size):
    watched = open_browser(live, scheme=scheme, size=size, bypass_csp=True)
    code = ranked["water"].segments["segment"].iloc[0]
    page = watched.go(f"/{language}/criticality?code={code}")
    expect(page.locator(CODES).first).to_be_attached()
    expect(page.locator("#criticality-card strong")).to_be_attached()
    assert axe_findings(watched) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
