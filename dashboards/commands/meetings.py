"""The command ``pack weekly|monthly|quarterly|brief``: the pack of a grid for its meeting."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import put_bytes, put_text, say
from dashboards.commands.patrols import covered_in, grid_in_force
from gisapp.errors import InputError
from gisapp.tables import UTILITIES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.reports.meeting import Meeting
    from gisapp.store import Store

_KINDS = ("weekly", "monthly", "quarterly", "brief")
_OF_UTILITY = ("breaks", "km_years", "per_100_km_year", "outages", "saidi_min", "saifi", "caidi_min")
_MONTHS = {"monthly": 1, "quarterly": 3}


def add_options(made: argparse.ArgumentParser) -> None:
    """Add the options of a grid's pack."""
    made.add_argument("kind", nargs="?", choices=_KINDS, help="the pack of a grid, with --grid")
    made.add_argument("--grid", metavar="CODE")
    made.add_argument("--from", dest="first", metavar="DATE", help="first day of the week; a day of the month, quarter")
    made.add_argument("--to", dest="last", metavar="DATE", help="last day of a brief, included")
    made.add_argument("--utility", choices=UTILITIES, default="water", help="whose pipes are patrolled and drawn")


def run_meeting(options: argparse.Namespace) -> int:
    """Write the pack of a grid."""
    import pandas as pd

    from gisapp.reports.meeting import meeting_text
    from gisapp.reports.texts import Edition
    from gisapp.store import open_store
    from gisapp.words import word

    for name in ("store", "grid", "out", "first"):
        if getattr(options, name) is None:
            raise InputError("is missing", todo="give --store, --grid, --from and -o", field=name)
    if options.out.suffix.lower() not in (".html", ".docx"):
        raise InputError(f"found {options.out.name}", todo="name a file that ends in .html or .docx", field="-o")
    with open_store(options.store) as store:
        told = meeting_in(store, options.grid, *_period(options, store), utility=options.utility)
        edition = Edition(meeting_text(told, options.kind, options.lang, store.zone), options.grid)
        issuer = str(store.setting("issuer") or store.name)
        note = f"{word('pack.audit', options.lang)}: {store.audit_head()}"
        if options.out.suffix.lower() == ".docx":
            from gisapp.reports.as_docx import Figure, text_docx
            from layers.meeting import picture_of

            now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
            picture = picture_of(_map(store, told, options), options.lang)
            figure = Figure(picture.png, word("meeting.map", options.lang), picture.keys)
            put_bytes(text_docx(edition, issuer=issuer, made_at=now, figure=figure, note=note), options.out)
        else:
            put_text(_html(store, told, edition, issuer, note, options), options.out)
    say(f"{options.out}: {edition.text.title}, {len(told.incidents)} incidents, {len(edition.text.blanks)} to fill in")
    return 0


def meeting_in(store: Store, grid: str, start: datetime, end: datetime, *, utility: str) -> Meeting:
    """Return the figures of a grid and period."""
    import pandas as pd

    from dashboards.snapshot import open_incidents
    from gisapp.incidents import clock_table, incidents_of
    from gisapp.incidents.assessment import assessed
    from gisapp.measures import carried
    from gisapp.patrols import occasions
    from gisapp.patrols.coverage import TOLERANCE_M
    from gisapp.reports.meeting import meeting

    area = grid_in_force(store, grid)
    every, steps, book = open_incidents(store), store.table("incident_steps"), store.rule_book
    span = (every["reported_at"] >= start) & (every["reported_at"] < end)
    rows = every[span & (every["grid_code"] == grid)]
    mine = steps[steps["incident_code"].isin(rows["code"])]
    records = assessed(incidents_of(rows, mine, book.life), start, end)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=datetime.now(UTC), zone=store.zone)
    routes, tracks, shutoffs = (store.table(name) for name in ("patrol_routes", "patrol_tracks", "shutoffs"))
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    routes = routes[routes["grid_code"] == grid]
    return meeting(
        grid,
        (start, end),
        incidents=every,
        records=records,
        clocks=clocks,
        patrols=occasions(routes, tracks, start=first, end=last, now=pd.Timestamp.now(tz="UTC")),
        coverage=covered_in(store, grid, utility, first, last, tolerance_m=TOLERANCE_M) if len(routes) else None,
        shutoffs=shutoffs[shutoffs.geometry.intersects(area).to_numpy()],
        utilities=utilities_in(store, start, end),
        measures=carried(store.table("measures"), store.table("measure_steps"), grid, end=end, zone=store.zone),
        notes=store.table("grid_notes"),
    )


def utilities_in(store: Store, start: datetime, end: datetime) -> pd.DataFrame:
    """Return how often pipes of every utility broke and its supply failed, as ``rates`` and ``reliability`` tell it."""
    import pandas as pd

    from dashboards.commands.reliability import interruptions, served_in
    from dashboards.judging import networks_in
    from dashboards.snapshot import open_incidents
    from gisapp.density import break_rates, pipe_breaks
    from gisapp.reports.reliability import reliability

    first, last = (moment.astimezone(store.zone).date() for moment in (start, end - timedelta(seconds=1)))
    links, breaks = store.table("links"), pipe_breaks(open_incidents(store), store.zone)
    network, rows = networks_in(store), []
    for utility in [one for one in UTILITIES if one in set(links["utility"])]:
        mine = (breaks["utility"] == utility).to_numpy()
        pipes = links[links["utility"] == utility]
        rates = break_rates(pipes, breaks[mine], by=["utility"], start=first, end=last)
        row = {"utility": utility, "breaks": rates.breaks, "km_years": rates.km_years, "per_100_km_year": rates.rate}
        served = served_in(store, utility)
        if served:
            stages, _ = interruptions(store, utility, (start, end), network)
            found = reliability(stages, served)
            row |= {name: getattr(found, name) for name in ("outages", "saidi_min", "saifi", "caidi_min")}
        rows.append(row)
    return pd.DataFrame(rows, columns=["utility", *_OF_UTILITY])


def _html(store: Store, told: Meeting, edition: Any, issuer: str, note: str, options: argparse.Namespace) -> str:
    """Return the pack as a page with its map."""
    from gisapp.reports.as_html import text_html
    from layers.meeting import drawing_of, figure_html

    drawing = drawing_of(_map(store, told, options), options.lang)
    return text_html(edition, issuer=issuer, figure=figure_html(drawing), style=drawing.css, note=note)


def _map(store: Store, told: Meeting, options: argparse.Namespace) -> Any:
    """Return the map of the pack."""
    import pandas as pd

    from gisapp.grids import grids_at
    from layers.meeting import TABLES, meeting_map

    grids = grids_at(store.table("grids"), pd.Timestamp.now(tz="UTC"))
    tables = {name: store.table(name) for name in TABLES}
    grid = grids[grids["code"] == told.grid]
    return meeting_map(grid, told.incidents, tables, utility=options.utility, language=options.lang)


def _period(options: argparse.Namespace, store: Store) -> tuple[datetime, datetime]:
    """Return the first moment of the period and the first one after it, in the store's zone."""
    from gisapp.times import parse_day, parse_moment

    first = parse_day(options.first)
    if options.kind == "weekly":
        after = first + timedelta(days=7)
    elif options.kind == "brief":
        after = (parse_day(options.last) if options.last else first + timedelta(days=6)) + timedelta(days=1)
    else:
        months = _MONTHS[options.kind]
        first = date(first.year, (first.month - 1) // months * months + 1, 1)
        last = first.month - 1 + months
        after = date(first.year + last // 12, last % 12 + 1, 1)
    if after <= first:
        raise InputError(f"{options.last} is before {first}", todo="give a later day", field="--to")
    start, end = (parse_moment(str(day), store.zone).to_pydatetime(warn=False) for day in (first, after))
    return start, end
