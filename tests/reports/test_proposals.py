"""What the rules propose: facts with their rows, the same as the sheets and lists tell; a person decides."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from gisapp.errors import AccessError, InputError
from gisapp.incidents import Actor, RuleBook, clock_table, incidents_of
from gisapp.incidents.assessment import assessed, clock_rates
from gisapp.reports.deciding import decision, merit
from gisapp.reports.proposals import TABLES, by_unit, proposals, with_decisions
from gisapp.rules import incident_rules
from gisapp.store import create_store
from gisapp.tables import conform

AT = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
END, NOW = AT + timedelta(days=20), datetime(2026, 11, 20, tzinfo=UTC)
RULES = incident_rules(date(2026, 10, 1))
JUDGE = Actor("E020", "manager")
LEAK = {"type": "leak", "channel": "phone", "utility": "water"}
REPAIR = (("dispatch", "dispatcher", 1), ("accept", "unit", 21), ("arrive", "crew", 41), ("repair", "crew", 50),
          ("finish_repair", "crew", 60))  # fmt: skip


def pipes():
    """Three pipes, of DN299.9, DN300 and of a diameter that nobody knows."""
    codes = ["W1", "W2", "W3"]
    return pd.DataFrame({"code": codes, "diameter_mm": [299.9, 300.0, None]}).assign(utility="water")


def repaired(store, code, after=0, **more):
    """Report a leak and repair it within the hour; everything is exactly at its limit."""
    at = AT + timedelta(minutes=after)
    store.report(LEAK | {"code": code, "reported_at": at} | more, actor="E01")
    for action, role, minutes in REPAIR:
        told = {"subject": "U07"} if action == "dispatch" else {}
        store.incidents.record(
            code, action, actor="K1", role=role, at=at + timedelta(minutes=minutes), note="x", **told
        )


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A town in which each thing happens once."""
    kinds = {"U01": "dispatch", "U07": "crew_base", "U11": "contractor"}
    units = [
        {"code": code, "name_hans": code, "name_hant": code, "name_en": code, "kind": kinds[code]} for code in kinds
    ]
    with create_store(tmp_path_factory.mktemp("town") / "town.gpkg", crs="EPSG:4547") as store:
        store.save({"org_units": conform(pd.DataFrame(units), "org_units")}, actor="t")
        repaired(store, "A", link_code="W2", measure_m=10.0)
        repaired(store, "B", 60 * 24 * 5, link_code="W2", measure_m=12.0, customer_code="C1")
        repaired(store, "C", 60 * 24 * 6, link_code="W1", measure_m=1.0, customer_code="C1")
        repaired(store, "D", 60 * 24 * 7, link_code="W3", measure_m=1.0)
        repaired(store, "F", 60 * 24 * 8)  # a large burst of which nobody noted when the water was stopped: not judged
        store.incidents.record(
            "F", "mark", actor="U01", role="dispatcher", subject="large_burst", at=AT + timedelta(days=9)
        )
        for code, minutes in (("A1", -30), ("A2", -20)):
            told = LEAK | {"code": code, "reported_at": AT + timedelta(minutes=minutes)}
            store.report(told, actor="E01", role="crew" if code == "A1" else "customer_service")
            store.incidents.record(code, "merge", actor="U01", role="dispatcher", subject="A", at=AT)
        late = LEAK | {"code": "E", "reported_at": AT, "channel": "mayor_hotline"}
        store.report(late, actor="E01")
        store.incidents.record("E", "dispatch", actor="U01", role="dispatcher", subject="U07", at=AT)
        store.incidents.record("E", "mark", actor="U01", role="dispatcher", subject="caused_loss", at=AT)
        store.incidents.record("E", "mark", actor="U01", role="dispatcher", subject="exposed", at=AT)
        store.incidents.record("E", "set_cause", actor="K1", role="crew", value="dirt_in_pipe", at=AT)
        made = {name: store.table(name) for name in TABLES}
    return made | {"links": pipes()}


@pytest.fixture(scope="module")
def found(tables):
    return proposals(tables, RuleBook(ZoneInfo("Asia/Shanghai")), start=AT, end=END, now=NOW)


def of(found, finding):
    return found[found["finding"] == finding].set_index("incident_code")


def test_what_is_exactly_at_its_limit_is_no_breach_and_what_nobody_did_is(found):
    """W9.1, W34.1, W35.1, W36.1."""
    breaches = of(found, "breach")
    assert set(breaches.loc[["E"], "what"]) == {"K1", "K2", "K5", "K9"}
    assert set(breaches.drop("E")["what"]) == {"K9"}  # repaired in time, answered by nobody
    articles = breaches.loc[["E"]].set_index("what")["article"]
    assert articles["K9"] == "供水服务办法 第三十四条（二）"  # the mayor's hotline
    assert breaches.loc["A", "article"] == "供水服务办法 第三十六条（五）"


def test_a_late_repair_that_did_damage_costs_more(found):
    """W32.1."""
    rows = of(found, "breach").loc[["E"]].set_index("what")
    assert (rows.loc["K5", "least"], rows.loc["K5", "most"]) == (500, 1000)
    assert (rows.loc["K2", "least"], rows.loc["K2", "most"]) == (100, 500)


def test_exposure_and_polluted_water_are_proposed_where_they_are_recorded(found):
    """W31.1, W33.1."""
    exposed = of(found, "exposure").set_index("whom")
    assert (exposed.loc["unit", "least"], exposed.loc["person", "most"]) == (300, 200)
    assert of(found, "pollution").loc["E", ["what", "least", "most"]].tolist() == ["dirt_in_pipe", 500, 1000]


def test_the_first_reporter_is_rewarded_once_by_the_diameter(found):
    """W30.1: three reports of one leak are one reward, to the earliest; DN300 itself counts as large."""
    rewards = of(found, "reward")
    assert rewards.loc["A", ["linked", "what", "least"]].tolist() == ["A1", "staff", 100]
    assert rewards.loc["B", ["linked", "what", "least"]].tolist() == ["B", "outsider", 200]
    assert rewards.loc["C", "least"] == 100  # DN299.9
    assert rewards.loc["D", "against"] == "diameter_unknown"
    assert rewards["least"].isna().tolist() == [False, False, False, True, True]
    assert "E" not in rewards.index  # nobody has found a leak yet


def test_repeats_name_the_earlier_one_and_charge_its_unit(found):
    """W35.6, W36.1."""
    assert of(found, "repeat_repair").loc["B", ["linked", "unit_code", "most"]].tolist() == ["A", "U07", 500]
    assert of(found, "repeat_complaint").loc["C", "linked"] == "B"


def test_breaches_are_those_of_the_assessment(found, tables):
    """W6.1: the facts of the month are the same on the sheet and in the list, unit by unit and clock by clock."""
    book = RuleBook(ZoneInfo("Asia/Shanghai"))
    records = assessed(incidents_of(tables["incidents"], tables["incident_steps"], book.life), AT, END)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=NOW, zone=book.zone)
    rates = clock_rates(records, clocks, by="unit")
    wanted = {(row.subject, row.clock): row.breached for row in rates.itertuples() if row.breached}
    told = by_unit(found, ["breach"]).rename(columns={"what": "clock"})
    assert {(row.unit_code, row.clock): row.count for row in told.itertuples(index=False)} == wanted


def test_a_valve_turned_without_an_order_and_a_duty_not_done_are_proposed(tables):
    """W19.1, W35.3, W35.4, W35.5, W35.7."""
    log = {"utility": "water", "device_code": "V1", "action": "closed", "actor": "E9", "at": pd.Timestamp(AT)}
    turned = conform(pd.DataFrame([log, log | {"device_code": "V2", "shutoff_code": "S1"}]), "valve_operations")
    names = ("approval", "written_notice", "posting", "K12", "K11", "K13")
    duties = pd.DataFrame({"duty": names, "state": ["breached"] * 5 + ["met"], "article": "x", "own_setting": False})
    duties = duties.assign(shutoff="S1", utility="water", unit_code="U07", start=AT, due_at=AT, done_at=pd.NaT)
    book = RuleBook(ZoneInfo("Asia/Shanghai"))
    told = proposals(tables | {"valve_operations": turned}, book, start=AT, end=END, now=NOW, duties=duties)
    bare = told[told["finding"] == "unordered"]
    assert bare[["linked", "person", "most"]].to_numpy().tolist() == [["V1", "E9", 500]]
    undone = told[told["finding"] == "duty"].set_index("what")
    assert set(undone.index) == set(names[:5])
    assert undone.loc["approval", "article"].endswith("第三十五条（七）")
    assert undone["least"].isna().to_dict()["K11"]  # a late notice is a fact; the rules name no sum


def test_a_leak_in_warranty_costs_the_builder_once_to_twice_the_repair():
    """W37.1."""
    row = {"proposal": "warranty_leak:A", "finding": "warranty_leak", "what": "", "unit_code": "U11",
           "article": "供水服务办法 第三十七条：维修费一至二倍"}  # fmt: skip
    assert decision(row, "confirmed", JUDGE, RULES, base=1000, amount=2000)["amount"] == 2000
    with pytest.raises(InputError, match="2001 yuan is out of 1000 to 2000"):
        decision(row, "confirmed", JUDGE, RULES, base=1000, amount=2001)
    with pytest.raises(InputError, match="give the sum of which it is a share"):
        decision(row, "confirmed", JUDGE, RULES)


def test_a_merit_has_its_range_and_what_was_recovered_its_share():
    """W29.1, W29.2."""
    praised = merit("city_media", "unit", "U07", RULES, number="7")
    assert (praised["least"], praised["most"]) == (300, 500)
    recovered = merit("recovered", "person", "E9", RULES, number="8")
    for amount in (500, 1000):
        assert decision(recovered, "confirmed", JUDGE, RULES, base=10_000, amount=amount)["amount"] == amount
    with pytest.raises(InputError, match="499 yuan is out of 500 to 1000"):
        decision(recovered, "confirmed", JUDGE, RULES, base=10_000, amount=499)
    with pytest.raises(InputError, match="no rule rewards radio/unit"):
        merit("radio", "unit", "U07", RULES, number="7")


def test_a_named_person_decides_with_a_reason_where_one_is_demanded(found):
    """W6.1."""
    row = found[found["finding"] == "breach"].iloc[0].to_dict()
    assert decision(row, "confirmed", JUDGE, RULES)["amount"] == 100
    assert decision(row, "dismissed", JUDGE, RULES, note="路不通")["amount"] is None
    wrong = [({}, "without a reason", "dismissed"), ({"amount": 501}, "out of 100 to 500", "confirmed")]
    for told, said, verdict in wrong:
        with pytest.raises(InputError, match=said):
            decision(row, verdict, JUDGE, RULES, **told)
    assert decision(row, "confirmed", JUDGE, RULES, amount=600, note="情节严重")["amount"] == 600
    with pytest.raises(AccessError, match="crew may not decide"):
        decision(row, "confirmed", Actor("K1", "crew"), RULES)
    with pytest.raises(AccessError, match="somebody else must decide"):
        decision(row, "confirmed", Actor(row["unit_code"], "manager"), RULES)


def test_of_several_decisions_the_last_counts_and_all_stay(found):
    row = found.iloc[0].to_dict()
    made = [decision(row, "confirmed", JUDGE, RULES, amount=100, note="x"),
            decision(row, "dismissed", JUDGE, RULES, note="更正")]  # fmt: skip
    table = pd.DataFrame([one | {"number": number, "at": pd.Timestamp(NOW)} for number, one in enumerate(made, 1)])
    told = with_decisions(found, table)
    assert told.loc[0, "verdict"] == "dismissed"
    assert told["verdict"].isna().sum() == len(found) - 1


def test_nothing_happened_and_nothing_is_proposed(tables):
    empty = {name: table.iloc[:0] for name, table in tables.items()}
    book = RuleBook(ZoneInfo("Asia/Shanghai"))
    assert proposals(empty, book, start=AT, end=END, now=NOW).empty


def test_papers_are_named_all_at_once(tmp_path):
    """P3.2."""
    with create_store(tmp_path / "hall.gpkg", crs="EPSG:4547") as store:
        for code, times in (("B1", 1), ("B2", 2)):
            told = {"type": "other", "channel": "counter", "category": "hall_business", "code": code, "reported_at": AT}
            told |= {"reporter_phone": "分机8001", "summary": "更名"}
            store.report(told, actor="E01")
            store.incidents.record(code, "accept", actor="U15", role="unit", at=AT)
            for minute in range(times):
                at = AT + timedelta(minutes=minute)
                store.incidents.record(code, "name_missing", actor="U15", role="unit", note="缺产权证明", at=at)
        tables = {name: store.table(name) for name in TABLES}
    found = proposals(tables, RuleBook(ZoneInfo("Asia/Shanghai")), start=AT, end=END, now=NOW)
    mine = found[found["finding"] == "asked_again"]
    assert mine[["incident_code", "what"]].to_numpy().tolist() == [["B2", "2"]]
    assert mine["at"].iloc[0] == AT + timedelta(minutes=1)


def test_works_begun_before_dispatch_was_told_are_proposed_with_their_builder(tables):
    """W35.9, W21.1: told at the moment of the start is in time, a second later is late."""
    head = {"title": "雨水管改造", "unit_code": "U11", "opened_at": pd.Timestamp(AT)}
    codes = {"C1": None, "C2": 0, "C3": 1, "C4": None}
    begun = dict.fromkeys(codes, AT) | {"C4": END}  # the last one in the next month
    steps = [
        {"site_code": code, "step": number, "at": at, "noted_at": at, "actor": "E1", "action": action, "to_status": "x"}
        for code, late in codes.items()
        for number, (action, at) in enumerate(
            [("start", begun[code])] + ([] if late is None else [("report", AT + timedelta(seconds=late))]), 1
        )
    ]
    sites = conform(pd.DataFrame([head | {"code": code} for code in codes]).assign(geom=None), "construction_sites")
    told = tables | {"construction_sites": sites, "site_steps": conform(pd.DataFrame(steps), "site_steps")}
    found = proposals(told, RuleBook(ZoneInfo("Asia/Shanghai")), start=AT, end=END, now=NOW)
    mine = found[found["finding"] == "unreported_site"]
    wanted = [["C1", "never", "U11", "", 100, 500], ["C3", "late", "U11", "reported_later", 100, 500]]
    assert mine[["linked", "what", "unit_code", "against", "least", "most"]].to_numpy().tolist() == wanted
    assert set(mine["article"]) == {"供水服务办法 第三十五条（九）"}


def test_a_unit_that_does_not_help_with_a_shutoff_in_time_is_proposed(tables):
    """W35.2: help at the very moment is in time, a second later is late; drills are left out."""
    until = AT + timedelta(hours=1)
    heads = [{"code": code, "utility": "water", "kind": "emergency", "links": "W1", "opened_at": pd.Timestamp(AT),
              "drill": code == "S4"} for code in ("S1", "S2", "S3", "S4")]  # fmt: skip
    told = {"S1": [0], "S2": [1], "S3": [], "S4": []}
    steps = [
        {"shutoff_code": code, "step": step, "at": pd.Timestamp(at), "noted_at": pd.Timestamp(at), "actor": "E1",
         "action": action, "to_status": "ordered", "subject": "U07", "value": value}
        for code, late in told.items()
        for step, (action, at, value) in enumerate(
            [("ask_cooperation", AT, until.isoformat())]
            + [("cooperate", until + timedelta(seconds=one), None) for one in late], 2)
    ]  # fmt: skip
    shutoffs = conform(pd.DataFrame(heads).assign(geom=None), "shutoffs")
    given = tables | {"shutoffs": shutoffs, "shutoff_steps": conform(pd.DataFrame(steps), "shutoff_steps")}
    found = proposals(given, RuleBook(ZoneInfo("Asia/Shanghai")), start=AT, end=END, now=NOW)
    mine = found[found["finding"] == "uncooperative"]
    wanted = [["S2", "late", "U07", 100, 500], ["S3", "never", "U07", 100, 500]]
    assert mine[["shutoff_code", "what", "unit_code", "least", "most"]].to_numpy().tolist() == wanted
    assert set(mine["article"]) == {"供水服务办法 第三十五条（二）"}


@pytest.mark.parametrize("role", ["supervision", "dispatcher", "crew"])
def test_who_proposes_does_not_decide(role):
    """W6.1."""
    row = merit("city_media", "unit", "U07", RULES, number="9")
    with pytest.raises(AccessError, match="ask manager"):
        decision(row, "confirmed", Actor("E1", role), RULES)
    assert decision(row, "confirmed", Actor("E1", "manager"), RULES)["role"] == "manager"
