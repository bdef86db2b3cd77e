"""The map that the first bytes of a page tell of: begun before the page, in the place that the page gives it."""

import json
import re
from html import unescape

import pytest
from squares import squares

from dashboards.access import Permission, Person
from dashboards.app import create_app
from dashboards.begun import SCRIPTS, begun
from dashboards.bundles import tiles_of
from dashboards.map import Map
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
    assert boxes.count('<div class="gm"><div class="gm-canvas"></div></div>') == 1
    assert 'class="stage"' in boxes


def test_the_boxes_around_it_are_those_of_the_page_without_what_is_in_them(app):
    _, boxes = TOLD.search(page(app, "/en/manager")).groups()
    assert boxes == (
        '<div class="manager" data-beside="false" data-drawn="surface"><div class="workspace">'
        '<section class="panel"></section><section class="stage"><div class="maps">'
        '<div class="gm"><div class="gm-canvas"></div></div>'
        '<div class="beside" hidden></div><div class="when"></div></div>'
        '<div class="histogram"></div></section></div></div>'
    )


def test_what_is_for_the_code_of_the_page_alone_is_not_told_twice(app):
    _, boxes = TOLD.search(page(app, "/en/dispatch")).groups()
    assert '<div class="dispatch"><div class="workspace wide">' in boxes
    assert "data-words" not in boxes


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
    assert [name.removeprefix("/assets/") for name in scripts[: len(SCRIPTS)]] == list(SCRIPTS)
    assert len(scripts) == len(set(scripts))
    assert any("react" in name for name in scripts[len(SCRIPTS) :])


def test_a_map_whose_layers_come_later_is_not_begun():
    assert begun([Map(id="m", language="en")]) == ""
