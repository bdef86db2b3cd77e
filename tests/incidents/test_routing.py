"""Who must act, by place, category and number of buildings; each answer names the row that gave it."""

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisapp.incidents.rewards import large_project, reward_of
from gisapp.incidents.routing import Facts, route
from gisapp.incidents.surroundings import affected, apron_of, well_of
from gisapp.incidents.warranty import in_warranty
from gisapp.rules import incident_rules
from gisapp.words import LANGUAGES

RULES = incident_rules(date(2026, 11, 22))
CRS = "EPSG:4547"


def facts(category, **more):
    rule = RULES.category_of(category, "")
    return Facts(category, rule.group, **({"utility": "water"} | more))


def unit(category, **more):
    return route(facts(category, **more), RULES).unit


@pytest.mark.parametrize(
    ("wanted", "categories"),
    [
        ("营业所", ("billing", "abnormal_volume", "difficult_use", "general", "low_pressure", "no_water",
                 "well_debris")),
        ("管网管理处", ("public_leak", "public_burst", "hydrant_leak", "valve_leak", "wall_pipe_leak", "courtyard_leak",
                   "valve_well_collapse", "other_leak", "finding")),
        ("换表管理所", ("meter_well_leak", "meter_frozen", "manifold", "meter_valve", "meter_fault", "cover",
                   "arrears_restore")),
        ("工程公司", ("construction_quality", "after_meter_warranty")),
        ("供水用水监察大队", ("theft", "resale", "facility_damage", "wrong_use_class")),
        ("测漏队", ("pressure_district", "suspected_leak")),
        ("水质监测中心", ("water_quality", "quality_risk")),
        ("纪检监察室", ("conduct",)),
        ("接水服务大厅", ("connection",)),
        ("法制室", ("compensation",)),
        ("调度中心", ("urgent_matter", "liable_loss")),
    ],
)  # fmt: skip
def test_every_category_goes_to_its_unit(wanted, categories):
    """W15.1, W15.2, W15.3, W15.5, W15.7, W15.11, W10.3."""
    assert {category: unit(category) for category in categories} == dict.fromkeys(categories, wanted)


def test_every_category_has_a_unit_and_the_row_that_gave_it():
    rows = {rule.row: rule for rule in RULES.route}
    for rule in RULES.category:
        found = route(Facts(rule.category, rule.group, "water"), RULES)
        assert rows[found.rule].article == found.article
        assert rows[found.rule].unit == found.unit
        assert all(found.why(spoken) for spoken in LANGUAGES)


@pytest.mark.parametrize(
    ("utility", "wanted"), [("power", "供电抢修队"), ("heating", "供热抢修队"), ("gas", "燃气抢修队")]
)
def test_the_other_utilities_have_crews_of_their_own(utility, wanted):
    """G1.1."""
    assert unit({"power": "power_outage", "heating": "no_heat", "gas": "gas_leak"}[utility], utility=utility) == wanted
    assert unit("finding", utility=utility) == wanted


def test_a_leak_inside_the_meter_well_is_the_meter_offices_outside_the_networks():
    """W15.2, W15.3."""
    assert [unit("public_leak", well=well) for well in ("inside", "outside", None)] == [
        "换表管理所", "管网管理处", "管网管理处",
    ]  # fmt: skip
    assert unit("meter_well_leak", well="outside") == "管网管理处"


def test_debris_goes_by_the_cover():
    """W15.1, W15.3."""
    assert unit("well_debris", marks=frozenset({"cover_missing"})) == "换表管理所"
    assert route(facts("well_debris"), RULES).why() == "category Debris in the meter well; not marked cover missing"


def test_a_leak_before_an_inside_meter_goes_by_the_apron_and_by_the_warranty_before_that():
    """W28.1, W27.1."""
    assert [unit("before_meter_leak", apron=apron) for apron in ("within", "beyond")] == ["换表管理所", "管网管理处"]
    assert [unit("before_meter_leak", apron=apron, warranty=True) for apron in ("within", "beyond")] == ["工程公司"] * 2
    assert unit("before_meter_leak", apron="beyond", warranty=False) == "管网管理处"
    assert unit("before_meter_leak") == "调度中心"  # nobody knows where


@pytest.mark.parametrize(
    ("customers", "buildings", "wanted"),
    [(1, 1, "营业所"), (2, 1, "管网管理处"), (9, 3, "管网管理处"), (4, 4, "调度中心"), (40, 12, "调度中心")],
)
def test_no_water_goes_by_how_many_buildings_are_affected(customers, buildings, wanted):
    """W15.12."""
    assert unit("no_water", customers=customers, buildings=buildings) == wanted


def test_low_pressure_is_the_offices_until_four_buildings_report_it():
    """W15.12."""
    assert [unit("low_pressure", customers=many, buildings=many) for many in (1, 3, 4)] == [
        "营业所",
        "营业所",
        "调度中心",
    ]


def test_an_outside_cause_brings_the_inspection_brigade_too():
    """W26.1."""
    found = route(facts("public_leak", marks=frozenset({"external_cause"})), RULES)
    assert (found.unit, found.joins) == ("管网管理处", (("供水用水监察大队", "joins 1"),))


@pytest.mark.parametrize(("diameter", "staff", "outsider"), [(299.9, 50, 100), (300, 100, 200), (300.1, 100, 200)])
def test_the_reward_of_dn300_holds_from_dn300_on(diameter, staff, outsider):
    """W30.1."""
    found = reward_of(diameter, RULES)
    assert (found.staff, found.outsider) == (staff, outsider)
    assert reward_of(None, RULES) is None


def test_a_connection_is_a_large_project_by_what_is_laid_or_what_is_tapped():
    """W20.2."""
    assert [large_project(RULES, laid_mm=laid) for laid in (199.9, 200)] == [False, True]
    assert [large_project(RULES, tapped_mm=tapped) for tapped in (499.9, 500)] == [False, True]
    assert large_project(RULES, laid_mm=200, tapped_mm=100)
    assert large_project(RULES, laid_mm=50, tapped_mm=500)
    assert not large_project(RULES)


def framed(**columns):
    points = [None if spot is None else shapely.Point(spot) for spot in columns.pop("at")]
    return gpd.GeoDataFrame(pd.DataFrame(columns), geometry=gpd.GeoSeries(points, crs=CRS)).rename_geometry("geom")


def houses(*boxes):
    shapes = gpd.GeoSeries([shapely.box(*box) for box in boxes], crs=CRS)
    return gpd.GeoDataFrame({"code": [f"H{row}" for row in range(len(boxes))]}, geometry=shapes).rename_geometry("geom")


def test_a_tenth_of_a_metre_inside_and_outside_the_edge_of_the_apron():
    """W28.1."""
    spots = [(11.4, 5), (11.5, 5), (11.6, 5), (5, 5), (11.0, 11.0), (11.2, 11.2), None]
    found = apron_of(framed(code=list("ABCDEFG"), at=spots), houses((0, 0, 10, 10)), 1.5)
    assert found.tolist() == ["within", "within", "beyond", "within", "within", "beyond", None]
    assert apron_of(framed(code=["A"], at=[(0, 0)]), houses(), 1.5).tolist() == [None]


def test_the_edge_of_a_meter_well_is_inside_it():
    """W15.3."""
    spots = framed(code=list("ABCD"), at=[(0.5, 0.5), (1, 0.5), (1.1, 0.5), None])
    assert well_of(spots, houses((0, 0, 1, 1))).tolist() == ["inside", "inside", "outside", None]
    assert well_of(spots, None).tolist() == [None] * 4


def test_a_warranty_holds_on_its_last_day_and_not_the_day_after():
    """W15.4, W27.1."""
    pipes = pd.DataFrame({"utility": "water", "link_code": ["P1", "P1", "P2"]})
    until = pd.DataFrame({"utility": ["water"], "link_code": ["P1"], "warranty_until": [date(2026, 11, 22)]})
    days = np.array(["2026-11-22", "2026-11-23", "2026-11-22"], "datetime64[D]")
    assert in_warranty(pipes, days, until).tolist() == [True, False, False]
    assert in_warranty(pipes, days, None).isna().all()


def reports(rows):
    """Return reports of no water from (customer, x, minutes, duplicate_of) rows."""
    moments = pd.Timestamp("2026-11-22T08:00Z") + pd.to_timedelta([row[2] for row in rows], unit="min")
    return framed(
        code=[f"R{number}" for number in range(len(rows))],
        customer_code=[row[0] for row in rows],
        duplicate_of=[row[3] for row in rows],
        reported_at=moments.astype("datetime64[ms, UTC]"),
        type="no_supply", drill=False, status="registered", at=[(row[1], 0.0) for row in rows],
    )  # fmt: skip


CUSTOMERS = pd.DataFrame({"code": ["C0", "C1", "C2", "C3", "C4"], "building_code": ["H0", "H0", "H1", "H2", "H3"]})
NEAR = {"within_m": 100.0, "within_h": 6.0, "apron_m": 1.5}


def test_buildings_are_counted_not_floors_and_each_once():
    """W15.12."""
    rows = [("C0", 0, 0, None), ("C1", 10, 5, None), ("C2", 20, 9, None), ("C3", 30, 9, None), ("C4", 500, 9, None)]
    found = affected(reports(rows), CUSTOMERS, houses(), **NEAR)
    assert found["buildings"].tolist() == [3, 3, 3, 3, 1]
    assert found["customers"].tolist() == [4, 4, 4, 4, 1]


def test_the_fourth_building_is_counted_up_to_the_edge_of_place_and_time():
    four = [("C0", 0, 0, None), ("C2", 100, 0, None), ("C3", 0, 360, None), ("C4", 50, 180, None)]
    assert affected(reports(four), CUSTOMERS, houses(), **NEAR)["buildings"].tolist()[0] == 4
    over = [("C0", 0, 0, None), ("C2", 100.1, 0, None), ("C3", 0, 361, None), ("C4", 50, 180, None)]
    assert affected(reports(over), CUSTOMERS, houses(), **NEAR)["buildings"].tolist()[0] == 2


def test_what_was_merged_counts_wherever_it_came_from_and_a_stranger_counts_by_the_house_he_stands_at():
    rows = [("C0", 0, 0, None), ("C2", 900, 0, "R0"), (None, 4000, 0, None)]
    found = affected(reports(rows), CUSTOMERS, houses((4000, 1, 4010, 9)), **NEAR)
    assert found["buildings"].tolist() == [2, 2, 1]
    assert found["customers"].tolist() == [2, 2, 1]


def test_drills_and_withdrawn_reports_count_for_nobody_and_other_types_for_themselves():
    rows = reports([("C0", 0, 0, None), ("C2", 0, 0, None), ("C3", 0, 0, None), ("C4", 0, 0, None)])
    rows["drill"], rows["status"] = [False, True, False, False], ["registered", "registered", "cancelled", "registered"]
    rows.loc[3, "type"] = "leak"
    assert affected(rows, CUSTOMERS, houses(), **NEAR)["buildings"].tolist() == [1, 0, 0, 0]


CALLS = st.tuples(
    st.sampled_from(["C0", "C1", "C2", "C3", "C4", None]),
    st.integers(0, 400),
    st.integers(0, 1000),
    st.sampled_from([None, None, "R0"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CALLS, min_size=1, max_size=9))
def test_how_many_are_affected_is_what_a_slow_count_says(calls):
    calls = [(*calls[0][:3], None), *calls[1:]]
    found = affected(reports(calls), CUSTOMERS, houses((200, 1, 210, 9)), **NEAR)
    house = dict(zip(CUSTOMERS["code"], CUSTOMERS["building_code"], strict=True))
    for number, one in enumerate(calls):
        mine = []
        for other, call in enumerate(calls):
            near = abs(call[1] - one[1]) <= 100 and abs(call[2] - one[2]) <= 360
            if near or (call[3] or f"R{other}") == (one[3] or f"R{number}"):
                mine.append((other, call))
        beside = {call[0] or f"R{other}" for other, call in mine}
        stood = {house[call[0]] if call[0] else "H0'" if 199 <= call[1] <= 211 else None for _, call in mine}
        stood = {"H0" if code == "H0'" else code for code in stood} - {None}
        assert found.iloc[number].tolist() == [len(beside), len(stood)]
