"""The commands on measures, on the diary of grids and on what patrols checked; the pack of a meeting tells of them."""

import json

import pytest
from small_city import copy_small_city

from dashboards.__main__ import main


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("measures") / "city.gpkg"
    copy_small_city(path)
    return str(path)


@pytest.fixture
def told(city, capsys):
    """Run a command on the city; return its exit status, its JSON, and its words."""

    def run(*args):
        status = main([*args, "--store", city])
        out, err = capsys.readouterr()
        return status, json.loads(out) if out[:1] in ("{", "[") else out, err

    return run


def test_a_rectification_is_ordered_listed_done_and_checked(told):
    """W14.2."""
    given = ("--summary", "补测", "--subject", "U07", "--due", "2099-12-31", "--actor", "E020")
    status, made, _ = told("measures", "order", "rectification", *given, "--role", "supervision", "--grid", "G001")
    assert (status, made["status"], made["state"]) == (0, "ordered", "running")
    assert told("measures", "order", "rectification", *given, "--role", "unit")[0] == 2
    assert told("measures", "order", "rectification", *given, "--grid", "G999")[0] == 2
    pressing = [row["code"] for row in told("measures", "list", "--pressing")[1]]
    assert "M20261114-02" in pressing
    assert made["measure"] not in pressing
    doing = ("--note", "已补测", "--actor", "K1", "--role", "unit")
    assert told("measures", "act", made["measure"], "finish", *doing)[1]["status"] == "done"
    assert told("measures", "act", made["measure"], "check", "--actor", "K1")[0] == 2
    assert told("measures", "act", made["measure"], "check", "--actor", "E020")[1]["status"] == "checked"
    assert [one["action"] for one in told("measures", "show", made["measure"])[1]["steps"]] == [
        "order",
        "finish",
        "check",
    ]


def test_a_leader_notes_a_visit_and_the_grid_is_quiet_no_more(told):
    """G2.3."""
    quiet = [row["grid_code"] for row in told("diary", "quiet")[1]]
    assert "G010" in quiet
    visit = ("--grid", "G010", "--person", "E00010", "--whom", "张三", "--summary", "用户反映水压低")
    assert told("diary", "note", "visit", *visit)[0] == 0
    assert "G010" not in [row["grid_code"] for row in told("diary", "quiet")[1]]
    status, rows, _ = told("diary", "list", "--grid", "G010")
    assert (status, rows[0]["kind"], "whom" in rows[0]) == (0, "visit", False)
    assert told("diary", "note", "visit", "--grid", "G999", "--person", "E1", "--summary", "x")[0] == 2


def test_what_a_meeting_resolved_is_in_the_pack_of_the_next_one(told, tmp_path):
    """G3.1.2, G2.3."""
    pages = {}
    for first in ("2026-11-02", "2026-11-16"):
        page = tmp_path / f"{first}.html"
        asked = ("--grid", "G001", "--from", first, "--lang", "en", "-o", str(page))
        assert told("pack", "weekly", *asked)[0] == 0
        pages[first] = page.read_text(encoding="utf-8")
    early, late = pages.values()
    assert "M20261114-03" not in early
    assert "visits to the grid 1, talks with users 1." in early
    for code, state in (("03", "running"), ("04", "done, to be checked"), ("02", "overdue")):
        assert f"M20261114-{code}" in late
        assert state in late
    assert "M20261114-01" not in late  # checked in that week


def test_what_was_left_out_on_a_patrol_is_listed(told):
    """G4.2.2."""
    period = ("--grid", "G001", "--from", "2026-10-01", "--to", "2026-11-22")
    status, rows, said = told("patrol", "checks", *period)
    assert (status, {row["reason"] for row in rows}) == (1, {"unchecked"})
    assert f"{len(rows)} unchecked" in said
    assert told("patrol", "checks", "--grid", "G001", "--from", "2026-01-01", "--to", "2026-01-31")[0] == 0


def test_checks_come_in_by_a_file_and_a_second_one_of_the_same_item_is_named(told, tmp_path):
    """G4.2.2."""
    head = "utility,track_code,at,asset,asset_code,item,good\n"
    track = "PT-G001-20261102"
    row = f"water,{track},2026-11-02T09:30:00+08:00,hydrant,H1,"
    path = tmp_path / "checks.csv"
    path.write_text(head + row + "running,true\n" + row + "hazards,false\n", encoding="utf-8")
    assert told("import", str(path), "--as", "checks")[0] == 0
    period = ("--grid", "G001", "--from", "2026-11-01", "--to", "2026-11-07")
    rows = told("patrol", "checks", *period)[1]
    assert [r["item"] for r in rows if r["reason"] == "no_finding"] == ["hazards"]
    path.write_text(head + row + "running,true\n", encoding="utf-8")
    status, _, said = told("import", str(path), "--as", "checks")
    assert (status, "is in the project already" in said) == (2, True)
