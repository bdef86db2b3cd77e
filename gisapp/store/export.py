"""A GeoPackage for others, written by the same hand as the store: no GDAL, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from sqlalchemy import Boolean, Column, Connection, Double, Integer, MetaData, Text
from sqlalchemy.types import TypeEngine

from gisapp.durable import replaced
from gisapp.errors import CrsError
from gisapp.store import rtree
from gisapp.store.connect import Connections
from gisapp.store.geometry import Geometry, encode
from gisapp.store.geopackage import (
    create_system_tables,
    insert_rows,
    layer_table,
    register_layer,
    rtree_name,
    srs_id_of,
    widen_extent,
)
from gisapp.store.moment import Moment
from gisapp.store.rows import values_of
from gisapp.store.sqlite_file import leave_log
from gisapp.tables import TABLES


def export_geopackage(
    path_out: str | os.PathLike[str], frames: Mapping[str, pd.DataFrame], crs: pyproj.CRS | str, *, note: str = ""
) -> None:
    """Write frames as the layers of a new GeoPackage, which takes the place of any file of that name.

    Parameters
    ----------
    path_out
        The file; it is written beside and moved there when it is whole.
    frames
        By layer name. A GeoDataFrame becomes a layer with an R-tree, a DataFrame a table. Columns are of
        text, whole numbers, numbers, truth values or times; mask personal columns beforehand.
    crs
        The frame of every geometry.
    note
        What the description of every layer says besides, such as who took it out and when.

    Raises
    ------
    CrsError
        When a frame is in another CRS.
    StoreError
        When the disk is full or may not be written.
    """
    known = pyproj.CRS.from_user_input(crs)
    for name, frame in frames.items():
        if isinstance(frame, gpd.GeoDataFrame) and not known.equals(frame.crs, ignore_axis_order=True):
            raise CrsError(f"{name} is in {frame.crs}; the export is in {known.name}, convert it first")
    with replaced(Path(path_out)) as staged:
        connections = Connections(staged, anchored=False)
        try:
            with connections.writing() as connection:
                create_system_tables(connection, known)
                for name, frame in frames.items():
                    _write_layer(connection, name, frame, srs_id_of(known), note)
            leave_log(connections.readers, connections.writer)
        finally:
            connections.close()


def _write_layer(connection: Connection, name: str, frame: pd.DataFrame, srs_id: int, note: str) -> None:
    geometries = np.array(frame.geometry.array, dtype=object) if isinstance(frame, gpd.GeoDataFrame) else None
    geometry = None if geometries is None else Geometry(_kind_of(geometries), srs_id)
    plain = pd.DataFrame(frame.drop(columns=frame.geometry.name)) if isinstance(frame, gpd.GeoDataFrame) else frame
    kinds = {str(column): _kind(plain[column]) for column in plain.columns}
    columns: list[Column[Any]] = [Column(column, _TYPES[kind]) for column, kind in kinds.items()]
    layer_table(MetaData(), name, columns, geometry).create(connection)
    values = [values_of(plain[column], kind) for column, kind in kinds.items()]
    if geometries is not None:
        values.insert(0, encode(geometries, srs_id))
    listed = ", ".join(f'"{column}"' for column in ["fid", *(["geom"] if geometry else []), *kinds])
    marks = ", ".join("?" * (len(values) + 1))
    fids = np.arange(1, len(frame) + 1)
    insert_rows(
        connection, f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', zip(fids.tolist(), *values, strict=True)
    )
    told = (TABLES[name].about if name in TABLES else "", note)
    register_layer(connection, name, "; ".join(part for part in told if part), geometry)
    if geometries is not None:
        boxes = shapely.bounds(geometries)[:, [0, 2, 1, 3]]
        stands = ~np.isnan(boxes).any(axis=1)
        rtree.rebuild(connection, rtree_name(name), fids[stands], boxes[stands])
        widen_extent(connection, name, boxes[stands])


_TYPES: dict[str, TypeEngine[Any]] = {
    "text": Text(),
    "int": Integer(),
    "real": Double(),
    "bool": Boolean(),
    "time": Moment(),
}


def _kind(series: pd.Series) -> str:
    """Return the kind of a column after its dtype."""
    if pd.api.types.is_bool_dtype(series.dtype):
        return "bool"
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        return "time"
    if pd.api.types.is_integer_dtype(series.dtype):
        return "int"
    return "real" if pd.api.types.is_float_dtype(series.dtype) else "text"


def _kind_of(geometries: np.ndarray) -> str:
    """Return the geometry type of a layer: the one that all have, or any."""
    types = set(shapely.get_type_id(geometries[~shapely.is_missing(geometries)]).tolist())
    names = {shapely.GeometryType(number).name for number in types}
    return names.pop() if len(names) == 1 else "GEOMETRY"
