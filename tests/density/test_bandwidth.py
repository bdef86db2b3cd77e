from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gisapp.density import held_out_bandwidth
from gisapp.density.bandwidth import CANDIDATES_M
from gisapp.errors import InputError

KITCHENER = Path(__file__).resolve().parents[3] / "shared" / "data" / "kitchener_water_main_breaks_2024.csv"


def clusters(spread, number=2000, seed=1):
    rng = np.random.default_rng(seed)
    middles = rng.uniform(0, 15_000, (30, 2))
    return middles[rng.integers(0, 30, number)] + rng.normal(0, spread, (number, 2))


def slow_scores(xy):
    """The definition, one candidate after the other."""
    apart = ((xy[:, None] - xy[None]) ** 2).sum(axis=2)
    apart[apart < 20.0**2] = np.inf
    others = np.isfinite(apart).sum(axis=1)
    even = 0.01 / np.prod(np.ptp(xy, axis=0))
    for width in CANDIDATES_M:
        density = np.exp(-apart / (2 * width**2)).sum(axis=1) / (2 * np.pi * width**2) / others
        yield np.log(0.99 * density + even).mean() + np.log(1e6)


def test_the_scores_are_those_of_the_definition():
    xy = clusters(200, number=900)
    np.testing.assert_allclose(held_out_bandwidth(xy).scores, list(slow_scores(xy)), atol=1e-6)


def test_wider_clusters_want_a_wider_bandwidth():
    found = [held_out_bandwidth(clusters(spread)).metres for spread in (80, 300, 1200)]
    assert found == sorted(found)
    assert found[0] < found[-1] / 4


def test_reports_from_one_building_do_not_narrow_it():
    xy = clusters(300)
    assert held_out_bandwidth(np.repeat(xy, 3, axis=0)[:2000]).metres >= held_out_bandwidth(xy[:667]).metres


def test_parts_are_taken_together_and_the_answer_is_always_the_same():
    xy = clusters(150)
    whole, parts = held_out_bandwidth(xy), held_out_bandwidth([xy[:300], xy[300:]])
    assert whole.metres == parts.metres
    pd.testing.assert_series_equal(whole.scores, parts.scores)
    assert (whole.asked, whole.known) == (1000, 2000)


def test_breaks_of_real_mains_want_50_to_200_m():
    if not KITCHENER.exists():
        pytest.skip("the register of Kitchener is not here")
    breaks = pd.read_csv(KITCHENER, usecols=["x", "y"]).dropna().to_numpy()
    assert 50 <= held_out_bandwidth(breaks).metres <= 200


@pytest.mark.parametrize("xy", [np.empty((0, 2)), [], np.zeros((50, 2))])
def test_too_few_places_are_refused(xy):
    with pytest.raises(InputError, match="places of incidents; state a bandwidth"):
        held_out_bandwidth(xy)
