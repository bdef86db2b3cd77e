"""Texts into typed columns: what each kind takes, and what it refuses."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisapp.errors import InputError
from gisapp.imports import cells
from gisapp.imports.cells import Reading
from gisapp.imports.transport import Text
from gisapp.tables import DTYPES, Column

HOW = Reading(frozenset(["", "NA"]), ZoneInfo("America/Chicago"), {}, {})


def read(kind: str, *texts: str, how: Reading = HOW, **column) -> cells.Cells:
    return cells.cells(Column("a", kind, **column), Text(np.array(texts, dtype=object)), how)


@pytest.mark.parametrize(
    ("kind", "sound", "wrong"),
    [
        ("int", {"1": 1, "1.0": 1, " 7 ": 7, "-3": -3}, ["1.5", "nan", "inf", "1,000", "0x10", "9" * 19, "=1", "12m"]),
        ("real", {"1": 1.0, "-2.5e3": -2500.0}, ["nan", "-inf", "1e999", "=2", "1,5", "12 m"]),
        ("bool", {"true": True, "FALSE": False, "1": True, "0": False}, ["yes", "2", "=TRUE()"]),
        ("text", {"00123": "00123", "-5": "-5", "a=b": "a=b"}, ["=A1", "-x", "@a", " =x", "-"]),
    ],
)
def test_a_kind_takes_its_texts_and_no_others(kind, sound, wrong):
    made = read(kind, *sound, *wrong, "NA", " ")
    assert made.values.tolist()[: len(sound)] == list(sound.values())
    assert made.wrong.tolist() == [False] * len(sound) + [True] * len(wrong) + [False, False]
    assert made.missing.tolist()[-2:] == [True, True]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2018-01-01 00:48:30.0", "2018-01-01T06:48:30Z"),
        ("2018-01-01", "2018-01-01T06:00Z"),
        ("2018-01-01T08", "2018-01-01T14:00Z"),
        ("2018-01-01T01:00:00Z", "2018-01-01T01:00Z"),
        ("2018-01-01T01:00+08:00", "2017-12-31T17:00Z"),
        ("2018-01-01T01:00:00.123-0600", "2018-01-01T07:00:00.123Z"),
        ("2018-03-11 02:30:00", None),
        ("2018-11-04 01:30", None),
        ("12/31/2018", None),
        ("2018-13-01", None),
        ("0018-01-01", None),
        ("2300-01-01", None),
    ],
)
def test_a_time_is_one_moment_or_wrong(text, moment):
    made = read("time", text, "NA")
    assert made.values.dtype == DTYPES["time"]
    assert made.wrong.tolist() == [moment is None, False]
    assert pd.isna(made.values[0]) if moment is None else made.values[0] == pd.Timestamp(moment)


def test_what_is_translated_is_a_value_even_if_it_means_none_elsewhere():
    how = Reading(HOW.empty, HOW.zone, {}, {"a": {"NA": "other", "*": "leak"}})
    made = read("text", "NA", "", "x", "other", how=how, choices=("leak", "other"))
    assert made.values.tolist()[::2] == ["other", "leak"]
    assert made.missing.tolist() == [False, True, False, False]


def test_a_translation_to_an_unknown_choice_is_refused():
    how = Reading(HOW.empty, HOW.zone, {}, {"a": {"x": "flood"}})
    with pytest.raises(InputError, match="translates to 'flood'"):
        read("text", "x", how=how, choices=("leak",))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["1", "x", "", "2.5", "=1", "NA"])))
def test_codes_and_plain_texts_give_the_same(texts):
    known = sorted(set(texts)) or [""]
    coded = Text(np.array(known, dtype=object), np.array([known.index(text) for text in texts], dtype=np.int32))
    plain = Text(np.array(texts, dtype=object))
    for kind in ("int", "real", "text", "bool", "time"):
        one, other = (cells.cells(Column("a", kind), text, HOW) for text in (coded, plain))
        pd.testing.assert_series_equal(one.values, other.values)
        assert one.wrong.tolist() == other.wrong.tolist()
        assert one.missing.tolist() == other.missing.tolist()


def test_a_constant_must_fit_and_a_time_needs_its_offset():
    assert cells.constant(Column("a", "bool"), False, 2).tolist() == [False, False]
    assert cells.constant(Column("a", "int"), 3, 1).dtype == "Int64"
    with pytest.raises(InputError, match="with its offset"):
        cells.constant(Column("a", "time"), "2026-01-01", 1)
    with pytest.raises(InputError, match="use one of leak"):
        cells.constant(Column("a", choices=("leak",)), "flood", 1)
