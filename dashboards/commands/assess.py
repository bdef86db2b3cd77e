"""The command ``assess``: the facts of a month by unit, grid or person, as JSON or as a sheet."""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import aware_moment, command, put_json, put_text, say, store_option
from dashboards.commands.spans import span_name, span_of, span_options
from dashboards.judging import assessed_sheet, sheet_html, sheet_xlsx
from gisapp.errors import InputError
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.rules import IncidentRules


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    about = (
        "Tell the facts of a month, quarter or year for its assessment: counts, on-time rate of every clock, arrival "
        "and repair, satisfaction, complete records. A person gives the scores. Exit status 1: nothing was reported."
    )
    made = command(
        commands,
        "assess",
        run_assess,
        about,
        "gisapp assess --month 2026-10 --by unit --format xlsx -o 2026-10.xlsx --store city.gpkg",
    )
    store_option(made)
    span_options(made)
    made.add_argument("--by", choices=("unit", "grid", "person"), default="unit")
    made.add_argument("--format", choices=("json", "xlsx", "html"), default="json")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans", help="of the page")
    made.add_argument("--at", type=aware_moment, metavar="TIME", help="judge the clocks then; now when absent")
    about = "what persons gave: subject, scored_by and each part, 0 to 100"
    made.add_argument("--scores", type=Path, metavar="SCORES.csv", help=about)
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def run_assess(options: argparse.Namespace) -> int:
    """Tell the facts of a span."""
    from gisapp.durable import replaced
    from gisapp.store import open_store

    if options.format == "xlsx" and options.out is None:
        raise InputError("a sheet is no text", todo="name its file with -o", field="-o")
    with open_store(options.store) as store:
        name, start, end = span_of(options, store)
        sheet = assessed_sheet(store, start, end, by=options.by, at=options.at)
        facts = _with_scores(sheet.facts, options.scores, store.rule_book.at(end - timedelta(seconds=1)))
        sheet = replace(sheet, facts=facts)
        if options.format == "html":
            put_text(sheet_html(sheet, store, by=options.by, span_name=name, language=options.lang), options.out)
    if options.format == "xlsx":
        with replaced(options.out) as part:
            part.write_bytes(sheet_xlsx(sheet))
    elif options.format == "json":
        rows = [{**plain_row(row), "clocks": _clocks(sheet.rates, row["subject"])} for row in facts.to_dict("records")]
        put_json({span_name(options): name, "by": options.by, "weights": sheet.weights, "subjects": rows}, options.out)
    say(f"{name}: {int(facts['incidents'].sum())} incidents of {len(facts)} by {options.by}")
    return 0 if len(facts) else 1


def _clocks(rates: pd.DataFrame, subject: str) -> list[dict[str, Any]]:
    mine = rates[rates["subject"] == subject].drop(columns="subject")
    return [plain_row(row) for row in mine.to_dict("records")]


def plain_row(row: Any) -> dict[str, Any]:
    """Return a row as JSON says it, moments in ISO 8601."""
    import pandas as pd

    told = {str(name): None if pd.isna(value) else value for name, value in row.items()}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}


def _with_scores(facts: pd.DataFrame, scores: Path | None, rules: IncidentRules) -> pd.DataFrame:
    """Return the facts with what persons gave, weighed by the rules of the last day of the span."""
    import pandas as pd

    from gisapp.incidents.scores import scored

    if scores is None:
        return facts
    try:
        given = pd.read_csv(scores, dtype={"subject": "str", "scored_by": "str"}, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", todo="give a CSV in UTF-8", file=str(scores)) from error
    return facts.merge(scored(given, rules), on="subject", how="outer")
