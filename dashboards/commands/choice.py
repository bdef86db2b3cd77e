"""What the commands that count incidents ask alike: a store, a period, types, a utility; and how they answer."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.commands.console import put_csv, put_json, store_option
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES, UTILITIES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.store import Store


def choice_options(made: argparse.ArgumentParser) -> None:
    """Add ``--store``, the period, types, utility, format and ``-o``."""
    store_option(made)
    made.add_argument("--from", dest="first", metavar="DATE", help="first day; that of the first incident when absent")
    made.add_argument("--to", dest="last", metavar="DATE", help="last day; that of the last incident when absent")
    made.add_argument("--type", dest="types", action="append", choices=INCIDENT_TYPES, help="several times for several")
    made.add_argument("--utility", choices=UTILITIES, help="all when absent")
    made.add_argument("--format", choices=("json", "csv"), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE", help="standard output when absent")


def period_of(store: Store, options: argparse.Namespace) -> tuple[date, date]:
    """Return first and last day asked for; those of all incidents where none is."""
    from gisapp.times import local_days, parse_day

    days = local_days(store.table("incidents", columns=["reported_at"])["reported_at"], store.zone)
    if not len(days):
        raise InputError("the store holds no incidents", todo="import some first", file=str(options.store))
    first = parse_day(options.first) if options.first else days.min().astype(date)
    last = parse_day(options.last) if options.last else days.max().astype(date)
    return first, last


def of_utility(frame: pd.DataFrame, utility: str | None) -> pd.DataFrame:
    """Return the rows of one utility, all when none is named."""
    return frame if utility is None else frame[(frame["utility"] == utility).to_numpy()]


def choice_told(
    options: argparse.Namespace, period: tuple[date, date], types: Sequence[str] = INCIDENT_TYPES
) -> dict[str, object]:
    """Return what was asked, as it stands at the head of an answer."""
    days = {"from": str(period[0]), "to": str(period[1])}
    return days | {"types": options.types or list(types), "utility": options.utility}


def put_answer(options: argparse.Namespace, head: dict[str, object], name: str, table: pd.DataFrame) -> None:
    """Write an answer: the rows alone as CSV, with what was asked as JSON."""
    if options.format == "csv":
        small = [column for column in ("p", "q") if column in table]
        shown = {column: table[column].map(lambda value: f"{value:.3g}", na_action="ignore") for column in small}
        put_csv(table.assign(**shown), options.out)
        return
    rows = json.loads(table.to_json(orient="records", date_format="iso", double_precision=15))
    put_json(head | {name: rows}, options.out)
