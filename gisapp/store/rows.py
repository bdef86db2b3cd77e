"""Whole columns between frames and the database's values: text, numbers, and times as ISO text with ms and Z."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gisapp.errors import InputError, StoreError
from gisapp.tables import DTYPES

MS = "datetime64[ms]"
_LENGTH = 24  # 2026-11-22T08:30:00.000Z


def values_of(series: pd.Series, kind: str) -> list[Any]:
    """Return a column as the database's values; missing ones are None."""
    if kind == "time":
        return iso_times(series.to_numpy(dtype=MS))
    if kind == "bool":
        return series.tolist()
    return series.to_numpy(dtype=object, na_value=None).tolist()


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


def times_of(joined: str, count: int) -> np.ndarray | None:
    """Return datetime64[ms] of ``count`` texts of our own form set end to end; None if one has another form.

    :data:`NO_TIME` stands for a missing one.
    """
    raw = np.frombuffer(joined.encode(), np.uint8)
    if len(raw) != count * _LENGTH:
        return None
    letters = raw.reshape(count, _LENGTH)
    missing = letters[:, 10] == ord("0")
    marks = letters[:, [4, 7, 10, 13, 16, 19, 23]]
    if not ((marks == np.frombuffer(b"--T::.Z", np.uint8)).all(axis=1) | missing).all():
        return None
    digits = letters.astype(np.int64) - ord("0")

    def number(start: int, width: int) -> np.ndarray:
        return digits[:, start : start + width] @ 10 ** np.arange(width - 1, -1, -1)

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


def column_of(values: list[Any] | np.ndarray, kind: str) -> pd.Series:
    """Return the database's values as a column in the dtype of its kind; times come as datetime64[ms]."""
    if kind == "time":
        return pd.Series(values).dt.tz_localize("UTC")
    if kind == "text":
        return pd.Series(np.array(values, dtype=object), dtype=DTYPES["text"])
    if kind == "int":
        return pd.Series(pd.array(values, dtype="Int64"))
    return pd.Series(np.array(values, dtype=float if kind == "real" else bool))
