"""Breaks per 100 km and year: who is counted for how long, what is in no rate, and how sure a rate is."""

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gisapp.density import break_rates, pipe_breaks
from gisapp.errors import InputError

ZONE = ZoneInfo("Asia/Shanghai")
YEARS = {"start": date(2020, 1, 1), "end": date(2024, 12, 31)}


def register(**columns):
    """Pipes of 100 km from 1990; columns say what differs."""
    count = max((len(values) for values in columns.values() if isinstance(values, list)), default=1)
    made = {
        "utility": "water",
        "code": [f"P{number}" for number in range(count)],
        "kind": "pipe",
        "length_m": 100_000.0,
        "material": "steel",
        "laid_year": 1990,
        "diameter_mm": 200.0,
        "rank": "main",
    }
    frame = pd.DataFrame(made | columns)
    return frame.astype({"laid_year": "Int64"})


def breaks(*on):
    """Breaks as (pipe, day)."""
    frame = pd.DataFrame(on, columns=["link_code", "day"]).assign(utility="water")
    return frame.assign(day=pd.to_datetime(frame["day"]))


def only(rates):
    assert len(rates.table) == 1
    return rates.table.iloc[0]


@pytest.mark.parametrize(
    ("laid", "km_years"),
    [(1990, 500.0), (2019, 500.0), (2020, 450.0), (2022, 250.0), (2024, 50.0), (2025, 0.0), (None, 500.0)],
)
def test_a_pipe_counts_from_the_middle_of_the_year_in_which_it_was_laid(laid, km_years):
    rates = break_rates(register(laid_year=[laid]), breaks(), by=["material"], **YEARS)
    assert rates.km_years == pytest.approx(km_years)
    assert rates.table["rate"].isna().tolist() == [km_years == 0]


def test_part_of_a_year_is_part_of_a_year():
    rates = break_rates(register(), breaks(), by=["material"], start=date(2023, 1, 1), end=date(2023, 3, 14))
    assert rates.km_years == pytest.approx(100 * 73 / 365)
    leap = break_rates(register(), breaks(), by=["material"], start=date(2024, 7, 1), end=date(2024, 12, 31))
    assert leap.km_years == pytest.approx(100 * 184 / 366)


def test_a_break_from_before_its_pipe_is_reported_and_in_no_rate():
    pipes = register(laid_year=[2022])
    days = breaks(("P0", "2021-12-31"), ("P0", "2022-01-01"), ("P0", "2023-05-01"))
    rates = break_rates(pipes, days, by=["material"], **YEARS)
    assert (rates.breaks, only(rates)["predating"]) == (2, 1)
    assert rates.predating[["link_code", "laid_year"]].to_numpy().tolist() == [["P0", 2022]]
    assert rates.predating.index.tolist() == [0]


def test_a_break_of_an_unknown_pipe_or_of_another_utilitys_is_reported():
    days = breaks(("P0", "2021-01-01"), ("X", "2021-01-01"), (None, "2021-01-01"), ("P0", "2021-01-01"))
    days.loc[3, "utility"] = "gas"
    rates = break_rates(register(), days, by=["material"], **YEARS)
    assert rates.breaks == 1
    assert rates.unmatched.index.tolist() == [1, 2, 3]


def test_pumps_and_valves_are_no_pipes():
    rates = break_rates(register(kind=["pipe", "pump", "cable"]), breaks(), by=["material"], **YEARS)
    assert only(rates)["pipes"] == 2


def test_first_and_last_day_of_the_period_count():
    days = breaks(*(("P0", day) for day in ("2019-12-31", "2020-01-01", "2024-12-31", "2025-01-01")))
    assert break_rates(register(), days, by=["material"], **YEARS).breaks == 2


def test_cohorts_are_those_of_material_decade_and_diameter_class_the_unknown_ones_too():
    """G3.3.4, W35.8."""
    pipes = register(
        material=["pe", "pe", None, "pe"],
        laid_year=[1999, 2000, None, 2009],
        diameter_mm=[100.0, 100.5, np.nan, 900.0],
    )
    table = break_rates(pipes, breaks(("P2", "2021-01-01")), by=["material", "decade", "diameter"], **YEARS).table
    told = table[["material", "decade", "diameter"]].astype(object)
    assert told.where(told.notna(), None).to_numpy().tolist() == [
        ["pe", 1990, "≤100"],
        ["pe", 2000, "≤200"],
        ["pe", 2000, ">600"],
        [None, None, None],
    ]
    assert table["breaks"].tolist() == [0, 0, 0, 1]


def test_small_cohorts_are_marked_and_shown():
    pipes = register(material=["pe", "pvc", "steel"], length_m=[100_000.0, 400.0, 100_000.0])
    days = breaks(*[("P0", "2021-01-01")] * 40, ("P1", "2021-06-01"))
    table = break_rates(pipes, days, by=["material"], **YEARS).table.set_index("material")
    assert table["small"].to_dict() == {"pe": False, "pvc": True, "steel": False}  # no break where 20 were due
    assert table.loc["pvc", "rate"] == pytest.approx(50.0)


def test_the_limits_are_garwoods():
    """The exact limits for 0 and 10 events: 0 to 3.689, and 4.795 to 18.390."""
    for number, low, high in ((0, 0.0, 3.689), (10, 4.795, 18.390)):
        rate = only(break_rates(register(), breaks(*[("P0", "2021-01-01")] * number), by=["material"], **YEARS))
        assert (rate["low"] * 5, rate["high"] * 5) == pytest.approx((low, high), abs=0.001)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_nothing_is_lost_and_the_smoothed_rate_lies_between_its_own_and_that_of_all(seed):
    rng = np.random.default_rng(seed)
    count = 60
    pipes = register(
        code=[f"P{number}" for number in range(count)],
        material=[str(name) for name in rng.choice(["pe", "steel", "iron"], count)],
        laid_year=[int(year) for year in rng.integers(1980, 2026, count)],
        length_m=[float(length) for length in rng.lognormal(4, 2, count)],
    )
    days = pd.to_datetime("2019-06-01") + pd.to_timedelta(rng.integers(0, 2_300, 200), "D")
    some = breaks(*zip([f"P{number}" for number in rng.integers(0, count + 5, 200)], days, strict=True))
    rates = break_rates(pipes, some, by=["material", "decade"], **YEARS)
    within = some["day"].between("2020-01-01", "2024-12-31").sum()
    assert rates.table["breaks"].sum() + len(rates.predating) + len(rates.unmatched) == within
    assert rates.table["predating"].sum() == len(rates.predating)
    assert rates.table["km_years"].sum() == pytest.approx(rates.km_years)
    known = rates.table[rates.table["rate"].notna()]
    ends = np.sort(np.column_stack([known["rate"], np.full(len(known), rates.rate)]), axis=1)
    assert (known["smoothed"] >= ends[:, 0] - 1e-9).all()
    assert (known["smoothed"] <= ends[:, 1] + 1e-9).all()


def test_the_less_a_cohort_has_to_say_the_more_its_rate_is_drawn_to_that_of_all():
    pipes = register(material=["a", "b", "c", "d"], length_m=[100_000.0, 100_000.0, 200.0, 100_000.0])
    days = breaks(*[("P0", "2021-01-01")] * 60, *[("P1", "2021-01-01")] * 5, ("P2", "2021-01-01"))
    table = break_rates(pipes, days, by=["material"], **YEARS).table.set_index("material")
    assert table.loc["a", "smoothed"] == pytest.approx(table.loc["a", "rate"], rel=0.1)
    assert table.loc["c", "rate"] > 8 * table.loc["a", "rate"]
    assert table.loc["c", "smoothed"] < 0.25 * table.loc["c", "rate"]


def test_incidents_become_breaks_by_type_by_what_counts_and_by_the_day_in_the_zone():
    incidents = pd.DataFrame(
        [
            ("A", "leak", "2024-12-31T15:59Z", False, None, "closed"),
            ("B", "burst", "2024-12-31T16:00Z", False, None, "closed"),
            ("C", "leak", "2025-01-01T00:00Z", True, None, "closed"),
            ("D", "leak", "2025-01-01T00:00Z", False, "A", "merged"),
            ("E", "leak", "2025-01-01T00:00Z", False, None, "rejected"),
            ("F", "quality", "2025-01-01T00:00Z", False, None, "closed"),
        ],
        columns=["code", "type", "reported_at", "drill", "duplicate_of", "status"],
    ).assign(utility="water", link_code="P0")
    incidents["reported_at"] = pd.to_datetime(incidents["reported_at"], utc=True)
    found = pipe_breaks(incidents, ZONE)
    assert found["code"].tolist() == ["A", "B"]
    assert found["day"].dt.strftime("%Y-%m-%d").tolist() == ["2024-12-31", "2025-01-01"]
    assert break_rates(register(), found, by=["material"], **YEARS).breaks == 1
    with pytest.raises(InputError, match="unknown incident type 'leaks'"):
        pipe_breaks(incidents, ZONE, types=["leaks"])


def test_what_makes_no_cohort_and_a_reversed_period_are_refused():
    with pytest.raises(InputError, match="'colour' makes no cohort; choose some of material"):
        break_rates(register(), breaks(), by=["material", "colour"], **YEARS)
    with pytest.raises(InputError, match="nothing makes the cohorts"):
        break_rates(register(), breaks(), by=[], **YEARS)
    with pytest.raises(InputError, match="before its start"):
        break_rates(register(), breaks(), by=["rank"], start=date(2024, 1, 2), end=date(2024, 1, 1))


def test_no_pipes_have_no_rate():
    rates = break_rates(register().iloc[:0], breaks(("P0", "2021-01-01")), by=["material"], **YEARS)
    assert rates.table.empty
    assert np.isnan(rates.rate)
    assert len(rates.unmatched) == 1
