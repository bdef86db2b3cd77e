"""The commands of what is personal: ``gisapp retention show|set|apply|forget``."""

from __future__ import annotations

import argparse
import getpass
import sys
from dataclasses import asdict
from typing import Any

import pandas as pd

from dashboards.commands.console import ACTOR, command, put_csv, say, store_option


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "How long what is personal is kept, what is due to go, and who asked to be forgotten."
    group = commands.add_parser(
        "retention",
        help=about,
        description=about,
        epilog="example:\n  gisapp retention show --store city.gpkg",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    inner = group.add_subparsers(dest="of_retention", required=True, metavar="WHAT")
    about = "List the settings, and how many rows are due."
    store_option(command(inner, "show", run_show, about, "gisapp retention show --store city.gpkg"))
    about = "Set how long or how much: track_days, session_days, export_rows, network_km2."
    made = command(inner, "set", run_set, about, "gisapp retention set track_days 60 --store city.gpkg")
    made.add_argument("name")
    made.add_argument("value", type=int)
    store_option(made)
    about = "Take away what is older than it is kept."
    made = command(inner, "apply", run_apply, about, "gisapp retention apply --dry-run --store city.gpkg")
    made.add_argument("--dry-run", action="store_true", help="only say what would go")
    store_option(made)
    about = "Take a person out of an account and its incidents, or out of the incidents of a number that is asked for."
    example = 'gisapp retention forget --account A0001 --why "letter of 1 December" --store city.gpkg'
    made = command(inner, "forget", run_forget, about, example)
    made.add_argument("--account", metavar="CODE", help="without it a telephone number is read from standard input")
    made.add_argument("--why", required=True, metavar="TEXT", help="who asked, and when; stands in the audit")
    store_option(made)


def run_show(options: argparse.Namespace) -> int:
    """List the settings and what is due."""
    with _open(options) as store:
        kept, due = store.retention.keeping(), store.retention.due()
    rows = [("setting", name, value) for name, value in asdict(kept).items()]
    rows += [("due", name, count) for name, count in due.items()]
    put_csv(pd.DataFrame(rows, columns=["what", "name", "value"]))
    return 0


def run_set(options: argparse.Namespace) -> int:
    """Set one of the settings."""
    from gisapp.retention import require_setting

    key = require_setting(options.name, options.value)
    with _open(options) as store:
        store.set_setting(key, options.value, actor=ACTOR)
    say(f"{options.name}: {options.value}")
    return 0


def run_apply(options: argparse.Namespace) -> int:
    """Take away what is due, or say what would go."""
    with _open(options) as store:
        told = store.retention.due() if options.dry_run else store.retention.apply(actor=ACTOR)
    said = ", ".join(f"{count:,} {name}" for name, count in told.items())
    say(f"would go: {said}; nothing was written" if options.dry_run else f"gone: {said}")
    return 0


def run_forget(options: argparse.Namespace) -> int:
    """Forget a person."""
    with _open(options) as store:
        if options.account:
            told = store.retention.forget_customer(options.account, actor=ACTOR, why=options.why)
        else:
            told = store.retention.forget_number(_number(), actor=ACTOR, why=options.why)
    say("without the person now: " + ", ".join(f"{count:,} {name}" for name, count in told.items()))
    say("backups made before still hold them: delete those, or forget again after a restore")
    return 0


def _number() -> str:
    return getpass.getpass("telephone number: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _open(options: argparse.Namespace) -> Any:
    from gisapp.store import open_store

    return open_store(options.store)
