"""Incidents per grid and day by two dask workers of 1 GB, side by side with dask-geopandas' sjoin and one process.

    python -m benchmarks.cluster                       20,000,000 points, 5,000 grids, one year
    python -m benchmarks.cluster --rows 100000000      five minutes, most of it for writing the files
    python -m benchmarks.cluster --kill                one worker is killed in the middle

dask-geopandas joins fewer points, for its rate; it gets two workers without a limit, since it dies at 1 GB.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
import time
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from distributed import Client, LocalCluster

from benchmarks.aims import as_fast, at_most
from benchmarks.assign import CRS, town
from gisapp.partitions import Choice, Cluster, grid_counts_of, parts_of
from gisapp.partitions.counts import COLUMNS
from gisapp.reports.concentration import GridCounts

GROUP, FILE_GROUPS = 500_000, 20
AIM_MB, AIM_RATIO = 750, 50
YEAR = Choice(ZoneInfo("Asia/Shanghai"), date(2025, 1, 1), date(2025, 12, 31))
WORKERS = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--peer-rows", type=int, default=1_000_000)
    parser.add_argument("--grids", type=int, default=5_000)
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    shapes = town(options.grids)
    grids = gpd.GeoDataFrame({"code": [f"G{at}" for at in range(len(shapes))]}, geometry=shapes)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
        start = time.perf_counter()
        write(Path(folder), options.rows, shapes.total_bounds)
        written_mb = sum(path.stat().st_size for path in Path(folder).iterdir()) / 1e6
        print(f"{options.rows:,} points, {written_mb:,.0f} MB, written in {time.perf_counter() - start:.0f} s")
        beside(Path(folder), grids, options)


def write(folder: Path, rows: int, bounds: np.ndarray) -> None:
    """Write incidents as GeoParquet files of many row groups, each made from its own seed."""
    size = min(GROUP, rows)
    header = geo_header()
    for number, first in enumerate(range(0, rows, size * FILE_GROUPS)):
        writer = None
        for at in range(first, min(first + size * FILE_GROUPS, rows), size):
            table = incidents(at, min(size, rows - at), bounds).replace_schema_metadata(header)
            writer = writer or pq.ParquetWriter(folder / f"{number:03d}.parquet", table.schema, compression="lz4")
            writer.write_table(table)
        if writer:
            writer.close()


def geo_header() -> dict[bytes, bytes]:
    """Return the header that geopandas writes for points in the benchmark's CRS."""
    sink = pa.BufferOutputStream()
    one = gpd.GeoDataFrame({"code": ["I0"]}, geometry=gpd.points_from_xy([0.0], [0.0]), crs=CRS)
    one.rename_geometry("geom").to_parquet(sink)
    return {b"geo": pq.read_schema(pa.BufferReader(sink.getvalue())).metadata[b"geo"]}


def incidents(seed: int, count: int, bounds: np.ndarray) -> pa.Table:
    """Return rows of which 2 % are drills, and 5 % lie anywhere; the rest at 1,000 places that fail often."""
    rng = np.random.default_rng(seed)
    places = np.random.default_rng(1).uniform(bounds[:2], bounds[2:], (1000, 2))
    xy = places[rng.integers(0, 1000, count)] + rng.normal(0, 300, (count, 2))
    loose = rng.random(count) < 0.05
    xy[loose] = rng.uniform(bounds[:2], bounds[2:], (int(loose.sum()), 2))
    day = np.datetime64("2024-12-31T16:00", "ms") + rng.integers(0, 365 * 86_400_000, count)
    columns = {
        "type": pa.array(rng.integers(0, 3, count), pa.int32()),
        "utility": pa.array(np.zeros(count), pa.int32()),
        "status": pa.array(np.zeros(count), pa.int32()),
    }
    words = {"type": ["leak", "burst", "no_supply"], "utility": ["water"], "status": ["closed"]}
    texts = {
        name: pa.DictionaryArray.from_arrays(column, words[name]).cast(pa.string()) for name, column in columns.items()
    }
    return pa.table(
        {
            **texts,
            "duplicate_of": pa.nulls(count, pa.string()),
            "drill": pa.array(rng.random(count) < 0.02),
            "reported_at": pa.array(day).cast(pa.timestamp("ms", "UTC")),
            "grid_code": pa.nulls(count, pa.string()),
            "geom": pa.array(wkb(xy)),
        }
    )


def wkb(xy: np.ndarray) -> list[bytes]:
    """Return points as WKB."""
    return list(shapely.to_wkb(shapely.points(xy)))


def beside(folder: Path, grids: gpd.GeoDataFrame, options: argparse.Namespace) -> None:
    """Print what two workers take, what one process takes, and the peer's rate."""
    parts = parts_of(folder, crs=pyproj.CRS.from_user_input(CRS), columns=COLUMNS)
    spent, found, peak_mb, killed = by_workers(parts, grids, kill=options.kill)
    rate = options.rows / spent
    told = ", one killed" if killed else ""
    print(f"two workers of 1 GB{told}: {spent:.1f} s, {rate / 1e6:.1f} M/s, {at_most(peak_mb, AIM_MB, 'MB a worker')}")
    start = time.perf_counter()
    alone = grid_counts_of(parts, grids, YEAR)
    print(f"one process: {time.perf_counter() - start:.1f} s")
    differ = int((found.total() != alone.total()).sum()) + int((found.monthly() != alone.monthly()).to_numpy().sum())
    print(f"grids and months that differ: {at_most(differ, 0, 'of them', 'd')}; {int(found.total().sum()):,} counted")
    if find_spec("dask_geopandas"):
        theirs = options.peer_rows / peer_s(parts, grids, options.peer_rows)
        print(f"dask-geopandas sjoin: {theirs / 1e6:.2f} M/s, {as_fast(rate, theirs, AIM_RATIO)}")
    else:
        print("dask-geopandas is not installed: left out")


def by_workers(parts: list, grids: gpd.GeoDataFrame, *, kill: bool) -> tuple[float, GridCounts, float, bool]:
    """Return seconds, counts, the highest memory of a worker in MB, and whether one was killed."""
    with LocalCluster(**WORKERS, memory_limit="1GB") as started:
        cluster, killed, peak, over = Cluster(started.scheduler_address), [], [0.0], threading.Event()

        def watch() -> None:
            while not over.wait(0.05):
                for worker in started.workers.values():
                    if worker.pid and psutil.pid_exists(worker.pid):
                        try:
                            peak[0] = max(peak[0], psutil.Process(worker.pid).memory_info().rss / 1e6)
                        except psutil.Error:
                            continue

        def progress(done: float, total: float) -> None:
            if kill and not killed and done > total / 3:
                killed.append(started.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        start = time.perf_counter()
        found = grid_counts_of(parts, grids, YEAR, cluster=cluster, progress=progress)
        spent = time.perf_counter() - start
        over.set()
        watcher.join()
    return spent, found, peak[0], bool(killed)


def peer_s(parts: list, grids: gpd.GeoDataFrame, rows: int) -> float:
    """Return the seconds of dask-geopandas for the first points: read, join, count by grid and day."""
    import dask_geopandas

    path = parts[0].path
    with LocalCluster(**WORKERS, memory_limit=None) as started, Client(started):
        start = time.perf_counter()
        read = gpd.read_parquet(path, columns=["reported_at", "geom"]).iloc[:rows]
        frame = dask_geopandas.from_geopandas(read, npartitions=8)
        joined = frame.sjoin(grids[["code", "geometry"]], predicate="intersects")
        day = joined["reported_at"].dt.tz_convert("Asia/Shanghai").dt.floor("D")
        joined.assign(day=day)[["code", "day"]].groupby(["code", "day"]).size().compute()
        return (time.perf_counter() - start) * rows / max(len(read), 1)


if __name__ == "__main__":
    main()
