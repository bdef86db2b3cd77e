"""Grids that several threads ask at once: a race inside GEOS would end the process that serves everybody."""

import subprocess
import sys

import pytest

CHILD = """
import sys, threading
import geopandas as gpd, numpy as np, pandas as pd, shapely
from gisapp.grids import grid_index
from gisapp.grids.workload import line_shares

centres, rng = 100.0 * np.mgrid[0:8, 0:8].reshape(2, -1).T, np.random.default_rng(0)
round = np.linspace(0, 2 * np.pi, 400, endpoint=False)
xy = rng.uniform(0, 800, (2000, 2))
lines = gpd.GeoSeries(shapely.linestrings(np.stack([xy, xy + rng.normal(0, 20, xy.shape)], axis=1)), crs="EPSG:4547")
for _ in range(15):
    shapes = [shapely.Polygon(60 * np.column_stack([np.cos(round), np.sin(round)]) + place) for place in centres]
    grids = gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4547")
    index = grid_index(grids)
    asked = {"line_shares": lambda: line_shares(lines, grids), "covering": lambda: index.covering(xy)}[sys.argv[1]]
    threads = [threading.Thread(target=asked) for _ in range(4)]
    for one in threads: one.start()
    for one in threads: one.join()
"""


@pytest.mark.parametrize("asked", ["line_shares", "covering"])
def test_many_threads_may_ask_the_same_grids_at_once(asked):
    ran = subprocess.run([sys.executable, "-c", CHILD, asked], capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr
