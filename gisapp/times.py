"""Zones and calendars: every time inside is aware and in UTC; a zone is only for showing and reading."""

from __future__ import annotations

from zoneinfo import ZoneInfo

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


def period(first: str, last: str, zone: ZoneInfo) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the period from ``first`` up to but without the second value, both UTC.

    A ``last`` that is a date holds that whole day; a moment is itself the end.

    Raises
    ------
    InputError
        When either is no time, or the period would be empty.
    """
    start, end = parse_moment(first, zone), parse_moment(last, zone)
    if _is_date(last):
        end = parse_moment(str((pd.Timestamp(last) + pd.DateOffset(days=1)).date()), zone)
    if end <= start:
        raise InputError(f"the period {first} to {last} ends before it starts", todo="swap the two")
    return start, end


def _is_date(text: str) -> bool:
    """Whether a text names a day and no time of day."""
    return len(text.strip()) <= len("2026-11-22")
