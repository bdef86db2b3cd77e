"""The facts of a month by script, as JSON and as a sheet."""

import json
import re
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from gisapp.store import create_store, open_store

AT = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)  # the first moment of October in Shanghai


@pytest.fixture
def town(tmp_path):
    path = tmp_path / "town.gpkg"
    with create_store(path, crs="EPSG:4547") as store:
        for number, moment in enumerate(
            (AT - timedelta(seconds=1), AT, AT + timedelta(days=3), AT + timedelta(days=31))
        ):
            told = {"type": "leak", "channel": "phone", "reported_at": moment, "code": f"A{number}"}
            store.report(told, actor="E01")
            store.incidents.record(f"A{number}", "dispatch", actor="U01", role="dispatcher", subject="U07", at=moment)
        store.incidents.record("A1", "accept", actor="U07", role="unit", at=AT + timedelta(minutes=20))
    return path


def test_a_month_holds_what_was_reported_in_it_in_the_zone_of_the_store(run, town):
    status, out, err = run("assess", "--month", "2026-10", "--store", town)
    told = json.loads(out)
    (unit,) = told["subjects"]
    assert (status, told["month"], unit["subject"], unit["incidents"], unit["satisfaction"]) == (
        0,
        "2026-10",
        "U07",
        2,
        None,
    )
    clocks = {clock["clock"]: clock for clock in unit["clocks"]}
    assert (clocks["K1"]["met"], clocks["K1"]["breached"], clocks["K1"]["rate"]) == (1, 1, 0.5)
    assert "2026-10: 2 incidents of 1 by unit" in err


def test_the_sheet_says_the_same(run, town, tmp_path):
    """G5.6."""
    sheet = tmp_path / "october.xlsx"
    assert run("assess", "--month", "2026-10", "--store", town, "--format", "xlsx", "-o", sheet)[0] == 0
    facts, clocks = (pd.read_excel(sheet, sheet_name=name) for name in ("facts", "clocks"))
    assert facts[["subject", "incidents"]].to_numpy().tolist() == [["U07", 2]]
    assert clocks.set_index("clock")["met"]["K1"] == 1


def test_a_month_without_reports_is_a_no_and_a_wrong_one_is_refused(run, town):
    assert run("assess", "--month", "2026-12", "--store", town)[0] == 1
    assert "found '2026-13'; write a month such as 2026-10" in run("assess", "--month", "2026-13", "--store", town)[2]
    assert "name its file with -o" in run("assess", "--month", "2026-10", "--store", town, "--format", "xlsx")[2]
    with open_store(town) as store:
        assert store.count("incidents") == 4


def test_scores_stand_beside_the_facts_with_their_weights(run, town, tmp_path):
    """G5.4, G5.6."""
    scores = tmp_path / "scores.csv"
    scores.write_text("subject,scored_by,results,quality,efficiency,attitude\nU07,E20,80,80,80,80\n", encoding="utf-8")
    told = json.loads(run("assess", "--month", "2026-10", "--store", town, "--scores", scores)[1])
    assert (told["subjects"][0]["score"], told["weights"]["results"]) == (80, 0.4)
    missing = run("assess", "--month", "2026-10", "--store", town, "--scores", tmp_path / "none.csv")
    assert (missing[0], "cannot be read" in missing[2]) == (2, True)


@pytest.mark.parametrize(("language", "title"), [("zh-Hans", "考核表"), ("zh-Hant", "考核表"), ("en", "Assessment")])
def test_the_page_says_the_same_in_three_languages(run, town, tmp_path, language, title):
    """G5.6."""
    page, sheet = tmp_path / "october.html", tmp_path / "october.xlsx"
    asked = ("assess", "--month", "2026-10", "--store", town)
    assert run(*asked, "--format", "html", "--lang", language, "-o", page)[0] == 0
    assert run(*asked, "--format", "xlsx", "-o", sheet)[0] == 0
    tables = re.findall(r"<tbody>(.*?)</tbody>", page.read_text(encoding="utf-8"))
    work, said, clocks = ([re.findall(r"<td[^>]*>(.*?)</td>", row) for row in one.split("</tr>")] for one in tables[:3])
    facts, rates = (pd.read_excel(sheet, sheet_name=name) for name in ("facts", "clocks"))
    assert work[0][:4] == [str(one) for one in facts[["subject", "incidents", "closed", "reopened"]].iloc[0]]
    assert said[0][1] == str(facts["asked"].iloc[0])
    wanted = [[one["clock"], str(one["met"]), str(one["breached"])] for one in rates.to_dict("records")]
    assert [row[1:4] for row in clocks if row] == wanted
    assert f"{100 * rates['rate'].iloc[0]:.1f} %" in clocks[0]
    assert title in page.read_text(encoding="utf-8")
