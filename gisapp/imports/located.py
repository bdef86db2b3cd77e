"""Where each row of a table says it is: shapes in the file, columns of coordinates, or WKT."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely

from gisapp.errors import InputError
from gisapp.imports import cells, places
from gisapp.imports.case import Case, same_names
from gisapp.imports.mapping import Mapping
from gisapp.imports.report import Faults
from gisapp.imports.transport import Raw, Text
from gisapp.incidents.locating import Location, Register
from gisapp.tables import TABLES

POINT_NAMES = (("lon", "lat"), ("x", "y"))


def located(case: Case, raw: Raw, table: str, mapping: Mapping, source: pyproj.CRS, faults: Faults) -> np.ndarray:
    """Return the shapes of a table in the project's CRS; rows that must have one and do not become faults."""
    geometry = TABLES[table].geometry
    if geometry is None:
        return np.full(raw.rows, None, dtype=object)
    extends = case.target in ("grids", "units")
    placing = places.Placing(source, case.frame_name, case.project, case.drawn, case.existing.get("grids"), extends)
    optional = case.kind in ("inp", "json") or _unlocated_allowed(mapping, table)
    if raw.wkb is None and "wkt" not in mapping.geometry and geometry == "POINT":
        xy = written_points(raw, mapping, faults)
        none = np.isnan(xy).any(axis=1)
        if table == "incidents":
            case.ways = _looked_up(case, raw, mapping, np.flatnonzero(none & ~faults.mask))
            none[list(case.ways)] = False
        _require_position(none, table, optional, faults, case)
        placed = places.placed_xy(xy, placing, faults)
        for row, way in case.ways.items():
            placed.shapes[row] = way.point
    else:
        shapes = _shapes(case, raw, geometry, mapping, faults)
        _require_position(shapely.is_missing(shapes), table, optional, faults, case)
        placed = places.placed(shapes, placing, faults)
    case.warnings += placed.warnings
    case.provenance["operation"] = placed.move.operation if placed.move else "none, the drawing is kept as it is"
    case.provenance["accuracy_m"] = placed.move.accuracy_m if placed.move else None
    return placed.shapes


def _looked_up(case: Case, raw: Raw, mapping: Mapping, rows: np.ndarray) -> dict[int, Location]:
    """Return where rows without coordinates are by their account or address, those that are found."""
    account = raw.columns.get(mapping.columns.get("customer_code", "customer_code" if same_names(mapping) else ""))
    address = _column_of(raw, mapping.geometry["address"], "address") if "address" in mapping.geometry else None
    there = all(len(case.existing.get(name, ())) for name in ("customers", "buildings"))
    if not len(rows) or not there or (account is None and address is None):
        return {}
    register = Register.of(case.existing, case.aliases)
    told = [[None] * len(rows) if text is None else text.full()[rows].tolist() for text in (account, address)]
    pairs = list(zip(*told, strict=True))
    found = {pair: register.find(*pair) for pair in dict.fromkeys(pairs)}
    return {int(row): found[pair] for row, pair in zip(rows, pairs, strict=True) if found[pair].point is not None}


def _unlocated_allowed(mapping: Mapping, table: str) -> bool:
    """Return whether rows without a position may come in: only incidents, and only when that is stated."""
    if "missing" not in mapping.geometry:
        return False
    if table != "incidents":
        raise InputError(
            f"[geometry] missing does not go with {table}", todo="remove it: only incidents may be unlocated"
        )
    return True


def _require_position(none: np.ndarray, table: str, optional: bool, faults: Faults, case: Case) -> None:
    """Reject rows without a position that have no fault yet, or say how many there are."""
    rows = np.flatnonzero(none & ~faults.mask)
    if optional and len(rows):
        case.warnings.append(f"{len(rows):,} rows of {table} have no position and come in unlocated")
    elif len(rows):
        among = 'give coordinates; to let such incidents in, state missing = "unlocated" under [geometry]'
        todo = among if table == "incidents" else "give coordinates"
        faults.add(rows, "geom", "has no position", todo)


def _shapes(case: Case, raw: Raw, geometry: str, mapping: Mapping, faults: Faults) -> np.ndarray:
    """Return shapes from the file's geometry, or from a column of WKT."""
    if raw.wkb is not None:
        drawing = case.kind in ("inp", "json")
        mend = case.clean_m is not None
        shapes, notes = places.shapes_of(raw.wkb, geometry, faults, schematic=drawing, mend=mend)
        case.warnings += notes
        return shapes
    if "wkt" in mapping.geometry:
        text = _column_of(raw, mapping.geometry["wkt"], "wkt")
        return _from_wkt(text, geometry, faults, _empty(mapping), mend=case.clean_m is not None)
    raise InputError(
        f"{faults.table} need a {geometry}", todo="name the column of WKT as wkt under [geometry], or give a GeoPackage"
    )


def _empty(mapping: Mapping) -> frozenset[str]:
    """Return the texts that mean no value."""
    return frozenset(["", *mapping.read.get("empty", [])])


def written_points(raw: Raw, mapping: Mapping, faults: Faults) -> np.ndarray:
    """Return points (n, 2), east first, from two columns; NaN where there is none."""
    xy = np.full((raw.rows, 2), np.nan)
    if "address" in mapping.geometry and not {"x", "y"} & set(mapping.geometry):
        return xy  # every row is looked up
    names = _xy_names(raw, mapping)
    gone = np.zeros((raw.rows, 2), dtype=bool)
    before = faults.mask.copy()
    for place, name in enumerate(names):
        text = _column_of(raw, name, "xy"[place])
        missing = cells.blank(text.texts, _empty(mapping))
        numbers = cells.real_numbers(text.texts, missing)
        rows = np.flatnonzero(text.spread(~np.isfinite(numbers) & ~missing) & ~before)
        found = [cells.described(one) for one in text.full()[rows]] if len(rows) else []
        faults.add(rows, name, found, "write the coordinate as a number")
        xy[:, place] = text.spread(np.where(np.isfinite(numbers), numbers, np.nan))
        gone[:, place] = text.spread(missing)
    half = np.flatnonzero((gone[:, 0] != gone[:, 1]) & ~faults.mask)
    faults.add(half, names[0], "has one coordinate of two", f"give both {names[0]} and {names[1]}")
    xy[np.isnan(xy).any(axis=1)] = np.nan
    return xy


def _xy_names(raw: Raw, mapping: Mapping) -> tuple[str, str]:
    """Return the columns of east and north: stated, or called exactly lon and lat, or x and y."""
    if {"x", "y"} <= set(mapping.geometry):
        return mapping.geometry["x"], mapping.geometry["y"]
    pairs = [pair for pair in POINT_NAMES if set(pair) <= set(raw.headers)]
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


def _from_wkt(text: Text, geometry: str, faults: Faults, empty: frozenset[str], *, mend: bool) -> np.ndarray:
    """Return shapes from a column of WKT."""
    texts = text.full()
    given = np.array([None if one.strip() in empty else one for one in texts], dtype=object)
    parsed = shapely.from_wkt(given, on_invalid="ignore")
    wrong = np.flatnonzero(
        shapely.is_missing(parsed) & np.fromiter((one is not None for one in given), bool, len(given))
    )
    faults.add(wrong, "geom", [f"found {one[:60]!r}" for one in given[wrong]], "write WKT; a ring ends where it starts")
    shapes, _ = places.shapes_of(shapely.to_wkb(parsed), geometry, faults, schematic=False, mend=mend)
    return shapes
