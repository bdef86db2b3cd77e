from datetime import timedelta

import pandas as pd
import pytest
import riverside

from gisapp.network import shutoff
from gisapp.reports.situation import situation_of
from gisapp.tables import personal_columns
from gisapp.times import zone_named

ZONE = zone_named("Asia/Shanghai")


@pytest.fixture(scope="module")
def told(answer):
    return situation_of(answer, riverside.tables(), now=riverside.moment(0), zone=ZONE)


def test_sums_are_those_of_the_answer_and_parts_add_up_to_them(told):
    assert (told.total("customers"), told.total("households"), told.total("people")) == (5, 49, 520)
    for table in (told.lost.communities, told.lost.grids):
        assert table["customers"].sum() == 5
        assert table["households"].sum() == 49
    assert told.lost.buildings["customers"].sum() == 5
    ways = told.lost.ways.set_index("way")
    assert ways.loc["isolated", "customers"] == 4
    assert ways.loc["unintended", "customers"] == 1
    assert ways["length_m"].sum() == told.length_m == 450
    assert told.critical_count == len(told.lost.critical) == 1


def test_communities_stand_with_their_households_most_first(told):
    """G3.1.5, W17.3."""
    rows = told.lost.communities[["code", "name", "households", "buildings"]].values.tolist()
    assert rows == [["C1", "江北小区", 36, 3], ["C2", "江南小区", 13, 2]]


def test_a_customer_without_a_building_counts_to_the_community_that_holds_the_service_point():
    tables = riverside.tables()
    tables["customers"].loc[0, "building_code"] = None
    tables["customers"].loc[1, ["building_code", "geom"]] = [None, riverside.point(150, 180)]  # in no community
    answer = shutoff(riverside.network(given=tables), [("P2", 100.0)])
    lost = situation_of(answer, tables, now=riverside.moment(0), zone=ZONE).lost
    assert lost.communities.set_index("code").loc["C1", "households"] == 24
    assert lost.elsewhere == 1


def test_grids_stand_with_the_leader_in_post(told):
    assert told.lost.grids[["code", "leader", "customers"]].values.tolist() == [["G1", "E02", 3], ["G2", "E03", 2]]
    assert told.site.grid == "G1"


def test_duties_reach_as_far_as_customers_are_left_without_supply(told):
    assert told.reach.customers == 5
    tables = riverside.tables()
    tables["connections"]["link_code"] = "P2"
    nobody = shutoff(riverside.network(given=tables), [("P3", 50.0)])
    assert situation_of(nobody, tables, now=riverside.moment(0), zone=ZONE).reach.customers == 0
    tables["connections"] = tables["connections"].iloc[:0]
    unknown = shutoff(riverside.network(given=tables), [("P3", 50.0)])
    assert situation_of(unknown, tables, now=riverside.moment(0), zone=ZONE).reach.customers is None


def test_valves_stand_in_order_with_their_place_in_words(told):
    (valve,) = told.valves.to_dict("records")
    assert (valve["order"], valve["code"], valve["turns"], valve["normal"]) == (1, "V1", 39, "open")
    assert valve["place"].words("zh-Hans") == "人民路与滨江路路口"
    assert told.sizes.values.tolist() == [["gate_valve", 300.0, 1, 0]]
    assert told.pipes["place"].iloc[0].words("zh-Hans") == "滨江路（距人民路路口约100米）"


def test_roads_are_told_by_side_between_crossings_with_the_share_that_is_affected(told):
    road = told.roads.iloc[0]
    assert list(road[["street", "from_street", "side", "customers", "share"]]) == ["滨江路", "人民路", "both", 5, 1.0]
    assert pd.isna(road["to_street"])  # no crossing east of B5


def test_a_part_of_a_stretch_is_told_as_a_part(answer):
    tables = riverside.tables()
    other = tables["customers"].iloc[[1]].assign(code="10040009", building_code=None)
    other["geom"] = [riverside.point(200, 40)]  # north of the same stretch, with supply
    tables["customers"] = pd.concat([tables["customers"], other], ignore_index=True)
    assert situation_of(answer, tables, now=riverside.moment(0), zone=ZONE).roads["share"].iloc[0] == 5 / 6


def test_hydrants_out_and_the_nearest_that_keep_water(told):
    assert list(told.hydrants["code"]) == ["H1"]
    assert told.total("hydrants") == len(told.hydrants)
    assert told.hydrants_left[["code", "distance_m"]].values.tolist() == [["H2", 150.0]]


def test_lines_of_other_utilities_near_the_site_are_told(told):
    assert told.parallels[["utility", "code", "distance_m", "lines"]].values.tolist() == [["gas", "G1", 3.0, 1]]


def test_all_affected_and_no_others_are_inside_the_area(told):
    assert told.shares.affected_inside == 1.0


def test_whoever_is_on_duty_is_told_from_their_first_day_until_their_last():
    """W9.2."""
    tables = riverside.tables()
    posts = tables["posts"]
    duty = posts["role"] == "duty"
    posts.loc[duty, ["valid_from", "valid_to"]] = [riverside.moment(0), riverside.moment(60)]
    answer = shutoff(riverside.network(given=tables), [("P2", 100.0)])
    told = {
        minute: situation_of(answer, tables, now=riverside.moment(minute), zone=ZONE).contacts["on_duty"].iloc[0]
        for minute in (-1, 0, 59, 60)
    }
    assert told == {-1: "", 0: "E01", 59: "E01", 60: ""}


def test_contacts_are_dispatch_and_the_units_that_work(told):
    assert told.contacts[["code", "heads", "on_duty"]].values.tolist() == [["U01", "", "E01"], ["U07", "E02", ""]]


def test_where_a_trunk_is_shut_the_production_department_is_a_contact_too():
    tables = riverside.tables()
    answer = shutoff(riverside.network(given=tables), [("P2", 100.0)])
    tables["links"]["rank"] = "main"
    assert situation_of(answer, tables, now=riverside.moment(0), zone=ZONE).trunks == ()
    tables["links"]["rank"] = "trunk"
    units = tables["org_units"]
    units.loc[len(units)] = units.iloc[0].to_dict() | {"code": "U04", "kind": "office", "name_hans": "生产安全部"}
    told = situation_of(answer, tables, now=riverside.moment(0), zone=ZONE)
    assert [rule.unit for rule in told.trunks] == ["生产安全部"]
    assert told.contacts["code"].tolist() == ["U01", "U07", "U04"]


def test_nothing_personal_is_in_a_situation(burst):
    """P4.5."""
    told = burst
    frames = [told.lost.customers, told.lost.critical, told.valves, told.course.timeline, told.course.etrs]
    personal = {name for table in ("customers", "people", "shutoff_steps") for name in personal_columns(table)}
    text = "".join(frame.drop(columns="geom", errors="ignore").to_csv() for frame in frames)
    assert not personal & {column for frame in frames for column in frame.columns}
    for secret in ("户主", "0000555", "滨江路4号", "13800138000"):
        assert secret not in text


def test_the_record_tells_what_was_done_by_whom_and_when(burst):
    """G8.9."""
    told = burst
    valve = told.valves.iloc[0]
    assert (valve["done"], valve["done_by"], valve["done_turns"]) == ("closed", "E05", 38)
    assert valve["done_at"].isoformat() == "2026-11-20T14:21:00+08:00"
    assert told.valves_done == told.sizes["closed"].sum() == 1
    course = told.course
    assert (course.status, course.commander) == ("closing", "E02")
    assert course.begins.isoformat() == "2026-11-20T14:21:00+08:00"
    assert course.ends.isoformat() == "2026-11-20T20:00:00+08:00"
    assert course.running(riverside.moment(90)) == timedelta(minutes=90)
    assert told.lost.critical["told_by"].iloc[0] == "E01"
    posted = told.lost.communities.set_index("code")["posted_at"]
    assert posted["C1"].isoformat() == "2026-11-20T14:07:00+08:00"
    assert pd.isna(posted["C2"])
    assert list(course.timeline["action"]) == [
        *("open", "take_command", "order", "set_etr", "tell_customer", "post", "start_closing", "closed")
    ]


def test_more_than_a_day_is_counted_once_the_end_is_known(kept, situated):
    code = riverside.emergency(kept)
    assert situated(code).long_households == 0
    kept.operations.record(code, "set_etr", "E01", at=riverside.moment(50), value="2026-11-21T15:00:00+08:00")
    told = situated(code)
    assert told.long_households == 49
    assert told.course.later
    assert len(told.course.etrs) == 2


def test_a_valve_found_stuck_is_answered_as_stuck_and_told_with_its_cost(kept, situated):
    code = riverside.emergency(kept)
    failed = {"utility": "water", "device_code": "V1", "action": "could_not_close", "shutoff_code": code}
    kept.operations.operate(failed | {"at": riverside.moment(30)}, "E05")
    told = situated(code)
    assert told.valves.empty
    assert list(told.unusable["code"]) == ["V1"]
    assert not told.answer.isolated_possible


def test_a_shutoff_without_anybody_behind_it_is_told_too(answer):
    tables = riverside.tables()
    tables |= {
        name: tables[name].iloc[:0] for name in ("streets", "communities", "grids", "posts", "org_units", "crews")
    }
    told = situation_of(answer, tables, now=riverside.moment(0), zone=ZONE)
    assert told.valves["place"].iloc[0].words("en") == ""
    assert told.lost.elsewhere == 0 or told.lost.communities.empty
    assert told.roads.empty


def test_who_was_dry_before_is_told_apart_and_in_no_sum_of_this_shutoff():
    answer = shutoff(riverside.network(), [("P2", 100.0)], closed=["V2"])  # B5 had no water before
    told = situation_of(answer, riverside.tables(), now=riverside.moment(0), zone=ZONE)
    assert told.total("customers") == 4
    for table in (told.lost.communities, told.lost.grids, told.lost.buildings):
        assert table["customers"].sum() == 4
    assert told.roads["customers"].sum() == 4
    assert told.lost.ways.set_index("way").loc["already_dry", "customers"] == 1
    assert told.lost.customers.set_index("code").loc["10040005", "way"] == "already_dry"
