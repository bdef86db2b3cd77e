"""The manager's page in a real browser: figures of the domain, the filter in all its ways, the rows behind it."""

import re
from datetime import timedelta

import pytest
from conftest import DESK, PHONE, axe_findings, nightly, variants
from playwright.sync_api import expect

from dashboards.snapshot import Snapshot
from gisapp.density import Choice
from gisapp.store import create_store
from gisapp.words import word


@pytest.fixture(scope="module")
def cube(live):
    return Snapshot(live.store).cube()


def figure(page, words):
    return page.locator(".figure").filter(has=page.get_by_text(words, exact=True)).locator("b")


def counted(cube, types, days):
    daily = cube.daily(Choice(types))
    return int(daily.loc[str(cube.last_day - timedelta(days=days - 1)) :].sum())


@pytest.mark.parametrize("language", variants("zh-Hant", "zh-Hans", "en"))
def test_the_figure_counts_the_last_year_at_first(desk, cube, language):
    page = desk.go(f"/{language}/manager")
    expect(figure(page, word("manager.incidents", language))).to_have_text(f"{counted(cube, None, 365):,}")


def test_types_in_the_address_filter_figure_ranking_and_rows(desk, live, cube):
    page = desk.go("/en/manager?types=leak,burst")
    shown = counted(cube, ("leak", "burst"), 365)
    expect(figure(page, "incidents")).to_have_text(f"{shown:,}")
    expect(page.locator("#manager-rows-title")).to_contain_text(f"{shown:,} incidents")
    types = page.locator("#manager-rows .ag-cell[col-id=type]")
    expect(types.first).to_be_visible()
    assert set(types.all_inner_texts()) <= {"leak", "pipe burst"}


@nightly
def test_a_shorter_period_is_one_click_away(desk, cube):
    page = desk.go("/en/manager")
    page.get_by_role("button", name="30 days").click()
    expect(figure(page, "incidents")).to_have_text(f"{counted(cube, None, 30):,}")


@nightly
def test_dragging_over_the_bars_chooses_a_period(desk, cube):
    page = desk.go("/en/manager")
    plot = page.locator("#manager-days .nsewdrag")
    expect(plot).to_be_visible()
    box = plot.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.25, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=6)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d{4}-\d\d-\d\d"))
    start, end = (re.search(rf"{name}=([\d-]+)", page.url).group(1) for name in ("from", "to"))
    expect(figure(page, "incidents")).to_have_text(f"{int(cube.daily().loc[start:end].sum()):,}")


@nightly
def test_a_grid_of_the_ranking_shows_its_rows(desk):
    page = desk.go("/en/manager")
    first = page.locator(".rank").first
    code, count = first.locator("strong").inner_text(), first.locator(".count").inner_text()
    first.click()
    expect(page.locator("#manager-rows-title")).to_have_text(re.compile(f"^This place: {count} incidents"))
    page.wait_for_url(re.compile(f"place={code}"))
    expect(page.locator(".card")).to_contain_text(f"Grid {code}")


@nightly
def test_the_density_has_a_legend_with_its_unit(desk):
    page = desk.go("/en/manager")
    expect(page.locator(".stage")).to_contain_text("incidents per km²")


def test_a_period_without_incidents_says_so_and_what_to_give_up(desk, cube):
    page = desk.go("/en/manager?from=1999-01-01&to=1999-01-02")
    expect(figure(page, "incidents")).to_have_text("0")
    expect(page.locator(".why")).to_contain_text(f"Without the restriction “Period”: {int(cube.daily().sum()):,}")
    expect(page.locator(".ag-overlay-no-rows-center")).to_have_text("No incidents of these types in this period")


@nightly
def test_a_place_that_is_looked_into_sends_no_picture_again_and_nothing_large(desk):
    page = desk.go("/en/manager?measure=km")
    expect(page.locator("#manager-days .nsewdrag")).to_be_visible()
    expect(page.locator("#manager-rows .ag-row").first).to_be_visible()
    asked = []
    page.on("request", lambda told: asked.append(told) if "_dash-update" in told.url else None)
    page.locator(".rank").nth(1).click()
    expect(page.locator(".rank").nth(1)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#manager-rows-title")).to_contain_text("This place")
    page.wait_for_load_state("networkidle")
    assert 0 < sent(asked) < 100_000
    assert not [told for told in asked if "data:image" in told.response().text()]
    asked.clear()
    segment(page, "drawn", "Grids")
    expect(page.locator(".manager")).to_have_attribute("data-drawn", "grids")
    expect(page.locator(".card")).to_have_count(0)
    page.wait_for_load_state("networkidle")
    assert len([told for told in asked if "data:image" in told.response().text()]) == 1
    assert sent(asked) < 100_000


def sent(asked):
    """Return how many bytes answered, as they come over the line."""
    return sum(told.sizes()["responseBodySize"] for told in asked)


def segment(page, name, words):
    page.locator(f"#manager-{name}").get_by_text(words, exact=True).click()


@pytest.mark.parametrize("drawn", variants("Hexagons", "Grids", "Surface"))
def test_the_rows_behind_a_click_on_the_map_are_as_many_as_the_place_counts(desk, drawn):
    page = desk.go("/en/manager?last=0")
    segment(page, "drawn", drawn)
    expect(page.locator(".manager")).to_have_attribute("data-drawn", drawn.lower())
    page.wait_for_function("() => document.querySelector('#manager-map .gm-canvas')?.gisappMap?.areTilesLoaded()")
    box = page.locator("#manager-map canvas").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + box["height"] * 0.5)
    card = page.locator(".manager .card")
    expect(card).to_be_visible()
    title = page.locator("#manager-rows-title")
    expect(title).to_have_text(re.compile(r"^This place: [\d,]+ incidents"))
    if drawn != "Surface":
        counted_there = card.locator("dd").first.inner_text()
        expect(title).to_have_text(re.compile(f"^This place: {counted_there} incidents"))


@nightly
def test_two_periods_stand_side_by_side_and_move_together(desk, cube):
    page = desk.go("/en/manager?compare=before&last=90")
    second = page.locator("#manager-map-2 canvas")
    expect(second).to_be_visible()
    start = cube.last_day - timedelta(days=179)
    expect(page.locator(".period .against")).to_have_text(f"against {start} to {cube.last_day - timedelta(days=90)}")
    labels = page.locator(".when span")
    expect(labels).to_have_text(
        [
            f"{cube.last_day - timedelta(days=89)} – {cube.last_day}",
            f"{start} – {cube.last_day - timedelta(days=90)}",
        ]
    )
    assert all(labels.nth(at).bounding_box()["width"] < 250 for at in range(2))  # no bar over the map's buttons
    for label, name in ((labels.first, "manager-map"), (labels.last, "manager-map-2")):
        place, below = label.bounding_box(), page.locator(f"#{name} canvas").bounding_box()
        assert (
            below["x"] - 1 <= place["x"] <= place["x"] + place["width"] <= below["x"] + below["width"] + 1
        )  # a border
    page.wait_for_function(
        "() => document.querySelector('#manager-map-2 .gm-canvas')?.gisappMap?.gisappBound?.areTilesLoaded()"
    )
    zooms = page.evaluate(
        """() => { const map = (id) => document.querySelector(`#${id} .gm-canvas`).gisappMap;
        map("manager-map").jumpTo({ zoom: 15.25 });
        return [map("manager-map").getZoom(), map("manager-map-2").getZoom()]; }"""
    )
    assert zooms == [15.25, 15.25]


@nightly
def test_on_a_phone_both_periods_are_seen_one_above_the_other(open_browser, live):
    page = open_browser(live, size=PHONE).go("/en/manager?compare=before&last=90")
    expect(page.locator(".when span")).to_have_count(2)
    upper, lower = (page.locator(f"#{name}") for name in ("manager-map", "manager-map-2"))
    expect(lower.locator("canvas")).to_be_visible()
    above, below, days = (part.bounding_box() for part in (upper, lower, page.locator(".histogram")))
    assert above["y"] + above["height"] <= below["y"] + 1
    assert below["y"] + below["height"] <= days["y"] + 1  # not cut off
    assert min(above["height"], below["height"]) > 150


@nightly
def test_a_change_has_a_legend_on_both_sides_of_nothing(desk):
    page = desk.go("/en/manager?compare=year-change&measure=km")
    legend = page.locator(".stage")
    expect(legend).to_contain_text("change, incidents per km of pipe and year")
    expect(legend).to_contain_text("and less")
    expect(page.locator("#manager-map-2")).to_have_count(0)


@nightly
def test_density_along_the_pipes_comes_when_it_is_computed(desk):
    page = desk.go("/en/manager?types=leak,burst&bandwidth=100")
    segment(page, "drawn", "Pipes")
    expect(page.locator(".manager")).to_have_attribute("data-drawn", "pipes")
    expect(page.locator(".stage")).to_contain_text("incidents per km of pipe and year")
    expect(page.get_by_text("is being computed")).to_have_count(0)


@nightly
def test_a_period_is_played_and_stops_when_asked(desk):
    page = desk.go("/en/manager?last=90")
    expect(page.locator("#manager-days .nsewdrag")).to_be_visible()
    before = page.locator(".period strong").inner_text()
    page.locator("#manager-play").click()
    expect(page.locator(".period strong")).not_to_have_text(before)
    page.wait_for_url(re.compile(r"from=\d{4}"))
    page.locator("#manager-play").click()
    expect(page.locator("#manager-play")).to_have_attribute("aria-pressed", "false")


@nightly
def test_a_link_opens_what_its_sender_saw(desk, open_browser, live):
    page = desk.go("/en/manager")
    segment(page, "drawn", "Grids")
    segment(page, "measure", "Against expected")
    page.locator(".rank").first.click()
    page.wait_for_url(re.compile("draw=grids.*measure=deviation.*place=G"))
    shown = page.locator(".card").inner_text()
    other = open_browser(live).go(page.url.split(live.url)[1])
    expect(other.locator(".card")).to_be_visible()
    assert other.locator(".card").inner_text() == shown


@nightly
def test_figures_follow_the_map_when_asked(desk, live, cube):
    page = desk.go("/en/manager?last=0")
    whole = int(cube.daily().sum())
    expect(figure(page, "incidents")).to_have_text(f"{whole:,}")
    page.wait_for_function("() => document.querySelector('#manager-map .gm-canvas')?.gisappMap?.areTilesLoaded()")
    page.get_by_role("button", name="Only what the map shows").click()
    page.evaluate("() => document.querySelector('#manager-map .gm-canvas').gisappMap.jumpTo({ zoom: 16 })")
    expect(figure(page, "incidents")).not_to_have_text(f"{whole:,}")
    shown = int(figure(page, "incidents").inner_text().replace(",", ""))
    assert 0 < shown < whole / 2


@nightly
def test_files_hold_what_is_shown(desk):
    page = desk.go("/en/manager?last=0")
    expect(page.locator(".rank").first).to_be_visible()
    page.locator(".out summary").click()
    files = {"csv": b"\xef\xbb\xbfcode", "tif": b"II", "png": b"\x89PNG", "gpkg": b"SQLite", "html": b"<!"}
    for kind, begins in files.items():
        with page.expect_download() as told:
            page.locator(f"a[data-file={kind}]").click()
        assert told.value.path().read_bytes().lstrip().lower().startswith(begins.lower())


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    with create_store(tmp_path_factory.mktemp("empty") / "empty.gpkg", crs="EPSG:4547") as store:
        yield store


def test_a_store_without_incidents_says_how_to_bring_them_in(serve_store, open_browser, empty):
    page = open_browser(serve_store(empty)).go("/en/manager")
    expect(page.get_by_text("There are no incidents yet")).to_be_visible()


@pytest.mark.parametrize(("size", "scheme"), variants((PHONE, "light"), (DESK, "light"), (DESK, "dark")))
def test_nothing_serious_is_found_by_axe(open_browser, live, size, scheme):
    watched = open_browser(live, size=size, scheme=scheme, bypass_csp=True)
    page = watched.go("/zh-Hans/manager")
    expect(page.locator(".rank").first).to_be_visible()
    assert axe_findings(watched) == []


def test_the_code_of_tables_and_charts_comes_after_the_map(desk):
    page = desk.go("/en/manager")
    expect(page.locator("#manager-days .nsewdrag")).to_be_visible()
    expect(page.locator("#manager-rows .ag-row").first).to_be_visible()
    stood, asked = page.evaluate(
        """() => [performance.getEntriesByName("gisapp-map-ready")[0]?.startTime ?? Infinity,
        performance.getEntriesByType("resource")
            .filter(entry => /graph|plotly.*\\.js|ag_grid/i.test(entry.name))
            .map(entry => [entry.name.split("/").pop().split(".")[0], entry.startTime])]"""
    )
    later = {name: at for name, at in asked if not name.startswith("plotly-zh")}
    assert set(later) == {"async-graph", "plotly-basic", "dash_ag_grid", "async-community"}
    assert min(later.values()) >= min(stood, 10_000)  # ten seconds are the most that a map keeps them waiting
