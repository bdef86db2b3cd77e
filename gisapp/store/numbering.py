"""The next code of a day: ``S20261127-001``, ``S20261127-002``, up to as many as its digits can say."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gisapp.errors import StoreError
from gisapp.store.databases import database_of

_FORMS = {
    "incidents": ("", 6, "incident"),
    "shutoffs": ("S", 3, "operation"),
    "plans": ("B", 3, "plan"),
    "emergencies": ("E", 2, "emergency"),
    "construction_sites": ("C", 2, "site"),
    "measures": ("M", 2, "measure"),
}
"""What stands before the day, the digits behind it, and what one row of the table is called."""


def next_code(connection: Connection, table: str, moment: datetime, zone: ZoneInfo) -> str:
    """Return the code after the last one of the day of a moment, inside a transaction that holds the write lock.

    Codes of another form are passed by.

    Raises
    ------
    StoreError
        When the day has no code left.
    """
    begins, digits, word = _FORMS[table]
    day = moment.astimezone(zone).strftime("%Y%m%d")
    stem, most = f"{begins}{day}-", 10**digits - 1
    last = connection.exec_driver_sql(
        f'SELECT code FROM "{table}" WHERE code BETWEEN ? AND ? AND code {database_of(connection).GLOB} ? '
        "ORDER BY code DESC LIMIT 1",
        (f"{stem}{0:0{digits}d}", f"{stem}{most}", stem + "[0-9]" * digits),
    ).scalar()
    number = int(last[-digits:]) + 1 if last else 1
    if number > most:
        raise StoreError(f"day {day} has no code left after {last}; give the {word} a code")
    return f"{stem}{number:0{digits}d}"
