"""The page on which two boundary plans are compared says what the comparison found, and asks nothing of a network."""

import re
from datetime import datetime
from html import unescape
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gisapp.grids.edits import assign_units
from gisapp.grids.plan_diff import plan_diff
from gisapp.grids.plans import plan_grids, plan_of
from gisapp.tables import TABLES, conform
from gisapp.words import LANGUAGES
from layers.offline import require_offline
from layers.plan_page import Side, plan_diff_html

X, Y = 500_000.0, 3_400_000.0
NOW = pd.Timestamp("2026-11-27", tz="UTC")
SINCE = pd.Timestamp("2024-01-01", tz="UTC")


def rows(table, shapes=None, **columns):
    """Return a table; one without columns is empty."""
    frame = pd.DataFrame(columns or {column.name: [] for column in TABLES[table].columns})
    if shapes is not None:
        frame = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs="EPSG:4547")).rename_geometry("geom")
    return conform(frame, table)


def squares():
    return [shapely.box(X + 100 * c, Y, X + 100 * c + 100, Y + 100) for c in range(6)]


def tables():
    spots = [one.centroid for one in squares()]
    homes = {"code": [f"C{n}" for n in range(6)], "kind": "resident", "households": 10, "meter_inside": True}
    cases = {"code": ["I1"], "type": "leak", "channel": "phone", "status": "registered", "drill": False}
    posts = {"person_code": ["P1", "P2", "P3"], "role": "grid_leader", "scope_kind": "grid", "scope": ["W", "E", "M"]}
    return {
        "customers": rows("customers", spots, **homes),
        "links": rows("links", spots[:0]),
        "devices": rows("devices", spots[:0]),
        "incidents": rows("incidents", spots[2:3], **cases, reported_at=NOW - pd.Timedelta(days=3)),
        "posts": rows("posts", **posts, valid_from=SINCE),
    }


def page(moved, language="en"):
    """Return the page for a row of six squares of grids W, W, W, E, E, <b>, of which some go to E."""
    units = gpd.GeoDataFrame({"code": [f"U{n}" for n in range(6)]}, geometry=squares(), crs="EPSG:4547")
    plan = plan_of(units, ["W", "W", "W", "E", "E", "<b>"], pd.DataFrame(columns=["code", "name", "utilities"]))
    after = assign_units(plan, moved, "E").done(plan) if moved else plan
    found = plan_diff(plan, after, tables=tables(), now=NOW)
    empty = gpd.GeoSeries([], crs="EPSG:4547")
    ground = {"landcover": rows("landcover", empty), "streets": rows("streets", empty)}
    sides = Side("B1 <旧>", plan_grids(plan)), Side("B2", plan_grids(after))
    at = datetime(2026, 11, 27, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    return plan_diff_html(found, *sides, ground, city="滨江市", made_at=at, language=language)


def cells(html, key):
    """Return the rows of one table."""
    part = html[html.index(f'<section id="{key}">') :]
    found = re.findall(r"<tr>(.*?)</tr>", part[: part.index("</section>")])
    return [[unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)] for row in found if "<td" in row]


def test_the_page_tells_what_moves_whom_it_concerns_and_every_grid_before_and_after():
    html = page(["U2"])
    assert cells(html, "moves") == [["W → E", "10", "1", "1", "0.0", "0", "0", "0.01"]]
    assert cells(html, "leaders") == [["W → E", "P1", "P2", "1"]]
    told = {row[0]: row for row in cells(html, "grids")}
    assert told["E"][1:7] == ["20", "30", "0", "1", "0", "1"]
    assert told["W"][1:7] == ["30", "20", "1", "0", "1", "0"]
    assert told["W"][-1] == "1.00"
    tiles = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", html))
    assert tiles["Moves: Households"] == "10"
    assert tiles["Open incidents that change leader"] == "1"


def test_a_grid_that_keeps_its_ground_is_folded_away():
    html = page(["U2"])
    folded = html[html.index("<details>") :]
    assert "1 more grids keep their ground" in folded
    assert "&lt;b&gt;" in folded
    assert ">E<" not in folded


def test_a_move_is_drawn_with_the_borders_of_both_plans_and_found_by_its_name():
    html = page(["U2"])
    svg = html[html.index('<svg class="drawing"') : html.index("</figure>")]
    assert 'data-code="W → E"' in svg
    west = [float(n) for n in re.findall(r"translate\((\d+) \d+\)", svg)][:1]
    assert west == [pytest.approx(10 * (1000 + 0), abs=600)]  # the middle of a drawing around the one square


def test_the_map_tells_apart_what_comes_under_another_leader():
    assert len(set(re.findall(r'<path class="(s\d+) s\d+"', page(["U2"])))) == 1
    assert cells(page(["U2", "U5"]), "leaders") == [["W → E", "P1", "P2", "1"], ["<b> → E", "nobody", "P2", "0"]]


def test_plans_that_differ_in_nothing_say_so():
    html = page([])
    assert "Nothing moves to another grid." in html
    assert cells(html, "moves") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_for_nothing_and_escapes_names_in_every_language(language):
    html = page(["U2"], language)
    require_offline(html)
    assert f'<html lang="{language}">' in html
    assert "<旧>" not in html
    assert "&lt;旧&gt;" in html
