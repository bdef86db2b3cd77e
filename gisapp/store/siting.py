"""Construction sites are written step by step; each step is checked against the record inside its transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from sqlalchemy import Connection, MetaData

from gisapp.errors import InputError
from gisapp.sites import Site, SiteStep, next_step, site_of
from gisapp.store.connect import Connections
from gisapp.store.numbering import next_code
from gisapp.store.snapshots import read_among, read_where
from gisapp.store.values import checked_values, require_past
from gisapp.tables import TABLES

_TOLD = (
    "title",
    "utility",
    "place",
    "unit_code",
    "permit",
    "planned_start",
    "planned_end",
    "project_leader",
    "contact",
    "geom",
)
"""What a report may say of the head, or say better."""


class Siting:
    """Writes of construction sites: one short transaction each, whole or refused."""

    def __init__(self, connections: Connections, metadata: MetaData, zone: ZoneInfo) -> None:
        self._connections, self._tables, self._zone = connections, metadata.tables, zone

    def open(self, head: Mapping[str, object], actor: str, *, report: bool = False, at: datetime | None = None) -> str:
        """Write the head, and its report to dispatch where there is one; return the code, such as ``C20261128-01``.

        Raises
        ------
        InputError
            For a head that does not fit, or a report that is not whole; then nothing is written.
        """
        values = checked_values(
            "construction_sites", {"opened_at": at or datetime.now(UTC), **head}, may_lack=("code",)
        )
        require_past(values["opened_at"], "opened_at")
        _require_period(values)
        with self._connections.writing() as connection:
            code = str(values["code"] or next_code(connection, "construction_sites", values["opened_at"], self._zone))
            if len(self._head(connection, code)):
                raise InputError(f"site {code} is stored already", todo="leave the code out", field="code")
            connection.execute(self._tables["construction_sites"].insert(), values | {"code": code})
            if report:
                self._step(connection, code, "report", actor, at=at)
        return code

    def report(self, code: str, told: Mapping[str, object], actor: str, **step: Any) -> Site:
        """Write what a report says of a site, and that dispatch was told; return the site as it stands then.

        Raises
        ------
        InputError
            When something that dispatch must be told is still lacking; then nothing is written.
        """
        given = {name: value for name, value in told.items() if value is not None}
        if wrong := sorted(set(given) - set(_TOLD)):
            raise InputError(f"a report does not say {wrong[0]}", todo=f"say {', '.join(_TOLD)}", field=wrong[0])
        with self._connections.writing() as connection:
            head = self._head(connection, code)
            if len(head) and given:
                values = checked_values(
                    "construction_sites", {str(name): value for name, value in head.iloc[0].items()} | given
                )
                _require_period(values)
                table = self._tables["construction_sites"]
                changed = {name: values[name] for name in given}
                connection.execute(table.update().where(table.c.code == code).values(changed))
            self._step(connection, code, "report", actor, **step)
            return self._read(connection, code)

    def site(self, code: str) -> Site:
        """Return one site as it stands on the disk.

        Raises
        ------
        InputError
            When there is no such site.
        """
        return self._connections.told(("site", code), lambda connection: self._read(connection, code))

    def record(self, code: str, action: str, actor: str, **told: Any) -> Site:
        """Write one step if it may follow; return the site as it stands then.

        What is told is as for :func:`gisapp.sites.next_step`.
        """
        with self._connections.writing() as connection:
            self._step(connection, code, action, actor, **told)
            return self._read(connection, code)

    def _step(self, connection: Connection, code: str, action: str, actor: str, **told: Any) -> None:
        """Write one step inside a transaction."""
        at = told.pop("at", None) or datetime.now(UTC)
        require_past(at, "at")
        before = self._read(connection, code)
        step = next_step(before, action, at=at, **told)
        self._write(connection, code, len(before.steps) + 1, step, actor)

    def _write(self, connection: Connection, code: str, number: int, step: SiteStep, actor: str) -> None:
        names = ("at", "action", "to_status", "subject", "value", "photo", "note")
        row = {"site_code": code, "step": number, "noted_at": datetime.now(UTC), "actor": actor}
        told = {name: getattr(step, name) for name in names}
        connection.execute(self._tables["site_steps"].insert(), checked_values("site_steps", row | told))

    def _read(self, connection: Connection, code: str) -> Site:
        return site_of(
            code, self._head(connection, code), read_where(connection, TABLES["site_steps"], "site_code", code)
        )

    @staticmethod
    def _head(connection: Connection, code: str) -> pd.DataFrame:
        return read_among(connection, TABLES["construction_sites"], "code", [code])


def _require_period(values: Mapping[str, Any]) -> None:
    """Raise where works would end before they begin."""
    start, end = values["planned_start"], values["planned_end"]
    if start is not None and end is not None and end < start:
        found = f"{end.isoformat()} is before the start at {start.isoformat()}"
        raise InputError(found, todo="correct one of the two", field="planned_end")
