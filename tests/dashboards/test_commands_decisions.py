"""Proposals by script: listed for a month, decided by a person, and every decision kept."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import pytest

from gisapp.store import create_store, open_store

AT = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)  # the first moment of October in Shanghai
MONTH = ("--month", "2026-10")


@pytest.fixture
def town(tmp_path):
    path = tmp_path / "town.gpkg"
    with create_store(path, crs="EPSG:4547") as store:
        for number, moment in enumerate((AT - timedelta(seconds=1), AT)):
            told = {"type": "leak", "channel": "phone", "reported_at": moment, "code": f"A{number}", "utility": "water"}
            store.report(told, actor="E01")
            store.incidents.record(f"A{number}", "dispatch", actor="U01", role="dispatcher", subject="U07", at=moment)
    return path


def listed(run, town, *more):
    status, out, err = run("proposals", "list", "--store", town, *MONTH, *more)
    return status, json.loads(out)["proposals"], err


def test_a_month_is_listed_with_its_rows_and_articles(run, town):
    """W6.1."""
    status, rows, err = listed(run, town, "--finding", "breach")
    assert (status, {row["incident_code"] for row in rows}) == (0, {"A1"})
    assert {row["what"]: row["least"] for row in rows} == {"K1": 100, "K2": 100, "K5": 100, "K9": 100}
    assert rows[0]["proposal"] == "breach:A1:K1:1"
    assert "2026-10: 4 proposals; 4 breach, 0 reward" in err
    as_csv = run("proposals", "list", "--store", town, *MONTH, "--format", "csv")[1]
    assert len(list(csv.DictReader(io.StringIO(as_csv)))) == 4
    assert run("proposals", "list", "--store", town, "--month", "2026-11")[0] == 1


def test_the_breaches_are_as_many_as_the_sheet_tells(run, town):
    """W6.1."""
    (unit,) = json.loads(run("assess", "--store", town, *MONTH)[1])["subjects"]
    wanted = {clock["clock"]: clock["breached"] for clock in unit["clocks"] if clock["breached"]}
    rows = listed(run, town, "--unit", unit["subject"])[1]
    assert {row["what"]: 1 for row in rows if row["finding"] == "breach"} == wanted


def test_a_person_decides_and_every_decision_is_kept(run, town):
    words = ("proposals", "decide", "breach:A1:K2:1")
    who = ("--actor", "E020", "--store", town)
    status, out, err = run(*words, "confirmed", *who, "--amount", 200)
    assert (status, json.loads(out)["amount"]) == (0, 200), err
    assert run(*words, "dismissed", *who, "--note", "道路封闭")[0] == 0
    with open_store(town) as store:
        kept = store.table("decisions")
    assert kept[["number", "verdict", "decided_by"]].to_numpy().tolist() == [
        [1, "confirmed", "E020"],
        [2, "dismissed", "E020"],
    ]
    rows = {row["proposal"]: row for row in listed(run, town)[1]}
    assert (rows["breach:A1:K2:1"]["verdict"], rows["breach:A1:K1:1"]["verdict"]) == ("dismissed", None)
    assert len(listed(run, town, "--undecided")[1]) == 3


def test_what_may_not_be_decided_writes_nothing(run, town):
    words = ("--actor", "E020", "--store", town)
    assert (
        "there is no proposal 'breach:A9:K2:1'" in run("proposals", "decide", "breach:A9:K2:1", "confirmed", *words)[2]
    )
    assert (
        "there is no proposal 'breach:A1:K7:1'" in run("proposals", "decide", "breach:A1:K7:1", "confirmed", *words)[2]
    )
    told = run("proposals", "decide", "breach:A1:K2:1", "confirmed", *words, "--amount", 900)
    assert (told[0], "900 yuan is out of 100 to 500" in told[2]) == (2, True)
    with open_store(town) as store:
        assert store.count("decisions") == 0


def test_a_merit_is_recorded_with_its_range(run, town):
    """W29.1."""
    words = ("--subject", "U07", "--number", "2026-10", "--actor", "E020", "--store", town)
    status, out, _ = run("proposals", "merit", "city_media", *words)
    assert (status, json.loads(out)["proposal"], json.loads(out)["amount"]) == (0, "merit:city_media:U07:2026-10", 300)
    assert "no rule rewards radio/unit" in run("proposals", "merit", "radio", *words)[2]


def test_a_quarter_and_a_year_hold_their_months(run, town):
    """G5.7, G5.8: a quarter is three months, a year four quarters; each is told like a month."""
    for option, span, count in (("--quarter", "2026-Q3", 1), ("--quarter", "2026-Q4", 1), ("--year", "2026", 2)):
        told = json.loads(run("assess", "--store", town, option, span)[1])
        assert told[option.removeprefix("--")] == span
        assert sum(row["incidents"] for row in told["subjects"]) == count
    assert "write a quarter such as 2026-Q3" in run("assess", "--store", town, "--quarter", "2026-5")[2]
