"""Shutoff operations are written step by step, whole or refused."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from gisapp.errors import ConflictError, InputError
from gisapp.operations import operation_of

HEAD = {
    "utility": "water",
    "kind": "emergency",
    "links": "L1@12.5",
    "opened_at": datetime(2026, 11, 20, 17, tzinfo=UTC),
}
OWN = ("shutoffs", "shutoff_steps", "valve_operations", "notices")


@pytest.fixture
def town(store, network):
    store.save(network, actor="tester")
    return store


def test_codes_count_up_within_the_day_of_the_stores_zone(town):
    assert [town.operations.open(HEAD, "P1") for _ in range(2)] == ["S20261121-001", "S20261121-002"]


def test_a_record_and_the_valves_found_stuck_are_written_together_or_not_at_all(town):
    code = town.operations.open(HEAD, "P1", stuck=["V1", "V1"])
    assert town.operations.operation(code).stuck == ("V1",)
    with pytest.raises(InputError, match="no device 'V99' in water"):
        town.operations.open(HEAD, "P1", stuck=["V1", "V99"])
    assert [len(town.table(name)) for name in ("shutoffs", "shutoff_steps", "valve_operations")] == [1, 1, 1]


def test_two_things_said_of_a_valve_at_one_moment_are_told_apart_in_words(town):
    done = {"utility": "water", "device_code": "V1", "at": HEAD["opened_at"]}
    town.operations.operate(done | {"action": "could_not_close"}, "P1")
    with pytest.raises(InputError, match="V1 is recorded as could_not_close at 2026-11-20T17:00:00"):
        town.operations.operate(done | {"action": "closed"}, "P2")
    assert len(town.table("valve_operations")) == 1


def test_the_snapshot_gives_the_same_record_as_the_writer(town):
    code = town.operations.open(HEAD | {"place": "滨江路"}, "P1")
    town.operations.record(code, "order", "P1")
    written = town.operations.record(code, "set_etr", "P1", value="2026-11-21T06:00:00+08:00")
    read = operation_of(code, *(town.table(name) for name in OWN))
    assert (read.status, read.bursts, read.place) == ("ordered", (("L1", 12.5),), "滨江路")
    pd.testing.assert_frame_equal(read.steps, written.steps)
    assert town.operations.operation(code).etrs["etr"].iloc[0] == pd.Timestamp("2026-11-20T22:00Z")


def test_the_first_valve_closed_starts_the_closing(town):
    code = town.operations.open(HEAD, "P1")
    town.operations.record(code, "order", "P1")
    done = {"utility": "water", "device_code": "V1", "action": "closed", "turns": 18, "shutoff_code": code}
    town.operations.operate(done, "P2")
    assert town.operations.operation(code).status == "closing"
    town.operations.operate(done | {"action": "could_not_close"}, "P2")
    assert town.operations.operation(code).stuck == ("V1",)


def test_a_valve_that_somebody_has_closed_since_one_looked_is_a_conflict(town):
    code = town.operations.open(HEAD, "P1")
    done = {"utility": "water", "device_code": "V1", "action": "closed", "shutoff_code": code}
    town.operations.operate(done, "P1", seen="")
    with pytest.raises(ConflictError, match="V1 is recorded as closed since you looked"):
        town.operations.operate(done, "P2", seen="")
    town.operations.operate(done | {"action": "opened"}, "P2", seen="closed")
    assert town.operations.operation(code).valves["action"].tolist() == ["closed", "opened"]


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ({"device_code": "V9"}, "there is no device 'V9' in water"),
        ({"device_code": "V1", "action": "shut"}, "use one of closed, opened"),
        ({"device_code": "V1", "shutoff_code": "S9"}, "there is no shutoff operation 'S9'"),
    ],
)
def test_a_wrong_valve_operation_is_refused_and_nothing_is_written(town, done, words):
    with pytest.raises(InputError, match=words):
        town.operations.operate({"utility": "water", "action": "closed"} | done, "P2")
    assert town.count("valve_operations") == 0


def test_a_closed_operation_takes_no_valves(town):
    code = town.operations.open(HEAD, "P1")
    town.operations.record(code, "cancel", "P1", note="误报")
    with pytest.raises(InputError, match=f"{code} is cancelled"):
        town.operations.operate(
            {"utility": "water", "device_code": "V1", "action": "closed", "shutoff_code": code}, "P2"
        )


def test_planned_work_has_its_times_in_order(town):
    start = datetime(2026, 12, 1, tzinfo=UTC)
    with pytest.raises(InputError, match="has no planned times"):
        town.operations.open(HEAD | {"kind": "planned"}, "P1")
    with pytest.raises(InputError, match="ends before it starts"):
        town.operations.open(
            HEAD | {"kind": "planned", "planned_start": start, "planned_end": start - timedelta(hours=1)}, "P1"
        )
    assert town.count("shutoffs") == town.count("shutoff_steps") == 0


def test_nothing_is_recorded_before_it_has_happened(town):
    code, soon = town.operations.open(HEAD, "P1"), datetime.now(UTC) + timedelta(minutes=20)
    done = {"utility": "water", "device_code": "V1", "action": "closed"}
    for write in (
        lambda: town.operations.record(code, "order", "P1", at=soon),
        lambda: town.operations.operate(done | {"at": soon}, "P1"),
        lambda: town.operations.open(HEAD | {"opened_at": soon}, "P1"),
    ):
        with pytest.raises(InputError, match="lies in the future; record it once it has happened"):
            write()
    assert (town.count("shutoff_steps"), town.count("valve_operations")) == (1, 0)


def test_a_valve_that_was_closed_before_the_order_was_written_is_recorded_all_the_same(town):
    code = town.operations.open(HEAD, "P1")
    town.operations.record(code, "order", "P1", at=HEAD["opened_at"] + timedelta(minutes=30))
    early = HEAD["opened_at"] + timedelta(minutes=20)
    town.operations.operate(
        {"utility": "water", "device_code": "V1", "action": "closed", "at": early, "shutoff_code": code}, "P2"
    )
    after = town.operations.operation(code)
    assert (after.status, after.valves["at"].iloc[0]) == ("closing", pd.Timestamp(early))


def test_a_refused_step_writes_nothing(town):
    code = town.operations.open(HEAD, "P1")
    with pytest.raises(InputError, match="cannot follow proposed"):
        town.operations.record(code, "restore", "P1")
    with pytest.raises(InputError, match="there is no shutoff operation"):
        town.operations.record("S0", "order", "P1")
    assert town.count("shutoff_steps") == 1


def test_released_texts_are_numbered_and_frozen(town):
    code = town.operations.open(HEAD, "P1")
    text = {"shutoff_code": code, "kind": "shutoff_notice", "language": "zh-Hans", "title": "停水通知", "body": "……"}
    assert [town.operations.release(text, "P1"), town.operations.release(text | {"body": "更正"}, "P1")] == [1, 2]
    assert town.operations.release(text | {"language": "en"}, "P1") == 1
    notices = town.operations.operation(code).notices
    assert notices["body"].tolist() == ["……", "更正", "……"]
    assert notices["digest"].str.len().tolist() == [64, 64, 64]


def test_of_many_who_decide_at_once_one_wins_and_the_rest_are_told(town):
    code = town.operations.open(HEAD, "P1")
    outcomes: list[str] = []

    def decide(number: int) -> None:
        try:
            town.operations.record(code, "order", f"P{number}", seen="proposed")
            outcomes.append("done")
        except ConflictError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=decide, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1
    assert sum("was proposed when you looked and is ordered now" in words for words in outcomes) == 7
    assert town.count("shutoff_steps") == 2


def test_facts_of_many_writers_are_all_kept_and_numbered(town):
    code = town.operations.open(HEAD, "P1")
    threads = [
        threading.Thread(target=town.operations.record, args=(code, "remark", f"P{n}"), kwargs={"note": str(n)})
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    steps = town.operations.operation(code).steps
    assert steps["step"].tolist() == list(range(1, 18))
    assert sorted(steps["note"].dropna(), key=int) == [str(n) for n in range(16)]


PLANNED = HEAD | {
    "kind": "planned",
    "planned_start": datetime(2026, 12, 1, tzinfo=UTC),
    "planned_end": datetime(2026, 12, 1, 8, tzinfo=UTC),
}


def test_a_draft_is_amended_and_what_was_is_told(town):
    code = town.operations.open(PLANNED, "P1")
    later = datetime(2026, 12, 1, 12, tzinfo=UTC)
    after = town.operations.amend(code, {"planned_end": later, "place": "滨江路"}, "P1", note="管件晚到")
    assert (after.planned_end, after.place, after.status) == (later, "滨江路", "draft")
    told = json.loads(after.steps["value"].iloc[-1])
    assert told == {
        "planned_end": ["2026-12-01 08:00:00+00:00", "2026-12-01 12:00:00+00:00"],
        "place": [None, "滨江路"],
    }
    assert operation_of(code, *(town.table(name) for name in OWN)).planned_end == later


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"planned_end": datetime(2026, 11, 1, tzinfo=UTC)}, "ends before it starts"),
        ({"utility": "gas"}, "utility cannot be changed while draft"),
        ({"links": None}, "field links: is empty"),
        ({"place": None}, "nothing would change"),
    ],
)
def test_a_wrong_amendment_changes_nothing(town, changes, words):
    code = town.operations.open(PLANNED, "P1")
    with pytest.raises(InputError, match=words):
        town.operations.amend(code, changes, "P1")
    assert town.count("shutoff_steps") == 1
    assert town.operations.operation(code).planned_end == PLANNED["planned_end"]


def test_what_is_submitted_keeps_its_times_and_an_emergency_takes_more_bursts_until_supply_is_back(town):
    planned, urgent = town.operations.open(PLANNED, "P1"), town.operations.open(HEAD, "P1")
    town.operations.record(planned, "submit", "P1")
    with pytest.raises(
        InputError, match="planned_end cannot be changed while submitted; what may be changed is reason"
    ):
        town.operations.amend(planned, {"planned_end": datetime(2026, 12, 2, tzinfo=UTC)}, "P1")
    assert town.operations.amend(urgent, {"links": "L1@12.5,L2"}, "P1").bursts == (("L1", 12.5), "L2")
    for action in ("order", "start_closing", "cut_off", "finish_work", "restore"):
        town.operations.record(urgent, action, "P1")
    with pytest.raises(InputError, match="links cannot be changed while restored"):
        town.operations.amend(urgent, {"links": "L1"}, "P1")
