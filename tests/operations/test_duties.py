"""What must be done for a shutoff, until when, and whether it was: every boundary by itself."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from records import at, head, record, valves

from gisapp.operations.duties import Reach, counted_operations, duties, proposed_level, worst
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
    assert state(published(START - ahead_min), "K11", START) == wanted


@pytest.mark.parametrize(
    ("minutes", "wanted"), [(60, "running"), (19 * 60, "due_soon"), (24 * 60, "due_soon"), (24 * 60 + 1, "breached")]
)
def test_a_notice_not_published_runs_then_warns_then_is_late(minutes, wanted):
    assert state(record("planned", *TOLD), "K11", minutes) == wanted


@pytest.mark.parametrize(("utility", "duty"), [("water", "K11"), ("gas", "K25"), ("power", "K24"), ("heating", None)])
def test_every_utility_has_its_own_lead_time(utility, duty):
    found = duties(published(6 * 60, utility=utility), RULES, now=at(START), zone=ZONE)
    notice = found[found["duty"].isin(["K11", "K24", "K25", "K26"])]
    assert notice["duty"].tolist() == ([duty] if duty else [])
    assert notice["state"].tolist() == {"water": ["met"], "gas": ["breached"], "power": ["breached"]}.get(utility, [])


def test_what_was_published_before_a_postponement_does_not_count():
    made = record("planned", *TOLD, ("publish", {}), ("postpone", {"note": "暴雨"}), ("submit", {}))
    assert state(made, "K11", 8 * 60) == "running"
    assert state(made, "approval", START + 1) == "breached"


def test_planned_work_begun_without_approval_is_a_breach():
    begun = record("planned", ("submit", {}), log=valves(("V1", "closed", 200)))
    assert state(begun, "approval", 201) == "breached"
    assert state(record("planned", *APPROVED, log=valves(("V1", "closed", 200))), "approval", 201) == "met"


def test_dispatch_has_the_written_notice_before_the_start():
    assert state(record("planned", *TOLD), "written_notice", START + 5) == "met"
    assert state(record("planned", *APPROVED), "written_notice", START + 5) == "breached"


def cut(*more, kind="emergency", off=100.0, **head_of):
    """Return an operation whose first valve was closed at ``off``."""
    return record(kind, ("order", {"at": at(off - 5)}), *more, log=valves(("V1", "closed", off)), **head_of)


@pytest.mark.parametrize(("after_min", "wanted"), [(-3, "met"), (10, "met"), (10 + 1 / 60, "breached")])
def test_dispatch_is_told_of_an_emergency_at_the_same_time(after_min, wanted):
    assert state(cut(("inform_dispatch", {"at": at(100 + after_min)})), "K12", 200) == wanted


def test_an_emergency_nobody_told_of_is_late_after_the_tolerance():
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


def test_the_fire_service_is_told_of_hydrants_out():
    assert state(cut(), "fire_service", 200) is None
    assert state(cut(), "fire_service", 200, hydrants=3) == "breached"
    assert state(cut(("inform_fire_service", {"at": at(130)})), "fire_service", 200, hydrants=3) == "met"


def test_one_customer_is_filed_before_being_cut_off():
    late = record("individual", ("cut_off", {"at": at(60)}), ("inform_dispatch", {"at": at(61)}))
    filed = record("individual", ("inform_dispatch", {"at": at(60)}), ("cut_off", {"at": at(60)}))
    assert [state(made, "filing", 500) for made in (late, filed)] == ["breached", "met"]


def test_notices_are_posted_in_every_community_before_the_start():
    posts = [("post", {"subject": code, "at": at(START - 60)}) for code in ("C1", "C2")]
    made = published(60)
    assert state(made, "posting", START + 1, communities=("C1", "C2")) == "breached"
    made = record("planned", *TOLD, ("publish", {}), *posts)
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
    found = proposed_level(RULES, "water", households=households, critical=critical)
    assert (found.level if found else None) == level
    assert proposed_level(RULES, "gas", households=households, critical=critical) is None


def test_drills_are_not_counted():
    both = pd.concat([head(), head(code="S2", drill=True)], ignore_index=True)
    assert counted_operations(both)["code"].tolist() == ["S1"]


def test_the_worst_duty_gives_the_colour():
    assert [worst(states) for states in ([], ["met", "running"], ["met", "breached", "due_soon"])] == [
        None,
        "running",
        "breached",
    ]
    assert START * timedelta(minutes=1) == at(START) - datetime(2026, 11, 20, tzinfo=UTC)
