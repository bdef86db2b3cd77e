"""Zones and calendars: every time inside is aware and in UTC; a zone is only for showing and reading."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from gisapp.errors import InputError

DEFAULT_ZONE = "Asia/Shanghai"


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name.

    Raises
    ------
    InputError
        When there is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InputError(f"unknown time zone {name!r}", todo="use an IANA name such as Asia/Shanghai") from error


def parse_moment(text: str, zone: ZoneInfo) -> pd.Timestamp:
    """Return a date or time written by a person as a UTC timestamp.

    A time without an offset is read in ``zone``; a date is its first instant there.

    Raises
    ------
    InputError
        When it is not an ISO date or time, or does not exist in the zone.
    """
    try:
        moment = pd.Timestamp(text)
    except ValueError as error:
        raise InputError(
            f"found {text!r}", todo="write a date or time such as 2026-11-22 or 2026-11-22T08:30"
        ) from error
    if moment is pd.NaT:
        raise InputError(f"found {text!r}", todo="write a date or time such as 2026-11-22")
    if moment.tzinfo is None:
        try:
            moment = moment.tz_localize(zone, nonexistent="raise", ambiguous="raise")
        except ValueError as error:
            raise InputError(f"{text!r} is no single moment in {zone.key}", todo="add its offset") from error
    return moment.tz_convert("UTC")


def parse_day(text: str) -> date:
    """Return a day written by a person as YYYY-MM-DD.

    Raises
    ------
    InputError
        When it is not such a day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"found {text!r}", todo="write a day such as 2026-11-22") from error


def local_days(moments: pd.Series, zone: ZoneInfo) -> npt.NDArray[np.datetime64]:
    """Return the day in the zone on which each moment falls; NaT where there is none."""
    local = moments.dt.tz_convert(zone).dt.tz_localize(None)
    return local.to_numpy().astype("datetime64[D]")


def years_between(start: date, end: date) -> float:
    """Return the length of a period in years of 365.25 days, its first and last day both included."""
    return ((end - start).days + 1) / 365.25


def months_after(days: npt.NDArray[np.datetime64], months: int) -> npt.NDArray[np.datetime64]:
    """Return the last day of periods of calendar months that begin with these days.

    It has the number of the day of beginning, or is the last of its month where that has no such day (Civil
    Code, Articles 201 and 202). It counts in full, until its midnight (Article 203), and "within three months"
    holds it (Article 1259).

    Examples
    --------
    >>> months_after(np.array(["2026-01-15", "2025-11-30"], "datetime64[D]"), 3).astype(str).tolist()
    ['2026-04-15', '2026-02-28']
    """
    month = days.astype("datetime64[M]")
    later = (month + months).astype("datetime64[D]")
    last = (month + months + 1).astype("datetime64[D]") - later - np.timedelta64(1, "D")
    return later + np.minimum(days - month.astype("datetime64[D]"), last)
