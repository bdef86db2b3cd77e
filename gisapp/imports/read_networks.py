"""EPANET INP and our own network JSON into raw tables of nodes, links and devices, in the reading child."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.read_shapes import read_json
from gisapp.imports.transport import Outbox, Raw

# Names in the JSON of `gisapp export network`, and ours.
_OURS = {
    "nodes": {"id": "code"},
    "links": {"id": "code", "from": "from_node", "to": "to_node"},
    "devices": {"id": "code", "link": "link_code", "node": "node_code"},
}


def read_network(
    path: Path, kind: str, wanted: dict[str, set[str]], outbox: Outbox, *, encoding: str | None
) -> dict[str, object]:
    """Write the tables of a network into the outbox and return the facts about the file."""
    if set(wanted) != set(_OURS):
        raise InputError("this file holds a network", todo="import it --as network")
    if kind == "json":
        return _read_json(path, outbox, encoding)
    from gisapp.network.read import read_inp

    codec, notes = sniff.encoding_of(path, encoding)
    frames = read_inp(path, encoding=codec)
    for table in wanted:
        frame = frames[table]
        raw = Raw(table, len(frame), [str(name) for name in frame.columns if name != "geom"], {})
        raw.warnings += notes
        notes = []
        texts = [(name, [_text(value) for value in frame[name].tolist()]) for name in raw.headers]
        outbox.put_columns(raw, texts, _wkb(frame["geom"].tolist()))
    return {"encoding": "utf-8" if codec == "utf-8-sig" else codec}


def _read_json(path: Path, outbox: Outbox, encoding: str | None) -> dict[str, object]:
    """Write the network that `gisapp export network --format json` wrote."""
    content, facts, notes = read_json(path, encoding)
    if not isinstance(content, dict) or not all(isinstance(content.get(table), list) for table in _OURS):
        raise InputError(
            "this JSON has no lists called nodes, links and devices",
            todo="give the JSON of gisapp export network, or GeoJSON with the ending .geojson",
        )
    at = {str(node.get("id")): _point(node) for node in content["nodes"] if isinstance(node, dict)}
    courses: dict[str, Any] = {}
    lengths: dict[str, Any] = {}
    for table, names in _OURS.items():
        rows = [row if isinstance(row, dict) else {} for row in content[table]]
        headers = list(
            dict.fromkeys(names.get(str(key), str(key)) for row in rows for key in row if key not in ("x", "y"))
        )
        theirs = {ours: name for name, ours in names.items()}
        raw = Raw(table, len(rows), headers, {})
        raw.crs = str(content["crs"]) if table == "nodes" and content.get("crs") else None
        raw.crs_said_by = "the file" if raw.crs else ""
        raw.warnings += notes
        notes = []
        texts = [(name, [_text(row.get(theirs.get(name, name))) for row in rows]) for name in headers]
        if table == "nodes":
            shapes = [at.get(str(row.get("id"))) for row in rows]
        elif table == "links":
            shapes = [_course(at.get(str(row.get("from"))), at.get(str(row.get("to")))) for row in rows]
            courses = {str(row.get("id")): shape for row, shape in zip(rows, shapes, strict=True)}
            raw.warnings.append("the links of this form have no course: they are drawn straight from node to node")
            raw.headers = [name for name in headers if name != "direction"] + ["direction"]
            said = [str(row.get("direction") or "both") for row in rows]  # the form states it for one-way links only
            texts = [pair for pair in texts if pair[0] != "direction"] + [("direction", said)]
            lengths = {str(row.get("id")): row.get("length_m") for row in rows}
        else:
            shapes = [_standing(row, courses, lengths) for row in rows]
        outbox.put_columns(raw, texts, _wkb(shapes))
    if content.get("customers"):
        facts["left_out"] = f"{len(content['customers'])} customers, which have no position of their own"
    return facts


def _point(node: dict[str, Any]) -> Any:
    """Return a node's position, or None."""
    x, y = node.get("x"), node.get("y")
    return shapely.Point(x, y) if isinstance(x, int | float) and isinstance(y, int | float) else None


def _course(start: Any, stop: Any) -> Any:
    """Return the straight line between two positions, or None when one is unknown."""
    return None if start is None or stop is None else shapely.LineString([start, stop])


def _standing(device: dict[str, Any], courses: dict[str, Any], lengths: dict[str, Any]) -> Any:
    """Return where a device stands on its link: at the end it names, else at its measure, else halfway."""
    link = str(device.get("link"))
    course, length_m, measure_m = courses.get(link), lengths.get(link), device.get("measure_m")
    if course is None:
        return None
    share = {"from": 0.0, "to": 1.0}.get(str(device.get("end")), 0.5)
    if device.get("end") == "mid" and isinstance(length_m, int | float) and isinstance(measure_m, int | float):
        share = min(max(measure_m / length_m, 0.0), 1.0) if length_m > 0 else share
    return course.interpolate(share, normalized=True)


def _wkb(shapes: list[Any]) -> list[bytes | None]:
    """Return shapes as WKB."""
    return [None if shape is None else bytes(shapely.to_wkb(shape)) for shape in shapes]


def _text(value: object) -> str:
    """Return a value as the text a table would hold."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)
