"""Shutoff operations are written step by step; each step is checked against the record inside its transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, MetaData, select

from gisapp.errors import ConflictError, InputError
from gisapp.operations import Operation, Step, amendable, next_step, notice_digest, operation_of
from gisapp.operations.lifecycle import DONE, FIRST_STATUS
from gisapp.store.connect import Connections
from gisapp.store.numbering import next_code
from gisapp.store.snapshots import read_where
from gisapp.store.values import checked_values, missing, require_past
from gisapp.tables import TABLES

_OWN = ("shutoff_steps", "valve_operations", "notices")


class Operating:
    """Writes of shutoff operations: one short transaction each, whole or refused."""

    def __init__(self, connections: Connections, metadata: MetaData, zone: ZoneInfo) -> None:
        self._connections, self._tables, self._zone = connections, metadata.tables, zone

    def open(self, head: Mapping[str, object], actor: str, *, stuck: Collection[str] = ()) -> str:
        """Write the head, the first step and the devices that were already found stuck; return the code.

        Raises
        ------
        InputError
            For a head that does not fit, or an unknown device; then nothing is written.
        """
        now = datetime.now(UTC)
        given = {"opened_at": now, "drill": False, **head}
        values = checked_values("shutoffs", given, may_lack=("code",))
        _check_times(values)
        require_past(values["opened_at"], "opened_at")
        with self._connections.writing() as connection:
            code = values["code"] or next_code(connection, "shutoffs", values["opened_at"], self._zone)
            if self._count(connection, "shutoffs", "code", code):
                raise InputError(f"shutoff operation {code} is stored already", todo="leave the code out", field="code")
            first = Step("open", values["opened_at"], "", FIRST_STATUS[values["kind"]])
            connection.execute(self._tables["shutoffs"].insert(), values | {"code": code})
            self._write_step(connection, code, 1, first, actor)
            for device in dict.fromkeys(stuck):
                found = {"utility": values["utility"], "device_code": device, "action": "could_not_close", "at": now}
                done = checked_values("valve_operations", found | {"actor": actor, "shutoff_code": code})
                self._write_valve(connection, done)
        return str(code)

    def record(self, code: str, action: str, actor: str, **told: Any) -> Operation:
        """Write one step if it may follow; return the record as it stands then."""
        at = told.pop("at", None)
        require_past(at, "at")
        with self._connections.writing() as connection:
            before = self._read(connection, code)
            step = next_step(before, action, at=at or max(datetime.now(UTC), before.moved_at), **told)
            self._write_step(connection, code, len(before.steps) + 1, step, actor)
            return self._read(connection, code)

    def amend(self, code: str, changes: Mapping[str, object], actor: str, *, note: str | None = None) -> Operation:
        """Change the head and record what was and is as a step; return the record as it stands then.

        Raises
        ------
        InputError
            When nothing would change, a column may not be changed any more, or a value does not fit.
        """
        with self._connections.writing() as connection:
            before = self._read(connection, code)
            may = amendable(before)
            for name in changes:
                if name not in may:
                    todo = f"what may be changed is {', '.join(may) or 'nothing'}"
                    raise InputError(f"{name} cannot be changed while {before.status}", todo=todo, field=name)
            head = self._head(connection, code)
            values = checked_values("shutoffs", {**head, **changes})
            _check_times(values)
            changed = {name: (head[name], values[name]) for name in changes if head[name] != values[name]}
            if not changed:
                raise InputError("nothing would change", todo="give another value")
            told = json.dumps(changed, ensure_ascii=False, default=str)
            step = Step("amend", datetime.now(UTC), before.status, before.status, value=told, note=note)
            table = self._tables["shutoffs"]
            connection.execute(
                table.update().where(table.c.code == code).values({name: new for name, (_, new) in changed.items()})
            )
            self._write_step(connection, code, len(before.steps) + 1, step, actor)
            return self._read(connection, code)

    @staticmethod
    def _head(connection: Connection, code: str) -> dict[str, Any]:
        row = read_where(connection, TABLES["shutoffs"], "code", code).iloc[0]
        plain = {name: None if missing(value) else value for name, value in row.items()}
        return {
            str(name): value.to_pydatetime(warn=False) if isinstance(value, pd.Timestamp) else value
            for name, value in plain.items()
        }

    def operate(self, done: Mapping[str, object], actor: str, *, seen: str | None = None) -> None:
        """Write what was done to a valve; the first closing of an ordered operation starts its closing.

        ``seen`` is the last action that the person saw the order's log hold for the valve, empty for none; None
        to act on whatever stands.

        Raises
        ------
        ConflictError
            When somebody has worked on the valve since.
        InputError
            For an unknown device or order, or an order that is over.
        """
        values = checked_values("valve_operations", {"at": datetime.now(UTC), "actor": actor, **done})
        require_past(values["at"], "at")
        with self._connections.writing() as connection:
            if values["shutoff_code"]:
                self._begin_closing(connection, values, actor, seen)
            self._write_valve(connection, values)

    def release(self, notice: Mapping[str, object], actor: str) -> int:
        """Write a released text as the next revision; return its number."""
        given = {"released_at": datetime.now(UTC), "released_by": actor, "revision": 0, "digest": "", **notice}
        values = checked_values("notices", given)
        values["digest"] = notice_digest(values["title"], values["body"])
        key = (values["shutoff_code"], values["kind"], values["language"])
        with self._connections.writing() as connection:
            self._read(connection, str(values["shutoff_code"]))
            last = connection.exec_driver_sql(
                "SELECT max(revision) FROM notices WHERE shutoff_code = ? AND kind = ? AND language = ?", key
            ).scalar()
            revision = int(last or 0) + 1
            connection.execute(self._tables["notices"].insert(), values | {"revision": revision})
        return revision

    def operation(self, code: str) -> Operation:
        """Return one operation as it stands on the disk."""
        return self._connections.told(("operation", code), lambda connection: self._read(connection, code))

    def _begin_closing(self, connection: Connection, values: Mapping[str, Any], actor: str, seen: str | None) -> None:
        code = values["shutoff_code"]
        operation = self._read(connection, code)
        known = operation.device_states.set_index("device_code")["action"].get(values["device_code"], "")
        if seen is not None and seen != known:
            raise ConflictError(f"{values['device_code']} is recorded as {known} since you looked; look again")
        if operation.status in DONE:
            raise InputError(
                f"shutoff operation {code} is {operation.status}",
                todo="record it under an operation that is under way",
                field="shutoff_code",
            )
        if operation.status == "ordered" and values["action"] == "closed":
            step = next_step(operation, "start_closing", at=max(values["at"], operation.moved_at))
            self._write_step(connection, code, len(operation.steps) + 1, step, actor)

    def _write_valve(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Write one row of the log of valves; the device must be known, and nothing else said of that moment."""
        device = (values["utility"], values["device_code"])
        found = "SELECT count(*) FROM devices WHERE utility = ? AND code = ?"
        if not connection.exec_driver_sql(found, device).scalar_one():
            raise InputError(
                f"there is no device {device[1]!r} in {device[0]}",
                todo="give the code of a valve or switch",
                field="device_code",
            )
        table = self._tables["valve_operations"]
        same = select(table.c.action).where(
            *(table.c[name] == values[name] for name in ("utility", "device_code", "at"))
        )
        said = connection.execute(same).scalar()
        if said is not None:
            raise InputError(
                f"{device[1]} is recorded as {said} at {values['at'].isoformat()} already",
                todo="give the moment of what came later",
                field="at",
            )
        connection.execute(table.insert(), values)

    def _write_step(self, connection: Connection, code: str, number: int, step: Step, actor: str) -> None:
        row = {
            "shutoff_code": code,
            "step": number,
            "at": step.at,
            "noted_at": datetime.now(UTC),
            "actor": actor,
            "action": step.action,
            "from_status": step.from_status or None,
            "to_status": step.to_status,
            "subject": step.subject,
            "value": step.value,
            "note": step.note,
        }
        connection.execute(self._tables["shutoff_steps"].insert(), checked_values("shutoff_steps", row))

    def _read(self, connection: Connection, code: str) -> Operation:
        parts = {name: read_where(connection, TABLES[name], "shutoff_code", code) for name in _OWN}
        return operation_of(code, read_where(connection, TABLES["shutoffs"], "code", code), **parts)

    @staticmethod
    def _count(connection: Connection, table: str, column: str, value: object) -> int:
        return int(
            connection.exec_driver_sql(f'SELECT count(*) FROM "{table}" WHERE "{column}" = ?', (value,)).scalar_one()
        )


def _check_times(values: Mapping[str, Any]) -> None:
    """Raise where planned times are absent from planned work, or the wrong way round."""
    start, end = values["planned_start"], values["planned_end"]
    if values["kind"] == "planned" and (start is None or end is None):
        raise InputError("has no planned times", todo="say when it starts and ends", field="planned_start")
    if start is not None and end is not None and not start < end:
        raise InputError("ends before it starts", todo="correct the planned times", field="planned_end")
