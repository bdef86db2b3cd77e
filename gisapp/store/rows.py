"""Whole columns between frames and the database's values: text, numbers, and times as ISO text with ms and Z."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from gisapp.errors import InputError, StoreError
from gisapp.tables import DTYPES

MS = np.dtype("datetime64[ms]")
_LENGTH = 24  # 2026-11-22T08:30:00.000Z


@dataclass(frozen=True)
class Part:
    """Rows of one table on their way in: the columns of the frame that are written, and the geometries if it has any.

    ``columns`` are names and kinds, as the data dictionary has them.
    """

    name: str
    columns: Mapping[str, str]
    frame: pd.DataFrame
    geometries: np.ndarray | None = None

    @property
    def names(self) -> list[str]:
        """Return the columns that are written, the geometry first."""
        return [*(["geom"] if self.geometries is not None else []), *self.columns]

    def cut(self, start: int, count: int) -> Part:
        """Return the rows from a place on."""
        geometries = None if self.geometries is None else self.geometries[start : start + count]
        return Part(self.name, self.columns, self.frame.iloc[start : start + count], geometries)


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the search for cycles: millions of plain values have none, and each search walks over all of them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def values_of(series: pd.Series, kind: str) -> list[Any]:
    """Return a column as the database's values; missing ones are None."""
    if kind == "time":
        return iso_times(series.to_numpy(dtype=MS))
    return series.to_numpy(dtype=object, na_value=None).tolist()  # type: ignore[call-overload]


def iso_times(times: np.ndarray) -> list[str | None]:
    """Return ISO 8601 texts in UTC of datetime64[ms]; NaT is None."""
    missing = np.isnat(times)
    times = np.where(missing, np.datetime64(0, "ms"), times)
    days, place = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    if len(days) and not (days[0] >= np.datetime64("0001-01-01") and days[-1] <= np.datetime64("9999-12-31")):
        raise InputError("a time lies outside the years 1 to 9999", todo="correct the time")
    letters = np.full((len(times), _LENGTH), ord("T"), np.uint8)
    letters[:, :10] = np.datetime_as_string(days).astype("S10").view(np.uint8).reshape(-1, 10)[place]
    ms = (times - times.astype("datetime64[D]")).astype(np.int64)
    for start, width, divisor, base in (
        (11, 2, 3_600_000, 24),
        (14, 2, 60_000, 60),
        (17, 2, 1000, 60),
        (20, 3, 1, 1000),
    ):
        number = ms // divisor % base
        for digit in range(width):
            letters[:, start + width - 1 - digit] = number // 10**digit % 10 + ord("0")
    letters[:, [13, 16]], letters[:, 19], letters[:, 23] = ord(":"), ord("."), ord("Z")
    joined = letters.tobytes().decode("ascii")
    texts: list[str | None] = [joined[at : at + _LENGTH] for at in range(0, len(joined), _LENGTH)]
    for row in np.flatnonzero(missing).tolist():
        texts[row] = None
    return texts


NO_TIME = "0" * _LENGTH
_MARKS = [4, 7, 10, 13, 16, 19, 23]


def times_of(joined: str, count: int) -> np.ndarray | None:
    """Return datetime64[ms] of ``count`` texts of our own form set end to end; None if one has another form.

    :data:`NO_TIME` stands for a missing one.
    """
    raw = np.frombuffer(joined.encode(), np.uint8)
    if len(raw) != count * _LENGTH:
        return None
    letters = raw.reshape(count, _LENGTH)
    digits = letters - np.uint8(ord("0"))
    missing = ~digits.any(axis=1)
    regular = (letters[:, _MARKS] == np.frombuffer(b"--T::.Z", np.uint8)).all(axis=1)
    regular &= (np.delete(digits, _MARKS, axis=1) <= 9).all(axis=1)
    if not (regular | missing).all():
        return None

    def number(start: int, width: int) -> np.ndarray:
        total = np.zeros(count, np.int64)
        for place in range(start, start + width):
            total = total * 10 + digits[:, place]
        return total

    months = ((number(0, 4) - 1970) * 12 + number(5, 2) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (number(8, 2) - 1)
    ms = ((number(11, 2) * 60 + number(14, 2)) * 60 + number(17, 2)) * 1000 + number(20, 3)
    times = days.astype(MS) + ms
    times[missing] = np.datetime64("NaT")
    return times


def parsed_times(texts: list[str | None], place: str) -> np.ndarray:
    """Return datetime64[ms] of ISO texts in any form another program may have written."""
    try:
        moments = pd.to_datetime(pd.Series(texts, dtype="str"), format="ISO8601", utc=True)
    except ValueError as error:
        raise StoreError(f"{place} holds a time that cannot be read ({error}); correct it") from error
    return moments.to_numpy(dtype=MS)


def column_of(values: list[Any] | np.ndarray | pa.Array, kind: str) -> pd.Series:
    """Return the database's values as a column in the dtype of its kind; times come as datetime64[ms]."""
    if kind == "time":
        return pd.Series(values).dt.tz_localize("UTC")
    if kind == "text":
        given: Any = values if isinstance(values, pa.Array) else np.array(values, dtype=object)
        return pd.Series(pd.array(given, dtype=DTYPES["text"]))
    if kind == "int":
        return pd.Series(pd.array(values, dtype="Int64"))
    return pd.Series(np.array(values, dtype=float if kind == "real" else bool))
