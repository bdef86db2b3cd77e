"""Commands on boundary plans (划分方案): ``plan new``, ``list``, ``check``, ``diff``, ``activate`` and so on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands import plan_words, proposals
from dashboards.commands.console import ACTOR, command, put_bytes, put_csv, put_json, put_text, say, store_option
from dashboards.commands.files import put_geojson
from gisapp.errors import InputError
from gisapp.words import LANGUAGES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.grids import Change, Plan
    from gisapp.grids.plan_diff import PlanDiff
    from gisapp.store import Store


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    about = "Draw grid boundaries as plans: drafted, checked, compared, approved, in force from a minute."
    group = command(commands, "plan", run_list, about, _of("list"))
    verbs = group.add_subparsers(dest="verb", required=True, metavar="VERB")
    _reading(verbs)
    _writing(verbs)
    plan_words.add_verbs(verbs)
    proposals.add_verbs(verbs)


def _of(words: str) -> str:
    return f"gisapp plan {words} --store city.gpkg"


def _verb(verbs: Any, name: str, run: Any, about: str, example: str, *codes: str) -> argparse.ArgumentParser:
    """Return a verb with the store and the codes of plans that it asks for."""
    made = command(verbs, name, run, about, _of(example))
    for code in codes:
        made.add_argument(code, metavar=code.upper(), help="code of a plan")
    store_option(made)
    return made


def _reading(verbs: Any) -> None:
    """Add the verbs that only read."""
    made = _verb(verbs, "list", run_list, "List every plan and where it stands, the newest first.", "list")
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")
    about = "List what is wrong with a plan. Exit status 1: something is."
    made = _verb(verbs, "check", run_check, about, "check B20261127-001 --pattern 'G[0-9]{3}'", "code")
    made.add_argument("--pattern", metavar="REGEX", help="what the whole code of each grid must match")
    proposals.limits_option(made)
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv")
    about = "Compare two plans; 'now' stands for the grids in force. Exit status 1: nothing differs."
    made = _verb(verbs, "diff", run_diff, about, "diff now B20261127-001 --format xlsx -o diff.xlsx", "one", "other")
    made.add_argument("--format", choices=("json", "xlsx", "html"), default="json")
    made.add_argument("--lang", choices=LANGUAGES, default="zh-Hans", help="of the page")
    made.add_argument("-o", dest="out", type=Path, metavar="FILE", help="standard output when absent (not for xlsx)")
    about = "Write the grids of a plan with the codes of their leaders."
    made = _verb(verbs, "export", run_export, about, "export B20261127-001 --format gpkg -o plan.gpkg", "code")
    made.add_argument("--format", choices=("gpkg", "geojson", "kml", "shp"), required=True)
    made.add_argument(
        "-o", dest="out", type=Path, metavar="FILE", help="standard output when absent (not for gpkg and shp)"
    )


def _writing(verbs: Any) -> None:
    """Add the verbs that write."""
    about = "Begin a draft from the grids in force, of the stored units or of the blocks that streets cut out."
    made = _verb(verbs, "new", run_new, about, "new --name 2027年划分")
    made.add_argument("--name", required=True)
    made.add_argument("--units", choices=("stored", "streets"), default="stored")
    made.add_argument(
        "--assign", type=Path, metavar="FILE.csv", help="unit and grid, as suggest --format csv writes them"
    )
    made.add_argument(
        "--bridge",
        action="append",
        default=[],
        metavar="UNIT:UNIT",
        help="two units that hang together without touching, such as over a river; may be repeated; "
        "'streets' for all that a street joins",
    )
    proposals.limits_option(made, "areas whose borders none of its grids may cross, kept with the plan")
    for name, about in (
        ("submit", "Hand a draft in for approval."),
        ("return", "Give a submitted plan back as a draft."),
        ("approve", "Approve a submitted plan; it does not change any more."),
        ("withdraw", "Give a plan up."),
    ):
        made = _verb(verbs, name, run_step, about, f"{name} B20261127-001", "code")
        made.add_argument("--note")
    about = (
        "Put an approved plan in force from a minute on; the grids of before end then and stay with their incidents."
    )
    made = _verb(verbs, "activate", run_activate, about, "activate B20261127-001 --at '2027-01-01 00:00'", "code")
    made.add_argument("--at", required=True, metavar="TIME", help="a minute to come, in the store's zone")
    made.add_argument(
        "--except",
        dest="excepted",
        action="append",
        default=[],
        metavar="GRID",
        help="a grid that may have no leader or several then, which is written down; may be repeated",
    )
    made.add_argument("--note")


def run_list(options: argparse.Namespace) -> int:
    """List every plan."""
    import pandas as pd

    from dashboards.drafting import plans_listed
    from gisapp.store import open_store

    with open_store(options.store) as store:
        table = plans_listed(store, pd.Timestamp.now("UTC"))
    put_csv(table, options.out)
    say(f"{len(table):,} plans")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """List what is wrong with a plan."""
    import pandas as pd

    from dashboards.drafting import limits_of
    from gisapp.grids.plan_checks import plan_faults
    from gisapp.store import open_store

    with open_store(options.store) as store:
        draft = store.plans.load(options.code)
        plan, limits = draft.plan, limits_of(store, {*draft.across, *options.not_across})
        now = pd.Timestamp.now("UTC").floor("min")
        faults = plan_faults(plan, posts=store.table("posts"), since=now, pattern=options.pattern, limits=limits)
    spot = faults.geometry.representative_point()
    put_csv(pd.DataFrame(faults.drop(columns="geom")).assign(x=spot.x, y=spot.y), options.out)
    say(f"{options.code}: {len(plan.codes):,} grids of {len(plan.unit):,} units, {len(faults):,} faults")
    return 1 if len(faults) else 0


def run_diff(options: argparse.Namespace) -> int:
    """Compare two plans."""
    import pandas as pd

    from dashboards.drafting import two_plans
    from dashboards.snapshot import figured
    from gisapp.counting import known_until
    from gisapp.grids.plan_diff import plan_diff
    from gisapp.store import open_store

    if options.format == "xlsx" and options.out is None:
        raise InputError("a workbook cannot go to standard output", todo="name a file", field="-o")
    with open_store(options.store) as store:
        one, other = two_plans(store, options.one, options.other)
        tables = figured(store, *proposals.LOAD_TABLES)
        now = pd.Timestamp.now("UTC")
        known = known_until(tables["incidents"]["reported_at"].max(), now)
        as_of = known.tz_convert(store.zone)  # as on the planner's page
        found = plan_diff(one, other, tables=tables, now=as_of, weights=store.workload_weights(now))
        if options.format == "html":
            put_text(_page(store, options, found, (one, other)), options.out)
    sheets = _sheets(found)
    if options.format == "xlsx":
        put_bytes(_workbook(sheets), options.out)
    elif options.format == "json":
        put_json({name: _records(sheet) for name, sheet in sheets.items()}, options.out)
    moved = found.matrix
    say(
        f"{len(moved):,} moves between grids: {moved['households'].sum():,.0f} households, "
        f"{moved['open_incidents'].sum():,.0f} open incidents, {moved['pipe_m'].sum() / 1000:,.1f} km of pipe"
    )
    return 0 if len(moved) else 1


def _page(store: Store, options: argparse.Namespace, found: PlanDiff, plans: tuple[Plan, Plan]) -> str:
    """Return a comparison as a page that opens without a network."""
    import pandas as pd

    from dashboards.drafting import NOW
    from gisapp.grids import plan_grids
    from gisapp.words import word
    from layers.plan_page import GROUND, Side, plan_diff_html

    names = store.table("plans").set_index("code")["name"]
    titles = [
        word("diff.now", options.lang) if code == NOW else f"{code} {names[code]}"
        for code in (options.one, options.other)
    ]
    before, after = (Side(title, plan_grids(plan)) for title, plan in zip(titles, plans, strict=True))
    ground = {name: store.table(name) for name in GROUND}
    made_at = pd.Timestamp.now(store.zone).to_pydatetime()
    return plan_diff_html(found, before, after, ground, city=store.name, made_at=made_at, language=options.lang)


def run_export(options: argparse.Namespace) -> int:
    """Write the grids of a plan."""
    import pandas as pd

    from gisapp.grids import leaders_at, leaders_planned, plan_grids
    from gisapp.store import export_geopackage, export_shapefile, open_store

    if options.format in ("gpkg", "shp") and options.out is None:
        named = {"gpkg": "GeoPackage", "shp": "shapefile"}[options.format]
        raise InputError(f"a {named} cannot go to standard output", todo="name a file", field="-o")
    with open_store(options.store) as store:
        plan = store.plans.load(options.code).plan
        grids = plan_grids(plan)
        leaders = leaders_planned(plan, leaders_at(store.table("posts"), pd.Timestamp.now("UTC")))
        frame = grids.assign(leader=grids["code"].map(leaders).astype("str"))
        if options.format == "gpkg":
            export_geopackage(options.out, {"grids": frame}, store.crs)
        elif options.format == "shp":
            export_shapefile(options.out, frame)
        elif options.format == "kml":
            put_text(_kml(frame), options.out)
        else:
            put_geojson(frame, options.out)
    say(f"{options.code}: {len(frame):,} grids")
    return 0


def _kml(frame: Any) -> str:
    """Return grids as KML 2.2, in degrees as that format demands, named by their codes."""
    from xml.etree import ElementTree

    import shapely

    root = ElementTree.Element("kml", xmlns="http://www.opengis.net/kml/2.2")
    document = ElementTree.SubElement(root, "Document")
    degrees = frame.to_crs("EPSG:4326")
    for row in degrees.itertuples():
        mark = ElementTree.SubElement(document, "Placemark")
        ElementTree.SubElement(mark, "name").text = row.code
        told = ElementTree.SubElement(mark, "ExtendedData")
        for name in ("name", "utilities", "leader"):
            value = getattr(row, name)
            # GDAL would take a field called name for the name of the place, which is the code.
            field = ElementTree.SubElement(told, "Data", name="title" if name == "name" else name)
            ElementTree.SubElement(field, "value").text = value if isinstance(value, str) else ""
        whole = ElementTree.SubElement(mark, "MultiGeometry")
        for part in shapely.get_parts(row.geom):
            polygon = ElementTree.SubElement(whole, "Polygon")
            for number, ring in enumerate((part.exterior, *part.interiors)):
                border = ElementTree.SubElement(polygon, "innerBoundaryIs" if number else "outerBoundaryIs")
                line = ElementTree.SubElement(ElementTree.SubElement(border, "LinearRing"), "coordinates")
                line.text = " ".join(f"{x:.9f},{y:.9f}" for x, y in ring.coords)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


def run_new(options: argparse.Namespace) -> int:
    """Begin a draft from the grids in force."""
    from dashboards.drafting import limits_of, plan_now, units_of_store
    from gisapp.store import open_store

    with open_store(options.store) as store:
        units = units_of_store(store, streets=options.units == "streets")
        plan = plan_now(store, units, bridges=_bridges(store, units, options.bridge))
        change = _assigned(plan, options.assign) if options.assign else None
        across = sorted(limits_of(store, options.not_across))
        code = store.plans.open(plan, options.name, actor=ACTOR, across=across)
        if change is not None:
            store.plans.add(code, change, version=1, actor=ACTOR)
            plan = change.done(plan)
    put_json({"plan": code, "grids": len(plan.codes), "units": len(plan.unit)})
    return 0


def _assigned(plan: Plan, path: Path) -> Change:
    """Return the change that a file of units and their grids makes of a plan."""
    import pandas as pd

    from gisapp.grids.edits import carry_out

    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", todo="give a CSV in UTF-8", file=str(path)) from error
    if not {"unit", "grid"} <= set(rows.columns):
        raise InputError("has no columns unit and grid", todo="name them so in its first line", file=str(path))
    wanted = rows.drop_duplicates("unit").set_index("unit")["grid"].reindex(plan.unit)
    lacking = wanted.isna() | (wanted == "")
    if lacking.any() or len(rows) != len(plan.unit):
        named = str(wanted.index[lacking][0]) if lacking.any() else "one that is unknown or stands twice"
        raise InputError(f"unit {named}", todo="give each unit of the plan once, with its grid", file=str(path))
    return carry_out(plan, wanted.to_numpy(dtype=object))


def run_step(options: argparse.Namespace) -> int:
    """Take a step of a plan's life."""
    from gisapp.store import open_store

    with open_store(options.store) as store:
        status = store.plans.record(options.code, options.verb, actor=ACTOR, note=options.note)
    put_json({"plan": options.code, "status": status})
    return 0


def run_activate(options: argparse.Namespace) -> int:
    """Put an approved plan in force from a minute on."""
    from gisapp.store import open_store
    from gisapp.times import parse_moment

    with open_store(options.store) as store:
        moment = parse_moment(options.at, store.zone)
        store.plans.activate(options.code, moment, actor=ACTOR, note=options.note, excepted=options.excepted)
    put_json({"plan": options.code, "in_force_from": moment.isoformat()})
    return 0


def _bridges(store: Store, units: Any, named: list[str]) -> list[tuple[str, str]]:
    """Return pairs of units that hang together: named, or joined by a street."""
    from gisapp.grids import bridges_of

    pairs = []
    for name in named:
        one, _, other = name.partition(":")
        if name == "streets":
            pairs += bridges_of(units, store.table("streets"))
        elif one and other:
            pairs.append((one, other))
        else:
            raise InputError(f"a bridge {name!r}", todo="give two units as U1:U2, or 'streets'", field="--bridge")
    unknown = sorted({code for pair in pairs for code in pair} - set(units["code"]))
    if unknown:
        raise InputError(f"no unit {unknown[0]!r}", todo="give codes of units", field="--bridge")
    return sorted(set(pairs))


def _sheets(found: PlanDiff) -> dict[str, pd.DataFrame]:
    """Return a comparison as tables without geometry."""
    import pandas as pd

    return {
        "moves": pd.DataFrame(found.matrix.drop(columns="geom")),
        "grids": found.grids,
        "leaders": found.leaders,
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON takes them."""
    plain = table.astype(object).where(table.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def _workbook(sheets: dict[str, pd.DataFrame]) -> bytes:
    """Return tables as one XLSX, text as text, so that a code keeps its zeros and no cell is a formula."""
    from io import BytesIO

    import openpyxl

    from gisapp.harmless import harmless_cells

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, table in {name: harmless_cells(table) for name, table in sheets.items()}.items():
        sheet = book.create_sheet(name)
        sheet.append(list(table.columns))
        sheet.freeze_panes = "A2"
        for row in _records(table):
            sheet.append(list(row.values()))
        for cells in sheet.iter_rows():
            for cell in cells:
                if isinstance(cell.value, str):
                    cell.data_type = "s"
    made = BytesIO()
    book.save(made)
    return made.getvalue()
