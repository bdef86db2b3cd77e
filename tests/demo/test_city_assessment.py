"""A year of the sample city: every figure of its sheets, recomputed by a slow script from the plain rows, is the same.

The script knows nothing of the program: its own tables of kinds and limits are written down by hand from the documents.
"""

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from gisapp.incidents import RuleBook, clock_table, incidents_of
from gisapp.incidents.assessment import assessed, assessment, clock_rates

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
START, END = datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)
KINDS = {  # life, group, hours of the level
    "leak": ("repair", "public", 48), "burst": ("repair", "public", 48), "no_supply": ("repair", "", 48),
    "low_pressure": ("repair", "", 72), "quality": ("repair", "", 72), "meter_fault": ("repair", "meter", 36),
    "meter_well_leak": ("repair", "well", 48), "cover": ("repair", "", 48), "complaint": ("complaint", "", 72),
    "patrol_finding": ("finding", "", None), "other": ("repair", "", 72), "power_outage": ("repair", "", None),
    "no_heat": ("repair", "", None), "gas_leak": ("repair", "", None),
}  # fmt: skip
CAME = {
    "repair": {"dispatched": "dispatched", "accepted": "accepted", "on_site": "arrived", "controlled": "stopped",
               "repaired": "repaired", "replied": "replied", "closed": "closed"},
    "complaint": {"to_leader": "to_leader", "contacted": "contacted", "fed_back": "replied", "closed": "closed"},
    "finding": {"ordered": "dispatched", "repaired": "repaired", "closed": "closed"},
}  # fmt: skip
ORDER = ["dispatched", "to_leader", "accepted", "contacted", "arrived", "stopped", "repaired", "replied", "closed"]
WHOLE = {"repair": {"dispatched", "accepted", "arrived", "repaired", "replied", "closed"},
         "complaint": {"to_leader", "contacted", "replied", "closed"},
         "finding": {"dispatched", "repaired", "closed"}}  # fmt: skip
HOUR = timedelta(hours=1)


def lives(small):
    """Yield each incident that counts as plain values, read row by row."""
    steps = defaultdict(list)
    for step in small["incident_steps"].sort_values(["incident_code", "step"]).to_dict("records"):
        steps[step["incident_code"]].append(step)
    for row in small["incidents"].to_dict("records"):
        if row["drill"] or row["status"] in ("merged", "cancelled", "rejected"):
            continue
        if START <= row["reported_at"] < END:
            yield life(row, steps[row["code"]])


def life(row, steps):
    way, group, hours = KINDS[row["type"]]
    if way != "repair" and {"dispatched", "accepted", "on_site"} & {step["to_status"] for step in steps}:
        way = "repair"
    turns, said, hands, sent, marks = [{"reported": row["reported_at"]}], None, [], None, set()
    requests = []
    unit = row["unit_code"] if not steps else None
    if not steps:
        names = {"dispatched_at": "dispatched", "accepted_at": "accepted", "arrived_at": "arrived",
                 "repaired_at": "repaired", "closed_at": "closed"}  # fmt: skip
        turns[0] |= {word: row[name] for name, word in names.items() if not pd.isna(row[name])}
    for step in steps:
        action, now = step["action"], step["to_status"]
        if action == "reopen":
            turns.append({"reported": step["at"]})
        elif now != step["from_status"] and now in CAME[way]:
            word = CAME[way][now]
            if word in ("repaired", "replied", "closed") or word not in turns[-1]:
                turns[-1][word] = step["at"]
        if action == "import":
            told = json.loads(step["value"])
            turns[0] |= {word: pd.Timestamp(told[f"{word}_at"]) for word in ORDER if f"{word}_at" in told}
        if action == "register":
            unit = None if pd.isna(step["value"]) else step["value"]
        if action in ("dispatch", "grant_return", "refer", "order"):
            unit = step["subject"]
        said = step["value"] if action == "call_back" else said
        hands += [(action, step["actor"])] if action in ("finish_repair", "handle") else []
        sent = step["subject"] if action == "assign" and not pd.isna(step["subject"]) else sent
        marks |= {step["subject"]} if action == "mark" else set()
        requests += [(len(turns), step["at"])] if action == "request_extension" else []
        assert action not in ("set_level", "grant_extension", "promise", "unmark")  # the city has none of these
    status = steps[-1]["to_status"] if steps else row["status"]
    done = status == "archived" or (status == "closed" and way != "repair")
    who = [actor for action, actor in hands if action == "finish_repair"] or [actor for _, actor in hands]
    subjects = {"unit": unit, "grid": row["grid_code"], "person": who[-1] if who else sent}
    named = {by: "unassigned" if value is None or pd.isna(value) else value for by, value in subjects.items()}
    return {"way": way, "group": group, "hours": hours, "turns": turns, "said": said, "marks": marks, "done": done,
            "requests": requests, **named}  # fmt: skip


def limits(one):
    """Yield the clocks of one life: name, from, to, hours (None: nobody judges)."""
    group, marks = one["group"], one["marks"]
    if one["way"] == "repair":
        yield "K1", "dispatched", ["accepted"], 1 / 3
    if one["way"] == "complaint":
        yield "K19", "to_leader", ["contacted"], None
    if group in ("public", "well"):
        yield ("K2" if group == "public" else "K3"), "dispatched", ["arrived"], 2 / 3
    if group == "public" and "large_burst" not in marks:
        yield "K5", "dispatched", ["repaired"], 24
    if group == "public" and "large_burst" in marks:
        yield "K7", "arrived", ["stopped"], 4
    if group == "well":
        external = "needs_shutoff" in marks
        yield ("K6" if external else "K5"), "dispatched", ["repaired"], 48 if external else 24
    if group == "meter":
        yield "K4", "reported", ["arrived"], 12
        yield "K8", "reported", ["closed"], 36
    if one["hours"]:
        yield "K9", "reported", ["replied", "closed"], one["hours"]


def verdicts(one):
    """Yield the name and the verdict of every clock of every turn of work."""
    for number, turn in enumerate(one["turns"], 1):
        for clock, start, stops, hours in limits(one):
            ends = [turn.get(stop) for stop in stops]
            end = None if None in ends else max(ends)
            later = any(word in turn for stop in stops if stop not in turn for word in ORDER[ORDER.index(stop) + 1 :])
            gone = end is None and (one["done"] or number < len(one["turns"]) or later)
            if start not in turn and not gone and end is None:
                continue
            if start not in turn or gone or hours is None:
                yield clock, "not_judged"
            elif end is None:
                yield clock, "breached" if turn[start] + hours * HOUR < NOW else "open"
            else:
                yield clock, "met" if end - turn[start] <= hours * HOUR else "breached"
        for turn_number, asked in one["requests"]:
            if turn_number == number and one["hours"]:
                yield "K10", "met" if asked - turn["reported"] <= one["hours"] * HOUR else "breached"


def quantile(values, share):
    if not values:
        return None
    ordered, place = sorted(values), share * (len(values) - 1)
    low = int(place)
    high = ordered[min(low + 1, len(ordered) - 1)]
    return ordered[low] + (place - low) * (high - ordered[low])


def figures(mine):
    """Return the figures of one subject."""
    first = [one["turns"][0] for one in mine if "dispatched" in one["turns"][0]]
    arrival = [(turn["arrived"] - turn["dispatched"]) / timedelta(minutes=1) for turn in first if "arrived" in turn]
    repair = [(turn["repaired"] - turn["dispatched"]) / HOUR for turn in first if "repaired" in turn]
    said = [one["said"] for one in mine if one["said"] is not None]
    reached, satisfied = len(said) - said.count("unreachable"), said.count("satisfied")
    closed = [one for one in mine if "closed" in one["turns"][-1]]
    complete = sum(WHOLE[one["way"]] <= set(one["turns"][-1]) for one in closed)
    return {
        "incidents": len(mine), "closed": len(closed), "reopened": sum(len(one["turns"]) > 1 for one in mine),
        "arrival_n": len(arrival), "arrival_median_min": quantile(arrival, 0.5),
        "arrival_p90_min": quantile(arrival, 0.9), "repair_n": len(repair), "repair_median_h": quantile(repair, 0.5),
        "repair_p90_h": quantile(repair, 0.9), "asked": len(said), "reached": reached, "satisfied": satisfied,
        "satisfaction": satisfied / reached if reached else None, "complete": complete,
        "completeness": complete / len(closed) if closed else None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def both(small):
    """The program's records and clocks, and the script's lives."""
    book = RuleBook(ZONE)
    records = assessed(incidents_of(small["incidents"], small["incident_steps"], book.life), START, END)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=NOW, zone=ZONE)
    return records, clocks, list(lives(small))


@pytest.mark.parametrize("by", ["unit", "grid", "person"])
def test_every_figure_of_the_sheet_is_that_of_the_slow_script(both, by):
    """G5.1, G5.2, G5.3, G5.6, G5.8, G3.1.6."""
    records, _, slow = both
    told = assessment(records, by=by).set_index("subject")
    assert set(told.index) == {one[by] for one in slow}
    for subject, row in told.iterrows():
        wanted = figures([one for one in slow if one[by] == subject])
        assert {name: None if pd.isna(row[name]) else row[name] for name in wanted} == pytest.approx(wanted)


@pytest.mark.parametrize("by", ["unit", "grid", "person"])
def test_every_rate_of_the_sheet_is_that_of_the_slow_script(both, by):
    """G5.3, W6.1."""
    records, clocks, slow = both
    told = clock_rates(records, clocks, by=by)
    wanted = defaultdict(lambda: dict.fromkeys(("met", "breached", "open", "not_judged"), 0))
    for one in slow:
        for clock, verdict in verdicts(one):
            wanted[one[by], clock][verdict] += 1
    found = {(row["subject"], row["clock"]): {name: row[name] for name in ("met", "breached", "open", "not_judged")}
             for row in told.to_dict("records")}  # fmt: skip
    assert found == dict(wanted)
    for row in told.to_dict("records"):
        n = row["met"] + row["breached"]
        assert row["n"] == n
        assert pd.isna(row["rate"]) if not n else row["rate"] == pytest.approx(row["met"] / n)


def test_the_month_reproduces_exactly(both):
    """G5.6: the same rows give the same sheet, in whatever order they come."""
    records, clocks, _ = both
    again = list(reversed(records))
    for by in ("unit", "grid", "person"):
        pd.testing.assert_frame_equal(assessment(records, by=by), assessment(again, by=by))
        turned = clock_rates(again, clocks.iloc[::-1], by=by)
        pd.testing.assert_frame_equal(clock_rates(records, clocks, by=by), turned)
