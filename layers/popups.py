"""What a shape tells when it is clicked: headings and values in words."""

from __future__ import annotations

import pandas as pd

from gisapp.words import catalog, word
from layers.layer import Shapes

# Where the words of a column's values stand; a value without words is shown as it is.
_ROOMS = {
    "type": ("incident.",),
    "kind": ("layers.value_", "critical."),
    "state": ("layers.value_",),
    "operable": ("layers.value_",),
    "way": ("layers.value_",),
    "task": ("layers.value_",),
}


def headings(layer: Shapes, language: str) -> dict[str, str]:
    """Return the words of each popup column."""
    return {column: word(f"layers.column_{column}", language) for column in layer.popup}


def told(layer: Shapes, language: str) -> pd.DataFrame:
    """Return the popup columns of every shape as text, empty where there is no value."""
    texts = {column: _texts(layer, column, language) for column in layer.popup}
    return pd.DataFrame(texts, index=range(len(layer.frame)), dtype="str")


def _texts(layer: Shapes, column: str, language: str) -> pd.Series:
    """Return one column in words."""
    values = layer.frame[column].reset_index(drop=True)
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        rooms = _ROOMS.get(column, ())
        if column == "status":
            rooms = ("layers.status_",) if layer.table == "incidents" else ("layers.value_",)
        known = catalog(language)
        named = {
            value: next((known[room + str(value)] for room in rooms if room + str(value) in known), str(value))
            for value in values.dropna().unique()
        }
        return values.map(named).astype("str").where(values.notna(), "")
    return values.map(_number).astype("str").where(values.notna(), "")


def _number(value: float) -> str:
    """Return a number without digits that say nothing."""
    if pd.isna(value):
        return ""
    return f"{value:g}" if abs(value) < 10 else f"{value:.1f}".removesuffix(".0")
