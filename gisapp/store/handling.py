"""Incidents are handled step by step; each step is checked against the history inside its transaction."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pyproj
from sqlalchemy import Connection, MetaData

from gisapp.errors import InputError
from gisapp.incidents import Actor, Incident, Step, imported, incident_among, next_step
from gisapp.incidents.seeing import require_clear
from gisapp.store.connect import Connections
from gisapp.store.reporting import book_in, step_values
from gisapp.store.saving import add_note
from gisapp.store.snapshots import read_where
from gisapp.store.unfinished import alongside, lacking, unfinished
from gisapp.store.values import missing, require_past
from gisapp.tables import TABLES


class Handling:
    """Writes to the histories of incidents: one short transaction each, whole or refused.

    What the ``incidents`` table says of an incident's standing is written with the step that changes it.
    """

    def __init__(self, connections: Connections, metadata: MetaData, crs: pyproj.CRS, zone: ZoneInfo) -> None:
        self._connections, self._tables, self._crs, self._zone = connections, metadata.tables, crs, zone

    def waiting(self) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
        """Return the incidents in which something may still follow, and their steps, as they stand on the disk.

        Of the others only what tells that they are over is read: a city's board comes in a tenth of the time that
        its whole tables take.
        """
        with self._connections.reading() as connection:
            return unfinished(connection, self._crs, book_in(connection, self._zone))

    def alongside(self, incident: Incident) -> gpd.GeoDataFrame:
        """Return an incident's row, those merged with it, and reports of a lack of water about the same time."""
        key = ("alongside", incident.code)
        return self._connections.told(key, lambda connection: alongside(connection, self._crs, incident))

    def lacking(self, at: datetime) -> gpd.GeoDataFrame:
        """Return the reports of a lack of water about a moment, with which another one is counted."""
        with self._connections.reading() as connection:
            return lacking(connection, self._crs, at)

    def incident(self, code: str) -> Incident:
        """Return one incident as it stands on the disk.

        Raises
        ------
        InputError
            When there is no such incident.
        """
        return self._connections.told(("incident", code), lambda connection: self._read(connection, code))

    def record(self, code: str, action: str, *, actor: str, role: str, **told: Any) -> Incident:
        """Write one step if it may follow; return the incident as it stands then.

        Parameters
        ----------
        code, action, actor, role
            As for :func:`gisapp.incidents.next_step`, which says what else may be told and what is refused.
        **told
            ``at`` (now when absent), ``subject``, ``value``, ``note`` and ``seen``.
        """
        at = told.pop("at", None)
        require_past(at, "at")
        with self._connections.writing() as connection:
            before = self._read(connection, code)
            known = len(before.steps)
            at = at or max(datetime.now(UTC), before.moved_at)
            step = next_step(before, action, Actor(actor, role), at=at, **told)
            self._require_named(connection, before, step)
            first = () if known else (imported(before.head),)
            for number, one in enumerate((*first, step), known + 1):
                connection.execute(self._tables["incident_steps"].insert(), step_values(code, number, one))
            after = self._read(connection, code)
            self._project(connection, after)
            return after

    def in_clear(self, code: str, *, actor: str, role: str, why: str) -> dict[str, Any]:
        """Return what is personal in one incident, once it is written in the audit who saw it, and for what.

        Returns
        -------
        dict
            ``text`` and ``reporter_phone``, the ``notes`` of its steps, and of its account ``name``, ``phone`` and
            ``address``; None where there is none.

        Raises
        ------
        AccessError, InputError
            As :func:`gisapp.incidents.seeing.require_clear` says; then nothing is told and nothing is written.
        """
        with self._connections.writing() as connection:
            incident = self._read(connection, code)
            require_clear(incident, book_in(connection, self._zone), role, why)
            words = f"{code}: {why.strip()}"
            add_note(
                connection, "audit", actor=actor, words=words, tables={"incidents": 1}, last=f"clear view as {role}"
            )
            row = read_where(connection, TABLES["incidents"], "code", code).iloc[0]
            account = read_where(connection, TABLES["customers"], "code", row["customer_code"])
        told = {name: None if missing(row[name]) else str(row[name]) for name in ("text", "reporter_phone")}
        names = ("name", "phone", "address")
        of_account = {
            name: None if account.empty or missing(account.iloc[0][name]) else str(account.iloc[0][name])
            for name in names
        }
        return told | of_account | {"notes": [step.note for step in incident.steps if step.note]}

    def _project(self, connection: Connection, incident: Incident) -> None:
        """Say in the ``incidents`` table what follows from the history."""
        table = self._tables["incidents"]
        connection.execute(table.update().where(table.c.code == incident.code).values(incident.standing.columns))

    def _require_named(self, connection: Connection, incident: Incident, step: Step) -> None:
        """Raise where a step names a unit, an incident or a level that is not there."""
        if step.action in ("dispatch", "grant_return", "refer", "order") and self._any(connection, "org_units"):
            self._require(connection, "org_units", step.subject, "unit")
        if step.action in ("merge", "find_recurred"):
            self._require(connection, "incidents", step.subject, "incident")
        if step.action == "merge":
            self._require_main(connection, incident, str(step.subject))
        if step.action == "set_level":
            rules = book_in(connection, self._zone).at(incident.reported_at)
            if rules.level_of(step.value) is None:
                todo = f"use one of {', '.join(rule.level for rule in rules.level)}"
                raise InputError(f"unknown level {step.value!r}", todo=todo, field="value")

    @staticmethod
    def _require_main(connection: Connection, incident: Incident, main: str) -> None:
        """Raise where reports would be merged in a chain: the first reporter must be found in one step."""
        count = "SELECT count(*) FROM incidents WHERE duplicate_of = ?"
        if many := connection.exec_driver_sql(count, (incident.code,)).scalar_one():
            raise InputError(
                f"{incident.code} has {many} merged reports of its own", todo="merge those first", field="subject"
            )
        into = connection.exec_driver_sql("SELECT duplicate_of FROM incidents WHERE code = ?", (main,)).scalar()
        if into is not None:
            raise InputError(f"{main} is merged into {into} itself", todo=f"merge into {into}", field="subject")

    @staticmethod
    def _any(connection: Connection, table: str) -> bool:
        return connection.exec_driver_sql(f'SELECT 1 FROM "{table}" LIMIT 1').scalar() is not None

    @staticmethod
    def _require(connection: Connection, table: str, code: object, word: str) -> None:
        found = connection.exec_driver_sql(f'SELECT 1 FROM "{table}" WHERE code = ?', (code,)).scalar()
        if found is None:
            raise InputError(f"there is no {word} {code!r}", todo=f"give the code of a stored {word}", field="subject")

    def _read(self, connection: Connection, code: str) -> Incident:
        rows = read_where(connection, TABLES["incidents"], "code", code)
        steps = read_where(connection, TABLES["incident_steps"], "incident_code", code)
        return incident_among(rows, steps, code, book_in(connection, self._zone))
