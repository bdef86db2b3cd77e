"""Density from the filter to the PNG, by hexagon and along pipes, side by side with its peers: ratios, error, memory.

    python -m benchmarks.density                       10 million incidents, some minutes
    python -m benchmarks.density --points 1000000      a quick look

The peer counts into cells with ``numpy.histogram2d`` and blurs with ``scipy.ndimage.gaussian_filter``, the
usual way; its cells and its bandwidth are ours. The error of both is that against the exact sum of
kernels at 40 cells, as a share of the highest value there. ``gaussian_kde`` of scipy, which sums kernels
one by one, gets fewer points and is compared per point. Times are of the processor, the best of three
runs (the cube and the peers: one run), so that other work on the computer hardly counts; where p95 is said,
on the clock, of 20 questions in a row. datashader counts into cells without a kernel, scikit-learn sums
kernels in a tree, geopandas joins points to the same hexagons; the last two get fewer points and are
compared per point.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage, stats

from benchmarks.aims import as_fast, at_most, met
from gisapp.density import (
    Choice,
    Cube,
    Hexagons,
    Surface,
    binned_surface,
    incident_cube,
    network_density,
    surface,
    web_surface,
)
from gisapp.density.along import graph_of
from gisapp.density.choice import ALL
from gisapp.tables import CHANNELS, INCIDENT_TYPES, UTILITIES
from layers.density import class_limits, coloured, png

CRS = "EPSG:4547"
BOX = (510_000.0, 3_376_000.0, 530_000.0, 3_396_000.0)
BANDWIDTH_M, CELL_M = 150.0, 25.0
KDE_POINTS = 2_000
FIRST = date(2023, 1, 1)
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
        "utility": drawn(rng, UTILITIES, count),
        "status": drawn(rng, ("archived", "closed", "repairing"), count),
        "channel": drawn(rng, CHANNELS, count),
        "unit_code": drawn(rng, [f"U{at:02}" for at in range(12)], count),
        "cause": drawn(rng, ("frost", "joint", "corrosion", "third_party"), count),
        "reported_at": pd.Series(moments).astype("datetime64[ms, UTC]"),
        "drill": False,
        "duplicate_of": pd.Series(None, index=range(count), dtype="str"),
    }
    return gpd.GeoDataFrame(columns, geometry=points, crs=CRS)


def drawn(rng: np.random.Generator, names: Sequence[str], count: int) -> pd.Series:
    """Return a column of names by chance."""
    return pd.Series(pd.Categorical.from_codes(rng.integers(0, len(names), count), list(names))).astype("str")


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
    counted = cube.binned(choice, bandwidth_m=BANDWIDTH_M, bounds=BOX)
    found = web_surface(binned_surface(counted, crs=CRS))
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


def p95(task: Callable[[Choice], Any], choices: Sequence[Choice]) -> tuple[float, float, Any]:
    """Return the milliseconds that 19 of 20 questions take at most, those of the processor at best, and an answer."""
    clock, processor = [], []
    for choice in choices:
        start, worked = time.perf_counter(), time.process_time()
        answer = task(choice)
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - worked)
    return 1000 * float(np.quantile(clock, 0.95)), 1000 * min(processor), answer


def years(number: int = 20) -> list[Choice]:
    """Return choices of one year and three types, each of another year."""
    days = [FIRST + timedelta(36 * at) for at in range(number)]
    return [Choice(THREE, day, day + timedelta(364)) for day in days]


def ask_cube(cube: Cube) -> None:
    """Time filters, counts and pictures."""
    picture(cube)  # compiles
    cube._shelf.clear()
    kept, _ = best(partial(picture, cube), 1)
    held = sum(one.counts.nbytes for one in cube._shelf.values()) / 2**20
    say("the first picture of a bandwidth", kept, f"keeps {held:,.0f} MB")
    cube.daily(Choice(causes=("frost",)))
    cube.profile(Choice(causes=("frost",)))
    asked = years()
    other = [replace(choice, causes=("frost", "joint"), utilities=("water",)) for choice in asked]
    east = [Choice(bounds=(520_000.0 + at, BOX[1], BOX[2], BOX[3])) for at in range(20)]
    for name, task in (("xy", cube.xy), ("by grid", cube.by_grid), ("daily", cube.daily), ("profile", cube.profile)):
        figures = [p95(task, choices)[0] for choices in (asked, other, east)]
        told = "1 year, 3 types {:.2f} ms; with causes and utility {:.2f} ms; all in half the map {:.0f} ms"
        print(f"{name + ', p95':<52} {told.format(*figures)}", flush=True)
    span, least, shown = p95(partial(picture, cube), asked)
    told = at_most(span, 50, "ms"), f"{least:.1f} ms of the processor at best", f"{len(shown) / 1024:,.0f} KB"
    print(f"{'filter to PNG, p95: 1 year, 3 types':<52} {', '.join(told)}", flush=True)
    spans = [Choice(None, FIRST + timedelta(9 * at), FIRST + timedelta(700 + 17 * at)) for at in range(20)]
    span, least, shown = p95(partial(picture, cube), spans)
    told = at_most(span, 100, "ms"), f"{least:.1f} ms of the processor at best", f"{len(shown) / 1024:,.0f} KB"
    print(f"{'filter to PNG, p95: all types, 2 to 3 years':<52} {', '.join(told)}", flush=True)
    span, least, shown = p95(partial(picture, cube), [Choice()] * 20)
    told = at_most(span, 100, "ms"), f"{least:.1f} ms of both processors at best", f"{len(shown) / 1024:,.0f} KB"
    print(f"{'filter to PNG, p95: all':<52} {', '.join(told)}", flush=True)


def count_hexagons(xy: np.ndarray) -> None:
    """Time the assignment to hexagons, and geopandas' join of fewer points to the same ones."""
    for size_m in (200.0, 500.0, 1000.0):
        hexagons = Hexagons.over(BOX, size_m)
        hexagons.sums(xy[:10])
        span, found = best(partial(hexagons.sums, xy))
        print(f"{f'hexagons of {size_m:g} m':<52} {at_most(1000 * span, 500, 'ms')}", flush=True)
    few = xy[:: max(1, len(xy) // 200_000)]
    shapes = gpd.GeoDataFrame(geometry=hexagons.polygons(np.arange(len(found)), CRS).reset_index(drop=True))
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*few.T, crs=CRS))
    theirs, joined = best(lambda: gpd.sjoin(points, shapes, predicate="within"), 1)
    same = np.array_equal(np.bincount(joined["index_right"], minlength=len(found)), hexagons.sums(few))
    say(f"geopandas.sjoin, {len(few):,} points", theirs, f"{as_fast(theirs / len(few), span / len(xy))} per point")
    print(f"the same counts: {met(same)}", flush=True)


def follow_pipes() -> None:
    """Time density along 22,000 km of pipes of 100 m with 100,000 leaks."""
    rng = np.random.default_rng(1)
    side = 470
    node = np.arange(side * side).reshape(side, side)
    ends = np.concatenate(
        [
            np.column_stack([node[:, :-1].ravel(), node[:, 1:].ravel()]),
            np.column_stack([node[:-1].ravel(), node[1:].ravel()]),
        ]
    )
    ends = ends[rng.random(len(ends)) < 0.5]
    length = rng.uniform(40, 160, len(ends))
    graph = graph_of(length, ends)
    link = rng.choice(len(ends), 100_000, p=length / length.sum())
    at = pd.DataFrame({"link": link, "measure_m": rng.random(len(link)) * length[link]})
    network_density(graph, at.iloc[:10], bandwidth_m=50)
    for bandwidth_m in (50, 100, 200):
        span, found = best(partial(network_density, graph, at, bandwidth_m=bandwidth_m, piece_m=25))
        held = (found["density"] * (found["end_m"] - found["start_m"])).sum() / 1000
        told = at_most(1000 * span, 700, "ms") if bandwidth_m <= 100 else f"{1000 * span:,.1f} ms"
        lost = f"{abs(held / len(at) - 1):.0e} of the incidents lost"
        print(f"{f'along {length.sum() / 1000:,.0f} km, {bandwidth_m} m':<52} {told}, {lost}", flush=True)


def beside_peers(xy: np.ndarray, ours: float) -> None:
    """Time scipy, datashader and scikit-learn on the surface's task, or the nearest that they have."""
    few = xy[:: max(1, len(xy) // KDE_POINTS)]
    middles = np.array([(x, y) for y in np.linspace(BOX[1], BOX[3], 100) for x in np.linspace(BOX[0], BOX[2], 100)])
    kernel = stats.gaussian_kde(few.T, bw_method=0.05)
    span, _ = best(lambda: kernel(middles.T), 1)
    say(
        f"gaussian_kde, {len(few):,} points, 100 x 100 cells",
        span,
        f"{as_fast(span / len(few), ours / len(xy))} per point",
    )
    try:
        import datashader
        from sklearn.neighbors import KernelDensity
    except ImportError as error:
        print(f"{error}: pip install -e '.[bench]'")
        return
    tree = KernelDensity(bandwidth=BANDWIDTH_M, rtol=1e-3).fit(few)
    span, _ = best(lambda: tree.score_samples(middles), 1)
    say(
        f"scikit-learn KernelDensity, {len(few):,} points",
        span,
        f"{as_fast(span / len(few), ours / len(xy))} per point",
    )
    frame = pd.DataFrame(xy, columns=["x", "y"])
    canvas = datashader.Canvas(800, 800, x_range=BOX[::2], y_range=BOX[1::2])
    canvas.points(frame.iloc[:10], "x", "y")
    span, _ = best(lambda: canvas.points(frame, "x", "y"))
    say("datashader, counts without a kernel", span, f"ours takes {ours / span:.1f} times that")


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--points", type=int, default=10_000_000)
    count = options.parse_args().points
    zone = ZoneInfo("Asia/Shanghai")
    frame = incidents(count)
    grids = pd.Categorical.from_codes(
        np.random.default_rng(3).integers(-1, 5000, count), [f"G{at}" for at in range(5000)]
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    span, cube = best(partial(incident_cube, frame, zone, grids=grids), 1)
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    del frame, grids
    parts = [getattr(cube, part.name) for part in fields(cube)]
    kept = sum(part.nbytes for part in parts if isinstance(part, np.ndarray)) / 2**20
    say(f"cube of {count:,} incidents, 5,000 grids", span, f"keeps {kept:,.0f} MB, {peak:,.0f} MB more at its peak")
    ask_cube(cube)
    xy = cube.points
    beside_peers(xy, beside_blur(xy))
    count_hexagons(xy)
    follow_pipes()


def beside_blur(xy: np.ndarray) -> float:
    """Time the surface and the usual way, tell the error of both, and return our seconds."""
    ours, found = best(lambda: surface(xy, bandwidth_m=BANDWIDTH_M, bounds=BOX, cell_m=CELL_M))
    cells = np.random.default_rng(2).integers(60, found.values.shape[0] - 60, (40, 2))
    truth = exact(xy, found, cells)
    say(
        f"surface, {found.values.shape[0]} x {found.values.shape[1]} cells",
        ours,
        f"error {at_most(100 * error(found.values, cells, truth), AIM_ERROR, '% of the peak', '.5f')}",
    )
    span, values = best(lambda: binned(xy), 1)
    say("histogram2d + gaussian_filter", span, f"error {error(values, cells, truth):.5%}, {as_fast(span, ours)}")
    lone = np.array([[520_001.0, 3_386_001.0]])  # near the corner of its cell
    place = np.argwhere(binned(lone) > 0)
    alone = surface(lone, bandwidth_m=BANDWIDTH_M, bounds=BOX, cell_m=CELL_M)
    truth = exact(lone, alone, place)
    faults = error(alone.values, place, truth), error(binned(lone), place, truth)
    told = at_most(100 * faults[0], AIM_ERROR, "% of the peak", ".4f")
    print(f"one incident alone: error {told}, the peer's {faults[1]:.2%}")
    return ours


if __name__ == "__main__":
    main()
