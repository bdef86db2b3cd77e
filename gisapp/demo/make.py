"""A sample city as tables or as a store file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gisapp.demo.city import town_tables
from gisapp.demo.sizes import CRS, SIZES, ZONE, Size
from gisapp.errors import InputError, StoreError
from gisapp.store import create_store
from gisapp.tables import TABLES, conform

Progress = Callable[[int, int], None]


def city_tables(size: str, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return every table of a sample city."""
    tables = town_tables(_size_named(size), seed)
    empty = {name: TABLES[name] for name in ("incidents", "incident_history")}
    for name, table in empty.items():
        columns = [column.name for column in table.columns] + (["geom"] if table.geometry else [])
        tables[name] = conform(pd.DataFrame({column: [] for column in columns}), name)
        if table.geometry:
            tables[name] = tables[name].set_crs(CRS)
    return {name: tables[name] for name in TABLES if name in tables}


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
