"""Density from the filter to the PNG, side by side with scipy: ratios, error, memory.

    python -m benchmarks.density                       10 million incidents, under a minute
    python -m benchmarks.density --points 1000000      a quick look

The peer counts into cells with ``numpy.histogram2d`` and blurs with ``scipy.ndimage.gaussian_filter``, the
usual way; its cells and its bandwidth are ours. The error of both is that against the exact sum of
kernels at 40 cells, as a share of the highest value there. ``gaussian_kde`` of scipy, which sums kernels
one by one, gets fewer points and is compared per point. Times are of the processor, of one core, the
best of three runs (the cube and the peers: one run), so that other work on the computer hardly counts.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage, stats

from benchmarks.aims import as_fast, at_most
from gisapp.density import Choice, Cube, Surface, incident_cube, surface, surface_3857
from gisapp.density.choice import ALL
from gisapp.tables import INCIDENT_TYPES
from layers.density import class_limits, coloured
from layers.folium_map import png

CRS = "EPSG:4547"
BOX = (510_000.0, 3_376_000.0, 530_000.0, 3_396_000.0)
BANDWIDTH_M, CELL_M = 150.0, 25.0
KDE_POINTS = 2_000
AIM_ERROR = 0.1  # percent of the peak
THREE = ("leak", "burst", "no_supply")


def incidents(count: int) -> gpd.GeoDataFrame:
    """Return incidents of three years: half in 200 clusters, half anywhere; 1 % without a position."""
    rng = np.random.default_rng(1)
    xy = rng.uniform(BOX[:2], BOX[2:], (count, 2))
    middles = rng.uniform(BOX[:2], BOX[2:], (200, 2))
    near = slice(0, count // 2)
    xy[near] = middles[rng.integers(0, 200, count // 2)] + rng.normal(0, 300, (count // 2, 2))
    points = shapely.points(xy)
    points[rng.integers(0, count, count // 100)] = None
    kinds = pd.Categorical.from_codes(rng.integers(0, len(INCIDENT_TYPES), count), list(INCIDENT_TYPES))
    moments = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 3 * 365 * 86_400, count), "s")
    columns = {
        "type": pd.Series(kinds).astype("str"),
        "status": "archived",
        "reported_at": pd.Series(moments).astype("datetime64[ms, UTC]"),
        "drill": False,
        "duplicate_of": pd.Series(None, index=range(count), dtype="str"),
    }
    return gpd.GeoDataFrame(columns, geometry=points, crs=CRS)


def best(task: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Return the shortest processor time of some runs in seconds, and the answer."""
    spans = []
    for _ in range(times):
        start = time.process_time()
        answer = task()
        spans.append(time.process_time() - start)
    return min(spans), answer


def picture(cube: Cube, choice: Choice = ALL) -> bytes:
    """Return the PNG of a choice of types and days, as the map asks for it."""
    found = surface_3857(cube.xy(choice), crs=CRS, bandwidth_m=BANDWIDTH_M, bounds=BOX)
    return png(coloured(found.values, class_limits(found.peak)))


def binned(xy: np.ndarray) -> np.ndarray:
    """Return the peer's surface: nearest cell, then blur; rows from the north."""
    edges = [np.arange(low, high + CELL_M / 2, CELL_M) for low, high in ((BOX[0], BOX[2]), (BOX[1], BOX[3]))]
    counts = np.histogram2d(xy[:, 0], xy[:, 1], bins=edges)[0].T[::-1]
    return ndimage.gaussian_filter(counts, BANDWIDTH_M / CELL_M, mode="constant", truncate=5) * 1e6 / CELL_M**2


def exact(xy: np.ndarray, found: Surface, cells: np.ndarray) -> np.ndarray:
    """Return the sum of kernels at the middle of some cells (row, column)."""
    x = found.bounds[0] + (cells[:, 1] + 0.5) * found.cell_m
    y = found.bounds[3] - (cells[:, 0] + 0.5) * found.cell_m
    sums = []
    for px, py in zip(x, y, strict=True):
        near = xy[(np.abs(xy[:, 0] - px) < 9 * BANDWIDTH_M) & (np.abs(xy[:, 1] - py) < 9 * BANDWIDTH_M)]
        sums.append(np.exp(-((near - (px, py)) ** 2).sum(axis=1) / (2 * BANDWIDTH_M**2)).sum())
    return np.array(sums) * 1e6 / (2 * np.pi * BANDWIDTH_M**2)


def error(values: np.ndarray, cells: np.ndarray, truth: np.ndarray) -> float:
    """Return the largest error at some cells as a share of the highest value there."""
    return float(np.abs(values[cells[:, 0], cells[:, 1]] - truth).max() / truth.max())


def say(what: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{what:<52} {seconds * 1000:>9.1f} ms  {note}", flush=True)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--points", type=int, default=10_000_000)
    count = options.parse_args().points
    frame = incidents(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    span, cube = best(partial(incident_cube, frame, ZoneInfo("Asia/Shanghai")), 1)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    del frame
    kept = (cube.rows.nbytes + cube.points.nbytes + cube.offsets.nbytes) / 2**20
    say(f"cube of {count:,} incidents", span, f"keeps {kept:,.0f} MB, {peak:,.0f} MB more at its peak")
    picture(cube)  # compiles
    year = Choice(THREE, date(2024, 1, 1), date(2024, 12, 31))
    chosen = sum(map(len, cube.xy(year)))
    span, _ = best(lambda: cube.xy(year))
    say("filter: 3 types, 1 year", span, f"{chosen:,} incidents")
    span, drawn = best(lambda: picture(cube, year))
    say("filter to PNG: 3 types, 1 year", span, f"{len(drawn) / 1024:,.0f} KB")
    span, drawn = best(lambda: picture(cube))
    say("filter to PNG: all", span, f"{len(cube.rows):,} incidents, {len(drawn) / 1024:,.0f} KB")

    xy = cube.points
    ours, found = best(lambda: surface(xy, bandwidth_m=BANDWIDTH_M, bounds=BOX, cell_m=CELL_M))
    cells = np.random.default_rng(2).integers(60, found.values.shape[0] - 60, (40, 2))
    truth = exact(xy, found, cells)
    say(
        f"surface, {found.values.shape[0]} x {found.values.shape[1]} cells",
        ours,
        f"error {at_most(100 * error(found.values, cells, truth), AIM_ERROR, '% of the peak', '.5f')}",
    )
    span, values = best(lambda: binned(xy), 1)
    note = f"error {error(values, cells, truth):.5%}, {as_fast(span, ours)}"
    say("histogram2d + gaussian_filter", span, note)
    lone = np.array([[520_001.0, 3_386_001.0]])  # near the corner of its cell
    place = np.argwhere(binned(lone) > 0)
    alone = surface(lone, bandwidth_m=BANDWIDTH_M, bounds=BOX, cell_m=CELL_M)
    truth = exact(lone, alone, place)
    faults = error(alone.values, place, truth), error(binned(lone), place, truth)
    alone_told = at_most(100 * faults[0], AIM_ERROR, "% of the peak", ".4f")
    print(f"one incident alone: error {alone_told}, the peer's {faults[1]:.2%}")

    few = xy[:: max(1, len(xy) // KDE_POINTS)]
    middles = np.array([(x, y) for y in np.linspace(BOX[1], BOX[3], 100) for x in np.linspace(BOX[0], BOX[2], 100)])
    kernel = stats.gaussian_kde(few.T, bw_method=0.05)
    span, _ = best(lambda: kernel(middles.T), 1)
    ratio = span / len(few) / (ours / len(xy))
    say(
        f"gaussian_kde, {len(few):,} points, 100 x 100 cells",
        span,
        f"{as_fast(ratio, 1)} per point",
    )


if __name__ == "__main__":
    main()
