"""Commands that say which pipes fail more than others, and again: ``rates``, ``repeats``."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.choice import choice_options, choice_told, of_utility, period_of, put_answer
from dashboards.commands.console import command, say
from gisapp.errors import InputError
from gisapp.tables import INCIDENT_TYPES

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    import pandas as pd


WARRANTY = ("utility", "link_code", "warranty_until")


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    made = command(
        commands,
        "rates",
        run_rates,
        "Give breaks per 100 km and year by cohort of pipes, or rank the pipes for next year. Exit status 1: there are "
        "no breaks.",
        "gisapp rates --store city.gpkg --by material,decade --utility water --format csv",
    )
    choice_options(made)
    made.add_argument(
        "--by", required=True, metavar="COHORT,...", help="some of material, decade, diameter, rank, utility"
    )
    made.add_argument(
        "--show",
        choices=("cohorts", "pipes", "back-test"),
        default="cohorts",
        help="rates by cohort; pipes, likeliest to fail first; or what that order would have caught in past years",
    )
    made = command(
        commands,
        "repeats",
        run_repeats,
        "List repairs of places that had been repaired within three months (water rules, Art. 35(6)), with the unit of "
        "the earlier one; or reports that an account made again. Exit status 1: there are none.",
        "gisapp repeats --store city.gpkg --tolerance-m 5 --utility water --format csv",
    )
    choice_options(made)
    made.add_argument("--of", choices=("repairs", "complaints"), default="repairs")
    made.add_argument("--tolerance-m", type=float, default=5.0, metavar="M", help="along the pipe; 5 when absent")
    made.add_argument("--months", type=int, default=3, metavar="N", help="calendar months; 3 when absent")
    made.add_argument(
        "--warranty",
        type=Path,
        metavar="W.csv",
        help="a builder's pipes: utility, link_code, warranty_until",
    )


def run_rates(options: argparse.Namespace) -> int:
    """Give rates by cohort, the ranking of pipes, or the back-test of that ranking."""
    from dashboards.snapshot import open_incidents
    from gisapp.density import break_rates, pipe_breaks, pipe_ranking
    from gisapp.density.rates import BREAKS
    from gisapp.store import open_store

    by = [name.strip() for name in options.by.split(",") if name.strip()]
    with open_store(options.store) as store:
        start, end = period_of(store, options)
        pipes = of_utility(store.table("links"), options.utility)
        incidents = of_utility(open_incidents(store), options.utility)
        breaks = pipe_breaks(incidents, store.zone, types=options.types or BREAKS)
    rates = break_rates(pipes, breaks, by=by, start=start, end=end)
    if options.show == "cohorts":
        table = rates.table
    elif options.show == "pipes":
        table = pipe_ranking(pipes, breaks, by=by, start=start, end=end)
    else:
        table = _back_test(pipes, breaks, by, start, end)
    head = {
        "by": by,
        "breaks": rates.breaks,
        "km_years": rates.km_years,
        "per_100_km_and_year": rates.rate if rates.breaks else None,
        "predating": rates.predating["code"].tolist(),
        "unmatched": rates.unmatched["code"].tolist(),
    }
    put_answer(options, choice_told(options, (start, end), BREAKS) | head, options.show.replace("-", "_"), table)
    say(f"{start} to {end}: {rates.breaks:,} breaks on {rates.km_years:,.0f} km and years")
    if len(rates.predating) or len(rates.unmatched):
        early, lost = len(rates.predating), len(rates.unmatched)
        say(f"note: in no rate are {early:,} breaks from before their pipe was laid and {lost:,} of unknown pipes")
    return 0 if rates.breaks else 1


def _back_test(pipes: pd.DataFrame, breaks: pd.DataFrame, by: list[str], start: date, end: date) -> pd.DataFrame:
    """Return the back-test of every whole year of the period but the first, and say its mean."""
    from gisapp.density import back_test

    last = end.year if (end.month, end.day) == (12, 31) else end.year - 1
    if last <= start.year:
        todo = "choose one that goes on for a whole calendar year after its first"
        raise InputError(f"the period {start} to {end} is too short to test on", todo=todo)
    table = back_test(pipes, breaks, by=by, start=start, cuts=range(start.year + 1, last + 1))
    ours = table[table["order"] == "smoothed"]
    caught = (ours["caught_5"] * ours["breaks"]).sum() / max(ours["breaks"].sum(), 1)
    say(f"the worst 5 % of length would have caught {caught:.0%} of next year's breaks")
    return table


def run_repeats(options: argparse.Namespace) -> int:
    """List what came again."""
    from dashboards.snapshot import open_incidents
    from gisapp.incidents import repeat_complaints, repeat_repairs
    from gisapp.incidents.repeats import REPAIRS
    from gisapp.store import open_store

    with open_store(options.store) as store:
        period, zone = period_of(store, options), store.zone
        incidents = of_utility(open_incidents(store), options.utility)
    asked: dict[str, Any] = {"months": options.months, "period": period}
    if options.of == "complaints":
        found = repeat_complaints(incidents, zone, types=options.types, **asked)
    else:
        asked |= {"tolerance_m": options.tolerance_m, "warranty": _warranty(options.warranty)}
        found = repeat_repairs(incidents, zone, types=options.types or REPAIRS, **asked)
    head = {
        "of": options.of,
        "months": options.months,
        "tolerance_m": options.tolerance_m if options.of == "repairs" else None,
        "compared": found.compared,
        "unplaced": found.unplaced,
    }
    usual = REPAIRS if options.of == "repairs" else INCIDENT_TYPES
    put_answer(options, choice_told(options, period, usual) | head, "repeats", _told(found.table, zone))
    say(f"{period[0]} to {period[1]}: {len(found.table):,} of {found.compared:,} {options.of} repeat an earlier one")
    if found.unplaced:
        why = "whose place on a pipe is" if options.of == "repairs" else "whose account is"
        say(f"note: {found.unplaced:,} more, {why} not known, could not be compared")
    return 0 if len(found.table) else 1


def _warranty(path: Path | None) -> pd.DataFrame | None:
    """Return the pipes in warranty of a CSV file."""
    import pandas as pd

    if path is None:
        return None
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise InputError(str(error), todo="name a CSV file in UTF-8 that can be read", file=str(path)) from error
    missing = [name for name in WARRANTY if name not in rows.columns]
    if missing:
        raise InputError(f"lacks the column {missing[0]}", todo=f"give {', '.join(WARRANTY)}", file=str(path))
    return rows.assign(warranty_until=[_day(text, row, path) for row, text in enumerate(rows["warranty_until"], 1)])


def _day(text: str, row: int, path: Path) -> date:
    """Return the day in a row of a file."""
    from gisapp.times import parse_day

    try:
        return parse_day(text)
    except InputError as error:
        raise InputError(error.found, todo=error.todo, file=str(path), row=row, field="warranty_until") from error


def _told(table: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Return the table with its moments in the zone, as text with the offset."""
    moments = {
        name: table[name].dt.tz_convert(zone).map(lambda at: at.isoformat(timespec="seconds"))
        for name in table.columns
        if name.endswith("_at")
    }
    return table.assign(**moments)
