"""The command line, from files to answers: data on standard output, words on standard error, exit status."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
import wntr
from pyproj import Transformer

from dashboards.__main__ import main, parser
from gisapp.crs import bd09_from_wgs84, gcj02_from_wgs84
from gisapp.store import create_store, open_store

NET3 = wntr.library.ModelLibrary().get_filepath("Net3")
SQUARES = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}},
    "features": [
        {
            "type": "Feature",
            "properties": {"code": code, "name": f"网格{code}", "utilities": "water", "valid_from": "2020-01-01"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[x, 3400000], [x + 100, 3400000], [x + 100, 3400100], [x, 3400100], [x, 3400000]]],
            },
        }
        for code, x in (("G001", 500000), ("G002", 500100))
    ],
}
HOTLINE = (
    "工单号,类型,时间,东,北\n0001,漏水,2026-10-01 08:00,500010,3400010\n0002,停水,2026-10-02 09:30,500150,3400050\n"
)
MAPPING = """
[columns]
code = "工单号"
type = "类型"
reported_at = "时间"
[values]
channel = "phone"
status = "registered"
drill = false
[choices.type]
"漏水" = "leak"
"停水" = "no_supply"
[geometry]
x = "东"
y = "北"
"""


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "my.gpkg"
    create_store(path, crs="EPSG:4547", name="示例").close()
    return path


@pytest.fixture
def city(store, tmp_path, run):
    (tmp_path / "grids.geojson").write_text(json.dumps(SQUARES), encoding="utf-8")
    (tmp_path / "m.toml").write_text(MAPPING, encoding="utf-8")
    (tmp_path / "hotline.csv").write_text(HOTLINE, encoding="gb18030")
    assert run("import", tmp_path / "grids.geojson", "--store", store, "--as", "grids")[0] == 0
    words = ["--mapping", tmp_path / "m.toml", "--crs", "EPSG:4547", "--encoding", "gb18030"]
    assert run("import", tmp_path / "hotline.csv", "--store", store, "--as", "incidents", *words)[0] == 0
    return store


def digest(path):
    with open_store(path) as opened:
        return {name: opened.count(name) for name in opened.revisions()}, opened.revisions()


def test_every_command_shows_an_example(capsys):
    for name in parser()._subparsers._group_actions[0].choices:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert f"gisapp {name}" in capsys.readouterr().out.split("example:")[1]


def test_init_refuses_a_file_that_exists_and_a_crs_in_degrees(store, run, tmp_path):
    status, out, words = run("init", "--store", store, "--crs", "EPSG:4547")
    assert (status, out) == (2, "")
    assert "my.gpkg" in words
    status, _, words = run("init", "--store", tmp_path / "b.gpkg", "--crs", "EPSG:4490")
    assert status == 2
    assert "degrees" in words
    assert not (tmp_path / "b.gpkg").exists()


def test_a_store_of_today_needs_no_upgrade_and_a_missing_one_is_named(city, run, tmp_path):
    assert run("upgrade", "--store", city)[::2] == (0, f"{city}: is up to date\n")
    assert run("upgrade", "--store", tmp_path / "none.gpkg")[0] == 2


def test_a_gbk_hotline_file_lands_in_its_grids_with_a_report_beside_it(city, tmp_path):
    with open_store(city) as opened:
        placed = opened.table("incidents").set_index("code")
        assert placed["grid_code"].to_dict() == {"0001": "G001", "0002": "G002"}
        assert (placed["grid_rev"] == opened.revision("grids")).all()
        assert len(opened.imports()) == 2
    report = json.loads((tmp_path / "hotline.csv.report.json").read_text(encoding="utf-8"))
    assert (report["rows"], report["accepted"]) == (2, 2)


def test_a_dry_run_writes_nothing(city, tmp_path, run):
    before = digest(city)
    (tmp_path / "more.csv").write_text(HOTLINE.replace("\n000", "\n100"), encoding="utf-8")
    words = ["--mapping", tmp_path / "m.toml", "--crs", "EPSG:4547", "--dry-run"]
    status, out, _ = run("import", tmp_path / "more.csv", "--store", city, "--as", "incidents", *words)
    assert (status, json.loads(out)["accepted"]) == (0, 2)
    assert digest(city) == before
    assert not (tmp_path / "more.csv.report.json").exists()


def test_one_bad_row_keeps_the_file_out_and_its_report_names_the_row(city, tmp_path, run):
    before = digest(city)
    (tmp_path / "bad.csv").write_text(HOTLINE.replace("\n000", "\n200").replace("停水", "飞碟"), encoding="utf-8")
    words = ["--mapping", tmp_path / "m.toml", "--crs", "EPSG:4547"]
    status, out, told = run("import", tmp_path / "bad.csv", "--store", city, "--as", "incidents", *words)
    assert status == 2
    assert digest(city) == before
    assert json.loads(out)["rejected"][0]["row"] == 2
    assert (tmp_path / "bad.csv.report.json").exists()
    assert "bad.csv" in told
    words.append("--skip-rejected")
    assert run("import", tmp_path / "bad.csv", "--store", city, "--as", "incidents", *words)[0] == 0
    assert digest(city)[0]["incidents"] == before[0]["incidents"] + 1


def test_gbk_without_a_declared_encoding_is_refused(city, tmp_path, run):
    before = digest(city)
    words = ["--mapping", tmp_path / "m.toml", "--crs", "EPSG:4547"]
    status, _, told = run("import", tmp_path / "hotline.csv", "--store", city, "--as", "incidents", *words)
    assert status == 2
    assert "--encoding gb18030" in told
    assert digest(city) == before


def test_points_keep_their_columns_and_gain_grid_distance_and_reason(city, tmp_path, run):
    (tmp_path / "points.csv").write_text("id,x,y\n007,500010,3400010\n008,500250,3400050\n009,,\n", encoding="utf-8")
    status, _, told = run("assign", tmp_path / "points.csv", "--store", city, "-o", tmp_path / "out.csv")
    assert (status, told) == (0, "3 points: 1 in a grid, 2 in none\n")
    placed = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert list(placed.columns) == ["id", "x", "y", "grid", "distance_m", "why"]
    assert placed["id"].tolist() == ["007", "008", "009"]
    assert placed["grid"].tolist() == ["G001", "", ""]
    assert placed["distance_m"].tolist() == ["0.000", "50.000", ""]
    assert placed["why"].tolist() == ["inside", "outside by 50.0 m, nearest G002", "no position"]


@pytest.mark.parametrize(("frame", "shifted"), [("gcj02", gcj02_from_wgs84), ("bd09", bd09_from_wgs84)])
@pytest.mark.parametrize("names", [("lon", "lat"), ("经度", "纬度")])
def test_points_of_a_map_service_are_shifted_back(city, tmp_path, run, frame, shifted, names):
    degrees = Transformer.from_crs(4547, 4490, always_xy=True).transform([500010], [3400010])
    lon, lat = shifted(np.column_stack(degrees))[0]
    (tmp_path / "points.csv").write_text(f"{','.join(names)}\n{lon:.9f},{lat:.9f}\n", encoding="utf-8")
    named = [] if names == ("lon", "lat") else ["--x", names[0], "--y", names[1]]
    words = ["--store", city, "--frame", frame, *named]
    status, out, _ = run("assign", tmp_path / "points.csv", *words)
    assert status == 0
    assert out.splitlines()[1].endswith(",G001,0.000,inside")


def test_points_by_the_grids_of_a_time_before_all_grids_are_in_none(city, tmp_path, run):
    (tmp_path / "points.csv").write_text("x,y\n500010,3400010\n", encoding="utf-8")
    status, out, _ = run("assign", tmp_path / "points.csv", "--store", city, "--at", "2019-12-31")
    assert status == 1
    assert out.splitlines()[1].startswith("500010,3400010,,")


def test_points_without_columns_of_a_position_are_refused(city, tmp_path, run):
    (tmp_path / "points.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    status, _, told = run("assign", tmp_path / "points.csv", "--store", city)
    assert status == 2
    assert "--x and --y" in told


def test_a_network_goes_out_as_json_and_comes_back_the_same(net3, tmp_path, run):
    words = ["--utility", "water", "--format", "json"]
    assert run("export", "network", "--store", net3, *words, "-o", tmp_path / "net3.json")[0] == 0
    network = json.loads((tmp_path / "net3.json").read_text(encoding="utf-8"))
    assert {"nodes", "links", "devices", "sources", "customers"} <= set(network)
    assert len(network["links"]) == 119
    create_store(tmp_path / "again.gpkg", crs="EPSG:4547").close()
    words = ["--as", "network", "--utility", "water", "--crs", "EPSG:4547"]
    status, _, told = run("import", tmp_path / "net3.json", "--store", tmp_path / "again.gpkg", *words)
    assert status == 0, told
    words = ["--utility", "water", "--format", "json"]
    assert run("export", "network", "--store", tmp_path / "again.gpkg", *words, "-o", tmp_path / "b.json")[0] == 0
    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8"))["links"] == network["links"]


def test_a_shutoff_on_net3_answers_in_the_stated_form(net3, run):
    status, out, _ = run("shutoff", "--store", net3, "--utility", "water", "--pipe", "101")
    answer = json.loads(out)
    assert status == (0 if answer["can_isolate"] else 1)
    assert {"must_close", "optional", "verify_closed", "unusable", "restoration", "totals"} <= set(answer)
    assert all({"links", "customers"} <= set(answer[name]) for name in ("isolated", "unintended", "already_dry"))


def test_a_shutoff_page_is_one_file_in_each_language(net3, tmp_path, run):
    for language in ("zh-Hans", "zh-Hant", "en"):
        target = tmp_path / f"{language}.html"
        words = ["--pipe", "101", "--format", "html", "--lang", language, "-o", target]
        run("shutoff", "--store", net3, "--utility", "water", *words)
        page = target.read_text(encoding="utf-8")
        assert f'<html lang="{language}">' in page
        assert "<svg" in page
        assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_segments_list_every_link(net3, tmp_path, run):
    assert run("segments", "--store", net3, "--utility", "water", "-o", tmp_path / "s.csv")[0] == 0
    table = pd.read_csv(tmp_path / "s.csv", dtype={"link": str})
    assert list(table.columns[:3]) == ["link", "segment", "cell"]
    assert table["link"].nunique() == 119


@pytest.mark.parametrize("name", ["leaks.tif", "leaks.png"])
def test_density_is_written_for_the_days_asked(city, tmp_path, run, name):
    words = ["--from", "2026-10-01", "--to", "2026-10-01", "--bandwidth-m", "30", "--min-customers", "0", "-o"]
    status, _, told = run("density", "--store", city, *words, tmp_path / name)
    assert status == 0
    assert told.startswith("1 incidents with a position and 0 without")
    assert (tmp_path / name).stat().st_size > 500


def test_density_of_a_period_without_incidents_is_a_no(city, tmp_path, run):
    words = ["--from", "2020-10-01", "--to", "2020-10-01", "--bandwidth-m", "30", "-o", tmp_path / "none.tif"]
    status, _, told = run("density", "--store", city, *words)
    assert status == 1
    assert "nothing to draw" in told
    assert not (tmp_path / "none.tif").exists()


def test_a_map_is_one_file_without_addresses(city, tmp_path, run):
    layers = ["--layer", "grids", "--layer", "incidents"]
    status, _, told = run("map", "--store", city, *layers, "-o", tmp_path / "map.html")
    assert status == 0, told
    assert "G001" in (tmp_path / "map.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["grids", "incidents", "customers"])
@pytest.mark.parametrize("form", ["json", "gpkg", "csv"])
def test_exports_of_every_kind_and_form(city, tmp_path, run, what, form):
    target = tmp_path / f"{what}.{form}"
    assert run("export", what, "--store", city, "--format", form, "-o", target)[0] == 0
    assert target.stat().st_size > 0
    if form == "csv":
        assert not {"name", "phone", "address", "text"} & set(pd.read_csv(target).columns) - {"name"}


def test_an_export_holds_no_personal_data(city, tmp_path, run):
    status, out, _ = run("export", "incidents", "--store", city, "--format", "csv")
    assert status == 0
    assert not {"text", "reporter_phone"} & set(out.splitlines()[0].split(","))


def test_a_file_that_is_no_store_is_refused(tmp_path, run):
    path = tmp_path / "notes.gpkg"
    path.write_text("not a database", encoding="utf-8")
    before = hashlib.sha256(path.read_bytes()).digest()
    status, _, told = run("segments", "--store", path, "--utility", "water")
    assert status == 2
    assert "notes.gpkg" in told
    assert hashlib.sha256(path.read_bytes()).digest() == before


def test_a_host_that_others_reach_is_refused_without_accounts(city, run):
    status, _, told = run("serve", "--store", city, "--host", "0.0.0.0", "--port", "0")
    assert status == 2
    assert "loopback" in told or "127.0.0.1" in told


def test_an_outside_tile_source_needs_its_frame_and_its_key(city, run, monkeypatch):
    words = ["serve", "--store", city, "--basemap", "https://tiles.example/{z}/{x}/{y}?tk={key}"]
    status, _, told = run(*words)
    assert status == 2
    assert "--basemap-frame" in told
    monkeypatch.delenv("TILES_KEY", raising=False)
    status, _, told = run(*words, "--basemap-frame", "gcj02", "--basemap-key", "TILES_KEY")
    assert status == 2
    assert "TILES_KEY" in told


def test_a_report_that_cannot_be_saved_beside_the_file_does_not_undo_the_import(store, tmp_path, run):
    (tmp_path / "grids.geojson").write_text(json.dumps(SQUARES), encoding="utf-8")
    (tmp_path / "grids.geojson.report.json").mkdir()
    status, out, told = run("import", tmp_path / "grids.geojson", "--store", store, "--as", "grids")
    assert status == 0
    assert json.loads(out)["accepted"] == 2
    assert "on standard output only" in told
    assert digest(store)[0]["grids"] == 2
