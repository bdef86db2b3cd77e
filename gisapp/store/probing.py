"""Whether a store can be written now, and how far it has come: looked at often, without waiting and without a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import DBAPIError

from gisapp.addresses import ServerAddress
from gisapp.store.connect import SOON_S, Connections


@dataclass(frozen=True)
class Standing:
    """What a probe found: ``writable`` is ok, or why not in one word; a moment is None where nothing was written."""

    writable: str
    schema: str
    newest_import: datetime | None
    newest_audit: datetime | None


def standing(connections: Connections, *, head: str) -> Standing:
    """Return how a store stands; never raises for what is wrong with it."""
    writable, database = _writable(connections), connections.database
    if writable == "missing" and isinstance(connections.address, ServerAddress):
        return Standing(writable, writable, None, None)
    faults: tuple[type[Exception], ...] = (DBAPIError, *database.ERRORS)
    try:
        with database.within(SOON_S), connections.readers.begin() as connection:
            stored = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            moments = [
                connection.exec_driver_sql(
                    f'SELECT max("at") FROM (SELECT "at" FROM "{name}" ORDER BY "fid" DESC LIMIT 1) AS last'
                ).scalar()
                for name in ("imports", "audit")
            ]
    except faults as error:
        return Standing(writable, database.code_of(error), None, None)
    connections.reach.found()
    newest_import, newest_audit = (None if text is None else datetime.fromisoformat(text) for text in moments)
    return Standing(writable, "ok" if stored == head else "other", newest_import, newest_audit)


def _writable(connections: Connections) -> str:
    """Return whether a transaction can be begun and filled: one is, and rolled back."""
    with connections.free_turn() as free:
        if not free:
            return "locked" if connections.held_up else "ok"  # it is being written
        database = connections.database
        faults: tuple[type[Exception], ...] = (DBAPIError, *database.ERRORS)
        try:
            with database.within(SOON_S):
                database.try_write(connections.writer)
        except faults as error:
            return database.code_of(error)
    return "ok"
