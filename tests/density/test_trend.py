"""The course of hotspots: new, lasting, ceasing; and nothing of it by chance."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse, stats
from spots import COLS, NEAR, ROWS, SPOTS, drawn, pipe_metres, planted

from gisapp.density import hotspot_trend, hotspots
from gisapp.density.trend import TRENDS, _changes
from gisapp.errors import InputError

MONTHS = pd.period_range("2025-12", periods=12, freq="M").astype(str)


def months(course=(), seed=5, *, clump=1):
    """Counts of 12 months, the seventh a hard one; a hotspot at a place of the map in the months of its course."""
    rng = np.random.default_rng(seed)
    exposure = pipe_metres(rng, ROWS, COLS, empty=0.01)
    exposure[planted(2) > 1] = 5_000.0
    columns = {}
    for at, name in enumerate(MONTHS):
        factor = np.ones(ROWS * COLS)
        for spot, hot in zip(SPOTS, course, strict=False):
            factor *= planted(6, [spot]) if at in hot else 1.0
        columns[name] = drawn(rng, exposure, (4_000 if at == 6 else 1_500) / clump, times=factor) * clump
    return pd.DataFrame(columns), exposure


def test_a_hotspot_is_emerging_persistent_or_fading_by_its_course():
    course = (range(9, 12), range(12), range(9))
    table = hotspot_trend(*months(course), near=NEAR)
    middles = [row * COLS + col for row, col in SPOTS]
    assert table["trend"].iloc[middles[:3]].tolist() == ["emerging", "persistent", "fading"]
    assert pd.isna(table["trend"].iloc[middles[3]])
    assert set(table["trend"].dropna()) == set(TRENDS)
    ratios = table[["ratio_before", "ratio_recent"]].iloc[middles].to_numpy()
    assert ((ratios > 3) == [[False, True], [True, True], [True, False], [False, False]]).all()


def test_a_month_in_which_all_rises_and_a_clump_of_reports_are_no_trend():
    """Three months with a frost among them, and four reports of each leak: nothing but the persistent one."""
    counts, exposure = months(((), range(12)), clump=4)
    table = hotspot_trend(counts.iloc[:, :9], exposure, near=NEAR)
    assert set(table["trend"].dropna()) == {"persistent"}


def test_by_chance_hardly_any_of_2000_grids_has_a_trend():
    found = [hotspot_trend(*months(seed=seed), near=NEAR)["trend"].notna().sum() for seed in range(30)]
    assert np.mean(found) <= 0.3  # three maps


def test_hardly_any_lasting_hotspot_is_called_new_or_ceasing():
    course = (range(12), range(12), range(12), range(12))
    trends = pd.concat([hotspot_trend(*months(course, seed), near=NEAR)["trend"].dropna() for seed in range(10)])
    assert len(trends) > 200
    assert (trends == "persistent").mean() > 0.97


def test_a_trend_is_that_of_a_place_hot_on_one_of_its_three_maps():
    counts, exposure = months((range(9, 12), range(12), range(9)))
    parts = (counts.iloc[:, :9], counts.iloc[:, 9:], counts)
    hot = [hotspots(part.sum(axis=1), exposure, near=NEAR).table["hot"] for part in parts]
    table = hotspot_trend(counts, exposure, near=NEAR)
    assert (table["trend"].notna() == np.any(hot, axis=0)).all()
    assert (table["trend_q"].notna() == table["trend"].notna()).all()


def test_a_change_is_as_likely_as_the_binomial_distribution_says():
    monthly = np.array([[2.0, 2, 2, 3], [4, 4, 4, 6], [20, 20, 20, 30], [6, 6, 6, 9]])
    rise, fall = _changes(monthly, 3, sparse.csr_array(np.eye(4)))
    total, now, share = monthly.sum(axis=1), monthly[:, 3], 48 / 144
    np.testing.assert_allclose(rise, stats.binom.sf(now - 1, total, share), rtol=1e-9)
    np.testing.assert_allclose(fall, stats.binom.cdf(now, total, share), rtol=1e-9)


def test_incidents_where_nothing_is_exposed_change_no_trend():
    counts, exposure = months((range(9, 12), range(12), range(9)))
    one = hotspot_trend(counts, exposure, near=NEAR)
    flooded = counts.copy()
    flooded.iloc[np.flatnonzero(exposure == 0), -1] = 5_000
    pd.testing.assert_frame_equal(one, hotspot_trend(flooded, exposure, near=NEAR))


def test_too_few_months_cannot_tell_new_from_old_and_no_incidents_have_no_trend():
    counts, exposure = months()
    with pytest.raises(InputError, match="found 5 whole months; give at least 6, to hold the last 3"):
        hotspot_trend(counts.iloc[:, :5], exposure, near=NEAR)
    assert hotspot_trend(counts * 0, exposure, near=NEAR)["trend"].isna().all()
