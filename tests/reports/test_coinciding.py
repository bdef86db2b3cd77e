"""Operations that run at the same time are answered as a set."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from gisapp.network import network_of, shutoff
from gisapp.operations import operation_of
from gisapp.reports.coinciding import coinciding
from gisapp.tables import conform

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = pd.Timestamp("2026-12-01T00:00Z")


@pytest.fixture
def ring():
    """S - A - B - C - S with one customer on every pipe, a valve at both ends of each."""
    ends = {"SA": ("S", "A"), "AB": ("A", "B"), "BC": ("B", "C"), "CS": ("C", "S")}
    nodes = pd.DataFrame({"utility": "water", "code": list("SABC"), "kind": ["source"] + ["junction"] * 3})
    links = pd.DataFrame(
        [
            {"utility": "water", "code": code, "kind": "pipe", "from_node": a, "to_node": b, "length_m": 100.0}
            for code, (a, b) in ends.items()
        ]
    ).assign(status="open", direction="both")
    devices = pd.DataFrame(
        [
            {"utility": "water", "code": f"{code}{end[0]}", "kind": "gate_valve", "link_code": code, "end": end}
            for code in ends
            for end in ("from", "to")
        ]
    ).assign(state="open", operable="operable", direction="both")
    customers = pd.DataFrame({"code": list(ends), "kind": "resident", "households": 10, "meter_inside": False})
    connections = pd.DataFrame(
        {"utility": "water", "customer_code": list(ends), "link_code": list(ends), "measure_m": 50.0}
    )
    return network_of("water", nodes, links, devices, customers, connections)


def records(*plans, drill=()):
    heads = pd.DataFrame(
        [
            {
                "code": code,
                "utility": "water",
                "kind": "planned",
                "links": link,
                "opened_at": pd.Timestamp(NOW),
                "planned_start": DAY + pd.Timedelta(hours=start),
                "planned_end": DAY + pd.Timedelta(hours=end),
                "drill": code in drill,
            }
            for code, link, start, end in plans
        ]
    ).assign(reason=None, place=None, incident_code=None, unit_code=None, applicant=None)
    steps = pd.DataFrame({"shutoff_code": heads["code"], "step": 1, "at": heads["opened_at"], "actor": "local"})
    steps = steps.assign(action="open", to_status="approved", from_status=None, subject=None, value=None, note=None)
    log = conform(
        pd.DataFrame({name: [] for name in ("utility", "device_code", "action", "at", "actor")}), "valve_operations"
    )
    none = pd.DataFrame({"shutoff_code": []})
    return [operation_of(code, heads, steps, log, none) for code in heads["code"]], log


def asked(ring, *plans, drill=()):
    made, log = records(*plans, drill=drill)
    return coinciding(made, lambda _: ring, log, now=NOW)


def test_who_lies_between_two_works_is_lost_only_because_they_coincide(ring):
    (found,) = asked(ring, ("S1", "SA", 8, 16), ("S2", "BC", 15, 20))
    assert found.codes == ("S1", "S2")
    assert (found.starts_at, found.ends_at) == (DAY + pd.Timedelta(hours=15), DAY + pd.Timedelta(hours=16))
    assert found.together.extra["code"].tolist() == ["AB"]
    assert found.together.totals["households"] == 10
    assert set(shutoff(ring, ["SA"]).unintended.customers["code"]) == set()


def test_one_after_the_other_does_not_coincide(ring):
    assert asked(ring, ("S1", "SA", 8, 16), ("S2", "BC", 16, 20)) == []


def test_a_drill_cuts_nobody_off_and_coincides_with_no_work(ring):
    assert asked(ring, ("S1", "SA", 8, 16), ("S2", "BC", 9, 20), drill=("S2",)) == []


def test_three_works_are_answered_by_the_sets_that_run_at_one_time(ring):
    found = asked(ring, ("S1", "SA", 8, 12), ("S2", "BC", 11, 16), ("S3", "CS", 15, 18))
    assert [one.codes for one in found] == [("S1", "S2"), ("S2", "S3")]
