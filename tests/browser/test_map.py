import json

import map_page
import pytest
from conftest import DESK, PHONE, axe_findings, nightly, serving, variants

from dashboards.specs import layer_specs
from gisapp.store import open_store
from gisapp.words import LANGUAGES, word
from layers.layer import Shapes, Style

RESTED = """() => {
  const map = document.querySelector('.gm-canvas')?.gisappMap;
  return map && map.getSource('tiles:water') && map.loaded() && map.areTilesLoaded() && !map.isMoving();
}"""
CLICKED = "() => JSON.parse(document.getElementById('said').textContent).click"


@pytest.fixture(scope="module")
def served(city):
    with open_store(city) as store:
        yield from serving(store, pages=(map_page,))


@pytest.fixture
def seen(open_browser, served):
    watched = open_browser(served)
    opened(watched)
    return watched


def opened(watched, language="zh-Hans"):
    watched.page.goto(f"{watched.home}/{language}/map")
    rested(watched.page)
    return watched.page


def rested(page):
    page.wait_for_function(RESTED)
    page.wait_for_timeout(400)
    page.wait_for_function(RESTED)


def told(page, name):
    return json.loads(page.text_content("#said"))[name]


def give(page, **props):
    page.evaluate("props => dash_clientside.set_props('map', props)", props)
    rested(page)


def run(page, script, *arguments):
    return page.evaluate(
        f"a => {{ const map = document.querySelector('.gm-canvas').gisappMap; {script} }}", list(arguments)
    )


def drawn(page, layer):
    """How many shapes of a layer the map shows now, by their codes."""
    script = "return map.queryRenderedFeatures({layers: a}).map(one => one.properties.code)"
    return set(run(page, script, layer))


def point(page, lng, lat):
    x, y = run(
        page,
        "const p = map.project(a); const b = map.getCanvas().getBoundingClientRect(); return [p.x + b.x, p.y + b.y]",
        lng,
        lat,
    )
    return x, y


def test_the_city_is_drawn_and_named(seen, served):
    grids = set(served.store.table("grids")["code"])
    assert drawn(seen.page, "grids/fill") == grids
    assert drawn(seen.page, "links_water/line")
    assert len(drawn(seen.page, "grids/label")) > len(grids) / 2
    assert run(seen.page, "return map.queryRenderedFeatures({layers: ['landcover/fill']}).length") > 0


def test_a_click_on_a_pipe_says_which(seen, served):
    page, code = seen.page, sorted(drawn(seen.page, "links_water/line"))[7]
    lng, lat = map_page.middle_of(served.store, "links", code)
    give(page, view={"center": [lng, lat], "zoom": 17.5})
    page.mouse.click(*point(page, lng, lat))
    page.wait_for_function(CLICKED)
    click = told(page, "click")
    near = served.store.table("links").set_index("code").to_crs(4326).geometry
    assert click["layer"] in ("links_water", "devices_water", "hydrants")
    if click["layer"] == "links_water":
        assert near[click["id"]].distance(near[code].interpolate(0.5, normalized=True)) < 1e-4
    assert abs(click["lng"] - lng) < 1e-5


@nightly
def test_enter_picks_what_is_in_the_middle(seen, served):
    lng, lat = map_page.middle_of(served.store, "grids", "G004")
    give(seen.page, view={"center": [lng, lat], "zoom": 16}, clickable=["grids"])
    seen.page.focus(".maplibregl-canvas")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_function(CLICKED)
    assert told(seen.page, "click")["id"] == "G004"


@nightly
def test_arrows_and_plus_move_the_map(seen):
    before = told(seen.page, "extent")
    seen.page.focus(".maplibregl-canvas")
    seen.page.keyboard.press("ArrowRight")
    rested(seen.page)
    seen.page.keyboard.press("+")
    rested(seen.page)
    seen.page.wait_for_function(
        "zoom => JSON.parse(document.getElementById('said').textContent).extent.zoom > zoom", arg=before["zoom"] + 0.5
    )
    after = told(seen.page, "extent")
    assert after["west"] > before["west"]


@nightly
def test_chosen_shapes_are_marked_and_unmarked(seen):
    def state(code):
        return run(
            seen.page, "return map.getFeatureState({source: 'tiles:grids', sourceLayer: 'grids', id: a[0]})", code
        )

    give(seen.page, highlight={"grids": ["G001", "G002"]})
    assert state("G001") == {"on": True}
    give(seen.page, highlight={"grids": ["G002"]})
    assert state("G001") == {"on": False}
    assert state("G002") == {"on": True}
    give(seen.page, theme="dark")
    assert state("G002") == {"on": True}


@nightly
def test_the_theme_changes_without_asking_the_server(seen):
    def ground():
        return run(seen.page, "return map.getPaintProperty('ground', 'background-color')")

    light, asked = ground(), len(seen.asked)
    give(seen.page, theme="dark")
    assert ground() != light
    assert [url for url in seen.asked[asked:] if not url.endswith("/version")] == []


def test_answers_come_and_go_above_the_city(seen):
    square = {"type": "Polygon", "coordinates": [[[114.44, 36.94], [114.45, 36.94], [114.45, 36.95], [114.44, 36.94]]]}
    shape = {"type": "Feature", "geometry": square, "properties": {"code": "A1"}}
    look = {"colour": "#c1440e", "width_px": 1, "opacity": 0.3, "outline": "#c1440e", "label": None, "dashed": False}
    spec = {
        "name": "area",
        "title": "area",
        "kind": "polygon",
        "table": None,
        "popup": [],
        "style": {"light": look, "dark": look},
        "legend": {"light": None, "dark": None},
        "shapes": {"type": "FeatureCollection", "features": [shape]},
    }
    give(seen.page, answers=[spec])
    assert drawn(seen.page, "area/fill") == {"A1"}
    give(seen.page, shapes={"area": {"type": "FeatureCollection", "features": []}})
    assert drawn(seen.page, "area/fill") == set()
    give(seen.page, answers=[])
    assert run(seen.page, "return map.getLayer('area/fill') === undefined")


@nightly
def test_numbered_badges_stand_where_they_are_told(seen, served):
    lng, lat = map_page.middle_of(served.store, "grids", "G004")
    give(seen.page, markers=[{"lng": lng, "lat": lat, "text": "1", "id": "V1"}])
    seen.page.mouse.click(*point(seen.page, lng, lat))
    seen.page.wait_for_function(CLICKED)
    assert (told(seen.page, "click")["layer"], told(seen.page, "click")["id"]) == ("markers", "V1")


@nightly
def test_badges_in_one_place_stand_side_by_side_and_answer_each_for_itself(seen, served):
    lng, lat = map_page.middle_of(served.store, "grids", "G004")
    devices = served.store.table("devices").head(2).copy()
    devices["geom"] = served.store.table("grids").set_index("code").loc["G004", "geom"].representative_point()
    look = Style("#b3261e", width_px=8.0, label="code")
    valves = Shapes("valves", "table.devices", "point", devices[["code", "geom"]], look, popup=("code",))
    give(seen.page, answers=layer_specs(lambda theme: [valves], language="en"), view={"center": [lng, lat], "zoom": 17})
    x, y = point(seen.page, lng, lat)
    for code, beside in zip(devices["code"], (0, 28), strict=True):
        seen.page.mouse.click(x + beside, y)
        seen.page.wait_for_function("code => JSON.parse(said.textContent).click?.id === code", arg=code)


@nightly
def test_the_layer_list_hides_and_fades(seen):
    page = seen.page
    page.click(".gm-opener-layers")
    page.get_by_role("checkbox", name=word("table.grids", "zh-Hans")).uncheck()
    rested(page)
    assert drawn(page, "grids/fill") == set()
    assert told(page, "visible") == {"grids": False}
    slider = page.get_by_role("slider", name=word("layers.links_water", "zh-Hans"))
    slider.fill("50")
    assert run(page, "return map.getPaintProperty('links_water/line', 'line-opacity')") == 0.5


def test_a_tile_that_fails_is_told_and_can_be_asked_for_again(open_browser, served):
    watched = open_browser(served)
    page, broken = watched.page, {"on": True}

    def answer(route):
        route.fulfill(status=500) if broken["on"] else route.continue_()

    page.route("**/tiles/water/**", answer)
    page.goto(f"{watched.home}/zh-Hans/map")
    page.get_by_text(word("map.tile_error", "zh-Hans")).wait_for()
    rested(page)  # every tile has failed: one that failed after the button would be told again
    assert any("500" in one for one in watched.said)
    watched.said.clear()
    broken["on"] = False
    page.get_by_role("button", name=word("map.retry", "zh-Hans")).click()
    page.wait_for_function(RESTED)
    page.get_by_text(word("map.tile_error", "zh-Hans")).wait_for(state="detached")
    assert drawn(page, "links_water/line")
    watched.said.clear()


@nightly
def test_nothing_moves_while_the_map_is_awaited(open_browser, served):
    page = open_browser(served).page
    page.route("**/tiles/water/**", lambda route: None)  # they never come
    with page.expect_request("**/tiles/water/**"):
        page.goto(f"{served.url}/zh-Hans/map")
    page.wait_for_selector(".gm-busy", state="visible")
    moving = "document.getAnimations().filter(one => one.effect.getComputedTiming().iterations === Infinity).length"
    assert page.evaluate(moving) == 0


def test_an_outside_base_map_stands_under_everything_and_in_place_of_ours(seen):
    drawn_by = "gisappMapStyle.style({layers: a[0], basemap: a[1], theme: 'light', language: 'en'})"
    basemap = {"url": "https://tiles.example.org/{z}/{x}/{y}.png", "max_zoom": 18, "attribution": "Example"}
    layer = {
        "name": "streets",
        "title": "s",
        "kind": "line",
        "table": "links",
        "bundle": "base",
        "popup": [],
        "tiles": {"url": "/t/{z}/{x}/{y}", "bounds": [0, 0, 1, 1], "least_zoom": 0, "most_zoom": 16},
        "style": {theme: {"colour": "#000", "width_px": 1, "opacity": 1} for theme in ("light", "dark")},
        "legend": {},
    }
    made = run(seen.page, f"return {drawn_by}", [layer], basemap)
    assert [one["id"] for one in made["layers"]][:2] == ["ground", "basemap"]
    assert made["sources"]["basemap"]["tiles"] == [basemap["url"]]
    assert made["layers"][2]["layout"]["visibility"] == "none"


def test_without_webgl_the_page_says_so(open_browser, served):
    watched = open_browser(served)
    watched.page.add_init_script(
        "const real = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {"
        "  return kind.startsWith('webgl') ? null : real.call(this, kind, ...rest); };"
    )
    watched.page.goto(f"{watched.home}/en/map")
    watched.page.get_by_text(word("map.no_webgl", "en")).wait_for()


def test_a_network_that_is_gone_is_told_on_the_map(seen):
    seen.page.context.set_offline(True)
    seen.page.get_by_text(word("map.offline", "zh-Hans")).wait_for()
    seen.page.context.set_offline(False)
    seen.page.get_by_text(word("map.offline", "zh-Hans")).wait_for(state="detached")
    seen.said.clear()  # the browser itself reports what it could not reach


@pytest.mark.parametrize(
    ("language", "size", "scheme"),
    variants((LANGUAGES[1], PHONE, "dark"), (LANGUAGES[0], DESK, "light"), (LANGUAGES[2], DESK, "dark")),
)
def test_the_map_shuts_nobody_out(open_browser, served, language, size, scheme):
    watched = open_browser(served, size=size, scheme=scheme, bypass_csp=True)
    page = opened(watched, language)
    page.click(".gm-opener-layers")
    assert axe_findings(watched) == []
    assert page.get_by_role("button", name=word("map.zoom_in", language)).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
