"""The map that the first bytes of a page tell of: begun before the page, in the place that the page gives it."""

import json
import re
from html import unescape

import pytest
from dash import html
from squares import squares

from dashboards.access import Permission, Person
from dashboards.app import create_app
from dashboards.begun import FIRST, OF_MAP, begun
from dashboards.bundles import tiles_of
from dashboards.dispatch import ready
from dashboards.map import ASSETS, Map
from dashboards.snapshot import snapshot_of
from gisapp.words import word

TOLD = re.compile(r'<div id="gm-begun" class="gm-begun" data-map="([^"]*)">(.*?)</div>\s*<footer>', re.S)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with squares(tmp_path_factory.mktemp("begun") / "squares.gpkg") as opened:
        yield opened


@pytest.fixture(scope="module")
def app(store):
    """An application whose layers are made ready."""
    made = create_app(store)
    tiles_of(made.server).warm()
    return made


def page(app, path="/en/planner"):
    return app.server.test_client().get(path).get_data(as_text=True)


@pytest.mark.parametrize("name", ["planner", "emergency", "manager", "criticality"])
def test_a_page_tells_of_its_map(app, name):
    data, boxes = TOLD.search(page(app, f"/zh-Hans/{name}")).groups()
    told = json.loads(unescape(data))
    assert told["id"] == f"{name}-map"
    assert told["props"]["layers"]
    assert told["props"]["words"]["label"] == word("map.label", "zh-Hans")
    assert boxes.count('<div class="gm"><div class="gm-canvas"></div>') == 1
    assert 'class="stage"' in boxes


def test_the_boxes_around_it_are_those_of_the_page_without_what_is_in_them(app):
    _, boxes = TOLD.search(page(app, "/en/manager")).groups()
    boxes, pictures = re.subn(r'<div class="gm-picture".*?</div></div>', "", boxes)
    assert pictures == 1
    assert boxes == (
        '<div class="manager" data-beside="false" data-drawn="surface"><div class="workspace">'
        '<section class="panel"></section><section class="stage"><div class="maps">'
        '<div class="gm"><div class="gm-canvas"></div></div>'
        '<div class="beside" hidden></div><div class="when"></div></div>'
        '<div class="histogram"></div></section></div></div>'
    )


@pytest.mark.parametrize(("asked", "idle"), [("", "true"), ("?utility=water&pipe=P1", "false")])
def test_the_place_of_the_map_is_that_of_the_page_that_comes(app, asked, idle):
    _, boxes = TOLD.search(page(app, f"/en/emergency{asked}")).groups()
    assert f'<div class="emergency" data-idle="{idle}"' in boxes  # nothing stands at its right before a burst is named


def test_what_is_for_the_code_of_the_page_alone_is_not_told_twice():
    one = Map(id="m", language="en", layers=[], laid=True)
    told = {"data-words": "w" * 61, "data-open": "no"}
    shown = html.Div(html.Div([one], className="stage"), className="some", **told)
    map_box = '<div class="gm"><div class="gm-canvas"></div></div>'
    boxes = f'<div class="some" data-open="no"><div class="stage">{map_box}</div></div></div>'
    assert begun([shown]).endswith(boxes)


def test_the_map_of_a_link_begins_where_the_link_looks(app):
    data, _ = TOLD.search(page(app, "/en/planner?view=15/30.5/114.25")).groups()
    assert json.loads(unescape(data))["props"]["view"] == {"center": [114.25, 30.5], "zoom": 15.0}


def test_nothing_is_told_before_its_layers_are_made(store):
    assert "gm-begun" not in page(create_app(store))


def test_who_may_not_see_a_page_is_not_told_of_its_map(store):
    app = create_app(store, person_of=lambda: Person("p1", frozenset({Permission.SHELL})))
    tiles_of(app.server).warm()
    assert "gm-begun" not in page(app)


def test_the_scripts_of_the_map_run_before_all_others(store):
    scripts = re.findall(r'<script src="([^"?]+)', page(create_app(store)))
    before = [*FIRST, *OF_MAP]
    assert [name.removeprefix("/assets/") for name in scripts[: len(before)]] == before
    assert len(scripts) == len(set(scripts))
    assert any("react" in name for name in scripts[len(before) :])


def test_where_a_map_is_begun_all_other_scripts_wait_for_it_and_its_own_for_the_pictures(app, store):
    with_map, without = page(app), page(create_app(store))
    tags = re.findall(r"<script(.*?)>", without, re.DOTALL)
    addresses = [re.search(r'src="([^"]+)"', tag)[1] for tag in tags if "src=" in tag]
    waiting = re.findall(r'<script type="text/later"[^>]*? src="([^"]+)"', with_map)
    assert waiting == addresses[len(FIRST) + len(OF_MAP) :]
    assert '<script type="text/later" id="_dash-renderer">' in with_map
    assert '<script id="_dash-config" type="application/json">' in with_map
    assert "text/later" not in without
    of_map = re.findall(r'<script type="text/map" src="/assets/([^"?]+)', with_map)
    fetched = re.findall(r'<link rel="preload" as="script" href="/assets/([^"?]+)', with_map)
    assert of_map == fetched == list(OF_MAP)
    assert "text/map" not in without


def test_the_styles_of_a_page_are_one_file_in_their_order(app):
    shown = page(app)
    (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', shown)
    answer = app.server.test_client().get(address)
    assert "immutable" in answer.headers["Cache-Control"]
    files = [ASSETS / name for name in ("criticality.css", "dispatch.css", "map.css", "shell.css")]
    places = [answer.text.index(file.read_text("utf-8")) for file in [*files, ASSETS / "vendor/maplibre-gl.css"]]
    assert places == sorted(places)
    old = app.server.test_client().get("/styles/another.css")
    assert (old.text, old.headers["Cache-Control"]) == (answer.text, "no-store")


def test_the_first_bytes_say_in_the_language_of_the_page_that_it_is_coming(app):
    head = page(app, "/zh-Hans/planner").split("<body", 1)[0]
    assert f"--computing:&quot;{word('shell.computing', 'zh-Hans')}&quot;" in head


def test_a_map_whose_layers_come_later_is_not_begun():
    assert begun([Map(id="m", language="en")]) == ""


def test_the_board_that_is_at_hand_stands_in_the_first_bytes_with_its_places(store):
    app = create_app(store)
    tiles_of(app.server).warm()
    ready(snapshot_of(app.server))
    _, boxes = TOLD.search(page(app, "/en/dispatch?clock=breached")).groups()
    outermost = re.match(
        r'<div class="dispatch" data-first="([^"]*)" data-leaves="figures" data-words="([^"]*)"', boxes
    )
    first, words = (json.loads(unescape(told)) for told in outermost.groups())
    assert first["asked"]["clocks"] == ["breached"]
    assert first["board"]["listed"] == len(first["board"]["rows"])
    assert words["words"]["every_grid"] == word("dispatch.js.every_grid", "en")
    assert re.findall('data-place="([^"]*)"', boxes)[:3] == ["dispatch-head", "dispatch-filter", "dispatch-rows"]
