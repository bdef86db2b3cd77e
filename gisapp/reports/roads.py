"""The streets along which supply is lost: from which crossing to which, on which side, and for how many there."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gisapp.reports.places import crossings

REACH_M = 80.0
"""A service point belongs to the nearest named street within this distance."""
_AT_CORNER_M = 25.0
COLUMNS = ("street", "from_street", "to_street", "side", "customers", "share", "length_m")


def roads_touched(points: np.ndarray, affected: np.ndarray, streets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the stretches of named streets along which customers lose supply.

    Every service point belongs to the nearest named street within 80 m; those further away are in no row. A
    stretch reaches from the last crossing before the first affected point to the first crossing after the last.

    Parameters
    ----------
    points
        All service points that may lie along the same streets, with supply or without, in metres.
    affected
        Mask of those that lose supply.
    streets
        The table ``streets`` in the same CRS.

    Returns
    -------
    DataFrame
        ``street``; ``from_street`` and ``to_street``, the crossings that bound the stretch from west to east or
        north to south, missing where the street ends first; ``side`` of it (``north``, ``south``, ``east``,
        ``west``, ``both``); ``customers`` who lose supply there; ``share`` of all service points on that side of
        the stretch, so that a text says "part" where it is below 1; ``length_m``. Most customers first.
    """
    named = streets[streets["name"].notna()]
    if named.empty or not affected.any():
        return pd.DataFrame({name: [] for name in COLUMNS})
    lines, names = _merged(named)
    (row, line), metres = shapely.STRtree(lines).query_nearest(points, return_distance=True, all_matches=False)
    within = metres <= REACH_M
    row, line = row[within], line[within]
    corners = crossings(named)
    found = [
        _stretch(lines[number], names[number], points[row[line == number]], affected[row[line == number]], corners)
        for number in np.unique(line[affected[row]])  # few: the streets along which somebody is affected
    ]
    table = pd.DataFrame(found, columns=list(COLUMNS))
    return table.sort_values(["customers", "street"], ascending=[False, True], ignore_index=True)


def _merged(named: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the lines of every name, joined where they meet end to end, and the name of each."""
    lines: list[shapely.Geometry] = []
    names: list[str] = []
    for name, group in named.groupby("name", sort=True):  # a line for every street, however it was drawn
        parts = shapely.get_parts(shapely.line_merge(shapely.union_all(group.geometry.to_numpy())))
        lines += list(parts)
        names += [str(name)] * len(parts)
    return np.array(lines, dtype=object), np.array(names, dtype=object)


@dataclass(frozen=True)
class _Line:
    """A street as it is read: from west to east where it runs so, else from north to south."""

    shape: shapely.Geometry
    sideways: bool

    def side(self, points: np.ndarray, measures: np.ndarray) -> np.ndarray:
        """Return the side of each point."""
        feet = shapely.line_interpolate_point(self.shape, measures)
        away = shapely.get_coordinates(points) - shapely.get_coordinates(feet)
        if self.sideways:
            return np.where(away[:, 1] >= 0, "north", "south")
        return np.where(away[:, 0] >= 0, "east", "west")


def _read(shape: shapely.Geometry) -> _Line:
    """Return a line in the direction in which it is read."""
    ends = shapely.get_coordinates(shape)[[0, -1]]
    east, north = ends[1] - ends[0]
    sideways = bool(abs(east) >= abs(north))
    backward = east < 0 if sideways else north > 0
    return _Line(shapely.reverse(shape) if backward else shape, sideways)


def _stretch(
    shape: shapely.Geometry, name: str, points: np.ndarray, affected: np.ndarray, corners: pd.DataFrame
) -> tuple[object, ...]:
    """Return the row of one street."""
    line = _read(shape)
    measures = shapely.line_locate_point(line.shape, points)
    mine = corners[corners["street"] == name]
    on_line = shapely.distance(mine["geom"].to_numpy(), line.shape) < 1.0
    marks = shapely.line_locate_point(line.shape, mine["geom"].to_numpy()[on_line])
    others = mine["crossing"].to_numpy(dtype=object)[on_line]
    first, last = measures[affected].min(), measures[affected].max()
    before = np.flatnonzero(marks <= first + _AT_CORNER_M)
    after = np.flatnonzero(marks >= last - _AT_CORNER_M)
    start = int(before[marks[before].argmax()]) if len(before) else None
    end = int(after[marks[after].argmin()]) if len(after) else None
    low = 0.0 if start is None else min(marks[start], first)
    high = line.shape.length if end is None else max(marks[end], last)
    sides = line.side(points, measures)
    touched = np.unique(sides[affected])
    there = (measures >= low) & (measures <= high) & np.isin(sides, touched)
    return (
        name,
        None if start is None else others[start],
        None if end is None else others[end],
        "both" if len(touched) == 2 else str(touched[0]),
        int(affected.sum()),
        float(affected.sum() / max(int(there.sum()), 1)),
        float(high - low),
    )
