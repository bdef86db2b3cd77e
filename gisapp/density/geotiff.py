"""A surface as a GeoTIFF, written without GDAL, which must not run in the server's process."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

from gisapp.crs import require_metres
from gisapp.density.surface import UNITS, Surface
from gisapp.density.web import WEB_CRS
from gisapp.durable import replaced
from gisapp.errors import CrsError

_STRIP_ROWS = 64
_SIZES = {"s": 1, "H": 2, "I": 4, "d": 8}
_TYPES = {"s": 2, "H": 3, "I": 4, "d": 12}
_ITEM = '<Item name="{name}">{text}</Item>'


def write_geotiff(surface: Surface, path: Path | str, crs: pyproj.CRS | str | None = None, note: str = "") -> None:
    """Write a surface as a GeoTIFF of one float32 band, in the surface's unit, north up.

    The file is complete or not there: it is written beside its place, flushed and renamed. Its metadata
    tell the unit, the kernel, its bandwidth and the count of points; where the surface has no value stands "no data".

    Parameters
    ----------
    path
        Where to; an existing file is replaced.
    crs
        The frame of the surface, where the surface itself does not know it.
    note
        What else its metadata tell, such as who took it out.

    Raises
    ------
    CrsError
        Without a frame, or with one that has no EPSG code.
    InputError
        Where the file cannot be written.
    StoreError
        When the disk is full.
    """
    frame = _frame(surface, crs)
    code = frame.to_epsg()
    if code is None:
        raise CrsError(f"{frame.name} has no EPSG code and cannot be named in a GeoTIFF; convert the surface first")
    with replaced(path) as staged:
        staged.write_bytes(_tiff(surface, code, frame.name, note))


def _frame(surface: Surface, crs: pyproj.CRS | str | None) -> pyproj.CRS:
    """Return the CRS of a surface; EPSG:3857 only where the surface was drawn in it."""
    if surface.crs is not None and surface.crs == WEB_CRS:
        return WEB_CRS
    return require_metres(surface.crs if crs is None else crs, "the surface")


def _tiff(surface: Surface, epsg: int, frame: str, note: str) -> bytes:
    """Return the file: head, strips, tables too long for the directory, directory."""
    values = np.ascontiguousarray(surface.values, dtype="<f4")
    rows, cols = values.shape
    strips = [zlib.compress(values[row : row + _STRIP_ROWS].tobytes(), 6) for row in range(0, rows, _STRIP_ROWS)]
    west, _, _, north = surface.bounds
    places, place = [], 8
    for strip in strips:
        places.append(place)
        place += len(strip) + len(strip) % 2
    body = b"".join(strip + b"\0" * (len(strip) % 2) for strip in strips)
    citation = f"{frame}|".encode("ascii", "replace")
    tags = {
        256: ("I", [cols]),
        257: ("I", [rows]),
        258: ("H", [32]),
        259: ("H", [8]),  # deflate
        262: ("H", [1]),  # dark is low
        273: ("I", places),
        277: ("H", [1]),
        278: ("I", [_STRIP_ROWS]),
        279: ("I", [len(strip) for strip in strips]),
        284: ("H", [1]),
        339: ("H", [3]),  # floating point
        33550: ("d", [surface.cell_m, surface.cell_m, 0.0]),
        33922: ("d", [0.0, 0.0, 0.0, west, north, 0.0]),
        34735: ("H", _keys(epsg, len(citation))),
        34737: ("s", citation + b"\0"),
        42112: ("s", _metadata(surface, note).encode() + b"\0"),
        42113: ("s", b"nan\0"),
    }
    return struct.pack("<2sHI", b"II", 42, place) + body + _directory(tags, place)


def _keys(epsg: int, citation: int) -> list[int]:
    """Return the GeoKeys: a projected frame by its EPSG code, in metres, a value for each cell's area."""
    keys = [(1024, 0, 1, 1), (1025, 0, 1, 1), (1026, 34737, citation, 0), (3072, 0, 1, epsg), (3076, 0, 1, 9001)]
    return [1, 1, 0, len(keys), *(part for key in keys for part in key)]


def _metadata(surface: Surface, note: str) -> str:
    """Return what GDAL shows as the band's metadata and unit."""
    told = {"points": str(surface.points)}
    if surface.kernel:
        told |= {"bandwidth_m": f"{surface.bandwidth_m:g}", "kernel": surface.kernel}
    if note:
        told["note"] = escape(note)
    items = "".join(_ITEM.format(name=name, text=text) for name, text in told.items())
    unit = f'<Item name="UNITTYPE" sample="0" role="unittype">{UNITS[surface.unit]}</Item>'
    named = '<Item name="DESCRIPTION" sample="0" role="description">incident density</Item>'
    return f"<GDALMetadata>{items}{unit}{named}</GDALMetadata>"


def _directory(tags: Mapping[int, tuple[str, Sequence[Any]]], start: int) -> bytes:
    """Return the directory at ``start``, followed by the values that do not fit into its entries."""
    entries, tail = b"", b""
    after = start + 2 + 12 * len(tags) + 4
    for tag, (kind, content) in sorted(tags.items()):
        raw = content if isinstance(content, bytes) else struct.pack(f"<{len(content)}{kind}", *content)
        head = struct.pack("<HHI", tag, _TYPES[kind], len(raw) // _SIZES[kind])
        if len(raw) <= 4:
            entries += head + raw.ljust(4, b"\0")
            continue
        entries += head + struct.pack("<I", after + len(tail))
        tail += raw + b"\0" * (len(raw) % 2)
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + tail
