"""Figures of grids added up from units are those of the workload counted anew, after every change."""

import os

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from grid_shapes import EAST, NORTH
from plan_towns import town_plan

from gisapp.errors import InputError
from gisapp.grids import workload
from gisapp.grids.edits import assign_area, draw_grid, merge_grids, split_grid
from gisapp.grids.plan_load import plan_load
from gisapp.grids.plans import plan_grids
from gisapp.tables import conform

NOW = pd.Timestamp("2026-11-27T00:00Z")
SIDE_M = 1500.0
CHANGES = 32 if os.environ.get("GISAPP_NIGHTLY") else 16


def frame(table, shapes, **columns):
    return conform(gpd.GeoDataFrame(columns | {"geom": shapes}, geometry="geom", crs="EPSG:4547"), table)


@pytest.fixture
def tables():
    rng = np.random.default_rng(4)

    def spots(count):
        return shapely.points(rng.uniform((EAST, NORTH), (EAST + SIDE_M, NORTH + SIDE_M), (count, 2)))

    ends = rng.uniform((EAST, NORTH), (EAST + SIDE_M, NORTH + SIDE_M), (300, 2))
    lines = shapely.linestrings(np.stack([ends, ends + rng.uniform(-200, 200, (300, 2))], axis=1))
    links = {"code": [f"L{n}" for n in range(300)], "utility": ["water", "gas"] * 150, "kind": "pipe"}
    links |= {"from_node": "a", "to_node": "b", "length_m": shapely.length(lines), "status": "open"}
    links |= {"direction": "both"}
    homes = {"code": [f"C{n}" for n in range(3000)], "kind": "resident", "meter_inside": True}
    homes |= {"households": rng.integers(1, 9, 3000), "people": rng.integers(1, 20, 3000)}
    homes |= {"critical": np.where(rng.random(3000) < 0.05, "school", None)}
    valves = {"code": [f"V{n}" for n in range(400)], "utility": "water", "kind": "gate_valve", "link_code": "L0"}
    valves |= {"state": "open", "operable": "operable", "end": "from", "direction": "both"}
    scenes = spots(900)
    scenes[::50] = None
    cases = {"code": [f"I{n}" for n in range(900)], "type": "leak", "channel": "phone", "utility": "water"}
    cases |= {"status": ["registered", "archived", "archived"] * 300, "drill": False}
    cases |= {"reported_at": NOW - pd.to_timedelta(rng.uniform(0, 700, 900), unit="D")}
    cases |= {"grid_code": np.where(shapely.is_missing(scenes), "P003", None)}
    posts = {"person_code": ["P1", "P2"], "role": "grid_leader", "scope_kind": "grid", "scope": ["P001", "P003"]}
    return {
        "customers": frame("customers", spots(3000), **homes),
        "links": frame("links", lines, **links),
        "devices": frame("devices", spots(400), **valves),
        "incidents": frame("incidents", scenes, **cases),
        "posts": conform(pd.DataFrame(posts | {"valid_from": NOW - pd.Timedelta(days=90)}), "posts"),
    }


def _area(rng):
    return shapely.Point(rng.uniform((EAST, NORTH), (EAST + SIDE_M, NORTH + SIDE_M))).buffer(rng.uniform(40, 200))


def _assign(plan, rng, number):
    area = _area(rng)
    return assign_area(plan, area, str(rng.choice(plan.grid[plan.near(area)])))


def _draw(plan, rng, number):
    return draw_grid(plan, _area(rng), f"N{number}", "新")


def _split(plan, rng, number):
    code = plan.codes[number % len(plan.codes)]
    middle = shapely.get_coordinates(plan_grids(plan, [code]).geometry.iloc[0].centroid)[0]
    away = np.array([rng.uniform(-1, 1), 1]) * 4000
    return split_grid(plan, code, shapely.LineString([middle - away, middle + away]), f"N{number}", "新")


def _merge(plan, rng, number):
    return merge_grids(plan, plan.codes[-1], str(rng.choice(plan.codes)))


KINDS = (_assign, _draw, _split, _merge)


def same(load, tables):
    grids = plan_grids(load.plan)
    assert shapely.equals_identical(load.grids.geometry.to_numpy(), grids.geometry.to_numpy()).all()
    pd.testing.assert_frame_equal(load.grids.drop(columns="geom"), grids.drop(columns="geom"))
    anew = workload(grids, **tables, now=NOW)
    pd.testing.assert_frame_equal(load.figures(), anew, check_exact=False, rtol=1e-9, atol=1e-6)


def test_after_every_change_the_figures_are_those_counted_anew(tables):
    rng = np.random.default_rng(9)
    load = plan_load(town_plan(225, 9, rng), tables=tables, now=NOW)
    same(load, tables)
    start, done = load, []
    for number in range(CHANGES):
        try:
            change = KINDS[number % len(KINDS)](load.plan, rng, number)
        except InputError:
            continue
        load = load.after(change)
        done.append(change)
        same(load, tables)
    assert len(done) > CHANGES / 3
    same(start.of(load.plan), tables)  # units that were cut are counted, the others known
    for change in reversed(done):
        load = load.before(change)
    pd.testing.assert_frame_equal(load.figures(), start.figures(), check_exact=False, rtol=1e-9)
    assert load.plan.digest() == start.plan.digest()
