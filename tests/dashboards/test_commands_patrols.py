"""The commands on patrols."""

import json

import pytest
from small_city import copy_small_city

from dashboards.__main__ import main

DAYS = ("--from", "2026-11-01", "--to", "2026-11-22")


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("patrols") / "city.gpkg"
    copy_small_city(path)
    return str(path)


def test_a_route_walked_in_part_shows_what_was_missed(city, capsys):
    """W23.1, G4.2.1."""
    args = ("patrol", "coverage", "--grid", "G001", "--store", city)
    assert main([*args, *DAYS]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert (whole["covered_m"], whole["valves_missed"]) == (whole["due_m"], [])
    assert main([*args, "--from", "2026-11-09", "--to", "2026-11-15"]) == 1  # cut short after seven tenths
    part = json.loads(capsys.readouterr().out)
    missed = sum(link["missed_m"] for link in part["links_missed"])
    assert part["covered_m"] + missed == pytest.approx(part["due_m"], abs=1 + 0.1 * len(part["links_missed"]))
    assert main([*args, "--from", "2026-11-09", "--to", "2026-11-15", "--format", "csv"]) == 1
    assert capsys.readouterr().out.startswith("kind,code,missed_m\npipe,")


def test_every_time_due_is_listed_as_done_late_or_missed(city, capsys):
    """G4.2.1."""
    assert main(["patrol", "list", "--store", city, "--from", "2026-10-20", "--to", "2026-11-22"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {row["state"] for row in told} == {"done", "late", "missed"}
    assert main(["patrol", "list", "--grid", "G020", "--store", city]) == 1
    assert main(["patrol", "list", "--grid", "G999", "--store", city]) == 2


@pytest.mark.parametrize("along", ["pipes", "streets"])
def test_a_proposed_route_is_told_with_its_bound_and_as_gpx(city, capsys, along):
    args = ("patrol", "plan", "--grid", "G002", "--along", along, "--store", city)
    assert main([*args]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["due_m"] < told["bound_m"] < told["length_m"]
    assert told["line"][0] == told["line"][-1]
    assert main([*args, "--format", "gpx"]) == 0
    assert '<trkpt lat="36.9' in capsys.readouterr().out


def test_findings_become_incidents_of_their_own_life_once(city, capsys):
    """G3.2.1, G4.2.3."""
    assert main(["patrol", "report", "--store", city]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (len(told["reported"]), told["doubtful"]) == (6, [{"code": "PF-0006", "reason": "no_photo"}])
    assert main(["incidents", "show", "PF-0001", "--store", city]) == 0
    shown = capsys.readouterr().out
    assert '"finding"' in shown
    assert '"reported"' in shown
    assert main(["patrol", "report", "--store", city]) == 0
    assert json.loads(capsys.readouterr().out)["reported"] == []


def test_valves_of_a_grid_that_are_overdue_are_listed(city, capsys):
    """G3.3.1."""
    asked = ("patrol", "overdue", "--grid", "G001", "--store", city)
    assert main([*asked, "--every-days", "1"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main([*asked, "--every-days", "3000"]) in (0, 1)
    assert len(json.loads(capsys.readouterr().out)) < len(rows)
