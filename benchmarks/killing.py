"""A store of its own for one kill, processes that are killed, and what is wrong with the store after.

Nothing may be: it is whole, its audit verifies, and no more than one transaction is not anchored.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from dashboards.__main__ import main
from dashboards.drafting import plan_now, units_of_store
from gisapp.accounts import User
from gisapp.addresses import Address, store_address
from gisapp.crs import to_degrees
from gisapp.errors import StoreError
from gisapp.store import Store, create_store, open_store
from gisapp.store.auditing import FOLDER_VARIABLE
from gisapp.tables import conform

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Before:
    """What stood in a store before the operation, and what it needs: a file of so many rows, a plan, a key."""

    rows: int
    file: Path
    crs: str
    place: dict[str, str]
    incidents: int
    revision: int
    grids: int
    plan: str
    key: str


@dataclass
class Ground:
    """A store of its own for one round, in a folder of its own, its audit anchored in another."""

    store: Address
    folder: Path
    before: Before

    def size_of(self, suffix: str) -> int:
        """Return the bytes of a file beside the store, 0 where there is none."""
        path = Path(f"{self.store}{suffix}")
        return path.stat().st_size if path.exists() else 0


@dataclass
class Outcome:
    """What became of an operation that was killed."""

    done: bool
    told: bool
    faults: list[str]


def small_town(address: str | Path) -> Store:
    """Make a store with two grids of four units each, and their leaders."""
    x, y = 500_000.0, 3_400_000.0
    codes, since = ["G1", "G2"], pd.Timestamp("2024-01-01", tz="UTC")
    units = [shapely.box(x + 100 * n, y, x + 100 * n + 100, y + 100) for n in range(8)]
    grids = [shapely.box(x, y, x + 400, y + 100), shapely.box(x + 400, y, x + 800, y + 100)]
    posts = {"person_code": codes, "role": "grid_leader", "scope_kind": "grid", "scope": codes, "valid_from": since}
    store = create_store(address, crs="EPSG:4547")
    tables = {
        "grids": _shaped("grids", grids, code=codes, name=codes, utilities="water", valid_from=since),
        "unit_grids": _shaped("unit_grids", units, code=[f"U{n}" for n in range(8)]),
        "people": conform(pd.DataFrame({"code": codes, "name": ["甲", "乙"]}), "people"),
        "posts": conform(pd.DataFrame(posts), "posts"),
    }
    store.save(tables, actor="crash")
    return store


def _shaped(table: str, shapes: list[shapely.Geometry], **columns: object) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(columns | {"geom": shapes}, geometry="geom", crs="EPSG:4547")
    return gpd.GeoDataFrame(conform(frame, table))


def prepared(store: Store, file: Path, rows: int) -> Before:
    """Give a store an approved plan and somebody with a key, write a file of incidents, and note what stands."""
    code = store.plans.open(plan_now(store, units_of_store(store)), "crash", actor="crash")
    for step in ("submit", "approve"):
        store.plans.record(code, step, actor="crash")
    store.accounts.add(User("C1", "1 号台", ("customer_service", "dispatcher"), (), ()), None, actor="crash")
    key = store.accounts.add_token("C1", "crash", actor="crash")
    grids = store.table("grids")
    west, south, east, north = grids.total_bounds
    x, y = (start + (end - start) * np.linspace(0.4, 0.6, rows) for start, end in ((west, east), (south, north)))
    lines = (f"N{n:06},{x[n]:.2f},{y[n]:.2f},2026-10-{1 + n % 30:02}T08:00" for n in range(rows))
    file.write_text("code,x,y,reported_at\n" + "\n".join(lines) + "\n", encoding="utf-8")
    long, lat = to_degrees(store.crs).transform((west + east) / 2, (south + north) / 2)
    return Before(
        rows,
        file,
        crs=f"EPSG:{store.crs.to_epsg()}",
        place={"lat": str(lat), "long": str(long)},
        incidents=store.count("incidents"),
        revision=store.revision("incidents"),
        grids=len(grids),
        plan=code,
        key=key,
    )


@contextlib.contextmanager
def ground(base: Path | str, folder: Path, before: Before) -> Iterator[Ground]:
    """Give one kill its store: a copy of a file with its anchor elsewhere, or a server's database."""
    for place in (folder, folder / "points", folder / "anchors"):
        place.mkdir()
    store = store_address(base)
    if isinstance(store, Path):
        shutil.copy(store.with_name(f"{store.name}.anchor"), folder / "anchors")
        store = Path(shutil.copy(store, folder))
    file = Path(shutil.copy(before.file, folder))
    with _set(FOLDER_VARIABLE, str(folder / "anchors")):
        yield Ground(store, folder, replace(before, file=file))
    shutil.rmtree(folder)


@contextlib.contextmanager
def _set(variable: str, value: str) -> Iterator[None]:
    was = os.environ.get(variable)
    os.environ[variable] = value
    try:
        yield
    finally:
        if was is None:
            del os.environ[variable]
        else:
            os.environ[variable] = was


def store_words(on: Ground) -> list[str]:
    """Return the words that name the store on the command line."""
    return ["--store", getattr(on.store, "url", str(on.store))]


def asked(*words: str) -> tuple[int, str]:
    """Ask the command line within this process; return the exit status and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(list(words))
    return status, said.getvalue()


def faults_of_store(address: Address) -> list[str]:
    """Return what is wrong with a store: it cannot be read, or its audit does not verify."""
    try:
        with open_store(address) as store:
            for name in ("incidents", "grids"):
                store.table(name)
            verdict = store.verify_audit()
        wrong = _wrong_in_file(address) if isinstance(address, Path) else []
    except (StoreError, sqlite3.Error) as error:
        return [f"unreadable: {error}"]
    faults = [f"unreadable: {fault}" for fault in wrong]
    if verdict.fault:
        faults.append(f"audit: {verdict.fault}")
    behind = [remark for remark in verdict.remarks if "not anchored" in remark]
    if any(remark.startswith("rows") for remark in behind):  # one transaction that was killed before it was anchored
        faults.append(f"audit: {behind[0]}")
    return faults


def _wrong_in_file(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a file, its indexes of places and its triggers."""
    with closing(sqlite3.connect(path)) as raw:
        found = [words for (words,) in raw.execute("PRAGMA integrity_check") if words != "ok"]
        found += [f"a reference to nothing: {row}" for row in raw.execute("PRAGMA foreign_key_check")]
        for name in ("incidents", "grids"):
            told = raw.execute(f"SELECT rtreecheck('rtree_{name}_geom')").fetchone()[0]
            found += [] if told == "ok" else [f"index of {name}: {told}"]
            (placed,) = raw.execute(f'SELECT count(*) FROM "{name}" WHERE geom IS NOT NULL').fetchone()
            (indexed,) = raw.execute(f"SELECT count(*) FROM rtree_{name}_geom").fetchone()
            found += [] if placed == indexed else [f"index of {name}: {indexed} of {placed}"]
            (triggers,) = raw.execute(
                "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (name,)
            ).fetchone()
            found += [] if triggers == 9 else [f"{triggers} triggers on {name}"]
    return found
