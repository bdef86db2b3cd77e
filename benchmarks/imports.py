"""A CSV of incidents through the door into the store, beside reading the same file with pandas alone.

    python -m benchmarks.imports                     1 million rows
    python -m benchmarks.imports --rows 100000       a quick look

The import is the whole command, of incidents of the past (``--history``): a child process reads and checks every row,
each incident finds its grid, and one transaction saves them with report and provenance. What a hotline's export of
today takes, with units and clocks, is told by ``benchmarks.incidents``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.aims import at_most
from gisapp.store import create_store, open_store
from gisapp.tables import conform

AIM_S = 20.0  # for a million rows, or fewer
WEST, SOUTH, SIDE, STEP = 500_000.0, 3_400_000.0, 20, 1_000.0


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        store, file = Path(folder) / "city.gpkg", Path(folder) / "hotline.csv"
        write_grids(store)
        write_hotline(file, rows)
        start = time.perf_counter()
        pd.read_csv(file)
        alone = time.perf_counter() - start
        start = time.perf_counter()
        words = ["--as", "incidents", "--crs", "EPSG:4547", "--value", "drill=false", "--value", "channel=phone"]
        call = [sys.executable, "-m", "dashboards", "import", str(file), "--store", str(store), *words]
        call += ["--value", "status=archived", "--history"]
        call += [part for name in ("code", "type", "reported_at") for part in ("--column", f"{name}={name}")]
        subprocess.run([*call, "--geometry", "x=x", "--geometry", "y=y"], check=True, capture_output=True)
        took = time.perf_counter() - start
        with open_store(store) as opened:
            placed = opened.table("incidents", columns=["grid_code"])["grid_code"].notna().sum()
            assert (opened.count("incidents"), placed) == (rows, rows)
    told = at_most(took, AIM_S * max(rows / 1e6, 1), "s")
    print(f"{rows:,} incidents imported and placed in {told}, {rows / took:,.0f} a second")
    print(f"pandas.read_csv alone took {alone:.1f} s: a ratio of {took / alone:.1f}")


def write_grids(path: Path) -> None:
    """Make a store with 400 square grids."""
    x, y = (part.ravel() for part in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    west, south = WEST + x * STEP, SOUTH + y * STEP
    shapes = shapely.multipolygons(shapely.box(west, south, west + STEP, south + STEP)[:, None])
    codes = [f"G{number:03}" for number in range(len(shapes))]
    begun = pd.Timestamp("2020-01-01", tz="UTC")
    table = gpd.GeoDataFrame(
        {"code": codes, "name": codes, "utilities": "water", "valid_from": begun, "geom": shapes},
        geometry="geom",
        crs="EPSG:4547",
    )
    with create_store(path, crs="EPSG:4547") as store:
        store.save({"grids": conform(table, "grids")}, actor="benchmark")


def write_hotline(path: Path, rows: int) -> None:
    """Write incidents at random places and times of one year."""
    draw = np.random.default_rng(1)
    place = draw.uniform(1, SIDE * STEP - 1, (2, rows)) + np.array([[WEST], [SOUTH]])
    moment = pd.Timestamp("2025-01-01") + pd.to_timedelta(draw.integers(0, 365 * 24 * 60, rows), unit="min")
    frame = pd.DataFrame({"code": np.char.add("N", np.arange(rows).astype(str)), "type": "leak"})
    frame = frame.assign(reported_at=moment.strftime("%Y-%m-%d %H:%M"), x=place[0].round(2), y=place[1].round(2))
    frame.to_csv(path, index=False)


if __name__ == "__main__":
    main()
