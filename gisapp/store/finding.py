"""The search box: codes and names of things, never anything personal."""

from __future__ import annotations

from typing import Any

import pandas as pd
import shapely
from sqlalchemy import Connection

from gisapp.store.databases import database_of
from gisapp.store.geometry import decode
from gisapp.store.moment import now_iso
from gisapp.tables import TABLES, personal_columns

COLUMNS = ("kind", "utility", "code", "label", "x", "y")
# In the order in which equal matches are listed.
_SEARCHED = {
    "grids": ("code", "name"),
    "communities": ("code", "name"),
    "streets": ("code", "name"),
    "buildings": ("code", "name"),
    "links": ("code",),
    "devices": ("code",),
    "nodes": ("code",),
    "customers": ("code",),
}
_IN_FORCE = {"grids": " AND valid_from <= ? AND (valid_to IS NULL OR valid_to > ?)"}
assert not any(set(columns) & set(personal_columns(name)) for name, columns in _SEARCHED.items())


def found(connection: Connection, text: str, limit: int) -> pd.DataFrame:
    """Return the things whose code or name holds ``text``: equal ones first, then those that begin with it.

    Codes are looked through in the key's index, which is a tenth of the table.
    """
    text = text.strip()
    rows: list[tuple[Any, ...]] = []
    for order, (name, columns) in enumerate(_SEARCHED.items()):
        if text:
            rows += [
                (rank, length, order, code, name, fid)
                for rank, length, code, fid in _hits(connection, name, columns, text, limit)
            ]
    best = sorted(rows)[:limit]
    things = [_thing(connection, name, fid) for *_, name, fid in best]
    frame = pd.DataFrame(things, columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(COLUMNS[:4], "str") | dict.fromkeys(COLUMNS[4:], "float64"))


def _hits(connection: Connection, name: str, columns: tuple[str, ...], text: str, limit: int) -> list[tuple[Any, ...]]:
    """Return rank, length, code and fid of one table's best hits."""
    plain = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like = database_of(connection).LIKE
    any_like = " OR ".join(f"\"{column}\" {like} ? ESCAPE '\\'" for column in columns)
    forms = [form for form in (plain, f"{plain}%", f"%{plain}%") for _ in columns]
    rows = connection.exec_driver_sql(
        f"SELECT CASE WHEN {any_like} THEN 0 WHEN {any_like} THEN 1 ELSE 2 END, length(code), code, fid "
        f'FROM "{name}" WHERE ({any_like}){_IN_FORCE.get(name, "")} ORDER BY 1, 2, 3 LIMIT ?',
        (*forms, *([now_iso()] * 2 if name in _IN_FORCE else []), limit),
    )
    return [tuple(row) for row in rows]


def _thing(connection: Connection, name: str, fid: int) -> tuple[Any, ...]:
    """Return one row of the answer."""
    utility = "utility" if "utility" in TABLES[name].key else "NULL"
    shown = "name" if "name" in _SEARCHED[name] else "NULL"
    row = connection.exec_driver_sql(f'SELECT {utility}, code, {shown}, geom FROM "{name}" WHERE fid = ?', (fid,)).one()
    place = _place(decode([row[3]])[0])
    label = f"{row[2]} {row[1]}" if row[2] else row[1]
    return (name, row[0], row[1], label, *place)


def _place(geometry: Any) -> tuple[float, float]:
    """Return a point on a geometry: the middle of a line, a point inside a polygon."""
    if geometry is None:
        return float("nan"), float("nan")
    if geometry.geom_type == "LineString":
        point = geometry.interpolate(0.5, normalized=True)
    else:
        point = shapely.point_on_surface(geometry)
    return point.x, point.y
