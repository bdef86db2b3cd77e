"""Polygons as a shapefile for others, written by hand: no GDAL, whole or not at all."""

from __future__ import annotations

import os
import struct
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.durable import replaced
from gisapp.errors import InputError

_NAME_BYTES, _FIELD_BYTES = 10, 254  # the most that a .dbf holds of a field's name and of its text
_POLYGON = 5
_HEAD = 100  # bytes before the first shape
_MOST_BYTES = 2**32 - 2  # lengths are counted in words of two bytes by a signed whole number of four
_INDEXES = (".qix", ".sbn", ".sbx")  # of a file that stood there before, in which readers would trust


def export_shapefile(path_out: str | os.PathLike[str], frame: gpd.GeoDataFrame) -> None:
    """Write polygons with columns of text as a shapefile: ``.shp`` with ``.shx``, ``.dbf``, ``.prj`` and ``.cpg``.

    Texts are in UTF-8, as the ``.cpg`` says. All parts take the place of those of before together.

    Parameters
    ----------
    path_out
        A name that ends in ``.shp``.
    frame
        Valid polygons; every other column is written as text, an absent value as nothing. Mask personal columns
        beforehand.

    Raises
    ------
    InputError
        When the file is called otherwise, a column's name has more than 10 bytes, a text more than 254, or there
        are too many vertices for the format.
    StoreError
        When the disk is full or may not be written.

    References
    ----------
    ESRI Shapefile Technical Description, July 1998; dBASE III table file format.
    """
    target = Path(path_out)
    if target.suffix.lower() != ".shp":
        raise InputError(f"a shapefile called {target.name}", todo="let its name end in .shp", field="-o")
    shapes, index = _shapes(frame.geometry.to_numpy())
    parts = {
        ".shp": shapes,
        ".shx": index,
        ".dbf": _table(pd.DataFrame(frame.drop(columns=frame.geometry.name))),
        ".prj": frame.crs.to_wkt("WKT1_ESRI").encode(),
        ".cpg": b"UTF-8",
    }
    with ExitStack() as stack:  # the .shp is entered first, so that it is moved to its place last
        for suffix, content in parts.items():
            stack.enter_context(replaced(target.with_suffix(suffix))).write_bytes(content)
        for suffix in _INDEXES:
            target.with_suffix(suffix).unlink(missing_ok=True)


def _shapes(polygons: np.ndarray) -> tuple[bytes, bytes]:
    """Return the ``.shp`` and its index: outer rings clockwise, inner ones the other way, as the format wants it."""
    turned = shapely.orient_polygons(polygons, exterior_cw=True)
    body, index, at = [], [], _HEAD
    for number, shape in enumerate(turned, 1):
        rings = shapely.get_rings(shapely.get_parts(shape))
        points = [shapely.get_coordinates(ring) for ring in rings]
        starts = np.cumsum([0, *(len(ring) for ring in points)])
        content = struct.pack("<i4d2i", _POLYGON, *shape.bounds, len(points), starts[-1])
        content += starts[:-1].astype("<i4").tobytes() + np.concatenate(points).astype("<f8").tobytes()
        place = struct.pack(">2i", at // 2, len(content) // 2)
        index.append(place)
        body.append(struct.pack(">2i", number, len(content) // 2) + content)
        at += len(body[-1])
        if at > _MOST_BYTES:
            raise InputError("too many vertices for a shapefile", todo="export a GeoPackage")
    bounds = shapely.total_bounds(turned) if len(turned) else np.zeros(4)
    return _head(at, bounds) + b"".join(body), _head(_HEAD + 8 * len(index), bounds) + b"".join(index)


def _head(size: int, bounds: np.ndarray) -> bytes:
    """Return the first bytes of a ``.shp`` or ``.shx`` of ``size`` bytes."""
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, size // 2) + struct.pack(
        "<2i8d", 1000, _POLYGON, *bounds, 0, 0, 0, 0
    )


def _table(frame: pd.DataFrame) -> bytes:
    """Return the columns as a ``.dbf``."""
    columns = {str(name): _texts(str(name), frame[name]) for name in frame}
    widths = {name: max([1, *map(len, texts)]) for name, texts in columns.items()}
    day = datetime.now(UTC)
    size = 1 + sum(widths.values())
    head = struct.pack("<4BIHH20x", 3, day.year - 1900, day.month, day.day, len(frame), 32 * len(columns) + 33, size)
    fields = b"".join(struct.pack("<11sc4xBB14x", name.encode(), b"C", width, 0) for name, width in widths.items())
    padded = [[text.ljust(widths[name]) for text in texts] for name, texts in columns.items()]
    rows = b"".join(b" " + b"".join(row) for row in zip(*padded, strict=True))
    return head + fields + b"\r" + rows + b"\x1a"


def _texts(name: str, values: pd.Series) -> list[bytes]:
    """Return a column as the bytes of its texts."""
    if len(name.encode()) > _NAME_BYTES:
        raise InputError(f"column {name!r} has more than 10 letters", todo="shorten it", field=name)
    texts = [str(value).encode() if there else b"" for value, there in zip(values, values.notna(), strict=True)]
    longest = max(texts, key=len, default=b"")
    if len(longest) > _FIELD_BYTES:
        found = f"{longest.decode()[:20]!r}… has {len(longest)} bytes, a shapefile holds {_FIELD_BYTES}"
        raise InputError(found, todo="shorten it, or export a GeoPackage", field=name)
    return texts
