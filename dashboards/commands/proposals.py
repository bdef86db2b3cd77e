"""The verbs of ``gisapp plan`` that propose boundaries: a fresh partition, or the least change that balances."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import Progress, command, put_csv, put_json, say, store_option
from gisapp.tables.boundaries import LIMITS

if TYPE_CHECKING:
    from gisapp.grids import Proposal, Units
    from gisapp.grids.plans import Plan
    from gisapp.store import Store

LOAD_TABLES = ("customers", "links", "devices", "incidents", "posts")


def add_verbs(verbs: Any) -> None:
    """Add the verbs of this module."""
    made = command(
        verbs,
        "suggest",
        run_suggest,
        "Propose a fresh partition into grids of equal load, each in one piece. Exit status 1: the tolerance cannot "
        "be kept, or no plan that keeps it was found.",
        "gisapp plan suggest --store city.gpkg --k 100 --weight households --tolerance 0.02 --format json",
    )
    made.add_argument("--k", type=int, required=True, metavar="N", help="how many grids")
    _shared(made, 0.02)
    made = command(
        verbs,
        "rebalance",
        run_rebalance,
        "Propose the least change that balances a plan. Exit status 1: the tolerance cannot be kept, or no plan that "
        "keeps it was found.",
        "gisapp plan rebalance --store city.gpkg --tolerance 0.05 --lock G007 --lock G008 --format json",
    )
    _shared(made, 0.05)
    for name, about in (
        ("lock", "a grid that keeps its units, beside those locked in the plan"),
        ("add", "the code of a new grid"),
        ("close", "a grid whose units go to its neighbours"),
    ):
        made.add_argument(f"--{name}", action="append", default=[], metavar="CODE", help=f"{about}; may be repeated")


def _shared(made: argparse.ArgumentParser, tolerance: float) -> None:
    """Add what both verbs are asked."""
    store_option(made)
    made.add_argument("--plan", metavar="CODE", help="a stored plan; without it the grids in force now")
    made.add_argument(
        "--weight",
        default="households",
        metavar="MEASURE",
        help="what grids are to carry alike: a measure of a grid such as households (the default), people, "
        "incidents_12m, pipe_m or workload",
    )
    made.add_argument("--tolerance", type=float, default=tolerance, metavar="SHARE", help=f"default {tolerance}")
    limits_option(made)
    made.add_argument("--alternatives", type=int, default=1, metavar="N")
    made.add_argument("--seed", type=int, default=0, help="the same seed gives the same proposals")
    made.add_argument(
        "--format", choices=("json", "csv"), default="json", help="csv: the grid of each unit in the first proposal"
    )
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def limits_option(made: argparse.ArgumentParser, about: str = "areas whose borders no grid may cross") -> None:
    """Add ``--not-across``."""
    told = f"{about}; may be repeated"
    made.add_argument("--not-across", action="append", default=[], choices=("communities", *LIMITS), help=told)


def run_suggest(options: argparse.Namespace) -> int:
    """Propose a fresh partition."""
    from gisapp.grids import suggest

    plan, units = _asked(options)
    asked = {"k": options.k, "tolerance": options.tolerance, "seed": options.seed, "count": options.alternatives}
    return _told(options, plan, suggest(units, **asked, like=plan.grid, progress=Progress("suggesting")))


def run_rebalance(options: argparse.Namespace) -> int:
    """Propose the least change."""
    from gisapp.grids import rebalance

    plan, units = _asked(options)
    locked = sorted(plan.locked | set(options.lock))
    change = {"locked": locked, "add": options.add, "close": options.close}
    asked = {"tolerance": options.tolerance, "seed": options.seed, "count": options.alternatives}
    return _told(options, plan, rebalance(units, plan.grid, **change, **asked, progress=Progress("balancing")))


def _asked(options: argparse.Namespace) -> tuple[Plan, Units]:
    """Return the plan to begin with, and its units with the weight asked for."""
    import geopandas as gpd
    import pandas as pd

    from dashboards.drafting import limits_of, plan_now
    from gisapp.grids import labels_of
    from gisapp.grids.units import units_of
    from gisapp.store import open_store

    now = pd.Timestamp.now("UTC")
    with open_store(options.store) as store:
        across = set(options.not_across)
        if options.plan:
            draft = store.plans.load(options.plan)
            plan, across = draft.plan, {*draft.across, *across}
        else:
            plan = plan_now(store, store.table("unit_grids"))
        columns = {"code": plan.unit, "name": plan.unit}
        blocks = gpd.GeoDataFrame(columns, geometry=plan.shape, crs=plan.crs)
        weight = _weight(store, blocks, options.weight, now)
        limits = limits_of(store, across)
    label = labels_of(plan.shape, list(limits.values())) if limits else None
    return plan, units_of(blocks, weight, bridges=plan.bridges, label=label)


def _weight(store: Store, blocks: Any, measure: str, now: Any) -> Any:
    """Return a measure of each unit."""
    from dashboards.snapshot import figured
    from gisapp.counting import known_until
    from gisapp.errors import InputError
    from gisapp.grids import workload

    tables = figured(store, *LOAD_TABLES)
    moment = known_until(tables["incidents"]["reported_at"].max(), now)  # as on the planner's page
    load = workload(blocks, now=moment, **tables, weights=store.workload_weights(now)).drop(
        columns=["compactness", "farthest_m", "deviation", "leaders"]
    )
    known = load.select_dtypes("number").columns
    if measure not in known:
        raise InputError(f"no measure {measure!r}", todo=f"weigh by one of {', '.join(known)}", field="weight")
    if not load[measure].any():
        raise InputError(
            f"no unit has any {measure}", todo="weigh by another measure, such as area_km2", field="weight"
        )
    return load[measure].to_numpy(dtype=float)


def _told(options: argparse.Namespace, plan: Plan, made: tuple[Proposal, ...]) -> int:
    """Write proposals, say how good they are, and return the exit status."""
    import pandas as pd

    first = made[0]
    if options.format == "csv":
        put_csv(pd.DataFrame({"unit": plan.unit, "grid": first.grid}), options.out)
    else:
        head = {"weight": options.weight, "target": first.target, "tolerance": options.tolerance}
        put_json(head | {"proposals": [_as_json(plan, proposal) for proposal in made]}, options.out)
    for number, proposal in enumerate(made, 1):
        moved = f", {proposal.moved:,.0f} {options.weight} move" if proposal.moved is not None else ""
        off = f"off by at most {100 * proposal.deviation:.2f} %"
        say(f"{number}: {len(proposal.load)} grids, {off}, compactness {proposal.compactness:.3f}{moved}")
        for reason in proposal.shortfalls:
            say(f"note: {_words(plan, reason)}")
    return 1 if first.shortfalls else 0


def _as_json(plan: Plan, proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON has it."""
    return {
        "kind": proposal.kind,
        "deviation": proposal.deviation,
        "compactness": proposal.compactness,
        "moved": proposal.moved,
        "least_moved": proposal.least_moved,
        "reasons": [_words(plan, reason) for reason in proposal.shortfalls],
        "grids": {str(code): float(load) for code, load in proposal.load.items()},
        "units": dict(zip(plan.unit.tolist(), map(str, proposal.grid), strict=True)),
    }


def _words(plan: Plan, reason: Any) -> str:
    """Return a reason with the code of the unit that it names."""
    from dataclasses import replace

    unit = reason.kind == "heavy_unit"
    told: str = (replace(reason, place=plan.unit[reason.place]) if unit else reason).words("en")
    return told
