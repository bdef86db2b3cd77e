"""One row's values for the database, checked as a whole table would be: a table's checks take milliseconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import shapely

from gisapp.errors import InputError
from gisapp.store.schema import text_length
from gisapp.tables import TABLES, Column

_SKEW = timedelta(minutes=5)
"""By how much the clock of whoever reports may be ahead of ours."""


def checked_values(name: str, given: Mapping[str, object], *, may_lack: Collection[str] = ()) -> dict[str, Any]:
    """Return one row of table ``name`` as the database takes it.

    Parameters
    ----------
    name
        A key of :data:`gisapp.tables.TABLES`.
    given
        Columns by name, times aware, ``geom`` a shape of the table's kind in the store's CRS or absent.
    may_lack
        Required columns that are filled in later.

    Raises
    ------
    InputError
        For an unknown column, an empty required one, or a value that does not fit.
    """
    table = TABLES[name]
    values = {column: None if missing(value) else value for column, value in given.items()}
    known = {column.name: column for column in table.columns}
    unknown = sorted(set(values) - set(known) - ({"geom"} if table.geometry else set()))
    if unknown:
        listed = ", ".join([*known, *(["geom"] if table.geometry else [])])
        raise InputError(f"unknown column {unknown[0]!r} in {name}", todo=f"known columns are {listed}")
    row = {name: _value(column, values.get(name), may_lack=name in may_lack) for name, column in known.items()}
    return row | ({"geom": _shape(values.get("geom"), table.geometry)} if table.geometry else {})


def missing(value: object) -> bool:
    """Return whether a value is one of the many ways to say that there is none."""
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def require_past(moment: datetime | None, field: str) -> None:
    """Raise where what is said to have happened lies in the future."""
    if moment is not None and moment > datetime.now(UTC) + _SKEW:
        raise InputError(f"{moment.isoformat()} lies in the future", todo="record it once it has happened", field=field)


def _value(column: Column, value: object, *, may_lack: bool) -> Any:
    if value is None:
        if column.required and not may_lack:
            raise InputError("is empty", todo="a value must stand here", field=column.name)
        return None
    try:
        cast = _CASTS[column.kind](value)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"found {value!r}", todo=f"give a value of kind {column.kind}", field=column.name) from error
    if column.choices and cast not in column.choices:
        raise InputError(f"found {value!r}", todo=f"use one of {', '.join(column.choices)}", field=column.name)
    if column.kind == "text" and len(cast) > text_length(column):
        raise InputError(
            f"is {len(cast)} characters long", todo=f"shorten it to {text_length(column)}", field=column.name
        )
    return cast


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{value!r} is no time with a zone")
    # A pandas timestamp is a datetime that pickles and compares slowly; the database wants the plain one.
    return value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value


def _whole(value: Any) -> int:
    if int(value) != value:
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def _truth(value: Any) -> bool:
    if value not in (True, False):
        raise ValueError(f"{value!r} is neither true nor false")
    return bool(value)


_CASTS: dict[str, Callable[[Any], Any]] = {"text": str, "int": _whole, "real": float, "bool": _truth, "time": _moment}


def _shape(value: object, kind: str) -> shapely.Geometry | None:
    """Return a flat shape of a kind, with numbers in it; None for what is not located.

    A polygon becomes a multipolygon of one where the table wants that.
    """
    if value is None or (isinstance(value, shapely.Geometry) and value.is_empty):
        return None
    if kind == "MULTIPOLYGON" and isinstance(value, shapely.Polygon):
        value = shapely.MultiPolygon([value])
    if not (isinstance(value, shapely.Geometry) and value.geom_type.upper() == kind):
        raise InputError(f"found {value!r}", todo=f"give a {kind.lower()} in the store's CRS", field="geom")
    if not all(map(math.isfinite, value.bounds)):
        raise InputError("has a coordinate that is no number", todo="correct it", field="geom")
    return value
