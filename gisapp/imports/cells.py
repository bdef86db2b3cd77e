"""Texts of a file into typed columns of ours; every cell that cannot be one is named, none is mended."""

from __future__ import annotations

import re
from collections.abc import Mapping as Map
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gisapp.errors import InputError
from gisapp.imports.mapping import DEFAULT_CHOICE
from gisapp.imports.transport import Text
from gisapp.tables import DTYPES, UTILITIES, Column

_FORMULA_STARTS = ("=", "+", "-", "@")
_EARLIEST, _LATEST = np.datetime64("1800-01-01"), np.datetime64("2200-01-01")
_SPACES = frozenset([*(" " * count for count in range(65)), "\t", "\u3000", "\xa0"])
_OFFSET_MARKS = "Zz+-"
_OFFSET = re.compile(r"([zZ]|[+-]\d\d:?\d\d)$")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}
_BIGGEST_INT = 2**53


@dataclass(frozen=True)
class Reading:
    """How cells are read: texts that mean no value, zone and formats of times, translations of choices."""

    empty: frozenset[str]
    zone: ZoneInfo
    formats: Map[str, str]
    choices: Map[str, Map[str, str]]


@dataclass(frozen=True)
class Cells:
    """One typed column: its values, which rows are wrong or empty, what to do about those, and what stood there."""

    values: pd.Series
    wrong: np.ndarray
    missing: np.ndarray
    todo: str
    text: Text

    def found(self, rows: np.ndarray) -> list[str]:
        """Return what stands in the given rows, in words; long texts are cut."""
        texts = self.text.full()[rows] if self.text.codes is None else self.text.texts[self.text.codes[rows]]
        return [described(text) for text in texts]


def described(text: str) -> str:
    """Return what a cell holds, in words."""
    if not text:
        return "is empty"
    if is_formula(text):
        return f"holds what a spreadsheet would run as a formula: {text[:60]!r}"
    return f"found {text[:60]!r}"


def is_formula(text: str) -> bool:
    """Return whether a spreadsheet would run this text: it starts with = + - or @ and is no number."""
    start = text.lstrip()
    if not start.startswith(_FORMULA_STARTS):
        return False
    try:
        float(start)
    except ValueError:
        return True
    return False


def blank(texts: np.ndarray, empty: frozenset[str]) -> np.ndarray:
    """Return which texts mean that there is no value: spaces alone, or what is stated to."""
    blanks = empty | _SPACES
    if blanks.isdisjoint(texts):  # most columns, and much faster than an answer a text
        return np.zeros(len(texts), dtype=bool)
    return np.fromiter(map(blanks.__contains__, texts), dtype=bool, count=len(texts))


def cells(column: Column, text: Text, how: Reading) -> Cells:
    """Return a column of texts as the kind that ``column`` asks for.

    Work is done once for each different text. A missing value is no fault here; whether one must stand
    is asked by the caller.
    """
    texts = text.texts
    stated = how.choices.get(column.name, {})  # what is translated is a value, though it may mean none elsewhere
    missing = blank(texts, how.empty)
    if stated:
        missing &= ~np.fromiter(map(stated.__contains__, texts), dtype=bool, count=len(texts))
    translated = _translated(column, texts, how)
    if column.kind == "text":
        values, wrong, todo = _texts(column, translated, missing)
    elif column.kind == "time":
        values, wrong, todo = _times(column, texts, missing, how)
    elif column.kind == "bool":
        values, wrong, todo = _truths(translated)
    else:
        values, wrong, todo = _numbers(column, translated, missing)
    formulas = np.zeros(len(texts), dtype=bool)
    if column.kind == "text":
        formulas = np.fromiter((one[:1] in "=+-@ \t" and is_formula(one) for one in texts), bool, len(texts)) & ~missing
    wrong = (wrong | formulas) & ~missing
    spread = values if text.codes is None else values.take(text.codes).reset_index(drop=True)
    if formulas.any() and not (wrong & ~formulas).any():
        todo = "replace the formula by its value; a text may not start with = + - or @"
    return Cells(spread, text.spread(wrong), text.spread(missing), todo, text)


def constant(column: Column, value: object, rows: int) -> pd.Series:
    """Return a column that holds the same value in every row.

    Raises
    ------
    InputError
        When the value is not of the column's kind or choices.
    """
    plain = ZoneInfo("UTC")
    how = Reading(frozenset([""]), plain, {}, {})
    text = str(value).lower() if isinstance(value, bool) else str(getattr(value, "isoformat", lambda: value)())
    made = cells(column, Text(np.array([text], dtype=object), np.zeros(1, dtype=np.int32)), how)
    if made.wrong[0] or (column.kind == "time" and not _OFFSET.search(text)):
        todo = made.todo if made.wrong[0] else "write the time with its offset, such as 2026-11-22T00:00:00+08:00"
        raise InputError(f"the stated value {text!r} does not fit", todo=todo, field=column.name)
    return made.values.take(np.zeros(rows, dtype=int)).reset_index(drop=True)


def _translated(column: Column, texts: np.ndarray, how: Reading) -> np.ndarray:
    """Return texts with the stated translations done; what is not stated stays as it is."""
    table = how.choices.get(column.name)
    if not table:
        return texts
    for ours in table.values():
        if column.choices and ours not in column.choices:
            raise InputError(
                f"the mapping translates to {ours!r}", todo=f"use one of {', '.join(column.choices)}", field=column.name
            )
    default = table.get(DEFAULT_CHOICE)
    kept = how.empty | _SPACES | set(column.choices)
    out = np.empty(len(texts), dtype=object)
    if default is None:
        out[:] = [table.get(text, text) for text in texts]
    else:
        out[:] = [table.get(text, text if text in kept else default) for text in texts]
    return out


def _texts(column: Column, texts: np.ndarray, missing: np.ndarray) -> tuple[pd.Series, np.ndarray, str]:
    """Return texts, checked against the column's choices."""
    allowed: frozenset[str] | None = frozenset(column.choices) or None
    if column.name == "utilities":
        wrong = np.fromiter((not set(text.split(",")) <= set(UTILITIES) for text in texts), bool, len(texts))
        todo = f"list some of {', '.join(UTILITIES)}, parted by commas"
    elif allowed:
        wrong = np.fromiter((text not in allowed for text in texts), bool, len(texts))
        todo = f"use one of {', '.join(column.choices)}, or translate it under [choices.{column.name}]"
    else:
        wrong, todo = np.zeros(len(texts), dtype=bool), ""
    kept = texts.copy()
    kept[missing] = np.nan
    return pd.Series(kept, dtype=DTYPES["text"]), wrong, todo


def _numbers(column: Column, texts: np.ndarray, missing: np.ndarray) -> tuple[pd.Series, np.ndarray, str]:
    """Return real or whole numbers."""
    values = real_numbers(texts, missing)
    wrong = ~np.isfinite(values)
    if column.kind == "real":
        number = f"a number in {column.unit}" if column.unit else "a number"
        return pd.Series(values), wrong, f"write {number} such as 12.5, without unit or thousands separator"
    wrong |= (values != np.rint(values)) | (np.abs(values) >= _BIGGEST_INT)
    whole = np.where(wrong, 0, values).astype(np.int64)
    return pd.Series(pd.arrays.IntegerArray(whole, wrong | missing)), wrong, "write a whole number"


def real_numbers(texts: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return texts as numbers; NaN where there is none."""
    values = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(dtype=float, copy=True)
    values[missing] = np.nan
    return values


def _truths(texts: np.ndarray) -> tuple[pd.Series, np.ndarray, str]:
    """Return true and false; a missing one stays missing."""
    known = [_TRUTHS.get(text.strip().lower()) for text in texts]
    wrong = np.fromiter((one is None for one in known), dtype=bool, count=len(known))
    values = pd.Series([None if one is None else one for one in known], dtype=object)
    return values, wrong, "write true or false"


def _times(column: Column, texts: np.ndarray, missing: np.ndarray, how: Reading) -> tuple[pd.Series, np.ndarray, str]:
    """Return times in UTC: those without an offset are read in the stated zone."""
    form = how.formats.get(column.name, "ISO8601")
    present = np.flatnonzero(~missing)
    given = texts[present]
    aware = _with_offset(given) if form == "ISO8601" else np.full(len(given), "%z" in form)
    out = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[ms]")
    for some, zone in ((aware, None), (~aware, how.zone)):
        if some.any():
            out[present[some]] = _moments(pd.Series(given[some], dtype=object), form, zone)
    out[(out < _EARLIEST) | (out > _LATEST)] = np.datetime64("NaT")
    wrong = np.isnat(out) & ~missing
    shape = "an ISO time such as 2026-11-22T08:30:00" if form == "ISO8601" else f"a time like {form}"
    todo = (
        f"write {shape} from 1800 to 2199 that happens once in {how.zone.key}, or add its offset; state another format "
        "under [times]"
    )
    return pd.Series(out).dt.tz_localize("UTC"), wrong, todo


def _with_offset(texts: np.ndarray) -> np.ndarray:
    """Return which ISO times state their offset; it stands behind the date, which has signs of its own."""
    tails = [text[len("2026-11-22") :] for text in texts]
    if not any(mark in "".join(tails) for mark in _OFFSET_MARKS):
        return np.zeros(len(texts), dtype=bool)
    return np.fromiter((any(mark in tail for mark in _OFFSET_MARKS) for tail in tails), bool, len(texts))


def _moments(texts: pd.Series, form: str, zone: ZoneInfo | None) -> np.ndarray:
    """Return UTC times without a zone, NaT where the text is none or is no single moment in the zone."""
    parsed = pd.to_datetime(texts, format=form, errors="coerce", utc=zone is None)
    if zone is not None:
        parsed = parsed.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
    return parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[ms]")
