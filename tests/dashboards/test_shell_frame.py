"""The frame: language, address, search, version."""

from types import SimpleNamespace

import pandas as pd
import pytest
from squares import CORNERS, grids, incident, squares, text_of

from dashboards import planner, shell
from dashboards.access import Permission, Person
from dashboards.app import PAGES, create_app
from dashboards.bundles import tiles_of
from gisapp.words import LANGUAGES, catalog


@pytest.fixture
def store(tmp_path):
    with squares(tmp_path / "squares.gpkg") as opened:
        yield opened


@pytest.fixture
def app(store):
    return create_app(store)


def asked(app, path="/_dash-layout", **headers):
    return app.server.test_request_context(path, headers={key.replace("_", "-"): text for key, text in headers.items()})


@pytest.mark.parametrize(
    ("headers", "language"),
    [
        ({"Referer": "http://localhost/zh-Hant/planner?grid=G1", "Accept_Language": "en"}, "zh-Hant"),
        ({"Referer": "http://localhost/", "Accept_Language": "zh-HK"}, "zh-Hant"),
        ({"Cookie": "language=zh-Hans", "Accept_Language": "en"}, "zh-Hans"),
        ({"Cookie": "language=xx", "Accept_Language": "en"}, "en"),
        ({"Referer": "http://localhost/en/planner", "Cookie": "language=zh-Hans"}, "en"),
    ],
)
def test_the_language_is_that_of_the_asking_page(app, headers, language):
    with asked(app, **headers):
        assert shell.language() == language


def test_the_frame_speaks_every_language(app):
    for language in LANGUAGES:
        with asked(app, Referer=f"http://localhost/{language}/planner"):
            shown = text_of(app.layout())
        assert catalog(language)["shell.product"] in shown
        assert catalog(language)["shell.js.lost"] in shown


def test_only_the_pages_that_a_person_may_see_are_offered(store):
    app = create_app(store, person_of=lambda: Person("p1", frozenset({Permission.SHELL})))
    with asked(app):
        assert shell.tabs(PAGES, shell.context(), "/planner") == []


def test_the_present_page_is_marked(app):
    with asked(app, Referer="http://localhost/en/planner"):
        first, *others = shell.tabs(PAGES, shell.context(), planner.PATH)
    assert first.to_plotly_json()["props"]["aria-current"] == "page"
    assert first.href == "/en/planner"
    assert all("aria-current" not in one.to_plotly_json()["props"] for one in others)


@pytest.mark.parametrize(
    ("address", "page"), [("/en/planner", planner), ("/zh-Hant/planner/", planner), ("/en/", None), ("/en/x", None)]
)
def test_an_address_names_its_page(address, page):
    assert shell.page_of(PAGES, address) is page


@pytest.mark.parametrize(
    ("view", "wanted"),
    [
        ("12.5/36.6/117.1", {"center": [117.1, 36.6], "zoom": 12.5}),
        ("", None),
        ("12/36", None),
        ("a/b/c", None),
        ("12/95/117", None),
        ("99/36/117", None),
        ("nan/36/117", None),
        ("12/36/inf", None),
    ],
)
def test_the_address_says_where_the_map_stands_or_nothing(view, wanted):
    assert shell.Context("en", "auto", {"view": view}).view == wanted


def test_a_link_keeps_its_state(app):
    with asked(app):
        assert shell.context("?grid=G3&view=12/36/117").query == {"grid": "G3", "view": "12/36/117"}


def test_the_version_is_sent_again_only_when_the_store_has_changed(app, store):
    client = app.server.test_client()
    first = client.get("/version")
    again = client.get("/version", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    store.save({"incidents": incident("I1", "G1", "2026-11-01T00:00Z")}, actor="test")
    changed = client.get("/version", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.json["revisions"]["incidents"] > first.json["revisions"]["incidents"]
    assert changed.json["revisions"]["grids"] == first.json["revisions"]["grids"]


def test_the_version_tells_that_grids_begin_by_themselves(app, store):
    first = app.server.test_client().get("/version").json["revisions"]["in force"]
    store.save(
        {"grids": grids().iloc[:1].assign(code="G9", valid_from=pd.Timestamp("2025-01-01", tz="UTC"))}, actor="t"
    )
    assert app.server.test_client().get("/version").json["revisions"]["in force"] == first + 1


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_does_not_show_are_tables_of_the_version(app, page):
    version = app.server.test_client().get("/version").json
    skeleton = page.layout(shell.Context("en", "auto", {})).to_plotly_json()["props"]
    assert set(skeleton.get("data-leaves", "").split()) <= set(version["revisions"])


def test_the_version_tells_that_figures_have_moved_on(app, store):
    client = app.server.test_client()
    before = client.get("/version").json["revisions"]["figures"]
    store.save({"incidents": incident("I9", "G1", "2026-11-01T00:00Z")}, actor="test")
    assert client.get("/version").json["revisions"]["figures"] == before + 1


def test_the_search_tells_what_and_where(app):
    rows = app.server.test_client().get("/find?q=G3").json
    assert [(row["kind"], row["code"]) for row in rows if row["kind"] == "grids"] == [("grids", "G3")]
    found = next(row for row in rows if row["code"] == "G3")
    assert 113.9 < found["lon"] < 114.1
    assert 36.6 < found["lat"] < 36.8


def test_the_search_tells_no_names_of_people(app, store):
    assert store.table("people")["name"].iloc[0] == "网格长 G1"
    assert "网格长" not in app.server.test_client().get("/find?q=网格长").text


def test_a_search_for_nothing_or_for_nonsense_is_empty(app):
    client = app.server.test_client()
    assert client.get("/find").json == []
    assert client.get("/find?q=" + "%27%3B--" * 50).json == []


def test_a_part_that_needs_no_browser_is_plain():
    figure = text_of(shell.figure("Households", "800", "what is counted", unit="km"))
    assert "what is counted" in figure
    assert len(CORNERS) == 4
    assert "empty" in text_of(shell.empty("No grids", ["Do this"], code=["gisapp demo"]))


def test_an_address_that_is_no_page_says_so():
    shown = text_of(shell.page(None, shell.Context("en", "auto", {})))
    assert "There is no such page" in shown


def test_a_page_stands_under_its_name():
    here = shell.Context("zh-Hant", "auto", {})
    probe = SimpleNamespace(TITLE="planner.title", layout=lambda _: "body")
    heading, body = shell.page(probe, here)
    assert (heading.children, body) == ("網格規劃", "body")


def part(node, name):
    """Return the props of a part of a layout by its id; None if it is not there."""
    if isinstance(node, list):
        return next((found for one in node if (found := part(one, name))), None)
    if not isinstance(node, dict) or "props" not in node:
        return None
    return node["props"] if node["props"].get("id") == name else part(node["props"].get("children"), name)


def frame_for(app, address):
    """Return the layout as a browser at an address gets it."""
    headers = {"Referer": f"http://localhost{address}"} if address else {}
    return app.server.test_client().get("/_dash-layout", headers=headers).get_json()


def test_the_page_comes_with_the_frame_where_the_browser_tells_its_address(app):
    tiles_of(app.server).warm("base", "workload")
    frame = frame_for(app, "/en/planner?grid=B")
    assert part(frame, "shell-page")["data-stands"] == "/en/planner"
    assert part(frame, "planner-chosen")["data"]["grid"] == "B"
    shown = [link["props"] for link in part(frame, "shell-tabs")["children"] if link["props"].get("aria-current")]
    assert [link["href"] for link in shown] == ["/en/planner"]


def test_the_page_is_left_to_its_callback_where_the_browser_keeps_its_address_to_itself(app):
    frame = frame_for(app, None)
    assert part(frame, "shell-page")["children"] is None
    assert part(frame, "planner-map") is None


def test_the_map_begins_with_its_layers_and_their_extent(app):
    tiles_of(app.server).warm("base", "workload")
    first = part(frame_for(app, "/en/planner"), "planner-map")
    assert {spec["name"] for spec in first["layers"]} >= {"deviation"}
    assert first["laid"]
    assert first["fit"] == list(tiles_of(app.server).address("workload").bounds)
    assert "fit" not in part(frame_for(app, "/en/planner?view=12/30.5/114.1"), "planner-map")


def test_a_map_waits_for_no_layer_that_is_still_being_made(store):
    fresh = create_app(store)
    assert "layers" not in part(frame_for(fresh, "/en/planner"), "planner-map")


def test_what_came_with_the_frame_is_not_sent_again(app):
    tiles_of(app.server).warm("base", "workload")
    client = app.server.test_client()
    client.get("/en/planner")
    token = client.get_cookie(app.config.csrf_token_name).value

    def layers(laid, changed):
        body = {
            "output": "planner-map.layers",
            "outputs": {"id": "planner-map", "property": "layers"},
            "inputs": [
                {"id": "shell-version", "property": "data", "value": None},
                {"id": "planner-plan", "property": "data", "value": ""},
            ],
            "state": [{"id": "planner-map", "property": "laid", "value": laid}],
            "changedPropIds": changed,
        }
        headers = {"X-CSRFToken": token, "Referer": "http://localhost/en/planner"}
        return client.post("/_dash-update-component", json=body, headers=headers).get_json()["response"]

    assert not layers(True, [])
    assert layers(None, [])
    assert layers(True, ["shell-version.data"])
