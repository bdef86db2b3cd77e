"""The one time type of the database: aware in the program, ISO 8601 text in UTC with ms and Z in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.engine import Dialect
from sqlalchemy.types import UserDefinedType


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
