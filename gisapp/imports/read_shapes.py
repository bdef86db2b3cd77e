"""GeoPackage, shapefile and GeoJSON into raw tables, in the reading child.

GDAL reads the first two, with every other driver switched off before it is loaded: a text called
.gpkg could otherwise make it open files of the server or send requests. GeoJSON is read by Python's
own json, because GDAL drops repeated ids, labels metres as degrees and fails whole files for one ring.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from gisapp.children import Progress
from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.transport import Outbox, Raw

ALLOWED_DRIVERS = frozenset({"GPKG", "ESRI Shapefile", "MEM"})
# What GDAL 3.12 has besides; whatever another version adds is found when it is loaded, see load_gdal.
_SKIPPED = (
    "PCIDSK,PDS4,VICAR,PDF,MBTiles,EEDA,OGCAPI,GDALG,MapInfo File,LVBAG,S57,DGN,OGR_VRT,VRT,CSV,GML,GPX,LIBKML,KML,"
    "GeoJSON,GeoJSONSeq,ESRIJSON,TopoJSON,OGR_GMT,SQLite,WAsP,OpenFileGDB,DXF,FlatGeobuf,GeoRSS,VFK,PGDUMP,OSM,"
    "GPSBabel,OGR_PDS,WFS,OAPIF,EDIGEO,Idrisi,ODS,XLSX,Elasticsearch,Carto,AmigoCloud,SXF,Selafin,JML,PLSCENES,CSW,"
    "VDV,MVT,NGW,MapML,GTFS,PMTiles,JSONFG,MiraMonVector,ADBC,AVCBin,AVCE00,AIVector,HTTP,WMS,WMTS,WCS,STACTA,STACIT"
)
_AGAIN = "GISAPP_GDAL_SKIP_KNOWN"


def load_gdal() -> Any:
    """Return pyogrio with no driver beyond :data:`ALLOWED_DRIVERS`.

    A driver this list does not know means another GDAL: the child then starts itself anew with it
    skipped too, for drivers cannot be taken away once they are loaded.
    """
    os.environ["GDAL_SKIP"] = os.environ.get("GDAL_SKIP") or _SKIPPED
    os.environ["GDAL_DRIVER_PATH"] = "disable"
    os.environ["OGR_SQLITE_ALLOW_EXTERNAL_ACCESS"] = "NO"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyogrio
    more = set(pyogrio.list_drivers()) - ALLOWED_DRIVERS
    if more and _AGAIN not in os.environ:
        os.environ["GDAL_SKIP"] += "," + ",".join(sorted(more))
        os.environ[_AGAIN] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    if more:
        raise InputError(
            f"GDAL keeps drivers that may open other files: {', '.join(sorted(more))}",
            todo="install the versions that gisapp asks for",
        )
    return pyogrio


def read_gdal(
    path: Path, kind: str, wanted: dict[str, set[str]], outbox: Outbox, *, encoding: str | None, layers: dict[str, str]
) -> dict[str, object]:
    """Write one table for each name in ``wanted`` into the outbox.

    Parameters
    ----------
    wanted
        Columns by table name; ``layers`` gives the layer of a table where it is not the only one.
    """
    pyogrio = load_gdal()
    codec = _shapefile_codec(path, encoding) if kind == "shapefile" else None
    if kind == "gpkg":
        _refuse_views(path)
    try:
        present = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        for table, columns in wanted.items():
            layer = _layer(present, table, layers, alone=len(wanted) == 1)
            _put_layer(pyogrio, path, layer, table, columns, outbox, codec)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, pyogrio.errors.FeatureError) as error:
        raise InputError(f"the file is broken ({error})", todo="export it again") from error
    except UnicodeDecodeError as error:
        raise InputError(
            "the text is not UTF-8 and no encoding is declared"
            if codec is None
            else f"the text is not {codec} ({error.reason})",
            todo="say the right one with --encoding, such as --encoding gb18030",
        ) from error
    return {"encoding": codec or "utf-8"}


def _refuse_views(path: Path) -> None:
    """Raise where a layer of a GeoPackage, or one of its registers, is a view: that may compute anything, for ever.

    Raises
    ------
    InputError
        Names the view, or says that the file is broken.
    """
    import sqlite3

    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        try:
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
            views = {str(name).lower() for (name,) in found}
            read = {name for name in views if name.startswith("gpkg_")}
            if views and not read:
                listed = connection.execute("SELECT table_name FROM gpkg_contents")
                read = {str(name).lower() for (name,) in listed} & views
        except sqlite3.Error as error:
            raise InputError(f"the file is broken ({error})", todo="export it again") from error
    if read:
        raise InputError(f"{min(read)} is a view, no table", todo="export its rows as a table")


def _layer(present: list[str], table: str, layers: dict[str, str], *, alone: bool) -> str:
    """Return the layer that holds ``table``: the named one, the only one, or the one of that very name."""
    wanted = layers.get(table)
    if wanted is None and alone and len(present) == 1:
        return present[0]
    wanted = wanted or table
    if wanted not in present:
        raise InputError(
            f"no layer {wanted!r}; the file has {', '.join(present) or 'none'}",
            todo="name the layer under [read], or under the table's own section for a network",
        )
    return wanted


def _put_layer(
    pyogrio: Any, path: Path, layer: str, table: str, columns: set[str], outbox: Outbox, codec: str | None
) -> None:
    """Write the wanted columns and the shapes of one layer."""
    options = {"encoding": codec} if codec else {}
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        facts = pyogrio.read_info(path, layer=layer, **options)
        headers = [str(name) for name in facts["fields"]]
        chosen = [header for header in headers if header in columns]
        meta, _, wkb, values = pyogrio.raw.read(
            path, layer=layer, columns=chosen, datetime_as_string=True, force_2d=False, **options
        )
    order = {str(name): value for name, value in zip(meta["fields"], values, strict=True)}
    types = dict(zip(headers, facts["ogr_types"], strict=True))
    crs = str(meta["crs"]) if meta["crs"] and "Undefined" not in str(meta["crs"]) else None
    count = len(wkb) if wkb is not None else (len(values[0]) if values else 0)
    raw = Raw(table, count, headers, {}, crs=crs, crs_said_by="the file" if crs else "")
    raw.warnings += sorted({f"GDAL says: {one.message}" for one in said})
    texty = ("OFTString", "OFTDateTime", "OFTDate", "OFTTime")
    raw.numbers = [header for header in chosen if types[header] not in texty]
    texts = [(header, _texts(order[header])) for header in chosen]
    outbox.put_columns(raw, texts, list(wkb) if wkb is not None else None)


def _texts(values: np.ndarray) -> list[str]:
    """Return attribute values as text; missing ones as empty."""
    if values.dtype.kind == "f":
        return [
            "" if math.isnan(v) else str(int(v)) if v.is_integer() and abs(v) < 1e15 else repr(v)
            for v in values.tolist()
        ]
    if values.dtype.kind == "b":
        return ["true" if value else "false" for value in values.tolist()]
    if values.dtype.kind == "M":
        return ["" if np.isnat(value) else str(value) for value in values]
    return ["" if value is None else str(value) for value in values.tolist()]


def _shapefile_codec(path: Path, encoding: str | None) -> str:
    """Return the encoding of the .dbf: declared, said by the .cpg, or plain ASCII; never guessed.

    Raises
    ------
    InputError
        When parts are missing, or letters beyond ASCII stand there and nothing says in what encoding.
    """
    table, mark = path.with_suffix(".dbf"), path.with_suffix(".cpg")
    for part in (table, path.with_suffix(".shx")):
        if not part.exists():
            raise InputError(f"the {part.suffix} that belongs to the .shp is missing", todo="give all parts, or a zip")
    said = sniff.declared_encoding(encoding)
    if said is None and mark.exists():
        said = sniff.declared_encoding(mark.read_text(encoding="ascii", errors="replace").strip() or None)
    content = table.read_bytes()
    codec, _ = ("utf-8-sig", []) if _dbf_is_ascii(content) else _checked_dbf(content, said)
    return "UTF-8" if codec == "utf-8-sig" else codec


def _dbf_is_ascii(content: bytes) -> bool:
    """Return whether names and records of a .dbf hold ASCII only; its binary header is left out."""
    start = int.from_bytes(content[8:10], "little")
    names = b"".join(content[place : place + 11] for place in range(32, max(start - 1, 32), 32))
    return names.isascii() and content[start:].isascii()


def _checked_dbf(content: bytes, said: str | None) -> tuple[str, list[str]]:
    """Return the declared codec if all records are text in it."""
    start = int.from_bytes(content[8:10], "little")
    records = content[start:]
    if said is None:
        spot = next(place for place, byte in enumerate(records) if byte > 127) if not records.isascii() else 0
        sample = records[max(spot - 20, 0) : spot + 40].decode("gb18030", errors="replace").strip()
        raise InputError(
            f"the .dbf holds letters beyond ASCII, there is no .cpg and no encoding is declared; as gb18030 it reads {sample[:40]!r}",  # noqa: E501
            todo="if that is right say --encoding gb18030, else say which encoding it is",
        )
    return said, []


def read_geojson(
    path: Path, wanted: set[str], outbox: Outbox, *, table: str, encoding: str | None, progress: Progress
) -> dict[str, object]:
    """Write the wanted columns and the shapes of a GeoJSON file into the outbox."""
    content, facts, notes = read_json(path, encoding)
    if not isinstance(content, dict) or content.get("type") not in ("FeatureCollection", "Feature"):
        raise InputError("this JSON is not GeoJSON", todo="give a FeatureCollection")
    features = content.get("features") if content["type"] == "FeatureCollection" else [content]
    if not isinstance(features, list):
        raise InputError("the FeatureCollection has no list of features", todo="export it again")
    raw = Raw(table, len(features), [], {})
    raw.crs, raw.crs_said_by = _geojson_crs(content)
    raw.warnings += notes
    headers: dict[str, None] = {}
    numbers: set[str] = set()
    columns: dict[str, list[str]] = {header: [] for header in sorted(wanted)}
    shapes: list[bytes | None] = []
    for number, feature in enumerate(features):  # every feature may have its own members
        properties, shape = _feature(feature, number, raw)
        headers.update(dict.fromkeys(properties))
        numbers.update(name for name in wanted if isinstance(properties.get(name), int | float))
        for header, texts in columns.items():
            texts.append(_json_text(properties.get(header)))
        shapes.append(shape)
        if number % 10_000 == 0:
            progress(number, len(features))
    raw.headers, raw.numbers = list(headers), sorted(numbers)
    outbox.put_columns(raw, [(header, columns[header]) for header in headers if header in columns], shapes)
    return facts


def read_json(path: Path, encoding: str | None) -> tuple[Any, dict[str, object], list[str]]:
    """Return what a JSON file holds, the facts about it, and warnings; numbers keep their spelling as text would."""
    codec, notes = sniff.encoding_of(path, encoding)
    try:
        content = json.loads(path.read_text(encoding=codec))
    except (ValueError, RecursionError) as error:  # ValueError: no JSON, or a number of thousands of digits
        raise InputError(f"this is not JSON ({error})", todo="export it again") from error
    return content, {"encoding": "utf-8" if codec == "utf-8-sig" else codec}, notes


def _geojson_crs(content: dict[str, Any]) -> tuple[str, str]:
    """Return the CRS of a GeoJSON file and who says so: its old crs member, or the standard."""
    member = content.get("crs")
    if member is None:
        return "OGC:CRS84", "the GeoJSON standard"
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise InputError("the crs member names no CRS", todo="write it as a name, or remove it and say --crs")
    return name, "the file's crs member"


def _feature(feature: object, number: int, raw: Raw) -> tuple[dict[str, Any], bytes | None]:
    """Return the properties and the WKB of one feature, noting what is wrong with it."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raw.faults.append((number, "", "this is not a Feature", "export the file again"))
        return {}, None
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raw.faults.append((number, "", "its properties are not an object", "export the file again"))
        properties = {}
    if "id" in feature and "id" not in properties:
        properties = {"id": feature["id"], **properties}
    return properties, _shape(feature.get("geometry"), number, raw)


def _shape(geometry: object, number: int, raw: Raw) -> bytes | None:
    """Return one GeoJSON geometry as WKB; an open ring is a fault here, for shapely would close it silently."""
    from shapely import to_wkb
    from shapely.errors import ShapelyError
    from shapely.geometry import shape

    if geometry is None:
        return None
    try:
        assert isinstance(geometry, dict)
        for ring in _rings(geometry):
            assert isinstance(ring, list)
            if len(ring) < 4 or ring[0] != ring[-1]:
                start, end = ring[0] if ring else None, ring[-1] if ring else None
                found = f"a ring is not closed: it starts at {start} and ends at {end}"
                raw.faults.append((number, "geom", found, "end the ring where it starts"))
                return None
        return bytes(to_wkb(shape(geometry)))
    except (AssertionError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, ShapelyError) as error:
        raw.faults.append(
            (number, "geom", f"the geometry cannot be read ({error or 'no list of rings'})", "draw it again")
        )
        return None


def _rings(geometry: dict[str, Any]) -> Iterable[list[Any]]:
    """Return the rings of a polygon or multipolygon, none of anything else."""
    if geometry.get("type") == "Polygon":
        return list(geometry["coordinates"])
    if geometry.get("type") == "MultiPolygon":
        return [ring for polygon in geometry["coordinates"] for ring in polygon]
    return []


def _json_text(value: object) -> str:
    """Return a JSON value as the text a table would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)
