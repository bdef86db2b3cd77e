"""What is waited for: by colour, the most urgent first, restricted ones apart, both answers with their reasons."""

from datetime import timedelta

import pandas as pd
import pytest
from small_city import small_tables

from gisapp.incidents import RuleBook, incident_of, still_open
from gisapp.reports.routes import TABLES
from gisapp.reports.waiting import COLOURS, Chosen, answers_of, colours_of, waiting
from gisapp.times import DEFAULT_ZONE, zone_named

BOOK = RuleBook(zone_named(DEFAULT_ZONE))


@pytest.fixture(scope="module")
def town():
    return small_tables()


@pytest.fixture(scope="module")
def now(town):
    return town["incidents"]["reported_at"].max().to_pydatetime()


@pytest.fixture(scope="module")
def listed(town, now):
    return waiting(town["incidents"], town["incident_steps"], BOOK, now=now)


def test_only_what_something_may_follow_in_is_waited_for(town, listed):
    open_ones = town["incidents"][still_open(town["incidents"], town["incident_steps"], BOOK)]
    assert set(listed["code"]) == set(open_ones["code"])
    assert not set(listed["status"]) & {"archived", "merged", "cancelled", "rejected"}


def test_the_most_urgent_stands_first(listed):
    """P2.5."""
    rank = colours_of(listed).map(COLOURS.index)
    assert rank.is_monotonic_increasing
    assert rank.nunique() > 1
    for _, rows in listed.groupby(rank):
        assert rows["due_at"].dropna().is_monotonic_increasing


@pytest.mark.parametrize("column", ["unit_code", "grid_code", "status", "type", "clock_state"])
def test_a_choice_keeps_the_rows_of_which_it_speaks(town, now, listed, column):
    value = listed[column].dropna().mode()[0]
    names = {"unit_code": "unit", "grid_code": "grid", "status": "statuses", "type": "types", "clock_state": "clocks"}
    chosen = Chosen(**{names[column]: value if column.endswith("_code") else (value,)})
    found = waiting(town["incidents"], town["incident_steps"], BOOK, now=now, chosen=chosen)
    assert found["code"].tolist() == listed.loc[listed[column] == value, "code"].tolist()


def test_cases_of_conduct_are_told_to_discipline_and_supervision_alone(town, now, listed):
    """W15.8."""
    incidents = town["incidents"].copy()
    code = listed.loc[listed["life"] == "complaint", "code"].iloc[0]
    incidents.loc[incidents["code"] == code, "category"] = "conduct"
    told = {
        role: set(waiting(incidents, town["incident_steps"], BOOK, now=now, role=role)["code"])
        for role in (None, "dispatcher", "discipline", "supervision")
    }
    assert {role for role, codes in told.items() if code in codes} == {"discipline", "supervision"}
    assert told["discipline"] - told["dispatcher"] == {code}


def test_nothing_waits_in_a_new_store(town, now):
    nothing = waiting(town["incidents"][:0], town["incident_steps"][:0], BOOK, now=now)
    assert nothing.empty
    assert "due_at" in nothing
    assert colours_of(nothing).empty


def test_both_answers_come_with_what_gave_them(town, listed):
    row = town["incidents"].set_index("code", drop=False).loc[listed["code"].iloc[0]]
    incident = incident_of(row.to_dict(), town["incident_steps"][:0], BOOK.life(row))
    rows = town["incidents"][town["incidents"]["code"] == incident.code]
    told = answers_of(incident, rows, {name: town[name] for name in TABLES}, BOOK)
    assert told["grid"] == row["grid_code"]
    assert told["unit_rule"].startswith("route ")
    assert told["unit_why"]
    assert isinstance(told["near_border"], bool)


def test_what_is_due_soon_is_breached_a_while_later(town, now, listed):
    soon = listed.loc[listed["clock_state"].isin(["running", "due_soon"]), "code"]
    later = waiting(town["incidents"], town["incident_steps"], BOOK, now=now + timedelta(days=40))
    assert (later.set_index("code").loc[soon, "clock_state"] == "breached").all()
    assert len(soon)
    assert pd.Index(later["code"]).is_unique
