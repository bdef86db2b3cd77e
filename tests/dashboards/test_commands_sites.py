"""The commands on construction sites, their file, and what becomes of works that nobody reported."""

import json

import geopandas as gpd
import pytest
import shapely
from small_city import copy_small_city

from dashboards.__main__ import main
from gisapp.store import open_store


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("sites") / "city.gpkg"
    copy_small_city(path)
    return str(path)


@pytest.fixture
def told(city, capsys):
    """Run a command on the city; return its exit status, its JSON, and its words."""

    def run(*args):
        status = main([*args, "--store", city])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out[:1] in ("{", "[") else out, err

    return run


def test_the_sites_that_must_be_seen_to_are_listed_without_who_leads_them(told):
    """W21.1."""
    status, rows, said = told("sites", "list", "--flagged")
    flags = {row["code"][-2:]: row["flag"] for row in rows}
    assert (status, flags["03"], flags["04"]) == (0, "unreported", "unreported")
    assert "01" not in flags
    assert "2 unreported" in said
    assert not {"project_leader", "contact"} & set(rows[0])


def test_a_site_is_reported_worked_on_checked_and_closed(told, city):
    """W21.1, W22.1."""
    with open_store(city) as store:
        x, y = store.table("devices").query("utility == 'water'").geometry.iloc[0].coords[0]
    outline = " ".join(f"{x + east},{y + north}" for east, north in ((-5, -5), (5, -5), (5, 5), (-5, 5)))
    head = ("--title", "阀门井改造", "--outline", outline, "--at", "2026-11-20T08:00:00+08:00")
    status, _, said = told("sites", "report", *head)
    assert (status, "not whole; tell dispatch the day of the start, day of the end, project leader" in said) == (
        2,
        True,
    )
    period = ("--planned-start", "2026-11-21T08:00:00+08:00", "--planned-end", "2026-11-23T18:00:00+08:00")
    whole = (*head, *period, "--project-leader", "项目负责人", "--contact", "分机8001")
    status, after, said = told("sites", "report", *whole)
    assert (status, after["status"], "within 10 m" in said) == (0, "reported", True)
    code = after["site"]
    near = told("sites", "near", code, "--utility", "water")[1]
    assert near["devices"][0]["distance_m"] == 0
    assert {row["utility"] for row in (*near["links"], *near["devices"])} == {"water"}
    assert all(row["code"].startswith("****") for row in near["customers"])
    at = ("--at", "2026-11-21T08:00:00+08:00")
    assert told("sites", "act", code, "start", *at)[1]["unreported"] is False
    assert told("sites", "act", code, "finish", "--at", "2026-11-22T08:00:00+08:00")[0] == 0
    assert told("sites", "act", code, "close")[0] == 2
    for name in told("sites", "show", code)[1]["unchecked"]:
        assert told("sites", "act", code, "check", "--subject", name, "--value", "good", "--photo", "p.jpg")[0] == 0
    assert told("sites", "act", code, "close")[1]["status"] == "closed"
    shown = json.dumps(told("sites", "show", code)[1], ensure_ascii=False)
    assert "分机8001" not in shown
    assert "项目负责人" not in shown


def test_corners_that_enclose_nothing_are_refused(told):
    for outline in ("1,2 3,4", "0,0 10,10 10,0 0,10", "a,b c,d e,f"):
        status, _, said = told("sites", "open", "--title", "x", "--outline", outline)
        assert (status, "field --outline" in said) == (2, True)


def test_sites_come_in_by_a_file_and_wrong_rows_are_named(told, city, tmp_path):
    """W21.1."""
    with open_store(city) as store:
        west, south, *_ = store.table("grids").total_bounds
        crs = store.crs
    rows = {"code": ["S1", "S2"], "title": ["电缆沟", "热力管沟"], "opened_at": "2026-11-20T08:00:00+08:00"}
    times = {"planned_start": "2030-01-02T08:00:00+08:00", "planned_end": "2030-01-05T08:00:00+08:00"}
    shapes = [shapely.box(west + 500 + at, south + 500, west + 520 + at, south + 510) for at in (0, 100)]
    path = tmp_path / "sites.gpkg"
    gpd.GeoDataFrame(rows | times, geometry=shapes, crs=crs).to_file(path)
    assert told("import", str(path), "--as", "sites")[0] == 0
    assert told("sites", "show", "S1")[1]["lacks"] == ["project_leader", "contact"]
    wrong = gpd.GeoDataFrame(
        rows | times | {"code": ["S3", "S4"], "unit_code": ["U99", None]}, geometry=shapes, crs=crs
    )
    wrong.assign(planned_end=[times["planned_end"], "2029-01-05T08:00:00+08:00"]).to_file(path)
    assert told("import", str(path), "--as", "sites")[0] == 2
    report = (tmp_path / "sites.gpkg.report.json").read_text(encoding="utf-8")
    assert "'U99' is no known unit" in report
    assert "before planned_start" in report


def test_a_start_without_a_report_is_proposed_and_a_person_decides(told):
    """W35.9."""
    rows = told("proposals", "list", "--month", "2026-11", "--finding", "unreported_site")[1]["proposals"]
    assert [(row["linked"][-3:], row["what"]) for row in rows] == [("-03", "late"), ("-04", "never")]
    status, decided, _ = told(
        "proposals", "decide", rows[1]["proposal"], "confirmed", "--actor", "E020", "--amount", "300"
    )
    assert (status, decided["amount"]) == (0, 300)


@pytest.mark.parametrize("outline", ["0,0 10,0 10,10", "113.9,30.7 114.0,30.7 114.0,30.8"])
def test_an_area_outside_every_grid_is_refused_with_where_it_must_lie(told, city, outline):
    with open_store(city) as store:
        before, west = store.count("construction_sites"), store.table("grids").total_bounds[0]
    status, _, said = told("sites", "report", "--title", "改造", "--outline", outline)
    assert (status, "the area meets no grid in force" in said, f"between {west:.0f}" in said) == (2, True, True)
    with open_store(city) as store:
        assert store.count("construction_sites") == before


def test_a_site_of_the_sample_city_bears_the_day_on_which_it_was_opened(city):
    with open_store(city) as store:
        sites, zone = store.table("construction_sites"), store.zone
    days = sites["opened_at"].dt.tz_convert(zone).dt.strftime("C%Y%m%d")
    opened = sites["code"].str.match(r"C\d{8}-0[1-6]$") & (sites["code"].str[:9] == days)
    assert opened.sum() >= 6
