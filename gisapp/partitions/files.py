"""GeoParquet files as parts, and the positions of a part straight from its Arrow buffers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely

from gisapp.errors import CrsError, InputError
from gisapp.times import local_days

_POINT = np.dtype([("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
_LITTLE, _POINT_KIND = 1, 1


@dataclass(frozen=True)
class Part:
    """One row group of one file: what is read, counted and forgotten before the next.

    Attributes
    ----------
    path
        The file; a cluster's workers read it by this name.
    group
        Number of the row group in it.
    rows
        How many rows it has.
    geometry
        The column of the positions.
    """

    path: str
    group: int
    rows: int
    geometry: str


def parts_of(source: Path | str, *, crs: pyproj.CRS, columns: Sequence[str] = ()) -> list[Part]:
    """Return the parts of a GeoParquet file, or of all ``*.parquet`` files of a folder in the order of their names.

    Parameters
    ----------
    source
        The file or folder.
    crs
        The project's CRS, in which the positions must be.
    columns
        What is needed beside the geometry.

    Raises
    ------
    InputError
        When there is no such file, one is no GeoParquet, holds other than points, or lacks a column.
    CrsError
        When one is in another CRS.
    """
    files = sorted(Path(source).glob("*.parquet")) if Path(source).is_dir() else [Path(source)]
    if not files:
        raise InputError("a folder without *.parquet files", todo="name one that has some", file=str(source))
    return [part for path in files for part in _parts(path.absolute(), crs, columns)]


def _parts(path: Path, crs: pyproj.CRS, columns: Sequence[str]) -> list[Part]:
    """Return the row groups of one file, checked."""
    meta = _metadata(path)
    geometry = _geometry(path, meta, crs)
    absent = sorted(set(columns) - set(meta.schema.to_arrow_schema().names))
    if absent:
        todo = "write the file with `gisapp export incidents --format parquet`, or add the column"
        raise InputError(f"no column {absent[0]!r}", todo=todo, file=str(path))
    groups = range(meta.num_row_groups)
    return [Part(str(path), at, meta.row_group(at).num_rows, geometry) for at in groups]


def _metadata(path: Path) -> pq.FileMetaData:
    """Return what a Parquet file says of itself."""
    try:
        return pq.read_metadata(path)
    except OSError as error:
        todo = "name a GeoParquet file that can be read"
        raise InputError(str(error.strerror or "cannot be read"), todo=todo, file=str(path)) from error
    except pa.ArrowInvalid as error:
        raise InputError("is no Parquet file", todo="name a GeoParquet file, or a folder", file=str(path)) from error


def _geometry(path: Path, meta: pq.FileMetaData, crs: pyproj.CRS) -> str:
    """Return the column of the positions; its CRS is the project's and it holds points."""
    try:
        geo = json.loads((meta.metadata or {})[b"geo"])
        name = str(geo["primary_column"])
        about = geo["columns"][name]
    except (KeyError, ValueError) as error:
        todo = "write it with geopandas' to_parquet, or with `gisapp export`"
        raise InputError("is Parquet without a GeoParquet header", todo=todo, file=str(path)) from error
    kinds = set(about.get("geometry_types", []))
    if about.get("encoding") != "WKB" or not kinds <= {"Point"}:
        found = f"found {', '.join(sorted(kinds)) or 'no type'} as {about.get('encoding')}"
        raise InputError(found, todo="give points, encoded as WKB", file=str(path), field=name)
    stated = about.get("crs", "OGC:CRS84")  # what the format means by silence
    if stated is None or pyproj.CRS.from_user_input(stated) != crs:
        found = "no CRS" if stated is None else pyproj.CRS.from_user_input(stated).name
        raise CrsError(f"{path}: the points are in {found}, the project in {crs.name}; convert the file first")
    return name


def columns_of(part: Part, names: Sequence[str] | None) -> pa.Table:
    """Return some columns of a part, or all; texts that repeat are numbered, not copied."""
    few = [name for name in ("type", "status", "utility", "grid_code") if names and name in names]
    with pq.ParquetFile(part.path, read_dictionary=few) as file:
        return file.read_row_group(part.group, columns=names if names is None else list(names), use_threads=False)


def point_xy_of(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """Return x and y of the points of a WKB column, shape (n, 2); NaN where there is none.

    Of whole points in the usual byte order the numbers are read where they lie; anything else goes through GEOS.

    Raises
    ------
    InputError
        When a geometry is not a point.
    """
    found = [_chunk_xy(chunk.storage if hasattr(chunk, "storage") else chunk) for chunk in column.chunks]
    return np.concatenate(found) if found else np.empty((0, 2))


def _chunk_xy(chunk: pa.Array) -> npt.NDArray[np.float64]:
    """Return the positions of one piece of a column."""
    plain = _plain(chunk)
    if plain is not None:
        return np.column_stack([plain["x"], plain["y"]])
    shapes = shapely.from_wkb(chunk.to_numpy(zero_copy_only=False))
    if (shapely.get_type_id(shapes) > 0).any():
        raise InputError("a geometry that is not a point", todo="give points")
    xy = np.full((len(shapes), 2), np.nan)
    numbers, row = shapely.get_coordinates(shapes, return_index=True)
    xy[row] = numbers
    return xy


def _plain(chunk: pa.Array) -> npt.NDArray[np.void] | None:
    """Return the points of a piece where all are there and alike, without copying any."""
    if chunk.null_count or not len(chunk):
        return None
    wide = np.int64 if pa.types.is_large_binary(chunk.type) else np.int32
    _, offsets, values = chunk.buffers()
    starts = np.frombuffer(offsets, dtype=wide)[chunk.offset : chunk.offset + len(chunk) + 1]
    if (np.diff(starts) != _POINT.itemsize).any():
        return None
    points: npt.NDArray[np.void] = np.frombuffer(values, dtype=_POINT, count=len(chunk), offset=int(starts[0]))
    alike = (points["order"] == _LITTLE).all() and (points["kind"] == _POINT_KIND).all()
    return points if alike else None


def days_of(parts: Sequence[Part], zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and last day of reports in the zone, from what the files say of themselves.

    Raises
    ------
    InputError
        When a file does not say it, or there are no rows.
    """
    ends: list[Any] = []
    for path in dict.fromkeys(part.path for part in parts):
        meta = pq.read_metadata(path)
        at = meta.schema.to_arrow_schema().names.index("reported_at")
        known = [meta.row_group(group).column(at).statistics for group in range(meta.num_row_groups)]
        if any(one is None or not one.has_min_max for one in known):
            raise InputError("does not say its first and last time", todo="name --from and --to", file=path)
        ends += [end for one in known for end in (one.min, one.max)]
    if not ends:
        raise InputError("no incidents in these files", todo="name files that hold some")
    days = local_days(pd.Series(pd.to_datetime([min(ends), max(ends)], utc=True)), zone)
    return days[0].astype(date), days[1].astype(date)
