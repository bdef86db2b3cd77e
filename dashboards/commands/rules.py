"""Commands on the rules of the house: ``rules check``, ``rules print`` and ``rules keep``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from dashboards.commands.console import ACTOR, command, put_text, say, store_option
from gisapp.addresses import store_address

TOPICS = ("shutoffs", "incidents", "workload", "places")


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Check, print and keep the rules of the house: limits, routes, levels, each row with its article."
    group = command(commands, "rules", run_check, about, "gisapp rules check own.toml")
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    about = "Check a rule file, or those that come with the program, and name the row that is wrong."
    made = command(verbs, "check", run_check, about, "gisapp rules check own.toml")
    made.add_argument("file", nargs="?", type=Path, metavar="FILE", help="your own copy; ours when absent")
    about = "Print the rules that hold, as a file to edit and give back."
    made = command(verbs, "print", run_print, about, "gisapp rules print incidents --store city.gpkg -o own.toml")
    made.add_argument("topic", choices=TOPICS)
    made.add_argument("--store", type=store_address, metavar="STORE", help="a store, whose own rules come before ours")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    about = "Check your own rules and keep them in a store, or go back to those that come with the program."
    made = command(verbs, "keep", run_keep, about, "gisapp rules keep own.toml --store city.gpkg")
    store_option(made)
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("file", nargs="?", type=Path, metavar="OWN.toml")
    which.add_argument("--ours", choices=TOPICS, help="give up your own rules of this topic")


def run_check(options: argparse.Namespace) -> int:
    """Check a rule file."""
    from gisapp.rules import checked_rules

    for found in checked_rules(options.file):
        counts = ", ".join(f"{count} {kind}" for kind, count in found.rows.items())
        reach = f"; holidays to {found.holidays_to}" if found.holidays_to else ""
        say(f"{options.file or 'ours'}: rules of {found.topic}: {counts}{reach}")
    return 0


def run_print(options: argparse.Namespace) -> int:
    """Print the rules that hold."""
    from gisapp.rules import rule_text
    from gisapp.store import open_store

    own = None
    if options.store is not None:
        with open_store(options.store) as store:
            own = store.kept_rules(options.topic)
    put_text(own or rule_text(options.topic), options.out)
    return 0


def run_keep(options: argparse.Namespace) -> int:
    """Keep a utility's own rules, or go back to ours."""
    from gisapp.rules import checked_rules
    from gisapp.store import open_store

    with open_store(options.store) as store:
        if options.ours:
            store.keep_rules(options.ours, None, actor=ACTOR)
        else:
            (found,) = checked_rules(options.file)  # names the file where a row is wrong
            store.keep_rules(found.topic, options.file.read_text(encoding="utf-8"), actor=ACTOR)
    say(f"{options.store}: {'our rules hold' if options.ours else 'your own rules are kept'}")
    return 0
