"""Boundary plans by script: from the grids in force to those of a new plan."""

import contextlib
import csv
import io
import json
import logging
import sqlite3
import warnings

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
import shapely

from dashboards.snapshot import Snapshot
from gisapp.grids import grids_at
from gisapp.store import create_store, open_store
from gisapp.tables import conform

X, Y = 500_000.0, 3_400_000.0
SINCE = pd.Timestamp("2024-01-01", tz="UTC")
LATER = "2099-01-01 00:00"


def frame(table, shapes, **columns):
    return conform(gpd.GeoDataFrame(columns | {"geom": shapes}, geometry="geom", crs="EPSG:4547"), table)


@pytest.fixture
def board(tmp_path):
    """Two rows of four squares of 100 m; W has six of them, E two; ten households in the middle of each square."""
    path = tmp_path / "board.gpkg"
    places = [(col, row) for row in range(2) for col in range(4)]
    units = [shapely.box(X + 100 * c, Y + 100 * r, X + 100 * c + 100, Y + 100 * r + 100) for c, r in places]
    grids = [shapely.box(X, Y, X + 300, Y + 200), shapely.box(X + 300, Y, X + 400, Y + 200)]
    homes = {"code": [f"C{n}" for n in range(8)], "kind": "resident", "households": 10, "meter_inside": True}
    posts = {"person_code": ["P1", "P2"], "role": "grid_leader", "scope_kind": "grid", "scope": ["W", "E"]}
    with create_store(path, crs="EPSG:4547") as store:
        tables = {
            "grids": frame("grids", grids, code=["W", "E"], name=["西", "东"], utilities="water", valid_from=SINCE),
            "unit_grids": frame("unit_grids", units, code=[f"U{n}" for n in range(8)]),
            "customers": frame("customers", [unit.centroid for unit in units], **homes),
            "people": conform(pd.DataFrame({"code": ["P1", "P2"], "name": ["甲", "乙"]}), "people"),
            "posts": conform(pd.DataFrame(posts | {"valid_from": SINCE}), "posts"),
        }
        store.save(tables, actor="t")
    return path


@pytest.fixture
def plan(run, board):
    """Return how to call a verb on the board."""

    def call(*words):
        return run("plan", words[0], *words[1:], "--store", board)

    return call


def code_of(answer):
    status, out, err = answer
    assert status in (0, 1), err
    return json.loads(out)["plan"]


def balanced(plan, tmp_path):
    """Return the code of a draft that is a proposal for the grids in force."""
    target = tmp_path / "proposal.csv"
    assert plan("rebalance", "--tolerance", "0.01", "--format", "csv", "-o", target)[0] == 0
    return code_of(plan("new", "--name", "均衡", "--assign", target))


def test_a_plan_goes_from_the_grids_in_force_to_its_own_minute(plan, board, tmp_path):
    code = balanced(plan, tmp_path)
    assert plan("check", code)[0] == 0
    for verb in ("submit", "approve"):
        assert plan(verb, code)[0] == 0
    assert plan("activate", code, "--at", LATER)[0] == 0
    rows = list(csv.DictReader(io.StringIO(plan("list")[1])))
    assert [(row["code"], row["name"], row["status"]) for row in rows] == [(code, "均衡", "approved")]
    with open_store(board) as store:
        grids = store.table("grids")
    then = pd.Timestamp(LATER, tz="Asia/Shanghai")
    assert grids_at(grids, then).geometry.area.tolist() == [4e4, 4e4]
    assert grids_at(grids, then - pd.Timedelta(minutes=1)).geometry.area.tolist() == [6e4, 2e4]


def test_an_activation_names_the_grid_that_would_have_no_leader_and_a_check_lists_it(plan, board):
    code = code_of(plan("new", "--name", "一"))
    assert plan("name", code, "W", "--code", "V", "--leader", "")[0] == 0
    status, out, _ = plan("check", code)
    assert (status, [(row["kind"], row["grid"]) for row in csv.DictReader(io.StringIO(out))]) == (
        1,
        [("no_leader", "V")],
    )
    for verb in ("submit", "approve"):
        assert plan(verb, code)[0] == 0
    status, _, told = plan("activate", code, "--at", LATER)
    assert (status, "grid V has 0 leaders" in told) == (2, True)
    assert plan("activate", code, "--at", LATER, "--except", "V")[0] == 0


def test_a_comparison_tells_what_moves_to_whom_and_the_workbook_says_the_same(plan, tmp_path):
    code = balanced(plan, tmp_path)
    status, out, words = plan("diff", "now", code)
    told = json.loads(out)
    move = told["moves"][0]
    assert (status, len(told["moves"])) == (0, 1)
    assert (move["from"], move["to"], move["households"], move["area_km2"]) == ("W", "E", 20, 0.02)
    assert told["leaders"] == [
        {"from": "W", "to": "E", "leader_before": "P1", "leader_after": "P2", "open_incidents": 0}
    ]
    east = told["grids"][0]
    assert (east["code"], east["before_households"], east["after_households"]) == ("E", 20, 40)
    assert "20 households" in words
    book = tmp_path / "diff.xlsx"
    assert plan("diff", "now", code, "--format", "xlsx", "-o", book)[0] == 0
    rows = list(openpyxl.load_workbook(book)["moves"].values)
    assert dict(zip(rows[0], rows[1], strict=True)) == move
    assert plan("diff", code, code)[0] == 2


def test_a_comparison_counts_the_year_up_to_the_newest_report_as_the_screens_do(plan, board, tmp_path):
    code, last = balanced(plan, tmp_path), pd.Timestamp("2024-06-30", tz="UTC")
    said = {"code": ["I1", "I2"], "type": "leak", "channel": "phone", "status": "archived", "drill": False}
    times = [last, last - pd.DateOffset(months=11)]
    with open_store(board) as store:
        spots = [shapely.Point(X + 10, Y + 10)] * 2
        store.save({"incidents": frame("incidents", spots, **said, reported_at=times)}, actor="t")
        figures = Snapshot(store).workload().set_index("code")["incidents_12m"]
    told = json.loads(plan("diff", "now", code, "--format", "json")[1])["grids"]
    assert {row["code"]: row["before_incidents_12m"] for row in told} == figures.to_dict() == {"W": 2, "E": 0}


def test_a_comparison_is_a_page_in_the_language_asked_for(plan, tmp_path):
    code, page = balanced(plan, tmp_path), tmp_path / "diff.html"
    assert plan("diff", "now", code, "--format", "html", "--lang", "zh-Hant", "-o", page)[0] == 0
    html = page.read_text(encoding="utf-8")
    assert f"<h1>劃分方案對比：現行網格 → {code} 均衡</h1>" in html
    assert "W → E" in html
    assert plan("diff", "now", code, "--format", "html", "--lang", "en")[1].startswith("<!doctype html>")


def test_a_plan_that_differs_in_nothing_and_one_with_faults_are_a_no(plan):
    code = code_of(plan("new", "--name", "一"))
    assert plan("diff", "now", code)[0] == 1
    status, out, words = plan("check", code, "--pattern", "G[0-9]+")
    assert (status, [row["kind"] for row in csv.DictReader(io.StringIO(out))]) == (1, ["code", "code"])
    assert "2 grids of 8 units, 2 faults" in words


def test_an_exported_plan_is_geojson_in_degrees(plan):
    code = code_of(plan("new", "--name", "一"))
    status, out, _ = plan("export", code, "--format", "geojson")
    features = json.loads(out)["features"]
    assert (status, [one["properties"]["leader"] for one in features]) == (0, ["P2", "P1"])
    assert 110 < features[0]["geometry"]["coordinates"][0][0][0] < 120


def test_an_exported_plan_is_kml_that_gdal_reads(plan, tmp_path):
    code = code_of(plan("new", "--name", "一"))
    target = tmp_path / "plan.kml"
    assert plan("export", code, "--format", "kml", "-o", target)[0] == 0
    read = gpd.read_file(target).to_crs("EPSG:4547")
    assert read[["Name", "title", "leader"]].to_numpy().tolist() == [["E", "东", "P2"], ["W", "西", "P1"]]
    assert read.geometry.area.tolist() == pytest.approx([2e4, 6e4], abs=0.1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("unit,grid\nU0,W\n", "unit U1"),
        ("a,b\n1,2\n", "has no columns unit and grid"),
        ("unit,grid\n" + "".join(f"U{n},W\n" for n in [*range(8), 7]), "unknown or stands twice"),
    ],
)
def test_a_proposal_that_does_not_fit_the_units_is_refused(plan, tmp_path, text, said):
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    status, out, words = plan("new", "--name", "一", "--assign", tmp_path / "p.csv")
    assert (status, out) == (2, "")
    assert said in words
    assert "0 plans" in plan("list")[2]


def test_an_exported_plan_is_a_shapefile_with_leaders_codes(plan, tmp_path):
    code = code_of(plan("new", "--name", "一"))
    target = tmp_path / "plan.shp"
    assert plan("export", code, "--format", "shp", "-o", tmp_path / "plan")[0] == 2
    assert plan("export", code, "--format", "shp", "-o", target)[0] == 0
    read = gpd.read_file(target)
    assert read[["code", "name", "leader"]].to_numpy().tolist() == [["E", "东", "P2"], ["W", "西", "P1"]]
    assert (read.geometry.area.tolist(), read.crs.to_epsg()) == ([2e4, 6e4], 4547)


def test_an_exported_plan_is_a_geopackage_with_leaders_codes(plan, tmp_path):
    code = code_of(plan("new", "--name", "一"))
    target = tmp_path / "plan.gpkg"
    assert plan("export", code, "--format", "gpkg", "-o", target)[0] == 0
    read = gpd.read_file(target)
    assert read[["code", "leader"]].to_numpy().tolist() == [["E", "P2"], ["W", "P1"]]
    assert read.geometry.area.tolist() == [2e4, 6e4]


@pytest.mark.parametrize("form", ["gpkg", "geojson", "shp", "kml"])
def test_gdal_opens_every_export_without_a_warning(plan, tmp_path, form, caplog):
    code, target = code_of(plan("new", "--name", "一")), tmp_path / f"plan.{form}"
    assert plan("export", code, "--format", form, "-o", target)[0] == 0
    with warnings.catch_warnings(), caplog.at_level(logging.DEBUG, logger="pyogrio"):
        warnings.simplefilter("error")
        read = gpd.read_file(target, engine="pyogrio")
    assert [one.message for one in caplog.records if one.levelno >= logging.WARNING] == []
    assert (len(read), bool(read.geometry.is_valid.all()), read.crs is not None) == (2, True, True)


def test_an_exported_geopackage_is_of_version_1_3(plan, tmp_path):
    code, target = code_of(plan("new", "--name", "一")), tmp_path / "plan.gpkg"
    assert plan("export", code, "--format", "gpkg", "-o", target)[0] == 0
    with contextlib.closing(sqlite3.connect(target)) as raw:
        version, kind = (raw.execute(f"PRAGMA {name}").fetchone()[0] for name in ("user_version", "application_id"))
    assert (version, kind.to_bytes(4, "big")) == (10300, b"GPKG")


def test_a_comment_is_said_and_listed_and_one_outside_is_refused(plan):
    code = code_of(plan("new", "--name", "一"))
    assert json.loads(plan("comment", code, "避开学校", "--at", f"{X + 150},{Y + 50}")[1])["comment"] == 1
    assert json.loads(plan("comment", code, "太大", "--grid", "W")[1])["comment"] == 2
    assert "lies outside the plan" in plan("comment", code, "远", "--at", "0,0")[2]
    assert "a place 'here'" in plan("comment", code, "远", "--at", "here")[2]
    status, out, words = plan("comments", code)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (status, "2 comments" in words) == (0, True)
    assert [(row["number"], row["text"], row["grid_code"]) for row in rows] == [
        ("1", "避开学校", ""),
        ("2", "太大", "W"),
    ]
    assert (float(rows[0]["x"]), rows[1]["x"]) == (X + 150, "")
    assert plan("comments", "B9")[0] == 2


def test_a_grid_is_named_and_led_by_whom_the_plan_says(plan):
    """G2.2"""
    code = code_of(plan("new", "--name", "一"))
    assert plan("name", code, "W", "--name", "西区", "--leader", "P1")[0] == 0
    status, out, _ = plan("name", code, "W", "--code", "W2")
    assert (status, json.loads(out)) == (
        0,
        {"plan": code, "grid": "W2", "name": "西区", "utilities": "water", "leader": "P1"},
    )
    status, out, _ = plan("export", code, "--format", "geojson")
    assert ("W2", "P1") in [
        (one["properties"]["code"], one["properties"]["leader"]) for one in json.loads(out)["features"]
    ]
    for words, said in ((("E", "--code", "W2"), "is taken"), (("X", "--name", "a"), "no grid 'X'")):
        status, _, err = plan("name", code, *words)
        assert (status, said in err) == (2, True)


@pytest.fixture
def zones(board):
    """Two pressure zones, west and east of the middle, and a DMA of the two southern squares in the west."""
    boxes = [shapely.box(X, Y, X + 200, Y + 200), shapely.box(X + 200, Y, X + 400, Y + 200)]
    boxes.append(shapely.box(X, Y, X + 200, Y + 100))
    kinds = ["pressure_zone", "pressure_zone", "dma"]
    with open_store(board) as store:
        store.save({"limits": frame("limits", boxes, kind=kinds, code=["Z1", "Z2", "D1"])}, actor="t")
    return board


def test_a_grid_across_a_zone_is_a_fault_where_the_plan_was_told_not_to(plan, zones):
    code = code_of(plan("new", "--name", "一"))
    assert plan("check", code)[0] == 0
    status, out, _ = plan("check", code, "--not-across", "pressure_zone", "--not-across", "dma")
    told = [(row["kind"], row["grid"], row["told"]) for row in csv.DictReader(io.StringIO(out))]
    assert (status, told) == (1, [("crossed", "W", "crosses pressure_zone: Z1, Z2")])
    status, _, words = plan("check", code, "--not-across", "communities")
    assert (status, "the store holds no communities" in words) == (2, True)
    kept = code_of(plan("new", "--name", "二", "--not-across", "pressure_zone"))
    assert "crosses pressure_zone" in plan("check", kept)[1]  # it stays with the plan


@pytest.mark.parametrize(("layers", "k"), [(("pressure_zone",), 4), (("pressure_zone", "dma"), 4)])
def test_a_proposal_keeps_within_the_zones_that_it_was_told_not_to_cross(plan, zones, tmp_path, layers, k):
    target = tmp_path / "p.csv"
    told = [word for layer in layers for word in ("--not-across", layer)]
    asked = ("--k", str(k), "--tolerance", "0.5", "--format", "csv", "-o", target)
    assert plan("suggest", *asked, *told)[0] in (0, 1)
    code = code_of(plan("new", "--name", "二", "--assign", target))
    assert "crossed" not in plan("check", code, *told)[1]
    free = ("--k", str(k - 1), "--tolerance", "0.5", "--format", "csv", "-o", target)
    assert plan("suggest", *free)[0] in (0, 1)
    code = code_of(plan("new", "--name", "三", "--assign", target))
    assert "crossed" in plan("check", code, *told)[1]


def test_a_plan_takes_bridges_that_are_named_and_those_of_streets(plan, board):
    code = code_of(plan("new", "--name", "一", "--bridge", "U0:U7"))
    with open_store(board) as store:
        assert store.plans.load(code).plan.bridges == (("U0", "U7"),)
    code = code_of(plan("new", "--name", "二", "--bridge", "streets"))
    with open_store(board) as store:
        assert store.plans.load(code).plan.bridges == ()
    for words, said in (("U0", "a bridge 'U0'"), ("U0:U99", "no unit 'U99'")):
        status, _, err = plan("new", "--name", "三", "--bridge", words)
        assert (status, said in err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "B9"), "there is no plan 'B9'"),
        (("submit", "B9"), "there is no plan 'B9'"),
        (("diff", "now", "B9", "--format", "xlsx"), "a workbook cannot go to standard output"),
        (("export", "B9", "--format", "shp"), "a shapefile cannot go to standard output"),
        (("export", "B9", "--format", "gpkg"), "a GeoPackage cannot go to standard output"),
    ],
)
def test_bad_input_is_told_and_writes_nothing(plan, words, said):
    status, out, err = plan(*words)
    assert (status, out) == (2, "")
    assert said in err
    assert "0 plans" in plan("list")[2]


def test_a_proposal_without_units_says_how_to_make_them(run, tmp_path):
    path = tmp_path / "bare.gpkg"
    columns = {"code": ["W"], "name": "西", "utilities": "water", "valid_from": SINCE}
    with create_store(path, crs="EPSG:4547") as store:
        store.save({"grids": frame("grids", [shapely.box(X, Y, X + 100, Y + 100)], **columns)}, actor="t")
    status, _, told = run("plan", "suggest", "--k", "2", "--store", path)
    assert (status, "plan new --units streets" in told) == (2, True)


def test_a_weight_that_no_unit_has_is_told_and_so_are_more_grids_than_units(plan):
    status, _, told = plan("suggest", "--k", "2", "--weight", "pipe_m")
    assert (status, "no unit has any pipe_m; weigh by another" in told) == (2, True)
    status, _, told = plan("suggest", "--k", "9")
    assert (status, "9 grids of 8 units" in told) == (2, True)
