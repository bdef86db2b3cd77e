"""A draft edited on the map, by mouse and by touch: what moves, what is refused, what is undone, what others saved."""

import numpy as np
import pytest
import shapely
from conftest import nightly
from playwright.sync_api import expect

from dashboards.drafting import plan_now
from gisapp.grids.edits import merge_grids
from gisapp.grids.plans import plan_grids
from gisapp.words import word

TABLET = (820, 1180)
PROJECT = """([lng, lat]) => {
  const map = document.querySelector("#planner-map .gm-canvas").gisappMap;
  const { left, top } = map.getCanvas().getBoundingClientRect();
  const { x, y } = map.project([lng, lat]);
  return [x + left, y + top];
}"""


@pytest.fixture
def draft(live):
    """A draft of the grids in force."""
    plan = plan_now(live.store, live.store.table("unit_grids"))
    return live.store.plans.open(plan, "Boundaries", actor="P1")


def opened(watched, code, language="en", **query):
    """Return the page of a draft, once its grids stand on the map."""
    asked = "".join(f"&{name}={value}" for name, value in query.items())
    page = watched.go(f"/{language}/planner?plan={code}{asked}")
    page.wait_for_selector(".planner[data-status=draft]")
    page.wait_for_function("() => document.querySelector('.gm-canvas').gisappMap?.getSource('shapes:deviation')")
    page.locator("#planner-table .ag-row").first.wait_for(state="attached")
    page.wait_for_timeout(1500)  # the map flies to the grids
    return page


def shape(store, code, grid):
    """Return a grid of a draft in degrees, as it is stored."""
    grids = plan_grids(store.plans.load(code).plan, [grid])
    return grids.to_crs(4326).geometry.iloc[0]


def on_screen(page, point):
    return page.evaluate(PROJECT, [point.x, point.y])


def stroke(page, points):
    """Draw through points of the screen, and rest a moment before the hand lifts."""
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.wait_for_timeout(700)


def junction(store, code):
    """Return a corner of three grids that does not lie on the outer border, their codes, and the way to drag it."""
    grids = plan_grids(store.plans.load(code).plan)
    drawn = grids.geometry.to_numpy()
    points, owner = shapely.get_coordinates(drawn, return_index=True)
    places, which = np.unique(points, axis=0, return_inverse=True)
    outer = shapely.boundary(shapely.union_all(drawn))
    middle = np.array(shapely.centroid(shapely.union_all(drawn)).coords[0])
    found = []
    for place, xy in enumerate(places):
        codes = set(owner[which == place])
        if len(codes) == 3 and outer.distance(shapely.Point(xy)) > 100:
            found.append((np.hypot(*(xy - middle)), tuple(xy), sorted(grids["code"].iloc[list(codes)])))
    _, at, codes = min(found)
    return shapely.Point(at), codes


def to_degrees(store, point):
    import geopandas as gpd

    return gpd.GeoSeries([point], crs=store.crs).to_crs(4326).iloc[0]


def areas(store, code):
    grids = plan_grids(store.plans.load(code).plan)
    return dict(zip(grids["code"], shapely.area(grids.geometry.to_numpy()), strict=True))


def told(page):
    return page.locator("#planner-told .told")


def test_a_corner_of_three_grids_is_dragged_by_mouse_and_every_grid_follows(desk, live, draft):
    corner, codes = junction(live.store, draft)
    place = to_degrees(live.store, corner)
    page = opened(desk, draft, view=f"15.50/{place.y:.5f}/{place.x:.5f}")
    before = areas(live.store, draft)
    page.locator("[data-tool=drag]").click()
    x, y = on_screen(page, place)
    stroke(page, [(x + 3, y + 2), (x + 30, y + 25)])
    expect(page.locator("#planner-live")).to_contain_text(word("planner.would_drag", "en"))
    assert areas(live.store, draft) == before
    page.mouse.up()
    expect(told(page)).to_contain_text(word("planner.did_drag", "en"))
    after = areas(live.store, draft)
    moved = [grid for grid in before if abs(before[grid] - after[grid]) > 1]
    assert set(moved) <= set(codes)
    assert len(moved) >= 2
    assert sum(before.values()) == pytest.approx(sum(after.values()), abs=1e-3)
    page.keyboard.press("Control+z")
    expect(told(page)).to_contain_text("Undone")
    assert areas(live.store, draft) == before
    page.keyboard.press("Control+y")
    expect(told(page)).to_contain_text("again")
    assert areas(live.store, draft) == after


@nightly
def test_a_corner_is_dragged_by_a_finger_on_a_tablet(open_browser, live, draft):
    corner, _ = junction(live.store, draft)
    place = to_degrees(live.store, corner)
    watched = open_browser(live, size=TABLET, has_touch=True)
    page = opened(watched, draft, language="zh-Hans", view=f"15.50/{place.y:.5f}/{place.x:.5f}")
    before = areas(live.store, draft)
    page.locator("[data-tool=drag]").tap()
    x, y = on_screen(page, place)
    finger = page.context.new_cdp_session(page)

    def touch(kind, *points):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    touch("touchStart", (x + 6, y + 5))
    for step in range(1, 7):
        touch("touchMove", (x + 6 * step, y + 5 * step))
    touch("touchEnd")
    expect(told(page)).to_contain_text(word("planner.did_drag", "zh-Hans"))
    assert areas(live.store, draft) != before


@nightly
def test_a_grid_is_split_merged_again_and_the_table_follows(desk, live, draft):
    target = shape(live.store, draft, "G009")
    page = opened(desk, draft, view=f"14.60/{target.centroid.y:.5f}/{target.centroid.x:.5f}")
    rows = page.locator("#planner-table .ag-pinned-left-cols-container .ag-row")
    before = len(areas(live.store, draft))
    page.locator("[data-tool=split]").click()
    west, _, east, _ = target.bounds
    line = [shapely.Point(x, target.centroid.y) for x in (west - 0.001, east + 0.001)]
    stroke(page, [on_screen(page, point) for point in line])
    page.mouse.up()
    expect(told(page)).to_contain_text(word("planner.did_split", "en"))
    fresh = sorted(set(areas(live.store, draft)) - {f"G{number:03d}" for number in range(1, before + 1)})
    assert fresh == [f"G{before + 1:03d}"]
    expect(page.locator("#planner-heading")).to_contain_text(f"{before + 1} grids")
    page.locator("[data-tool=merge]").click()
    expect(page.locator(".planner .hint")).to_have_text(word("planner.js.choose", "en"))
    page.wait_for_selector(".planner:not([data-writing=true])")  # what is drawn meanwhile is not taken
    for grid in ("G009", fresh[0]):
        page.mouse.click(*on_screen(page, shape(live.store, draft, grid).representative_point()))
        expect(page.locator(".planner .hint")).not_to_have_text(word("planner.js.choose", "en"))
    expect(told(page)).to_contain_text(word("planner.did_merge", "en"))
    expect(page.locator("#planner-heading")).to_contain_text(f"{before} grids")
    assert fresh[0] not in areas(live.store, draft)
    assert rows.count() > 0


@nightly
def test_units_are_painted_a_grid_is_named_and_a_place_is_spoken_of(desk, live, draft):
    target = shape(live.store, draft, "G009")
    page = opened(desk, draft, grid="G010", view=f"14.60/{target.centroid.y:.5f}/{target.centroid.x:.5f}")
    before, inside = areas(live.store, draft), target.representative_point()
    page.locator("[data-tool=brush]").click()
    border = shape(live.store, draft, "G010").boundary.intersection(target.boundary).interpolate(0.5, normalized=True)
    stroke(page, [on_screen(page, border), on_screen(page, inside)])
    page.mouse.up()
    expect(told(page)).to_contain_text(word("planner.did_brush", "en"))
    after = areas(live.store, draft)
    assert after["G010"] > before["G010"]
    assert sum(after.values()) == pytest.approx(sum(before.values()), abs=1e-3)
    page.keyboard.press("Escape")
    page.locator(".planner .button[data-name]").first.click()
    page.locator("dialog input[name=name]").fill("滨河网格")
    page.locator("dialog .button.main").click()
    expect(told(page)).to_contain_text(word("planner.did_name", "en"))
    named = plan_grids(live.store.plans.load(draft).plan).set_index("code")["name"]
    assert named["G010"] == "滨河网格"
    page.locator(".button[data-view=comments]").click()
    page.locator("[data-saying]").click()
    page.mouse.click(*on_screen(page, inside))
    page.locator("dialog textarea").fill("避开学校")
    page.locator("dialog .button.main").click()
    expect(page.locator(".saying .row")).to_contain_text("避开学校")
    said = live.store.table("plan_comments").iloc[-1]
    assert said["grid_code"] == "G010"  # painted by now
    assert to_degrees(live.store, said["geom"]).distance(inside) < 1e-4


@nightly
def test_edits_that_may_not_stand_are_told_in_words_and_escape_cancels(desk, live, draft):
    target = shape(live.store, draft, "G010")
    page = opened(desk, draft, grid="G009", view=f"14.60/{target.centroid.y:.5f}/{target.centroid.x:.5f}")
    before = areas(live.store, draft)
    x, y = on_screen(page, target.centroid)
    page.locator("[data-tool=split]").click()
    stroke(page, [(x - 20, y), (x + 20, y)])
    page.mouse.up()
    expect(told(page)).to_contain_text(word("planner.refused_no_cut", "en", grid="G010"))
    page.locator("[data-tool=assign]").click()
    stroke(page, [(x, y), (x + 40, y), (x, y)])
    page.mouse.up()
    expect(told(page)).to_contain_text(word("planner.refused_empty", "en"))
    stroke(page, [(x - 60, y - 60), (x + 60, y - 60), (x + 60, y + 60)])
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".gm-hand .stroke")).to_have_count(0)
    expect(page.locator("[data-tool=assign]")).to_have_attribute("aria-pressed", "true")
    west, south, east, north = target.buffer(0.0004).bounds
    corners = [shapely.Point(*at) for at in ((west, south), (east, south), (east, north), (west, north))]
    stroke(page, [on_screen(page, corner) for corner in [*corners, corners[0]]])
    page.mouse.up()
    expect(page.locator("dialog")).to_contain_text("G010")
    page.locator("dialog button").first.click()
    assert areas(live.store, draft) == before


def test_a_second_planners_save_is_refused_with_what_the_first_one_did(desk, live, draft):
    target = shape(live.store, draft, "G010")
    page = opened(desk, draft, grid="G009", view=f"14.60/{target.centroid.y:.5f}/{target.centroid.x:.5f}")
    page.locator("[data-tool=split]").click()
    west, _, east, _ = target.bounds
    line = [shapely.Point(x, target.centroid.y) for x in (west - 0.001, east + 0.001)]
    places = [on_screen(page, point) for point in line]
    page.route("**/version*", lambda route: route.fulfill(status=304))  # it has not heard of the change yet
    stored = live.store.plans.load(draft)
    live.store.plans.add(draft, merge_grids(stored.plan, "G002", "G003"), version=stored.version, actor="P2")
    after = areas(live.store, draft)
    stroke(page, places)
    page.mouse.up()
    expect(told(page)).to_contain_text(word("planner.conflict", "en"))
    expect(told(page)).to_contain_text("P2 · Merged · G002, G003")
    assert areas(live.store, draft) == after
    expect(page.locator("#planner-heading")).to_contain_text(f"{len(after)} grids")  # and it is shown as it stands now


@nightly
def test_a_locked_grid_keeps_its_units_and_history_and_comparison_stand_beside_the_map(desk, live, draft):
    target = shape(live.store, draft, "G010")
    page = opened(desk, draft, grid="G010", view=f"14.60/{target.centroid.y:.5f}/{target.centroid.x:.5f}")
    page.locator("[data-lock=chosen]").click()
    expect(page.locator(".ag-cell.locked")).to_have_text("G010")
    page.locator("[data-tool=merge]").click()
    neighbour = shape(live.store, draft, "G009").representative_point()
    page.mouse.click(*on_screen(page, neighbour))
    expect(told(page)).to_contain_text(word("planner.refused_locked", "en", grid="G010"))
    page.locator("[data-lock=none]").click()
    expect(page.locator(".ag-cell.locked")).to_have_count(0)
    page.wait_for_timeout(1500)  # the map draws the grids anew
    page.mouse.click(*on_screen(page, neighbour))
    expect(told(page)).to_contain_text(word("planner.did_merge", "en"))
    page.locator("[data-view=compare].button").click()
    expect(page.locator("#planner-side .moves")).to_contain_text("G009 → G010")
    page.locator("[data-view=history].button").click()
    page.locator("[data-position='0']").click()
    expect(page.locator("[data-position='0']")).to_have_attribute("aria-current", "step")
    assert "G009" in areas(live.store, draft)


@nightly
def test_a_bridge_is_drawn_between_units_and_what_is_drawn_while_a_change_is_saved_is_told(desk, live, draft):
    target = shape(live.store, draft, "G009")
    page = opened(desk, draft, view=f"14.20/{target.centroid.y:.5f}/{target.centroid.x:.5f}")
    ends = [shape(live.store, draft, grid).representative_point() for grid in ("G009", "G020")]
    line = [on_screen(page, place) for place in ends]
    page.locator("[data-tool=bridge]").click()
    hint = page.locator(".planner .hint")
    expect(hint).to_have_text(word("planner.js.bridge", "en"))
    page.evaluate("document.querySelector('.planner').dataset.writing = 'true'")
    stroke(page, line)
    page.mouse.up()
    expect(hint).to_have_text(word("planner.js.busy", "en"))
    assert live.store.plans.load(draft).plan.bridges == ()
    page.evaluate("document.querySelector('.planner').dataset.writing = 'false'")
    stroke(page, line)
    page.mouse.up()
    expect(told(page)).to_contain_text("hang together now")
    assert len(live.store.plans.load(draft).plan.bridges) == 1
    expect(hint).to_have_text(word("planner.js.bridge", "en"))
