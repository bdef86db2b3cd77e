"""A sample city as tables or as a store file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from gisapp.demo.city import Town, make_town
from gisapp.demo.emergencies import EMERGENCY_DEMO_TABLES, emergency_tables
from gisapp.demo.following import FOLLOWING_TABLES, following_tables
from gisapp.demo.incidents import MONTHS, Scene, incident_months
from gisapp.demo.operations import OPERATION_TABLES, fit_bursts, operation_tables
from gisapp.demo.patrols import PATROL_TABLES, patrol_tables
from gisapp.demo.people import leaders_of, members_of
from gisapp.demo.sites import make_sites
from gisapp.demo.sizes import CRS, SIZES, ZONE, Size
from gisapp.demo.works import SITE_DEMO_TABLES, site_tables
from gisapp.durable import replaced
from gisapp.errors import InputError, StoreError
from gisapp.grids import grid_index, shapely_index
from gisapp.store import Store, create_store, open_store
from gisapp.store.auditing import begin_anchor
from gisapp.tables import TABLES, conform

Progress = Callable[[int, int], None]
_MONTHLY = ("incidents", "incident_steps")
_AT_ONCE = 1_000_000


def city_tables(size: str, seed: int = 1) -> dict[str, pd.DataFrame]:
    """Return every table of a sample city, in the order and shape of the data dictionary.

    The same size and seed give the same rows in every process. The CRS is EPSG:4547 (CGCS2000, three-degree
    zone at 114 E), the last day 2026-11-22. Meant for ``small`` and ``city``; the ten million incidents of
    ``metro`` want :func:`make_city`, which never holds more than a part of them.

    Parameters
    ----------
    size
        A key of :data:`SIZES`: ``small``, ``city`` or ``metro``.
    seed
        Another seed, another city.

    Raises
    ------
    InputError
        When there is no such size.
    """
    town = make_town(_size_named(size), seed)
    months = list(_months(*_scene(town, size, seed)))
    town.tables.update({name: pd.concat([month[name] for month in months], ignore_index=True) for name in _MONTHLY})
    bursts = _last_bursts([fit_bursts(month["incidents"]) for month in months])
    town.tables.update(operation_tables(town.tables, bursts, _chance(seed, 3)))
    town.tables.update(patrol_tables(town.tables, _chance(seed, 4)))
    town.tables.update(emergency_tables(town.tables, _chance(seed, 5)))
    town.tables.update(site_tables(town.tables, _chance(seed, 6)))
    town.tables.update(following_tables(town.tables, _chance(seed, 7)))
    return {name: town.tables[name] if name in town.tables else _none_of(name) for name in TABLES}


def _none_of(name: str) -> pd.DataFrame:
    """Return a table of which the city has no rows: nobody has drawn a boundary plan yet."""
    table = TABLES[name]
    rows = pd.DataFrame({column.name: pd.Series(dtype="object") for column in table.columns})
    if table.geometry:
        rows = gpd.GeoDataFrame(rows, geometry=gpd.GeoSeries([], crs=CRS)).rename_geometry("geom")
    return conform(rows, name)


def make_city(path: str | os.PathLike[str], size: str, *, seed: int = 1, progress: Progress | None = None) -> None:
    """Write a sample city as a store at ``path``; it appears there whole or not at all.

    Parameters
    ----------
    path
        A file that does not exist yet. The city is made in a file beside it, put on the disk and renamed.
    size, seed
        As for :func:`city_tables`.
    progress
        Called with steps done and steps in all; may raise ``Interrupted``, and then nothing is left.

    Raises
    ------
    StoreError
        When the file exists, or the disk is full.
    InputError
        When there is no such size, or the folder cannot be written.
    """
    _size_named(size)
    path = Path(path)
    if path.exists():
        raise StoreError(f"{path} exists already; remove it or give another name")
    with replaced(path) as staged:
        staged.unlink()  # a store is created where nothing stands
        with create_store(staged, crs=CRS, zone=ZONE, name=f"demo {size} {seed}", anchored=False) as store:
            _fill(store, size, seed, progress or _silent)
        begin_anchor(path, "a new store")
    with open_store(path) as store:
        store.anchor_audit()


def _fill(store: Store, size: str, seed: int, progress: Progress) -> None:
    """Put the city in an empty store: first what stands, then what happened, about a million incidents at once."""
    note, steps = f"{size}, seed {seed}", MONTHS + 6
    progress(0, steps)
    town = make_town(_size_named(size), seed)
    progress(3, steps)
    scene, stream = _scene(town, size, seed)
    standing = {name: town.tables[name] for name in TABLES if name in town.tables}
    store.save(standing, actor="gisapp demo", note=note, progress=lambda *_: progress(4, steps))
    del town, standing
    held: list[dict[str, pd.DataFrame]] = []
    bursts: list[pd.DataFrame] = []
    for month, tables in enumerate(_months(scene, stream), start=1):
        held.append(tables)
        bursts = [_last_bursts([*bursts, fit_bursts(tables["incidents"])])]
        progress(5 + month, steps)
        if month == MONTHS or sum(len(part["incidents"]) for part in held) >= _AT_ONCE:
            joined = {name: pd.concat([part[name] for part in held], ignore_index=True) for name in _MONTHLY}
            store.save(joined, actor="gisapp demo", note=note, progress=lambda *_, at=5 + month: progress(at, steps))
            held = []
    told = operation_tables({name: store.table(name) for name in OPERATION_TABLES}, bursts[0], _chance(seed, 3))
    told |= patrol_tables({name: store.table(name) for name in PATROL_TABLES}, _chance(seed, 4))
    told |= emergency_tables({name: store.table(name) for name in EMERGENCY_DEMO_TABLES}, _chance(seed, 5))
    told |= site_tables({name: store.table(name) for name in SITE_DEMO_TABLES}, _chance(seed, 6))
    known = told | {name: store.table(name) for name in FOLLOWING_TABLES if name not in told}
    told |= following_tables(known, _chance(seed, 7))
    store.save(told, actor="gisapp demo", note=note)
    progress(steps, steps)


def _last_bursts(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the newest of the bursts that an emergency can be told of: the few that may be needed."""
    return pd.concat(parts, ignore_index=True).tail(60)


def _chance(seed: int, stream: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, stream]))


def _silent(done: int, total: int) -> None:
    """Take progress and say nothing."""


def _scene(town: Town, size: str, seed: int) -> tuple[Scene, np.random.SeedSequence]:
    """Return the scene of a town's incidents and the stream of chance they are drawn from."""
    grids = town.tables["grids"]
    stream = np.random.SeedSequence([seed, 2])
    sites = make_sites(town.tables, town.customer_block, np.random.default_rng(stream.spawn(1)[0]))
    # The compiled index pays for itself from some hundred thousand points on.
    index = (grid_index if SIZES[size].incidents > 100_000 else shapely_index)(grids)
    codes = grids["code"].to_numpy(dtype=object)
    crews = {str(name): part["code"].to_numpy(dtype=object) for name, part in town.tables["crews"].groupby("utility")}
    posts = town.tables["posts"]
    return Scene(SIZES[size], sites, index, codes, leaders_of(posts), members_of(posts), crews), stream


def _months(scene: Scene, stream: np.random.SeedSequence) -> Iterator[dict[str, pd.DataFrame]]:
    """Yield the tables of incidents, month by month."""
    for incidents, steps in incident_months(scene, stream):
        yield dict(zip(_MONTHLY, (incidents, steps), strict=True))


def _size_named(size: str) -> Size:
    """Return the measures of a size."""
    if size not in SIZES:
        raise InputError(f"unknown size {size!r}", todo=f"use one of {', '.join(SIZES)}")
    return SIZES[size]
