"""Rows before they are written: in the shape of their table, with texts and geometries that it can hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from gisapp.errors import CrsError, InputError
from gisapp.store.rows import Part, values_of
from gisapp.store.schema import text_length
from gisapp.tables import TABLES, Column, Table, conform

_TYPES = {"POINT": 0, "LINESTRING": 1, "MULTIPOLYGON": 6}
_POLYGON = 3


@dataclass(frozen=True)
class Batch:
    """Checked rows of one table, and their boxes (min x, max x, min y, max y; NaN without geometry)."""

    table: Table
    frame: pd.DataFrame
    geometries: np.ndarray | None
    boxes: np.ndarray

    def chosen(self, mask: np.ndarray) -> Batch:
        """Return the rows marked; they keep their index."""
        geometries = None if self.geometries is None else self.geometries[mask]
        return Batch(self.table, self.frame[mask], geometries, self.boxes[mask])

    def part_of(self, columns: Iterable[Column]) -> Part:
        """Return these columns of the rows, with their geometry, as a database takes them."""
        return Part(self.table.name, {column.name: column.kind for column in columns}, self.frame, self.geometries)

    def filled(self) -> list[Column]:
        """Return the columns in which anything stands: the others need not be written."""
        return [column for column in self.table.columns if self.frame[column.name].notna().any()]

    def key_rows(self) -> list[tuple[Any, ...]]:
        """Return the key of every row as the database holds it."""
        kinds = {column.name: column.kind for column in self.table.columns}
        return list(zip(*(values_of(self.frame[key], kinds[key]) for key in self.table.key), strict=True))

    def fault(self, found: str, todo: str, row: int | None, field: str) -> InputError:
        """Return the error for the row at that position."""
        number = None if row is None else int(self.frame.index[row]) + 1
        return InputError(found, todo=todo, file=f"table {self.table.name}", row=number, field=field)

    def twice(self) -> InputError | None:
        """Return the error for a key that stands twice among the rows; None if every row has its own."""
        twice = self.frame.duplicated(subset=list(self.table.key)).to_numpy()
        if not twice.any():
            return None
        row, keys = int(twice.argmax()), self.key_rows()
        first = int(self.frame.index[keys.index(keys[row])]) + 1
        found = f"{named(self.table, keys[row])} stands already in row {first}"
        return self.fault(found, "give every row its own key", row, self.table.key[-1])


def named(table: Table, key: tuple[object, ...]) -> str:
    """Return a key in words, such as ``utility water, code N1``."""
    return ", ".join(f"{name} {value}" for name, value in zip(table.key, key, strict=True))


def checked(name: str, frame: pd.DataFrame, crs: pyproj.CRS) -> Batch:
    """Return rows in the shape of their table, with geometries that it can hold in the frame ``crs``."""
    if name not in TABLES:
        raise InputError(f"there is no table {name!r}", todo=f"choose one of {', '.join(TABLES)}")
    table = TABLES[name]
    try:
        shaped = conform(frame, name)
    except InputError as error:
        file = error.file or f"table {name}"
        raise InputError(error.found, todo=error.todo, file=file, row=error.row, field=error.field) from error
    geometries = _geometries(shaped, table, crs) if isinstance(shaped, gpd.GeoDataFrame) else None
    boxes = np.full((len(shaped), 4), np.nan) if geometries is None else shapely.bounds(geometries)[:, [0, 2, 1, 3]]
    batch = Batch(table, shaped, geometries, boxes)
    _check_lengths(batch)
    _check_geometries(batch)
    return batch


def _check_lengths(batch: Batch) -> None:
    for column in batch.table.columns:
        if column.kind != "text" or column.choices:
            continue
        most, lengths = text_length(column), batch.frame[column.name].str.len().to_numpy()
        if (lengths > most).any():
            row = int((lengths > most).argmax())
            raise batch.fault(f"is {lengths[row]:.0f} characters long", f"shorten it to {most}", row, column.name)


def _geometries(frame: gpd.GeoDataFrame, table: Table, crs: pyproj.CRS) -> np.ndarray:
    """Return flat geometries; a polygon becomes a multipolygon of one where the table wants that."""
    if len(frame) and frame.crs is None:
        raise CrsError(f"{table.name} has no CRS; the store is in {crs.name}")
    if len(frame) and not crs.equals(frame.crs, ignore_axis_order=True):
        raise CrsError(f"{table.name} is in {frame.crs.name}; the store is in {crs.name}, convert it first")
    geometries = np.array(frame.geometry.array, dtype=object)
    if shapely.has_z(geometries).any():
        geometries = shapely.force_2d(geometries)
    single = shapely.get_type_id(geometries) == _POLYGON
    if table.geometry == "MULTIPOLYGON" and single.any():
        parts = geometries[single]
        geometries[single] = shapely.multipolygons(parts, indices=np.arange(len(parts)))
    return geometries


def _check_geometries(batch: Batch) -> None:
    if batch.geometries is None:
        return
    stands = ~(shapely.is_missing(batch.geometries) | shapely.is_empty(batch.geometries))
    wrong = stands & (shapely.get_type_id(batch.geometries) != _TYPES[str(batch.table.geometry)])
    if wrong.any():
        row = int(wrong.argmax())
        raise batch.fault(f"is a {batch.geometries[row].geom_type}", f"give a {batch.table.geometry}", row, "geom")
    wrong = stands & ~np.isfinite(batch.boxes).all(axis=1)
    if wrong.any():
        raise batch.fault("has a coordinate that is no number", "correct it", int(wrong.argmax()), "geom")
