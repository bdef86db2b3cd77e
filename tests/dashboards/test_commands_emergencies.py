"""The commands on emergencies, and the files of material and plans."""

import json

import pytest
from small_city import copy_small_city

from dashboards.__main__ import main


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("emergencies") / "city.gpkg"
    copy_small_city(path)
    return str(path)


@pytest.fixture
def told(city, capsys):
    """Run a command on the city; return its exit status and what it printed, as JSON where it is."""

    def run(*args):
        status = main([*args, "--store", city])
        out = capsys.readouterr().out
        return status, json.loads(out) if out[:1] in ("{", "[") else out

    return run


def test_drills_stand_in_the_list_only_when_asked_for(told):
    """G8.5, P5.4."""
    rows = [told("emergency", "list", *more)[1].splitlines()[1:] for more in ((), ("--drills",))]
    assert [len(one) for one in rows] == [1, 2]
    assert rows[0][0].startswith("E20261014-01,water,burst,evaluated,False,")


def test_an_emergency_is_told_with_its_plan_its_clock_and_the_nearest_material(told):
    """G8.3, G8.4, G8.8."""
    status, shown = told("emergency", "show", "E20261014-01")
    assert status == 0
    assert [one["code"] for one in shown["plans"]] == ["YA-01"]
    assert [(one["tell"], one["state"]) for one in shown["informed"]] == [("供水主管部门（样本）", "met")]
    assert {one["distance_m"] for one in shown["materials"][:3]} == {0.0}
    assert [one["overdue"] for one in shown["measures"]] == [True]
    assert shown["intervals_min"] == {"verify": 9, "activate": 15, "report_up": 18, "stand_down": 250}


def test_an_emergency_runs_from_the_report_to_its_measures(told):
    """G8.1, G8.6."""
    opened = told("emergency", "open", "--kind", "fire", "--summary", "泵房起火", "--drill")[1]
    code = opened["emergency"]
    assert opened["plans"] == ["YA-07"]
    assert told("emergency", "act", code, "verify", "--note", "属实")[0] == 0
    assert told("emergency", "act", code, "activate", "--value", "4")[0] == 2
    assert told("emergency", "act", code, "appoint", "--subject", "E00001", "--value", "commander")[0] == 0
    assert told("emergency", "act", code, "activate", "--value", "4")[1]["status"] == "active"
    assert told("emergency", "act", code, "stand_down", "--note", "结束")[0] == 0
    assert told("emergency", "evaluate", code, "--note", "通讯不畅", "--measure", "E00001:soon:换电台")[0] == 2
    status, after = told("emergency", "evaluate", code, "--note", "通讯不畅", "--measure", "E00001:2026-12-31:换电台")
    assert (status, after["status"], len(after["open"])) == (0, "evaluated", 1)


def test_material_is_listed_that_must_be_seen_to_or_is_nearest(told):
    """P5.5, G8.4."""
    status, rows = told("emergency", "materials")
    assert status == 0
    assert {"below_minimum", "expired", "check_late"} <= {one["reason"] for one in rows}
    spot = "449600,4090000"
    near = told("emergency", "materials", "--near", spot, "--item", "水泵")[1]
    assert [one["store"] for one in near] != []
    assert near == sorted(near, key=lambda one: one["distance_m"])
    assert told("emergency", "materials", "--near", "east")[0] == 2
    assert told("emergency", "materials", "--item", "水泵")[0] == 2


def test_material_and_plans_come_in_through_the_door_with_their_wrong_rows_named(told, tmp_path, capsys):
    """G8.4."""
    path = tmp_path / "wz.csv"
    lines = ["code,item,quantity,minimum,store,x,y", "Z1,沙袋,50,20,4号库,114.434,36.946", "Z2,沙袋,many,20,4号库,,"]
    path.write_text("\n".join(lines), encoding="utf-8")
    stated = ("--as", "materials", "--crs", "EPSG:4490")
    assert told("import", str(path), *stated)[0] == 2
    report = json.loads((tmp_path / "wz.csv.report.json").read_text(encoding="utf-8"))
    assert {(one["row"], one["field"]) for one in report["rejected"]} >= {(2, "quantity"), (2, "geom")}
    plans = tmp_path / "ya.csv"
    plans.write_text("code,kind,utility,title\nYA-90,flood,water,防汛应急预案\nYA-01,burst,,重复\n", encoding="utf-8")
    assert told("import", str(plans), "--as", "plans")[0] == 2
    assert told("import", str(plans), "--as", "plans", "--skip-rejected")[0] == 0
    assert told("emergency", "open", "--kind", "flood", "--summary", "内涝", "--drill")[1]["plans"] == ["YA-90"]
