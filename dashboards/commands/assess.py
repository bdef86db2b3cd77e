"""The command ``assess``: the facts of a month by unit, grid or person, as JSON or as a sheet."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import aware_moment, command, put_json, say, store_option
from gisapp.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.store import Store


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    about = (
        "Tell the facts of a month for its assessment: counts, on-time rate of every clock, arrival and repair, "
        "satisfaction, complete records. A person gives the scores. Exit status 1: nothing was reported."
    )
    made = command(
        commands,
        "assess",
        run_assess,
        about,
        "gisapp assess --month 2026-10 --by unit --format xlsx -o 2026-10.xlsx --store city.gpkg",
    )
    store_option(made)
    made.add_argument("--month", required=True, metavar="YYYY-MM", help="incidents reported in it")
    made.add_argument("--by", choices=("unit", "grid", "person"), default="unit")
    made.add_argument("--format", choices=("json", "xlsx"), default="json")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="judge the clocks then; now when absent")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def run_assess(options: argparse.Namespace) -> int:
    """Tell the facts of a month."""
    from gisapp.store import open_store

    if options.format == "xlsx" and options.out is None:
        raise InputError("a sheet is no text", todo="name its file with -o", field="-o")
    with open_store(options.store) as store:
        facts, rates = _told(store, options)
    if options.format == "xlsx":
        _put_sheet(facts, rates, options.out)
    else:
        rows = [{**_plain(row), "clocks": _clocks(rates, row["subject"])} for row in facts.to_dict("records")]
        put_json({"month": options.month, "by": options.by, "subjects": rows}, options.out)
    say(f"{options.month}: {int(facts['incidents'].sum())} incidents of {len(facts)} by {options.by}")
    return 0 if len(facts) else 1


def _told(store: Store, options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the facts, and the rates of the clocks."""
    from gisapp.incidents import clock_table, incidents_of
    from gisapp.incidents.assessment import assessed, assessment, clock_rates

    start, end = _month(options.month, store)
    every, steps, book = store.table("incidents"), store.table("incident_steps"), store.rule_book
    rows = every[(every["reported_at"] >= start) & (every["reported_at"] < end)]
    mine = steps[steps["incident_code"].isin(rows["code"])]
    records = assessed(incidents_of(rows, mine, book.life), start, end)
    now = options.at or datetime.now(UTC)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=now, zone=store.zone)
    return assessment(records, by=options.by), clock_rates(records, clocks, by=options.by)


def _month(text: str, store: Store) -> tuple[datetime, datetime]:
    """Return the first moment of a month and of the next one, in the store's zone."""
    from gisapp.times import parse_moment

    try:
        first = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        raise InputError(f"found {text!r}", todo="write a month such as 2026-10", field="--month") from None
    following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
    start, end = (parse_moment(str(day), store.zone).to_pydatetime() for day in (first, following))
    return start, end


def _clocks(rates: pd.DataFrame, subject: str) -> list[dict[str, Any]]:
    mine = rates[rates["subject"] == subject].drop(columns="subject")
    return [_plain(row) for row in mine.to_dict("records")]


def _plain(row: Any) -> dict[str, Any]:
    """Return a row as JSON says it."""
    import pandas as pd

    return {str(name): None if pd.isna(value) else value for name, value in row.items()}


def _put_sheet(facts: pd.DataFrame, rates: pd.DataFrame, target: Path) -> None:
    """Write both tables as sheets of one file."""
    import pandas as pd

    from gisapp.durable import replaced

    with replaced(target) as part, pd.ExcelWriter(part, engine="openpyxl") as book:
        facts.to_excel(book, sheet_name="facts", index=False)
        rates.to_excel(book, sheet_name="clocks", index=False)
