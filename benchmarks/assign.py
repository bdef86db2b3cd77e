"""Assign points to grids, side by side with geopandas.sjoin and SedonaDB: ratios, memory, mismatches.

    python -m benchmarks.assign                                  10 million points, 500, 5,000 and 50,000 grids
    python -m benchmarks.assign --points 1000000 --grids 500     a quick look

Every measurement runs in a process of its own, so that its memory peak is its own. Grids are edge-matched
cells with bent borders, points are random with 2 % outside. A slow peer gets fewer points, named in the
table, and is compared per point. A peer that is not installed is left out. Wall time counts when the
machine is quiet; the ratio of processor time, summed over threads, holds on a busy one too.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from benchmarks.aims import as_fast, at_most, met
from gisapp.grids import grid_index

CRS = "EPSG:4547"
EAST, NORTH, SIDE = 500_000.0, 3_400_000.0, 30_000.0
PEERS = ("sjoin", "sedona")
LONG = {"sjoin": 2_000_000}  # points for a peer that would take minutes with very many grids
CHECKED = 1_000_000
AIMS = {"sjoin": 80, "sedona": 20}
AIM_MB = 1700


def town(count: int) -> gpd.GeoSeries:
    """Return that many edge-matched grids whose borders bend like streets and rivers."""
    rng = np.random.default_rng(count)
    seeds = shapely.multipoints(rng.uniform((EAST, NORTH), (EAST + SIDE, NORTH + SIDE), (count, 2)))
    frame = shapely.box(EAST, NORTH, EAST + SIDE, NORTH + SIDE)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame))
    cells = shapely.coverage_clean(shapely.intersection(cells, frame))
    mesh = SIDE / np.sqrt(count)
    fine = shapely.transform(shapely.segmentize(cells, mesh / 5), lambda xy: xy.round(3))
    return gpd.GeoSeries(shapely.transform(fine, lambda xy: _bent(xy, mesh)), crs=CRS)


def _bent(xy: np.ndarray, mesh: float) -> np.ndarray:
    """Return coordinates pushed aside by waves a few grids long: the same for both sides of a border."""
    wave = (xy - (EAST, NORTH)) / mesh * 2.3
    push = np.column_stack([np.sin(wave[:, 1]) + np.sin(2.1 * wave[:, 0]), np.sin(1.3 * wave[:, 0] + wave[:, 1])])
    return (xy + 0.12 * mesh * push).round(3)


def random_points(count: int) -> np.ndarray:
    """Return points of which 2 % lie beyond the edge of the town."""
    reach = SIDE * 0.005
    low, high = (EAST - reach, NORTH - reach), (EAST + SIDE + reach, NORTH + SIDE + reach)
    return np.random.default_rng(7).uniform(low, high, (count, 2))


def _best(work: Callable[[], Any]) -> tuple[dict, Any]:
    """Return the shortest wall and processor time of up to three runs in five seconds, and the answer."""
    wall: list[float] = []
    busy: list[float] = []
    while not wall or (len(wall) < 3 and sum(wall) < 5):
        start, start_busy = time.perf_counter(), time.process_time()
        answer = work()
        wall.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_busy)
    return {"wall_s": min(wall), "busy_s": min(busy)}, answer


def measure_ours(grids: gpd.GeoSeries, xy: np.ndarray) -> tuple[dict, np.ndarray]:
    """Return the times of the kernel and its answers."""
    grid_index(grids.iloc[:2]).locate(xy[:10])  # loads or fills the compiler's cache
    built, index = _best(lambda: grid_index(grids))
    spent, rows = _best(lambda: index.locate(xy))
    return spent | {"build_s": built["wall_s"]}, rows


def measure_sjoin(grids: gpd.GeoSeries, xy: np.ndarray) -> tuple[dict, np.ndarray]:
    """Return the time of geopandas.sjoin and its answers, ties settled afterwards."""
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=CRS)
    frame = gpd.GeoDataFrame(geometry=grids)
    spent, joined = _best(lambda: points.sjoin(frame, how="inner", predicate="intersects"))
    return spent, _lowest(joined.index.to_numpy(), joined["index_right"].to_numpy(), len(xy))


def measure_sedona(grids: gpd.GeoSeries, xy: np.ndarray) -> tuple[dict, np.ndarray]:
    """Return the time of SedonaDB, from tables in its memory to an Arrow table, and its answers."""
    import sedona.db

    base = sedona.db.connect()
    points = gpd.GeoDataFrame({"point": np.arange(len(xy))}, geometry=shapely.points(xy), crs=CRS)
    frame = gpd.GeoDataFrame({"row": np.arange(len(grids))}, geometry=grids.to_numpy(), crs=CRS)
    base.create_data_frame(points).to_memtable().to_view("points")
    base.create_data_frame(frame).to_memtable().to_view("grids")
    del points
    question = "SELECT p.point, g.row FROM points p JOIN grids g ON ST_Intersects(g.geometry, p.geometry)"
    spent, pairs = _best(lambda: base.sql(question).to_arrow_table())
    return spent, _lowest(pairs["point"].to_numpy(), pairs["row"].to_numpy(), len(xy))


def _lowest(point: np.ndarray, row: np.ndarray, count: int) -> np.ndarray:
    """Return the lowest row of each point, -1 for none."""
    rows = np.full(count, np.iinfo(np.int32).max, dtype=np.int32)
    np.minimum.at(rows, point, row.astype(np.int32))
    rows[rows == np.iinfo(np.int32).max] = -1
    return rows


METHODS = {"ours": measure_ours, "sjoin": measure_sjoin, "sedona": measure_sedona}


def boundary_sets(grids: gpd.GeoSeries) -> dict[str, np.ndarray]:
    """Return points on vertices, on shared edges, and one unit in the last place beside both."""
    rng = np.random.default_rng(3)
    some = grids.to_numpy()[rng.integers(0, len(grids), 2000)]
    vertices = shapely.get_coordinates(some)
    vertices = vertices[rng.integers(0, len(vertices), 20_000)]
    lines = shapely.boundary(some)[rng.integers(0, len(some), 20_000)]
    edges = shapely.get_coordinates(shapely.line_interpolate_point(lines, rng.random(20_000), normalized=True))
    beside = {
        f"beside {name}": np.nextafter(points, points + rng.choice([-1.0, 1.0], points.shape))
        for name, points in (("vertices", vertices), ("edges", edges))
    }
    return {"vertices": vertices, "edges": edges, **beside}


def mismatches(grids: gpd.GeoSeries) -> dict[str, int]:
    """Return how many points of each boundary set the kernel and shapely put in different grids."""
    blocks = [
        shapely.box(EAST + 100 * column, NORTH + 100 * line, EAST + 100 * column + 100, NORTH + 100 * line + 100)
        for line in range(30)
        for column in range(30)
    ]
    lattice = np.stack(np.meshgrid(np.arange(-50, 3100, 25.0), np.arange(-50, 3100, 25.0)), axis=-1).reshape(-1, 2)
    found = {}
    for about, shapes, sets in (
        ("", grids, boundary_sets(grids)),
        ("aligned ", gpd.GeoSeries(blocks, crs=CRS), {"rectangles": np.add(lattice, (EAST, NORTH))}),
    ):
        tree, index = shapely.STRtree(shapes.to_numpy()), grid_index(shapes)
        for name, xy in sets.items():
            truth = _lowest(*tree.query(shapely.points(xy), predicate="intersects"), len(xy))
            found[f"{about}{name} ({len(xy)})"] = int((index.locate(xy) != truth).sum())
    return found


def _measure(method: str, path: Path, count: int) -> dict:
    """Return one measurement, made in this process."""
    grids = pickle.loads(path.read_bytes())  # written by the parent a moment ago
    if method == "boundary":
        return {"mismatches": mismatches(grids)}
    figures, rows = METHODS[method](grids, random_points(count))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    check = zlib.crc32(rows[:CHECKED].tobytes())  # of the points that every method had
    return figures | {"points": count, "peak_mb": peak, "check": check}


def _in_child(method: str, path: Path, count: int) -> dict:
    """Return one measurement, made in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.assign", "--child", method, str(path), str(count)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def _compare(count: int, points: int, folder: Path) -> list[str]:
    """Return the lines of the table for one number of grids."""
    path = folder / f"{count}.pickle"
    path.write_bytes(pickle.dumps(town(count)))
    ours = _in_child("ours", path, points)
    speed = points / ours["wall_s"] / 1e6
    lines = [
        f"{count:>7,} grids  ours    {speed:7.1f} M points/s, build {ours['build_s']:.2f} s, "
        f"peak {at_most(ours['peak_mb'], AIM_MB, 'MB', ',.0f')}"
    ]
    for peer in PEERS:
        if peer == "sedona" and not find_spec("sedona"):
            lines.append("               sedona  is not installed: left out")
            continue
        some = min(points, LONG.get(peer, points)) if count > 10_000 else points
        theirs = _in_child(peer, path, some)
        times, busy = (theirs[clock] / some * points / ours[clock] for clock in ("wall_s", "busy_s"))
        with_build = theirs["wall_s"] / some * points / (ours["wall_s"] + ours["build_s"])
        same = f"same answers: {met(theirs['check'] == ours['check'])}"
        lines.append(
            f"               {peer:7} {some / theirs['wall_s'] / 1e6:7.2f} M points/s on {some:,}, peak "
            f"{theirs['peak_mb']:,.0f} MB: {as_fast(times, 1, AIMS[peer])}, "
            f"{with_build:,.0f} with our build, {busy:,.0f} in processor time; {same}"
        )
    wrong = _in_child("boundary", path, 0)["mismatches"]
    total = at_most(sum(wrong.values()), 0, "mismatches", "d")
    lines.append(f"               boundary sets, beside shapely: {total} on {', '.join(wrong)}")
    return lines


def main() -> None:
    """Print the comparison."""
    if sys.argv[1:2] == ["--child"]:
        method, path, count = sys.argv[2:]
        print(json.dumps(_measure(method, Path(path), int(count))))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--grids", type=int, nargs="+", default=[500, 5_000, 50_000])
    options = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{options.points:,} points, {os.cpu_count()} processors, load {load} at the start", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for count in options.grids:
            print("\n".join(_compare(count, options.points, Path(folder))), flush=True)
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
