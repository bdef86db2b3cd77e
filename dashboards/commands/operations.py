"""Commands on shutoff operations: ``operation list``, ``show`` and ``together``; ``open``, ``record`` and so on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands import judged
from dashboards.commands.console import ACTOR, aware_moment, command, put_csv, put_json, say, store_option
from dashboards.judging import networks_in, records_in
from gisapp.errors import InputError
from gisapp.tables import UTILITIES

if TYPE_CHECKING:
    from gisapp.operations import Operation
    from gisapp.reports.coinciding import Coincidence

_AMENDED = ("reason", "place", "unit_code", "incident_code", "links", "planned_start", "planned_end")


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Keep planned works and emergencies as records, from the order to the last valve."
    group = command(commands, "operation", run_list, about, _of("list"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    _reading(verbs)
    judged.add_verbs(verbs)
    _writing(verbs)


def _reading(verbs: Any) -> None:
    """Add the verbs that only read."""
    made = command(verbs, "list", run_list, "List every shutoff operation, the newest first.", _of("list -o works.csv"))
    store_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")
    made = command(
        verbs,
        "together",
        run_together,
        "Name the operations that run at the same time, and whom that costs supply beyond what each costs alone. "
        "Exit status 1: none do.",
        _of("together"),
    )
    store_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def _writing(verbs: Any) -> None:
    """Add the verbs that write; each prints what stands then."""
    _opening(verbs)
    _recording(verbs)
    _amending(verbs)
    _operating(verbs)


def _opening(verbs: Any) -> None:
    """Add the verb that opens a record."""
    made = command(
        verbs,
        "open",
        run_open,
        "Open the record of an emergency, of planned work or of one customer's shutoff; prints its code.",
        _of("open --utility water --kind emergency --pipe W000120@35 --place 滨江路"),
    )
    store_option(made)
    made.add_argument("--utility", required=True, choices=UTILITIES)
    made.add_argument("--kind", required=True, choices=("planned", "emergency", "individual"))
    made.add_argument("--pipe", action="append", required=True, metavar="ID[@METRES]", help="several times for several")
    made.add_argument(
        "--stuck", action="append", default=[], metavar="CODE", help="a valve already found impossible to close"
    )
    for name in ("reason", "place", "unit_code", "applicant", "incident_code"):
        made.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT")
    _planned(made)
    made.add_argument("--drill", action="store_true", help="an exercise, in no statistic")


def _recording(verbs: Any) -> None:
    """Add the verb that records a step."""
    made = command(
        verbs,
        "record",
        run_record,
        "Record a step: a change of status (order, restore ...) or a fact (set_etr, inform_dispatch, post ...).",
        _of("record set_etr --shutoff S20261127-001 --value 2026-11-27T06:00:00+08:00"),
    )
    made.add_argument("action", metavar="ACTION")
    _one(made)
    for name, about in (("subject", "whom or what it concerns"), ("value", "the estimate, or one word"), ("note", "")):
        made.add_argument(f"--{name}", metavar="TEXT", help=about)
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="when it happened; now when absent")


def _amending(verbs: Any) -> None:
    """Add the verb that changes the head."""
    made = command(
        verbs,
        "amend",
        run_amend,
        "Change the head of an operation; what was and is stands in its steps.",
        _of("amend --shutoff S20261127-001 --planned-end 2026-12-01T18:00:00+08:00"),
    )
    _one(made)
    for name in ("reason", "place", "unit_code", "incident_code", "links"):
        made.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT")
    _planned(made)


def _operating(verbs: Any) -> None:
    """Add the verb that records what was done to a valve."""
    made = command(
        verbs,
        "valve",
        run_valve,
        "Record what was done to a valve or switch.",
        _of("valve WV000210 closed --utility water --shutoff S20261127-001 --turns 18"),
    )
    made.add_argument("device", metavar="CODE")
    made.add_argument("done", choices=("closed", "opened", "could_not_close", "could_not_open"))
    store_option(made)
    made.add_argument("--utility", required=True, choices=UTILITIES)
    made.add_argument("--shutoff", metavar="CODE", help="by whose order; without one it is an exception")
    made.add_argument("--turns", type=int, metavar="N")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="now when absent")


def _of(words: str) -> str:
    return f"gisapp operation {words} --store city.gpkg"


def _one(made: argparse.ArgumentParser) -> None:
    store_option(made)
    made.add_argument("--shutoff", required=True, metavar="CODE", help="the code of the operation")


def _planned(made: argparse.ArgumentParser) -> None:
    for name in ("start", "end"):
        made.add_argument(
            f"--planned-{name}", type=aware_moment, metavar="TIME", help="such as 2026-12-01T08:00:00+08:00"
        )


def run_list(options: argparse.Namespace) -> int:
    """List the operations; exit status 1 when there is none."""
    from gisapp.operations import operation_list
    from gisapp.store import open_store

    with open_store(options.store) as store:
        found = operation_list(store.table("shutoffs"), store.table("shutoff_steps"))
    put_csv(found, options.out)
    return 0 if len(found) else 1


def run_together(options: argparse.Namespace) -> int:
    """Name what coincides."""
    import pandas as pd

    from gisapp.reports.coinciding import coinciding
    from gisapp.store import open_store

    with open_store(options.store) as store:
        now = pd.Timestamp.now("UTC").to_pydatetime()
        found = coinciding(records_in(store), networks_in(store), store.table("valve_operations"), now=now)
    put_json([_told(one) for one in found], options.out)
    return 0 if found else 1


def _told(one: Coincidence) -> dict[str, Any]:
    return {
        "utility": one.utility,
        "shutoffs": list(one.codes),
        "starts_at": one.starts_at.isoformat(),
        "ends_at": one.ends_at.isoformat(),
        "extra": {"totals": dict(one.together.totals), "customers": one.together.extra["code"].tolist()},
    }


def run_open(options: argparse.Namespace) -> int:
    """Open a record; the links must be known."""
    from gisapp.store import open_store

    texts = ("utility", "kind", "reason", "place", "unit_code", "applicant", "incident_code")
    with open_store(options.store) as store:
        known = set(store.table("links").query("utility == @options.utility")["code"])
        for pipe in options.pipe:
            if pipe not in known and pipe.rpartition("@")[0] not in known:
                raise InputError(
                    f"unknown link {pipe!r} in {options.utility}", todo="give the code of a pipe or cable", field="pipe"
                )
        head = {name: getattr(options, name) for name in (*texts, "planned_start", "planned_end", "drill")}
        code = store.operations.open(head | {"links": ",".join(options.pipe)}, ACTOR, stuck=options.stuck)
    put_json({"shutoff": code})
    return 0


def run_record(options: argparse.Namespace) -> int:
    """Record a step."""
    from gisapp.store import open_store

    told = {name: getattr(options, name) for name in ("subject", "value", "note", "at")}
    with open_store(options.store) as store:
        after = store.operations.record(options.shutoff, options.action, ACTOR, **told)
    _tell(after)
    return 0


def run_amend(options: argparse.Namespace) -> int:
    """Change the head."""
    from gisapp.store import open_store

    given = {name: getattr(options, name) for name in _AMENDED}
    with open_store(options.store) as store:
        after = store.operations.amend(
            options.shutoff, {name: value for name, value in given.items() if value is not None}, ACTOR
        )
    _tell(after)
    return 0


def run_valve(options: argparse.Namespace) -> int:
    """Record what was done to a valve."""
    from gisapp.store import open_store

    done: dict[str, object] = {
        "utility": options.utility,
        "device_code": options.device,
        "action": options.done,
        "turns": options.turns,
        "shutoff_code": options.shutoff,
        **({"at": options.at} if options.at else {}),
    }
    with open_store(options.store) as store:
        store.operations.operate(done, ACTOR)
        if options.shutoff:
            _tell(store.operations.operation(options.shutoff))
        else:
            say(f"{options.device}: {options.done}, without an order")
    return 0


def _tell(operation: Operation) -> None:
    """Print where an operation stands."""
    from gisapp.operations import allowed

    put_json({"shutoff": operation.code, "status": operation.status, "allowed": list(allowed(operation))})
