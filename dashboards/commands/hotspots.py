"""The command that says which grids stand out beyond chance."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dashboards.commands.choice import choice_options, choice_told, parts_asked, parts_options, period_of, put_answer
from dashboards.commands.console import Progress, command, say
from gisapp.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.density import LocalStatistic
    from gisapp.reports.concentration import GridCounts
    from gisapp.store import Store

LOAD_TABLES = ("customers", "links", "devices", "incidents", "posts")
STATISTICS = ("hotspots", "gi-star", "local-moran")


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(
        commands,
        "hotspots",
        run_hotspots,
        "Say which grids have more incidents than their pipes or households and chance explain. Exit status 1: there "
        "are no incidents.",
        "gisapp hotspots --store city.gpkg --by grid --from 2026-01-01 --to 2026-06-30 --type leak --utility water "
        "--format csv",
    )
    choice_options(made)
    parts_options(made)
    made.add_argument("--by", choices=("grid", "unit"), default="grid", help="unit: by unit grids (单元网格)")
    made.add_argument(
        "--exposure",
        choices=("pipe_km", "households"),
        default="pipe_km",
        help="what incidents are counted against: km of pipe, of the utility or of all (the default), or households",
    )
    made.add_argument(
        "--statistic",
        choices=STATISTICS,
        default="hotspots",
        help="Gi* and local Moran are for comparison: they ask of counts alone, and tell how often they are wrong",
    )
    made.add_argument(
        "--trend", action="store_true", help="add whether a grid is emerging, persistent, recurring, fading"
    )


def run_hotspots(options: argparse.Namespace) -> int:
    """Say which grids stand out."""
    from gisapp.density import hotspot_trend, hotspots

    counts, exposure, near = _asked(options)
    found = hotspots(counts.total(), exposure, near=near)
    happened, places = int(found.table["count"].sum()) + counts.outside, f"{options.by}s"
    head = {
        "by": options.by,
        "incidents": happened,
        "outside": counts.outside,
        "without_exposure": found.unexposed,
        "exposure": options.exposure,
        "per_exposure_and_year": found.rate / counts.years,
        "statistic": options.statistic,
        "level": found.level,
    }
    if options.statistic == "hotspots":
        table = found.table
        head |= {"model": found.model, "dispersion": found.dispersion}
    else:
        local = _local(options, counts, exposure, near)
        table, alarms = local.table, local.false_alarms
        head |= {"false_alarms": alarms, "null_maps": local.null_maps}
        say(f"note: on maps of chance {options.statistic} calls {alarms:g} of {len(table):,} {places} hot")
    if options.trend:
        table = table.join(hotspot_trend(counts.monthly(), exposure, near=near))
    put_answer(options, choice_told(options, (counts.start, counts.end)) | head, places, table.reset_index())
    hot, cold = int(table["hot"].sum()), int(table["cold"].sum())
    told = f"{hot:,} of {len(table):,} {places} are hot, {cold:,} have significantly few"
    say(f"{counts.start} to {counts.end}: {happened:,} incidents, {told}")
    if counts.outside or found.unexposed:
        without = f"{found.unexposed:,} in {places} without {options.exposure}"
        say(f"note: {counts.outside:,} lie in no {options.by}, {without}")
    return 0 if happened else 1


def _asked(options: argparse.Namespace) -> tuple[GridCounts, pd.Series, Any]:
    """Return the counts of the grids in force at the end of the period, their exposure and their neighbours."""
    import pandas as pd

    from dashboards.snapshot import figured, open_incidents
    from gisapp.density import neighbours
    from gisapp.grids import workload
    from gisapp.partitions import grid_counts_of
    from gisapp.reports.concentration import grid_counts, grid_exposure
    from gisapp.store import open_store

    with open_store(options.store) as store:
        asked = parts_asked(store, options)
        start, end = (asked[1].start, asked[1].end) if asked else period_of(store, options)
        moment = pd.Timestamp(end + timedelta(days=1), tz=store.zone) - pd.Timedelta(milliseconds=1)
        grids = _places(store, options.by, moment)
        if asked:
            parts, choice, cluster = asked
            counts = grid_counts_of(parts, grids, choice, cluster=cluster, progress=Progress("counting"))
        else:
            chosen = {"start": start, "end": end, "types": options.types, "utility": options.utility}
            counts = grid_counts(open_incidents(store), grids, store.zone, **chosen)
        tables = figured(store, *LOAD_TABLES)
        load = workload(grids, now=moment, **tables)
    return counts, grid_exposure(load, options.exposure, options.utility), neighbours(grids.geometry)


def _places(store: Store, by: str, moment: pd.Timestamp) -> Any:
    """Return the grids in force at a moment, or the unit grids in their shape."""
    from gisapp.grids import grids_at

    if by == "unit":
        units = store.table("unit_grids")
        places, told = units.assign(name=units["code"]), "the store holds no unit grids"
    else:
        places, told = grids_at(store.table("grids"), moment), f"no grids are in force on {moment.date()}"
    if places.empty:
        raise InputError(told, todo="import them, or choose another period")
    return places


def _local(options: argparse.Namespace, counts: GridCounts, exposure: pd.Series, near: Any) -> LocalStatistic:
    """Return the map of the statistic asked for."""
    from gisapp.density import gi_star, local_moran

    statistic = gi_star if options.statistic == "gi-star" else local_moran
    return statistic(counts.total(), exposure, near=near)
