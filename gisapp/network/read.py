"""EPANET input files as tables: nodes, links and devices in SI units, read by wntr."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from shapely.geometry import LineString, Point

from gisapp.errors import InputError
from gisapp.tables import conform

SECONDS_PER_HOUR = 3600.0
_VALVE_KINDS = {
    "PRV": "pressure_valve",
    "PSV": "pressure_valve",
    "PBV": "pressure_valve",
    "FCV": "flow_valve",
    "TCV": "throttle_valve",
    "GPV": "throttle_valve",
}
_ONE_WAY_VALVES = ("PRV", "PSV")
_ANY = 10_000
_SECTIONS = {
    "[JUNCTIONS]": ("node", 2, _ANY),
    "[RESERVOIRS]": ("node", 2, _ANY),
    "[TANKS]": ("node", 6, _ANY),
    "[PIPES]": ("link", 6, 8),  # with more, wntr gives a pipe the status of the one before
    "[PUMPS]": ("link", 4, _ANY),
    "[VALVES]": ("link", 6, _ANY),
}


def read_inp(path: str | Path, *, encoding: str = "utf-8-sig") -> dict[str, pd.DataFrame]:
    """Return the tables ``nodes``, ``links`` and ``devices`` of an EPANET network, in SI units, without a CRS.

    Reservoirs become nodes of kind ``source``, tanks of kind ``tank`` with the volume between their
    lowest and highest level, junctions carry the sum of their base demands. Pumps, valves and pipes
    with a check valve are links that also carry one device of the same code, ``end`` mid: those are
    what may separate, and they hold the state. Pumps, check valves and pressure-reducing or
    pressure-sustaining valves let water pass forward only; such a valve fixed open lets it pass both ways.
    Lengths of pumps and valves are 0. A node or link without coordinates has no geometry.

    Parameters
    ----------
    path
        The INP file.
    encoding
        Its encoding; it is never guessed.

    Raises
    ------
    InputError
        When the file cannot be decoded, read or understood; names the file and, where it is known, the line.

    Notes
    -----
    wntr takes seconds to import, so it is imported here.
    """
    model = inp_model(Path(path), encoding=encoding)
    frames = {
        "nodes": pd.DataFrame(_node_rows(model)),
        "links": pd.DataFrame(_link_rows(model)),
        "devices": pd.DataFrame(_device_rows(model), columns=[*_DEVICE_COLUMNS, "geom"]),
    }
    return {name: conform(gpd.GeoDataFrame(frame, geometry="geom"), name) for name, frame in frames.items()}


def inp_model(file: Path, *, encoding: str = "utf-8-sig") -> Any:
    """Return the wntr model of an INP file; raises as :func:`read_inp` does."""
    text = _text(file, encoding)
    _refuse_rows(text, file)
    return _model(text, file)


_DEVICE_COLUMNS = (
    "utility",
    "code",
    "kind",
    "link_code",
    "end",
    "measure_m",
    "state",
    "operable",
    "direction",
    "diameter_mm",
)


def _text(file: Path, encoding: str) -> str:
    """Return the decoded text of an INP file."""
    try:
        text = file.read_bytes().decode(encoding)
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", todo="check its name and rights", file=str(file)
        ) from error
    except LookupError as error:
        raise InputError(f"unknown encoding {encoding!r}", todo="name one such as gb18030") from error
    except UnicodeDecodeError as error:
        line = file.read_bytes().count(b"\n", 0, error.start) + 1
        raise InputError(
            f"line {line} is not {encoding} text", todo="name its encoding, for example gb18030", file=str(file)
        ) from error
    if "[JUNCTIONS]" not in text.upper():
        raise InputError("no section [JUNCTIONS]", todo="give an EPANET INP file", file=str(file))
    return text


# What wntr raises on texts that it does not understand.
_BROKEN = (RuntimeError, ValueError, LookupError, AttributeError, NameError, TypeError, AssertionError, ArithmeticError)


def _model(text: str, file: Path) -> Any:
    """Return the wntr model of an INP text; the text goes through a copy because wntr reads UTF-8 files only."""
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        import wntr
        from wntr.epanet.exceptions import EpanetException

        copy = Path(folder) / "network.inp"
        copy.write_text(text, encoding="utf-8")
        try:
            model = wntr.network.WaterNetworkModel(str(copy))
            sum(1 for _ in model.links())
        except (EpanetException, *_BROKEN) as error:
            found, line = _reason(error, text)
            where = f"line {line}: {found}" if line else found
            raise InputError(where, todo="correct the INP file", file=str(file)) from error
    if not model.num_nodes or not model.num_links:
        raise InputError("no nodes or no links", todo="give a network with both", file=str(file))
    return model


def _reason(error: BaseException, text: str) -> tuple[str, int | None]:
    """Return what wntr found, and the line: the one it names, else the first that holds the value it quotes."""
    said = []
    step: BaseException | None = error
    while step is not None:
        words = re.sub(r"\(Error 200\).*input file '[^']*'", "", " ".join(map(str, step.args)))
        said.append(re.sub(r"\s+", " ", words.replace("(%s)", "")).strip())
        step = step.__cause__
    found = "; ".join(dict.fromkeys(words for words in said if words))
    named = re.search(r"at line (\d+)", found)
    if named:
        return re.sub(r",? ?at line \d+:?", "", found), int(named.group(1))
    quoted = {value.upper() for value in re.findall(r"'([^' ]+)'", found)} or {found.upper()}
    for number, line in enumerate(_lines(text), start=1):
        if quoted & set(line.split(";")[0].upper().split()):
            return found, number
    return found, None


def _lines(text: str) -> Iterator[str]:
    """Return the lines as wntr reads them: a vertical tab, at which ``splitlines`` would cut, ends none."""
    return StringIO(text, newline=None)


def _refuse_rows(text: str, file: Path) -> None:
    """Raise for a row with too few or many values or a code that stands twice: wntr names no line or keeps the last."""
    seen: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(_lines(text), start=1):
        values = line.split(";")[0].split()
        if values and values[0].startswith("["):
            section = values[0].upper()
        if not values or section not in _SECTIONS or values[0].startswith("["):
            continue
        kind, least, most = _SECTIONS[section]
        if not least <= len(values) <= most:
            todo = f"give at least {least}" if most == _ANY else f"give {least} to {most}; a remark begins with ;"
            raise InputError(f"line {number}: {len(values)} values in {section}", todo=todo, file=str(file))
        first = seen.setdefault((kind, values[0]), number)
        if first != number:
            raise InputError(
                f"line {number}: the {kind} {values[0]!r} stands in line {first} already",
                todo="give every node and every link its own code",
                file=str(file),
            )


def _node_rows(model: Any) -> Iterator[dict[str, object]]:
    """Yield a row for every node."""
    placed = _placed(model)
    for code, node in model.nodes():
        row: dict[str, object] = {"utility": "water", "code": code, "kind": "junction", "geom": placed[code]}
        if node.node_type == "Reservoir":
            row |= {"kind": "source", "elevation_m": node.base_head}
        elif node.node_type == "Tank":
            usable = node.get_volume(node.max_level) - node.get_volume(node.min_level)
            row |= {"kind": "tank", "elevation_m": node.elevation, "volume_m3": float(usable)}
        else:
            demand = sum(part.base_value for part in node.demand_timeseries_list)
            row |= {"elevation_m": node.elevation, "demand_m3h": demand * SECONDS_PER_HOUR}
        yield row


def _placed(model: Any) -> dict[str, Point | None]:
    """Return the position of every node; wntr puts a node without coordinates at 0, 0."""
    at = {code: node.coordinates for code, node in model.nodes()}
    return {code: None if xy is None or tuple(xy) == (0, 0) else Point(xy) for code, xy in at.items()}


def _line(link: Any, placed: dict[str, Point | None]) -> LineString | None:
    """Return the course of a link, or None when an end has no position."""
    start, stop = placed[link.start_node_name], placed[link.end_node_name]
    if start is None or stop is None:
        return None
    return LineString([start.coords[0], *link.vertices, stop.coords[0]])


def _link_rows(model: Any) -> Iterator[dict[str, object]]:
    """Yield a row for every link."""
    placed = _placed(model)
    for code, link in model.links():
        is_pipe = link.link_type == "Pipe"
        diameter = None if link.link_type == "Pump" else link.diameter * 1000.0
        yield {
            "utility": "water",
            "code": code,
            "kind": link.link_type.lower(),
            "from_node": link.start_node_name,
            "to_node": link.end_node_name,
            "length_m": link.length if is_pipe else 0.0,
            "diameter_mm": diameter,
            "status": _state(link),
            "direction": _direction(link),
            "geom": _line(link, placed),
        }


def _device_rows(model: Any) -> Iterator[dict[str, object]]:
    """Yield a row for every pump, valve and check valve."""
    placed = _placed(model)
    for code, link in model.links():
        kind = _device_kind(link)
        if kind is None:
            continue
        line = _line(link, placed)
        yield {
            "utility": "water",
            "code": code,
            "kind": kind,
            "link_code": code,
            "end": "mid",
            "measure_m": link.length / 2 if link.link_type == "Pipe" else 0.0,
            "state": _state(link),
            "operable": "operable",
            "direction": _direction(link),
            "diameter_mm": None if kind == "pump" else link.diameter * 1000.0,
            "geom": None if line is None else line.interpolate(0.5, normalized=True),
        }


def _device_kind(link: Any) -> str | None:
    """Return the class of the device that a link carries, or None for a plain pipe."""
    if link.link_type == "Pump":
        return "pump"
    if link.link_type == "Valve":
        return _VALVE_KINDS[link.valve_type]
    return "check_valve" if link.check_valve else None


def _state(link: Any) -> str:
    """Return open or closed."""
    return "closed" if str(link.initial_status) == "Closed" else "open"


def _direction(link: Any) -> str:
    """Return which way water may pass."""
    if link.link_type == "Valve":
        one_way = link.valve_type in _ONE_WAY_VALVES and str(link.initial_status) != "Open"
    else:
        one_way = link.link_type == "Pump" or link.check_valve
    return "forward" if one_way else "both"
