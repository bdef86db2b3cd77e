"""The rows of one table of a file, typed and checked: texts in, accepted rows and faults out."""

from __future__ import annotations

from collections.abc import Mapping as Map

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisapp.errors import InputError
from gisapp.grids.cleaning import cleaned
from gisapp.imports import cells, keys, located, places
from gisapp.imports.case import Case, same_names
from gisapp.imports.mapping import Mapping
from gisapp.imports.report import Faults
from gisapp.imports.statuses import check_statuses, check_wanted
from gisapp.imports.transport import Raw, Text
from gisapp.tables import DTYPES, TABLES, Column


def checked_rows(
    case: Case, raw: Raw, source: pyproj.CRS, before: Map[str, pd.DataFrame]
) -> tuple[gpd.GeoDataFrame, Faults]:
    """Return the accepted rows of one table of the file, and what is wrong with the others."""
    table = case.table(raw.name)
    mapping = case.mapping.part(raw.name)
    faults = Faults(table, raw.rows)
    for row, name, found, todo in raw.faults:
        faults.add(np.array([row]), name, found, todo)
    unreadable = faults.mask.copy()
    columns = case.columns(raw.name)
    sources = _sources(case, columns, raw, mapping)
    shapes = located.located(case, raw, table, mapping, source, faults)
    values = _values(case, columns, sources, raw, mapping, faults, unreadable)
    if table == "incidents" and (case.ways or mapping.geometry.get("missing")):
        values |= _ways(case, values, shapes)
    if mapping.geometry.get("length_m") == "drawn":
        values["length_m"] = pd.Series(shapely.length(shapes))
    frame = pd.DataFrame(values, index=pd.RangeIndex(raw.rows))
    _require_columns(columns, frame, table)
    if case.target == "customers":
        _require_whole_connections(frame, faults)
    keys.check_keys(frame, table, raw, faults, case.existing)
    known = {
        name: [one[name] for one in (case.existing, before) if name in one] for name in set(case.existing) | set(before)
    }
    keys.check_references(frame, table, faults, known)
    keys.check_measures(frame, faults, known)
    keys.check_states(frame, faults)
    keys.check_moments(frame, table, case.zone, faults)
    if table == "incidents" and case.book is not None:
        check_statuses(frame, case.book, faults)
        check_wanted(frame, case.book, faults)
    if case.target == "customers":
        linked = frame.rename(columns={"code": "customer_code"})
        keys.check_references(linked, "connections", faults, known)
    frame["geom"] = gpd.GeoSeries(shapes, index=frame.index, crs=case.project)
    if case.clean_m is not None:
        frame = _cleaned(case, gpd.GeoDataFrame(frame, geometry="geom"), faults)
    accepted = gpd.GeoDataFrame(frame, geometry="geom")[~faults.mask[frame.index]].reset_index(drop=True)
    case.warnings += _remarks(accepted, table, known)
    return accepted, faults


def _cleaned(case: Case, frame: gpd.GeoDataFrame, faults: Faults) -> gpd.GeoDataFrame:
    """Return rows as a valid coverage, without those of which nothing is left; overlaps too wide become faults."""
    assert case.clean_m is not None
    sound = frame[~faults.mask]
    if len(sound) and "valid_from" in sound:
        _require_one_time(sound)
    if sound.empty:
        return frame
    made = cleaned(sound.rename_axis("row").reset_index(), width_m=case.clean_m)
    case.cleaning = made
    row_of = dict(zip(sound["code"], sound.index, strict=True))
    todo = "draw one border for both, or state with --width-m how wide a slip may be"
    for one, other, told in made.too_wide[["code", "other", "told"]].to_numpy():
        faults.add(np.array([row_of[one]]), "geom", [told], todo)
        faults.add(np.array([row_of[other]]), "geom", [f"{one} {told}"], todo)
    rest = made.frame.set_index("row").rename_axis(None)
    rest["geom"] = gpd.GeoSeries(places.multipolygons(rest.geometry.to_numpy()), index=rest.index, crs=rest.crs)
    return gpd.GeoDataFrame(pd.concat([rest, frame[faults.mask & ~frame.index.isin(rest.index)]]).sort_index())


def _require_one_time(grids: gpd.GeoDataFrame) -> None:
    """Raise unless all grids are in force at one moment: those of several times overlap by right."""
    last = grids["valid_from"].max()
    ended = grids["valid_to"] <= last if "valid_to" in grids else pd.Series(False, index=grids.index)
    if ended.any():
        raise InputError(
            f"grid {grids.loc[ended, 'code'].iloc[0]} has ended when others begin",
            todo="clean the grids of one time only: one file each",
            row=int(grids.index[ended][0]) + 1,
            field="valid_to",
        )


def _remarks(accepted: gpd.GeoDataFrame, table: str, known: Map[str, list[pd.DataFrame]]) -> list[str]:
    """Return what the person should know about accepted rows as a whole."""
    if table == "nodes" and len(accepted):
        nodes = pd.concat([one[["utility", "kind"]] for one in [accepted, *known.get("nodes", [])]])
        fed = set(nodes.loc[nodes["kind"].isin(("source", "tank")), "utility"])
        dry = sorted(set(accepted["utility"]) - fed)
        return [f"the {one} network has no source: nothing on it counts as supplied" for one in dry]
    if table in ("grids", "unit_grids") and len(accepted):
        there = [
            one["geom"][one["valid_to"].isna()] if "valid_to" in one else one["geom"] for one in known.get(table, [])
        ]
        drawn = pd.concat([accepted["geom"], *there])
        edges = shapely.coverage_invalid_edges(drawn.to_numpy())
        faulty = int((~shapely.is_empty(edges[: len(accepted)])).sum())
        return [f"{faulty:,} of {len(accepted):,} polygons overlap a neighbour or miss its border"] if faulty else []
    return []


def _sources(case: Case, columns: tuple[Column, ...], raw: Raw, mapping: Mapping) -> dict[str, Text | object]:
    """Return for each of our columns their text, or the constant stated for it."""
    names = {column.name for column in columns}
    for section in (mapping.columns, mapping.values, mapping.choices):
        strange = sorted(set(section) - names)
        if strange:
            raise InputError(
                f"the mapping names {strange[0]!r}, which is no column of {case.target}",
                todo=f"the columns are {', '.join(sorted(names))}",
            )
    theirs = {name: _their_column(name, raw, mapping) for name in names}
    sources: dict[str, Text | object] = {name: raw.columns[one] for name, one in theirs.items() if one is not None}
    sources |= {name: value for name, value in mapping.values.items() if theirs[name] is None}
    if case.utility is not None and "utility" in names:
        if "utility" in sources and case.kind != "inp":  # an INP holds none; its reader says water
            raise InputError(
                "the utility is stated by --utility and in the file or mapping", todo="keep one", field="utility"
            )
        sources["utility"] = case.utility
    return sources


def _their_column(name: str, raw: Raw, mapping: Mapping) -> str | None:
    """Return which column of the file is ours called ``name``: stated, or of the very same name."""
    theirs = mapping.columns.get(name)
    if name == "length_m" and "length_m" in mapping.geometry:
        if theirs is not None or name in mapping.values:
            raise InputError("stated twice, as drawn and otherwise", todo="remove one of them", field=name)
        return None
    if theirs is None:
        same = same_names(mapping) and name in raw.columns and name not in mapping.values
        return name if same else None
    if name in mapping.values:
        raise InputError("stated twice, as a column and as a value", todo="remove one of them", field=name)
    if theirs not in raw.headers:
        raise InputError(
            f"the mapping takes {name} from {theirs!r}, which the file does not have",
            todo=f"its columns are {', '.join(raw.headers[:60])}",
            field=name,
        )
    return theirs


def _values(
    case: Case,
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
                case.warnings.append(f"{column.name} is a number in the file: leading zeros, if any, are lost there")
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
    """Reject customers with half a connection; raise when half of it is not stated at all."""
    stated = {"link_code", "measure_m", "utility"} & set(frame.columns)
    if not {"link_code", "measure_m"} & stated:
        return
    lacking = sorted({"link_code", "measure_m", "utility"} - stated)
    if lacking:
        raise InputError(
            "a connection needs a link, a measure along it and the utility",
            todo="map or state all three, or none and let the customers in unconnected",
            field=lacking[0],
        )
    half = np.flatnonzero(frame["link_code"].isna().to_numpy() != frame["measure_m"].isna().to_numpy())
    todo = "give both, or neither for an unconnected customer"
    faults.add(half, "link_code", "has a link or a measure, not both", todo)


def _ways(case: Case, values: Map[str, pd.Series], shapes: np.ndarray) -> dict[str, pd.Series]:
    """Return how each incident was located, and how far off that may be: as looked up, or "unlocated"."""
    absent = {"located_by": DTYPES["text"], "accuracy_m": DTYPES["real"]}
    told = {
        name: values.get(name, pd.Series(None, index=range(len(shapes)), dtype=kind)) for name, kind in absent.items()
    }
    told["located_by"] = told["located_by"].mask(shapely.is_missing(shapes), "unlocated")
    if case.ways:
        rows, ways = list(case.ways), case.ways.values()
        told["located_by"].iloc[rows] = [way.located_by for way in ways]
        told["accuracy_m"].iloc[rows] = [way.accuracy_m for way in ways]
    return told
