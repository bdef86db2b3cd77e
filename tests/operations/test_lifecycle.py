"""Which step may follow which, and what each demands."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import OPENED, at, record

from gisapp.errors import ConflictError, InputError
from gisapp.operations import allowed, cooperation, next_step, operation_json, recordable, wants_reason
from gisapp.operations.lifecycle import DONE, FACTS, SUBJECTS, TRANSITIONS
from gisapp.tables import TABLES

PLANNED = ("submit", "approve", "inform_dispatch", "publish", "finish_posting", "start_closing", "cut_off")
AFTER = ("finish_work", "refill", "restore", "answer", "close")


def done(*actions):
    return [(action, {}) for action in actions]


def test_planned_work_goes_from_draft_to_closed():
    """W17.1."""
    assert record("planned", *done(*PLANNED, *AFTER)).status == "closed"


def test_an_emergency_goes_from_proposed_to_closed():
    assert record("emergency", *done("order", "start_closing", "cut_off", *AFTER)).status == "closed"


def test_a_shutoff_for_arrears_is_filed_cut_off_and_restored():
    assert record("individual", *done("inform_dispatch", "cut_off", "restore", "close")).status == "closed"


@pytest.mark.parametrize("action", ["approve", "publish", "start_closing", "cut_off", "restore", "close"])
def test_a_draft_is_submitted_before_anything_else(action):
    with pytest.raises(InputError, match=f"'{action}' cannot follow draft; what may follow is submit, cancel"):
        next_step(record("planned"), action, at=at(1))


def test_nothing_is_published_before_it_is_approved():
    """W17.1."""
    before = [status for status, moves in TRANSITIONS["planned"].items() if "publish" in moves]
    assert before == ["dispatch_informed"]
    assert [status for status, moves in TRANSITIONS["planned"].items() if "inform_dispatch" in moves] == ["approved"]


@pytest.mark.parametrize("action", ["refuse", "cancel"])
def test_a_refusal_has_a_reason(action):
    submitted = record("planned", *done("submit"))
    with pytest.raises(InputError, match=r"field note: .* has no reason"):
        next_step(submitted, action, at=at(100), note="  ")
    assert next_step(submitted, action, at=at(100), note="管材未到").to_status in ("refused", "cancelled")


def test_a_screen_can_ask_which_steps_demand_a_reason_and_which_facts_may_be_recorded():
    submitted = record("planned", *done("submit"))
    assert [action for action in allowed(submitted) if wants_reason(submitted, action)] == ["refuse", "cancel"]
    assert not {"publish", "inform_dispatch"} & set(recordable(submitted))
    assert set(recordable(record("emergency"))) == set(FACTS)
    assert recordable(record("emergency", ("cancel", {"note": "误报"}))) == ()


def test_closing_before_every_notice_is_posted_has_a_reason():
    published = record("planned", *done("submit", "approve", "inform_dispatch", "publish"))
    with pytest.raises(InputError, match="say why"):
        next_step(published, "start_closing", at=at(500))
    assert next_step(published, "start_closing", at=at(500), note="小区门禁").to_status == "closing"


def test_whoever_saw_another_status_is_told_what_it_was_and_is():
    ordered = record("emergency", *done("order"))
    with pytest.raises(ConflictError, match="S1 was proposed when you looked and is ordered now"):
        next_step(ordered, "order", at=at(100), seen="proposed")


def test_a_step_before_the_record_was_opened_is_refused():
    with pytest.raises(InputError, match="before the record was opened"):
        next_step(record("emergency"), "order", at=at(-1))


def test_the_status_is_not_moved_before_it_was_moved_last_but_facts_may_be_written_late():
    ordered = record("emergency", ("order", {"at": at(30)}), ("inform_dispatch", {"at": at(45)}))
    with pytest.raises(InputError, match=r"start_closing at .*00:29.* lies before it came to ordered at .*00:30"):
        next_step(ordered, "start_closing", at=at(29))
    assert next_step(ordered, "start_closing", at=at(30)).to_status == "closing"
    assert next_step(ordered, "inform_fire_service", at=at(10)).to_status == "ordered"


@pytest.mark.parametrize("value", [None, "six o'clock", "2026-11-27T06:00:00"])
def test_an_estimate_is_a_moment_with_its_zone(value):
    with pytest.raises(InputError, match="give a moment such as"):
        next_step(record("emergency"), "set_etr", at=at(1), value=value)


def test_every_estimate_is_kept():
    first, second = "2026-11-20T06:00:00+08:00", "2026-11-20T08:30:00+08:00"
    made = record("emergency", ("set_etr", {"value": first}), ("set_etr", {"value": second, "note": "管沟积水"}))
    assert made.etrs["etr"].dt.strftime("%H:%M").tolist() == ["22:00", "00:30"]
    assert made.status == "proposed"


@pytest.mark.parametrize("action", list(SUBJECTS))
def test_a_fact_about_somebody_says_about_whom(action):
    with pytest.raises(InputError, match="field subject"):
        next_step(record("emergency"), action, at=at(1))


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(list(TRANSITIONS)), st.data())
def test_no_row_of_steps_leaves_the_table_or_loses_one(kind, data):
    rows = []
    for _ in range(data.draw(st.integers(0, 12))):
        now = record(kind, *rows)
        assert now.status in TRANSITIONS[kind]
        facts = () if now.status in DONE else ("remark", "inform_fire_service")
        if not (may := [*allowed(now), *facts]):
            break
        rows.append((data.draw(st.sampled_from(may)), {"note": "因故"}))
    made = record(kind, *rows)
    assert made.steps["action"].tolist() == ["open", *(action for action, _ in rows)]
    assert made.steps["to_status"].tolist()[:-1] == made.steps["from_status"].tolist()[1:]
    assert made.moment("open") == OPENED


def test_a_closed_record_takes_no_more_facts():
    closed = record("individual", *done("cut_off", "restore", "close"))
    for fact in FACTS:
        with pytest.raises(InputError, match="cannot follow closed; what may follow is nothing"):
            next_step(closed, fact, at=at(999), subject="x", note="x", value="2026-11-20T06:00:00+08:00")


def test_who_is_to_help_is_asked_until_a_moment_and_only_who_was_asked_has_helped():
    """W35.2."""
    with pytest.raises(InputError, match="field value"):
        next_step(record("emergency"), "ask_cooperation", at=at(1), subject="U07", value="soon")
    with pytest.raises(InputError, match="nobody asked 'U07' to help"):
        next_step(record("emergency"), "cooperate", at=at(1), subject="U07")
    ask = ("ask_cooperation", {"subject": "U07", "value": at(90).isoformat()})
    asked = record("emergency", ask)
    assert cooperation(asked.steps, now=at(90))["state"].tolist() == ["due_soon"]
    assert cooperation(asked.steps, now=at(91))["state"].tolist() == ["breached"]
    again = ("ask_cooperation", {"subject": "U07", "value": at(200).isoformat()})
    helped = record("emergency", ask, ("cooperate", {"subject": "U07", "at": at(90)}), again)
    assert cooperation(helped.steps, now=at(201))["state"].tolist() == ["met", "breached"]
    notices = pd.DataFrame(columns=[column.name for column in TABLES["notices"].columns])
    told = operation_json(replace(helped, notices=notices), now=at(201))["cooperation"]
    assert [(one["unit_code"], one["state"]) for one in told] == [("U07", "met"), ("U07", "breached")]
