"""The month, quarter or year that a command is asked about, in the zone of its store."""

from __future__ import annotations

import argparse
import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from gisapp.errors import InputError

if TYPE_CHECKING:
    from gisapp.store import Store


def span_options(made: Any) -> None:
    """Add ``--month``, ``--quarter`` and ``--year``, of which one is given."""
    which = made.add_mutually_exclusive_group(required=True)
    which.add_argument("--month", metavar="YYYY-MM", help="what was reported in it")
    which.add_argument("--quarter", metavar="YYYY-QN", help="such as 2026-Q3: three months")
    which.add_argument("--year", metavar="YYYY")


def span_of(options: argparse.Namespace, store: Store) -> tuple[str, datetime, datetime]:
    """Return how the span is called, its first moment, and the first moment after it."""
    from gisapp.times import parse_moment

    name, first, months = _asked(options)
    last = first.month - 1 + months
    following = first.replace(year=first.year + last // 12, month=last % 12 + 1)
    start, end = (parse_moment(str(day), store.zone).to_pydatetime() for day in (first, following))
    return name, start, end


def _asked(options: argparse.Namespace) -> tuple[str, date, int]:
    """Return the name of the span, its first day and its months."""
    if options.month is not None:
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", options.month)
        if found is None:
            raise InputError(f"found {options.month!r}", todo="write a month such as 2026-10", field="--month")
        return options.month, date(int(found[1]), int(found[2]), 1), 1
    if options.quarter is not None:
        found = re.fullmatch(r"(\d{4})-Q([1-4])", options.quarter)
        if found is None:
            raise InputError(f"found {options.quarter!r}", todo="write a quarter such as 2026-Q3", field="--quarter")
        return options.quarter, date(int(found[1]), 3 * int(found[2]) - 2, 1), 3
    if re.fullmatch(r"[12]\d{3}", options.year) is None:
        raise InputError(f"found {options.year!r}", todo="write a year such as 2026", field="--year")
    return options.year, date(int(options.year), 1, 1), 12


def span_name(options: argparse.Namespace) -> str:
    """Return which of the three was given."""
    return next(name for name in ("month", "quarter", "year") if getattr(options, name) is not None)
