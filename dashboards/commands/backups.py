"""Commands for backups: ``backup`` with ``verify``, ``point`` and ``drill``, and ``restore``."""

from __future__ import annotations

import argparse
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from dashboards.commands.console import command, say, store_option
from gisapp.errors import InputError, StoreError


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Copy a store, while others may write to it, into a file that is checked."
    backup = command(commands, "backup", run_backup, about, "gisapp backup --store city.gpkg -o city-20261128.gpkg")
    store_option(backup, required=False)
    backup.add_argument("-o", dest="out", type=Path, metavar="BACKUP")
    more = backup.add_subparsers(title="more about backups", metavar="")
    about = "Tell whether a backup still is what was made; one that is damaged is told by its pages and tables."
    verify = command(more, "verify", run_verify, about, "gisapp backup verify city-20261128.gpkg")
    verify.add_argument("backup", type=Path, metavar="BACKUP")
    about = "Make one of the backups of a folder, and keep the last so many."
    point = command(more, "point", run_point, about, "gisapp backup point --store city.gpkg --folder /backup --keep 96")
    _folder_options(point)
    point.add_argument("--keep", type=_count, default=96, metavar="N", help="how many are kept (96)")
    point.add_argument("--every", type=float, default=0, metavar="MIN", help="none where the newest is younger")
    about = "Bring the newest backup of a folder back into a temporary place, check it and open it as a server does."
    drill = command(more, "drill", run_drill, about, "gisapp backup drill --store city.gpkg --folder /backup")
    _folder_options(drill)
    about = "Bring a backup back as a new store, and compare every row."
    restore = command(commands, "restore", run_restore, about, "gisapp restore city-20261128.gpkg --store city.gpkg")
    restore.add_argument("backup", type=Path, metavar="BACKUP")
    store_option(restore)


def _folder_options(made: argparse.ArgumentParser) -> None:
    store_option(made)
    made.add_argument("--folder", required=True, type=Path, metavar="FOLDER", help="where its backups are")


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}; keep one or more")
    return int(text)


def run_backup(options: argparse.Namespace) -> int:
    """Copy a store."""
    from gisapp.store import backup_store

    for option, given in (("--store", options.store), ("-o", options.out)):
        if given is None:
            raise InputError(f"{option} is missing", todo="write gisapp backup --store FILE -o BACKUP")
    found = backup_store(options.store, options.out)
    say(f"{options.out}: {len(found)} tables, {options.out.stat().st_size / 1e6:.1f} MB, checked")
    return 0


def run_verify(options: argparse.Namespace) -> int:
    """Check a backup."""
    from gisapp.store import verify_backup

    proof = verify_backup(options.backup)
    say(
        f"{options.backup}: as it was made at {proof.made}: {len(proof.tables)} tables, {proof.size / 1e6:.1f} MB, "
        f"schema {proof.schema}, audit to row {proof.audit_row} ({proof.audit_hash[:16]})"
    )
    return 0


def run_point(options: argparse.Namespace) -> int:
    """Make a point."""
    from gisapp.store import make_point

    every = timedelta(minutes=options.every)
    point = make_point(options.store, options.folder, keep=options.keep, every=every)
    say(f"{options.folder}: none is due" if point is None else f"{point}: made")
    return 0


def run_restore(options: argparse.Namespace) -> int:
    """Bring a backup back."""
    from gisapp.store import restore_store

    found = restore_store(options.backup, options.store)
    say(f"{options.store}: {len(found)} tables, every row as in {options.backup}")
    return 0


def run_drill(options: argparse.Namespace) -> int:
    """Try whether the newest backup brings everything back."""
    from gisapp.durable import private_folder
    from gisapp.store import newest_point, restore_store, verify_backup

    point = newest_point(options.store, options.folder)
    if point is None:
        todo = f"make one by gisapp backup point --store {options.store}"
        raise InputError(f"there is no backup of {options.store.name}", todo=todo, file=str(options.folder))
    began = time.monotonic()
    proof = verify_backup(point)
    with private_folder("drill") as folder:
        again = folder / f"{options.store.name.removesuffix('.gpkg')}.gpkg"
        found = restore_store(point, again)
        if found != proof.tables:
            raise StoreError(f"{point} does not bring every row back; take another backup")
        rows, answered = _opened(again)
    say(f"{point.name}: made at {proof.made}, brought back in {time.monotonic() - began:.0f} s")
    say(f"  {len(found)} tables with equal digests, {rows}")
    say(f"  opened as a server does: {answered}")
    return 0


def _opened(path: Path) -> tuple[str, str]:
    """Open a store that was brought back, check its audit and ask its pages; return what was found in words."""
    from dashboards.app import create_app
    from gisapp.store import open_store

    with open_store(path) as store:
        verdict = store.verify_audit()
        if verdict.fault:
            raise StoreError(f"the audit of the backup is broken: {verdict.fault}")
        client = create_app(store).server.test_client()
        statuses = {address: client.get(address).status_code for address in ("/readyz", "/version", "/en/login")}
        if statuses["/version"] not in (200, 401):
            raise StoreError(f"a server on the backup does not answer: {statuses}")
        counts = ", ".join(f"{store.count(name):,} {name}" for name in ("grids", "customers", "incidents"))
    return f"audit whole to row {verdict.head.number}; {counts}", ", ".join(f"{a} {b}" for a, b in statuses.items())
