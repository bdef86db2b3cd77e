"""One file in, checked tables out: the whole way of a file through the door."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pyproj

from gisapp import crs as frames
from gisapp.children import Progress
from gisapp.errors import InputError
from gisapp.imports import places, sniff
from gisapp.imports.case import CLEANED, TARGETS, Case, same_names
from gisapp.imports.guard import Limits, Reading, Request, guarded
from gisapp.imports.located import POINT_NAMES
from gisapp.imports.mapping import Mapping
from gisapp.imports.report import RejectedError, Report, by_row
from gisapp.imports.rows import checked_rows
from gisapp.imports.trails import trail_rows
from gisapp.imports.transport import Raw
from gisapp.incidents.book import RuleBook
from gisapp.tables import TABLES, UTILITIES, Column, conform
from gisapp.times import zone_named

_READING_SHARE = 60


@dataclass(frozen=True)
class Batch:
    """Rows that may come in, by table in the shape of :data:`gisapp.tables.TABLES`, and the report."""

    tables: dict[str, pd.DataFrame]
    report: Report


def read_file(  # noqa: PLR0913 - the command's options, every one of them stated by a person
    path: str | Path,
    as_: str,
    *,
    crs: str | None = None,
    project_crs: pyproj.CRS | str,
    zone: ZoneInfo | str,
    utility: str | None = None,
    mapping: Mapping | None = None,
    frame: str | None = None,
    encoding: str | None = None,
    existing: Map[str, pd.DataFrame] | None = None,
    progress: Progress | None = None,
    skip_rejected: bool = False,
    clean_m: float | None = None,
    book: RuleBook | None = None,
    aliases: Map[str, str] | None = None,
    limits: Limits | None = None,
) -> Batch:
    """Return the rows of a file that may come in, in the project's CRS, and the report on all of them.

    Parameters
    ----------
    path
        GeoPackage, GeoJSON, shapefile (also zipped), CSV, XLSX, EPANET INP, or our network JSON.
    as_
        A key of :data:`TARGETS`: what the rows are.
    crs
        What the coordinates are in; needed unless the file says so itself. It must agree with the file.
    project_crs, zone
        Where the rows go, and in which zone times without an offset are read.
    utility
        The utility of all rows, where the file has no column for it.
    mapping
        Which of their columns are ours; without one only columns with exactly our names are taken.
    frame
        ``gcj02`` or ``bd09`` for degrees from a Chinese map service.
    encoding
        The encoding of a text that is not UTF-8, such as ``gb18030``.
    existing
        The project's tables, see :func:`gisapp.imports.tables_needed`: codes may not repeat them, and
        references may point to them. A table that is not given counts as empty.
    progress
        Called with steps done and steps in all; it may raise :class:`gisapp.errors.Interrupted`.
    skip_rejected
        Return the accepted rows although others were rejected.
    clean_m
        Make grids or units a valid coverage: mend polygons, close gaps and overlaps up to this width in metres,
        see :func:`gisapp.grids.cleaning.cleaned`. The report's ``cleaning`` tells everything that was done.
    book
        The rules by which an incident may stand where its row says; without them any status comes in.
    aliases
        What people call buildings and communities beside their names, name -> code: incidents are found by it too.

    Raises
    ------
    RejectedError
        When a row is rejected and ``skip_rejected`` is False; its ``report`` lists every one.
    InputError, CrsError
        When the file as a whole cannot be used. Nothing is changed anywhere in any case.
    Interrupted
        When the person stopped it.
    """
    file = Path(path)
    try:
        _refuse_unknown(as_, utility, frame)
        if clean_m is not None and as_ not in CLEANED:
            raise InputError(f"{as_} are no coverage", todo=f"clean {' or '.join(CLEANED)} only", field="--clean")
        stated = mapping or Mapping()
        named = stated.times.get("zone", zone)
        case = Case(
            file,
            as_,
            crs,
            frames.require_metres(project_crs, "the project"),
            zone_named(named) if isinstance(named, str) else named,
            utility,
            stated,
            frame or "wgs84",
            existing or {},
            clean_m,
            book,
            aliases or {},
            sniff.kind_named(file),
        )
        reading = guarded(file, _request(case, encoding), limits=limits or Limits(), progress=_share(progress, 0))
        batch = _checked(case, reading, _share(progress, _READING_SHARE))
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(error.found, todo=error.todo, file=file.name, row=error.row, field=error.field) from error
    if batch.report.rejected_rows and not skip_rejected:
        raise RejectedError(batch.report)
    return batch


def _refuse_unknown(target: str, utility: str | None, frame: str | None) -> None:
    """Raise for a statement that means nothing here, before the file is touched."""
    for what, stated, known in (
        ("kind of rows", target, tuple(TARGETS)),
        ("utility", utility, UTILITIES),
        ("frame", frame, frames.FRAMES),
    ):
        if stated is not None and stated not in known:
            raise InputError(f"unknown {what} {stated!r}", todo=f"use one of {', '.join(known)}")


def _request(case: Case, encoding: str | None) -> Request:
    """Return what the child is to read: only the columns that the mapping or our own names ask for."""
    tables = TARGETS[case.target] if case.target == "network" else (case.target,)
    if case.kind in ("csv", "xlsx", "geojson", "zip", "shapefile") and case.target == "network":
        raise InputError(
            "a network needs nodes, links and devices together",
            todo="give an EPANET INP, a GeoPackage with the layers nodes, links and devices, or our network JSON",
        )
    wanted, layers = {}, {}
    for table in tables:
        part = case.mapping.part(table)
        wanted[table] = sorted(_wanted(case.columns(table), part))
        if "layer" in part.read:
            layers[table] = str(part.read["layer"])
    read = case.mapping.read
    return Request(wanted, encoding or read.get("encoding"), read.get("delimiter"), read.get("sheet"), layers)


def _wanted(columns: tuple[Column, ...], mapping: Mapping) -> set[str]:
    """Return the names of their columns that are needed."""
    wanted = set(mapping.columns.values()) | {
        mapping.geometry[key] for key in ("x", "y", "wkt", "address") if key in mapping.geometry
    }
    if same_names(mapping):
        wanted |= {column.name for column in columns}
    if not {"x", "wkt"} & set(mapping.geometry):
        wanted |= {name for pair in POINT_NAMES for name in pair}
    return wanted


def _share(progress: Progress | None, start: int) -> Progress | None:
    """Return progress for one part of the way: reading up to 60 of 100 steps, checking the rest."""
    if progress is None:
        return None
    span = 100 - start if start else _READING_SHARE

    def told(done: int, total: int) -> None:
        progress(start + int(span * min(done / max(total, 1), 1.0)), 100)

    return told


def _checked(case: Case, reading: Reading, progress: Progress | None) -> Batch:
    """Return the batch of a file whose texts were read."""
    case.provenance = {**reading.facts, "as": case.target, "frame": case.frame_name, "zone": case.zone.key}
    case.provenance["mapping"] = case.mapping.as_json()
    if "left_out" in reading.facts:
        case.warnings.append(f"left out: {reading.facts['left_out']}")
    tables: dict[str, pd.DataFrame] = {}
    rejected: list[pd.DataFrame] = []
    rows = accepted = 0
    first = next(iter(reading.tables.values()))
    source = _source_crs(case, first)
    if case.kind in ("inp", "json") and first.wkb is not None:
        case.drawn, loud = places.is_drawing(first.wkb, source, case.project)
        case.warnings += [loud] if case.drawn else []
    for done, raw in enumerate(reading.tables.values()):
        if progress:
            progress(done, len(reading.tables) + 1)
        if case.target == "tracks" and raw.wkb is None and "wkt" not in case.mapping.geometry:
            raw, case.mapping = trail_rows(raw, case.mapping)  # noqa: PLW2901 - one row a track from here on
        case.warnings += raw.warnings
        frame, faults = checked_rows(case, raw, source, tables)
        rows += raw.rows
        accepted += len(frame)
        rejected.append(faults.table_of())
        tables |= _split(case, raw.name, frame)
    if not rows:
        raise InputError("the file has no rows", todo="give a file with rows")
    if progress:
        progress(1, 1)
    authority = source.to_authority()
    case.provenance["crs"] = ":".join(authority) if authority else source.to_string()
    report = Report(
        rows, accepted, by_row(rejected), tuple(dict.fromkeys(case.warnings)), case.provenance, case.cleaning
    )
    return Batch(tables, report)


def _source_crs(case: Case, raw: Raw) -> pyproj.CRS:
    """Return what the coordinates are in, stated by the person or the file, never guessed."""
    stated = frames.crs_named(case.crs, "--crs") if case.crs else None
    written = frames.crs_named(raw.crs, raw.crs_said_by) if raw.crs else None
    standard = raw.crs_said_by == "the GeoJSON standard"
    if case.frame_name != "wgs84" and (written is None or standard):
        written, standard = frames.crs_named("EPSG:4326", "WGS84"), True
    if TABLES[case.table(raw.name)].geometry is None:
        case.provenance["crs_said_by"] = "nobody: there are no coordinates"
        return case.project
    if stated is None and written is None and "address" in case.mapping.geometry and "x" not in case.mapping.geometry:
        case.provenance["crs_said_by"] = "the project: places are looked up"
        return case.project
    if stated is None and written is None:
        raise InputError(
            "the file does not say which CRS its coordinates are in",
            todo="ask who made it and state it, such as --crs EPSG:4547, or --frame gcj02 for degrees of a map service",
        )
    if stated is not None and written is not None and not standard and not frames.same_crs(stated, written):
        raise InputError(
            f"the file says {written.name}, --crs says {stated.name}", todo="leave --crs off, or correct the file"
        )
    chosen = stated or written
    assert chosen is not None
    case.provenance["crs_said_by"] = "--crs" if stated else raw.crs_said_by or "--frame"
    return chosen


def _split(case: Case, name: str, frame: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """Return the accepted rows as tables of ours; customers bring their connections with them."""
    if case.target == "network":
        return {name: conform(frame, name)}
    table = TARGETS[case.target][0]
    own = [column.name for column in TABLES[table].columns if column.name in frame.columns]
    whole = frame[[*own, "geom"]] if TABLES[table].geometry else pd.DataFrame(frame[own])
    tables: dict[str, pd.DataFrame] = {table: conform(whole, table)}
    if case.target == "customers":
        tables["connections"] = _connections(case, frame)
    return tables


def _connections(case: Case, frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the connections of customers whose link and measure are stated; the others stay unconnected."""
    if not {"link_code", "measure_m", "utility"} <= set(frame.columns):
        joined = frame.iloc[:0].assign(customer_code="", link_code="", measure_m=0.0, utility="water")
    else:
        joined = frame[frame["link_code"].notna()].assign(customer_code=lambda rows: rows["code"])
    alone = len(frame) - len(joined)
    if alone:
        case.warnings.append(
            f"{alone:,} customers come in unconnected: no link and measure are stated for them, and they are never put "
            "on the nearest main"
        )
    names = [column.name for column in TABLES["connections"].columns]
    return conform(pd.DataFrame(joined[names]), "connections")
