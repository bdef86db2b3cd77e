"""A hotline export comes in: a CSV in GB18030 of 300,000 incidents, with grid, unit and clocks, and each alone.

Measured are the command from start to finish in a process of its own, and routing and clocks in this one.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from benchmarks.aims import at_most
from benchmarks.imports import SIDE, SOUTH, STEP, WEST, write_grids
from gisapp.incidents.clock_columns import imported_clocks
from gisapp.reports.routes import TABLES, routes_of
from gisapp.store import Store, open_store
from gisapp.tables import conform

AIM_S = 60.0  # for 300,000 rows, or fewer
TYPES = {"漏水": "leak", "无水": "no_supply", "水表故障": "meter_fault", "水质": "quality", "井盖": "cover"}
UNITS = ("调度中心", "营业所", "管网管理处", "换表管理所", "水质监测中心", "工程公司")
MAPPING = """
[columns]
code = "工单号"
type = "类型"
reported_at = "来电时间"
dispatched_at = "派单时间"
arrived_at = "到场时间"
closed_at = "办结时间"
text = "诉求内容"
[values]
utility = "water"
channel = "phone"
status = "archived"
drill = false
[choices.type]
"漏水" = "leak"
"无水" = "no_supply"
"水表故障" = "meter_fault"
"水质" = "quality"
"井盖" = "cover"
[geometry]
x = "东坐标"
y = "北坐标"
missing = "unlocated"
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=300_000)
    rows = options.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        store, file, mapping = (Path(folder) / name for name in ("city.gpkg", "hotline.csv", "m.toml"))
        write_grids(store)
        write_units(store)
        write_export(file, rows)
        mapping.write_text(MAPPING, encoding="utf-8")
        words = ["--as", "incidents", "--mapping", str(mapping), "--encoding", "gb18030", "--crs", "EPSG:4547"]
        start = time.perf_counter()
        call = [sys.executable, "-m", "dashboards", "import", str(file), "--store", str(store), *words]
        subprocess.run(call, check=True, capture_output=True)
        took = time.perf_counter() - start
        told = at_most(took, AIM_S * max(rows / 300_000, 1), "s")
        print(f"{rows:,} incidents imported with grid, unit and clocks in {told}")
        with open_store(store) as opened:
            assert opened.count("incidents") == opened.count("incident_steps") == rows
            alone(opened)


def alone(store: Store) -> None:
    """Tell what routing and clocks take by themselves, for a million."""
    incidents = store.table("incidents")
    tables = {name: store.table(name) for name in TABLES}
    start = time.perf_counter()
    routes_of(incidents, tables, store.zone)
    routed = time.perf_counter() - start
    start = time.perf_counter()
    judged = imported_clocks(incidents, store.rule_book, now=datetime.now(UTC))
    took = time.perf_counter() - start
    million = 1e6 / len(incidents)
    print(f"grid and unit: {routed * million:,.1f} s a million incidents")
    print(f"clocks: {took * million:,.1f} s a million incidents, {took / len(judged) * 1e6:,.1f} s a million clocks")


def write_units(path: Path) -> None:
    """Add units and houses, so that routes have something to find."""
    side = np.arange(SIDE * 10)
    x, y = (part.ravel() * STEP / 10 for part in np.meshgrid(side, side))
    shapes = gpd.GeoSeries(gpd.points_from_xy(WEST + x + 50, SOUTH + y + 50), crs="EPSG:4547").buffer(15, cap_style=3)
    codes = [f"B{number:06}" for number in range(len(x))]
    houses = gpd.GeoDataFrame({"code": codes, "kind": "residential", "geom": shapes}, geometry="geom")
    units = [
        {"code": f"U{number:02}", "name_hans": name, "name_hant": name, "name_en": name, "kind": "office"}
        for number, name in enumerate(UNITS, 1)
    ]
    with open_store(path) as store:
        store.save({"buildings": conform(houses, "buildings"), "org_units": pd.DataFrame(units)}, actor="benchmark")


def write_export(path: Path, rows: int) -> None:
    """Write incidents at random places and times of one year, each twentieth without a place."""
    draw = np.random.default_rng(1)
    xy = (draw.uniform(1, SIDE * STEP - 1, (2, rows)) + np.array([[WEST], [SOUTH]])).round(2)
    xy[:, draw.random(rows) < 0.05] = np.nan
    told = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(draw.integers(0, 365 * 86_400, rows)), unit="s")
    sent, came, done = (told + pd.to_timedelta(draw.integers(low, high, rows), unit="s")
                        for low, high in ((1, 900), (900, 5_000), (5_000, 250_000)))  # fmt: skip
    times = {"来电时间": told, "派单时间": sent, "到场时间": came, "办结时间": done}
    frame = pd.DataFrame({"工单号": [f"RX{number:07}" for number in range(rows)]})
    frame = frame.assign(类型=draw.choice(list(TYPES), rows), 诉求内容="门口有水，请派人来看")
    frame = frame.assign(**{name: moment.strftime("%Y-%m-%d %H:%M:%S") for name, moment in times.items()})
    frame.assign(东坐标=xy[0], 北坐标=xy[1]).to_csv(path, index=False, encoding="gb18030")


if __name__ == "__main__":
    main()
