"""Plans for the tests: a board small enough to check by eye, and bent towns for random edits."""

import numpy as np
import shapely
from grid_shapes import EAST, NORTH, blocks, voronoi

from gisapp.grids import units_of
from gisapp.grids.districting import suggest
from gisapp.grids.plans import plan_of


def board_plan(*rows, size=100.0, bridges=()):
    """Return squares of 100 m whose grids are the letters of each row, the northmost first."""
    lines = rows[::-1]
    units = blocks(len(lines[0]), len(lines), size=size)
    return plan_of(units, list("".join(lines)), units.iloc[:0], bridges=bridges)


def at(*points):
    """Return points of the board in metres from its south-west corner, in its frame."""
    return [(EAST + x, NORTH + y) for x, y in points]


def lasso(*points):
    """Return a polygon on the board."""
    return shapely.Polygon(at(*points))


def letters(plan, across):
    """Return the plan as rows of letters, for a board whose units are whole."""
    order = np.argsort([int(unit[1:]) for unit in plan.unit])
    text = "".join(plan.grid[order])
    return tuple(text[start : start + across] for start in range(0, len(text), across))[::-1]


def town_plan(count, grids, rng):
    """Return a town of bent units, 100 m across, and a balanced plan of it."""
    units = voronoi(count, rng, side=100 * count**0.5, bend=0.05)
    best = suggest(units_of(units, np.ones(count)), k=grids)[0]
    return plan_of(units, [f"P{int(number):03d}" for number in best.grid], units.iloc[:0])


def check_sound(plan):
    """Assert that units and grids are valid coverages, and that the grids have exactly the area of the units."""
    from gisapp.grids.plans import plan_grids

    assert shapely.coverage_is_valid(plan.shape)
    shapes = plan_grids(plan).geometry.to_numpy()
    assert shapely.coverage_is_valid(shapes)
    assert abs(shapely.area(shapes).sum() - shapely.area(plan.shape).sum()) < 1e-6
