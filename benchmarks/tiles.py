"""How long tiles take that nobody has asked for before.

    python -m benchmarks.tiles STORE [--tiles 200]

Each bundle and zoom gets its own line: tiles drawn at random among those that hold something, each made
once, compressed as it is sent. Wall time counts when the machine is quiet, processor time on a busy one
too. The time to make the bundles ready is printed first.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from benchmarks.aims import at_most
from dashboards.bundles import bundles
from dashboards.cut import mercator
from dashboards.tiles import Tiles
from gisapp.store import open_store

AIM_MS = 60
ZOOMS = range(10, 17)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store")
    parser.add_argument("--tiles", type=int, default=200, help="at most so many of each bundle and zoom")
    options = parser.parse_args()
    with open_store(options.store) as store:
        tiles = Tiles(store, bundles())
        for name in bundles():
            tables = [store.count(table) for table in bundles()[name].tables]
            began = time.perf_counter()
            tiles.warm(name)
            print(f"{name:10} ready in {time.perf_counter() - began:6.2f} s, rows {tables}")
        columns = ("p50 ms", "p95 ms", "max ms", "p95 cpu", "max cpu", "largest kB")
        print(f"\n{'bundle':10} zoom tiles " + " ".join(f"{column:>10}" for column in columns))
        slowest = max(line(tiles, name, zoom, options.tiles) for name in bundles() for zoom in ZOOMS)
        print(f"\nslowest tile: {at_most(slowest, AIM_MS, 'ms')}")


def line(tiles: Tiles, name: str, zoom: int, most: int) -> float:
    """Print the times of one bundle at one zoom, nothing where nothing is drawn; return the longest in ms."""
    took, worked, sizes = [], [], []
    for tile in some(tiles.address(name).bounds, zoom, most):
        began, begun = time.perf_counter(), time.thread_time()
        _, content = tiles.tile(name, tile)
        if content:
            worked.append((time.thread_time() - begun) * 1000)
            took.append((time.perf_counter() - began) * 1000)
            sizes.append(len(content) / 1000)
    if took:
        figures = (*np.percentile(took, [50, 95]), max(took), np.percentile(worked, 95), max(worked), max(sizes))
        late = "" if max(took) <= AIM_MS else "  MISSED"
        print(f"{name:10} {zoom:4} {len(took):5} " + " ".join(f"{figure:10.1f}" for figure in figures) + late)
    return max(took, default=0.0)


def some(bounds: tuple[float, float, float, float], zoom: int, most: int) -> list[tuple[int, int, int]]:
    """Return tiles within bounds, drawn at random where there are more than ``most``."""
    west, south, east, north = bounds
    corners = np.floor(mercator(np.array([[west, north], [east, south]])) * 2**zoom).astype(int)
    (left, top), (right, bottom) = corners
    every = [(zoom, x, y) for x in range(left, right + 1) for y in range(top, bottom + 1)]
    order = np.random.default_rng(1).permutation(len(every))
    return [every[place] for place in order[:most]]


if __name__ == "__main__":
    main()
