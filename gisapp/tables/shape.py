"""Frames brought into the shape of a table, and freed of what is personal."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from gisapp.errors import InputError
from gisapp.masking import masked_texts
from gisapp.tables.column import DTYPES, Column
from gisapp.tables.every import TABLES

_TYPED = ("summary", "reason", "place", "cause", "value", "subject", "first_contact", "text", "body", "title")
"""Columns in which people may have typed anything."""


def personal_columns(name: str) -> tuple[str, ...]:
    """Return the names of the columns of table ``name`` that hold personal data."""
    return tuple(column.name for column in TABLES[name].columns if column.personal)


def masked(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return ``frame`` without the personal columns of table ``name``, and with what people typed freed of phones,
    names and homes (:func:`gisapp.masking.masked_text`): all that may leave the house.
    """
    kept = frame.drop(columns=list(personal_columns(name)), errors="ignore")
    typed = [column for column in _TYPED if column in kept.columns]
    return kept.assign(**{column: masked_texts(kept[column]) for column in typed}) if typed else kept


def masked_account(code: str) -> str:
    """Return an account number of which only the last four digits can be read, of a short one the last two.

    Examples
    --------
    >>> masked_account("00001234"), masked_account("1234")
    ('****1234', '****34')
    """
    return f"****{code[-4:] if len(code) > 4 else code[-2:]}"


def conform(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return ``frame`` in the shape of table ``name``: columns in order, dtypes set, absent ones empty.

    Parameters
    ----------
    frame
        Rows with at least the required columns; a ``geom`` column where the table has geometry.
    name
        A key of :data:`TABLES`.

    Raises
    ------
    InputError
        On an unknown column, a required column that is absent or has an empty value, a value that is
        not of its kind, or a choice that is not listed; names the first row at fault.
    """
    table = TABLES[name]
    known = [column.name for column in table.columns] + (["geom"] if table.geometry else [])
    extra = [column for column in frame.columns if column not in known]
    if extra:
        raise InputError(f"unknown column {extra[0]!r} in {name}", todo=f"known columns are {', '.join(known)}")
    shaped = {column.name: _cast(frame, column, name) for column in table.columns}
    if not table.geometry:
        return pd.DataFrame(shaped).reset_index(drop=True)
    if "geom" not in frame.columns:
        raise InputError(f"{name} has no geometry", todo="give it a geometry column called geom")
    geom = gpd.GeoSeries(frame["geom"], crs=getattr(frame, "crs", None))
    return gpd.GeoDataFrame(shaped | {"geom": geom}, geometry="geom", crs=geom.crs).reset_index(drop=True)


def _cast(frame: pd.DataFrame, column: Column, name: str) -> pd.Series:
    """Return one column in its dtype, checked."""
    if column.name not in frame.columns:
        if column.required:
            raise InputError(f"{name} lacks the required column", todo="add or map it", field=column.name)
        return pd.Series(None, index=frame.index, dtype=DTYPES[column.kind], name=column.name)
    values = frame[column.name]
    _refuse(values.isna() & column.required, values, column, "a value must stand here")
    try:
        cast: pd.Series = values.astype(pd.api.types.pandas_dtype(DTYPES[column.kind]))
    except (TypeError, ValueError) as error:
        raise InputError(f"{error}", todo=f"give values of kind {column.kind}", field=column.name) from error
    if column.choices:
        wrong = cast.notna() & ~cast.isin(column.choices)
        _refuse(wrong, values, column, f"use one of {', '.join(column.choices)}")
    return cast


def _refuse(wrong: pd.Series, values: pd.Series, column: Column, todo: str) -> None:
    """Raise for the first row marked wrong."""
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        found = values.iloc[row]
        raise InputError(
            "is empty" if pd.isna(found) else f"found {found!r}", todo=todo, row=row + 1, field=column.name
        )
