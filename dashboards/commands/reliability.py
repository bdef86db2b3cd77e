"""The command ``reliability``: SAIDI, SAIFI, CAIDI and CEMI from the shutoffs of a store, or from a list."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import command, put_json, say
from gisapp.addresses import store_address
from gisapp.errors import InputError
from gisapp.tables import UTILITIES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.network import Network
    from gisapp.store import Store


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(
        commands,
        "reliability",
        run_reliability,
        "How long and how often the average household was without supply: SAIDI, SAIFI, CAIDI, CEMI.",
        "gisapp reliability --store city.gpkg --utility water --from 2026-01-01 --to 2026-12-31\n"
        "  gisapp reliability --outages list.csv --served 83753",
    )
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--store", type=store_address, metavar="STORE", help="a store: its shutoffs and who loses supply"
    )
    which.add_argument("--outages", type=Path, metavar="LIST.csv", help="off_at, restored_at, households of each stage")
    made.add_argument("--utility", choices=UTILITIES, help="of a store")
    made.add_argument("--served", type=int, metavar="N", help="households served; in a store those connected")
    made.add_argument("--from", dest="first", metavar="DATE", help="first day on which supply went off")
    made.add_argument("--to", dest="last", metavar="DATE", help="last day, included")
    made.add_argument("--least-min", type=float, default=0.0, metavar="MINUTES", help="shorter ones are left out")
    made.add_argument("--format", choices=("json",), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def run_reliability(options: argparse.Namespace) -> int:
    """Tell the indices."""
    from dataclasses import asdict

    from gisapp.reports.reliability import read_stages, reliability

    hit: pd.DataFrame | None = None
    if options.outages is not None:
        if options.served is None:
            raise InputError("a list does not say who is served", todo="give --served", field="--served")
        stages, served = read_stages(options.outages), options.served
    else:
        stages, hit, served = _of_store(options)
    found = reliability(stages, options.served or served, least_min=options.least_min, hit=hit)
    put_json(asdict(found), options.out)
    return 0


def _of_store(options: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Return the stages of the shutoffs of a store, who was hit by each, and how many households are served."""
    from gisapp.store import open_store
    from gisapp.times import parse_day, parse_moment

    if options.utility is None:
        raise InputError("a store has several utilities", todo="give --utility", field="--utility")
    with open_store(options.store) as store:
        first = parse_moment(str(parse_day(options.first)), store.zone) if options.first else None
        last = parse_moment(str(parse_day(options.last) + timedelta(days=1)), store.zone) if options.last else None
        stages, hit = interruptions(store, options.utility, (first, last))
        served = served_in(store, options.utility)
    return stages, hit, served


def served_in(store: Store, utility: str) -> int:
    """Return how many households are connected to a utility."""
    connections = store.table("connections")
    connected = connections.loc[connections["utility"] == utility, "customer_code"]
    customers = store.table("customers", columns=["code", "households"])
    return int(customers.loc[customers["code"].isin(connected), "households"].sum())


def interruptions(
    store: Store,
    utility: str,
    span: tuple[datetime | None, datetime | None],
    network: Callable[[str], Network] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one stage for each shutoff that counts, and the customers it cut off; who is still off is said.

    Supply went off from the first moment of the span until before its second; None for no limit.
    """
    import pandas as pd

    from dashboards.judging import answer_in, networks_in, records_in
    from gisapp.operations.duties import began_at
    from gisapp.reports.lost import BECAUSE

    (first, last), rows, parts = span, [], []
    network = network or networks_in(store)
    for operation in records_in(store):
        off, back = began_at(operation), operation.moment("restore")
        if operation.utility != utility or operation.drill or operation.kind == "individual" or off is None:
            continue
        if (first is not None and off < first) or (last is not None and off >= last):
            continue
        if back is None:
            say(f"{operation.code}: supply is not back yet; left out")
            continue
        answer = answer_in(store, operation, network)
        cut = pd.concat([getattr(answer, way).customers for way in BECAUSE])[["code", "households"]]
        parts.append(cut.rename(columns={"code": "customer_code"}).assign(outage=operation.code))
        rows.append((operation.code, off, back, int(cut["households"].sum())))
    stages = pd.DataFrame(rows, columns=["outage", "off_at", "restored_at", "households"])
    stages = stages.assign(**{name: pd.to_datetime(stages[name], utc=True) for name in ("off_at", "restored_at")})
    none = pd.DataFrame({"customer_code": [], "households": [], "outage": []})
    return stages, pd.concat(parts, ignore_index=True) if parts else none
