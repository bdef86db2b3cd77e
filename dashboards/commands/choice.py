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

    from gisapp.partitions import Choice, Cluster, Part
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


def parts_options(made: argparse.ArgumentParser) -> None:
    """Add ``--incidents`` and ``--cluster``."""
    made.add_argument(
        "--incidents",
        type=Path,
        metavar="PARTS",
        help="a GeoParquet file, or a folder of them, instead of the store's incidents: as many as there are",
    )
    cluster_option(made)


def cluster_option(made: argparse.ArgumentParser) -> None:
    """Add ``--cluster``."""
    about = "work with a dask cluster: tcp://host:port of its scheduler, or local for all processors of this machine"
    made.add_argument("--cluster", metavar="ADDRESS|local", help=about)


def parts_asked(store: Store, options: argparse.Namespace) -> tuple[list[Part], Choice, Cluster] | None:
    """Return the parts of ``--incidents``, what is asked of them, and who works; None when the store's are meant."""
    from gisapp.partitions import Choice, Cluster, days_of, parts_of
    from gisapp.partitions.counts import COLUMNS
    from gisapp.times import parse_day

    if options.incidents is None:
        if options.cluster:
            todo = "name files with --incidents, written by `gisapp export incidents --format parquet`"
            raise InputError("a cluster does not read the store", todo=todo, field="--cluster")
        return None
    parts = parts_of(options.incidents, crs=store.crs, columns=COLUMNS)
    known = days_of(parts, store.zone) if not (options.first and options.last) else None
    first = parse_day(options.first) if options.first or known is None else known[0]
    last = parse_day(options.last) if options.last or known is None else known[1]
    types = tuple(options.types) if options.types else None
    return parts, Choice(store.zone, first, last, types, options.utility), Cluster(options.cluster)


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
        small = [column for column in ("p", "q", "q_cold") if column in table]
        shown = {column: table[column].map(lambda value: f"{value:.3g}", na_action="ignore") for column in small}
        put_csv(table.assign(**shown), options.out)
        return
    rows = json.loads(table.to_json(orient="records", date_format="iso", double_precision=15))
    put_json(head | {name: rows}, options.out)
