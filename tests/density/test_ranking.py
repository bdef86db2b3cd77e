"""Which pipes to renew first, and whether that order would have helped; on a drawn city and on Kitchener."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gisapp.density import back_test, break_rates, pipe_ranking
from gisapp.errors import InputError

KITCHENER = Path(__file__).resolve().parents[3] / "shared" / "data"
BY = ["material", "decade", "diameter"]


def city(seed=1, count=4_000):
    """Pipes whose true rates differ by cohort and, within it, by luck; and 20 years of their breaks."""
    rng = np.random.default_rng(seed)
    laid = rng.integers(1960, 2000, count)
    material = np.where(laid < 1985, "iron", "pe")
    length_m = rng.lognormal(4.3, 1.0, count)
    rate = np.where(laid < 1985, 0.25, 0.06) * rng.gamma(1.2, 1 / 1.2, count)  # per km and year
    number = rng.poisson(rate * length_m / 1000 * 20)
    link = np.repeat(np.arange(count), number)
    days = pd.to_datetime("2004-01-01") + pd.to_timedelta(rng.integers(0, 20 * 365, len(link)), "D")
    codes = np.array([f"P{at}" for at in range(count)])
    pipes = pd.DataFrame({"utility": "water", "code": codes, "kind": "pipe", "length_m": length_m, "rank": "main"})
    pipes = pipes.assign(material=material, laid_year=pd.array(laid, dtype="Int64"), diameter_mm=200.0)
    return pipes, pd.DataFrame({"utility": "water", "link_code": codes[link], "day": days})


def test_a_pipe_that_broke_stands_before_the_rest_of_its_cohort_the_shorter_the_more():
    pipes, breaks = city()
    period = {"start": date(2004, 1, 1), "end": date(2023, 12, 31)}
    ranked = pipe_ranking(pipes, breaks, by=["material"], **period).set_index("code")
    assert len(ranked) == len(pipes)
    assert ranked["rate"].is_monotonic_decreasing
    np.testing.assert_allclose(ranked["expected"], ranked["rate"] * ranked["length_m"] / 100_000)
    assert ranked["length_share"].iloc[-1] == pytest.approx(1.0)
    rates = break_rates(pipes, breaks, by=["material"], **period).table.set_index("material")
    cohort = rates["smoothed"].loc[ranked["material"]].to_numpy()
    more = ranked["breaks"] > cohort * ranked["length_m"] / 100_000 * 20
    assert (ranked["rate"] > cohort).eq(more).all()
    once = ranked[(ranked["material"] == "iron") & (ranked["breaks"] == 1)]
    assert once["length_m"].is_monotonic_increasing
    assert ranked["expected"].sum() == pytest.approx(rates["breaks"].sum() / 20, rel=0.05)


def test_a_pipe_not_yet_in_service_is_not_ranked_and_one_laid_today_is_as_its_cohort():
    pipes, breaks = city()
    pipes.loc[0, "laid_year"], pipes.loc[1, "laid_year"] = 2024, 2023
    period = {"start": date(2004, 1, 1), "end": date(2023, 6, 30)}
    ranked = pipe_ranking(pipes, breaks, by=["material"], **period).set_index("code")
    assert "P0" not in ranked.index
    table = break_rates(pipes, breaks, by=["material"], **period).table.set_index("material")
    assert ranked.loc["P1", "rate"] == pytest.approx(table.loc[ranked.loc["P1", "material"], "smoothed"])


def test_the_ranking_beats_cohorts_and_past_breaks_on_a_city_where_both_tell_something():
    pipes, breaks = city()
    table = back_test(pipes, breaks, by=["material"], start=date(2004, 1, 1), cuts=range(2012, 2024))
    caught = table.groupby("order")[["caught_1", "caught_5", "caught_20"]].mean()
    for other in ("cohort", "past", "age"):
        assert (caught.loc["smoothed"] > caught.loc[other])[["caught_5", "caught_20"]].all(), other
    assert table.groupby("cut")["breaks"].nunique().eq(1).all()


def test_pipes_that_are_all_alike_catch_breaks_by_their_length():
    pipes, breaks = city()
    pipes = pipes.assign(material="iron", laid_year=pd.array([1980] * len(pipes), dtype="Int64"))
    table = back_test(pipes, breaks, by=["material"], start=date(2004, 1, 1), cuts=[2015], years=3)
    alike = table[table["order"].isin(["cohort", "age"])]
    np.testing.assert_allclose(alike[["caught_1", "caught_5", "caught_20"]], [[0.01, 0.05, 0.2]] * 2)
    within = breaks["day"].between("2015-01-01", "2017-12-31").sum()
    assert (table["breaks"] == within).all()


def test_nothing_from_after_a_cut_decides_its_order():
    pipes, breaks = city()
    later = breaks["day"] >= "2015-01-01"
    one = back_test(pipes, breaks, by=["material"], start=date(2004, 1, 1), cuts=[2015])
    moved = pd.concat([breaks, breaks[breaks["day"] >= "2016-01-01"]])
    other = back_test(pipes, moved, by=["material"], start=date(2004, 1, 1), cuts=[2015])
    pd.testing.assert_frame_equal(one, other)
    nothing = back_test(pipes, breaks[~later], by=["material"], start=date(2004, 1, 1), cuts=[2015])
    assert nothing["breaks"].eq(0).all()
    assert nothing["caught_5"].isna().all()


def test_a_pipe_laid_after_a_cut_takes_no_part_in_it():
    pipes, breaks = city()
    fresh = breaks["link_code"].value_counts().index[0]
    pipes.loc[pipes["code"] == fresh, "laid_year"] = 2015
    table = back_test(pipes, breaks, by=["material"], start=date(2004, 1, 1), cuts=[2015], years=9)
    within = breaks["day"].between("2015-01-01", "2023-12-31") & (breaks["link_code"] != fresh)
    assert table["breaks"].eq(within.sum()).all()
    without = back_test(
        pipes[pipes["code"] != fresh], breaks, by=["material"], start=date(2004, 1, 1), cuts=[2015], years=9
    )
    pd.testing.assert_frame_equal(table, without)


def test_a_cut_without_years_before_it_is_refused():
    pipes, breaks = city(count=10)
    with pytest.raises(InputError, match="a cut at 2004; choose years after 2004"):
        back_test(pipes, breaks, by=["material"], start=date(2004, 1, 1), cuts=[2004])


@pytest.fixture(scope="module")
def kitchener():
    """The register of mains and the breaks of mains of a real city, in the shape of our tables."""
    paths = [KITCHENER / f"kitchener_water_{name}_2024.csv" for name in ("mains", "main_breaks")]
    if not all(path.exists() for path in paths):
        pytest.skip("the data of Kitchener are not here")
    mains, breaks = (pd.read_csv(path, low_memory=False) for path in paths)
    when = "%m/%d/%Y %I:%M:%S %p"
    pipes = pd.DataFrame(
        {
            "utility": "water",
            "code": mains["WATMAINID"].astype("str"),
            "kind": "pipe",
            "length_m": mains["Shape__Length"],
            "material": mains["MATERIAL"].astype("str"),
            "diameter_mm": mains["PIPE_SIZE"].astype("float64").replace(0, np.nan),
            "rank": "main",
            "laid_year": pd.to_datetime(mains["INSTALLATION_DATE"], format=when).dt.year.astype("Int64"),
        }
    )
    real = (breaks["Type of Asset Broken"] == "MAIN") & (breaks["Current status of the break"] != "CANCELLED")
    some = breaks[real]
    day = pd.to_datetime(some["Incident date"], format=when).dt.floor("D")
    code = some["Related Asset ID"].astype("str")
    return pipes, pd.DataFrame({"utility": "water", "link_code": code, "day": day}), len(breaks)


def test_kitchener_breaks_that_predate_their_pipe_are_found(kitchener):
    pipes, breaks, listed = kitchener
    rates = break_rates(pipes, breaks, by=["material"], start=date(1985, 1, 1), end=date(2024, 2, 29))
    assert (len(breaks), rates.breaks, len(rates.predating), len(rates.unmatched)) == (2748, 2017, 312, 419)
    assert round(100 * len(rates.predating) / listed) == 11


def test_kitchener_rates(kitchener):
    pipes, breaks, _ = kitchener
    rates = break_rates(pipes, breaks, by=["material"], start=date(1997, 1, 1), end=date(2023, 12, 31))
    table = rates.table.set_index("material")
    assert (rates.breaks, round(rates.km_years), round(rates.rate, 2)) == (1993, 20_008, 9.96)
    assert table["rate"].round(2).loc[["CI", "DI", "PVC"]].to_dict() == {"CI": 31.11, "DI": 6.24, "PVC": 1.27}
    assert not table.loc[["CI", "DI", "PVC"], "small"].any()
    assert table.loc[["COP", "ST", "PVCB"], "small"].all()


def test_kitchener_the_worst_fifth_of_length_catches_three_quarters_of_next_years_breaks(kitchener, capsys):
    pipes, breaks, _ = kitchener
    table = back_test(pipes, breaks, by=BY, start=date(1997, 1, 1), cuts=range(2007, 2024))
    shares = table.filter(like="caught").mul(table["breaks"], axis=0).groupby(table["order"]).sum()
    caught = shares.div(table.groupby("order")["breaks"].sum(), axis=0)
    with capsys.disabled():
        print(f"\nKitchener, cuts 2007 to 2023, share of next year's breaks:\n{caught.round(3).to_string()}")
    assert caught.loc["smoothed"].gt([0.06, 0.28, 0.72]).all()
    assert caught.loc["smoothed"].ge(caught.drop(index="smoothed").max()).all()
