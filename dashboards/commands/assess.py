"""The command ``assess``: the facts of a month by unit, grid or person, as JSON or as a sheet."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import aware_moment, command, put_json, put_text, say, store_option
from dashboards.commands.spans import span_name, span_of, span_options
from gisapp.errors import InputError
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.rules import IncidentRules
    from gisapp.store import Store


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
    from gisapp.incidents.scores import shares
    from gisapp.store import open_store

    if options.format == "xlsx" and options.out is None:
        raise InputError("a sheet is no text", todo="name its file with -o", field="-o")
    with open_store(options.store) as store:
        name, start, end = span_of(options, store)
        facts, rates = _told(store, options, start, end)
        rules, issuer = store.rule_book.at(end - timedelta(seconds=1)), str(store.setting("issuer") or store.name)
    weights, facts = shares(rules), _with_scores(facts, options.scores, rules)
    if options.format == "xlsx":
        _put_sheet(facts, rates, weights, options.out)
    elif options.format == "html":
        put_text(_page(facts, rates, weights, options, span=name, issuer=issuer), options.out)
    else:
        rows = [{**plain_row(row), "clocks": _clocks(rates, row["subject"])} for row in facts.to_dict("records")]
        put_json({span_name(options): name, "by": options.by, "weights": weights, "subjects": rows}, options.out)
    say(f"{name}: {int(facts['incidents'].sum())} incidents of {len(facts)} by {options.by}")
    return 0 if len(facts) else 1


def _told(
    store: Store, options: argparse.Namespace, start: datetime, end: datetime
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the facts, and the rates of the clocks."""
    from gisapp.incidents import clock_table, incidents_of
    from gisapp.incidents.assessment import assessed, assessment, clock_rates

    every, steps, book = store.table("incidents"), store.table("incident_steps"), store.rule_book
    rows = every[(every["reported_at"] >= start) & (every["reported_at"] < end)]
    mine = steps[steps["incident_code"].isin(rows["code"])]
    records = assessed(incidents_of(rows, mine, book.life), start, end)
    now = options.at or datetime.now(UTC)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=now, zone=store.zone)
    return assessment(records, by=options.by), clock_rates(records, clocks, by=options.by)


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


def _page(
    facts: pd.DataFrame,
    rates: pd.DataFrame,
    weights: dict[str, float],
    options: argparse.Namespace,
    *,
    span: str,
    issuer: str,
) -> str:
    """Return the tables as one page that prints."""
    from gisapp.reports.as_html import text_html
    from gisapp.reports.assessing import assessment_text
    from gisapp.reports.texts import Edition

    text = assessment_text(facts, rates, weights, by=options.by, span=span, language=options.lang)
    return text_html(Edition(text, span), issuer=issuer)


def _put_sheet(facts: pd.DataFrame, rates: pd.DataFrame, weights: dict[str, float], target: Path) -> None:
    """Write the tables as sheets of one file."""
    import pandas as pd

    from gisapp.durable import replaced
    from gisapp.harmless import harmless_cells

    with replaced(target) as part, pd.ExcelWriter(part, engine="openpyxl") as book:
        harmless_cells(facts).to_excel(book, sheet_name="facts", index=False)
        harmless_cells(rates).to_excel(book, sheet_name="clocks", index=False)
        pd.Series(weights, name="share").rename_axis("part").to_excel(book, sheet_name="weights")
