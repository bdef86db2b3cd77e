"""Tracks that come as points, one row a point: joined to one line a track, in the order of the file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import shapely

from gisapp.errors import InputError
from gisapp.imports.located import written_points
from gisapp.imports.mapping import Mapping
from gisapp.imports.report import Faults
from gisapp.imports.transport import Raw, Text

_LAST = "ended_at"
"""The column of ours that is taken from a track's last point; all others come from its first."""


def trail_rows(raw: Raw, mapping: Mapping) -> tuple[Raw, Mapping]:
    """Return points as tracks, one row and one line each, and the mapping that fits them.

    Rows belong together whose ``code`` is the same. One column of times may be both ``started_at`` and ``ended_at``.

    Raises
    ------
    InputError
        When there is no column for ``code``, or a point has no usable position.
    """
    named = mapping.columns.get("code", "code")
    if named not in raw.columns:
        raise InputError(
            "points need to say to which track they belong", todo="map that column, such as code=track", field="code"
        )
    number, _ = pd.factorize(raw.columns[named].full())
    lines = _lines(_positions(raw, mapping), number)
    first = np.unique(number, return_index=True)[1]
    last = raw.rows - 1 - np.unique(number[::-1], return_index=True)[1]
    columns = {name: Text(text.full()[first]) for name, text in raw.columns.items()}
    ended = mapping.columns.get(_LAST, _LAST)
    if ended in raw.columns:
        columns[f"{ended} "] = Text(raw.columns[ended].full()[last])
        mapping = replace(mapping, columns={**_own_names(raw, mapping), _LAST: f"{ended} "})
    note = f"{raw.rows:,} points make {len(first):,} tracks; rows are counted by track"
    made = replace(
        raw, rows=len(first), columns=columns, headers=[*raw.headers, f"{ended} "], wkb=shapely.to_wkb(lines)
    )
    return replace(made, warnings=[note]), mapping


def _own_names(raw: Raw, mapping: Mapping) -> dict[str, str]:
    """Return the columns of a mapping; where it has none, those with our names, which it would then take no more."""
    own = ("code", "route_code", "grid_code", "person_code", "started_at")
    return dict(mapping.columns) or {name: name for name in own if name in raw.columns}


def _positions(raw: Raw, mapping: Mapping) -> np.ndarray:
    """Return the position of every point."""
    faults = Faults("patrol_tracks", raw.rows)
    xy = written_points(raw, mapping, faults)
    wrong = faults.mask | np.isnan(xy).any(axis=1)
    if wrong.any():
        row = int(wrong.argmax()) + 1
        raise InputError("has no usable position", todo="correct it, or take the point out", row=row, field="geom")
    return xy


def _lines(xy: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Return one line a track; a single point is a line of no length, which is refused like any other."""
    alone = np.bincount(number) == 1
    times = np.where(alone[number], 2, 1)
    order = np.argsort(number, kind="stable")
    order = np.repeat(order, times[order])
    return np.asarray(shapely.linestrings(xy[order], indices=number[order]))
