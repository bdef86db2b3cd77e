"""Measures and the notes of grids are written one row or step at a time, each checked inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData

from gisapp.errors import InputError
from gisapp.measures import Measure, MeasureStep, first_step, measure_of, next_step
from gisapp.store.connect import Connections
from gisapp.store.numbering import next_code
from gisapp.store.snapshots import read_where
from gisapp.store.values import checked_values, require_past
from gisapp.tables import TABLES


class Following:
    """Writes of measures and of the notes of grids: one short transaction each, whole or refused."""

    def __init__(self, connections: Connections, metadata: MetaData, zone: ZoneInfo) -> None:
        self._connections, self._tables, self._zone = connections, metadata.tables, zone

    def order(self, head: Mapping[str, object], *, actor: str, role: str, at: datetime | None = None) -> str:
        """Write a measure with its first step; return the code, such as ``M20261128-01``.

        Raises
        ------
        AccessError
            When the role may not order such a measure.
        InputError
            For a head that does not fit, a grid, incident or meeting that is not there; then nothing is written.
        """
        at = at or datetime.now(UTC)
        require_past(at, "at")
        given = {**head, "ordered_at": at, "ordered_by": actor, "role": role}
        values = checked_values("measures", given, may_lack=("code",))
        day = at.astimezone(self._zone).date()
        step = first_step(values["kind"], values["due"], at=at, day=day, actor=actor, role=role)
        with self._connections.writing() as connection:
            for column, table, key, word in (
                ("grid_code", "grids", "code", "grid"),
                ("incident_code", "incidents", "code", "incident"),
                ("note_number", "grid_notes", "number", "note of a grid"),
            ):
                self._require(connection, table, key, values[column], word, column)
            code = str(values["code"] or next_code(connection, "measures", at, self._zone))
            if len(read_where(connection, TABLES["measures"], "code", code)):
                raise InputError(f"measure {code} is stored already", todo="leave the code out", field="code")
            connection.execute(self._tables["measures"].insert(), values | {"code": code})
            self._write(connection, code, 1, step)
        return code

    def measure(self, code: str) -> Measure:
        """Return one measure as it stands on the disk.

        Raises
        ------
        InputError
            When there is no such measure.
        """
        return self._connections.told(("measure", code), lambda connection: self._read(connection, code))

    def record(self, code: str, action: str, *, actor: str, role: str, **told: Any) -> Measure:
        """Write one step if it may follow; return the measure as it stands then.

        What is told is as for :func:`gisapp.measures.next_step`.
        """
        at = told.pop("at", None) or datetime.now(UTC)
        require_past(at, "at")
        with self._connections.writing() as connection:
            before = self._read(connection, code)
            step = next_step(before, action, at=at, actor=actor, role=role, **told)
            self._write(connection, code, len(before.steps) + 1, step)
            return self._read(connection, code)

    def note(self, told: Mapping[str, object]) -> int:
        """Write what somebody did in or for a grid; return its number.

        Raises
        ------
        InputError
            When it does not fit, or there is no such grid; then nothing is written.
        """
        now = datetime.now(UTC)
        values = checked_values("grid_notes", {"at": now, "noted_at": now, **told}, may_lack=("number",))
        require_past(values["at"], "at")
        with self._connections.writing() as connection:
            self._require(connection, "grids", "code", values["grid_code"], "grid", "grid_code")
            last = connection.exec_driver_sql("SELECT max(number) FROM grid_notes").scalar()
            number = int(last or 0) + 1
            connection.execute(self._tables["grid_notes"].insert(), values | {"number": number})
        return number

    @staticmethod
    def _require(connection: Connection, table: str, key: str, value: object, word: str, field: str) -> None:
        if value is None:
            return
        if connection.exec_driver_sql(f'SELECT 1 FROM "{table}" WHERE "{key}" = ? LIMIT 1', (value,)).scalar() is None:
            raise InputError(f"there is no {word} {value!r}", todo=f"give a stored {word}", field=field)

    def _write(self, connection: Connection, code: str, number: int, step: MeasureStep) -> None:
        row = {"measure_code": code, "step": number, "noted_at": datetime.now(UTC), **vars(step)}
        connection.execute(self._tables["measure_steps"].insert(), checked_values("measure_steps", row))

    def _read(self, connection: Connection, code: str) -> Measure:
        heads = read_where(connection, TABLES["measures"], "code", code)
        return measure_of(code, heads, read_where(connection, TABLES["measure_steps"], "measure_code", code))
