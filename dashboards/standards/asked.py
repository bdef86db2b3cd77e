"""What an address of OGC API - Features asks: which part of a collection, in which CRS, in which form."""

from __future__ import annotations

import re
from collections.abc import Collection as Names
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
import pandas as pd
import pyproj

from dashboards.standards.written import Fault
from gisapp.crs import to_degrees

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
DEGREES = "http://www.opengis.net/def/crs/EPSG/0/4326"
USUAL, MOST = 100, 1000
"""How many features a page holds where nothing is said, and at most."""
FARTHEST = 100_000_000
FORMS = ("json", "html")
ITEMS = ("f", "lang", "limit", "offset", "bbox", "bbox-crs", "datetime", "crs")
"""What may be asked of the items of a collection; of any other page ``f`` and ``lang``."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")

Interval = tuple[pd.Timestamp | None, pd.Timestamp | None]


@dataclass(frozen=True)
class Frame:
    """A CRS in which features are told: its address, what it is, whether its first axis is the north."""

    uri: str
    crs: pyproj.CRS
    north_first: bool


@dataclass(frozen=True)
class Asked:
    """Which part of a collection is asked for, and in which CRS; ``box`` in the project's CRS, east first."""

    limit: int
    offset: int
    box: tuple[float, float, float, float] | None
    between: Interval | None
    frame: Frame


def require_known(given: Mapping[str, str], known: Names[str]) -> None:
    """Raise where an address asks what nobody knows here.

    Raises
    ------
    Fault
        Names the first such parameter, or says that one stands twice.
    """
    for name in given:
        if name not in (*known, "api_key"):
            raise Fault(400, f"parameter {name!r} is unknown; known are {', '.join(known)}")


def asked_of(given: Mapping[str, str], frames: Mapping[str, Frame], project: pyproj.CRS) -> Asked:
    """Return what an address asks of the items of a collection.

    Raises
    ------
    Fault
        When something in it cannot be.
    """
    return Asked(
        limit=min(_number(given, "limit", USUAL, least=1), MOST),
        offset=_number(given, "offset", 0, least=0, most=FARTHEST),
        box=_box(given, frames, project),
        between=None if "datetime" not in given else _between(given["datetime"]),
        frame=frame_of(given, "crs", frames),
    )


def frame_of(given: Mapping[str, str], name: str, frames: Mapping[str, Frame]) -> Frame:
    """Return the CRS that a parameter names, CRS84 where it is absent.

    Raises
    ------
    Fault
        When it is none that is served.
    """
    uri = given.get(name, CRS84)
    if uri not in frames:
        raise Fault(400, f"{name} {uri!r} is not served; use one of {', '.join(frames)}")
    return frames[uri]


@lru_cache(maxsize=8)
def frames_of(project: pyproj.CRS) -> Mapping[str, Frame]:
    """Return the CRSs that are served, by address: degrees east first, degrees north first, the project's."""
    found = {CRS84: Frame(CRS84, pyproj.CRS("OGC:CRS84"), False), DEGREES: Frame(DEGREES, pyproj.CRS(4326), True)}
    code = project.to_epsg()
    if code is not None:
        uri = f"http://www.opengis.net/def/crs/EPSG/0/{code}"
        found[uri] = Frame(uri, project, project.axis_info[0].direction.lower() == "north")
    return found


def _number(given: Mapping[str, str], name: str, usual: int, *, least: int, most: int | None = None) -> int:
    text = given.get(name, str(usual))
    whole = text.isascii() and text.isdigit() and len(text) <= 1000
    if not whole or int(text) < least or (most is not None and int(text) > most):
        upto = "" if most is None else f" to {most:,}"
        raise Fault(400, f"{name} {text[:100]!r} cannot be; give a whole number from {least}{upto}")
    return int(text)


def _box(
    given: Mapping[str, str], frames: Mapping[str, Frame], project: pyproj.CRS
) -> tuple[float, float, float, float] | None:
    """Return the box that is asked for, in the project's CRS; heights in it do not matter."""
    frame = frame_of(given, "bbox-crs", frames)
    if "bbox" not in given:
        return None
    parts = [part.strip() for part in given["bbox"].split(",")]
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise Fault(400, f"bbox {given['bbox']!r} cannot be; give four numbers, or six with heights")
    told = np.array([float(part) for part in parts])
    half = len(told) // 2
    low, high = told[:2], told[half : half + 2]
    if frame.north_first:
        low, high = low[::-1], high[::-1]
    if not np.isfinite(told).all() or low[1] > high[1] or (low[0] > high[0] and not frame.crs.is_geographic):
        raise Fault(400, f"bbox {given['bbox']!r} cannot be; its first corner is the lower one")
    if frame.crs.is_geographic and (np.abs([low[0], high[0]]).max() > 180 or np.abs([low[1], high[1]]).max() > 90):
        raise Fault(
            400, f"bbox {given['bbox']!r} is outside the earth; give degrees, east and north in the CRS's order"
        )
    east = high[0] + 360 if low[0] > high[0] else high[0]  # over the date line
    return _projected((low[0], low[1], east, high[1]), frame, project)


def _projected(
    box: tuple[float, float, float, float], frame: Frame, project: pyproj.CRS
) -> tuple[float, float, float, float]:
    """Return the box around a box in the project's CRS; what reaches beyond where that is defined is cut off.

    A projection bends the sides of a box: it is followed along them, in the part of the earth that the CRS is for.
    """
    if frame.crs == project:
        return box
    area = project.area_of_use
    if area is not None:
        margin = 3.0
        box = (
            max(box[0], area.west - margin), max(box[1], area.south - margin),
            min(box[2], area.east + margin), min(box[3], area.north + margin),
        )  # fmt: skip
        if box[0] > box[2] or box[1] > box[3]:
            return (np.inf, np.inf, -np.inf, -np.inf)
    moved = to_degrees(project).transform_bounds(*box, densify_pts=21, direction="INVERSE")
    return moved if np.isfinite(moved).all() else (-np.inf, -np.inf, np.inf, np.inf)


def moved(xy: np.ndarray, project: pyproj.CRS, frame: Frame) -> np.ndarray:
    """Return coordinates of the project in another CRS, in the order of its axes; degrees to a centimetre."""
    if frame.crs == project:
        told = xy.round(3)
    else:
        told = np.column_stack(to_degrees(project).transform(xy[:, 0], xy[:, 1])).round(7)
    return told[:, ::-1] if frame.north_first else told


def _between(text: str) -> Interval:
    """Return the moment or interval that is asked for; an open end is None.

    Raises
    ------
    Fault
        When it is none.
    """
    parts = text.split("/")
    if len(parts) > 2:
        raise Fault(400, f"datetime {text!r} cannot be; give a moment, or two with / between")
    ends = [None if part in ("", "..") and len(parts) == 2 else _moment(part, text) for part in parts]
    start, end = (ends[0], ends[-1])
    if start is None and end is None:
        raise Fault(400, f"datetime {text!r} is open at both ends; leave it out")
    if start is not None and end is not None and start > end:
        raise Fault(400, f"datetime {text!r} ends before it starts")
    return start, end


def _moment(text: str, whole: str) -> pd.Timestamp:
    if not _MOMENT.fullmatch(text):
        raise Fault(400, f"datetime {whole!r} cannot be; write moments as 2026-11-28T00:00:00Z")
    try:
        said = datetime.fromisoformat(text.upper())
        return pd.Timestamp(said.astimezone(UTC)).as_unit("ms")
    except (ValueError, OverflowError):
        raise Fault(400, f"datetime {whole!r} is no moment of the calendar") from None
