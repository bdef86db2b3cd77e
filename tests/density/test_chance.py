"""Dispersion, tails and shrinking, held against the distributions themselves."""

import numpy as np
import pytest
from scipy import optimize, stats

from gisapp.density.chance import dispersion, false_discovery, lower_tail, shrunk, upper_tail


def drawn(seed, true, count=800):
    rng = np.random.default_rng(seed)
    mean = rng.lognormal(1, 1, count)
    luck = rng.gamma(1 / true, true, count) if true else 1.0
    return rng.poisson(mean * luck).astype(float), mean


@pytest.mark.parametrize("true", [0.05, 0.3, 1.0, 5.0])
def test_the_dispersion_is_where_the_likelihood_is_highest(true):
    count, mean = drawn(1, true)

    def unlikely(a):
        return -stats.nbinom.logpmf(count, 1 / a, 1 / (1 + a * mean)).sum()

    best = optimize.minimize_scalar(unlikely, bounds=(1e-4, 50), method="bounded", options={"xatol": 1e-7}).x
    assert dispersion(count, mean) == pytest.approx(best, rel=1e-3)
    assert dispersion(count, mean) == pytest.approx(true, rel=0.4)


@pytest.mark.parametrize("true", [1e-3, 0.05, 0.3, 1.0, 5.0, 50.0])
def test_the_dispersion_is_where_the_likelihood_has_no_slope(true):
    count, mean = drawn(3, true)

    def slope(logarithm):  # term by term: the sum of k / (1 + a k) below each count, less what is expected
        a = np.exp(logarithm)
        rising = sum((np.arange(n) / (1 + a * np.arange(n))).sum() for n in count)
        return rising + (np.log1p(a * mean) / a**2 - (count + 1 / a) * mean / (1 + a * mean)).sum()

    found = dispersion(count, mean)
    if found:
        slow = np.exp(optimize.brentq(slope, np.log(found) - 0.5, np.log(found) + 0.5, xtol=1e-13))
        assert found == pytest.approx(slow, rel=1e-9)
    else:
        assert slope(np.log(1e-6)) <= 0


@pytest.mark.parametrize("seed", range(5))
def test_false_discoveries_are_those_of_the_definition_whatever_is_equal_or_untested(seed):
    rng = np.random.default_rng(seed)
    p = np.concatenate(
        [rng.random(300) ** 6, rng.choice([0.0, -0.0, 1.0, 1e-300, 5e-324, 0.5], 60), np.full(9, np.nan)]
    )
    rng.shuffle(p)
    tested = p[~np.isnan(p)]
    slow = [min(len(tested) * other / (tested <= other).sum() for other in tested[tested >= one]) for one in tested]
    np.testing.assert_allclose(false_discovery(p)[~np.isnan(p)], np.minimum(slow, 1.0), rtol=1e-12)
    assert np.isnan(false_discovery(p)[np.isnan(p)]).all()


def test_poisson_counts_have_next_to_no_dispersion_and_even_ones_none():
    assert np.mean([dispersion(*drawn(seed, 0.0)) for seed in range(20)]) < 0.02
    assert dispersion(np.full(9, 3.0), np.full(9, 3.0)) == 0.0
    assert dispersion(np.array([]), np.array([])) == 0.0
    assert dispersion(np.array([90.0, 5.0]), np.array([0.0, 5.0])) == 0.0  # the first says nothing


def test_one_place_with_everything_is_as_dispersed_as_can_be_told():
    count, mean = np.zeros(5_000), np.full(5_000, 0.2)
    count[7] = 1_000
    assert 1_000 < dispersion(count, mean) <= 1e4


def test_a_few_true_hotspots_are_hardly_taken_for_scatter():
    count, mean = drawn(2, 0.3)
    moments = [((count - mean) ** 2 - count).sum() / (mean**2).sum()]
    alone = dispersion(count, mean)
    count[np.argsort(mean)[-4:]] *= 4
    moments.append(((count - mean) ** 2 - count).sum() / (mean**2).sum())
    assert moments[1] > 3 * moments[0]
    assert dispersion(count, mean) < 1.3 * alone


def test_tails_are_those_of_poisson_and_of_the_negative_binomial():
    observed = np.array([0.0, 1, 2, 7, 30, 400])
    expected = np.array([0.5, 1.0, 0.0, 3.0, 30.0, 250.0])
    shape = np.array([1.0, 0.2, 3.0, 5.0, 1e3, 40.0])
    poisson = np.where(expected > 0, stats.poisson.sf(observed - 1, expected), 0.0)
    np.testing.assert_allclose(upper_tail(observed, expected), poisson, rtol=1e-9)
    spread = np.where(expected > 0, stats.nbinom.sf(observed - 1, shape, shape / (shape + expected)), 0.0)
    np.testing.assert_allclose(upper_tail(observed, expected, shape), spread, rtol=1e-9)
    for with_shape, below in ((None, stats.poisson.cdf(observed, expected)), (shape, None)):
        found = lower_tail(observed, expected, upper_tail(observed, expected, with_shape), with_shape)
        told = stats.nbinom.cdf(observed, shape, shape / (shape + expected)) if below is None else below
        np.testing.assert_allclose(found, told, rtol=1e-9)


def test_shrinking_is_the_mean_of_the_gamma_after_the_counts():
    observed, expected, spread = np.array([0.0, 3, 40]), np.array([1.0, 1, 20]), 0.5
    after = stats.gamma(observed + 1 / spread, scale=1 / (expected + 1 / spread)).mean()
    np.testing.assert_allclose(shrunk(observed, expected, spread), after)
