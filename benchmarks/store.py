"""The store beside what a plain program does with Python's sqlite3: saving, reporting, reading; as ratios.

    python -m benchmarks.store                     1 million incidents saved, 300,000 read back
    python -m benchmarks.store --rows 100000       a quick look

The plain program turns every row into a tuple with pandas, writes it with ``executemany`` into the same
columns, makes the same unique index and the same R-tree by inserts, and commits with the same durability;
it gets a tenth of the rows and is compared per row. Reports are compared with two bare inserts a commit.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.aims import as_fast, at_most
from gisapp.store import Store, create_store, open_store
from gisapp.tables import TABLES, conform

CRS = "EPSG:4547"
AIM_P50_MS, AIM_P99_MS = 1.0, 10.0
BOX = (510_000.0, 3_376_000.0, 530_000.0, 3_396_000.0)


def incidents(count: int) -> gpd.GeoDataFrame:
    """Return incidents of three years as an import brings them: nine columns in ten filled, 1 % unlocated."""
    draw = np.random.default_rng(1)
    points = shapely.points(draw.uniform(BOX[:2], BOX[2:], (count, 2)))
    points[draw.integers(0, count, count // 100)] = None
    reported = pd.Timestamp("2023-01-01", tz="UTC") + pd.to_timedelta(draw.integers(0, 3 * 365 * 86_400, count), "s")
    rows = pd.DataFrame(
        {
            "code": [f"20260101-{row:07d}" for row in range(count)],
            "utility": draw.choice(["water", "gas"], count),
            "type": draw.choice(["leak", "burst", "no_supply", "complaint"], count),
            "channel": draw.choice(["phone", "mayor_hotline", "app"], count),
            "status": "archived",
            "reported_at": reported,
            "dispatched_at": reported + pd.to_timedelta(draw.integers(60, 3600, count), "s"),
            "arrived_at": reported + pd.to_timedelta(draw.integers(3600, 7200, count), "s"),
            "closed_at": reported + pd.to_timedelta(draw.integers(7200, 9000, count), "s"),
            "unit_code": draw.choice([f"U{number:02d}" for number in range(15)], count),
            "grid_code": draw.choice([f"G{number:03d}" for number in range(300)], count),
            "link_code": draw.choice([f"W-{number:06d}" for number in range(100_000)], count),
            "measure_m": draw.uniform(0, 100, count).round(2),
            "located_by": "pin",
            "text": draw.choice(["水压低，三楼以上没有水", "路口井盖旁冒水", "停水"], count),
            "drill": False,
        }
    )
    return conform(gpd.GeoDataFrame(rows.assign(geom=gpd.GeoSeries(points, crs=CRS)), geometry="geom"), "incidents")


def links(count: int) -> dict[str, pd.DataFrame]:
    """Return a chain of links of four points each, and its nodes."""
    draw = np.random.default_rng(2)
    walk = np.array(BOX[:2]) + np.cumsum(draw.normal(0, 20, (count * 3 + 1, 2)), axis=0)
    codes = [f"N{number:07d}" for number in range(count + 1)]
    nodes = pd.DataFrame({"utility": "water", "code": codes, "kind": "junction"})
    shapes = shapely.linestrings(walk[np.arange(count)[:, None] * 3 + np.arange(4)])
    pipes = pd.DataFrame(
        {
            "utility": "water",
            "code": [f"W-{number:06d}" for number in range(count)],
            "kind": "pipe",
            "from_node": codes[:-1],
            "to_node": codes[1:],
            "length_m": shapely.length(shapes),
            "diameter_mm": draw.choice([100.0, 200.0, 300.0], count),
            "material": draw.choice(["PE", "DI", "CI"], count),
            "status": "open",
            "direction": "both",
        }
    )
    made = {"nodes": (nodes, shapely.points(walk[::3])), "links": (pipes, shapes)}
    return {
        name: conform(gpd.GeoDataFrame(frame.assign(geom=gpd.GeoSeries(geom, crs=CRS)), geometry="geom"), name)
        for name, (frame, geom) in made.items()
    }


def timed(work: Callable[[], Any]) -> float:
    """Return seconds."""
    return both(work)[0]


def both(work: Callable[[], Any]) -> np.ndarray:
    """Return seconds by the clock, and of the processor: a busy machine bends only the first."""
    start = time.perf_counter(), time.process_time()
    work()
    return np.array([time.perf_counter(), time.process_time()]) - start


def plain_rows(frame: gpd.GeoDataFrame) -> Iterator[tuple[Any, ...]]:
    """Yield the rows as a plain program makes them."""
    table = pd.DataFrame(frame.drop(columns="geom"))
    for column in table.columns[table.dtypes.astype(str).str.startswith("datetime")]:
        table[column] = table[column].dt.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    objects = table.astype(object)
    geom = shapely.to_wkb(frame.geometry.to_numpy())
    return zip(geom, *(column for _, column in objects.where(objects.notna(), None).items()), strict=True)


def plain_save(path: Path, frame: gpd.GeoDataFrame) -> None:
    """Save incidents as a plain program does."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    names = ["geom", *(column.name for column in TABLES["incidents"].columns)]
    listed = ", ".join(f'"{name}"' for name in names)
    raw.execute(f"CREATE TABLE incidents (fid INTEGER PRIMARY KEY AUTOINCREMENT, {listed})")
    raw.execute("CREATE VIRTUAL TABLE tree USING rtree(id, minx, maxx, miny, maxy)")
    raw.execute("BEGIN IMMEDIATE")
    marks = ", ".join("?" * len(names))
    raw.executemany(f"INSERT INTO incidents ({listed}) VALUES ({marks})", plain_rows(frame))
    raw.execute("CREATE UNIQUE INDEX incidents_key ON incidents (code)")
    boxes = frame.geometry.bounds.dropna()
    rows = (
        (int(at) + 1, *box)
        for at, box in zip(boxes.index, boxes[["minx", "maxx", "miny", "maxy"]].to_numpy().tolist(), strict=True)
    )
    raw.executemany("INSERT INTO tree VALUES (?, ?, ?, ?, ?)", rows)
    raw.execute("COMMIT")
    raw.close()


def plain_read(path: Path) -> pd.DataFrame:
    """Read incidents as a plain program does."""
    raw = sqlite3.connect(path)
    frame = pd.read_sql(
        "SELECT * FROM incidents", raw, parse_dates=[c.name for c in TABLES["incidents"].columns if c.kind == "time"]
    )
    raw.close()
    return gpd.GeoDataFrame(frame, geometry=shapely.from_wkb(frame["geom"]), crs=CRS)


def plain_report(path: Path, turns: int) -> list[float]:
    """Return seconds of each of so many commits of two bare inserts."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE a (code TEXT UNIQUE, at TEXT, words TEXT)")
    raw.execute("CREATE TABLE b (code TEXT, at TEXT, actor TEXT)")

    def commit(turn: int) -> None:
        raw.execute("BEGIN IMMEDIATE")
        raw.execute("INSERT INTO a VALUES (?, ?, ?)", (str(turn), "2026-11-22T00:00:00.000Z", "漏水"))
        raw.execute("INSERT INTO b VALUES (?, ?, ?)", (str(turn), "2026-11-22T00:00:00.000Z", "dispatcher"))
        raw.execute("COMMIT")

    times = [timed(lambda turn=turn: commit(turn)) for turn in range(turns)]  # type: ignore[misc]
    raw.close()
    return times


REPORT = {"type": "leak", "channel": "phone", "geom": shapely.Point(520_000, 3_380_000), "text": "路口漏水"}


def saving_and_reading(folder: Path, rows: int) -> None:
    """Print saving and reading, ours and plain."""
    frame = incidents(rows)
    with create_store(folder / "ours.gpkg", crs=CRS) as store:
        ours = both(lambda: store.save({"incidents": frame}, actor="bench"))
        part = frame.iloc[: rows // 10]
        plain = both(lambda: plain_save(folder / "plain.db", part)) * rows / len(part)
        for words, own, other in zip(("", " of the processor"), ours, plain, strict=True):
            print(f"save {rows:,} incidents: {own:.1f} s{words}; plain {other:.1f} s, {as_fast(other, own)}")
    few = incidents(min(rows, 300_000))
    network = links(len(few) // 3)
    with create_store(folder / "read.gpkg", crs=CRS) as store:
        store.save({"incidents": few} | network, actor="bench")
    plain_save(folder / "read.db", few)
    bare = timed(lambda: plain_read(folder / "read.db"))
    for words, name, columns in (
        ("whole", "incidents", None),
        ("type, time and place", "incidents", ["type", "reported_at", "geom"]),
        ("whole", "links", None),
    ):
        with open_store(folder / "read.gpkg") as store:
            took = timed(lambda: store.table(name, columns=columns))  # noqa: B023 - called at once
            ratio = (
                f"; plain read_sql {bare:.2f} s, {as_fast(bare, took)}"
                if name == "incidents" and columns is None
                else ""
            )
            print(f"read {store.count(name):,} {name}, {words}: {took:.2f} s{ratio}")
            if columns is None:
                again = timed(lambda: store.table(name))  # noqa: B023 - called at once
                print(f"  again, nobody having written: {again * 1e6:.0f} us")
    with open_store(folder / "read.gpkg") as store:
        times = sorted(timed(lambda: store.find("W-0123")) for _ in range(20))
        print(f"find among {store.count('links') + store.count('nodes'):,} codes: {times[10] * 1e3:.0f} ms")


def quantiles(times: list[float]) -> tuple[float, float]:
    """Return p50 and p99 in milliseconds."""
    low, high = np.quantile(times, [0.5, 0.99]) * 1e3
    return float(low), float(high)


def reporting(folder: Path, turns: int) -> None:
    """Print single reports, ours and plain, and eight writers beside eight readers."""
    plain = plain_report(folder / "bare.db", turns)
    with open_store(folder / "read.gpkg") as store:
        times = [timed(lambda: store.report(REPORT, actor="bench")) for _ in range(turns)]
        (low, high), (bare, bare_high) = quantiles(times), quantiles(plain)
        print(
            f"report into {store.count('incidents'):,}: p50 {at_most(low, AIM_P50_MS, 'ms', '.2f')}, p99 "
            f"{at_most(high, AIM_P99_MS, 'ms', '.2f')}; two bare inserts p50 {bare:.2f} ms, p99 {bare_high:.2f} ms"
        )
        _crowd(store, turns)


def _crowd(store: Store, turns: int) -> None:
    """Print commits a second of eight writers beside eight readers, and what was lost or torn."""
    before, done, torn, times = store.count("incidents"), threading.Event(), [], []

    def write() -> None:
        times.extend(timed(lambda: store.report(REPORT, actor="bench")) for _ in range(turns // 8))

    def read() -> None:
        while not done.is_set():
            with store._connections.reading() as connection:
                found = connection.exec_driver_sql(
                    "SELECT (SELECT max(fid) FROM incidents), (SELECT max(fid) FROM incident_steps)"
                ).one()
            torn.extend([found] if found[0] - found[1] != offset else [])
            time.sleep(0.01)

    offset = store.count("incidents") - store.count("incident_steps")
    readers, writers = ([threading.Thread(target=work) for _ in range(8)] for work in (read, write))
    for thread in readers:
        thread.start()
    start = time.perf_counter()
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    took = time.perf_counter() - start
    done.set()
    for thread in readers:
        thread.join()
    lost = before + len(times) - store.count("incidents")
    low, high = quantiles(times)
    print(
        f"8 writers and 8 readers: {len(times) / took:,.0f} reports/s, p50 {low:.2f} ms, p99 {high:.2f} ms, "
        f"{at_most(lost, 0, 'lost', 'd')}, {at_most(len(torn), 0, 'torn', 'd')}"
    )


def main() -> None:
    """Print every comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--reports", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        saving_and_reading(Path(folder), options.rows)
        reporting(Path(folder), options.reports)


if __name__ == "__main__":
    main()
