"""Commands on what is to be done by a day, ``measures list|show|order|act``, and on leaders' work, ``diary``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.assess import plain_row
from dashboards.commands.console import ACTOR, aware_moment, command, put_csv, put_json, say, store_option
from gisapp.tables.measures import MEASURE_KINDS, NOTE_KINDS

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.measures import Measure

_PRESSING = ("overdue", "due_soon")


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Keep what must be done by a day: rectification, what a meeting resolved; and criticism that is circulated."
    group = command(commands, "measures", run_list, about, _of("list"))
    _measures(group.add_subparsers(dest="verb", required=True, metavar="VERB"))
    about = "Keep what leaders do in and for their grids: visits, talks, meetings."
    group = command(commands, "diary", run_notes, about, _diary("list --grid G001"))
    _notes(group.add_subparsers(dest="verb", required=True, metavar="VERB"))


def _of(words: str) -> str:
    return f"gisapp measures {words} --store city.gpkg"


def _diary(words: str) -> str:
    return f"gisapp diary {words} --store city.gpkg"


def _measures(verbs: Any) -> None:
    """Add the verbs on measures."""
    about = "List measures, the overdue first. Exit status 1: none."
    made = command(verbs, "list", run_list, about, _of("list --pressing"))
    _listing(made)
    made.add_argument("--kind", choices=MEASURE_KINDS)
    made.add_argument("--grid", metavar="CODE")
    made.add_argument("--subject", metavar="CODE", help="those of a unit or person")
    made.add_argument("--pressing", action="store_true", help="only what is overdue or due within three days")
    made = command(verbs, "show", run_show, "Show one measure as JSON.", _of("show M20261128-01"))
    made.add_argument("code", metavar="CODE")
    store_option(made)
    about = "Order a measure; prints its code. Who may: dispatcher and supervision, of a meeting also its leader."
    example = (
        "order rectification --subject U07 --due 2026-12-15 --summary 补齐阀门资料 --actor E020 --role supervision"
    )
    made = command(verbs, "order", run_order, about, _of(example))
    made.add_argument("kind", choices=MEASURE_KINDS)
    store_option(made)
    made.add_argument("--summary", required=True, metavar="TEXT", help="what is to be done, free of personal data")
    made.add_argument("--subject", required=True, metavar="CODE", help="the unit or person that it is given to")
    made.add_argument("--due", metavar="DATE", help="its last day; criticism has none")
    made.add_argument("--grid", metavar="CODE")
    made.add_argument("--incident", metavar="CODE", help="the incident that it rests on")
    made.add_argument("--meeting", type=int, metavar="N", help="the meeting that resolved it: its number in the diary")
    _acting(made)
    about = "Record a step: finish, check, send_back, extend, cancel, remark. Nobody checks their own work."
    made = command(verbs, "act", run_act, about, _of("act M20261128-01 finish --note 已补齐 --actor E011 --role unit"))
    made.add_argument("code", metavar="CODE")
    made.add_argument("action", metavar="ACTION")
    store_option(made)
    made.add_argument("--value", metavar="DATE", help="of extend: the new last day")
    made.add_argument("--note", metavar="TEXT", help="what was done, or why")
    _acting(made)


def _notes(verbs: Any) -> None:
    """Add the verbs on the diary."""
    about = "List what was noted, the newest first. Exit status 1: nothing."
    made = command(verbs, "list", run_notes, about, _diary("list --grid G001 --kind meeting"))
    _listing(made)
    made.add_argument("--grid", metavar="CODE")
    made.add_argument("--kind", choices=NOTE_KINDS)
    about = "Note a visit, a talk or a meeting; prints its number."
    example = "note visit --grid G001 --person E00001 --summary 沿线无积水"
    made = command(verbs, "note", run_note, about, _diary(example))
    made.add_argument("kind", choices=NOTE_KINDS)
    store_option(made)
    made.add_argument("--grid", required=True, metavar="CODE")
    made.add_argument("--person", required=True, metavar="CODE", help="who did it")
    made.add_argument("--whom", metavar="TEXT", help="who was met; kept, and told in no list")
    made.add_argument("--summary", required=True, metavar="TEXT", help="what was found or said, free of personal data")
    made.add_argument("--kept", metavar="FILE", help="where the minutes are kept")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="when it was; now when absent")
    about = "List the grids that their leader has not visited for long, or never. Exit status 1: none."
    made = command(verbs, "quiet", run_quiet, about, _diary("quiet --every-days 30"))
    _listing(made)
    made.add_argument("--every-days", type=float, default=30.0, metavar="DAYS", help="so often a leader visits (30)")


def _listing(made: argparse.ArgumentParser) -> None:
    store_option(made)
    made.add_argument("--format", choices=("json", "csv"), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def _acting(made: argparse.ArgumentParser) -> None:
    made.add_argument("--actor", default=ACTOR, metavar="CODE", help="who does it")
    made.add_argument("--role", default="supervision", metavar="ROLE", help="as what")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="when it happened; now when absent")


def run_list(options: argparse.Namespace) -> int:
    """List measures; exit status 1 when there is none."""
    from gisapp.measures import measure_list
    from gisapp.store import open_store

    with open_store(options.store) as store:
        today = datetime.now(store.zone).date()
        found = measure_list(store.table("measures"), store.table("measure_steps"), today=today, zone=store.zone)
    for column, value in (("kind", options.kind), ("grid_code", options.grid), ("subject", options.subject)):
        found = found[found[column] == value] if value is not None else found
    found = found[found["state"].isin(_PRESSING)] if options.pressing else found
    _put(found, options)
    counts = found["state"].value_counts()
    say(
        f"{len(found)} measures: " + ", ".join(f"{counts.get(one, 0)} {one}" for one in (*_PRESSING, "running", "late"))
    )
    return 0 if len(found) else 1


def run_show(options: argparse.Namespace) -> int:
    """Show one measure."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        measure, zone = store.measures.measure(options.code), store.zone
    names = ("code", "kind", "subject", "grid_code", "incident_code", "note_number", "ordered_by", "role", "status")
    columns = ("actor", "role", "action", "to_status", "value")
    steps: list[dict[str, Any]] = [
        {"at": one.at.isoformat(), **{name: getattr(one, name) for name in columns}} for one in measure.steps
    ]
    told = {name: getattr(measure, name) for name in names} | _until(measure, zone)
    put_json(told | {"summary": measure.summary, "steps": steps})
    return 0


def run_order(options: argparse.Namespace) -> int:
    """Order a measure."""
    from gisapp.store import open_store

    head: dict[str, object] = {
        "kind": options.kind,
        "summary": options.summary,
        "subject": options.subject,
        "due": options.due,
    }
    head |= {"grid_code": options.grid, "incident_code": options.incident, "note_number": options.meeting}
    with open_store(options.store) as store:
        code = store.measures.order(head, actor=options.actor, role=options.role, at=options.at)
        _tell(store.measures.measure(code), store.zone)
    return 0


def run_act(options: argparse.Namespace) -> int:
    """Record a step."""
    from gisapp.store import open_store

    told = {name: getattr(options, name) for name in ("actor", "role", "value", "note", "at")}
    with open_store(options.store) as store:
        _tell(store.measures.record(options.code, options.action, **told), store.zone)
    return 0


def run_notes(options: argparse.Namespace) -> int:
    """List the diary; exit status 1 when nothing is noted."""
    from gisapp.store import open_store
    from gisapp.tables import masked

    with open_store(options.store) as store:
        found = masked(store.table("grid_notes"), "grid_notes")
    for column, value in (("grid_code", options.grid), ("kind", options.kind)):
        found = found[found[column] == value] if value is not None else found
    found = found.sort_values(["at", "number"], ascending=False)
    _put(found, options)
    counts = found["kind"].value_counts()
    say(f"{len(found)} notes: " + ", ".join(f"{counts[one]} {one}" for one in counts.index))
    return 0 if len(found) else 1


def run_note(options: argparse.Namespace) -> int:
    """Note something."""
    from gisapp.store import open_store

    told: dict[str, object] = {name: getattr(options, name) for name in ("kind", "whom", "summary", "kept")}
    told |= {"grid_code": options.grid, "person_code": options.person} | ({"at": options.at} if options.at else {})
    with open_store(options.store) as store:
        put_json({"note": store.measures.note(told)})
    return 0


def run_quiet(options: argparse.Namespace) -> int:
    """List grids that nobody visits; exit status 1 when there is none."""
    import pandas as pd

    from gisapp.grids import grids_at
    from gisapp.reports.visits import TABLES, unvisited
    from gisapp.store import open_store

    now = datetime.now(UTC)
    with open_store(options.store) as store:
        tables = {name: store.table(name) for name in TABLES}
    grids = grids_at(tables["grids"], pd.Timestamp(now))
    found = unvisited(tables, now=now, every_days=options.every_days)
    _put(found, options)
    say(f"{len(found)} of {len(grids)} grids not visited by their leader for more than {options.every_days:g} days")
    return 0 if len(found) else 1


def _put(found: pd.DataFrame, options: argparse.Namespace) -> None:
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json([plain_row(row) for row in found.to_dict("records")], options.out)


def _until(measure: Measure, zone: Any) -> dict[str, Any]:
    days = {name: getattr(measure, name) for name in ("due", "first_due")}
    told: dict[str, Any] = {name: None if day is None else day.isoformat() for name, day in days.items()}
    return told | {"state": measure.state(datetime.now(zone).date(), zone)}


def _tell(measure: Measure, zone: Any) -> None:
    """Print where a measure stands."""
    from gisapp.measures import allowed

    told = {"measure": measure.code, "status": measure.status, "allowed": list(allowed(measure))}
    put_json(told | _until(measure, zone))
