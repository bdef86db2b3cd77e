"""What must be done for a shutoff, until when, and whether it was: every boundary by itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from records import at, head, record, valves

from gisapp.limits import worst
from gisapp.operations.duties import Reach, counted_operations, duties, proposed_level
from gisapp.rules import shutoff_rules

RULES = shutoff_rules(date(2026, 11, 20))
ZONE = ZoneInfo("Asia/Shanghai")
START = 48 * 60  # minutes after the record was opened, when planned work starts
APPROVED = [("submit", {}), ("approve", {})]
TOLD = [*APPROVED, ("inform_dispatch", {})]


def state(operation, duty, minutes, **reach):
    """Return the state of one duty some minutes after the record was opened."""
    found = duties(operation, RULES, now=at(minutes), zone=ZONE, reach=Reach(**reach)).set_index("duty")
    return found["state"].get(duty)


def published(minutes, **more):
    return record("planned", *TOLD, ("publish", {"at": at(minutes)}), **more)


@pytest.mark.parametrize(("ahead_min", "wanted"), [(24 * 60, "met"), (24 * 60 - 1 / 60, "breached"), (30 * 60, "met")])
def test_a_notice_is_published_24_hours_before_the_start(ahead_min, wanted):
    """W17.2."""
    assert state(published(START - ahead_min), "K11", START) == wanted


@pytest.mark.parametrize(
    ("minutes", "wanted"), [(60, "running"), (19 * 60, "due_soon"), (24 * 60, "due_soon"), (24 * 60 + 1, "breached")]
)
def test_a_notice_not_published_runs_then_warns_then_is_late(minutes, wanted):
    """W17.2."""
    assert state(record("planned", *TOLD), "K11", minutes) == wanted


@pytest.mark.parametrize(("utility", "duty"), [("water", "K11"), ("gas", "K25"), ("power", "K24"), ("heating", None)])
def test_every_utility_has_its_own_lead_time(utility, duty):
    found = duties(published(6 * 60, utility=utility), RULES, now=at(START), zone=ZONE)
    notice = found[found["duty"].isin(["K11", "K24", "K25", "K26"])]
    assert notice["duty"].tolist() == ([duty] if duty else [])
    assert notice["state"].tolist() == {"water": ["met"], "gas": ["breached"], "power": ["breached"]}.get(utility, [])


def test_what_was_published_before_a_postponement_does_not_count():
    said = [*TOLD, ("inform_fire_service", {}), ("post", {"subject": "C1"}), ("publish", {}), ("finish_posting", {})]
    late = record("planned", *said, ("postpone", {"note": "暴雨"}))
    reach = {"hydrants": 1, "communities": ("C1",)}
    every = ("approval", "written_notice", "K11", "posting", "fire_service")
    assert {state(late, duty, START + 1, **reach) for duty in every} == {"not_judged"}
    log = valves(("V1", "closed", START))
    again = record("planned", *said, ("postpone", {"note": "暴雨"}), ("submit", {}))
    begun = record("planned", *said, ("postpone", {"note": "暴雨"}), ("submit", {}), log=log)
    assert {state(again, duty, 13 * 60, **reach) for duty in every} == {"running"}
    assert {state(begun, duty, START + 1, **reach) for duty in every} == {"breached"}
    assert again.said("post").empty


def test_planned_work_begun_without_approval_is_a_breach():
    """W35.7, W17.1."""
    begun = record("planned", ("submit", {}), log=valves(("V1", "closed", 200)))
    assert state(begun, "approval", 201) == "breached"
    assert state(record("planned", *APPROVED, log=valves(("V1", "closed", 200))), "approval", 201) == "met"


def test_dispatch_has_the_written_notice_before_the_start():
    """W35.3, W17.1."""
    log = valves(("V1", "closed", START))
    assert state(record("planned", *TOLD, log=log), "written_notice", START + 5) == "met"
    assert state(record("planned", *APPROVED, log=log), "written_notice", START + 5) == "breached"


def test_what_comes_before_the_start_is_no_breach_while_supply_is_on():
    still = record("planned", ("submit", {}))
    states = {duty: state(still, duty, START + 600) for duty in ("approval", "written_notice", "planned_end")}
    assert states == dict.fromkeys(states, "due_soon")


def cut(*more, kind="emergency", off=100.0, **head_of):
    """Return an operation whose first valve was closed at ``off``."""
    return record(kind, ("order", {"at": at(off - 5)}), *more, log=valves(("V1", "closed", off)), **head_of)


@pytest.mark.parametrize(("after_min", "wanted"), [(-3, "met"), (10, "met"), (10 + 1 / 60, "breached")])
def test_dispatch_is_told_of_an_emergency_at_the_same_time(after_min, wanted):
    """W35.5."""
    assert state(cut(("inform_dispatch", {"at": at(100 + after_min)})), "K12", 200) == wanted


def test_an_emergency_nobody_told_of_is_late_after_the_tolerance():
    """W35.5."""
    assert [state(cut(), "K12", minutes) for minutes in (101, 108, 110, 110.1)] == [
        "running",
        "due_soon",
        "due_soon",
        "breached",
    ]
    assert state(record("emergency"), "K12", 500) is None  # supply is still on


@pytest.mark.parametrize(("hours", "wanted"), [(24, "met"), (24 + 1 / 3600, "breached")])
def test_a_day_without_supply_wants_emergency_supply(hours, wanted):
    assert state(cut(("arrange_supply", {"at": at(100 + 60 * hours)})), "K14", 9999) == wanted
    assert state(cut(), "K14", 100 + 60 * hours) == ("due_soon" if wanted == "met" else "breached")


def test_dispatch_is_answered_after_restoration():
    back = [("start_closing", {}), ("cut_off", {}), ("finish_work", {}), ("restore", {"at": at(600)})]
    assert state(cut(*back, ("answer", {"at": at(630)})), "K13", 700) == "met"
    assert state(cut(*back), "K13", 631) == "breached"


def test_only_water_wants_emergency_supply_after_a_day():
    assert [state(cut(utility=utility), "K14", 200) for utility in ("water", "power", "gas")] == ["running", None, None]


@pytest.mark.parametrize(("after_min", "wanted"), [(90, "met"), (91, "breached")])
def test_the_public_is_told_of_an_emergency(after_min, wanted):
    assert state(cut(("publish", {"at": at(100 + after_min)})), "emergency_notice", 999) == wanted
    posts = [("post", {"subject": code, "at": at(100 + 150 + after_min)}) for code in ("C1", "C2")]
    assert state(cut(*posts), "emergency_posting", 999, communities=("C1", "C2")) == wanted
    assert state(cut(*posts[:1]), "emergency_posting", 999, communities=("C1", "C2")) == "breached"


def test_where_nobody_is_without_supply_there_is_nobody_to_notify_or_to_supply():
    demanded = [
        {duty: state(cut(), duty, 110, **reach) for duty in ("emergency_notice", "K14", "K12")}
        for reach in ({"customers": 0}, {"customers": 1}, {})
    ]
    assert demanded[0] == {"emergency_notice": None, "K14": None, "K12": "due_soon"}
    assert demanded[1] == demanded[2] == {"emergency_notice": "running", "K14": "running", "K12": "due_soon"}


def test_planned_works_that_leave_nobody_without_supply_need_no_notice_but_their_approval():
    demanded = [
        {duty: state(record("planned"), duty, 0, **reach) is not None for duty in ("K11", "approval")}
        for reach in ({"customers": 0}, {"customers": 1}, {})
    ]
    assert demanded[0] == {"K11": False, "approval": True}
    assert demanded[1] == demanded[2] == {"K11": True, "approval": True}


@pytest.mark.parametrize(("back_min", "wanted"), [(89, None), (90, None), (91, "breached")])
def test_what_supply_came_back_before_need_not_be_published_any_more(back_min, wanted):
    steps = [("start_closing", {"at": at(100)}), ("cut_off", {"at": at(101)}), ("finish_work", {"at": at(110)})]
    assert state(cut(*steps, ("restore", {"at": at(100 + back_min)})), "emergency_notice", 999) == wanted


@pytest.mark.parametrize(("after_min", "wanted"), [(60, "met"), (61, "breached")])
def test_the_level_that_was_set_says_when_the_superior_is_told(after_min, wanted):
    """W13.1."""
    told = ("report_up", {"subject": "initial", "at": at(100 + after_min)})
    level = ("set_level", {"value": "2", "at": at(105)})
    assert state(cut(level, told), "report_up", 999) == wanted
    assert state(cut(told), "report_up", 999) is None


def test_every_duty_cites_an_article_of_its_own_utility():
    for utility in ("power", "heating", "gas"):
        planned = record("planned", utility=utility, log=valves(("V1", "closed", START)))
        for made in (planned, cut(utility=utility)):
            found = duties(made, RULES, now=at(9999), zone=ZONE, reach=Reach(3, 5, ("C1",)))
            assert not found["article"].str.startswith("供水").any()
            assert found["article"].str.len().min() > 3


def test_temporary_power_work_is_published_a_day_ahead():
    told = [*TOLD, ("publish", {"at": at(START - 25 * 60)})]
    plain = record("planned", *told, utility="power")
    declared = record("planned", *told, ("declare_temporary", {"note": "电缆渗油"}), utility="power")
    assert [state(made, "K24", START) for made in (plain, declared)] == ["breached", "met"]


def test_the_fire_service_is_told_of_hydrants_out():
    assert state(cut(), "fire_service", 200) is None
    assert state(cut(), "fire_service", 200, hydrants=3) == "breached"
    assert state(cut(("inform_fire_service", {"at": at(130)})), "fire_service", 200, hydrants=3) == "met"


def test_one_customer_is_filed_before_being_cut_off():
    """W18.2."""
    late = record("individual", ("cut_off", {"at": at(60)}), ("inform_dispatch", {"at": at(61)}))
    filed = record("individual", ("inform_dispatch", {"at": at(60)}), ("cut_off", {"at": at(60)}))
    assert [state(made, "filing", 500) for made in (late, filed)] == ["breached", "met"]


def test_notices_are_posted_in_every_community_before_the_start():
    """W17.3, W35.4."""
    posts = [("post", {"subject": code, "at": at(START - 60)}) for code in ("C1", "C2")]
    log = valves(("V1", "closed", START))
    made = published(240, log=log)
    assert state(made, "posting", START + 1, communities=("C1", "C2")) == "breached"
    made = record("planned", *TOLD, ("publish", {}), *posts, log=log)
    assert state(made, "posting", START + 1, communities=("C1", "C2")) == "met"
    assert state(made, "posting", START + 1, communities=("C1", "C2", "C3")) == "breached"


@pytest.mark.parametrize(
    ("local", "wanted"), [("21:59", "met"), ("22:00", "breached"), ("05:59", "breached"), ("06:00", "met")]
)
def test_gas_is_not_restored_to_homes_at_night(local, wanted):
    back = datetime.fromisoformat(f"2026-11-22T{local}:00+08:00")
    rows = [("start_closing", {}), ("cut_off", {}), ("finish_work", {}), ("restore", {"at": back})]
    assert state(cut(*rows, utility="gas"), "night", 9999, homes=12) == wanted
    assert state(cut(*rows, utility="gas"), "night", 9999) is None  # nobody lives there
    assert state(cut(*rows), "night", 9999, homes=12) is None


@pytest.mark.parametrize(
    ("local", "wanted", "due"),
    [
        ("2026-11-20T12:00", "running", "2026-11-20T22:00"),
        ("2026-11-20T19:30", "due_soon", "2026-11-20T22:00"),
        ("2026-11-20T23:00", "due_soon", None),  # it is night: hold
        ("2026-11-21T06:00", "running", "2026-11-21T22:00"),
    ],
)
def test_while_gas_is_off_the_coming_night_is_warned_of(local, wanted, due):
    now = datetime.fromisoformat(f"{local}:00+08:00")
    off = record("emergency", ("order", {"at": at(10)}), log=valves(("V1", "closed", 60)), utility="gas")
    found = duties(off, RULES, now=now, zone=ZONE, reach=Reach(homes=3)).set_index("duty").loc["night"]
    assert found["state"] == wanted
    assert pd.isna(found["due_at"]) if due is None else found["due_at"] == pd.Timestamp(due, tz="Asia/Shanghai")


def test_gas_work_planned_or_expected_to_end_at_night_is_warned_of():
    end = pd.Timestamp("2026-11-22T23:00:00+08:00")
    assert state(record("planned", utility="gas", planned_end=end), "night", 10, homes=3) == "due_soon"
    assert state(record("planned", utility="gas"), "night", 10, homes=3) == "running"
    etr = ("set_etr", {"value": "2026-11-21T02:00:00+08:00"})
    assert state(cut(etr, utility="gas"), "night", 130, homes=3) == "due_soon"


def test_work_that_lasts_longer_than_planned_is_late():
    begun = record("planned", *TOLD, ("publish", {}), log=valves(("V1", "closed", START)))
    assert [state(begun, "planned_end", START + hours * 60) for hours in (1, 8, 8.1)] == [
        "running",
        "due_soon",
        "breached",
    ]


def test_a_cancelled_operation_brings_no_duties():
    assert duties(record("planned", ("cancel", {"note": "x"})), RULES, now=at(9999), zone=ZONE).empty


def test_what_has_no_time_is_not_judged():
    made = record("planned", planned_start=pd.NaT, planned_end=pd.NaT)
    found = duties(made, RULES, now=at(9999), zone=ZONE)
    assert set(found["state"]) == {"not_judged"}


@pytest.mark.parametrize(
    ("households", "critical", "level"),
    [(30_000, 0, 1), (29_999, 0, 2), (499, 0, None), (500, 0, 4), (1, 3, 3), (0, 0, None)],
)
def test_a_response_level_is_proposed_by_whichever_figure_is_reached(households, critical, level):
    """W13.1."""
    found = proposed_level(RULES, "water", households=households, critical=critical)
    assert (found.level if found else None) == level
    assert proposed_level(RULES, "gas", households=households, critical=critical) is None


@pytest.mark.parametrize(("hours", "level"), [(None, 1), (24, 1), (23.9, 2)])
def test_a_level_for_long_shutoffs_is_proposed_unless_it_is_known_to_be_short(hours, level):
    assert proposed_level(RULES, "water", households=30_000, critical=0, hours=hours).level == level


def test_drills_are_not_counted():
    """G8.5."""
    both = pd.concat([head(), head(code="S2", drill=True)], ignore_index=True)
    assert counted_operations(both)["code"].tolist() == ["S1"]


def test_the_worst_duty_gives_the_colour():
    assert [worst(states) for states in ([], ["met", "running"], ["met", "breached", "due_soon"])] == [
        None,
        "running",
        "breached",
    ]
    assert START * timedelta(minutes=1) == at(START) - datetime(2026, 11, 20, tzinfo=UTC)
