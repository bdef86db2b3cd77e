"""Emergencies are written step by step; each step is checked against the record inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData

from gisapp.emergencies import Emergency, EventStep, emergency_of, next_step
from gisapp.emergencies.lifecycle import FIRST_STATUS
from gisapp.errors import InputError
from gisapp.store.connect import Connections
from gisapp.store.numbering import next_code
from gisapp.store.snapshots import read_where
from gisapp.store.values import checked_values, require_past
from gisapp.tables import TABLES

_NAMED = {"appoint": ("people", "person"), "issue_material": ("materials", "material")}
"""Actions whose subject must be stored: the table, and what a row of it is called."""


class Commanding:
    """Writes of emergencies: one short transaction each, whole or refused."""

    def __init__(self, connections: Connections, metadata: MetaData, zone: ZoneInfo) -> None:
        self._connections, self._tables, self._zone = connections, metadata.tables, zone

    def open(self, head: Mapping[str, object], actor: str) -> str:
        """Write the head and the first step; return the code, such as ``E20261128-01``.

        Raises
        ------
        InputError
            For a head that does not fit; then nothing is written.
        """
        given = {"opened_at": datetime.now(UTC), "drill": False, **head}
        values = checked_values("emergencies", given, may_lack=("code",))
        require_past(values["opened_at"], "opened_at")
        with self._connections.writing() as connection:
            code = values["code"] or next_code(connection, "emergencies", values["opened_at"], self._zone)
            if len(read_where(connection, TABLES["emergencies"], "code", code)):
                raise InputError(f"emergency {code} is stored already", todo="leave the code out", field="code")
            connection.execute(self._tables["emergencies"].insert(), values | {"code": code})
            self._write(connection, code, 1, EventStep("open", values["opened_at"], FIRST_STATUS), actor)
        return str(code)

    def emergency(self, code: str) -> Emergency:
        """Return one emergency as it stands on the disk.

        Raises
        ------
        InputError
            When there is no such emergency.
        """
        return self._connections.told(("emergency", code), lambda connection: self._read(connection, code))

    def record(self, code: str, action: str, actor: str, **told: Any) -> Emergency:
        """Write one step if it may follow; return the emergency as it stands then.

        What is told is as for :func:`gisapp.emergencies.next_step`. Material that is issued leaves the stock.
        """
        return self.record_all(code, [(action, told)], actor)

    def record_all(self, code: str, steps: Sequence[tuple[str, Mapping[str, Any]]], actor: str) -> Emergency:
        """Write several steps as :meth:`record` does, all of them or, where one may not follow, none."""
        with self._connections.writing() as connection:
            for action, told in steps:
                self._step(connection, code, action, actor, **told)
            return self._read(connection, code)

    def _step(self, connection: Connection, code: str, action: str, actor: str, **told: Any) -> None:
        """Write one step inside a transaction."""
        at = told.pop("at", None) or datetime.now(UTC)
        require_past(at, "at")
        before = self._read(connection, code)
        step = next_step(before, action, at=at, **told)
        self._require_named(connection, step)
        if action == "issue_material" and not before.drill:
            self._issue(connection, str(step.subject), float(str(step.value)))
        self._write(connection, code, len(before.steps) + 1, step, actor)

    def _issue(self, connection: Connection, material: str, quantity: float) -> None:
        """Take material out of the stock; raise where there is not so much."""
        there = float(read_where(connection, TABLES["materials"], "code", material).iloc[0]["quantity"])
        if quantity > there:
            todo = "take less, or take the rest elsewhere"
            raise InputError(f"of {material} only {there:g} are there", todo=todo, field="value")
        connection.exec_driver_sql("UPDATE materials SET quantity = ? WHERE code = ?", (there - quantity, material))

    def _require_named(self, connection: Connection, step: EventStep) -> None:
        table, word = _NAMED.get(step.action, (None, ""))
        if table is None or len(read_where(connection, TABLES[table], "code", step.subject)):
            return
        todo = f"give the code of a stored {word}"
        raise InputError(f"there is no {word} {step.subject!r}", todo=todo, field="subject")

    def _write(self, connection: Connection, code: str, number: int, step: EventStep, actor: str) -> None:
        told = {name: getattr(step, name) for name in ("at", "action", "to_status", "subject", "value", "note")}
        row = {"emergency_code": code, "step": number, "noted_at": datetime.now(UTC), "actor": actor, **told}
        connection.execute(self._tables["emergency_steps"].insert(), checked_values("emergency_steps", row))

    def _read(self, connection: Connection, code: str) -> Emergency:
        heads = read_where(connection, TABLES["emergencies"], "code", code)
        return emergency_of(code, heads, read_where(connection, TABLES["emergency_steps"], "emergency_code", code))
