"""The planner's page in a real browser: figures, the link between table and map, live data, the empty store."""

import re

import pandas as pd
import pytest
from conftest import nightly, variants
from playwright.sync_api import expect

from dashboards.snapshot import Snapshot
from gisapp.store import create_store
from gisapp.words import word

ROWS = "#planner-table .ag-pinned-left-cols-container .ag-row"


@pytest.fixture(scope="module")
def rows(live):
    return Snapshot(live.store).workload()


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with create_store(tmp_path_factory.mktemp("empty") / "empty.gpkg", crs="EPSG:4547", name="empty") as store:
        yield store


def opened(desk, path="/en/planner"):
    page = desk.go(path)
    expect(page.locator(ROWS).first).to_be_visible()
    return page


def chosen(page):
    return page.locator("#planner-table .ag-pinned-left-cols-container .ag-row-selected")


def inside(live, code):
    """Return an address whose map has a point of that grid in its middle."""
    grids = live.store.table("grids").to_crs(4326).set_index("code")
    point = grids.geometry[code].representative_point()
    return f"/en/planner?view=15.00/{point.y:.5f}/{point.x:.5f}"


@pytest.mark.parametrize("language", variants("zh-Hans", "zh-Hant", "en"))
def test_the_totals_are_those_of_the_store(desk, rows, language):
    page = opened(desk, f"/{language}/planner")
    for name in ("households", "customers", "incidents_12m", "open_incidents", "critical"):
        figure = page.locator(".figure").filter(has=page.get_by_text(word(f"planner.{name}", language), exact=True))
        expect(figure.locator("b")).to_have_text(f"{rows[name].sum():,}")
    assert rows["customers"].sum() > 4_000


def test_the_heaviest_grid_stands_first_and_another_order_is_one_click_away(desk, rows):
    page = opened(desk)
    expect(page.locator(ROWS).first).to_have_text(rows.sort_values("deviation")["code"].iloc[-1])
    page.locator(".ag-header-cell[col-id=households]").click()
    expect(page.locator(ROWS + '[row-index="0"]')).to_have_text(rows.sort_values("households")["code"].iloc[0])


@nightly
def test_the_legend_counts_every_grid_once(desk, rows):
    page = opened(desk)
    expect(page.get_by_text("±10 % · ")).to_be_visible()
    counts = re.findall(r"% · (\d+)", page.locator(".stage").inner_text())
    assert sum(map(int, counts)) == len(rows)
    assert len(counts) == 7


def test_a_row_chosen_in_the_table_is_shown_on_the_map_and_in_the_address(desk):
    page = opened(desk, "/en/planner?view=3.00/20.00000/20.00000")
    page.locator(ROWS).nth(2).click()
    code = chosen(page).inner_text()
    page.wait_for_url(lambda url: f"grid={code}" in url and "view=3.00" not in url)


def test_a_grid_clicked_on_the_map_is_chosen_in_the_table(desk, live, rows):
    lightest = rows.sort_values("deviation")["code"].iloc[0]
    page = opened(desk, inside(live, lightest))
    page.wait_for_function("document.querySelector('.maplibregl-canvas')")
    box = page.locator(".maplibregl-canvas").bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def click_until_chosen():  # the map answers once its shapes are drawn
        page.mouse.click(*middle)
        page.wait_for_timeout(500)
        return chosen(page).count()

    assert any(click_until_chosen() for _ in range(20))
    expect(chosen(page)).to_have_text(lightest)
    expect(chosen(page)).to_be_in_viewport()
    page.wait_for_url(re.compile(f"grid={lightest}"))


@nightly
def test_a_link_to_a_grid_opens_with_it_chosen(desk):
    page = opened(desk, "/en/planner?grid=G007")
    expect(chosen(page)).to_have_text("G007")


@nightly
def test_a_link_to_a_grid_that_is_gone_opens_without_a_choice(desk):
    page = opened(desk, "/en/planner?grid=G999")
    expect(chosen(page)).to_have_count(0)
    page.wait_for_url(lambda url: "G999" not in url)


@nightly
def test_a_bar_of_the_balance_chooses_its_grid(desk, rows):
    page = opened(desk)
    page.locator(".balance .bar").first.click()
    expect(chosen(page)).to_have_text(rows.sort_values("deviation")["code"].iloc[0])


@nightly
def test_a_figure_tells_what_it_counts(desk):
    page = opened(desk)
    page.locator(".figure").first.hover()
    expect(page.get_by_role("tooltip")).to_contain_text(word("planner.households.tip", "en"))


def test_an_incident_that_is_reported_appears_without_reloading(desk, live, rows):
    page = opened(desk)
    open_figure = page.locator(".figure").filter(has=page.get_by_text("Open incidents", exact=True)).locator("b")
    before = int(rows["open_incidents"].sum())
    expect(open_figure).to_have_text(f"{before:,}")
    place = live.store.table("grids").geometry.iloc[0].representative_point()
    report = {"type": "leak", "channel": "phone", "reported_at": pd.Timestamp.now("UTC"), "geom": place}
    live.store.report(report, actor="test")
    expect(open_figure).to_have_text(f"{before + 1:,}")


@pytest.mark.parametrize("language", variants("zh-Hant", "zh-Hans", "en"))
def test_a_store_without_grids_says_what_to_do(serve_store, open_browser, empty, language):
    page = open_browser(serve_store(empty)).go(f"/{language}/planner")
    expect(page.locator(".empty h2")).to_have_text(word("planner.empty", language))
    expect(page.locator(".empty")).to_contain_text("--as grids")
