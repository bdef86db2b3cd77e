"""Which grids stand out beyond chance: nothing on a map of chance, planted hotspots, and their course."""

import os

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from spots import COLS, NEAR, ROWS, SPOTS, drawn, lattice, pipe_metres, planted

from gisapp.density import hotspots, neighbours
from gisapp.errors import CrsError, InputError

MAPS = 1000 if os.environ.get("GISAPP_NIGHTLY") else 100


def maps(seed=1, count=MAPS, **chance):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        exposure = pipe_metres(rng, ROWS, COLS)
        yield drawn(rng, exposure, **chance), exposure


@pytest.mark.parametrize("total", [2_000, 20_000])
@pytest.mark.parametrize(("dispersion", "most"), [(0.0, 0.1), (0.3, 1.0), (1.0, 1.0)])
def test_on_maps_of_chance_hardly_any_grid_of_2000_is_hot(total, dispersion, most):
    known = 0.0 if dispersion == 0 else None
    tables = [
        hotspots(counts, exposure, near=NEAR, dispersion=known).table
        for counts, exposure in maps(total=total, dispersion=dispersion)
    ]
    assert np.mean([table["hot"].sum() for table in tables]) <= most
    assert np.mean([table["cold"].sum() for table in tables]) <= most


def test_where_the_counts_are_poisson_the_estimated_dispersion_raises_no_alarms_either():
    found = [hotspots(counts, exposure, near=NEAR) for counts, exposure in maps(total=6_000)]
    assert np.mean([one.table["hot"].sum() for one in found]) <= 0.1
    assert max(one.dispersion for one in found) < 0.1


@pytest.mark.parametrize(
    ("times", "total", "dispersion", "power"),
    [(3, 6_000, 0.0, 0.9), (2, 20_000, 0.0, 0.9), (3, 20_000, 0.3, 0.6), (2, 6_000, 0.0, 0.3)],
)
def test_planted_hotspots_are_found(times, total, dispersion, power, capsys):
    """W15.6."""
    factor = planted(times)
    squares = [np.flatnonzero(planted(2, [spot]) > 1) for spot in SPOTS]
    far = (NEAR @ (factor > 1)) == 0
    found, grids, wrong = [], [], []
    for counts, exposure in maps(count=25, total=total, dispersion=dispersion, times=factor):
        hot = hotspots(counts, exposure, near=NEAR).table["hot"].to_numpy()
        found += [hot[square].any() for square in squares]
        grids.append(hot[factor > 1].mean())
        wrong.append(hot[far].sum())
    with capsys.disabled():
        print(
            f"\n{times}x among {total:,} incidents, dispersion {dispersion}: {np.mean(found):.0%} of hotspots and "
            f"{np.mean(grids):.0%} of their grids found, {np.mean(wrong):.2f} false"
        )
    assert np.mean(found) >= power
    assert np.mean(wrong) <= 1


def test_planted_quiet_places_are_cold_and_nothing_is_both():
    """P6.6."""
    factor = planted(0.15)
    found, wrong = [], []
    for counts, exposure in maps(count=15, total=20_000, times=factor):
        table = hotspots(counts, exposure, near=NEAR).table
        found += [table["cold"][np.flatnonzero(planted(0.15, [spot]) < 1)].any() for spot in SPOTS]
        wrong.append(table["cold"][(NEAR @ (factor < 1)) == 0].sum())
        assert not (table["hot"] & table["cold"]).any()
    assert np.mean(found) >= 0.9
    assert np.mean(wrong) <= 1


def slow(counts, exposure, near, dispersion):
    """p and q by the book: one neighbourhood after the other, sums of probabilities, no shortcuts."""
    near, n = near.toarray(), len(counts)
    counts, exposure = counts.to_numpy(float), exposure.to_numpy(float)
    counts = np.where(exposure > 0, counts, 0)
    expected = exposure * counts.sum() / exposure.sum()
    p, few = np.full(n, np.nan), np.full(n, np.nan)
    for i in np.flatnonzero(exposure > 0):
        mine = np.flatnonzero(near[i])
        observed, mean = int(counts[mine].sum()), expected[mine].sum()
        variance = mean + dispersion * (expected[mine] ** 2).sum()
        fewer = np.arange(observed)
        chance = stats.nbinom(mean**2 / (variance - mean), mean / variance) if dispersion else stats.poisson(mean)
        p[i] = 1 - chance.pmf(fewer).sum()
        few[i] = chance.pmf(np.arange(observed + 1)).sum()
    return p, corrected(p), corrected(few)


def corrected(p):
    """q by the book."""
    tested = p[~np.isnan(p)]
    q = [
        min([1.0] + [other * len(tested) / (tested <= other).sum() for other in tested if other >= mine]) for mine in p
    ]
    return np.where(np.isnan(p), np.nan, q)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.2, 1.5]))
def test_p_and_q_are_those_of_the_slow_way(seed, dispersion):
    rng = np.random.default_rng(seed)
    near, exposure = lattice(4, 5), pipe_metres(rng, 4, 5, empty=0.2)
    exposure[0] = 500.0
    counts = pd.Series(rng.poisson(3, 20))
    table = hotspots(counts, exposure, near=near, dispersion=dispersion).table
    p, q, q_cold = slow(counts, exposure, near, dispersion)
    np.testing.assert_allclose(table["p"], p, atol=1e-9)
    np.testing.assert_allclose(table["q"], q, atol=1e-8)
    np.testing.assert_allclose(table["q_cold"], q_cold, atol=1e-8)
    assert not table.loc[~(exposure > 0), "hot"].any()


def test_the_order_of_the_grids_decides_nothing():
    rng = np.random.default_rng(3)
    exposure = pipe_metres(rng, ROWS, COLS)
    counts = drawn(rng, exposure, 6_000, times=planted(3))
    order = rng.permutation(len(counts))
    one = hotspots(counts, exposure, near=NEAR)
    other = hotspots(counts.iloc[order], exposure.iloc[order], near=NEAR[order][:, order])
    assert one.table["hot"].any()
    assert set(one.hot) == set(other.hot)
    np.testing.assert_allclose(other.table.sort_index()["q"], one.table["q"], rtol=1e-9)


def street(counts, metres, **options):
    """Grids in a row, each beside the next."""
    near = lattice(1, len(counts))
    return hotspots(pd.Series(counts), pd.Series(metres), near=near, **options)


def test_a_grid_without_pipes_is_marked_and_never_coloured_and_its_incidents_are_told():
    found = street([1, 900, 2, 1], [100.0, 0.0, 100.0, np.nan], dispersion=0)
    assert found.table["judged"].tolist() == [True, False, True, False]
    assert found.table.loc[[1, 3], ["observed", "expected", "ratio", "p", "q"]].isna().all(axis=None)
    assert found.table["hot"].tolist() == [False] * 4
    assert (found.unexposed, found.rate) == (901, 0.015)
    assert found.table["count"].tolist() == [1, 900, 2, 1]


def test_beside_a_hotspot_nobody_is_hot_by_the_neighbours_incidents_alone():
    found = street([0, 80, 0, *[10] * 30], [100.0] * 33, dispersion=0)
    assert found.table["q"].iloc[[0, 1, 2]].max() < 0.001
    assert list(found.hot) == [1]


def test_twice_as_long_pipes_explain_twice_as_many_incidents():
    table = street([10, 20, 10, 20], [100.0, 200.0, 100.0, 200.0]).table
    assert table["ratio"].tolist() == [1.0] * 4
    assert not table["hot"].any()


def test_no_incidents_and_no_pipes_are_not_hot():
    assert street([0, 0], [100.0, 100.0]).table["p"].tolist() == [1.0, 1.0]
    nothing = street([3, 4], [0.0, 0.0])
    assert (nothing.rate, nothing.unexposed, nothing.table["judged"].any()) == (0.0, 7, False)
    nowhere = pd.Series([], dtype="float64")
    near = neighbours(gpd.GeoSeries([], crs="EPSG:4547"))
    assert hotspots(nowhere, nowhere, near=near).table.empty


@pytest.mark.parametrize(
    ("counts", "metres", "said"),
    [
        ([1, -1], [1.0, 1.0], "a count of -1 at 1"),
        ([1, 0.5], [1.0, 1.0], "a count of 0.5"),
        ([1, np.nan], [1.0, 1.0], "a count of nan"),
        ([1, 1], [1.0, -2.0], "an exposure of -2.0 at 1"),
        ([1, 1], [1.0, np.inf], "an exposure of inf"),
        ([1, 1], [1.0, 1.0, 1.0], "2 counts, 3 exposures"),
    ],
)
def test_impossible_figures_are_refused_with_their_place(counts, metres, said):
    with pytest.raises(InputError, match=said):
        street(counts, metres)


def test_neighbours_touch_in_a_border_or_a_corner_and_a_river_parts_them():
    shapes = [
        shapely.box(0, 0, 100, 100),
        shapely.box(100, 0, 200, 50),  # shares half a border
        shapely.box(100, 100, 200, 200),  # touches in a corner
        shapely.box(230, 0, 300, 100),  # beyond a river
        None,
    ]
    near = neighbours(gpd.GeoSeries(shapes, crs="EPSG:4547")).toarray()
    wanted = np.eye(5)
    for one, other in ((0, 1), (0, 2)):
        wanted[one, other] = wanted[other, one] = 1
    np.testing.assert_array_equal(near, wanted)
    with pytest.raises(CrsError):
        neighbours(gpd.GeoSeries(shapes, crs="EPSG:4490"))
