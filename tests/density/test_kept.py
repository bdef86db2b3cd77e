"""Sums kept for long periods give the cells that spreading every point gives, for any types and days."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from test_cube import random_incidents

from gisapp.density import Choice, binned, incident_cube, surface
from gisapp.density.binning import Lattice
from gisapp.density.kept import KeptSums

ZONE = ZoneInfo("Asia/Shanghai")
WAY = {"bandwidth_m": 300.0, "cell_m": 100.0, "bounds": (518_500.0, 3_384_500.0, 521_500.0, 3_387_500.0)}
FIRST = date(2025, 1, 1)


@pytest.fixture
def cube(monkeypatch):
    monkeypatch.setattr("gisapp.density.cube.MANY", 1)
    return incident_cube(random_incidents(), ZONE)


def choices():
    rng = np.random.default_rng(4)
    for types in (None, ("leak",), ("burst", "no_supply", "quality")):
        yield Choice(types)
        for _ in range(15):
            low, high = sorted(rng.integers(-5, 95, 2).tolist())
            yield Choice(types, FIRST + timedelta(low), FIRST + timedelta(high))


@pytest.mark.parametrize("memory", [0, 128])
def test_any_types_and_days_give_the_cells_of_every_point(cube, monkeypatch, memory):
    monkeypatch.setattr("gisapp.density.kept._MEMORY_MB", memory)  # 0: sums of the ends alone
    for choice in choices():
        found, every = cube.binned(choice, **WAY), binned(cube.xy(choice), **WAY)
        assert found.points == every.points
        np.testing.assert_allclose(found.counts, every.counts, atol=1e-9)


def test_sums_are_taken_and_not_spread_again(cube, monkeypatch):
    cube.binned(**WAY)
    spread_rows = []
    whole = KeptSums.between.__globals__["spread"]
    monkeypatch.setitem(
        KeptSums.between.__globals__,
        "spread",
        lambda parts, *rest: spread_rows.append(sum(map(len, parts))) or whole(parts, *rest),
    )
    cube.binned(**WAY)
    assert spread_rows == [0, 0]
    choice = Choice(None, FIRST + timedelta(11), FIRST + timedelta(70))
    cube.binned(choice, **WAY)
    assert sum(spread_rows) < 0.2 * len(cube.select(choice))


def test_the_sums_of_two_lattices_are_kept_and_no_more(cube):
    for width in (300.0, 310.0, 320.0):
        cube.binned(**(WAY | {"bandwidth_m": width}))
    kept = [lattice.bandwidth_m for lattice in cube._shelf]
    assert kept == [310.0, 320.0]


def test_where_more_than_types_and_days_are_chosen_the_points_are_spread(cube):
    choice = Choice(utilities=("water",))
    np.testing.assert_array_equal(cube.binned(choice, **WAY).counts, binned(cube.xy(choice), **WAY).counts)
    assert not cube._shelf


def test_a_place_with_a_million_incidents_does_not_drown_a_lonely_one_elsewhere():
    crowd, lone = np.full((1_000_000, 2), (519_000.0, 3_385_000.0)), np.array([[521_000.0, 3_387_000.0]])
    points = np.concatenate([crowd, lone])
    sums = KeptSums.of(points, np.array([[0, 500_000, 1_000_000, 1_000_001]]), Lattice.within(**WAY))
    found = sums.between(points, np.array([[0, 500_000, 1_000_000, 1_000_001]]), [(0, 2, 3)])
    np.testing.assert_allclose(found.counts, binned(lone, **WAY).counts, atol=1e-9)
    assert surface(lone, **WAY).points == found.points == 1
