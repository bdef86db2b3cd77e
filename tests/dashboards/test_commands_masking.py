"""No command and no export tells a clear phone, name or home; one incident in clear is written down."""

import json
from datetime import UTC, datetime, timedelta

import geopandas as gpd
import pytest
import riverside
from geopandas.testing import assert_geodataframe_equal

from gisapp.store import open_store

PHONES = ("13800138001", "139 0013 8002", "13700138003", "138-0013-8004", "13600138005", "13500138006")
SECRET = ("13800138001", "0013 8002", "13700138003", "0013-8004", "13600138005", "13500138006", "3单元", "王小明")
AT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def river(tmp_path_factory):
    """A town in which people typed phones wherever something can be typed; its file and the code of its shutoff."""
    path = tmp_path_factory.mktemp("river") / "river.gpkg"
    with riverside.store(path) as store:
        told = {"type": "leak", "channel": "phone", "utility": "water", "reported_at": AT, "link_code": "P2"}
        told |= {"text": f"王小明 {PHONES[0]} 家漏水", "reporter_phone": PHONES[0], "customer_code": "10040001"}
        told |= {"summary": f"王小明 {PHONES[1]} 4号楼3单元501室", "geom": riverside.point(100, 5), "measure_m": 100.0}
        store.report(told | {"code": "WX1"}, actor="E01")
        store.report(told | {"code": "WX2", "type": "complaint", "category": "conduct"}, actor="E01")
        for action, role, more in (
            ("remark", "unit", {"note": f"回电{PHONES[2]}"}),
            ("set_cause", "crew", {"value": f"见{PHONES[3]}"}),
            ("transfer", "unit", {"subject": f"王小明{PHONES[4]}", "note": "转"}),
        ):
            store.incidents.record("WX1", action, actor="E02", role=role, at=AT + timedelta(minutes=1), **more)
        head = {"utility": "water", "kind": "emergency", "links": "P2@100", "place": f"滨江路 {PHONES[5]}"}
        code = store.operations.open(head | {"reason": f"报修 {PHONES[5]}"}, "E01")
        store.operations.record(code, "set_etr", "E01", value="2026-12-30T06:00:00+08:00", note=PHONES[2])
        store.operations.record(code, "order", "E01")
        log = {"utility": "water", "device_code": "V1", "action": "closed", "note": PHONES[2], "at": AT}
        store.operations.operate(log, "E02")
    return path, code


def no_secret(text):
    assert not [word for word in SECRET if word in text]


@pytest.mark.parametrize(
    "words",
    [
        ("incidents", "list", "--all"),
        ("incidents", "show", "WX1"),
        ("proposals", "list", "--year", "2026"),
        ("proposals", "list", "--year", "2026", "--format", "csv"),
        ("assess", "--year", "2026", "--by", "person"),
        ("operation", "list"),
        ("operation", "show", "--shutoff", "CODE"),
        ("operation", "duties"),
        ("operation", "unordered"),
        ("notice", "--shutoff", "CODE"),
        ("notice", "--shutoff", "CODE", "--kind", "report", "--format", "txt"),
        ("notice", "--shutoff", "CODE", "--kind", "posting", "--format", "txt"),
        ("notice", "--shutoff", "CODE", "--kind", "fire", "--format", "txt"),
        ("export", "incidents", "--format", "json"),
        ("export", "incidents", "--format", "csv"),
        ("export", "customers", "--format", "csv"),
        ("audit", "list"),
    ],
    ids=" ".join,
)
def test_no_output_tells_a_clear_phone(run, river, words):
    """P4.5, P6.4."""
    path, code = river
    status, out, err = run(*[code if word == "CODE" else word for word in words], "--store", path)
    assert status in (0, 1), err
    no_secret(out + err)


@pytest.mark.parametrize("kind", ["gpkg", "parquet"])
def test_no_exported_file_tells_a_clear_phone(run, river, tmp_path, kind):
    """P4.5, P6.4, G7.6."""
    file = tmp_path / f"out.{kind}"
    assert run("export", "incidents", "--format", kind, "-o", file, "--store", river[0])[0] == 0
    frame = gpd.read_file(file) if kind == "gpkg" else gpd.read_parquet(file)
    no_secret(frame.to_csv())
    assert "4号楼***" in frame.to_csv()
    assert frame["code"].tolist() == ["WX1"]  # the complaint about conduct stays in the house
    assert frame["customer_code"].tolist() == ["****0001"]


def test_no_page_tells_a_clear_phone(run, river, tmp_path):
    """P4.5, P6.4."""
    path, code = river
    page, map_file = tmp_path / "pack.html", tmp_path / "map.html"
    assert run("pack", "--store", path, "--shutoff", code, "-o", page)[0] == 0
    words = ("--layer", "incidents", "--layer", "grids", "--min-customers", "0", "-o", map_file)
    assert run("map", "--store", path, *words)[0] == 0
    for file in (page, map_file):
        no_secret(file.read_text(encoding="utf-8"))


def test_what_left_the_house_is_written_down(run, river, tmp_path):
    """P4.5: who, what, how many rows."""
    run("export", "incidents", "--format", "csv", "-o", tmp_path / "out.csv", "--store", river[0])
    with open_store(river[0]) as store:
        last = store.audit().iloc[-1]
    assert last[["action", "actor", "note", "tables"]].tolist() == [
        "export",
        "local",
        "incidents as csv",
        {"incidents": 1},
    ]
    assert run("audit", "list", "--action", "export", "--store", river[0])[1].count("incidents as csv") >= 1


def test_one_incident_in_clear_wants_a_right_and_a_reason_and_is_written_down(run, river):
    """P6.4."""
    show = ("incidents", "show", "WX1", "--store", river[0])
    for words, said in (
        (("--clear", "回电"), "use one of customer_service"),
        (("--clear", "回电", "--role", "system"), "system may not see WX1 in clear"),
        (("--clear", " ", "--role", "unit"), "has no reason"),
    ):
        status, out, err = run(*show, *words)
        assert (status, out) == (2, "")
        assert said in err
    with open_store(river[0]) as store:
        before = len(store.audit())
    clear = json.loads(run(*show, "--clear", "回电", "--role", "unit", "--actor", "E02")[1])["clear"]
    assert (clear["reporter_phone"], clear["name"], clear["phone"]) == (PHONES[0], "户主1", "00005550001")
    assert f"回电{PHONES[2]}" in clear["notes"]
    with open_store(river[0]) as store:
        kept = store.audit().iloc[before:]
    assert kept[["actor", "note", "action"]].to_numpy().tolist() == [["E02", "WX1: 回电", "clear view as unit"]]


def test_a_complaint_about_conduct_is_read_by_the_discipline_office(run, river):
    """W15.8, W38.1."""
    listed = ("incidents", "list", "--all", "--store", river[0])
    assert "WX2" not in run(*listed)[1] + run(*listed, "--role", "dispatcher")[1]
    assert "WX2" in run(*listed, "--role", "discipline")[1]
    assert "WX2 is restricted" in run("incidents", "show", "WX2", "--role", "unit", "--store", river[0])[2]
    assert run("incidents", "show", "WX2", "--role", "discipline", "--store", river[0])[0] == 0


def test_what_is_exported_comes_in_again_without_loss(run, river, tmp_path):
    """P6.8: grids, nodes, links and devices, to the millimetre and the minute."""
    again = tmp_path / "again.gpkg"
    assert run("init", "--store", again, "--crs", riverside.CRS)[0] == 0
    for name in ("grids", "network"):
        file = tmp_path / f"{name}.gpkg"
        assert run("export", name, "--format", "gpkg", "-o", file, "--store", river[0])[0] == 0
        status, _, err = run("import", file, "--store", again, "--as", name, "--crs", riverside.CRS)
        assert status == 0, err
    with open_store(river[0]) as first, open_store(again) as second:
        for name in ("grids", "nodes", "links", "devices"):
            assert_geodataframe_equal(first.table(name), second.table(name), check_like=True)
