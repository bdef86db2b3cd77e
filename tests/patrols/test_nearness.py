"""Metres near other lines: exact where it can be told by eye, and the same as by discs."""

import numpy as np
import pytest
import shapely
from shapely import LineString

from gisapp.patrols.nearness import near_m


def near(line, *others, tolerance_m=5.0):
    return float(near_m(np.array([line], dtype=object), np.array(others, dtype=object), tolerance_m)[0])


def test_beside_across_and_past_the_end_of_a_line():
    pipe = LineString([(0, 0), (100, 0)])
    assert near(pipe, LineString([(20, 5), (60, 5)])) == pytest.approx(40)  # at the tolerance, equal included
    assert near(pipe, LineString([(20, 3), (60, 3)])) == pytest.approx(48)  # and 4 m past either end
    assert near(pipe, LineString([(50, -20), (50, 20)])) == pytest.approx(10)
    assert near(pipe, LineString([(20, 5.001), (60, 5.001)])) == 0


def test_what_is_passed_twice_counts_once():
    pipe, track = LineString([(0, 0), (100, 0)]), LineString([(0, 1), (100, 1), (0, 2), (100, 3)])
    assert near(pipe, track, track) == pytest.approx(100)
    assert near(pipe, LineString([(0, 0), (30, 0)]), LineString([(25, 0), (50, 0)])) == pytest.approx(55)


@pytest.mark.parametrize("seed", range(6))
def test_metres_are_those_within_discs_along_the_other_lines(seed):
    chance = np.random.default_rng(seed)
    lines, others = (
        np.array([LineString(chance.uniform(0, 200, (4, 2))) for _ in range(count)], dtype=object) for count in (20, 4)
    )
    by_discs = shapely.length(shapely.intersection(lines, shapely.buffer(shapely.union_all(others), 7, quad_segs=200)))
    assert near_m(lines, others, 7.0) == pytest.approx(by_discs, abs=0.05)


def test_no_lines_are_near_nothing():
    none = np.array([], dtype=object)
    assert near_m(np.array([LineString([(0, 0), (1, 1)])], dtype=object), none, 5.0).tolist() == [0.0]
    assert near_m(none, none, 5.0).tolist() == []
