"""Commands for files: ``import`` and ``export``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.console import ACTOR, Progress, command, put_csv, put_json, put_text, say, store_option
from gisapp.durable import replaced
from gisapp.errors import InputError, StoreError
from gisapp.harmless import harmless_cells
from gisapp.tables import UTILITIES

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.imports import Batch, Report
    from gisapp.store import Store

TARGETS = (
    *("network", "devices", "grids", "customers", "incidents", "units", "buildings", "limits"),
    *("tracks", "routes", "checkpoints", "findings", "warranties", "wells", "materials", "plans", "sites", "checks"),
)
EXPORTS = {
    "network": ("nodes", "links", "devices", "hydrants"),
    "grids": ("grids",),
    "incidents": ("incidents",),
    "customers": ("customers",),
}
GROUP_ROWS = 500_000  # of a Parquet file
MAPPING_FLAGS = {"column": "columns", "value": "values", "choice": "choices"} | {
    name: name for name in ("geometry", "times", "read")
}


def add_commands(commands: Any) -> None:
    """Add the commands of this module."""
    made = command(
        commands,
        "import",
        run_import,
        "Bring a file in, all of it or nothing. The report of every rejected row is saved beside the file.",
        "gisapp import hotline.csv --store my.gpkg --as incidents --mapping hotline.toml --crs EPSG:4490",
    )
    made.add_argument("file", type=Path, metavar="FILE")
    store_option(made)
    made.add_argument("--as", dest="target", required=True, choices=TARGETS)
    made.add_argument("--utility", choices=UTILITIES)
    made.add_argument("--mapping", type=Path, metavar="M.toml", help="which of the file's columns is which of ours")
    made.add_argument("--layout", choices=("hotline",), help="incidents: the headers under which hotlines export them")
    made.add_argument("--crs", metavar="EPSG:N", help="the CRS of the file's coordinates")
    made.add_argument("--frame", choices=("gcj02", "bd09"), help="the frame of coordinates in degrees")
    made.add_argument("--encoding", help="of text that is not UTF-8, for instance gb18030")
    for flag, section in MAPPING_FLAGS.items():
        form = "OURS:THEIRS=OURS" if flag == "choice" else "KEY=WHAT"
        made.add_argument(
            f"--{flag}", action="append", default=[], metavar=form, help=f"as [{section}] in a mapping file"
        )
    _add_ways_in(made)
    _add_export(commands)


def _add_ways_in(made: argparse.ArgumentParser) -> None:
    """Add what becomes of the rows, those that are rejected too."""
    made.add_argument(
        "--skip-rejected", action="store_true", help="bring the accepted rows in although others are rejected"
    )
    made.add_argument(
        "--rejected",
        type=Path,
        metavar="FILE",
        help="write the rejected rows of a CSV or XLSX as they stand there, with what is wrong, to correct",
    )
    made.add_argument(
        "--clean",
        action="store_true",
        help="make grids or units a valid coverage, after listing and asking about everything that changes",
    )
    made.add_argument(
        "--width-m",
        type=float,
        default=None,
        metavar="M",
        help="with --clean: how wide gaps and overlaps are that are closed (default 1); wider overlaps are refused",
    )
    made.add_argument("--yes", action="store_true", help="with --clean: bring it in without asking")
    made.add_argument(
        "--history",
        action="store_true",
        help="incidents of the past: each finds its grid, no unit or clock is worked out",
    )
    made.add_argument(
        "--format", choices=("text", "json"), help="of the report; text with --clean, json otherwise when left out"
    )
    made.add_argument("--dry-run", action="store_true", help="only say what would happen")


def _add_export(commands: Any) -> None:
    """Add the command that writes files."""
    made = command(
        commands,
        "export",
        run_export,
        "Write what the store holds, without personal data.",
        "gisapp export network --store city.gpkg --utility water --format json -o water.json",
    )
    made.add_argument("what", choices=tuple(EXPORTS))
    store_option(made)
    made.add_argument("--format", required=True, choices=("json", "gpkg", "csv", "parquet", "open311"))
    made.add_argument("--utility", choices=UTILITIES, help="needed for a network as JSON")
    made.add_argument(
        "-o", dest="out", type=Path, metavar="FILE", help="standard output when absent (not for gpkg and parquet)"
    )


def run_import(options: argparse.Namespace) -> int:
    """Bring a file in."""
    from dashboards.incoming import answered, read_for
    from gisapp.imports import RejectedError
    from gisapp.store import open_store

    report_path = options.file.with_name(f"{options.file.name}.report.json")
    clean_m = _clean_width(options)
    with open_store(options.store) as store:
        try:
            batch = read_for(
                store,
                options.file,
                options.target,
                crs=options.crs,
                utility=options.utility,
                mapping=_mapping(options),
                frame=options.frame,
                encoding=options.encoding,
                skip_rejected=options.skip_rejected,
                clean_m=clean_m,
                progress=Progress("reading"),
            )
        except RejectedError as error:
            _put_report(error.report, options)
            _keep(error.report, report_path)
            _keep_rejected(error.report, options)
            raise
        batch = answered(store, batch, history=options.history)
        _put_report(batch.report, options)
        _keep_rejected(batch.report, options)
        if not options.dry_run:
            if not _agreed(batch.report, options):
                say("nothing was imported")
                return 1
            source = batch.report.provenance
            store.save(batch.tables, actor="command line", source=source, progress=Progress("saving"))
            _keep(batch.report, report_path)
    _tell(batch, options, report_path)
    return 0


def _clean_width(options: argparse.Namespace) -> float | None:
    """Return up to which width slips of a coverage are closed; None without --clean."""
    from gisapp.grids.cleaning import WIDTH_M

    if not options.clean and (options.width_m is not None or options.yes):
        flag = "--yes" if options.yes else "--width-m"
        raise InputError(f"{flag} without --clean", todo="add --clean", field=flag)
    return (WIDTH_M if options.width_m is None else options.width_m) if options.clean else None


def _put_report(report: Report, options: argparse.Namespace) -> None:
    """Print the report: as JSON, or that of the cleaning in lines."""
    if report.cleaning is None or options.format == "json":
        text = options.format == "text"
        put_text(report.summary("en"), None) if text else put_json(report.as_json())
    else:
        put_text(report.summary("en") + "\n" + report.cleaning.as_text(), None)


def _agreed(report: Report, options: argparse.Namespace) -> bool:
    """Return whether a person agrees with what cleaning did; asks where there is something and somebody to ask."""
    if report.cleaning is None or report.cleaning.findings.empty or options.yes:
        return True
    if not sys.stdin.isatty():
        say("nobody is here to be asked; say --yes to bring it in with these changes")
        return False
    say(f"Bring in {report.accepted:,} rows with the {len(report.cleaning.findings):,} changes listed above? [y/N]")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _keep_rejected(report: Report, options: argparse.Namespace) -> None:
    """Write the rejected rows where that was asked for, nothing masked: they are to come in; none where all did."""
    from gisapp.imports import rejected_rows

    if options.rejected is not None and report.rejected_rows:
        rows = harmless_cells(rejected_rows(options.file, report)).to_csv(index=False, lineterminator="\n")
        with replaced(options.rejected) as staged:
            staged.chmod(0o600)
            staged.write_text(rows, encoding="utf-8-sig")
        say(f"{report.rejected_rows:,} rejected rows, with personal data, in {options.rejected}")


def _keep(report: Report, path: Path) -> None:
    """Save the report beside the file; where that cannot be, it still stands on standard output."""
    from gisapp.imports import save_report

    try:
        save_report(report, path)
    except (InputError, StoreError) as error:
        say(f"note: the report is on standard output only: {error}")


def _mapping(options: argparse.Namespace) -> Any:
    """Return the mapping of layout, file and flags together; flags win, then the file."""
    from gisapp.imports import Mapping
    from gisapp.imports.layouts import mapping_by_layout

    stated = {section: getattr(options, flag) for flag, section in MAPPING_FLAGS.items()}
    base = Mapping.from_toml(options.mapping) if options.mapping else Mapping()
    if options.layout:
        base = mapping_by_layout(options.file, options.layout, encoding=options.encoding).merged(base)
    return base.merged(Mapping.from_flags(**stated))


def _tell(batch: Batch, options: argparse.Namespace, report_path: Path) -> None:
    """Say in words what became of the file."""
    for warning in batch.report.warnings:
        say(f"note: {warning}")
    done = "would be brought in" if options.dry_run else "brought in"
    rest = "" if options.dry_run else f"; report in {report_path}"
    say(f"{options.file}: {batch.report.accepted:,} of {batch.report.rows:,} rows {done}{rest}")


def run_export(options: argparse.Namespace) -> int:
    """Write tables."""
    from gisapp.store import export_geopackage, open_store

    with open_store(options.store) as store:
        if options.what == "network" and options.format == "json":
            _put_network(store, options)
            store.note_way_out("export", actor=ACTOR, why="network as json", rows={"links": store.count("links")})
            return 0
        if options.format == "open311":
            return _put_open311(store, options)
        frames = {name: _chosen(_shared(store, name), options.utility) for name in EXPORTS[options.what]}
        if options.format == "gpkg":
            if options.out is None:
                raise InputError("a GeoPackage cannot go to standard output", todo="name a file", field="-o")
            export_geopackage(options.out, frames, store.crs)
        elif options.format == "parquet":
            _put_parquet(next(iter(frames.values())), options)
        elif options.format == "json":
            put_geojson(next(iter(frames.values())), options.out)
        else:
            main = frames["links"] if options.what == "network" else next(iter(frames.values()))
            put_csv(_with_wkt(main), options.out)
        counts = {name: len(frame) for name, frame in frames.items()}
        store.note_way_out("export", actor=ACTOR, why=f"{options.what} as {options.format}", rows=counts)
    say(", ".join(f"{len(frame):,} {name}" for name, frame in frames.items()))
    return 0


def _put_open311(store: Store, options: argparse.Namespace) -> int:
    """Write incidents as the requests of Open311."""
    from datetime import UTC, datetime

    from gisapp.reports.open311 import TABLES, open311_requests

    if options.what != "incidents":
        raise InputError(f"{options.what} are no requests", todo="export incidents", field="--format")
    rows: Any = _chosen(_shared(store, "incidents"), options.utility)
    tables = {name: store.table(name) for name in TABLES}
    made = open311_requests(rows, tables, store.rule_book, now=datetime.now(UTC))
    put_json(made, options.out)
    store.note_way_out("export", actor=ACTOR, why="incidents as open311", rows={"incidents": len(made)})
    say(f"{len(made):,} requests")
    return 0


def _shared(store: Store, name: str) -> pd.DataFrame:
    """Return a table as it may leave the house."""
    from gisapp.reports.shared import shared

    return shared(store.table(name), name, store.rule_book)


def _put_parquet(frame: Any, options: argparse.Namespace) -> None:
    """Write rows as GeoParquet in the project's CRS, in groups that are read one by one."""
    if options.what == "network" or options.out is None:
        todo = "name a file with -o" if options.out is None else "export the network as gpkg"
        raise InputError(f"{options.what} as Parquet on standard output or of several tables", todo=todo)
    with replaced(options.out) as part:
        frame.to_parquet(part, row_group_size=GROUP_ROWS, index=False)


def _put_network(store: Store, options: argparse.Namespace) -> None:
    """Write a network in the form that other programs read."""
    from dashboards.judging import network_in
    from gisapp.network import network_json

    if options.utility is None:
        raise InputError("a network as JSON is that of one utility", todo="name it", field="--utility")
    put_json(network_json(network_in(store, options.utility)), options.out)


def _chosen(frame: pd.DataFrame, utility: str | None) -> pd.DataFrame:
    """Return the rows of one utility, where the table tells them apart."""
    if utility is None or "utility" not in frame.columns:
        return frame
    return frame[frame["utility"] == utility].reset_index(drop=True)


def put_geojson(frame: Any, target: Path | None) -> None:
    """Write rows as GeoJSON, in degrees as that format demands."""
    import json

    times = {
        name: frame[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ") for name in frame.columns if frame[name].dtype.kind == "M"
    }
    degrees = frame.assign(**times).to_crs("EPSG:4326")
    put_json(json.loads(degrees.to_json(drop_id=True, to_wgs84=True, na="null")), target)


def _with_wkt(frame: Any) -> pd.DataFrame:
    """Return the rows with their geometry as text in the project's CRS, to the millimetre."""
    import pandas as pd

    text = frame.geometry.to_wkt(rounding_precision=3)
    return pd.DataFrame(frame.drop(columns="geom")).assign(geom=text)
