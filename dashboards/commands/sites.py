"""Commands on construction sites: ``sites list|show|near|open|report|act``."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.assess import plain_row
from dashboards.commands.console import ACTOR, aware_moment, command, put_csv, put_json, say, store_option
from gisapp.errors import InputError
from gisapp.sites import ACTIONS, BUFFER_M, CHECKS, FLAGS
from gisapp.tables import UTILITIES

if TYPE_CHECKING:
    import pandas as pd
    import shapely

    from gisapp.sites import Near, Site
    from gisapp.store import Store

_TEXTS = {
    "title": "what is built, free of personal data",
    "place": "where, in words",
    "unit_code": "the builder",
    "permit": "number of the permit",
    "project_leader": "who leads the works",
    "contact": "how the leader is reached",
}


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Keep construction sites: what dispatch was told before the start, what lies near, what was checked."
    group = command(commands, "sites", run_list, about, _of("list"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    _reading(verbs)
    _writing(verbs)


def _of(words: str) -> str:
    return f"gisapp sites {words} --store city.gpkg"


def _reading(verbs: Any) -> None:
    """Add the verbs that only read."""
    about = "List construction sites, the newest first, with what must be seen to. Exit status 1: none."
    made = command(verbs, "list", run_list, about, _of("list --flagged"))
    store_option(made)
    made.add_argument("--flagged", action="store_true", help=f"only what must be seen to: {', '.join(FLAGS)}")
    made.add_argument("--format", choices=("json", "csv"), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    about = "Show one site as JSON: where it stands, what it lacks, its checks and steps."
    made = command(verbs, "show", run_show, about, _of("show C20261128-01"))
    made.add_argument("code", metavar="CODE")
    store_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")
    about = "List the pipes and cables, valves and customers near a site, the nearest first. Exit status 1: none."
    made = command(verbs, "near", run_near, about, _of("near C20261128-01 --buffer-m 10"))
    made.add_argument("code", metavar="CODE")
    store_option(made)
    made.add_argument("--buffer-m", type=float, default=BUFFER_M, metavar="M", help=f"so near counts ({BUFFER_M:g})")
    made.add_argument("--utility", choices=UTILITIES, help="only pipes and valves of one")
    made.add_argument("--format", choices=("json", "csv"), default="json")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE")


def _writing(verbs: Any) -> None:
    """Add the verbs that write; each prints what stands then."""
    outline = '"528700,3386600 528760,3386600 528760,3386640"'
    about = "Open the record of a site of which dispatch has not been told, such as one that a patrol found."
    made = command(verbs, "open", run_open, about, _of(f"open --title 雨水管改造 --outline {outline}"))
    _head(made)
    _when(made, "when the site became known")
    about = (
        "Record that dispatch was told of a site before its works begin: place, period, leader and contact. "
        "Without CODE the site is new."
    )
    made = command(
        verbs,
        "report",
        run_report,
        about,
        _of("report C20261128-01 --project-leader 项目负责人 --planned-start 2026-12-01T08:00:00+08:00"),
    )
    made.add_argument("code", nargs="?", metavar="CODE")
    _head(made)
    _when(made, "when dispatch was told")
    about = "Record a step: start, check, finish, close, cancel, remark. It closes once everything is checked."
    made = command(verbs, "act", run_act, about, _of("act C20261128-01 check --subject fences --value good"))
    made.add_argument("code", metavar="CODE")
    made.add_argument("action", choices=[one for one in ACTIONS if one != "report"], metavar="ACTION")
    store_option(made)
    made.add_argument("--subject", metavar="TEXT", help=f"of check: {', '.join(CHECKS)}")
    made.add_argument("--value", metavar="TEXT", help="of check: good, bad or not_needed")
    made.add_argument("--photo", metavar="FILE", help="where the photo is kept")
    made.add_argument("--note", metavar="TEXT", help="why")
    made.add_argument("--seen", metavar="STATUS", help="the status that was seen; refused when it has moved")
    _when(made, "when it happened")


def _head(made: argparse.ArgumentParser) -> None:
    """Add what may be said of the head."""
    store_option(made)
    for name, about in _TEXTS.items():
        made.add_argument(f"--{name.replace('_', '-')}", metavar="TEXT", help=about)
    made.add_argument("--utility", choices=UTILITIES, help="whose works they are")
    made.add_argument("--outline", metavar="'X,Y X,Y X,Y'", help="the corners, in the store's CRS")
    for name in ("start", "end"):
        made.add_argument(f"--planned-{name}", type=aware_moment, metavar="TIME")


def _when(made: argparse.ArgumentParser, about: str) -> None:
    made.add_argument("--at", type=aware_moment, metavar="TIME", help=f"{about}; now when absent")
    made.add_argument("--actor", default=ACTOR, metavar="CODE", help="who records it")


def run_list(options: argparse.Namespace) -> int:
    """List sites; exit status 1 when there is none."""
    from gisapp.sites import site_list
    from gisapp.store import open_store

    with open_store(options.store) as store:
        found = site_list(store.table("construction_sites"), store.table("site_steps"), now=datetime.now(UTC))
    found = found[found["flag"].notna()] if options.flagged else found
    _put(found, options)
    counts = found["flag"].value_counts()
    say(f"{len(found)} sites: " + (", ".join(f"{counts[one]} {one}" for one in counts.index) or "nothing to see to"))
    return 0 if len(found) else 1


def run_show(options: argparse.Namespace) -> int:
    """Show one site."""
    from gisapp.sites import site_json
    from gisapp.store import open_store

    with open_store(options.store) as store:
        put_json(site_json(store.sites.site(options.code), now=datetime.now(UTC)), options.out)
    return 0


def run_near(options: argparse.Namespace) -> int:
    """List what lies near a site."""
    from gisapp.sites import near
    from gisapp.store import open_store

    with open_store(options.store) as store:
        site = store.sites.site(options.code)
        if site.area is None:
            raise InputError(f"{site.code} has no place", todo="report it with its outline first", field="code")
        tables: dict[str, Any] = {name: store.table(name) for name in ("links", "devices", "customers")}
    if options.utility is not None:
        mine = {name: (tables[name]["utility"] == options.utility).to_numpy() for name in ("links", "devices")}
        tables |= {name: tables[name][rows] for name, rows in mine.items()}
    found = near(site.area, **tables, buffer_m=options.buffer_m)
    if options.format == "csv":
        put_csv(_as_one(found), options.out)
    else:
        parts = {name: getattr(found, name) for name in tables}
        rows = {
            name: [plain_row(row) for row in _masked(part, name).to_dict("records")] for name, part in parts.items()
        }
        put_json({"site": site.code, "buffer_m": found.buffer_m, **rows}, options.out)
    count = len(found.links), len(found.devices), len(found.customers)
    households = int(found.customers["households"].sum())
    say(
        f"{site.code}: within {found.buffer_m:g} m {count[0]} pipes and cables, {count[1]} valves and switches, "
        f"{count[2]} customers ({households} households)"
    )
    return 0 if any(count) else 1


def _masked(part: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return rows with account numbers of which only the end can be read."""
    from gisapp.tables import masked_account

    return part.assign(code=[masked_account(code) for code in part["code"]]) if name == "customers" else part


def _as_one(found: Near) -> pd.DataFrame:
    """Return what lies near as one table."""
    import pandas as pd

    parts = [
        _masked(getattr(found, name), name).assign(what=word)
        for name, word in (("links", "link"), ("devices", "device"), ("customers", "customer"))
    ]
    columns = ["what", "utility", "code", "kind", "distance_m", "within_m", "households"]
    return pd.concat([part for part in parts if len(part)] or parts[:1]).reindex(columns=columns)


def run_open(options: argparse.Namespace) -> int:
    """Open a record."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        code = store.sites.open(_told(options), options.actor, at=options.at)
        _tell(store.sites.site(code))
    return 0


def run_report(options: argparse.Namespace) -> int:
    """Record that dispatch was told."""
    from gisapp.sites import near
    from gisapp.store import open_store

    with open_store(options.store) as store:
        _require_within(store, options)
        if options.code is None:
            code = store.sites.open(_told(options), options.actor, report=True, at=options.at)
            site = store.sites.site(code)
        else:
            site = store.sites.report(options.code, _told(options), options.actor, at=options.at)
        _tell(site)
        tables: dict[str, Any] = {name: store.table(name) for name in ("links", "devices", "customers")}
        found = near(site.area, **tables)
    say(
        f"within {found.buffer_m:g} m of {site.code}: {len(found.links)} pipes and cables, {len(found.devices)} valves "
        f"and switches, {len(found.customers)} customers; gisapp sites near {site.code} names them"
    )
    return 0


def _require_within(store: Store, options: argparse.Namespace) -> None:
    """Raise where the area that is told meets no grid: its corners are of another frame, or swapped."""
    import pandas as pd

    from gisapp.grids import grids_at

    if not options.outline:
        return
    grids = grids_at(store.table("grids"), pd.Timestamp.now("UTC"))
    if len(grids) and not grids.geometry.intersects(_outline(options.outline)).any():
        west, south, east, north = grids.total_bounds
        raise InputError(
            "the area meets no grid in force",
            todo=f"give its corners in {store.crs.name}, east first, between {west:.0f} {south:.0f} and "
            f"{east:.0f} {north:.0f}",
            field="--outline",
        )


def run_act(options: argparse.Namespace) -> int:
    """Record a step."""
    from gisapp.store import open_store

    told = {name: getattr(options, name) for name in ("subject", "value", "photo", "note", "at", "seen")}
    with open_store(options.store) as store:
        _tell(store.sites.record(options.code, options.action, options.actor, **told))
    return 0


def _told(options: argparse.Namespace) -> dict[str, Any]:
    """Return what was said of the head."""
    names = (*_TEXTS, "utility", "planned_start", "planned_end")
    told = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    return told | ({"geom": _outline(options.outline)} if options.outline else {})


def _outline(text: str) -> shapely.Polygon:
    """Return the area that corners in a text enclose."""
    import shapely

    todo = "give three corners or more in the store's CRS, such as '528700,3386600 528760,3386600 528760,3386640'"
    try:
        corners = [tuple(map(float, one.split(","))) for one in text.split()]
        area = shapely.Polygon(corners)
    except (ValueError, shapely.errors.GEOSException):
        raise InputError(f"found {text!r}", todo=todo, field="--outline") from None
    if not area.is_valid or not area.area > 0:
        found = f"the corners {text!r} enclose no area, or cross"
        raise InputError(found, todo="give them in the order of a walk around the site", field="--outline")
    return area


def _put(found: pd.DataFrame, options: argparse.Namespace) -> None:
    if options.format == "csv":
        put_csv(found, options.out)
    else:
        put_json([plain_row(row) for row in found.to_dict("records")], options.out)


def _tell(site: Site) -> None:
    """Print where a site stands."""
    from gisapp.sites import allowed, unchecked, unreported

    told = {"site": site.code, "status": site.status, "allowed": list(allowed(site)), "unreported": unreported(site)}
    put_json(told | ({"unchecked": list(unchecked(site))} if site.status in ("in_work", "finished") else {}))
