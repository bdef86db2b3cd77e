"""A hotline's export comes in by its own words and columns, with grid, unit, clocks and place; and goes out again."""

import json

import pandas as pd
import pytest
from hotline_town import HEAD, ROWS, hotline_town

from dashboards.dispatch.desk import Desk
from dashboards.snapshot import Snapshot
from gisapp.store import open_store

MAPPING = """
[columns]
code = "工单号"
type = "类型"
reported_at = "来电时间"
dispatched_at = "派单时间"
accepted_at = "受理时间"
customer_code = "户号"
text = "诉求内容"
[values]
utility = "water"
channel = "phone"
status = "accepted"
drill = false
[choices.type]
"漏水" = "leak"
"无水" = "no_supply"
"水质" = "quality"
[geometry]
x = "东坐标"
y = "北坐标"
address = "地址"
missing = "unlocated"
"""


@pytest.fixture
def town(tmp_path):
    return hotline_town(tmp_path / "town.gpkg")


@pytest.fixture
def bring(run, town, tmp_path):
    """Import rows as a file in GB18030, or as XLSX."""

    def brought(*rows, suffix=".csv", more=()):
        path, mapping = tmp_path / f"热线{suffix}", tmp_path / "m.toml"
        mapping.write_text(MAPPING, encoding="utf-8")
        if suffix == ".xlsx":
            pd.DataFrame([row.split(",") for row in rows], columns=HEAD.split(",")).to_excel(path, index=False)
        else:
            path.write_bytes("\n".join([HEAD, *rows]).encode("gb18030"))
        words = ["--as", "incidents", "--mapping", mapping, "--crs", "EPSG:4547", "--store", town]
        words += [] if suffix == ".xlsx" else ["--encoding", "gb18030"]
        status, _, err = run("import", path, *words, *more)
        return status, err, json.loads(path.with_name(f"{path.name}.report.json").read_text(encoding="utf-8"))

    return brought


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_an_export_comes_in_with_place_grid_unit_and_clocks(bring, town, suffix):  # W15.2, W9.1
    status, err, report = bring(*ROWS, suffix=suffix)
    assert status == 0, err
    with open_store(town) as store:
        rows, steps = store.table("incidents").set_index("code"), store.table("incident_steps")
    assert rows["grid_code"].fillna("-").tolist() == ["G0", "G2", "G1", "G1", "-"]
    assert rows["located_by"].fillna("-").tolist() == ["-", "-", "account", "building", "unlocated"]
    assert rows.loc[["R1", "R2", "R4"], "unit_code"].tolist() == ["U07", "U07", "U05"]
    said = {step["incident_code"]: json.loads(step["value"]) for step in steps.to_dict("records")}
    assert said["R1"]["unit_rule"].startswith("route ")
    assert "K1:met" in said["R1"]["clocks"].split(",")
    assert "K1:breached" in said["R2"]["clocks"].split(",")
    assert report["answers"]["located"] == {"coordinates": 2, "account": 1, "building": 1, "unlocated": 1}
    assert report["answers"]["grids"] == {"in_a_grid": 4, "in_none": 1}
    assert report["answers"]["clocks"]["K1"]["breached"] >= 1


def test_incidents_of_the_past_find_their_grid_and_nothing_else_is_worked_out(bring, town):
    status, err, report = bring(*ROWS, more=["--history"])
    assert status == 0, err
    assert "answers" not in report or not report["answers"]
    with open_store(town) as store:
        rows = store.table("incidents").set_index("code")
        assert store.count("incident_steps") == 0
        assert [step.action for step in store.incidents.incident("R1").steps] == []
    assert rows["grid_code"].fillna("-").tolist() == ["G0", "G2", "G1", "G1", "-"]
    assert rows["unit_code"].isna().all()


def test_the_history_goes_on_after_what_the_file_said(bring, town):
    bring(*ROWS)
    with open_store(town) as store:
        before = store.incidents.incident("R1")
        after = store.incidents.record("R1", "arrive", actor="K1", role="crew", note="路面冒水")
    assert [step.action for step in before.steps] == ["import"]
    assert [step.action for step in after.steps] == ["import", "arrive"]
    assert after.standing.repairs[0].moments["accepted_at"] == before.standing.repairs[0].moments["accepted_at"]


@pytest.mark.parametrize(
    ("place", "old", "new", "words"),
    [
        (1, "2026-11-20 09:25:01", "2026-11-20 09:01:00", "before dispatched_at"),
        (2, "2026-11-20 10:00:00", "2199-11-20 10:00:00", "later than now"),
        (2, "00000001", "00000007", "no known customer"),
        (3, "R4", "R1", "'R1' stood in row 1 already"),
        (3, "水质", "不知道", "found '不知道'"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_and_nothing_is_written(bring, town, place, old, new, words):
    rows = [row.replace(old, new) if at == place else row for at, row in enumerate(ROWS)]
    status, err, report = bring(*rows)
    assert status == 2
    assert f"row {place + 1}" in err
    assert words in report["rejected"][0]["found"]
    with open_store(town) as store:
        assert store.count("incidents") == store.count("incident_steps") == 0


def test_a_dry_run_tells_the_answers_and_writes_nothing(bring, town, run, tmp_path):
    status, out, _ = run("import", *_words(tmp_path, town), "--dry-run")
    assert (status, json.loads(out)["answers"]["grids"]["in_a_grid"]) == (0, 4)
    with open_store(town) as store:
        assert store.count("incidents") == 0


def _words(folder, town):
    (folder / "m.toml").write_text(MAPPING, encoding="utf-8")
    (folder / "a.csv").write_text("\n".join([HEAD, *ROWS]), encoding="utf-8")
    return folder / "a.csv", "--as", "incidents", "--mapping", folder / "m.toml", "--crs", "EPSG:4547", "--store", town


def test_incidents_go_out_in_the_names_of_open311_without_what_is_personal(bring, town, run):
    bring(*ROWS)
    status, out, _ = run("export", "incidents", "--format", "open311", "--store", town)
    told = {one["service_request_id"]: one for one in json.loads(out)}
    first = told["R1"]
    assert (status, len(told), first["status"], first["status_notes"]) == (0, 5, "open", "已受理")
    assert first["agency_responsible"] == "G0 旧 / 管网管理处"
    assert (first["requested_datetime"], first["updated_datetime"]) == ("2026-11-20T00:00:00Z", "2026-11-20T00:25:00Z")
    assert first["extended_attributes"]["state"] == "accepted"
    assert first["expected_datetime"] == "2026-11-20T00:45:00Z"
    assert 113 < first["long"] < 115
    assert 30 < first["lat"] < 31
    assert (told["R5"]["lat"], told["R5"]["agency_responsible"]) == (None, "水质监测中心")
    assert not any(word in out for word in ("13800000000", "张三", "501"))
    with open_store(town) as store:
        assert store.audit()["note"].iloc[-1] == "incidents as open311"


def test_only_incidents_are_requests(town, run):
    status, _, err = run("export", "grids", "--format", "open311", "--store", town)
    assert (status, "export incidents" in err) == (2, True)


def test_the_usual_headers_of_a_hotline_need_no_mapping(run, town, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join([HEAD, *ROWS]).encode("gb18030"))
    words = ["--as", "incidents", "--layout", "hotline", "--crs", "EPSG:4547", "--encoding", "gbk", "--store", town]
    status, out, err = run("import", path, *words)
    assert status == 0, err
    assert json.loads(out)["answers"]["located"] == {"coordinates": 2, "account": 1, "building": 1, "unlocated": 1}
    assert json.loads(out)["answers"]["near_border"] == 0
    path.write_text("类型,来电时间\n漏水,2026-11-20\n", encoding="utf-8")
    status, _, err = run("import", path, "--as", "incidents", "--layout", "hotline", "--store", town)
    assert (status, "no column of the file is known as code" in err) == (2, True)


ALIAS = """
[[alias]]
name = "老食堂"
code = "H1"
article = "自定"
valid_from = 2000-01-01
"""


def test_what_people_call_a_place_is_a_setting_and_locates_calls_and_imported_tickets(run, town, bring, tmp_path):
    own = tmp_path / "places.toml"
    own.write_text(ALIAS, encoding="utf-8")
    status, _, err = run("rules", "check", own)
    assert (status, "rules of places: 1 alias" in err) == (0, True)
    with open_store(town) as store:
        assert Desk(Snapshot(store)).register().find(None, "老食堂后面冒水").how == "unlocated"
    assert run("rules", "keep", own, "--store", town)[0] == 0
    with open_store(town) as store:
        found = Desk(Snapshot(store)).register().find(None, "老食堂后面冒水")
    assert (found.how, found.code) == ("alias", "H1")
    _, _, report = bring(ROWS[4].replace("说不清", "老 食堂 门口"))
    assert report["answers"]["located"] == {"building": 1}
    assert run("rules", "keep", "--ours", "places", "--store", town)[0] == 0
    with open_store(town) as store:
        assert store.place_aliases(pd.Timestamp.now("UTC")) == {}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"H1"', '" "', "field code: alias 1"),
        ('"H1"', '"H9"', "neither a building nor a community"),
        ('"老食堂"', '"3"', "field name: alias 1: found '3'"),
        ('"老食堂"', '"33"', "more than a number"),
        ('article = "自定"\n', "", "alias 1 has no article"),
        ("valid_from", "since", "alias 1 has no valid_from"),
        (ALIAS, ALIAS + ALIAS.replace("老食堂", "老 食堂"), "alias 1 and alias 2 say the same"),
    ],
)
def test_an_alias_that_is_wrong_is_named_and_nothing_is_kept(run, town, tmp_path, old, new, words):
    own = tmp_path / "places.toml"
    own.write_text(ALIAS.replace(old, new), encoding="utf-8")
    status, _, err = run("rules", "keep", own, "--store", town)
    assert (status, words in err) == (2, True), err
    with open_store(town) as store:
        assert store.kept_rules("places") is None


def test_rejected_rows_are_written_as_they_stand_for_who_brought_them_alone(bring, tmp_path):
    kept = tmp_path / "rejected.csv"
    wrong = ROWS[0].replace("R1", "R9").replace("漏水", "什么", 1)
    status, err, report = bring(*ROWS, wrong, more=("--rejected", kept))
    assert status == 2
    rows = pd.read_csv(kept, dtype=str, keep_default_na=False)
    assert rows[HEAD.split(",")].to_numpy().tolist() == [wrong.split(",")]
    assert rows["gisapp"].tolist() == [f"type: {report['rejected'][0]['found']}; {report['rejected'][0]['todo']}"]
    assert "1 rejected rows" in err
    assert kept.stat().st_mode & 0o077 == 0
