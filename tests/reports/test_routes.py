"""The two answers for every incident: the grid of its time, and the unit, each with its reason."""

from datetime import date
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from small_city import small_tables

from gisapp.errors import CrsError
from gisapp.grids import assign
from gisapp.reports.routes import routes_of
from gisapp.rules import rule_text
from gisapp.tables import conform

ZONE = ZoneInfo("Asia/Shanghai")
CRS = "EPSG:4547"


def framed(name, rows, shapes):
    made = gpd.GeoDataFrame(pd.DataFrame(rows), geometry=gpd.GeoSeries(shapes, crs=CRS)).rename_geometry("geom")
    for column in ("valid_from", "valid_to", "reported_at"):
        if column in made:
            made[column] = pd.to_datetime(made[column], utc=True)
    return conform(made, name)


@pytest.fixture
def town():
    since, change = "2020-01-01T00:00Z", "2026-06-01T00:00Z"
    told = [("G1", since, change), ("G2", since, change), ("G1", change, None)]
    grids = [{"code": c, "name": c, "utilities": "water", "valid_from": s, "valid_to": e} for c, s, e in told]
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(0, 0, 200, 100)]
    units = {"kind": "office", "name_hant": "x", "name_en": "x"}
    names = {"U01": "调度中心", "U02": "营业所", "U07": "管网管理处", "U12": "换表管理所"}
    return {
        "grids": framed("grids", grids, [shapely.MultiPolygon([shape]) for shape in shapes]),
        "buildings": framed(
            "buildings", [{"code": "H1", "kind": "residential"}], [shapely.MultiPolygon([shapely.box(10, 10, 20, 20)])]
        ),
        "customers": framed("customers", [{"code": "C1", "kind": "resident", "households": 1, "meter_inside": True}],
                            [shapely.Point(15, 15)]),
        "org_units": pd.DataFrame([{"code": code, "name_hans": name, **units} for code, name in names.items()]),
    }  # fmt: skip


def incidents(*rows):
    plain = [
        {"code": f"A{n}", "type": "leak", "channel": "phone", "status": "registered", "reported_at": at,
         "utility": "water", "drill": False, **more}
        for n, (_, at, more) in enumerate(rows)
    ]  # fmt: skip
    return framed("incidents", plain, [None if spot is None else shapely.Point(spot) for spot, _, _ in rows])


def test_each_incident_is_in_the_grid_of_its_own_time_and_a_border_nearby_is_said(town):
    """G2.6."""
    before, after = "2026-05-31T23:59Z", "2026-06-01T00:00Z"
    some = incidents(((150, 50), before, {}), ((150, 50), after, {}), ((109, 50), before, {}), (None, after, {}))
    found = routes_of(some, town, ZONE)
    assert found["grid"].fillna("").tolist() == ["G2", "G1", "G2", ""]
    assert found["near_border"].tolist() == [False, False, True, False]
    assert found["grid_why"].tolist() == ["inside", "inside", "inside", "no position"]


def test_each_unit_names_its_row_and_its_code(town):
    at = "2026-11-22T00:00Z"
    indoor = {"category": "before_meter_leak"}
    some = incidents(((21.4, 15), at, indoor), ((21.6, 15), at, indoor), ((21.6, 15), at, {"type": "meter_fault"}))
    found = routes_of(some, town, ZONE)
    assert found["unit_code"].tolist() == ["U12", "U07", "U12"]
    assert found["unit_why"].tolist()[:2] == [
        "group before the meter; within the apron",
        "group before the meter; beyond the apron",
    ]
    assert routes_of(some, town, ZONE, language="zh-Hans")["unit_why"][0] == "表前管组；散水范围内"
    assert found["unit_rule"].tolist() == ["route 9", "route 10", "route 16"]
    assert found["unit_article"].str.contains("第二十八条|第十五条").all()


def test_the_rules_of_the_day_of_the_report_hold(town):
    line = next(line for line in rule_text("incidents").splitlines() if 'apron_m", value = 1.5' in line)
    newer = line.replace("value = 1.5", "value = 2.5").replace("2000-01-01", "2026-11-22")
    own = rule_text("incidents").replace(line, line.replace("2000-01-01", "2000-01-01, valid_to = 2026-11-21") + newer)
    indoor = {"category": "before_meter_leak"}
    days = [((21.6, 15), f"2026-11-{day}T02:00Z", indoor) for day in (21, 22)]
    found = routes_of(incidents(*days), town, ZONE, own_rules=own)
    assert found["unit_code"].tolist() == ["U07", "U12"]


def test_a_pipe_in_warranty_is_the_builders_until_the_end_of_the_last_day_in_the_zone(town):
    """W15.4."""
    until = pd.DataFrame({"utility": ["water"], "link_code": ["P1"], "warranty_until": [date(2026, 11, 22)]})
    pipe = {"link_code": "P1"}
    some = incidents(((5, 5), "2026-11-22T15:59Z", pipe), ((5, 5), "2026-11-22T16:00Z", pipe))
    found = routes_of(some, town, ZONE, warranty=until)
    assert found["unit"].tolist() == ["工程公司", "管网管理处"]
    assert found["unit_code"].fillna("").tolist() == ["", "U07"]  # the builder is no unit of this town


def test_stored_areas_in_warranty_and_meter_wells_decide(town):
    """W15.3, W15.4, W28.1: up to the edge of the area and the end of its last day; warranty before well and apron."""
    square = shapely.MultiPolygon([shapely.box(0, 0, 8, 8)])
    until = {"code": "P1", "utility": "water", "warranty_until": pd.Timestamp("2026-11-22", tz=ZONE)}
    areas = framed("warranties", [until], [square])
    wells = framed("meter_wells", [{"code": "J1"}], [shapely.MultiPolygon([shapely.box(50, 50, 51, 51)])])
    kept = town | {"warranties": areas, "meter_wells": wells}
    last, after = "2026-11-22T15:59Z", "2026-11-22T16:00Z"
    indoor = {"category": "before_meter_leak"}
    some = incidents(((8, 5), last, {}), ((8.1, 5), last, {}), ((8, 5), after, {}), ((5, 5), last, {"utility": "gas"}),
                     ((50, 50.5), after, {}), ((49.9, 50.5), after, {}), ((5, 5), last, indoor))  # fmt: skip
    builder, network, meters = "工程公司", "管网管理处", "换表管理所"
    found = routes_of(some, kept, ZONE)["unit"].tolist()
    assert [found[n] for n in (0, 1, 2, 4, 5, 6)] == [builder, network, network, meters, network, builder]
    assert found[3] != builder  # the gas main in a water project is not the water builder's


def test_a_mark_routes_and_brings_others_in(town):
    some = incidents(((5, 5), "2026-11-22T00:00Z", {}))
    found = routes_of(some, town, ZONE, marks={"A0": frozenset({"external_cause"})})
    assert found["joins"].tolist() == ["供水用水监察大队"]


def test_no_incidents_have_no_routes_and_degrees_are_refused(town):
    assert len(routes_of(incidents(((5, 5), "2026-11-22T00:00Z", {})).iloc[:0], town, ZONE)) == 0
    far = incidents(((5, 5), "2026-11-22T00:00Z", {})).set_crs("EPSG:4490", allow_override=True)
    with pytest.raises(CrsError):
        routes_of(far, town, ZONE)


def test_the_sample_city_is_routed_as_it_says():
    """P6.7."""
    city = small_tables()
    some = city["incidents"].iloc[::7]
    found = routes_of(some, city, ZONE)
    alone = assign(some.geometry, city["grids"])
    assert (found["grid"].fillna("") == some["grid_code"].fillna("")).all()
    assert (found["near_border"] == alone["near_border"]).all()
    assert found["unit_code"].notna().all()
    sure = some["type"].isin(
        ["burst", "leak", "quality", "meter_fault", "cover", "power_outage", "no_heat", "gas_leak"]
    )
    assert (found["unit_code"] == some["unit_code"])[sure].all()
