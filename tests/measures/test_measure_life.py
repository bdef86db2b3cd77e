"""What is to be done by a day: ordered, done, checked by somebody else, and told while it is not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from gisapp.errors import AccessError, InputError
from gisapp.measures import Measure, carried, first_step, measure_list, next_step, quiet_grids
from gisapp.tables import conform

ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 10, 2, tzinfo=UTC)
DUE = date(2026, 11, 20)


def ordered(kind="rectification", role="supervision", due="2026-11-20", **head):
    first = first_step(kind, due, at=AT, day=AT.date(), actor="E020", role=role)
    fixed = {
        "code": "M1",
        "kind": kind,
        "summary": "补齐资料",
        "subject": "U07",
        "grid_code": "G001",
        "incident_code": None,
    }
    fixed |= {"note_number": None, "first_due": date.fromisoformat(due) if due else None, "ordered_at": AT}
    return Measure(**{**fixed, "ordered_by": "E020", "role": role, **head}, steps=(first,))


def after(measure, *steps):
    """Return a measure after steps: action, days after the order, who, as what, and what else is told."""
    for action, days, actor, role, *told in steps:
        given = {"note": "已办", **(told[0] if told else {})}
        step = next_step(measure, action, at=AT + timedelta(days=days), actor=actor, role=role, **given)
        measure = replace(measure, steps=(*measure.steps, step))
    return measure


@pytest.mark.parametrize(
    ("day", "state"),
    [(16, "running"), (17, "due_soon"), (20, "due_soon"), (21, "overdue")],
)
def test_a_rectification_is_told_three_days_before_its_day_and_overdue_the_day_after(day, state):
    """W14.2."""
    assert ordered().state(date(2026, 11, day), ZONE) == state


def test_what_is_done_on_its_last_day_is_in_time_and_at_midnight_of_the_zone_late():
    """W14.2."""
    last = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)
    for moment, state in ((last, "done"), (last + timedelta(seconds=1), "late")):
        days = (moment - AT) / timedelta(days=1)
        done = after(ordered(), ("finish", days, "K1", "unit"))
        assert done.state(date(2026, 12, 1), ZONE) == state


def test_nobody_checks_their_own_work_and_what_is_not_good_is_open_again():
    """W14.2."""
    done = after(ordered(), ("finish", 3, "E020", "dispatcher"))
    with pytest.raises(AccessError, match="E020 did M1; somebody else must check it"):
        after(done, ("check", 4, "E020", "supervision"))
    assert after(done, ("check", 4, "E021", "supervision")).status == "checked"
    back = after(done, ("send_back", 4, "E021", "supervision"))
    assert (back.status, back.state(DUE + timedelta(days=1), ZONE)) == ("ordered", "overdue")


@pytest.mark.parametrize(
    ("action", "role"), [("finish", "supervision"), ("check", "unit"), ("cancel", "unit"), ("extend", "crew")]
)
def test_supervision_and_dispatch_order_and_check_others_do_it(action, role):
    """W14.2."""
    before = after(ordered(), ("finish", 1, "K1", "unit")) if action == "check" else ordered()
    with pytest.raises(AccessError, match=f"{role} may not {action} M1"):
        after(before, (action, 2, "X1", role, {"value": "2026-12-01"}))
    for wrong in ("unit", "grid_leader", "auditor"):
        with pytest.raises(AccessError, match=f"{wrong} may not order rectification"):
            ordered(role=wrong)


def test_more_time_keeps_the_first_day_and_must_be_later():
    """W14.2."""
    longer = after(ordered(), ("extend", 1, "E020", "supervision", {"value": "2026-11-25"}))
    assert (longer.due, longer.first_due) == (date(2026, 11, 25), DUE)
    for value in ("2026-11-25", "soon", None):
        with pytest.raises(InputError, match="field value"):
            after(longer, ("extend", 2, "E020", "supervision", {"value": value}))


def test_a_day_that_is_over_or_none_is_refused_and_criticism_has_none():
    """W14.2."""
    for due in ("2026-11-09", None, "x"):
        with pytest.raises(InputError, match="field due"):
            ordered(due=due)
    with pytest.raises(InputError, match="criticism has no last day"):
        ordered("criticism")
    circulated = ordered("criticism", due=None)
    assert (circulated.status, circulated.state(DUE, ZONE)) == ("circulated", None)
    with pytest.raises(InputError, match="'finish' cannot follow circulated"):
        after(circulated, ("finish", 1, "K1", "unit"))


def tables(*measures):
    heads = [
        {name: getattr(one, name) for name in ("code", "kind", "summary", "subject", "grid_code", "ordered_at")}
        | {"ordered_by": one.ordered_by, "role": one.role, "due": one.first_due and one.first_due.isoformat()}
        for one in measures
    ]
    steps = [
        vars(step) | {"measure_code": one.code, "step": number, "noted_at": step.at}
        for one in measures
        for number, step in enumerate(one.steps, 1)
    ]
    return conform(pd.DataFrame(heads), "measures"), conform(pd.DataFrame(steps), "measure_steps")


def test_open_actions_are_carried_to_the_next_meeting_until_they_are_checked():
    """G3.1.2."""
    by = ("finish", 5, "K1", "unit")
    given = (
        ordered("meeting_action", "grid_leader", code="A"),
        after(ordered("meeting_action", "grid_leader", code="B"), by),
        after(ordered("meeting_action", "grid_leader", code="C"), by, ("check", 6, "E010", "grid_leader")),
        ordered("meeting_action", "grid_leader", code="D", grid_code="G002"),
        after(ordered(code="E"), ("cancel", 2, "E020", "supervision")),
        ordered("criticism", due=None, code="F"),
    )

    def told(days):
        found = carried(*tables(*given), "G001", end=AT + timedelta(days=days), zone=ZONE)
        return dict(zip(found["code"], found["state"], strict=True))

    assert told(7) == {"A": "due_soon", "B": "done"}
    assert told(5.5) == {"A": "running", "B": "done", "C": "done"}  # as it stood then
    assert told(30) == {"A": "overdue", "B": "done"}  # a month later it is still there
    assert told(0) == {}
    assert told(1) == dict.fromkeys("ABCE", "running")


def test_the_overdue_stand_first_in_the_list_and_what_was_typed_is_masked():
    """W14.2."""
    given = (
        ordered(code="A", due="2026-12-30", summary="联系 13800138000"),
        ordered(code="B"),
        after(ordered(code="C"), ("finish", 1, "K1", "unit")),
    )
    found = measure_list(*tables(*given), today=date(2026, 11, 21), zone=ZONE)
    assert found[["code", "state"]].to_numpy().tolist() == [["B", "overdue"], ["A", "running"], ["C", "done"]]
    assert found.loc[1, "summary"] == "联系 138****8000"


def test_a_grid_that_its_leader_does_not_see_is_listed():
    """G2.3: exactly the days between two visits are in time; a talk is no visit."""
    now = AT + timedelta(days=30)
    notes = [("G001", "visit", AT), ("G002", "visit", AT - timedelta(seconds=1)), ("G003", "users", now)]
    rows = [
        {
            "number": number,
            "at": at,
            "noted_at": at,
            "grid_code": grid,
            "person_code": "E1",
            "kind": kind,
            "summary": "x",
        }
        for number, (grid, kind, at) in enumerate(notes, 1)
    ]
    grids = pd.DataFrame({"code": ["G001", "G002", "G003"]})
    leaders = pd.Series({"G002": "E2", "G003": "E3"})
    found = quiet_grids(grids, leaders, conform(pd.DataFrame(rows), "grid_notes"), now=now, every_days=30)
    assert found[["grid_code", "leader"]].to_numpy().tolist() == [["G003", "E3"], ["G002", "E2"]]
    assert found["last_visit"].isna().tolist() == [True, False]
