"""The month, quarter or year that a command is asked about, in the zone of its store."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dashboards.judging import KINDS, span

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
    kind = span_name(options)
    text = getattr(options, kind)
    return text, *span(kind, text, store.zone)


def span_name(options: argparse.Namespace) -> str:
    """Return which of the three was given."""
    return next(name for name in KINDS if getattr(options, name) is not None)
