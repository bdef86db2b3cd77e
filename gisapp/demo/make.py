"""A sample city as tables or as a store file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from gisapp.demo.city import Town, make_town
from gisapp.demo.incidents import Scene, incident_months
from gisapp.demo.people import leaders_of
from gisapp.demo.sites import make_sites
from gisapp.demo.sizes import CRS, SIZES, ZONE, Size
from gisapp.errors import InputError, StoreError
from gisapp.grids import grid_index, shapely_index
from gisapp.store import Store, create_store
from gisapp.tables import TABLES

_MONTHLY = ("incidents", "incident_history")
Progress = Callable[[int, int], None]


def city_tables(size: str, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return every table of a sample city.

    The same size and seed give the same rows on any machine. Meant for ``small`` and ``city``; the
    incidents of ``metro`` do not fit in memory with ease.
    """
    town = make_town(_size_named(size), seed)
    months = list(_months(town, size, seed))
    tables = town.tables | {name: pd.concat([month[name] for month in months], ignore_index=True) for name in _MONTHLY}
    return {name: tables[name] for name in TABLES}


def _months(town: Town, size: str, seed: int) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield the tables of incidents, month by month."""
    grids = town.tables["grids"]
    stream = np.random.SeedSequence([seed, 2])
    sites = make_sites(town.tables, town.customer_block, np.random.default_rng(stream.spawn(1)[0]))
    codes = grids["code"].to_numpy(dtype=object)
    leaders = leaders_of(town.tables["posts"])
    # The compiled index pays for itself from some hundred thousand points on.
    index = (grid_index if SIZES[size].incidents > 100_000 else shapely_index)(grids)
    scene = Scene(SIZES[size], sites, index, codes, leaders)
    for incidents, history in incident_months(scene, stream):
        yield dict(zip(_MONTHLY, (incidents, history), strict=True))


def make_city(path: str | os.PathLike[str], size: str, *, seed: int = 1, progress: Progress | None = None) -> None:
    """Write a sample city as a store at ``path``; it appears there whole or not at all."""
    _size_named(size)
    path = Path(path)
    if path.exists():
        raise StoreError(f"{path} exists already; remove it or give another name")
    staged = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with create_store(staged, crs=CRS, zone=ZONE, name=f"demo {size} {seed}") as store:
            store.save(
                city_tables(size, seed), actor="gisapp demo", note=f"size {size}, seed {seed}", progress=progress
            )
        _settle(staged, path)
    finally:
        for left in (staged, Path(f"{staged}-wal"), Path(f"{staged}-shm")):
            left.unlink(missing_ok=True)


def _save(store: Store, tables: dict[str, pd.DataFrame], size: str, seed: int) -> None:
    """Save tables that belong to the city of that size and seed."""
    store.save(
        {name: tables[name] for name in TABLES if name in tables}, actor="gisapp demo", note=f"{size}, seed {seed}"
    )


def _settle(staged: Path, path: Path) -> None:
    """Move the finished file to its name, safely on the disk."""
    with staged.open("rb+") as stream:
        os.fsync(stream.fileno())
    os.replace(staged, path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _size_named(size: str) -> Size:
    """Return the measures of a size."""
    if size not in SIZES:
        raise InputError(f"unknown size {size!r}", todo=f"use one of {', '.join(SIZES)}")
    return SIZES[size]
