"""The life of an emergency, and what follows from its steps."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from gisapp.emergencies import Emergency, EventStep, allowed, emergency_json, informed, next_step
from gisapp.errors import ConflictError, InputError
from gisapp.rules import shutoff_rules

START = datetime(2026, 11, 27, 8, tzinfo=UTC)


def begun(**head):
    fixed = {"code": "E1", "utility": "water", "kind": "burst", "summary": "爆管", "place": None, "spot": None}
    fixed |= {"shutoff_code": None, "incident_code": None, "opened_at": START, "drill": False}
    return Emergency(**{**fixed, **head}, steps=(EventStep("open", START, "reported", number=1),))


def after(emergency, *steps):
    """Return an emergency after steps, a minute apart unless they say when."""
    for action, told in steps:
        number = len(emergency.steps) + 1
        at = START + timedelta(minutes=told.pop("minute", number - 1))
        step = next_step(emergency, action, at=at, **told)
        emergency = replace(emergency, steps=(*emergency.steps, replace(step, number=number, actor="E001")))
    return emergency


COMMAND = ("appoint", {"subject": "E001", "value": "commander"})
VERIFY = ("verify", {"note": "DN300主管爆管"})


def started(*more):
    fixed = [(name, dict(told)) for name, told in (VERIFY, COMMAND)]
    return after(begun(), *fixed, ("activate", {"subject": "YA-01", "value": "3"}), *more)


def test_no_plan_is_started_without_a_commander():
    """G8.1."""
    verified = after(begun(), ("verify", {"note": "属实"}))
    with pytest.raises(InputError, match="nobody commands"):
        next_step(verified, "activate", at=START + timedelta(hours=1), value="3")
    assert started().status == "active"
    assert started().organisation == {"commander": "E001"}


def test_tasks_are_told_by_the_four_functions():
    """G8.2."""
    emergency = started(
        ("order_task", {"subject": "materials", "note": "调运水泵"}),
        ("order_task", {"subject": "technical", "note": "确认关阀", "value": "2026-11-27"}),
        ("finish_task", {"subject": "5"}),
    )
    tasks = emergency_json(emergency, today=date(2026, 11, 28))["tasks"]
    assert {name: [one["words"] for one in told] for name, told in tasks.items()} == {
        "materials": ["调运水泵"],
        "people": [],
        "technical": ["确认关阀"],
        "information": [],
    }
    assert tasks["materials"][0]["done_at"] is not None
    assert [one["overdue"] for name in ("materials", "technical") for one in tasks[name]] == [False, True]
    with pytest.raises(InputError, match="use one of materials, people, technical, information"):
        after(emergency, ("order_task", {"subject": "kitchen", "note": "饭"}))
    with pytest.raises(InputError, match="open are 6"):
        after(emergency, ("finish_task", {"subject": "5"}))


def test_after_the_evaluation_measures_have_their_last_day():
    """G8.6."""
    over = started(("stand_down", {"note": "恢复供水"}), ("evaluate", {"note": "阀门资料不全"}))
    with pytest.raises(InputError, match="last day such as"):
        after(over, ("plan_measure", {"subject": "E002", "note": "补测阀门", "value": "soon"}))
    planned = after(over, ("plan_measure", {"subject": "E002", "note": "补测阀门", "value": "2026-12-01"}))
    measure = planned.measures[0]
    assert not measure.overdue(date(2026, 12, 1))
    assert measure.overdue(date(2026, 12, 2))
    closed = after(planned, ("close", {}), ("finish_measure", {"subject": str(measure.number)}))
    assert closed.measures[0].done_at is not None
    with pytest.raises(InputError, match="cannot follow stood_down"):
        after(started(("stand_down", {"note": "恢复"})), ("close", {}))


def test_the_minutes_to_the_plan_and_to_the_report_are_told():
    """G8.7, G8.8."""
    emergency = after(
        begun(),
        ("first_response", {"note": "现场设警戒", "minute": 4}),
        ("verify", {"note": "属实", "minute": 9}),
        ("appoint", {"subject": "E001", "value": "commander", "minute": 10}),
        ("activate", {"value": "2", "minute": 15}),
        ("report_up", {"value": "initial", "minute": 30}),
    )
    assert emergency.intervals_min == {"verify": 9, "activate": 15, "report_up": 30, "stand_down": None}
    assert emergency.moment("first_response") == START + timedelta(minutes=4)


@pytest.mark.parametrize(("minute", "state"), [(120, "met"), (121, "breached"), (None, "running")])
def test_those_whom_the_level_wants_told_have_a_clock(minute, state):
    """W18.1, G8.8."""
    reported = [] if minute is None else [("report_up", {"value": "initial", "minute": minute})]
    rules = shutoff_rules(date(2026, 11, 27))
    told = informed(started(*reported), rules, now=START + timedelta(minutes=10 if minute is None else 300))
    assert told[["tell", "state"]].to_numpy().tolist() == [["供水主管部门（样本）", state]]
    assert informed(begun(), rules, now=START).empty


def test_a_step_that_may_not_follow_says_what_may():
    with pytest.raises(InputError, match="what may follow is verify, cancel, appoint"):
        after(begun(), ("stand_down", {"note": "完"}))
    with pytest.raises(ConflictError, match="was reported when you looked and is active now"):
        next_step(started(), "stand_down", at=START + timedelta(hours=1), note="完", seen="reported")
    with pytest.raises(InputError, match="lies before"):
        next_step(started(), "stand_down", at=START - timedelta(hours=1), note="完")
    with pytest.raises(InputError, match="use one of commander, deputy"):
        after(begun(), ("appoint", {"subject": "E001", "value": "cook"}))
    assert allowed(started()) == ("stand_down",)
