"""Boundary plans are written change by change; two planners on one draft never lose each other's work."""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from sqlalchemy import Connection, MetaData

from gisapp.errors import ConflictError, InputError
from gisapp.grids.changes import Change, History, change_of
from gisapp.grids.naming import planned_leaders
from gisapp.grids.plan_life import next_status, standing
from gisapp.grids.plans import Named, Plan, plan_grids
from gisapp.store.appointing import appoint, require_leaders
from gisapp.store.checking import checked
from gisapp.store.connect import Connections
from gisapp.store.geometry import decode
from gisapp.store.geopackage import srs_id_of
from gisapp.store.ground import require_same_ground
from gisapp.store.moment import iso, require_minute
from gisapp.store.numbering import next_code
from gisapp.store.recalled import Recalled
from gisapp.store.saving import Saving, add_note
from gisapp.store.snapshots import read_where
from gisapp.store.values import checked_values
from gisapp.tables import TABLES
from gisapp.words import word

_TOLD = 10  # changes of others told one by one


@dataclass(frozen=True)
class Draft:
    """A plan as it is stored: code, name, where it stands, the version that a save must name, and its history.

    ``across`` are the kinds of areas that none of its grids may cross: ``communities`` or one of ``LIMITS``.
    """

    code: str
    name: str
    status: str
    version: int
    history: History
    across: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.history.plan


class Planning:
    """Writes of boundary plans: one short transaction each, whole or refused."""

    def __init__(self, connections: Connections, metadata: MetaData, crs: pyproj.CRS, zone: ZoneInfo) -> None:
        self._connections, self._tables, self._crs, self._zone = connections, metadata.tables, crs, zone
        self._opened: Recalled[Hashable] = Recalled(8)  # each may hold a city's units

    def open(
        self, plan: Plan, name: str, *, actor: str, code: str = "", based_on: str = "", across: Collection[str] = ()
    ) -> str:
        """Write a new draft with its units and its first step; return its code.

        Raises
        ------
        InputError
            When the code is taken, or a name or code does not fit; then nothing is written.
        """
        now = datetime.now(UTC)
        with self._connections.writing() as connection:
            code = code or next_code(connection, "plans", now, self._zone)
            if connection.exec_driver_sql("SELECT count(*) FROM plans WHERE code = ?", (code,)).scalar_one():
                raise InputError(f"plan {code} is stored already", todo="leave the code out", field="code")
            head = {
                "code": code,
                "name": name,
                "based_on": based_on or None,
                "made_at": now,
                "author": actor,
                "version": 1,
                "position": 0,
                "locked": _listed(plan.locked),
                "apart": _listed(plan.apart),
                "bridges": json.dumps(plan.bridges),
                "grids": json.dumps({grid: list(named) for grid, named in plan.named.items()}, ensure_ascii=False),
                "across": _listed(across),
            }
            connection.execute(self._tables["plans"].insert(), checked_values("plans", head))
            frame = gpd.GeoDataFrame(
                {"plan_code": code, "unit_code": plan.unit, "root_code": plan.root, "grid_code": plan.grid},
                geometry=gpd.GeoSeries(plan.shape, crs=plan.crs),
            ).rename_geometry("geom")
            batch = checked("plan_units", frame, self._crs)
            Saving(connection, srs_id_of(self._crs), replace=False, progress=None).write([batch])
            self._write_step(connection, (code, 1), "open", "draft", now, actor)
            add_note(connection, "audit", actor=actor, words=code, tables={"plan_units": len(plan.unit)}, last="plan")
        return code

    def load(self, code: str) -> Draft:
        """Return a plan with every change done and undone, as it stands on the disk.

        Raises
        ------
        InputError
            When there is no such plan.
        """
        return self._connections.told(code, lambda connection: self._loaded(connection, code), among=self._opened)

    def _loaded(self, connection: Connection, code: str) -> Draft:
        head, status = self._head(connection, code)
        plan = self._opening(connection, head)
        rows = connection.exec_driver_sql(
            "SELECT change FROM plan_changes WHERE plan_code = ? ORDER BY number", (code,)
        ).fetchall()
        changes = [change_of(row[0]) for row in rows]
        position = int(head["position"])
        for change in changes[:position]:
            plan = change.done(plan)
        history = History(plan, tuple(changes[:position]), tuple(changes[position:]))
        across = tuple(json.loads(head["across"])) if isinstance(head["across"], str) else ()
        return Draft(code, str(head["name"]), status, int(head["version"]), history, across)

    def edits(self, code: str) -> pd.DataFrame:
        """Return every change of a plan, done or undone: ``number``, ``at``, ``actor``, ``kind`` and ``grids``."""
        wanted = "SELECT number, at, actor, kind, grids FROM plan_changes WHERE plan_code = ? ORDER BY number"
        rows = self._connections.told(
            ("edits", code), lambda connection: connection.exec_driver_sql(wanted, (code,)).fetchall()
        )
        table = pd.DataFrame([tuple(row) for row in rows], columns=["number", "at", "actor", "kind", "grids"])
        return table.assign(at=pd.to_datetime(table["at"], utc=True))

    def add(self, code: str, change: Change, *, version: int, actor: str) -> int:
        """Write one more change, which gives up those that were undone; return the new version.

        Raises
        ------
        ConflictError
            When somebody saved since ``version``: tells who, when and which grids; nothing is written.
        InputError
            When the plan is no draft any more.
        """
        with self._connections.writing() as connection:
            head = self._editable(connection, code, version)
            number = int(head["position"]) + 1
            connection.exec_driver_sql("DELETE FROM plan_changes WHERE plan_code = ? AND number >= ?", (code, number))
            row = {
                "plan_code": code,
                "number": number,
                "at": datetime.now(UTC),
                "actor": actor,
                "kind": change.kind,
                "grids": ",".join(change.grids),
                "change": change.as_text(),
            }
            connection.execute(self._tables["plan_changes"].insert(), checked_values("plan_changes", row))
            return self._moved(connection, head, position=number)

    def undo(self, code: str, *, version: int) -> int:
        """Take the last change back; return the new version. Raises as :meth:`add`, and when nothing is left."""
        with self._connections.writing() as connection:
            head = self._editable(connection, code, version)
            if not head["position"]:
                raise InputError("nothing is left to undo", todo="this is the plan as it began")
            return self._moved(connection, head, position=int(head["position"]) - 1)

    def redo(self, code: str, *, version: int) -> int:
        """Do again what was undone last; return the new version. Raises as :meth:`add`, and when nothing was undone."""
        with self._connections.writing() as connection:
            head = self._editable(connection, code, version)
            last = "SELECT count(*) FROM plan_changes WHERE plan_code = ?"
            if head["position"] >= connection.exec_driver_sql(last, (code,)).scalar_one():
                raise InputError("nothing was undone", todo="go on editing")
            return self._moved(connection, head, position=int(head["position"]) + 1)

    def lock(self, code: str, locked: Collection[str], *, version: int) -> int:
        """Lock exactly these grids; return the new version. Raises as :meth:`add`."""
        with self._connections.writing() as connection:
            return self._moved(connection, self._editable(connection, code, version), locked=_listed(locked))

    def declare(self, code: str, apart: Collection[str], *, version: int) -> int:
        """Declare exactly these grids as allowed to be in parts; return the new version. Raises as :meth:`add`."""
        with self._connections.writing() as connection:
            return self._moved(connection, self._editable(connection, code, version), apart=_listed(apart))

    def join(self, code: str, bridges: Collection[tuple[str, str]], *, version: int) -> int:
        """Say which units hang together without touching; return the new version. Raises as :meth:`add`."""
        with self._connections.writing() as connection:
            return self._moved(connection, self._editable(connection, code, version), bridges=_listed(bridges))

    def keep_within(self, code: str, across: Collection[str], *, version: int) -> int:
        """Say which kinds of areas no grid of a plan may cross; return the new version. Raises as :meth:`add`."""
        with self._connections.writing() as connection:
            return self._moved(connection, self._editable(connection, code, version), across=_listed(across))

    def comment(
        self, code: str, text: str, *, actor: str, place: tuple[float, float] | None = None, grid: str | None = None
    ) -> int:
        """Write what somebody says about a plan, a place of it or a grid; return its number.

        A comment stays as it is written, in every state of the plan.

        Parameters
        ----------
        place
            x and y in the store's CRS, in the plan's area.

        Raises
        ------
        InputError
            When there is no such plan or grid, nothing is said, or the place lies outside the plan.
        """
        if not text.strip():
            raise InputError("an empty comment", todo="say something", field="text")
        plan = self.load(code).plan
        if grid is not None and grid not in plan.codes:
            raise InputError(f"no grid {grid!r} in plan {code}", todo="name one of its grids", field="grid")
        shape = None if place is None else shapely.Point(place)
        if place is not None and not shapely.intersects(plan.shape, shape).any():
            raise InputError(f"{place[0]:g}, {place[1]:g} lies outside the plan", todo="give a place in it", field="at")
        with self._connections.writing() as connection:
            said = "SELECT count(*) FROM plan_comments WHERE plan_code = ?"
            number = int(connection.exec_driver_sql(said, (code,)).scalar_one()) + 1
            row = {"plan_code": [code], "number": number, "at": pd.Timestamp.now("UTC"), "actor": actor}
            frame = gpd.GeoDataFrame(
                row | {"grid_code": grid, "text": text.strip()}, geometry=gpd.GeoSeries([shape], crs=self._crs)
            ).rename_geometry("geom")
            batch = checked("plan_comments", frame, self._crs)
            Saving(connection, srs_id_of(self._crs), replace=False, progress=None).write([batch])
        return number

    def record(self, code: str, action: str, *, actor: str, note: str | None = None) -> str:
        """Write a step of a plan's life (submit, return, approve, withdraw); return where it stands then.

        Raises
        ------
        InputError
            When the step may not follow; says what may.
        """
        if action == "activate":
            raise InputError("an activation has a minute", todo="say from when", field="action")
        with self._connections.writing() as connection:
            return self._step(connection, code, action, actor, note=note)

    def activate(
        self, code: str, moment: pd.Timestamp, *, actor: str, note: str | None = None, excepted: Collection[str] = ()
    ) -> None:
        """Put an approved plan in force from a minute on: its grids begin when those of before end.

        One transaction: whoever asks before or after it gets a whole set of grids. Leaders whom the plan names
        begin in that minute. ``excepted`` grids may have no leader or several then, which is written down.

        Raises
        ------
        InputError
            When the plan is not approved, ``moment`` is no whole minute or past, other grids begin later, the
            coverage has changed since the plan was drawn, or a grid has not exactly one leader then.
        """
        require_minute(moment)
        plan = self.load(code).plan
        grids = plan_grids(plan).assign(valid_from=moment)
        with self._connections.writing() as connection:
            if moment < pd.Timestamp.now("UTC") - pd.Timedelta(minutes=1):
                raise InputError(f"{moment.isoformat()} is past", todo="give a minute to come", field="at")
            begun = iso(moment)
            later = connection.exec_driver_sql(
                "SELECT count(*) FROM grids WHERE valid_from >= ?", (begun,)
            ).scalar_one()
            if later:
                found = f"{later} grids begin at {moment.isoformat()} or later"
                raise InputError(found, todo="give a later minute", field="at")
            require_same_ground(connection, code, shapely.union_all(grids.geometry.to_numpy()), begun)
            posts = appoint(connection, self._tables, planned_leaders(plan), moment)
            unled = require_leaders(connection, plan.codes, moment, excepted=excepted)
            declared = [word("grids.unled", "zh-Hans", grids=", ".join(unled))] if unled else []
            note = "; ".join([*([note] if note else []), *declared]) or None
            self._step(connection, code, "activate", actor, note=note, in_force_from=moment.to_pydatetime(warn=False))
            connection.exec_driver_sql(
                "UPDATE grids SET valid_to = ? WHERE valid_to IS NULL OR valid_to > ?", (begun, begun)
            )
            batch = checked("grids", grids, self._crs)
            Saving(connection, srs_id_of(self._crs), replace=False, progress=None).write([batch])
            counts = {"grids": len(grids), "posts": posts}
            words = "; ".join([f"plan {code} in force from {begun}", *declared])
            add_note(connection, "audit", actor=actor, words=words, tables=counts, last="activate")

    def _step(
        self,
        connection: Connection,
        code: str,
        action: str,
        actor: str,
        *,
        note: str | None = None,
        in_force_from: datetime | None = None,
    ) -> str:
        """Write a step if it may follow."""
        steps = read_where(connection, TABLES["plan_steps"], "plan_code", code)
        if steps.empty:
            raise InputError(f"there is no plan {code!r}", todo="choose one of the list", field="code")
        last = steps.iloc[-1]
        status = next_status(code, str(last["to_status"]), action)
        now = max(datetime.now(UTC), last["at"].to_pydatetime(warn=False))
        self._write_step(connection, (code, len(steps) + 1), action, status, now, actor, note, in_force_from)
        connection.exec_driver_sql("UPDATE plans SET version = version + 1 WHERE code = ?", (code,))
        return status

    def _write_step(
        self,
        connection: Connection,
        key: tuple[str, int],
        action: str,
        status: str,
        now: datetime,
        actor: str,
        note: str | None = None,
        in_force_from: datetime | None = None,
    ) -> None:
        row = {"plan_code": key[0], "step": key[1], "at": now, "actor": actor, "action": action, "to_status": status}
        values = checked_values("plan_steps", row | {"note": note, "in_force_from": in_force_from})
        connection.execute(self._tables["plan_steps"].insert(), values)

    def _head(self, connection: Connection, code: str) -> tuple[dict[str, Any], str]:
        """Return the head of a plan and where it stands now."""
        heads = read_where(connection, TABLES["plans"], "code", code)
        if heads.empty:
            raise InputError(f"there is no plan {code!r}", todo="choose one of the list", field="code")
        steps = read_where(connection, TABLES["plan_steps"], "plan_code", code)
        moment = max(pd.Timestamp.now("UTC"), steps["at"].max())
        return {str(name): value for name, value in heads.iloc[0].items()}, str(standing(steps, moment)[code])

    def _opening(self, connection: Connection, head: dict[str, Any]) -> Plan:
        """Return a plan as it began, with the locks of now."""
        found = connection.exec_driver_sql(
            "SELECT unit_code, root_code, grid_code, geom FROM plan_units WHERE plan_code = ? ORDER BY fid",
            (head["code"],),
        ).fetchall()
        unit, root, grid = (np.array(column, dtype=object) for column in list(zip(*found, strict=True))[:3])
        shape = decode([row[3] for row in found])
        single = shapely.get_num_geometries(shape) == 1
        shape[single] = shapely.get_geometry(shape[single], 0)
        named = {code: Named(*value) for code, value in json.loads(head["grids"]).items()}
        locked, apart = (frozenset(json.loads(head[name])) for name in ("locked", "apart"))
        bridges = tuple((one, other) for one, other in json.loads(head["bridges"]))
        return Plan(unit, root, grid, shape, self._crs, named, locked, apart, bridges)

    def _editable(self, connection: Connection, code: str, version: int) -> dict[str, Any]:
        """Return the head of a draft that nobody saved since ``version``."""
        head, status = self._head(connection, code)
        if status != "draft":
            raise InputError(f"plan {code} is {status} and does not change", todo="make a new plan from it")
        if int(head["version"]) != version:
            raise ConflictError(f"{code} was saved since you opened it: {self._others(connection, head)}; load it anew")
        return head

    @staticmethod
    def _others(connection: Connection, head: dict[str, Any]) -> str:
        """Return the last changes of a plan in words: who, what, which grids."""
        rows = connection.exec_driver_sql(
            "SELECT actor, at, kind, grids FROM plan_changes WHERE plan_code = ? AND number <= ? "
            "ORDER BY number DESC LIMIT ?",
            (head["code"], int(head["position"]), _TOLD),
        ).fetchall()
        told = [f"{actor} {kind} {grids} at {at}" for actor, at, kind, grids in rows]
        return f"version {head['version']}, {head['position']} changes" + (
            f", latest {'; '.join(told)}" if told else ""
        )

    def _moved(self, connection: Connection, head: dict[str, Any], **values: object) -> int:
        """Change the head and move its version; return that."""
        version = int(head["version"]) + 1
        table = self._tables["plans"]
        connection.execute(table.update().where(table.c.code == head["code"]).values(values | {"version": version}))
        return version


def _listed(codes: Collection[str] | Collection[tuple[str, str]]) -> str:
    return json.dumps(sorted(codes), ensure_ascii=False)
