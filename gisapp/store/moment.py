"""The one time type of the database: aware in the program, ISO 8601 text in UTC with ms and Z in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType

from gisapp.errors import InputError


class Moment(UserDefinedType[datetime]):
    """A column of moments, as a GeoPackage wants them."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Return the column type as the database writes it."""
        return "DATETIME"

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:
        """Return what turns an aware datetime into text."""
        return lambda moment: None if moment is None else iso(moment)


def iso(moment: datetime) -> str:
    """Return a moment as the database writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def now_iso() -> str:
    """Return this moment as the database writes it."""
    return iso(datetime.now(UTC))


def require_minute(moment: pd.Timestamp) -> None:
    """Raise unless a moment has a zone and is a whole minute."""
    if moment.tzinfo is None:
        raise InputError(f"the time {moment} has no zone", todo="give a time with its zone", field="at")
    if moment != moment.floor("min"):
        raise InputError(f"{moment.isoformat()} is no whole minute", todo="leave the seconds out", field="at")
