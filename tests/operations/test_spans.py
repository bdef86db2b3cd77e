"""From when until when supply is off."""

import pytest
from records import at, record, valves

from gisapp.operations import spans

PLAN = [("submit", {}), ("approve", {})]


def span(operation, minutes):
    rows = spans([operation], now=at(minutes))
    return [(row.starts_at, row.ends_at, row.end_known) for row in rows.itertuples()]


def test_planned_work_lasts_as_planned_until_it_begins_otherwise():
    assert span(record("planned", *PLAN), 0) == [(at(48 * 60), at(56 * 60), True)]
    early = record("planned", *PLAN, log=valves(("V1", "closed", 47 * 60)))
    assert span(early, 47 * 60) == [(at(47 * 60), at(56 * 60), True)]


def test_the_newest_estimate_is_the_end():
    told = [("set_etr", {"value": at(minutes).isoformat()}) for minutes in (300, 500)]
    assert span(record("emergency", *told), 60) == [(at(0), at(500), True)]


def test_what_goes_on_past_its_end_is_taken_to_last_another_day():
    assert span(record("emergency"), 90) == [(at(0), at(90 + 24 * 60), False)]
    late = record("planned", *PLAN, log=valves(("V1", "closed", 48 * 60)))
    assert span(late, 60 * 60) == [(at(48 * 60), at(60 * 60 + 24 * 60), False)]


def test_planned_work_that_never_began_is_over_when_its_time_is():
    assert span(record("planned", *PLAN), 57 * 60) == []


@pytest.mark.parametrize(
    "over",
    [
        record("planned", ("submit", {}), ("refuse", {"note": "x"})),
        record("planned", *PLAN, ("postpone", {"note": "x"})),
        record("emergency", ("cancel", {"note": "x"})),
        record("individual", ("cut_off", {})),
        record("emergency", *[(name, {}) for name in ("order", "start_closing", "cut_off", "finish_work", "restore")]),
    ],
)
def test_what_is_over_refused_postponed_or_of_one_customer_is_left_out(over):
    assert span(over, 10) == []


def test_postponed_work_that_is_approved_anew_counts_again():
    assert span(record("planned", *PLAN, ("postpone", {"note": "x"}), *PLAN), 10) == [(at(48 * 60), at(56 * 60), True)]
