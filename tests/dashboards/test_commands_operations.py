"""Shutoff operations by script, from the burst to the closed record."""

import csv
import io
import json

import pandas as pd
import pytest

from gisapp.store import open_store

EMERGENCY = ("--utility", "water", "--kind", "emergency", "--pipe", "105")
LATER = "2099-12-01T08:00:00+08:00"


def opened(run, net3, *more):
    words = ("--utility", "water", "--pipe", "105@100", *more)
    status, out, _ = run("operation", "open", "--store", net3, *words)
    assert status == 0
    return json.loads(out)["shutoff"]


def step(run, net3, code, action, *more):
    status, out, err = run("operation", "record", action, "--store", net3, "--shutoff", code, *more)
    assert status == 0, err
    return json.loads(out)["status"]


def test_an_emergency_runs_from_the_order_to_the_closed_record(run, net3):
    code = opened(run, net3, "--kind", "emergency", "--place", "滨江路")
    assert step(run, net3, code, "order") == "ordered"
    valve = ("--utility", "water", "--shutoff", code, "--turns", "18", "--store", net3)
    status, out, _ = run("operation", "valve", "10", "closed", *valve)
    assert (status, json.loads(out)["status"]) == (0, "closing")
    for action in ("cut_off", "inform_dispatch", "finish_work", "restore", "answer", "close"):
        said = step(run, net3, code, action)
    assert said == "closed"
    told = json.loads(run("operation", "show", "--store", net3, "--shutoff", code)[1])
    assert told["valves"][0] | {"at": ""} == {
        "device_code": "10", "action": "closed", "turns": 18, "at": "", "actor": "local",
    }  # fmt: skip
    assert {duty["duty"]: duty["state"] for duty in told["duties"]} == {"K12": "met", "K14": "met", "K13": "met"}
    assert (told["status"], told["allowed"], told["links"]) == ("closed", [], "105@100")


def test_a_record_is_opened_with_the_valves_found_stuck(run, net3):
    code = opened(run, net3, "--kind", "emergency", "--stuck", "10")
    told = json.loads(run("operation", "show", "--store", net3, "--shutoff", code)[1])
    assert [(valve["device_code"], valve["action"]) for valve in told["valves"]] == [("10", "could_not_close")]


def test_planned_work_is_listed_amended_and_not_begun_before_its_time_comes_in_order(run, net3):
    times = ("--planned-start", LATER, "--planned-end", LATER.replace("08:00:00+", "16:00:00+"))
    code = opened(run, net3, "--kind", "planned", *times)
    run("operation", "amend", "--store", net3, "--shutoff", code, "--place", "滨江路")
    status, _, words = run("operation", "record", "publish", "--store", net3, "--shutoff", code)
    assert status == 2
    assert "'publish' cannot follow draft; what may follow is submit, cancel" in words
    rows = list(csv.DictReader(io.StringIO(run("operation", "list", "--store", net3)[1])))
    assert [(row["code"], row["status"], row["place"]) for row in rows] == [(code, "draft", "滨江路")]


def test_no_operations_is_a_no(run, net3):
    assert run("operation", "list", "--store", net3)[0] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("open", "--utility", "water", "--kind", "emergency", "--pipe", "9999"), "unknown link '9999' in water"),
        (("open", "--utility", "water", "--kind", "planned", "--pipe", "105"), "has no planned times"),
        (("open", *EMERGENCY, "--stuck", "10", "--stuck", "nowhere"), "there is no device 'nowhere' in water"),
        (("show", "--shutoff", "S9"), "there is no shutoff operation 'S9'"),
        (("valve", "nowhere", "closed", "--utility", "water"), "there is no device 'nowhere' in water"),
    ],
)
def test_bad_input_writes_nothing(run, net3, words, said):
    status, out, err = run("operation", *words, "--store", net3)
    assert (status, out) == (2, "")
    assert said in err
    with open_store(net3) as store:
        assert store.count("shutoffs") == store.count("shutoff_steps") == store.count("valve_operations") == 0


def test_a_time_without_a_zone_is_refused(run, net3):
    with pytest.raises(SystemExit) as stop:
        run("operation", "record", "order", "--shutoff", "S1", "--at", "2026-12-01T08:00", "--store", net3)
    assert stop.value.code == 2


def test_a_valve_without_an_order_is_recorded_and_said_to_be_an_exception(run, net3):
    status, out, err = run("operation", "valve", "10", "closed", "--utility", "water", "--store", net3)
    assert (status, out) == (0, "")
    assert "without an order" in err


def test_every_duty_of_every_operation_but_drills_is_judged(run, net3):
    late = opened(run, net3, "--kind", "emergency", "--unit-code", "U07")
    opened(run, net3, "--kind", "emergency", "--drill")
    done = ("--utility", "water", "--shutoff", late, "--store", net3)
    run("operation", "valve", "10", "closed", *done)
    step(run, net3, late, "inform_dispatch")
    status, out, err = run("operation", "duties", "--store", net3)
    rows = {row["duty"]: row for row in csv.DictReader(io.StringIO(out))}
    assert (status, {row["shutoff"] for row in rows.values()}) == (0, {late})
    assert (rows["K12"]["state"], rows["K14"]["state"], rows["K12"]["unit_code"]) == ("met", "running", "U07")
    assert "1 operations: 0 breached" in err
    status, out, _ = run("operation", "duties", "--store", net3, "--state", "breached")
    assert (status, len(out.splitlines())) == (1, 1)


def test_valves_turned_without_an_order_are_listed(run, net3):
    assert run("operation", "unordered", "--store", net3)[0] == 1
    run("operation", "valve", "10", "closed", "--utility", "water", "--store", net3)
    status, out, _ = run("operation", "unordered", "--store", net3)
    assert (status, [row["device_code"] for row in csv.DictReader(io.StringIO(out))]) == (0, ["10"])


def test_own_rules_are_printed_edited_kept_and_given_up(run, net3, tmp_path):
    own = tmp_path / "own.toml"
    run("rules", "print", "shutoffs", "--store", net3, "-o", own)
    text = own.read_text(encoding="utf-8")
    ours = 'duty = "K12"\nutility = "water"\nminutes = 10'
    own.write_text(text.replace(ours, ours.replace("10", "5")), encoding="utf-8")
    assert run("rules", "keep", own, "--store", net3)[0] == 0
    assert run("rules", "print", "shutoffs", "--store", net3)[1] == own.read_text(encoding="utf-8")
    assert limit_min(run, net3) == 5
    run("rules", "keep", "--ours", "shutoffs", "--store", net3)
    assert limit_min(run, net3) == 10
    own.write_text(text.replace('utility = "gas"', 'utility = "gass"', 1), encoding="utf-8")
    status, _, err = run("rules", "keep", own, "--store", net3)
    assert (status, "own.toml" in err, "found 'gass'; use one of" in err) == (2, True, True)
    assert limit_min(run, net3) == 10


def limit_min(run, net3):
    """Return within how many minutes dispatch is told of a new emergency."""
    code = opened(run, net3, "--kind", "emergency")
    run("operation", "valve", "10", "closed", "--utility", "water", "--shutoff", code, "--store", net3)
    told = json.loads(run("operation", "show", "--store", net3, "--shutoff", code)[1])
    (duty,) = [one for one in told["duties"] if one["duty"] == "K12"]
    return (pd.Timestamp(duty["due_at"]) - pd.Timestamp(duty["start"])) / pd.Timedelta(minutes=1)
