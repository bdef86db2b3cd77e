"""Commands on what the rules propose: ``proposals list``, ``proposals decide`` and ``proposals merit``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.assess import plain_row
from dashboards.commands.console import aware_moment, command, put_csv, put_json, say, store_option
from dashboards.commands.spans import span_of, span_options
from dashboards.judging import FINDINGS, found_proposals
from gisapp.errors import InputError
from gisapp.tables import VERDICTS

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.store import Store


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "List what the rules propose, and record what a person decides about it. Nothing is a verdict by itself."
    group = command(commands, "proposals", run_list, about, _of("list --month 2026-10"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    about = "List breaches, rewards, repeats and duties not done, each with its rows and article. Exit status 1: none."
    made = command(verbs, "list", run_list, about, _of("list --month 2026-10 --finding breach"))
    store_option(made)
    span_options(made)
    made.add_argument("--finding", action="append", choices=FINDINGS, help="only these; several times")
    made.add_argument("--unit", metavar="CODE", help="those that concern a unit")
    made.add_argument("--undecided", action="store_true", help="those that nobody has decided about")
    made.add_argument("--format", choices=("json", "csv"), default="json")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="judge the clocks then; now when absent")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    about = "Record what a person decides about a proposal; earlier decisions stay, the last one counts."
    example = "decide breach:20261001-000001:K2:1 confirmed --actor E020 --role manager --amount 200"
    made = command(verbs, "decide", run_decide, about, _of(example))
    made.add_argument("proposal", metavar="PROPOSAL", help="its id, as list tells it")
    made.add_argument("verdict", choices=VERDICTS)
    _deciding(made)
    about = "Record a merit that somebody else praised, with its sum in the range of the rules."
    made = command(
        verbs,
        "merit",
        run_merit,
        about,
        _of("merit city_media --whom unit --subject U07 --number 2026-11 --actor E020"),
    )
    made.add_argument("what", metavar="WHAT", help="whose praise: one of the rows penalty of the rules of incidents")
    made.add_argument("--whom", choices=("unit", "person"), default="unit")
    made.add_argument("--subject", required=True, metavar="CODE", help="the unit or person")
    made.add_argument("--number", required=True, metavar="TEXT", help="what tells it from others: a date, a letter")
    _deciding(made)


def _deciding(made: argparse.ArgumentParser) -> None:
    store_option(made)
    made.add_argument("--actor", required=True, metavar="CODE", help="the person who decides")
    made.add_argument("--role", default="manager", metavar="ROLE", help="as what they decide")
    for name, about in (("amount", "in yuan; the least of the range when absent"), ("base", "what it is a share of")):
        made.add_argument(f"--{name}", type=float, metavar="YUAN", help=about)
    made.add_argument("--note", metavar="TEXT", help="the reason")


def _of(words: str) -> str:
    return f"gisapp proposals {words} --store city.gpkg"


def run_list(options: argparse.Namespace) -> int:
    """List proposals; exit status 1 when there is none."""
    from gisapp.reports.proposals import with_decisions
    from gisapp.store import open_store

    with open_store(options.store) as store:
        name, start, end = span_of(options, store)
        found = with_decisions(found_proposals(store, start, end, options.at, say=say), store.table("decisions"))
    found = found[found["finding"].isin(options.finding or FINDINGS)]
    found = found[found["unit_code"] == options.unit] if options.unit else found
    found = found[found["verdict"].isna()] if options.undecided else found
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json({"span": name, "proposals": [plain_row(row) for row in found.to_dict("records")]}, options.out)
    counts = found["finding"].value_counts()
    say(f"{name}: {len(found)} proposals; " + ", ".join(f"{counts.get(one, 0)} {one}" for one in FINDINGS))
    return 0 if len(found) else 1


def run_decide(options: argparse.Namespace) -> int:
    """Record a decision."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        moment = _moment_of(store, options.proposal)
        found = found_proposals(store, moment, moment + timedelta(milliseconds=1), say=say)
        mine = found[found["proposal"] == options.proposal]
        if mine.empty:
            todo = "list the proposals of its month and choose one"
            raise InputError(f"there is no proposal {options.proposal!r}", todo=todo, field="proposal")
        row = plain_row(mine.iloc[0].to_dict())
        _decide(store, row, options.verdict, moment, options)
    return 0


def run_merit(options: argparse.Namespace) -> int:
    """Record a merit."""
    from gisapp.reports.deciding import merit
    from gisapp.store import open_store

    with open_store(options.store) as store:
        now = datetime.now(UTC)
        row = merit(options.what, options.whom, options.subject, store.rule_book.at(now), number=options.number)
        _decide(store, row, VERDICTS[0], now, options)
    return 0


def _decide(store: Store, row: dict[str, Any], verdict: str, day: datetime, options: argparse.Namespace) -> None:
    """Write a decision and tell it."""
    from gisapp.incidents import Actor
    from gisapp.reports.deciding import decision

    told = {name: getattr(options, name) for name in ("amount", "base", "note")}
    made = decision(row, verdict, Actor(options.actor, options.role), store.rule_book.at(day), **told)
    number = store.decide(made)
    put_json({"decision": number, **{name: made[name] for name in ("proposal", "verdict", "decided_by", "amount")}})


def _moment_of(store: Store, proposal: str) -> datetime:
    """Return when that of which a proposal speaks was reported, opened, repaired or turned."""
    finding, _, rest = proposal.partition(":")
    code = rest.split(":")[0]
    if finding == "unordered" and rest.count(":") > 1:
        try:
            return datetime.fromisoformat(rest.split(":", 2)[2])
        except ValueError:
            pass
    if finding == "unreported_site":
        steps = store.table("site_steps")
        started = steps.loc[((steps["site_code"] == code) & (steps["action"] == "start")).to_numpy(), "at"]
        return _first(started, proposal)
    if finding == "uncooperative":
        steps = store.table("shutoff_steps")
        mine = (steps["shutoff_code"] == code) & (steps["step"].astype("str") == rest.rpartition(":")[2])
        return _first(steps.loc[mine.to_numpy(), "at"], proposal)
    table, column = {
        "duty": ("shutoffs", "opened_at"), "repeat_repair": ("incidents", "repaired_at"),
    }.get(finding, ("incidents", "reported_at"))  # fmt: skip
    rows = store.table(table)
    return _first(rows.loc[(rows["code"] == code).to_numpy(), column].dropna(), proposal)


def _first(moments: pd.Series, proposal: str) -> datetime:
    """Return the first of the moments of a proposal; raise where there is none."""
    if moments.empty:
        todo = "list the proposals of its month and choose one"
        raise InputError(f"there is no proposal {proposal!r}", todo=todo, field="proposal")
    moment: datetime = moments.min().to_pydatetime(warn=False)
    return moment
