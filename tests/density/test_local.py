"""Gi* and local Moran: the formulas, another program's numbers, and how often they cry wolf."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from spots import drawn, lattice, pipe_metres

from gisapp.density import gi_star, hotspots, local_moran
from gisapp.density.local import gi_star_z, local_moran_z

ROWS, COLS = 12, 15
NEAR = lattice(ROWS, COLS)


def town(seed=2, rows=ROWS, cols=COLS, **chance):
    rng = np.random.default_rng(seed)
    exposure = pipe_metres(rng, rows, cols)
    return drawn(rng, exposure, 3 * rows * cols, **chance), exposure


def without_self(near):
    """Equal weights of the neighbours, which add up to 1."""
    apart = near.toarray() - np.eye(near.shape[0])
    return sparse.csr_array(apart / np.maximum(apart.sum(axis=1, keepdims=True), 1))


@pytest.fixture
def esda():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("esda", reason="comes with gisapp[peers]")


def test_gi_star_is_the_formula_of_ord_and_getis():
    values = town()[0].to_numpy(float)
    near, n = NEAR.toarray(), ROWS * COLS
    mean, spread = values.sum() / n, np.sqrt((values**2).sum() / n - (values.sum() / n) ** 2)
    for i, z in enumerate(gi_star_z(values, NEAR)):
        w = near[i]
        below = spread * np.sqrt((n * (w**2).sum() - w.sum() ** 2) / (n - 1))
        assert z == pytest.approx((w @ values - mean * w.sum()) / below, abs=1e-9)


def test_gi_star_says_the_same_of_weights_that_add_up_to_one():
    values = town()[0].to_numpy(float)
    scaled = sparse.csr_array(NEAR.toarray() / NEAR.sum(axis=1)[:, None])
    np.testing.assert_allclose(gi_star_z(values, scaled), gi_star_z(values, NEAR), atol=1e-9)


def test_local_moran_has_the_mean_and_variance_of_all_orders_of_the_others():
    values, near = np.array([1.0, 5.0, 2.0, 9.0, 4.0, 4.0, 7.0, 0.0]), without_self(lattice(2, 4))
    moran, z = local_moran_z(values, near)
    rng = np.random.default_rng(1)
    for i in np.flatnonzero(values != values.mean()):
        others = np.delete(np.arange(8), i)
        drawn = np.empty((20_000, 8))
        drawn[:, i] = values[i]
        drawn[:, others] = rng.permuted(np.tile(values[others], (20_000, 1)), axis=1)
        all_z = (drawn - values.mean()) / values.std()
        chances = all_z[:, i] * (all_z @ near.toarray()[i])
        assert (moran[i] - chances.mean()) / chances.std() == pytest.approx(z[i], abs=0.03)


def test_gi_star_equals_esda_on_the_same_weights(esda):
    from libpysal.weights import WSP

    values = town()[0].to_numpy(float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = esda.G_Local(values, WSP(sparse.csr_matrix(NEAR)).to_W(), transform="B", star=True, permutations=0)
    np.testing.assert_allclose(gi_star_z(values, NEAR), peer.Zs, atol=1e-9)


def test_local_moran_equals_esda_on_the_same_weights(esda):
    from libpysal.weights import WSP

    values, weights = town()[0].to_numpy(float), without_self(NEAR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = esda.Moran_Local(values, WSP(sparse.csr_matrix(weights)).to_W(), transformation="r", permutations=0)
    moran, z = local_moran_z(values, weights)
    to_n = len(values) / (len(values) - 1)
    np.testing.assert_allclose(moran, peer.Is * to_n, atol=1e-9)
    np.testing.assert_allclose(z, (peer.Is * to_n - peer.EIc) / np.sqrt(peer.VIc), atol=1e-9)


def test_gi_star_on_counts_finds_where_the_pipes_are_and_says_so():
    counts, exposure = town(rows=40, cols=50)
    near = lattice(40, 50)
    asked = gi_star(counts, exposure, near=near)
    assert asked.table["hot"].sum() > 50
    assert asked.false_alarms == pytest.approx(asked.table["hot"].sum(), rel=0.3)
    assert not hotspots(counts, exposure, near=near).table["hot"].any()


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_the_false_alarms_told_are_those_of_other_maps_of_chance(statistic):
    near = lattice(40, 50)
    found = [
        statistic(*town(seed, 40, 50, dispersion=0.3), near=near, null_maps=0).table["hot"].sum() for seed in range(12)
    ]
    told = statistic(*town(99, 40, 50, dispersion=0.3), near=near).false_alarms
    assert told == pytest.approx(np.mean(found), rel=0.35)


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_a_place_without_exposure_has_no_rate_and_no_colour(statistic):
    counts, exposure = town()
    counts[exposure == 0] = 1_000
    table = statistic(counts, exposure, near=NEAR, per_exposure=True).table
    empty = (exposure == 0).to_numpy()
    assert empty.any()
    assert table.loc[empty, ["value", "z", "p", "q"]].isna().all(axis=None)
    assert not table.loc[empty, ["hot", "cold"]].any(axis=None)
    np.testing.assert_allclose(table["value"][~empty], (counts / exposure)[~empty])


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_high_beside_high_is_hot_and_low_beside_low_is_cold(statistic):
    values = pd.Series(np.repeat([10, 30, 50], 60))
    table = statistic(values, pd.Series(np.ones(180)), near=NEAR, null_maps=0).table
    middle = [row * COLS + 7 for row in (1, 5, 10)]
    assert table["hot"].iloc[middle].tolist() == [False, False, True]
    assert table["cold"].iloc[middle].tolist() == [True, False, False]


def test_a_place_with_all_others_around_it_has_no_z():
    values, whole = np.array([1.0, 5.0, 2.0, 9.0, 4.0, 3.0]), sparse.csr_array(np.full((6, 6), 0.1))
    assert np.isnan(gi_star_z(values, whole)).all()
    assert np.isnan(local_moran_z(values, without_self(sparse.csr_array(np.ones((6, 6)))))[1]).all()


def test_high_beside_low_is_neither_hot_nor_cold_by_local_moran():
    board = np.full((ROWS, COLS), 10)
    board[5:8, 6:9] = 60
    board[6, 7] = 0
    table = local_moran(pd.Series(board.ravel()), pd.Series(np.ones(180)), near=NEAR, null_maps=0).table
    hole = table.iloc[6 * COLS + 7]
    assert (hole["q"] < 0.05, hole["z"] < 0, hole["hot"], hole["cold"]) == (True, True, False, False)


@pytest.mark.parametrize("statistic", [gi_star, local_moran])
def test_where_all_are_alike_nothing_is_hot_or_cold(statistic):
    table = statistic(pd.Series([7] * 180), pd.Series(np.full(180, 3e-9)), near=NEAR, per_exposure=True).table
    assert table["z"].isna().all()
    assert not table[["hot", "cold"]].any(axis=None)
