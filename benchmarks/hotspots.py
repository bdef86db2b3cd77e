"""Hotspots of many grids, side by side with esda; and how often each is wrong where nothing is hot.

    python -m benchmarks.hotspots                5,000 and 100,000 grids, about a minute
    python -m benchmarks.hotspots --maps 20      fewer maps of chance

Grids are a board of squares with more pipe toward its middle; counts are negative binomial. Times are of the
processor, of one core, the best of five runs, after the neighbours are known; esda's, where it is installed
(``gisapp[peers]``), of one run without permutations. On maps of chance a statistic should call no grid hot; on others
hotspots are planted, and it is told how many are found.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from benchmarks.aims import as_fast, at_most, met
from gisapp.density import gi_star, hotspot_trend, hotspots, local_moran, neighbours
from gisapp.density.local import gi_star_z, local_moran_z

AIM_MS = {(50, 100): 5.0, (250, 400): 60.0}
NULL_BOARD = (40, 50)
MOST_FALSE = {0.0: 0.1, 0.3: 1.0, 1.0: 1.0}
PEER_AGREES = 1e-9
PLANTED = [(times, total, spread) for times in (2, 3) for total in (6_000, 20_000) for spread in (0.0, 0.3)]
"""How many times as many in four squares of nine grids, among how many incidents, and their dispersion."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--maps", type=int, default=100, help="maps of chance of 2,000 grids")
    options = parser.parse_args()
    for board, aim in AIM_MS.items():
        beside_esda(*board, aim)
    for dispersion in MOST_FALSE:
        on_maps_of_chance(options.maps, dispersion)
    for times, total, dispersion in PLANTED:
        with_planted(options.maps, times, total, dispersion)


def beside_esda(rows: int, cols: int, aim_ms: float) -> None:
    """Print what a map of grids costs, beside esda where it is installed."""
    near, span = timed(lambda: neighbours(board(rows, cols)))
    print(f"{rows * cols:,} grids; their neighbours, once: {span:.2f} s")
    rng = np.random.default_rng(1)
    exposure = metres(rng, rows, cols)
    counts = drawn(rng, exposure, 10 * rows * cols, 0.3)
    _, span = timed(lambda: hotspots(counts, exposure, near=near), 5)
    print(f"  hotspots                  {at_most(span * 1000, aim_ms, 'ms', '9.1f')}")
    monthly = pd.DataFrame({at: drawn(rng, exposure, rows * cols, 0.3) for at in range(12)})
    _, span = timed(lambda: hotspot_trend(monthly, exposure, near=near), 2)
    print(f"  their course, 12 months   {span * 1000:9.1f} ms")
    values = counts.to_numpy(float)
    star, span_star = timed(lambda: gi_star_z(values, near), 5)
    weights = without_self(near)
    (moran, _), span_moran = timed(lambda: local_moran_z(values, weights), 5)
    print(f"  Gi* and local Moran       {span_star * 1000:9.1f} ms and {span_moran * 1000:.1f} ms")
    peers = esda_beside(values, near, weights)
    if peers is None:
        return
    for name, ours, own, (theirs, peer) in zip(
        ("G_Local", "Moran_Local"),
        (star, moran * (len(values) - 1) / len(values)),
        (span_star, span_moran),
        peers,
        strict=True,
    ):
        print(f"  esda {name:<20} {peer * 1000:9.1f} ms, {as_fast(peer, own)}, {agreed(ours, theirs)}")


def esda_beside(values: np.ndarray, near: Any, weights: Any) -> list[tuple[np.ndarray, float]] | None:
    """Return the peer's Gi* and local Moran with their times, None where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import esda
            from libpysal.graph import Graph
        except ImportError:
            print("  esda is not installed: pip install 'gisapp[peers]'")
            return None
        graphs = [Graph.from_sparse(sparse.coo_array(matrix)) for matrix in (near, weights)]
        star, first = timed(lambda: esda.G_Local(values, graphs[0], transform="B", star=True, permutations=0))
        moran, second = timed(lambda: esda.Moran_Local(values, graphs[1], transformation="r", permutations=0))
    return [(star.Zs, first), (moran.Is, second)]


def agreed(ours: np.ndarray, theirs: np.ndarray) -> str:
    """Return the largest difference to a peer."""
    apart = float(np.abs(ours - theirs).max())
    return f"differs by {apart:.0e} (aim at most {PEER_AGREES:g}: {met(apart <= PEER_AGREES)})"


def on_maps_of_chance(count: int, dispersion: float) -> None:
    """Print how many of 2,000 grids each statistic calls hot where nothing is."""
    near = neighbours(board(*NULL_BOARD))
    rng = np.random.default_rng(1)
    found: dict[str, list[int]] = {"hotspots": [], "gi_star": [], "gi_star per km": [], "local_moran": []}
    for _ in range(count):
        exposure = metres(rng, *NULL_BOARD)
        counts = drawn(rng, exposure, 6_000, dispersion)
        asked = {"near": near, "null_maps": 0}
        found["hotspots"].append(hotspots(counts, exposure, near=near).table["hot"].sum())
        found["gi_star"].append(gi_star(counts, exposure, **asked).table["hot"].sum())
        found["gi_star per km"].append(gi_star(counts, exposure, **asked, per_exposure=True).table["hot"].sum())
        found["local_moran"].append(local_moran(counts, exposure, **asked).table["hot"].sum())
    print(f"{count} maps of chance of 2,000 grids, dispersion {dispersion}: false hot grids, mean")
    for name, numbers in found.items():
        mean = float(np.mean(numbers))
        aim = MOST_FALSE[dispersion]
        told = f" (aim at most {aim:g}: {met(mean <= aim)})" if name == "hotspots" else ""
        print(f"  {name:<25} {mean:9.2f}{told}")


def with_planted(count: int, times: int, total: int, dispersion: float) -> None:
    """Print which share of planted hotspots, and of their grids, is found, and what else is called hot."""
    near = neighbours(board(*NULL_BOARD))
    rng = np.random.default_rng(2)
    spot = np.zeros(NULL_BOARD, dtype=np.int64)
    for number, (row, col) in enumerate(((8, 8), (8, 40), (30, 12), (30, 38)), start=1):
        spot[row - 1 : row + 2, col - 1 : col + 2] = number
    worse = spot.ravel() > 0
    factor = np.where(worse, times, 1.0)
    far = (near @ worse.astype(float)) == 0
    found, grids, wrong = [], [], []
    for _ in range(count):
        exposure = metres(rng, *NULL_BOARD)
        hot = hotspots(drawn(rng, exposure * factor, total, dispersion), exposure, near=near).table["hot"]
        found += [bool(hot[spot.ravel() == number].any()) for number in range(1, 5)]
        grids.append(hot[worse].mean())
        wrong.append(hot[far].sum())
    told = f"{np.mean(found):.0%} of hotspots and {np.mean(grids):.0%} of their grids found, {np.mean(wrong):.2f} false"
    print(f"  {times}x among {total:,}, dispersion {dispersion}: {told}")


def board(rows: int, cols: int) -> gpd.GeoSeries:
    """Return squares of 500 m, row by row."""
    y, x = (part.ravel() * 500.0 for part in np.indices((rows, cols)))
    return gpd.GeoSeries(shapely.box(x, y, x + 500, y + 500), crs="EPSG:4547")


def metres(rng: np.random.Generator, rows: int, cols: int) -> pd.Series:
    """Return metres of pipe: more toward the middle, hardly any or none in some grids."""
    north, east = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, cols), indexing="ij")
    length = 6000 * np.exp(-2 * (north**2 + east**2)).ravel() * rng.lognormal(0, 0.6, rows * cols)
    return pd.Series(length * rng.choice([1.0, 0.02, 0.0], rows * cols, p=[0.95, 0.03, 0.02]))


def drawn(rng: np.random.Generator, exposure: pd.Series, total: float, dispersion: float) -> pd.Series:
    """Return counts by chance around their share of a total."""
    luck = rng.gamma(1 / dispersion, dispersion, len(exposure)) if dispersion else 1.0
    return pd.Series(rng.poisson(exposure / exposure.sum() * total * luck))


def without_self(near: sparse.csr_array) -> sparse.csr_array:
    """Return weights of the neighbours alone, which add up to 1."""
    apart = near - sparse.eye_array(near.shape[0])
    return sparse.csr_array(sparse.diags_array(1 / apart.sum(axis=1)) @ apart)


def timed(task: Callable[[], Any], times: int = 1) -> tuple[Any, float]:
    """Return the answer and the shortest processor time of some runs in seconds."""
    spans = []
    for _ in range(times):
        start = time.process_time()
        answer = task()
        spans.append(time.process_time() - start)
    return answer, min(spans)


if __name__ == "__main__":
    main()
