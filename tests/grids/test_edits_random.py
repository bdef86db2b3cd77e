"""Random edits on a town: the plan stays sound, the ground stays the same, and undo leads back to the last bit."""

import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import shapely
from grid_shapes import EAST, NORTH, voronoi
from plan_towns import check_sound

from gisapp.errors import InputError
from gisapp.grids.changes import History, change_of
from gisapp.grids.edits import assign_area, drag_corner, draw_grid, merge_grids, split_grid
from gisapp.grids.plans import plan_grids, plan_of

EDITS = 1000 if os.environ.get("GISAPP_NIGHTLY") else 50
UNITS, GRIDS, SIDE_M = 10_000, 300, 10_000.0


def _town(rng):
    """Return a plan whose units go to the nearest of some seeds."""
    units = voronoi(UNITS, rng, side=SIDE_M)
    seeds = rng.uniform((EAST, NORTH), (EAST + SIDE_M, NORTH + SIDE_M), (GRIDS, 2))
    nearest = shapely.STRtree(shapely.points(seeds)).nearest(shapely.centroid(units.geometry.to_numpy()))
    return plan_of(units, [f"P{number:03d}" for number in nearest], units.iloc[:0])


def _lasso(plan, rng, spot, number):
    turn = np.sort(rng.uniform(0, 2 * np.pi, 12))
    reach = rng.uniform(60, 400) * rng.uniform(0.5, 1, (12, 1))
    area = shapely.Polygon(spot + reach * np.column_stack([np.cos(turn), np.sin(turn)]))
    near = plan.near(area)
    return assign_area(plan, area, str(rng.choice(plan.grid[near])))


def _draw(plan, rng, spot, number):
    return draw_grid(plan, shapely.Point(spot).buffer(rng.uniform(60, 300)), f"N{number:04d}", "新")


def _split(plan, rng, spot, number):
    code = str(rng.choice(plan.codes))
    middle = shapely.get_coordinates(plan_grids(plan, [code]).geometry.iloc[0].centroid)[0]
    turn = rng.uniform(0, np.pi)
    away = 3000 * np.array([np.cos(turn), np.sin(turn)])
    return split_grid(plan, code, shapely.LineString([middle - away, middle + away]), f"N{number:04d}", "新")


def _merge(plan, rng, spot, number):
    one = str(rng.choice(plan.codes))
    near = plan.near(plan_grids(plan, [one]).geometry.iloc[0])
    return merge_grids(plan, one, str(rng.choice(plan.grid[near])))


def _drag(plan, rng, spot, number):
    corners = shapely.get_coordinates(plan_grids(plan, [str(rng.choice(plan.codes))]).geometry.iloc[0])
    start = corners[rng.integers(len(corners))]
    return drag_corner(plan, [(tuple(start), tuple(start + rng.uniform(-80, 80, 2)))])


KINDS = (_lasso, _draw, _split, _merge, _drag)


def test_random_edits_keep_the_plan_sound_and_are_undone_to_the_last_bit():
    rng = np.random.default_rng(11)
    plan = replace(_town(rng), locked=frozenset({"P007", "P100", "P222"}))
    start, ground = plan.digest(), shapely.area(plan.shape).sum()
    locked = {code: set(plan.unit[plan.of_grid(code)]) for code in plan.locked}
    history, number, done = History(plan), 0, pd.Series(0, index=[kind.__name__ for kind in KINDS])
    while done.sum() < EDITS:
        number += 1
        kind = KINDS[number % len(KINDS)]
        spot = rng.uniform((EAST, NORTH), (EAST + SIDE_M, NORTH + SIDE_M))
        try:
            change = kind(history.plan, rng, spot, number)
        except InputError:
            continue
        history = history.add(change_of(change.as_text()))
        done[kind.__name__] += 1
        now = history.plan
        assert abs(shapely.area(now.shape).sum() - ground) < 1e-6
        touched = now.near(shapely.box(*shapely.total_bounds(now.shape[now.held_by(change.grids)])))
        assert shapely.coverage_is_valid(now.shape[touched])
        assert {code: set(now.unit[now.of_grid(code)]) for code in now.locked} == locked
    assert done.min() > EDITS / 20
    check_sound(history.plan)
    end = history.plan.digest()
    for _ in range(EDITS):
        history = history.undo()
    assert history.plan.digest() == start
    for _ in range(EDITS):
        history = history.redo()
    assert history.plan.digest() == end


@pytest.mark.parametrize("seed", range(3))
def test_a_lasso_gives_a_grid_what_lies_in_it_but_for_what_may_not_be_cut(seed):
    rng = np.random.default_rng(seed)
    units = voronoi(200, rng, side=1400.0, bend=0.05)
    plan = plan_of(units, np.where(units.geometry.centroid.x < EAST + 700, "W", "E"), units.iloc[:0])
    area = shapely.box(EAST + 500, NORTH + 300, EAST + 900, NORTH + 800)
    change = assign_area(plan, area, "W")
    after = plan_grids(change.done(plan)).set_index("code").geometry
    wanted = plan_grids(plan).set_index("code").geometry["W"].union(area)
    whole = plan.shape[plan.places(list(change.whole))]
    excused = shapely.union_all(whole).buffer(1e-6)
    assert after["W"].symmetric_difference(wanted).difference(excused).area < 1e-3
