"""Incidents as they are reported: one writer thread, many reports a commit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, MetaData, bindparam, select

from gisapp.errors import InputError, UnavailableError
from gisapp.incidents import FIRST_STATUS, RuleBook, Step
from gisapp.store import patience
from gisapp.store.connect import Connections
from gisapp.store.numbering import next_code
from gisapp.store.values import checked_values, missing


@dataclass
class _Group:
    """Reports that are committed together, and what became of each."""

    reports: list[tuple[dict[str, Any], str, str] | None] = field(default_factory=list)
    outcomes: list[str | InputError] = field(default_factory=list)
    committed: Future[None] | None = None


class Reporting:
    """The writer queue: while one group is being committed the next one gathers."""

    def __init__(self, connections: Connections, metadata: MetaData, zone: ZoneInfo) -> None:
        self._connections, self._zone = connections, zone
        self._incidents = metadata.tables["incidents"].insert()
        self._stands = select(1).where(metadata.tables["incidents"].c.code == bindparam("code"))
        self._steps = metadata.tables["incident_steps"].insert()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store-writer")
        self._lock = Lock()
        self._open: _Group | None = None

    def report(self, incident: Mapping[str, object], actor: str, role: str) -> str:
        """Write one incident and its first step; return its code when it is on the disk."""
        values = incident_values(incident)
        self._connections.patience.require()
        with self._lock:
            if self._open is None:
                self._open = _Group()
                self._open.committed = self._writer.submit(self._commit, self._open)
            group = self._open
            place = len(group.reports)
            group.reports.append((values, actor, role))
        self._await(group, place)
        outcome = group.outcomes[place]
        if isinstance(outcome, InputError):
            raise outcome
        return outcome

    def _await(self, group: _Group, place: int) -> None:
        """Wait until a group is committed; who may not wait so long takes a report back, unless it is being written."""
        assert group.committed is not None
        done, _ = wait([group.committed], timeout=patience.SOON_S)
        if not done:
            try:
                with self._connections.patience.waiting():
                    wait([group.committed])
            except UnavailableError:
                if self._withdrawn(group, place):
                    raise
        group.committed.result()

    def _withdrawn(self, group: _Group, place: int) -> bool:
        """Take a report out of a group that still gathers; tell whether it does."""
        with self._lock:
            gathers = self._open is group
            if gathers:
                group.reports[place] = None
        return gathers

    def close(self) -> None:
        """Wait for what is being written."""
        self._writer.shutdown(wait=True)

    def _commit(self, group: _Group) -> None:
        """Write a group in one transaction; a refused report does not harm the others."""
        try:
            with self._connections.writing() as connection:
                self._shut(group)
                for report in group.reports:
                    group.outcomes.append("" if report is None else self._write(connection, *report))
        finally:
            self._shut(group)  # one that could not even begin takes no more: what comes next tries anew

    def _shut(self, group: _Group) -> None:
        with self._lock:
            if self._open is group:
                self._open = None

    def _write(self, connection: Connection, values: dict[str, Any], actor: str, role: str) -> str | InputError:
        # Looked up and not tried: a failed insert would take the rest of the group with it, a savepoint takes time.
        if values["code"] and connection.execute(self._stands, {"code": values["code"]}).scalar():
            words = f"incident {values['code']} is stored already"
            return InputError(words, todo="leave the code out to be given one", field="code")
        code: str = values["code"] or next_code(connection, "incidents", values["reported_at"], self._zone)
        rule = book_in(connection, self._zone).category(values)
        if rule is None and values["category"] is not None:
            todo = "use a category of the rules"
            return InputError(f"unknown category {values['category']!r}", todo=todo, field="category")
        if rule is not None and values["status"] is None and (lacking := rule.lacks(values)):
            words = f"a registration of {rule.category} lacks {', '.join(' or '.join(one) for one in lacking)}"
            return InputError(words, todo="ask for it and register it then", field=lacking[0][0])
        status = values["status"] or FIRST_STATUS[rule.life if rule else "repair"]
        connection.execute(self._incidents, values | {"code": code, "status": status})
        step = Step(
            "register", values["reported_at"], actor, role, None, status, values["first_contact"], values["unit_code"]
        )
        connection.execute(self._steps, step_values(code, 1, step))
        return code


def incident_values(incident: Mapping[str, object]) -> dict[str, Any]:
    """Return one incident's values for the database, checked as a table of incidents would be."""
    given = {name: value for name, value in incident.items() if not missing(value)}
    defaults = {"drill": False, "reported_at": datetime.now(UTC)}
    return checked_values("incidents", defaults | given, may_lack=("code", "status"))


def book_in(connection: Connection, zone: ZoneInfo) -> RuleBook:
    """Return the rules of incidents that the store keeps, or ours."""
    kept = connection.exec_driver_sql("SELECT value FROM settings WHERE key = 'rules.incidents'").scalar()
    return RuleBook(zone, None if kept is None else json.loads(kept))


def step_values(code: str, number: int, step: Step) -> dict[str, Any]:
    """Return a step as the row of ``incident_steps`` that the database takes."""
    row = {name: getattr(step, name) for name in Step.__dataclass_fields__}
    return checked_values(
        "incident_steps", row | {"incident_code": code, "step": number, "noted_at": datetime.now(UTC)}
    )
