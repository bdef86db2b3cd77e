"""Commands on incidents: ``incidents list``, ``incidents show`` and ``incidents act``."""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import (
    ACTOR,
    aware_moment,
    command,
    put_csv,
    put_json,
    put_json_in_clear,
    say,
    store_option,
)
from gisapp.limits import STATES
from gisapp.tables import INCIDENT_TYPES, STATUSES, UTILITIES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.store import Store

_LISTS = {"statuses": "status", "types": "type", "clocks": "clock"}


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    from gisapp.incidents import ROLES

    about = "List incidents with their clocks, show one with what may follow, and record what was done."
    group = command(commands, "incidents", run_list, about, _of("list"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    _listing(verbs)
    about = "Show one incident as JSON: its steps, its clocks, what may follow, its grid and its unit with the reasons."
    made = command(verbs, "show", run_show, about, _of("show 20261127-000001"))
    made.add_argument("code", metavar="CODE")
    store_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    made.add_argument("--role", choices=ROLES, help="as what it is read; restricted ones only by some")
    made.add_argument("--clear", metavar="REASON", help="show phone, name, address and words too; it is written down")
    made.add_argument("--actor", default=ACTOR, metavar="CODE", help="who looks")
    about = "Record a step: one that moves the status (dispatch, accept, arrive ...) or a fact (remark, mark ...)."
    made = command(verbs, "act", run_act, about, _of("act 20261127-000001 dispatch --role dispatcher --subject U07"))
    made.add_argument("code", metavar="CODE")
    made.add_argument("action", metavar="ACTION")
    store_option(made)
    made.add_argument("--role", required=True, choices=ROLES, help="as what it is done")
    made.add_argument("--actor", default=ACTOR, metavar="CODE", help="who does it: a person, crew or unit")
    for name, about in (("subject", "unit, crew, incident or mark"), ("value", "one word, or a moment"), ("note", "")):
        made.add_argument(f"--{name}", metavar="TEXT", help=about)
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="when it happened; now when absent")
    made.add_argument("--seen", type=int, metavar="N", help="steps that were seen; refused when there are more")


def _listing(verbs: Any) -> None:
    """Add the verb that lists."""
    from gisapp.incidents import ROLES

    about = "List what is still open, the most urgent first. Exit status 1: nothing is."
    made = command(verbs, "list", run_list, about, _of("list --clock breached --unit U07"))
    store_option(made)
    made.add_argument("--all", action="store_true", help="what is over, too")
    made.add_argument("--status", action="append", choices=STATUSES, metavar="STATUS", help="several times for several")
    made.add_argument("--type", action="append", choices=INCIDENT_TYPES, metavar="TYPE")
    made.add_argument("--utility", choices=UTILITIES)
    made.add_argument("--unit", metavar="CODE", help="those of a unit")
    made.add_argument("--grid", metavar="CODE", help="those in a grid")
    made.add_argument("--clock", action="append", choices=STATES, help="those whose worst clock is so")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="judge the clocks then; now when absent")
    made.add_argument("--role", choices=ROLES, help="as what it is read; restricted ones only by some")
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")


def _of(words: str) -> str:
    return f"gisapp incidents {words} --store city.gpkg"


def run_list(options: argparse.Namespace) -> int:
    """List incidents; exit status 1 when there is none."""
    from gisapp.reports.waiting import Chosen, waiting
    from gisapp.store import open_store

    lists: dict[str, Any] = {name: tuple(getattr(options, one) or ()) for name, one in _LISTS.items()}
    one_of: dict[str, Any] = {name: getattr(options, name) or "" for name in ("utility", "unit", "grid")}
    told: dict[str, Any] = {"now": _now(options.at), "role": options.role, "over": options.all}
    with open_store(options.store) as store:
        rows, steps = store.incidents.waiting() if not options.all else _all(store)
        found = waiting(rows, steps, store.rule_book, chosen=Chosen(**lists, **one_of), **told)
    put_csv(found, options.out)
    counts = [f"{int((found['clock_state'] == state).sum())} {state}" for state in STATES]
    say(f"{len(found)} incidents by their worst clock: {', '.join(counts)}")
    return 0 if len(found) else 1


def _all(store: Store) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all incidents and all their steps."""
    return store.table("incidents"), store.table("incident_steps")


def run_show(options: argparse.Namespace) -> int:
    """Show one incident."""
    from gisapp.incidents import clocks, incident_json
    from gisapp.incidents.seeing import require_visible
    from gisapp.reports.routes import TABLES
    from gisapp.reports.waiting import answers_of
    from gisapp.store import open_store

    with open_store(options.store) as store:
        incident = store.incidents.incident(options.code)
        book = store.rule_book
        require_visible(incident, book, options.role)
        rules = book.at(incident.reported_at)
        told = clocks(incident, rules, now=_now(None), zone=store.zone)
        shown = incident_json(incident, told)
        tables = {name: store.table(name) for name in (*TABLES, "posts")}
        shown["routes"] = answers_of(incident, store.incidents.alongside(incident), tables, book)
        if options.clear is None:
            put_json(shown, options.out)
        else:
            who = {"actor": options.actor, "role": options.role or "", "why": options.clear}
            put_json_in_clear(shown | {"clear": store.incidents.in_clear(options.code, **who)}, options.out)
    return 0


def run_act(options: argparse.Namespace) -> int:
    """Record a step."""
    from gisapp.incidents import allowed
    from gisapp.store import open_store

    told = {name: getattr(options, name) for name in ("subject", "value", "note", "at", "seen")}
    with open_store(options.store) as store:
        after = store.incidents.record(options.code, options.action, actor=options.actor, role=options.role, **told)
    put_json(
        {"incident": after.code, "status": after.status, "steps": len(after.steps), "allowed": list(allowed(after))}
    )
    return 0


def _now(moment: datetime | None) -> datetime:
    from datetime import UTC

    return moment or datetime.now(UTC)
