"""Commands on patrols: ``patrol list|coverage|checks|overdue|plan|report``."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.assess import plain_row
from dashboards.commands.console import ACTOR, command, put_csv, put_json, put_text, say, store_option
from gisapp.errors import InputError
from gisapp.tables import UTILITIES

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gisapp.store import Store

_FORMATS = ("json", "csv")


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "When patrols are due and were done, what they covered, what they found, and a proposed route."
    group = command(commands, "patrol", run_list, about, _of("list --grid G001"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    about = "List every time at which a route was due, done, late or missed. Exit status 1: there is none."
    made = _verb(verbs, "list", run_list, about, "list --grid G001 --from 2026-11-01")
    _period(made)
    about = (
        "Tell the metres of pipe that tracks passed of those due, and the valves and points missed. "
        "Exit status 1: something was missed."
    )
    made = _verb(verbs, "coverage", run_coverage, about, "coverage --grid G001 --from 2026-11-01 --to 2026-11-30")
    _period(made)
    made.add_argument("--utility", choices=UTILITIES, default="water")
    made.add_argument("--tolerance-m", type=float, default=15.0, metavar="M", help="passed so near is covered (15)")
    made.add_argument("--services", action="store_true", help="pipes to single houses are due too")
    about = (
        "List what the records of patrols lack: items of valves on the route that nobody checked, bad ones without a "
        "finding. Exit status 1: something is lacking."
    )
    made = _verb(verbs, "checks", run_checks, about, "checks --grid G001 --from 2026-11-01 --to 2026-11-30")
    _period(made)
    about = "List the valves of a grid last operated too long ago, or never. Exit status 1: none is overdue."
    made = _verb(verbs, "overdue", run_overdue, about, "overdue --grid G001 --every-days 365")
    made.add_argument("--utility", choices=UTILITIES, default="water")
    made.add_argument("--every-days", type=float, default=365.0, metavar="DAYS", help="the plan's term (365)")
    about = "Propose a walk over all pipes or streets of a grid, ending where it begins; no shorter one is its bound."
    made = _verb(verbs, "plan", run_plan, about, "plan --grid G001 --format gpx -o route.gpx", formats=("gpx",))
    made.add_argument("--utility", choices=UTILITIES, default="water")
    made.add_argument("--along", choices=("pipes", "streets"), default="pipes")
    about = "Make incidents of what patrols found: those that are none yet. What lacks a photo or asset is told."
    made = command(verbs, "report", run_report, about, _of("report"))
    store_option(made)


def _of(verb: str) -> str:
    return f"gisapp patrol {verb} --store city.gpkg"


def _verb(verbs: Any, name: str, run: Any, about: str, example: str, *, formats: tuple[str, ...] = ()) -> Any:
    made = command(verbs, name, run, about, _of(example))
    store_option(made)
    made.add_argument("--grid", required=name != "list", metavar="CODE")
    made.add_argument("--format", choices=(*_FORMATS, *formats), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    return made


def _period(made: argparse.ArgumentParser) -> None:
    made.add_argument("--from", dest="first", metavar="DATE", help="first day; 30 days before the last when absent")
    made.add_argument("--to", dest="last", metavar="DATE", help="last day, included; today when absent")


def run_list(options: argparse.Namespace) -> int:
    """List when patrols were due."""
    import pandas as pd

    from gisapp.patrols import occasions
    from gisapp.store import open_store

    with open_store(options.store) as store:
        routes = store.table("patrol_routes")
        if options.grid is not None:
            grid_in_force(store, options.grid)
            routes = routes[routes["grid_code"] == options.grid]
        start, end = _days(store, options)
        found = occasions(routes, store.table("patrol_tracks"), start=start, end=end, now=pd.Timestamp.now(tz="UTC"))
        for name in ("due_at", "deadline", "ended_at"):
            moments = pd.to_datetime(found[name], utc=True).dt.tz_convert(store.zone)
            found[name] = [None if pd.isna(one) else one.isoformat() for one in moments]
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json(found.astype(object).where(found.notna(), None).to_dict("records"), options.out)
    counts = found["state"].value_counts()
    say(f"{len(found)} times due: " + ", ".join(f"{counts[state]} {state}" for state in counts.index))
    return 0 if len(found) else 1


def run_coverage(options: argparse.Namespace) -> int:
    """Tell what tracks covered."""
    from gisapp.patrols.coverage import told
    from gisapp.store import open_store

    with open_store(options.store) as store:
        start, end = _days(store, options)
        found = covered_in(
            store, options.grid, options.utility, start, end, tolerance_m=options.tolerance_m, services=options.services
        )
    if options.format == "csv":
        put_csv(_missed(found), options.out)
    else:
        put_json({"grid": options.grid, "utility": options.utility, **told(found)}, options.out)
    share = "nothing is due" if found.share is None else f"{100 * found.share:.1f} % of {found.due_m / 1000:.2f} km"
    missed = len(found.missed_valves), len(found.missed_checkpoints)
    say(f"{options.grid}: {share} within {found.tolerance_m:g} m; {missed[0]} valves, {missed[1]} points missed")
    return 1 if len(found.missed_links) or any(missed) else 0


def covered_in(
    store: Store, grid: str, utility: str, start: Any, end: Any, *, tolerance_m: float, services: bool = False
) -> Any:
    """Return the coverage of a grid by the tracks that began in a period."""
    import shapely

    from gisapp.patrols import assets_due, coverage

    area = grid_in_force(store, grid)
    routes, tracks, points = (store.table(f"patrol_{name}") for name in ("routes", "tracks", "checkpoints"))
    mine = routes[(routes["grid_code"] == grid) & (routes["utility"] == utility)]
    walked = tracks[(tracks["started_at"] >= start) & (tracks["started_at"] < end)]
    gone = walked["geom"].isna()
    if gone.any():
        say(f"{gone.sum()} tracks are older than it is kept where they ran (gisapp retention show); they cover nothing")
        walked = walked[~gone]
    on_route = walked["route_code"].isin(mine["code"])
    walked = walked[on_route | (walked["route_code"].isna() & walked.geometry.intersects(area).to_numpy())]
    pipes, valves = assets_due(store.table("links"), store.table("devices"), area, utility=utility, services=services)
    return coverage(
        walked.geometry,
        pipes,
        valves,
        checkpoints=points[points["route_code"].isin(mine["code"])],
        route=shapely.union_all(mine.geometry.to_numpy()) if len(mine) else None,
        tolerance_m=tolerance_m,
    )


def _missed(found: Any) -> pd.DataFrame:
    """Return what was missed as one table."""
    import pandas as pd

    parts = [
        pd.DataFrame({"kind": "pipe", "code": found.missed_links["code"], "missed_m": found.missed_links["missed_m"]})
        if len(found.missed_links)
        else pd.DataFrame(columns=["kind", "code", "missed_m"]),
        pd.DataFrame({"kind": "valve", "code": found.missed_valves.get("code", [])}),
        pd.DataFrame({"kind": "checkpoint", "code": told_points(found.missed_checkpoints)}),
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def told_points(points: pd.DataFrame) -> list[str]:
    """Return checkpoints as route and number."""
    return [f"{row.route_code} {row.number}" for row in points.itertuples()] if len(points) else []


def run_checks(options: argparse.Namespace) -> int:
    """List what was not checked."""
    from gisapp.patrols import lacking_checks
    from gisapp.store import open_store

    with open_store(options.store) as store:
        grid_in_force(store, options.grid)
        start, end = _days(store, options)
        routes, tracks, points, checks = (
            store.table(f"patrol_{name}") for name in ("routes", "tracks", "checkpoints", "checks")
        )
        mine = tracks["route_code"].isin(routes.loc[routes["grid_code"] == options.grid, "code"])
        walked = tracks[mine & (tracks["started_at"] >= start) & (tracks["started_at"] < end)]
        items = store.rule_book.at(end - timedelta(seconds=1)).checked_items()
        found = lacking_checks(walked, points, checks, items)
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json([plain_row(row) for row in found.to_dict("records")], options.out)
    counts = found["reason"].value_counts()
    told = ", ".join(f"{counts[one]} {one}" for one in counts.index) or "nothing is lacking"
    say(f"{options.grid}: {len(walked)} patrols; {told}")
    return 1 if len(found) else 0


def run_overdue(options: argparse.Namespace) -> int:
    """List the valves that must be seen to."""
    import pandas as pd

    from gisapp.patrols import overdue_devices
    from gisapp.store import open_store

    with open_store(options.store) as store:
        devices = store.table("devices")
        inside = devices.geometry.intersects(grid_in_force(store, options.grid)).to_numpy()
        mine = devices[inside & (devices["utility"] == options.utility).to_numpy()]
        found = overdue_devices(mine, pd.Timestamp.now(tz="UTC"), every_days=options.every_days)
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json([plain_row(row) for row in found.to_dict("records")], options.out)
    say(f"{options.grid}: {len(found)} of {len(mine)} devices of {options.utility} overdue")
    return 0 if len(found) else 1


def run_plan(options: argparse.Namespace) -> int:
    """Propose a route."""
    from gisapp.patrols import assets_due, inspection, pipe_edges, street_edges
    from gisapp.patrols.inspection import as_table
    from gisapp.store import open_store

    with open_store(options.store) as store:
        area = grid_in_force(store, options.grid)
        pipes, valves = assets_due(store.table("links"), store.table("devices"), area, utility=options.utility)
        edges = pipe_edges(pipes) if options.along == "pipes" else street_edges(store.table("streets"), area)
        walk, crs = inspection(edges), store.crs
    if options.format == "gpx":
        put_text(_gpx(walk.line, valves, f"{options.grid} {options.utility}", crs), options.out)
    elif options.format == "csv":
        put_csv(as_table(walk), options.out)
    else:
        figures = ("length_m", "due_m", "again_m", "between_m", "bound_m")
        told = {name: round(getattr(walk, name), 1) for name in figures}
        corners = [[round(x, 2), round(y, 2)] for x, y in walk.line.coords]
        told |= {"parts": walk.parts, "exact": walk.exact, "crs": crs.to_string()}
        put_json({"grid": options.grid, "along": options.along, **told, "line": corners}, options.out)
    over = walk.length_m / walk.bound_m - 1
    say(
        f"{options.grid}: {walk.length_m / 1000:.2f} km over {walk.due_m / 1000:.2f} km of {options.along}, "
        f"{100 * over:.1f} % over the bound of {walk.bound_m / 1000:.2f} km"
    )
    return 0


def _gpx(line: Any, valves: gpd.GeoDataFrame, name: str, crs: Any) -> str:
    """Return a walk and the valves on it for a receiver, in degrees of WGS84."""
    from xml.sax.saxutils import escape

    import geopandas as gpd

    walk = gpd.GeoSeries([line], crs=crs).to_crs("EPSG:4326").iloc[0]
    spots = valves.to_crs("EPSG:4326")
    marks = [
        f'<wpt lat="{spot.y:.7f}" lon="{spot.x:.7f}"><name>{escape(str(code))}</name></wpt>'
        for code, spot in zip(spots["code"], spots.geometry, strict=True)
    ]
    steps = [f'<trkpt lat="{lat:.7f}" lon="{lon:.7f}"/>' for lon, lat in walk.coords]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<gpx version="1.1" creator="gisapp" xmlns="http://www.topografix.com/GPX/1/1">',
            *marks,
            f"<trk><name>{escape(name)}</name><trkseg>",
            *steps,
            "</trkseg></trk></gpx>",
        ]
    )


def run_report(options: argparse.Namespace) -> int:
    """Make incidents of findings."""
    from gisapp.patrols import as_incidents, doubtful
    from gisapp.store import open_store

    with open_store(options.store) as store:
        findings = store.table("patrol_findings")
        known = set(store.table("incidents", columns=["code"])["code"])
        new = _placed(store, as_incidents(findings, known))
        for incident in new:
            person = str(incident.pop("first_contact"))
            store.report(incident, actor=person, role="grid_member")
    lacking = doubtful(findings)
    put_json({"reported": [one["code"] for one in new], "doubtful": lacking.to_dict("records")})
    say(f"{len(new)} findings reported as incidents by {ACTOR}; {len(lacking)} lack something")
    return 0


def _placed(store: Store, incidents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the incidents with the grid in force in which each lies."""
    import geopandas as gpd
    import pandas as pd

    from gisapp.grids import assign, grids_at

    if not incidents:
        return incidents

    grids = store.table("grids")
    spots = gpd.GeoDataFrame(geometry=[one["geom"] for one in incidents], crs=store.crs)
    found = assign(spots, grids_at(grids, pd.Timestamp.now(tz="UTC")))["grid"]
    return [one if pd.isna(grid) else one | {"grid_code": grid} for one, grid in zip(incidents, found, strict=True)]


def grid_in_force(store: Store, code: str) -> Any:
    """Return the polygon of a grid in force."""
    import pandas as pd

    from gisapp.grids import grids_at

    grids = grids_at(store.table("grids"), pd.Timestamp.now(tz="UTC"))
    mine = grids[grids["code"] == code]
    if mine.empty:
        raise InputError(f"there is no grid {code!r} in force", todo="give the code of one", field="--grid")
    return mine.geometry.iloc[0]


def _days(store: Store, options: argparse.Namespace) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the first moment of the period and the first one after it, in the store's zone."""
    import pandas as pd

    from gisapp.times import parse_day, parse_moment

    last = parse_day(options.last) if options.last else pd.Timestamp.now(tz=store.zone).date()
    first = parse_day(options.first) if options.first else last - timedelta(days=30)
    if first > last:
        raise InputError(f"{first} is after {last}", todo="give the earlier day first", field="--from")
    return parse_moment(str(first), store.zone), parse_moment(str(last + timedelta(days=1)), store.zone)
