"""The shutoffs of the sample city keep the rules of the house, but where they are meant not to."""

from dataclasses import asdict
from datetime import datetime

import pandas as pd
import pytest

from gisapp.demo.sizes import NOW
from gisapp.network import network_of, shutoff
from gisapp.operations import next_step, operation_of, overrides, states_for, without_order
from gisapp.operations.duties import duties
from gisapp.reports.coinciding import coinciding
from gisapp.reports.situation import TABLES as TOLD
from gisapp.reports.situation import situation_of
from gisapp.tables import UTILITIES
from gisapp.times import zone_named

OWN = ("shutoffs", "shutoff_steps", "valve_operations", "notices")
ZONE = zone_named("Asia/Shanghai")


@pytest.fixture(scope="module")
def records(small):
    return [operation_of(code, *(small[name] for name in OWN)) for code in small["shutoffs"]["code"]]


@pytest.fixture(scope="module")
def networks(small):
    names = ("nodes", "links", "devices", "customers", "connections", "hydrants")
    return {utility: network_of(utility, *(small[name] for name in names)) for utility in UTILITIES}


def test_every_kind_of_life_is_there(records):
    told = pd.Series([(record.kind, record.status, record.drill) for record in records]).value_counts()
    assert told["emergency", "closed", False] >= 6
    assert told["planned", "closed", False] == 9
    assert (told["planned", "published", False], told["planned", "approved", False]) == (2, 2)
    assert told["emergency", "cancelled", True] == 1
    assert any(record.stuck for record in records)
    assert {record.utility for record in records if record.status == "closed"} == set(UTILITIES)


def test_nothing_was_done_after_the_last_day_of_the_city(small):
    for _, steps in small["shutoff_steps"].groupby("shutoff_code"):
        assert steps["noted_at"].is_monotonic_increasing
    assert small["shutoff_steps"]["noted_at"].max() <= NOW
    assert small["valve_operations"]["at"].max() <= NOW
    assert small["notices"]["released_at"].max() <= NOW
    assert (small["shutoffs"].query("planned_start > @NOW")["opened_at"] <= NOW).all()


def test_every_step_could_be_taken_when_it_was(small, records):
    for record in records:
        heads = small["shutoffs"].query("code == @record.code")
        for count in range(1, len(record.steps)):
            row = record.steps.iloc[count]
            before = operation_of(record.code, heads, record.steps.iloc[:count], record.valves, record.notices)
            told = {name: None if pd.isna(row[name]) else row[name] for name in ("subject", "value", "note")}
            step = next_step(before, row["action"], at=row["at"].to_pydatetime(warn=False), **told)
            assert (step.from_status, step.to_status) == (row["from_status"], row["to_status"])


def test_what_was_closed_is_what_had_to_be_closed_and_all_of_it_is_open_again(small, networks, records):
    for record in records:
        if record.status != "closed":
            continue
        answer = shutoff(networks[record.utility], record.bursts, stuck=record.stuck)
        closed = record.valves.loc[record.valves["action"] == "closed", "device_code"]
        assert set(closed) == set(answer.must_close["code"])
    for utility in UTILITIES:
        today = overrides(small["valve_operations"], small["devices"], utility)
        assert (today.closed, today.opened) == ((), ())


def test_what_was_late_is_one_notice_and_what_dispatch_heard_where_a_valve_was_stuck(small, networks, records):
    """W35.5."""
    known = {name: small[name] for name in TOLD}
    late = []
    for record in records:
        states = states_for(record, small["valve_operations"], small["devices"])
        answer = shutoff(networks[record.utility], record.bursts, **asdict(states))
        told = situation_of(answer, known, now=NOW, zone=ZONE, operation=record)
        judged = duties(record, told.rules, now=NOW.to_pydatetime(), zone=ZONE, reach=told.reach)
        late += [(duty, bool(record.stuck)) for duty in judged.loc[judged["state"] == "breached", "duty"]]
        area = told.area.union_all()
        there = small["communities"]
        shared = there.intersects(area) & ~there.touches(area)
        assert set(told.lost.communities["code"]) == set(there.loc[shared, "code"])  # the posting list
    stuck = sum(bool(record.stuck) for record in records)
    assert stuck >= 1
    assert sorted(late) == [("K11", False), *[("K12", True)] * stuck]
    assert len(without_order(small["valve_operations"])) == 2


def test_two_works_are_planned_for_the_same_hours_and_cost_more_together(small, networks, records):
    now = datetime.fromisoformat("2026-11-27T00:00:00+00:00")
    (found,) = coinciding(records, networks.get, small["valve_operations"], now=now)
    assert set(found.codes) == {record.code for record in records if record.status == "approved"}
    assert found.together.totals["households"] > 0
