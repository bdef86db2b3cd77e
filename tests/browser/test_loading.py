"""Nothing is said of an answer before it is there: not known is not the same as nobody."""

from io import BytesIO

import numpy as np
import pytest
from conftest import nightly, variants
from PIL import Image
from playwright.sync_api import expect

from gisapp.words import word


@nightly
@pytest.mark.parametrize("language", variants("zh-Hans", "zh-Hant", "en"))
def test_while_an_answer_is_worked_out_nobody_is_said_to_be_supplied(desk, live, language):
    links = live.store.table("links")
    pipe = links.loc[links["utility"] == "water", "code"].iloc[0]
    held = []
    desk.page.route(
        "**/_dash-update-component*",
        lambda route: held.append(route) if "emergency-left" in (route.request.post_data or "") else route.continue_(),
    )
    page = desk.go(f"/{language}/emergency?utility=water&pipe={pipe}")
    expect(page.locator("#emergency-left")).to_have_text(word("shell.computing", language))
    expect(page.locator("#emergency-customers")).to_contain_text(word("shell.table.loadingOoo", language))
    expect(page.get_by_text(word("emergency.nobody", language))).to_have_count(0)
    for route in held:
        route.continue_()
    expect(page.locator("#emergency-left")).not_to_contain_text(word("shell.computing", language))


def make_layers(desk, name):
    """Look at a page once: the layers of its map are made for everybody then."""
    desk.go(f"/zh-Hans/{name}").wait_for_function(
        "name => document.querySelector(`#${name}-map .gm-canvas`)?.gisappMap?.getSource('tiles:base')", arg=name
    )


def test_a_map_that_is_long_in_coming_does_not_hold_up_the_page(desk):
    make_layers(desk, "planner")
    page, held = desk.page, []

    def hold(route):  # Playwright marks what it is given
        held.append(route)

    page.route("**/*.mvt", hold)
    page.goto(f"{desk.home}/zh-Hans/planner")
    page.wait_for_function("() => !document.getElementById('gm-begun')")
    assert not page.evaluate("() => window.gisappMapLiving?.stands")
    assert page.evaluate("() => window.module === undefined")
    for route in held:
        route.continue_()
    page.wait_for_function("() => window.gisappMapLiving?.stands")
    assert desk.said == []


def test_charts_and_tables_come_after_the_first_figures_though_the_map_stood_before_the_page(desk):
    make_layers(desk, "manager")
    page, held, free = desk.page, [], []

    def hold(route):
        if free:
            route.continue_()
        else:
            held.append(route)

    page.route("**/_dash-update-component*", hold)
    desk.asked.clear()
    page.goto(f"{desk.home}/zh-Hans/manager")
    page.wait_for_function("() => !document.getElementById('gm-begun') && window.gisappMapLiving?.stands")
    page.wait_for_timeout(1000)
    assert held
    assert not [address for address in desk.asked if "plotly-basic" in address or "ag_grid" in address]
    free.append(True)
    for route in held:
        route.continue_()
    page.wait_for_selector("#manager-rows .ag-row")
    assert [address for address in desk.asked if "plotly-basic" in address]
    assert desk.said == []


HELD = """() => window.addEventListener('gisapp-map-ready', () => {
  window.heldMap = window.gisappMapLiving.begun?.living.map;
  window.heldAt = window.heldMap?.getCenter().toArray();
}, { once: true })"""


@pytest.mark.parametrize("name", variants("planner", "emergency", "manager", "dispatch"))
def test_the_map_that_began_before_the_page_is_the_one_that_the_page_takes(desk, name):
    make_layers(desk, name)
    desk.page.add_init_script(f"({HELD})()")
    page = desk.go(f"/zh-Hans/{name}")
    page.wait_for_function("() => !document.getElementById('gm-begun') && window.gisappMapLiving?.stands")
    page.wait_for_timeout(1000)
    same, moved, controls = page.evaluate(
        """name => { const map = document.querySelector(`#${name}-map .gm-canvas`).gisappMap;
        const [lng, lat] = map.getCenter().toArray(), here = map.project([lng, lat]), then = map.project(window.heldAt);
        return [map === window.heldMap, Math.hypot(here.x - then.x, here.y - then.y),
                document.querySelectorAll(`#${name}-map .maplibregl-ctrl-group`).length]; }""",
        name,
    )
    assert same
    assert moved < 1.0
    assert controls == 3
    assert page.locator(f"#{name}-map .maplibregl-canvas").count() == 1


@pytest.mark.parametrize("name", variants("dispatch", "emergency", "planner", "manager"))
def test_keys_and_clicks_before_the_page_stands_do_nothing_amiss(desk, name):
    make_layers(desk, name)
    page, held = desk.page, []
    page.route("**/_dash-layout", lambda route: held.insert(0, route))
    page.goto(f"{desk.home}/zh-Hans/{name}")
    page.wait_for_function("() => window.gisappMapLiving?.stands")
    assert page.locator("#gm-begun .maplibregl-canvas").count() == 1
    for key in ("n", "1", "x", "z", "ArrowDown", "Escape"):
        page.keyboard.press(key)
    page.mouse.click(100, 300)
    page.mouse.click(1000, 500)
    held[0].continue_()
    page.wait_for_function("() => !document.getElementById('gm-begun')")
    expect(page.locator(f"#{name}-map .maplibregl-canvas")).to_have_count(1)
    assert desk.said == []


def test_the_board_stands_before_the_page_and_what_is_chosen_there_is_done(desk):
    make_layers(desk, "dispatch")
    page, held = desk.page, []
    page.route("**/_dash-layout", lambda route: held.insert(0, route))
    page.goto(f"{desk.home}/zh-Hans/dispatch")
    row = page.locator("#gm-begun .waiting .row").nth(2)
    code = row.get_attribute("data-incident")
    row.click()
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    page.wait_for_function("() => !document.getElementById('gm-begun')")
    expect(page.locator("#dispatch-sheet")).to_contain_text(code)
    expect(page.locator("#dispatch-rows .row[aria-current]")).to_have_attribute("data-incident", code)
    assert desk.said == []


def stage(page):
    """What stands in the place of the map, as rows of pixels."""
    with Image.open(BytesIO(page.locator("#gm-begun .gm").screenshot())) as shown:
        return np.asarray(shown.convert("RGB"), dtype=np.int16)


def alike(one, other):
    """The share of the pixels that nobody would tell apart."""
    return (np.abs(one - other).max(axis=2) <= 40).mean()


WITHOUT_WRITING = """(zoom) => {  // nor what is drawn from a closer zoom than that of the pictures
  const { gisappMap: map } = document.querySelector('.gm-canvas');
  const beyond = map.getStyle().layers.filter(({ type, minzoom }) => type === 'symbol' || minzoom > zoom);
  for (const { id } of beyond) map.setLayoutProperty(id, 'visibility', 'none');
  return new Promise((drawn) => map.once('idle', drawn));
}"""


@pytest.mark.parametrize("scheme", variants("light", "dark"))
@pytest.mark.parametrize("name", variants("emergency", "planner", "manager"))
def test_before_the_map_is_drawn_pictures_stand_in_its_very_place(open_browser, live, name, scheme):
    desk = open_browser(live, scheme=scheme)
    make_layers(desk, name)
    page, held = desk.page, []

    def hold(route):
        held.append(route)

    page.route("**/maplibre-gl.js*", hold)
    page.route("**/_dash-component-suites/**", lambda route: None)  # the page itself never comes
    page.goto(f"{desk.home}/zh-Hans/{name}", wait_until="commit")
    page.wait_for_function("() => performance.getEntriesByType('paint').length && document.images.length")
    page.wait_for_function("() => [...document.images].every((one) => one.complete && one.naturalWidth)")
    zoom = float(page.evaluate("() => document.images[0].currentSrc").split("/")[-2])
    before = stage(page)
    for route in held:
        route.continue_()
    page.wait_for_function("() => window.gisappMapLiving?.stands && !document.images.length")
    page.evaluate(WITHOUT_WRITING, zoom)
    after = stage(page)
    assert before.std() > 5
    assert alike(before, after) > 0.95
    assert alike(np.roll(before, 25, axis=1), after) < alike(before, after) - 0.03
    page.unroute_all(behavior="ignoreErrors")
