"""Commands that ask the network: ``shutoff``, ``segments`` and ``criticality``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import Progress, command, put_csv, put_json, put_text, say, store_option
from dashboards.judging import network_in
from gisapp.errors import InputError
from gisapp.tables import UTILITIES
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    from gisapp.network import Network
    from gisapp.store import Store


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    made = command(
        commands,
        "shutoff",
        run_shutoff,
        "Say which valves to close for a burst, and who is then without supply. Exit status 1: it cannot be isolated.",
        "gisapp shutoff --store city.gpkg --utility water --pipe W000120@35 --pipe W000121 --stuck WV000210",
    )
    store_option(made)
    made.add_argument("--utility", required=True, choices=UTILITIES)
    several = "several times for several"
    made.add_argument(
        "--pipe", action="append", required=True, metavar="ID[@METRES]",
        help=f"what bursts, or where along it from its from_node; {several}",
    )  # fmt: skip
    for name, about in (
        ("stuck", "a valve that cannot be closed"),
        ("closed", "a valve that is closed today"),
        ("open", "a valve that is open today"),
    ):
        made.add_argument(f"--{name}", action="append", default=[], metavar="VALVE", help=f"{about}; {several}")
    made.add_argument(
        "--pressure-m", type=float, metavar="METRES",
        help="estimate by EPANET who stays connected but falls below this pressure (water; 14 m are 0.14 MPa)",
    )  # fmt: skip
    made.add_argument(
        "--inp", type=Path, metavar="FILE", help="the EPANET file the network came from, for --pressure-m"
    )
    made.add_argument("--format", choices=("json", "html"), default="json")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans", help="language of the page")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    for name, run, about in (
        (
            "segments",
            run_segments,
            "List every piece of network with its segment (unit of isolation) and cell (unit of supply).",
        ),
        (
            "criticality",
            run_criticality,
            "Rank segments and links by what is lost when they burst, and devices by how much more when one is stuck.",
        ),
    ):
        made = command(commands, name, run, about, f"gisapp {name} --store city.gpkg --utility water -o {name}.csv")
        store_option(made)
        made.add_argument("--utility", required=True, choices=UTILITIES)
        made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")


def _asked_network(store: Store, utility: str) -> Network:
    """Return the network that a question is about; raises where the project holds none of it."""
    network = network_in(store, utility)
    if network.links.empty:
        todo = f"bring one in with gisapp import --as network --utility {utility}, or ask about another utility"
        raise InputError(f"the project holds no {utility} network", todo=todo, file=store.address.name)
    return network


def run_shutoff(options: argparse.Namespace) -> int:
    """Answer for a burst."""
    from gisapp.network import as_json, burst_named, reduced_pressure, shutoff
    from gisapp.store import open_store

    if options.inp is not None and options.pressure_m is None:
        raise InputError("--inp is stated and --pressure-m is not", todo="state the pressure, such as --pressure-m 14")
    with open_store(options.store) as store:
        network = _asked_network(store, options.utility)
        bursts = [burst_named(network, text) for text in options.pipe]
        answer = shutoff(network, bursts, stuck=options.stuck, closed=options.closed, opened=options.open)
        low = None
        if options.pressure_m is not None:
            told = Progress("simulating")
            low = reduced_pressure(network, answer, below_m=options.pressure_m, inp=options.inp, progress=told)
        for note in [*answer.warnings, *(low.notes if low else ())]:
            say(f"note: {note}")
        if options.format == "json":
            put_json(as_json(answer, low), options.out)
        else:
            put_text(_page(store, answer, options), options.out)
    return 0 if answer.isolated_possible else 1


def _page(store: Store, answer: Any, options: argparse.Namespace) -> str:
    """Return the answer as a page that opens without a network."""
    import pandas as pd

    from gisapp.reports import situation
    from layers import pack

    names = dict.fromkeys((*situation.TABLES, *pack.TABLES))
    tables = {name: store.table(name) for name in names}
    now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
    told = situation.situation_of(answer, tables, now=now, zone=store.zone)
    return pack.pack_html(told, {name: tables[name] for name in pack.TABLES}, city=store.name, language=options.lang)


def run_segments(options: argparse.Namespace) -> int:
    """List the segments."""
    from gisapp.network import segments
    from gisapp.store import open_store

    with open_store(options.store) as store:
        table = segments(_asked_network(store, options.utility))
    put_csv(table[["link", "segment", "cell", "from_m", "to_m"]], options.out)
    say(f"{len(table):,} pieces in {table['segment'].nunique():,} segments and {table['cell'].nunique():,} cells")
    return 0


def run_criticality(options: argparse.Namespace) -> int:
    """Rank segments, links and devices."""
    from gisapp.network import criticality, ranking
    from gisapp.store import open_store

    with open_store(options.store) as store:
        answer = criticality(_asked_network(store, options.utility))
    for note in answer.warnings:
        say(f"note: {note}")
    put_csv(ranking(answer), options.out)
    counts = [f"{len(getattr(answer, name)):,} {name}" for name in ("segments", "links", "devices")]
    say(f"{', '.join(counts)}, worst first")
    return 0
