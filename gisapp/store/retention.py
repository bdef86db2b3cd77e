"""What is personal goes when its time is over, or when the person asks for it; the history stays without them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, MetaData, func, or_, select

from gisapp.errors import InputError
from gisapp.retention import Keeping, keeping
from gisapp.store.connect import Connections
from gisapp.store.saving import add_note
from gisapp.store.schema import read_settings


class Retention:
    """The personal data of one store: what is due to go, and who asked to be forgotten."""

    def __init__(self, connections: Connections, metadata: MetaData) -> None:
        self._connections, self._tables = connections, metadata.tables

    def keeping(self) -> Keeping:
        """Return the settings."""
        return keeping(self._connections.told("settings", read_settings).get)

    def due(self, *, now: datetime | None = None) -> dict[str, int]:
        """Return how many rows of each kind are older than they are kept."""
        with self._connections.reading() as connection:
            return {
                name: int(
                    connection.execute(select(func.count()).select_from(self._tables[name]).where(*rows)).scalar_one()
                )
                for name, rows in self._rows(connection, now).items()
            }

    def apply(self, *, actor: str, now: datetime | None = None) -> dict[str, int]:
        """Take away what is due, with an audit row: where and who of a track, whose times and route stay; sessions."""
        with self._connections.writing() as connection:
            rows = self._rows(connection, now)
            tracks, sessions = self._tables["patrol_tracks"], self._tables["sessions"]
            walked = tracks.update().where(*rows["patrol_tracks"]).values(geom=None, person_code=None)
            told = {
                "patrol_tracks": connection.execute(walked).rowcount,
                "sessions": connection.execute(sessions.delete().where(*rows["sessions"])).rowcount,
            }
            add_note(connection, "audit", actor=actor, words="older than they are kept", tables=told, last="retention")
        return told

    def forget_customer(self, code: str, *, actor: str, why: str) -> dict[str, int]:
        """Take the person out of an account and its incidents: name, phone, address, what they said and their number.

        Raises
        ------
        InputError
            When there is no such account, or no reason.
        """
        customers = self._tables["customers"]
        with self._connections.writing() as connection:
            _require_why(why)
            empty = customers.update().where(customers.c.code == code).values(name=None, phone=None, address=None)
            if not connection.execute(empty).rowcount:
                raise InputError(f"there is no account {code!r}", todo="give its number", field="account")
            said = self._unsaid(connection, self._tables["incidents"].c.customer_code == code)
            told = {"customers": 1, "incidents": said}
            add_note(
                connection, "audit", actor=actor, words=f"{code}: {why.strip()}", tables=told, last="forget account"
            )
        return told

    def forget_number(self, number: str, *, actor: str, why: str) -> dict[str, int]:
        """Take the words and the number of whoever called by it out of every incident; the audit holds no number.

        Raises
        ------
        InputError
            For a number of fewer than five digits, or no reason.
        """
        digits = re.sub(r"\D", "", number)
        if len(digits) < 5:
            raise InputError("is no telephone number", todo="give all of its digits", field="number")
        _require_why(why)
        incidents = self._tables["incidents"]
        plain: Any = incidents.c.reporter_phone
        for mark in (" ", "-", "+", "(", ")"):
            plain = func.replace(plain, mark, "")
        with self._connections.writing() as connection:
            told = {"incidents": self._unsaid(connection, plain.in_([digits, f"86{digits}", f"0086{digits}"]))}
            add_note(connection, "audit", actor=actor, words=why.strip(), tables=told, last="forget number")
        return told

    def _unsaid(self, connection: Connection, rows: ColumnElement[bool]) -> int:
        incidents = self._tables["incidents"]
        said = or_(incidents.c.text.is_not(None), incidents.c.reporter_phone.is_not(None))
        empty = incidents.update().where(rows, said).values(text=None, reporter_phone=None)
        return connection.execute(empty).rowcount

    def _rows(self, connection: Connection, now: datetime | None) -> dict[str, Sequence[ColumnElement[bool]]]:
        kept, at = keeping(read_settings(connection).get), now or datetime.now(UTC)
        tracks, sessions = self._tables["patrol_tracks"].c, self._tables["sessions"].c
        known = or_(tracks.geom.is_not(None), tracks.person_code.is_not(None))
        return {
            "patrol_tracks": (tracks.ended_at < at - timedelta(days=kept.track_days), known),
            "sessions": (sessions.begun_at < at - timedelta(days=kept.session_days),),
        }


def _require_why(why: str) -> None:
    if not why.strip():
        raise InputError("has no reason", todo="say who asked for it, and when", field="why")
