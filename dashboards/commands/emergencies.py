"""Commands on emergencies: ``emergency list|show|open|act|materials|evaluate``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.assess import plain_row
from dashboards.commands.console import ACTOR, aware_moment, command, put_csv, put_json, say, store_option
from gisapp.errors import InputError
from gisapp.tables import EMERGENCY_KINDS, UTILITIES

if TYPE_CHECKING:
    import shapely

    from gisapp.emergencies import Emergency
    from gisapp.store import Store


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = (
        "Keep emergencies: who commands, which plan holds, who must be told, what material lies where, what is next."
    )
    group = command(commands, "emergency", run_list, about, _of("list"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    _reading(verbs)
    _writing(verbs)


def _of(words: str) -> str:
    return f"gisapp emergency {words} --store city.gpkg"


def _reading(verbs: Any) -> None:
    """Add the verbs that only read."""
    made = command(verbs, "list", run_list, "List emergencies, the newest first. Exit status 1: none.", _of("list"))
    store_option(made)
    made.add_argument("--drills", action="store_true", help="drills, too")
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")
    about = "Show one emergency as JSON: functions, tasks, times, plans, who must be told, and the nearest material."
    made = command(verbs, "show", run_show, about, _of("show E20261128-01"))
    made.add_argument("code", metavar="CODE")
    store_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    about = (
        "List material below its minimum, expired or not checked; with --near the nearest stores that have it. "
        "Exit status 1: none."
    )
    made = command(verbs, "materials", run_materials, about, _of("materials --near 528770,3386666 --item 水泵"))
    store_option(made)
    made.add_argument("--near", metavar="X,Y", help="a place in the store's CRS")
    made.add_argument("--item", metavar="TEXT", help="with --near: only what is called so")
    made.add_argument("--format", choices=("json", "csv"), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def _writing(verbs: Any) -> None:
    """Add the verbs that write; each prints what stands then."""
    about = "Open the record of an emergency or a drill; prints its code and the plans that fit."
    example = "open --kind burst --utility water --summary 滨江路爆管 --at 528770,3386666"
    made = command(verbs, "open", run_open, about, _of(example))
    store_option(made)
    made.add_argument("--kind", required=True, choices=EMERGENCY_KINDS)
    made.add_argument("--utility", choices=UTILITIES)
    made.add_argument("--summary", required=True, metavar="TEXT", help="what happened, free of personal data")
    for name in ("place", "shutoff_code", "incident_code"):
        made.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT")
    made.add_argument("--at", metavar="X,Y", help="where, in the store's CRS")
    made.add_argument("--opened-at", type=aware_moment, metavar="TIME", help="when it was reported; now when absent")
    made.add_argument("--drill", action="store_true", help="an exercise, in no statistic")
    made.add_argument("--actor", default=ACTOR, metavar="CODE")
    about = (
        "Record a step: one that moves the status (verify, activate, stand_down ...) or a fact (appoint, order_task)."
    )
    _acting(command(verbs, "act", run_act, about, _of("act E20261128-01 appoint --subject E001 --value commander")))
    about = "Record the evaluation once it is over, and what is to be done after it with its last day."
    made = command(
        verbs,
        "evaluate",
        run_evaluate,
        about,
        _of("evaluate E20261128-01 --note 阀门资料不全 --measure E020:2026-12-15:补测阀门"),
    )
    made.add_argument("code", metavar="CODE")
    store_option(made)
    made.add_argument("--note", required=True, metavar="TEXT", help="what was found")
    form = "WHO:DATE:WHAT"
    made.add_argument("--measure", action="append", default=[], metavar=form, help="several times for several")
    made.add_argument("--actor", default=ACTOR, metavar="CODE")


def _acting(made: argparse.ArgumentParser) -> None:
    made.add_argument("code", metavar="CODE")
    made.add_argument("action", metavar="ACTION")
    store_option(made)
    made.add_argument("--actor", default=ACTOR, metavar="CODE", help="who does it")
    told = {"subject": "person, function, material or number", "value": "level, function, day or quantity", "note": ""}
    for name, about in told.items():
        made.add_argument(f"--{name}", metavar="TEXT", help=about)
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="when it happened; now when absent")
    made.add_argument("--seen", metavar="STATUS", help="the status that was seen; refused when it has moved")


def run_list(options: argparse.Namespace) -> int:
    """List emergencies; exit status 1 when there is none."""
    from gisapp.emergencies import emergency_list
    from gisapp.store import open_store

    with open_store(options.store) as store:
        found = emergency_list(store.table("emergencies"), store.table("emergency_steps"), drills=options.drills)
    put_csv(found, options.out)
    return 0 if len(found) else 1


def run_show(options: argparse.Namespace) -> int:
    """Show one emergency."""
    from gisapp.emergencies import emergency_of
    from gisapp.store import open_store

    with open_store(options.store) as store:
        emergency = emergency_of(options.code, store.table("emergencies"), store.table("emergency_steps"))
        put_json(_shown(store, emergency), options.out)
    return 0


def _shown(store: Store, emergency: Emergency) -> dict[str, Any]:
    """Return an emergency with what the rules and tables add to it."""
    from gisapp.emergencies import around, emergency_json
    from gisapp.emergencies.around import TABLES
    from gisapp.rules import shutoff_rules

    now = datetime.now(UTC)
    day = emergency.opened_at.astimezone(store.zone).date()
    rules = shutoff_rules(day, store.kept_rules("shutoffs"))
    told = around(emergency, {name: store.table(name) for name in TABLES}, rules, now=now)
    rows = {
        name: [plain_row(row) for row in getattr(told, name).to_dict("records")]
        for name in ("plans", "informed", "materials")
    }
    return emergency_json(emergency, today=now.astimezone(store.zone).date()) | rows


def run_materials(options: argparse.Namespace) -> int:
    """List material."""
    from gisapp.emergencies import lacking, nearest_materials
    from gisapp.store import open_store

    now = datetime.now(UTC)
    if options.item is not None and options.near is None:
        raise InputError("--item without --near", todo="say near what place", field="--item")
    with open_store(options.store) as store:
        table = store.table("materials")
        if options.near is None:
            found = lacking(table, now=now)
        else:
            spot = _spot(options.near, "--near")
            found = nearest_materials(table, spot, now=now, item=options.item, most=20)
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json([plain_row(row) for row in found.to_dict("records")], options.out)
    if options.near is None:
        counts = found["reason"].value_counts()
        say(f"{len(found)} to see to: " + (", ".join(f"{counts[one]} {one}" for one in counts.index) or "nothing"))
    return 0 if len(found) else 1


def _spot(text: str, field: str) -> shapely.Point:
    """Return a place that was written as two numbers."""
    import shapely

    try:
        x, y = map(float, text.split(","))
    except ValueError:
        todo = "give east and north in the store's CRS, such as 528770,3386666"
        raise InputError(f"found {text!r}", todo=todo, field=field) from None
    return shapely.Point(x, y)


def run_open(options: argparse.Namespace) -> int:
    """Open a record."""
    from gisapp.emergencies import plans_for
    from gisapp.store import open_store

    names = ("kind", "utility", "summary", "place", "shutoff_code", "incident_code", "drill")
    head = {name: getattr(options, name) for name in names}
    head |= {"opened_at": options.opened_at} if options.opened_at else {}
    head |= {"geom": _spot(options.at, "--at")} if options.at else {}
    with open_store(options.store) as store:
        code = store.emergencies.open(head, options.actor)
        plans = plans_for(store.table("emergency_plans"), options.kind, utility=options.utility)
    put_json({"emergency": code, "plans": plans["code"].tolist()})
    return 0


def run_act(options: argparse.Namespace) -> int:
    """Record a step."""
    from gisapp.store import open_store

    told = {name: getattr(options, name) for name in ("subject", "value", "note", "at", "seen")}
    with open_store(options.store) as store:
        _tell(store.emergencies.record(options.code, options.action, options.actor, **told))
    return 0


def run_evaluate(options: argparse.Namespace) -> int:
    """Record the evaluation and its measures, all of them or, where one is wrong, none."""
    from datetime import date

    from gisapp.store import open_store

    measures = [tuple(one.split(":", 2)) for one in options.measure]
    for one in measures:
        try:
            whole = len(one) == 3 and all(one) and bool(date.fromisoformat(one[1]))
        except ValueError:
            whole = False
        if not whole:
            todo = "write who, the last day and what, such as E020:2026-12-15:补测阀门"
            raise InputError(f"found {':'.join(one)!r}", todo=todo, field="--measure")
    planned = [("plan_measure", {"subject": who, "value": day, "note": what}) for who, day, what in measures]
    with open_store(options.store) as store:
        steps = [("evaluate", {"note": options.note}), *planned]
        _tell(store.emergencies.record_all(options.code, steps, options.actor))
    return 0


def _tell(emergency: Emergency) -> None:
    """Print where an emergency stands."""
    from gisapp.emergencies import allowed

    pending = [one.number for one in (*emergency.tasks, *emergency.measures) if one.done_at is None]
    told = {"emergency": emergency.code, "status": emergency.status, "allowed": list(allowed(emergency))}
    put_json(told | {"open": pending})
