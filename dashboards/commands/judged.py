"""Commands that judge: ``operation show``, ``operation duties`` and ``operation unordered``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import command, put_csv, put_json, say, store_option
from dashboards.judging import counted_records, duties_in, duties_of, networks_in

if TYPE_CHECKING:
    from collections.abc import Callable

STATES = ("breached", "due_soon", "running", "not_judged", "met")


def add_verbs(verbs: Any) -> None:
    """Add the verbs of ``operation`` that judge."""
    made = _verb(verbs, "show", run_show, "Show one operation with its duties as JSON.", "show --shutoff S20261127-001")
    made.add_argument("--shutoff", required=True, metavar="CODE", help="the code of the operation")
    _own_rules(made)
    made = _verb(
        verbs,
        "duties",
        run_duties,
        "Judge every duty of every operation but drills, the newest operation first. Exit status 1: there is none.",
        "duties --state breached -o breached.csv",
    )
    made.add_argument("--state", action="append", choices=STATES, default=[], help="only these; several times")
    _own_rules(made)
    _verb(
        verbs,
        "unordered",
        run_unordered,
        "List who opened or closed a valve without an order. Exit status 1: nobody did.",
        "unordered",
    )


def _verb(verbs: Any, name: str, run: Callable[..., int], about: str, words: str) -> argparse.ArgumentParser:
    made = command(verbs, name, run, about, f"gisapp operation {words} --store city.gpkg")
    store_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    return made


def _own_rules(made: argparse.ArgumentParser) -> None:
    made.add_argument("--rules", type=Path, metavar="OWN.toml", help="your own copy of the rules of shutoffs")


def run_show(options: argparse.Namespace) -> int:
    """Show one operation."""
    from gisapp.operations import operation_json
    from gisapp.store import open_store

    with open_store(options.store) as store:
        operation = store.operations.operation(options.shutoff)
        found = duties_of(store, operation, networks_in(store), options.rules, say)
    put_json(operation_json(operation, found), options.out)
    return 0


def run_duties(options: argparse.Namespace) -> int:
    """Judge the operations that count."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        records = counted_records(store)
        table = duties_in(store, records, options.rules, say=say)
    found = table[table["state"].isin(options.state or STATES)]
    put_csv(found, options.out)
    counts = [f"{int((table['state'] == state).sum())} {state}" for state in STATES]
    say(f"{len(records)} operations: {', '.join(counts)}")
    return 0 if len(found) else 1


def run_unordered(options: argparse.Namespace) -> int:
    """List the operations of valves without an order."""
    from gisapp.operations import without_order
    from gisapp.store import open_store

    with open_store(options.store) as store:
        found = without_order(store.table("valve_operations"))
    put_csv(found.drop(columns=["note", "shutoff_code"]), options.out)
    return 0 if len(found) else 1
