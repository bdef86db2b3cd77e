"""The command that says which grid each point is in."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboards.commands.choice import cluster_option
from dashboards.commands.console import Progress, command, put_csv, say, store_option
from gisapp.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.store import Store

DEGREES = "EPSG:4490"
SHIFTED_DEGREES = "EPSG:4326"  # what GCJ-02 and BD-09 shift


def add_commands(commands: Any) -> None:
    """Add the command of this module."""
    made = command(
        commands,
        "assign",
        run_assign,
        "Say which grid each point of a CSV file is in. The position stands in columns called x and y in the project's "
        "CRS, or lon and lat in degrees, unless --x and --y name others. Of GeoParquet in the project's CRS, a file or "
        "a folder, a new folder of such files is written, part by part.",
        "gisapp assign points.csv --store city.gpkg -o placed.csv",
    )
    made.add_argument("points", type=Path, metavar="POINTS.csv|PARTS")
    cluster_option(made)
    store_option(made)
    made.add_argument("--x", metavar="COLUMN", help="column of the easting or longitude")
    made.add_argument("--y", metavar="COLUMN", help="column of the northing or latitude")
    made.add_argument("--crs", metavar="EPSG:N", help="CRS of --x and --y; the project's when absent")
    made.add_argument(
        "--frame", choices=("gcj02", "bd09"), help="frame of positions in degrees, when it is none of a CRS"
    )
    made.add_argument("--encoding", default="utf-8-sig")
    made.add_argument("--at", metavar="TIME", help="by the grids in force at this moment; now when absent")
    made.add_argument("-o", dest="out", type=Path, metavar="OUT.csv|FOLDER")


def run_assign(options: argparse.Namespace) -> int:
    """Place the points of a file; exit status 1 when none is in a grid."""
    import pandas as pd

    from gisapp.grids import assign, grids_at
    from gisapp.store import open_store
    from gisapp.times import parse_moment

    if options.points.is_dir() or options.points.suffix == ".parquet":
        return _assign_parts(options)
    if options.cluster:
        todo = "give a GeoParquet file or a folder of them"
        raise InputError("a cluster reads no CSV", todo=todo, field="--cluster")
    rows = _text_rows(options.points, options.encoding)
    with open_store(options.store) as store:
        moment = parse_moment(options.at, store.zone) if options.at else pd.Timestamp.now(tz="UTC")
        placed = assign(_positions(rows, options, store), grids_at(store.table("grids"), moment))
    answer = rows.assign(
        grid=placed["grid"].to_numpy(),
        distance_m=placed["distance_m"].round(3).to_numpy(),
        why=placed["why"].to_numpy(),
    )
    put_csv(answer, options.out)
    inside = int(placed["grid"].notna().sum())
    say(f"{len(rows):,} points: {inside:,} in a grid, {len(rows) - inside:,} in none")
    return 0 if inside or rows.empty else 1


def _assign_parts(options: argparse.Namespace) -> int:
    """Place the points of GeoParquet files, part by part."""
    import pandas as pd

    from gisapp.grids import grids_at
    from gisapp.partitions import Cluster, assign_parts, parts_of
    from gisapp.store import open_store
    from gisapp.times import parse_moment

    if options.out is None:
        raise InputError("GeoParquet cannot go to standard output", todo="name a new folder", field="-o")
    with open_store(options.store) as store:
        moment = parse_moment(options.at, store.zone) if options.at else pd.Timestamp.now(tz="UTC")
        grids = grids_at(store.table("grids"), moment)
        parts = parts_of(options.points, crs=store.crs)
    cluster, progress = Cluster(options.cluster), Progress("placing")
    inside, outside = assign_parts(parts, grids, options.out, cluster=cluster, progress=progress)
    say(f"{inside + outside:,} points: {inside:,} in a grid, {outside:,} in none")
    return 0 if inside or not outside else 1


def _text_rows(path: Path, encoding: str) -> pd.DataFrame:
    """Return the rows of a CSV file, every value as the text that stands there."""
    import pandas as pd

    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False, encoding=encoding)
    except OSError as error:
        raise InputError(str(error.strerror), todo="name a file that can be read", file=str(path)) from error
    except (UnicodeDecodeError, LookupError) as error:
        todo = "name its encoding, for instance --encoding gb18030"
        raise InputError(f"is not {encoding}", todo=todo, file=str(path)) from error
    except ValueError as error:
        raise InputError(str(error), todo="give a CSV file with a header line", file=str(path)) from error


def _positions(rows: pd.DataFrame, options: argparse.Namespace, store: Store) -> Any:
    """Return the positions in the project's CRS, shape (n, 2); NaN where a row has no two numbers."""
    import numpy as np
    import pandas as pd

    from gisapp.crs import crs_named, degrees_box, move

    x, y, crs = _columns(rows, options)
    xy = rows[[x, y]].apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    source = crs_named(crs, str(options.points)) if crs else store.crs
    there = xy[np.isfinite(xy).all(axis=1)]
    near = degrees_box(source, np.array([*there.min(axis=0), *there.max(axis=0)])) if len(there) else None
    moved = move(source, options.frame or "wgs84", store.crs, near=near)
    for warning in moved.warnings:
        say(f"note: {warning}")
    return moved.apply(xy)


def _columns(rows: pd.DataFrame, options: argparse.Namespace) -> tuple[str, str, str | None]:
    """Return the columns of the position and their CRS; None is the project's."""
    if bool(options.x) != bool(options.y):
        raise InputError("only one of --x and --y is given", todo="name both columns", file=str(options.points))
    degrees = SHIFTED_DEGREES if options.frame else DEGREES
    named = {("x", "y"): None, ("lon", "lat"): degrees}
    asked = {(options.x, options.y): degrees if options.frame else None} if options.x else named
    found = [(pair, crs) for pair, crs in asked.items() if set(pair) <= set(rows.columns)]
    if len(found) != 1:
        have = ", ".join(map(str, rows.columns))
        todo = "name the columns with --x and --y, and their --crs unless it is the project's"
        raise InputError(f"found columns {have}, and no one position among them", todo=todo, file=str(options.points))
    (x, y), crs = found[0]
    return x, y, options.crs or crs
