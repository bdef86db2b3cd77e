"""Packs of a grid's meetings: every number is counted anew from the rows."""

import io
import json
import re
from datetime import UTC, datetime, timedelta
from zipfile import ZipFile

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from small_city import copy_small_city

from dashboards.commands.meetings import meeting_in, utilities_in
from gisapp.store import open_store
from gisapp.words import LANGUAGES

FIRST = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)  # the first moment of October in Shanghai
AFTER = datetime(2026, 10, 31, 16, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    path = tmp_path_factory.mktemp("meetings") / "city.gpkg"
    copy_small_city(path)
    return path


def plain_count(rows, start, end, grid="G001"):
    """Return how many incidents count, one row after another."""
    return sum(
        row.grid_code == grid
        and start <= row.reported_at < end
        and not row.drill
        and pd.isna(row.duplicate_of)
        and row.status not in ("merged", "cancelled", "rejected")
        for row in rows.itertuples()
    )


def test_the_numbers_of_a_pack_are_those_of_the_rows_g7_2(city):
    """G7.2, G7.5: counts, arrivals and shares anew; the period before and a year ago by the same rule."""
    with open_store(city) as store:
        told = meeting_in(store, "G001", FIRST, AFTER, utility="water")
        rows = store.table("incidents")
    assert len(told.incidents) == plain_count(rows, FIRST, AFTER) == told.facts["incidents"]
    assert told.before == plain_count(rows, FIRST - (AFTER - FIRST), FIRST)
    year = timedelta(days=364)
    assert told.year_ago == plain_count(rows, FIRST - year, AFTER - year)
    waits = (told.incidents["arrived_at"] - told.incidents["dispatched_at"]).dropna().dt.total_seconds() / 60
    assert told.facts["arrival_n"] <= len(waits)
    k1 = told.clocks.set_index("clock").loc["K1"]
    late = (told.incidents["accepted_at"] - told.incidents["dispatched_at"]).dropna() > pd.Timedelta(minutes=20)
    assert k1["breached"] <= late.sum() + k1["not_judged"]
    assert k1["met"] + k1["breached"] == k1["n"]


def test_a_pack_of_a_week_holds_only_that_week_g7_1(city):
    """G7.1: seven days from the day that is asked for, whichever begins the week."""
    start = datetime(2026, 11, 8, 16, 0, tzinfo=UTC)
    with open_store(city) as store:
        told = meeting_in(store, "G002", start, start + timedelta(days=7), utility="water")
    assert told.incidents["reported_at"].between(start, start + timedelta(days=7), inclusive="left").all()
    assert len(told.patrols) == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["weekly", "quarterly"])
def test_a_pack_is_a_page_with_a_map_that_names_nobody(run, city, tmp_path, kind, language):
    """G7.3."""
    page = tmp_path / "pack.html"
    words = ("pack", kind, "--grid", "G001", "--from", "2026-11-09", "--lang", language, "--store", city, "-o", page)
    assert run(*words)[0] == 0
    text = page.read_text(encoding="utf-8")
    assert '<svg class="drawing"' in text
    with open_store(city) as store:
        assert str(store.audit_head()) in text
    assert not re.search(r"\b000\d{8}\b|网格长\d|户主", text)


def test_a_brief_is_a_file_for_the_office_that_leaves_room_for_words(run, city, tmp_path):
    """G7.5."""
    file = tmp_path / "brief.docx"
    words = ("pack", "brief", "--grid", "G001", "--from", "2026-10-01", "--to", "2026-10-31", "--store", city)
    status, _, said = run(*words, "-o", file)
    assert (status, "3 to fill in" in said) == (0, True)
    parts = ZipFile(file)
    text = parts.read("word/document.xml").decode()
    assert "待填写" in text
    assert "网格与本期事件" in text
    with open_store(city) as store:
        assert f"审计链末条: {store.audit_head()}" in text
    picture = np.asarray(Image.open(io.BytesIO(parts.read("word/media/image1.png"))).convert("RGB"))
    assert picture.shape[:2] == (1077, 1400)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50  # streets, pipes, the border and incidents


def test_rates_and_reliability_of_a_pack_are_those_of_the_commands(run, city):
    """G7.2: by every utility, for the same days."""
    with open_store(city) as store:
        told = utilities_in(store, FIRST, AFTER).set_index("utility")
    days = ("--from", "2026-10-01", "--to", "2026-10-31", "--store", city)
    assert set(told.index) == {"water", "power", "heating", "gas"}
    for utility, row in told.iterrows():
        rates = json.loads(run("rates", "--by", "utility", "--utility", utility, *days)[1])
        found = json.loads(run("reliability", "--utility", utility, *days)[1])
        assert (row["breaks"], row["km_years"]) == (rates["breaks"], pytest.approx(rates["km_years"]))
        assert row["per_100_km_year"] == pytest.approx(rates["per_100_km_and_year"] or 0.0)
        for name in ("outages", "saidi_min", "saifi"):
            assert row[name] == pytest.approx(found[name])
    assert told["breaks"].sum() > 0


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--from", "2026-11-09", "-o", "x.html"), "grid"),
        (("--grid", "G999", "--from", "2026-11-09", "-o", "x.html"), "no grid 'G999'"),
        (("--grid", "G001", "--from", "2026-11-09", "-o", "x.pdf"), "ends in .html or .docx"),
        (("--grid", "G001", "--from", "9.11.2026", "-o", "x.html"), "write a day"),
    ],
)
def test_what_is_not_said_or_not_there_is_told(run, city, tmp_path, monkeypatch, words, found):
    monkeypatch.chdir(tmp_path)
    status, _, said = run("pack", "weekly", "--store", city, *words)
    assert (status, found in said) == (2, True)
    assert not list(tmp_path.iterdir())
