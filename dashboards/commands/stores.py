"""Commands that make a store, copy it whole, and bring an older one on."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from dashboards.commands.console import Progress, command, say, store_option
from gisapp.addresses import store_address
from gisapp.errors import InputError
from gisapp.times import DEFAULT_ZONE


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    demo = command(
        commands, "demo", run_demo, "Make the sample city.", "gisapp demo --size small --seed 1 --store city.gpkg"
    )
    demo.add_argument("--size", required=True, choices=("small", "city", "metro"))
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same city")
    store_option(demo)
    init = command(
        commands,
        "init",
        run_init,
        "Make an empty store.",
        "gisapp init --store my.gpkg --crs EPSG:4547 --name 示例水务",
    )
    store_option(init)
    init.add_argument("--crs", required=True, metavar="EPSG:N", help="the project's projected CRS, in metres")
    init.add_argument("--zone", default=DEFAULT_ZONE, help="time zone for reading and showing times")
    init.add_argument("--name", default="", help="the utility's or city's name on the screens")
    upgrade = command(
        commands,
        "upgrade",
        run_upgrade,
        "Bring a store that an older version made to this version; a backup of it is kept beside it.",
        "gisapp upgrade --store city.gpkg --dry-run",
    )
    store_option(upgrade)
    upgrade.add_argument("--dry-run", action="store_true", help="say what it would do, rehearse it, write nothing")
    upgrade.add_argument("--backup-folder", type=Path, metavar="FOLDER", help="where the backup goes")
    upgrade.add_argument("--no-backup", action="store_true", help="you have made a backup yourself")
    about = "Copy a store from a file to a server's database or back: every row, compared at the end, or nothing."
    group = command(commands, "store", run_copy, about, "gisapp store copy city.gpkg postgresql://gis@db.example/city")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    made = command(verbs, "copy", run_copy, about, "gisapp store copy city.gpkg postgresql://gis@db.example/city")
    made.add_argument("source", type=store_address, metavar="FROM", help="a GeoPackage, or postgresql://user@host/name")
    made.add_argument("target", type=store_address, metavar="TO", help="a new file, or a database that holds nothing")


def run_copy(options: argparse.Namespace) -> int:
    """Copy a store whole."""
    from gisapp.store import copy_whole

    found = copy_whole(options.source, options.target, progress=Progress("copying"))
    say(f"{options.target}: {len(found)} tables, every row as in {options.source}")
    return 0


def run_demo(options: argparse.Namespace) -> int:
    """Make the sample city."""
    from gisapp.demo import make_city
    from gisapp.store import open_store

    start = time.monotonic()
    if not isinstance(options.store, Path):
        todo = "make it in a file, then gisapp store copy FILE ADDRESS"
        raise InputError("the sample city is made in a file", todo=todo, field="--store")
    make_city(options.store, options.size, seed=options.seed, progress=Progress("making the city"))
    with open_store(options.store) as store:
        counts = {name: store.count(name) for name in ("grids", "customers", "links", "devices", "incidents")}
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    say(f"{options.store}: {listed} in {time.monotonic() - start:.0f} s")
    return 0


def run_init(options: argparse.Namespace) -> int:
    """Make an empty store."""
    from gisapp.crs import require_metres
    from gisapp.store import create_store
    from gisapp.times import zone_named

    require_metres(options.crs, "--crs")
    zone_named(options.zone)
    create_store(options.store, crs=options.crs, zone=options.zone, name=options.name).close()
    say(
        f"{options.store}: an empty store in {options.crs}; next: gisapp import FILE --store {options.store} --as grids"
    )
    return 0


def run_upgrade(options: argparse.Namespace) -> int:
    """Bring a store to this program's schema."""
    from gisapp.store import rehearse_upgrade, upgrade_store

    if options.dry_run:
        done = rehearse_upgrade(options.store)
    else:
        done = upgrade_store(options.store, beside=options.backup_folder, backed_up=not options.no_backup)
    if done is None:
        say(f"{options.store}: is up to date")
        return 0
    say(f"{options.store}: from schema {done.stored} to {done.wanted}")
    for version, brings in done.steps:
        say(f"  {version}  {brings}")
    rows, tables = sum(done.before.values()), len(done.before)
    told = f"{rows:,} rows in {tables} tables before, {sum(done.after.values()):,} in {len(done.after)} after"
    say(f"{told}; the steps took {done.took_s:.1f} s")
    if options.dry_run:
        say(f"rehearsed and taken back: nothing was written to {options.store}")
    else:
        say(f"{options.store}: upgraded" + (f"; {done.backup} is as it was" if done.backup else ""))
    return 0
