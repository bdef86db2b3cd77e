"""The facts of a month: counts, rates, medians and satisfaction, each with what it rests on."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from histories import REPORTED, TO_CALLED_BACK, after, at, reported

from gisapp.errors import InputError
from gisapp.incidents import clock_table
from gisapp.incidents.assessment import NOBODY, assessed, assessment, clock_rates, subject_of
from gisapp.rules import incident_rules

ZONE = ZoneInfo("Asia/Shanghai")
RULES = incident_rules(date(2026, 11, 20))


def arriving(minutes, code, **head):
    told = [("dispatch", {"at": at(0)}), ("accept", {"at": at(1)}), ("arrive", {"at": at(minutes)})]
    return after(reported(code=code, **head), *told)


def only(incidents, by="unit"):
    return assessment(incidents, by=by).set_index("subject").loc["U07"]


def test_drills_duplicates_and_withdrawn_ones_do_not_count_and_a_period_ends_before_its_end():
    mine = [reported(code="A"), after(reported(code="B"), "merge"), after(reported(code="C"), "cancel"),
            reported(code="D", drill=True)]  # fmt: skip
    assert [one.code for one in assessed(mine, REPORTED, REPORTED + timedelta(days=1))] == ["A"]
    assert assessed(mine, REPORTED - timedelta(days=1), REPORTED) == []


@pytest.mark.parametrize(
    ("minutes", "median", "ninth"), [([10, 20, 60], 20, 52), ([10, 20, 40, 60], 30, 54), ([7], 7, 7)]
)
def test_medians_of_odd_and_even_numbers_and_ninth_deciles_are_interpolated(minutes, median, ninth):
    """G5.3."""
    mine = [arriving(minute, f"A{minute}") for minute in minutes]
    waiting = after(reported(code="W"), ("dispatch", {"at": at(0)}))
    row = only([*mine, waiting])
    assert (row["arrival_n"], row["arrival_median_min"], row["arrival_p90_min"]) == (len(minutes), median, ninth)
    assert row["incidents"] == len(minutes) + 1


def test_satisfaction_is_of_those_who_were_reached():
    """W14.1, P2.7, G3.4.3."""
    said = ["satisfied", "satisfied", "dissatisfied", "unreachable"]
    mine = [after(reported(code=f"A{n}"), *TO_CALLED_BACK[:-1], ("call_back", {"value": one}))
            for n, one in enumerate(said)]  # fmt: skip
    row = only([*mine, after(reported(code="W"), "dispatch")])
    assert (row["asked"], row["reached"], row["satisfied"], row["satisfaction"]) == (4, 3, 2, 2 / 3)
    assert (row["closed"], row["complete"], row["completeness"]) == (4, 4, 1.0)


def test_a_second_repair_is_told_and_a_record_without_a_moment_is_not_complete():
    """G5.2."""
    again = after(reported(), *TO_CALLED_BACK[:-1], ("call_back", {"value": "dissatisfied"}), "reopen", "dispatch")
    assert (only([again])["reopened"], only([again])["closed"]) == (1, 0)
    head = {"code": "F", "type": "leak", "reported_at": REPORTED, "status": "archived", "unit_code": "U07"}
    came = type(again)(head | {"drill": False, "dispatched_at": at(1), "closed_at": at(9)}, (), "repair")
    assert (only([came])["closed"], only([came])["completeness"]) == (1, 0.0)


def test_every_incident_has_a_subject_or_is_said_to_have_none():
    """G1.2, G5.1."""
    done = after(reported(grid_code="G1"), *TO_CALLED_BACK)
    assert [subject_of(done, by) for by in ("unit", "grid", "person")] == ["U07", "G1", "K0001"]
    assert [subject_of(reported(), by) for by in ("unit", "grid", "person")] == [NOBODY] * 3
    assigned = after(reported(), "dispatch", "accept", "assign")
    older = type(assigned)(assigned.head, (*assigned.steps[:-1], replace(assigned.steps[-1], subject=None)), "repair")
    assert [subject_of(one, "person") for one in (assigned, older)] == ["K0001", NOBODY]
    with pytest.raises(InputError, match="found 'crew'; use one of unit, grid, person"):
        assessment([done], by="crew")


def test_rates_tell_what_was_met_breached_runs_and_cannot_be_judged():
    """G5.3."""
    mine = [
        arriving(40, "A"),
        arriving(41, "B"),
        arriving(10, "C"),
        after(reported(code="D"), ("dispatch", {"at": at(0)})),
    ]
    told = clock_table(mine, lambda one: RULES, now=at(30), zone=ZONE)
    rates = clock_rates(mine, told, by="unit").set_index("clock")
    row = rates.loc["K2"]
    assert (row["met"], row["breached"], row["open"], row["n"], row["rate"]) == (2, 1, 1, 3, 2 / 3)
    assert rates.loc["K1", "breached"] == 1  # D is not accepted after 30 minutes
    until = datetime(2026, 12, 1, tzinfo=UTC).isoformat()
    extended = after(reported(), ("request_extension", {"at": at(5), "value": until}), "grant_extension", "dispatch")
    late = clock_table([extended], lambda one: RULES, now=at(60 * 50), zone=ZONE)
    nine = clock_rates([extended], late, by="unit").set_index("clock").loc["K9"]
    assert (nine["breached"], nine["rate"], nine["extended_met"]) == (1, 0.0, 0)
    assert nine["extended_rate"] != nine["extended_rate"]  # by the extended limit it still runs
    assert len(clock_rates([], told.iloc[:0], by="unit")) == 0
