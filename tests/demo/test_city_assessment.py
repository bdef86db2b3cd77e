"""A month of the sample city: every figure of its assessment, recomputed from the plain steps, is the same."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from gisapp.incidents import RuleBook, clock_table, incidents_of
from gisapp.incidents.assessment import assessed, assessment, clock_rates

ZONE = ZoneInfo("Asia/Shanghai")
START, END = datetime(2026, 9, 30, 16, tzinfo=UTC), datetime(2026, 10, 31, 16, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
LIMITS = {"K1": 20, "K2": 40, "K3": 40, "K5": 24 * 60}
KINDS = {"K2": ("leak", "burst"), "K3": ("meter_well_leak",), "K5": ("leak", "burst", "meter_well_leak")}
STOPS = {"K1": "accepted", "K2": "on_site", "K3": "on_site", "K5": "repaired"}


@pytest.fixture(scope="module")
def october(small):
    """What the program says of October, by unit."""
    book = RuleBook(ZONE)
    records = assessed(incidents_of(small["incidents"], small["incident_steps"], book.life), START, END)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=NOW, zone=ZONE)
    return assessment(records, by="unit").set_index("subject"), clock_rates(records, clocks, by="unit")


@pytest.fixture(scope="module")
def slow(small):
    """The same incidents as plain rows: what they are, and when they came to each status."""
    rows = []
    for row in small["incidents"].to_dict("records"):
        if (
            not START <= row["reported_at"] < END
            or row["drill"]
            or row["status"] in ("merged", "cancelled", "rejected")
        ):
            continue
        rows.append({"code": row["code"], "type": row["type"], "unit": row["unit_code"], "came": {}, "said": None})
    known = {row["code"]: row for row in rows}
    for step in small["incident_steps"].sort_values(["incident_code", "step"]).to_dict("records"):
        if step["incident_code"] in known:
            row = known[step["incident_code"]]
            row["came"].setdefault(step["to_status"], step["at"])
            row["said"] = step["value"] if step["action"] == "call_back" else row["said"]
    return rows


def minutes(row, stop):
    if "dispatched" not in row["came"] or stop not in row["came"]:
        return None
    return (row["came"][stop] - row["came"]["dispatched"]) / pd.Timedelta(minutes=1)


def test_counts_callbacks_and_satisfaction(october, slow):
    """G5.1, G5.6."""
    facts, _ = october
    assert facts["incidents"].sum() == len(slow) > 100
    for unit, told in facts.iterrows():
        mine = [row for row in slow if row["unit"] == unit]
        said = [row["said"] for row in mine if row["said"] is not None]
        assert (told["incidents"], told["asked"]) == (len(mine), len(said))
        assert told["closed"] == sum("closed" in row["came"] for row in mine)
        assert (told["reached"], told["satisfied"]) == (len(said) - said.count("unreachable"), said.count("satisfied"))


def test_medians_and_ninth_deciles(october, slow):
    """G5.3."""
    facts, _ = october
    for unit, told in facts.iterrows():
        waits = sorted(wait for row in slow if row["unit"] == unit and (wait := minutes(row, "on_site")) is not None)
        assert told["arrival_n"] == len(waits)
        for name, share in (("arrival_median_min", 0.5), ("arrival_p90_min", 0.9)):
            if waits:
                place = share * (len(waits) - 1)
                low, part = int(place), place - int(place)
                high = waits[min(low + 1, len(waits) - 1)]
                assert told[name] == pytest.approx(waits[low] + part * (high - waits[low]))


@pytest.mark.parametrize("clock", list(LIMITS))
def test_on_time_rates(october, slow, clock):
    """G5.3."""
    _, rates = october
    told = rates[rates["clock"] == clock].set_index("subject")
    seen = 0
    for unit, row in told.iterrows():
        mine = [one for one in slow if one["unit"] == unit and one["type"] in KINDS.get(clock, (one["type"],))]
        waits = [minutes(one, STOPS[clock]) for one in mine if "dispatched" in one["came"]]
        met = sum(wait is not None and wait <= LIMITS[clock] for wait in waits)
        late = [one for one in mine if "dispatched" in one["came"] and STOPS[clock] not in one["came"]]
        overdue = sum(NOW - one["came"]["dispatched"] > timedelta(minutes=LIMITS[clock]) for one in late)
        breached = sum(wait is not None and wait > LIMITS[clock] for wait in waits) + overdue
        assert (row["met"], row["breached"], row["n"]) == (met, breached, met + breached)
        seen += met + breached
    assert seen > 10
