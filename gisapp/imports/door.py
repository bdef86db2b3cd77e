"""One file in, checked tables out: the whole way of a file through the door."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisapp import crs as frames
from gisapp.errors import InputError
from gisapp.imports import cells, keys, places, sniff
from gisapp.imports.guard import Limits, Progress, Reading, Request, guarded
from gisapp.imports.mapping import Mapping
from gisapp.imports.report import Faults, RejectedError, Report, by_row
from gisapp.imports.transport import Raw, Text
from gisapp.tables import DTYPES, TABLES, UTILITIES, Column, conform
from gisapp.times import zone_named

TARGETS: Map[str, tuple[str, ...]] = {
    "network": ("nodes", "links", "devices"),
    "devices": ("devices",),
    "grids": ("grids",),
    "customers": ("customers", "connections"),
    "incidents": ("incidents",),
    "units": ("unit_grids",),
    "buildings": ("buildings",),
}
_POINT_NAMES = (("lon", "lat"), ("x", "y"))
_READING_SHARE = 60


@dataclass(frozen=True)
class Batch:
    """Rows that may come in, by table in the shape of :data:`gisapp.tables.TABLES`, and the report."""

    tables: dict[str, pd.DataFrame]
    report: Report


@dataclass
class _Case:
    """What is known while one file is read."""

    path: Path
    target: str
    crs: str | None
    project: pyproj.CRS
    zone: ZoneInfo
    utility: str | None
    mapping: Mapping
    frame_name: str
    existing: Map[str, pd.DataFrame]
    kind: str = ""
    drawn: bool = False
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)


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
        The project's tables: codes may not repeat them, and references may point to them.
    progress
        Called with steps done and steps in all; it may raise :class:`gisapp.errors.Interrupted`.
    skip_rejected
        Return the accepted rows although others were rejected.

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
        case = _case(file, as_, crs, project_crs, zone, utility, mapping, frame, existing)
        reading = guarded(file, _request(case, encoding), limits=limits or Limits(), progress=_share(progress, 0))
        batch = _checked(case, reading, _share(progress, _READING_SHARE))
    except InputError as error:
        if error.file is not None:
            raise
        raise InputError(error.found, todo=error.todo, file=file.name, row=error.row, field=error.field) from error
    if batch.report.rejected_rows and not skip_rejected:
        raise RejectedError(batch.report)
    return batch


def _case(  # noqa: PLR0913
    file: Path,
    target: str,
    crs: str | None,
    project_crs: pyproj.CRS | str,
    zone: ZoneInfo | str,
    utility: str | None,
    mapping: Mapping | None,
    frame: str | None,
    existing: Map[str, pd.DataFrame] | None,
) -> _Case:
    """Check what the person stated, before the file is touched."""
    if target not in TARGETS:
        raise InputError(f"unknown kind of rows {target!r}", todo=f"use one of {', '.join(TARGETS)}")
    if utility is not None and utility not in UTILITIES:
        raise InputError(f"unknown utility {utility!r}", todo=f"use one of {', '.join(UTILITIES)}")
    if frame is not None and frame not in frames.FRAMES:
        raise InputError(f"unknown frame {frame!r}", todo=f"use one of {', '.join(frames.FRAMES)}")
    stated = mapping or Mapping()
    named = stated.times.get("zone", zone)
    return _Case(
        file,
        target,
        crs,
        frames.require_metres(project_crs, "the project"),
        zone_named(named) if isinstance(named, str) else named,
        utility,
        stated,
        frame or "wgs84",
        existing or {},
        sniff.kind_named(file),
    )


def _request(case: _Case, encoding: str | None) -> Request:
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
        wanted[table] = sorted(_wanted(_columns(case.target, table), part))
        if "layer" in part.read:
            layers[table] = str(part.read["layer"])
    read = case.mapping.read
    return Request(wanted, encoding or read.get("encoding"), read.get("delimiter"), read.get("sheet"), layers)


def _columns(target: str, table: str) -> tuple[Column, ...]:
    """Return the columns of ours that a table of the file may fill."""
    if target == "network":
        return TABLES[table].columns
    columns = [column for name in TARGETS[target] for column in TABLES[name].columns]
    return tuple(
        {column.name: column for column in columns if column.name != "customer_code" or target != "customers"}.values()
    )


def _same_names(mapping: Mapping) -> bool:
    """Return whether columns with exactly our names are taken."""
    return mapping.same_names or not mapping.columns


def _wanted(columns: tuple[Column, ...], mapping: Mapping) -> set[str]:
    """Return the names of their columns that are needed."""
    wanted = set(mapping.columns.values()) | {
        mapping.geometry[key] for key in ("x", "y", "wkt") if key in mapping.geometry
    }
    if _same_names(mapping):
        wanted |= {column.name for column in columns}
    if not {"x", "wkt"} & set(mapping.geometry):
        wanted |= {name for pair in _POINT_NAMES for name in pair}
    return wanted


def _share(progress: Progress | None, start: int) -> Progress | None:
    """Return progress for one part of the way: reading up to 60 of 100 steps, checking the rest."""
    if progress is None:
        return None
    span = 100 - start if start else _READING_SHARE

    def told(done: int, total: int) -> None:
        progress(start + int(span * min(done / max(total, 1), 1.0)), 100)

    return told


def _checked(case: _Case, reading: Reading, progress: Progress | None) -> Batch:
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
    if case.kind == "inp" and first.wkb is not None:
        case.drawn, loud = places.is_drawing(first.wkb, source, case.project)
        case.warnings += [loud] if case.drawn else []
    for done, raw in enumerate(reading.tables.values()):
        if progress:
            progress(done, len(reading.tables) + 1)
        case.warnings += raw.warnings
        frame, faults = _table(case, raw, source, tables)
        rows += raw.rows
        accepted += len(frame)
        rejected.append(faults.table_of())
        tables |= _split(case, raw.name, frame)
    if not rows:
        raise InputError("the file has no rows", todo="give a file with rows")
    if progress:
        progress(1, 1)
    case.provenance["crs"] = source.to_string() if source.to_authority() is None else ":".join(source.to_authority())
    report = Report(rows, accepted, by_row(rejected), tuple(dict.fromkeys(case.warnings)), case.provenance)
    return Batch(tables, report)


def _source_crs(case: _Case, raw: Raw) -> pyproj.CRS:
    """Return what the coordinates are in, stated by the person or the file, never guessed."""
    stated = frames.crs_named(case.crs, "--crs") if case.crs else None
    written = frames.crs_named(raw.crs, raw.crs_said_by) if raw.crs else None
    standard = raw.crs_said_by == "the GeoJSON standard"
    if case.frame_name != "wgs84" and (written is None or standard):
        written, standard = frames.crs_named("EPSG:4326", "WGS84"), True
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


def _table(
    case: _Case, raw: Raw, source: pyproj.CRS, before: Map[str, pd.DataFrame]
) -> tuple[gpd.GeoDataFrame, Faults]:
    """Return the accepted rows of one table of the file, and what is wrong with the others."""
    table = raw.name if case.target == "network" else TARGETS[case.target][0]
    mapping = case.mapping.part(raw.name)
    faults = Faults(table, raw.rows)
    for row, name, found, todo in raw.faults:
        faults.add(np.array([row]), name, found, todo)
    unreadable = faults.mask.copy()
    columns = _columns(case.target, raw.name)
    sources = _sources(case, columns, raw, mapping)
    shapes = _located(case, raw, table, mapping, source, faults)
    values = _values(case, columns, sources, raw, mapping, faults, unreadable)
    if table == "incidents" and mapping.geometry.get("missing"):
        values["located_by"] = _unlocated(values.get("located_by"), shapes, raw.rows)
    if mapping.geometry.get("length_m") == "drawn":
        values["length_m"] = pd.Series(shapely.length(shapes))
    frame = pd.DataFrame(values, index=pd.RangeIndex(raw.rows))
    _require_columns(columns, frame, table)
    if {"link_code", "measure_m"} <= set(frame.columns) and case.target == "customers":
        _require_whole_connections(frame, faults)
    keys.check_keys(frame, table, raw, faults, case.existing)
    known = {
        name: [one[name] for one in (case.existing, before) if name in one] for name in set(case.existing) | set(before)
    }
    keys.check_references(frame, table, faults, known)
    if case.target == "customers":
        linked = frame.rename(columns={"code": "customer_code"})
        keys.check_references(linked, "connections", faults, known)
    geo = gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index, crs=case.project).rename("geom"))
    return geo.rename_geometry("geom")[~faults.mask].reset_index(drop=True), faults


def _sources(case: _Case, columns: tuple[Column, ...], raw: Raw, mapping: Mapping) -> dict[str, Text | object]:
    """Return for each of our columns their text, or the constant stated for it."""
    names = {column.name for column in columns}
    for section in (mapping.columns, mapping.values, mapping.choices):
        strange = sorted(set(section) - names)
        if strange:
            raise InputError(
                f"the mapping names {strange[0]!r}, which is no column of {case.target}",
                todo=f"the columns are {', '.join(sorted(names))}",
            )
    sources: dict[str, Text | object] = {}
    for column in columns:
        theirs = mapping.columns.get(column.name)
        if theirs is not None and theirs not in raw.headers:
            raise InputError(
                f"the mapping takes {column.name} from {theirs!r}, which the file does not have",
                todo=f"its columns are {', '.join(raw.headers[:60])}",
                field=column.name,
            )
        if theirs is None and _same_names(mapping) and column.name in raw.columns and column.name not in mapping.values:
            theirs = column.name
        if theirs is not None and column.name in mapping.values:
            raise InputError("stated twice, as a column and as a value", todo="remove one of them", field=column.name)
        if theirs is not None:
            sources[column.name] = raw.columns[theirs]
        elif column.name in mapping.values:
            sources[column.name] = mapping.values[column.name]
    if case.utility is not None and "utility" in names:
        if "utility" in sources and case.kind != "inp":
            raise InputError(
                "the utility is stated by --utility and in the file or mapping", todo="keep one", field="utility"
            )
        sources["utility"] = case.utility
    return sources


def _values(
    case: _Case,
    columns: tuple[Column, ...],
    sources: Map[str, Text | object],
    raw: Raw,
    mapping: Mapping,
    faults: Faults,
    unreadable: np.ndarray,
) -> dict[str, pd.Series]:
    """Return our columns typed; cells that do not fit become faults."""
    times = mapping.times
    formats = {column.name: str(times["format"]) for column in columns if "format" in times} | dict(
        times.get("formats", {})
    )
    empty = frozenset(["", *mapping.read.get("empty", [])])
    how = cells.Reading(empty, case.zone, formats, mapping.choices)
    own = {column.name for column in TABLES[faults.table].columns}
    values = {}
    for column in columns:
        source = sources.get(column.name)
        if isinstance(source, Text):
            made = cells.cells(column, source, how)
            if column.kind == "text" and any(source is raw.columns.get(name) for name in raw.numbers):
                case.warnings.append(
                    f"{column.name} is a number in the file: leading zeros, if it had any, are lost there"
                )
            wrong = np.flatnonzero(made.wrong & ~unreadable)
            faults.add(wrong, column.name, made.found(wrong), made.todo)
            if column.required and column.name in own:
                absent = np.flatnonzero(made.missing & ~unreadable)
                faults.add(absent, column.name, "is empty", f"a value must stand here: {_offer(column)}")
            values[column.name] = made.values
        elif source is not None:
            values[column.name] = cells.constant(column, source, raw.rows)
    return values


def _require_columns(columns: tuple[Column, ...], frame: pd.DataFrame, table: str) -> None:
    """Raise when nothing at all is stated for a column that must be filled."""
    own = {column.name for column in TABLES[table].columns}
    for column in columns:
        if column.required and column.name in own and column.name not in frame.columns:
            raise InputError(
                f"{table} need this column and nothing is stated for it",
                todo=f"map it under [columns], or give a constant under [values]: {_offer(column)}",
                field=column.name,
            )


def _offer(column: Column) -> str:
    """Return what a column may hold, in words."""
    if column.choices:
        return f"one of {', '.join(column.choices)}"
    return {"time": "a time", "bool": "true or false", "int": "a whole number", "real": "a number"}.get(
        column.kind, "a text"
    )


def _require_whole_connections(frame: pd.DataFrame, faults: Faults) -> None:
    """Reject customers with half a connection."""
    half = np.flatnonzero(frame["link_code"].isna().to_numpy() != frame["measure_m"].isna().to_numpy())
    faults.add(
        half, "link_code", "has a link or a measure, not both", "give both, or neither for an unconnected customer"
    )


def _located(case: _Case, raw: Raw, table: str, mapping: Mapping, source: pyproj.CRS, faults: Faults) -> np.ndarray:
    """Return the shapes of a table in the project's CRS; rows that must have one and do not become faults."""
    geometry = TABLES[table].geometry
    assert geometry is not None
    schematic = case.kind == "inp"
    before = faults.mask.copy()
    if raw.wkb is not None:
        shapes, notes = places.shapes_of(raw.wkb, geometry, faults, schematic=schematic)
        case.warnings += notes
    else:
        shapes = _written_shapes(raw, geometry, mapping, faults)
    optional = schematic or "missing" in mapping.geometry
    none = np.equal(shapes, None) & ~faults.mask & ~before
    if optional and none.any():
        case.warnings.append(f"{int(none.sum()):,} rows of {table} have no position")
    elif none.any():
        faults.add(
            np.flatnonzero(none),
            "geom",
            "has no position",
            "give coordinates; see missing under [geometry] for incidents",
        )
    extends = case.target in ("grids", "units")
    grids = case.existing.get("grids")
    placing = places.Placing(source, case.frame_name, case.project, case.drawn, grids, extends)
    placed = places.placed(shapes, placing, faults)
    case.warnings += placed.warnings
    case.provenance["operation"] = placed.move.operation if placed.move else "none, a drawing"
    case.provenance["accuracy_m"] = placed.move.accuracy_m if placed.move else None
    return placed.shapes


def _written_shapes(raw: Raw, geometry: str, mapping: Mapping, faults: Faults) -> np.ndarray:
    """Return shapes from columns of coordinates or of WKT."""
    empty = frozenset(["", *mapping.read.get("empty", [])])
    if "wkt" in mapping.geometry:
        return _from_wkt(_column_of(raw, mapping.geometry["wkt"], "wkt"), geometry, faults, empty)
    if geometry != "POINT":
        raise InputError(
            f"{faults.table} need a {geometry}",
            todo="name the column of WKT as wkt under [geometry], or give a GeoPackage",
        )
    x_name, y_name = _xy_names(raw, mapping)
    xy, gone = [], []
    for name, key in ((x_name, "x"), (y_name, "y")):
        text = _column_of(raw, name, key)
        missing = np.fromiter((one.strip() in empty for one in text.texts), bool, len(text.texts))
        numbers = cells.real_numbers(text.texts, missing)
        wrong = text.spread(~np.isfinite(numbers) & ~missing) & ~faults.mask
        rows = np.flatnonzero(wrong)
        faults.add(rows, name, [cells.described(one) for one in text.full()[rows]], "write the coordinate as a number")
        xy.append(text.spread(np.where(np.isfinite(numbers), numbers, np.nan)))
        gone.append(text.spread(missing))
    half = np.flatnonzero((gone[0] != gone[1]) & ~faults.mask)
    faults.add(half, x_name, "has one coordinate of two", f"give both {x_name} and {y_name}")
    shapes = np.full(raw.rows, None, dtype=object)
    there = np.isfinite(xy[0]) & np.isfinite(xy[1])
    shapes[there] = shapely.points(xy[0][there], xy[1][there])
    return shapes


def _xy_names(raw: Raw, mapping: Mapping) -> tuple[str, str]:
    """Return the columns of east and north: stated, or called exactly lon and lat, or x and y."""
    if "x" in mapping.geometry and "y" in mapping.geometry:
        return mapping.geometry["x"], mapping.geometry["y"]
    pairs = [pair for pair in _POINT_NAMES if set(pair) <= set(raw.headers)]
    if len(pairs) != 1 or "x" in mapping.geometry or "y" in mapping.geometry:
        raise InputError(
            "it is not stated which columns hold the position",
            todo='name x (east) and y (north) under [geometry], such as x = "lon"; '
            f"the columns are {', '.join(raw.headers[:60])}",
        )
    return pairs[0]


def _column_of(raw: Raw, name: str, key: str) -> Text:
    """Return a column that [geometry] names."""
    if name not in raw.columns:
        raise InputError(
            f"[geometry] takes {key} from {name!r}, which the file does not have",
            todo=f"its columns are {', '.join(raw.headers[:60])}",
        )
    return raw.columns[name]


def _from_wkt(text: Text, geometry: str, faults: Faults, empty: frozenset[str]) -> np.ndarray:
    """Return shapes from a column of WKT."""
    texts = text.full()
    given = np.array([None if one.strip() in empty else one for one in texts], dtype=object)
    parsed = shapely.from_wkt(given, on_invalid="ignore")
    wrong = np.flatnonzero(np.equal(parsed, None) & ~np.equal(given, None))
    faults.add(wrong, "geom", [f"found {one[:60]!r}" for one in given[wrong]], "write WKT; a ring ends where it starts")
    shapes, _ = places.shapes_of(shapely.to_wkb(parsed), geometry, faults, schematic=False)
    return shapes


def _unlocated(stated: pd.Series | None, shapes: np.ndarray, rows: int) -> pd.Series:
    """Return located_by with "unlocated" where there is no position."""
    column = stated if stated is not None else pd.Series(None, index=range(rows), dtype=DTYPES["text"])
    return column.mask(np.equal(shapes, None), "unlocated")


def _split(case: _Case, name: str, frame: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """Return the accepted rows as tables of ours; customers bring their connections with them."""
    if case.target == "network":
        return {name: conform(frame, name)}
    table = TARGETS[case.target][0]
    own = [column.name for column in TABLES[table].columns if column.name in frame.columns]
    tables: dict[str, pd.DataFrame] = {table: conform(frame[[*own, "geom"]], table)}
    if case.target == "customers":
        tables["connections"] = _connections(case, frame)
    return tables


def _connections(case: _Case, frame: gpd.GeoDataFrame) -> pd.DataFrame:
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
