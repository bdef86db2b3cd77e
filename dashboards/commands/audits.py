"""The commands of the audit: ``gisapp audit list|verify|anchor``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dashboards.commands.console import command, put_csv, say, store_option


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Who changed, saw and took out what, and whether that record is whole."
    group = command(commands, "audit", run_list, about, "gisapp audit verify --store city.gpkg")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    about = "List who changed what, who saw an incident in clear, and what left the house: who, when, what, how many."
    made = command(verbs, "list", run_list, about, "gisapp audit list --action export --store city.gpkg")
    store_option(made)
    made.add_argument("--action", metavar="TEXT", help="only actions that begin so: export, clear view, save ...")
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")
    about = "Tell whether the audit is whole; names the first row that was changed, taken out or put in, or a cut tail."
    store_option(command(verbs, "verify", run_verify, about, "gisapp audit verify --store city.gpkg"))
    about = "Append the head of the audit to its anchor, and print it."
    made = command(verbs, "anchor", run_anchor, about, "gisapp audit anchor --store city.gpkg")
    store_option(made)
    made.add_argument(
        "--anew", default="", metavar="REASON", help="why what was anchored before holds no more; is kept"
    )


def run_list(options: argparse.Namespace) -> int:
    """List the audit; exit status 1 when there is nothing in it."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        kept = store.audit()
    found = kept[kept["action"].str.startswith(options.action)] if options.action else kept
    put_csv(found, options.out)
    return 0 if len(found) else 1


def run_verify(options: argparse.Namespace) -> int:
    """Verify the audit; exit status 1 when something is wrong with it."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        found = store.verify_audit()
    for remark in found.remarks:
        say(f"{options.store}: {remark}")
    if found.fault:
        say(f"{options.store}: {found.fault}; what stands from there on is no evidence")
        return 1
    print(f"whole, {found.head.number} rows, head {found.head.number} {found.head.hash}")
    return 0


def run_anchor(options: argparse.Namespace) -> int:
    """Anchor the head of the audit."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        head = store.anchor_audit(anew=options.anew)
    print(f"{head.number} {head.hash}")
    return 0
