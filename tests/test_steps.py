"""What every kept record demands of its next step."""

from datetime import UTC, datetime, timedelta

import pytest

from gisapp.errors import ConflictError, InputError
from gisapp.steps import cannot_follow, require_moment, require_order, require_reason, require_seen, require_subject

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_whoever_saw_another_status_is_told_both():
    require_seen("S1", None, "ordered")
    require_seen("S1", "ordered", "ordered")
    with pytest.raises(ConflictError, match="S1 was proposed when you looked and is ordered now"):
        require_seen("S1", "proposed", "ordered")


def test_what_may_follow_is_listed():
    assert "'close' cannot follow draft; what may follow is submit, cancel" in str(
        cannot_follow("close", "draft", ["submit", "cancel"])
    )
    assert "what may follow is nothing" in str(cannot_follow("close", "closed", []))


def test_a_step_lies_neither_before_the_record_nor_before_what_moved_it_last():
    when = {"opened_at": NOON, "moved_at": NOON + 5 * MINUTE, "status": "ordered"}
    require_order("close", NOON + 5 * MINUTE, **when)
    with pytest.raises(InputError, match=r"lies before it came to ordered at .*12:05"):
        require_order("close", NOON + 4 * MINUTE, **when)
    with pytest.raises(InputError, match=r"lies before the record was opened at .*12:00"):
        require_order("close", NOON - MINUTE, **when)
    require_order("remark", NOON, **when | {"moved_at": NOON})


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_subject_and_reason_are_demanded_where_they_are_wanted(empty):
    require_subject("close", empty, {"appoint": "person"})
    require_reason("close", empty, wanted=False)
    with pytest.raises(InputError, match="appoint concerns nobody; give the person"):
        require_subject("appoint", empty, {"appoint": "person"})
    with pytest.raises(InputError, match="close has no reason"):
        require_reason("close", empty, wanted=True)


@pytest.mark.parametrize("text", [None, "six", "2026-11-27T06:00:00"])
def test_a_moment_has_its_offset(text):
    require_moment("2026-11-27T06:00:00+08:00")
    with pytest.raises(InputError, match="give a moment such as"):
        require_moment(text)
