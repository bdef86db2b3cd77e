"""The store, in one file or on a server: made, opened, read and written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import pandas as pd
import pyproj

from gisapp.addresses import Address, ServerAddress, store_address
from gisapp.crs import require_metres
from gisapp.errors import InputError
from gisapp.incidents import RuleBook
from gisapp.rules import AliasRule, place_aliases, rows_of, workload_weights
from gisapp.store import migrate
from gisapp.store.accounts import Accounts
from gisapp.store.auditing import (
    FOLDER_VARIABLE,
    Head,
    Verdict,
    anchor_path,
    append_head,
    begin_anchor,
    head_in,
    read_anchors,
    rows_in,
    verdict,
)
from gisapp.store.checking import checked
from gisapp.store.commanding import Commanding
from gisapp.store.connect import Connections
from gisapp.store.finding import found
from gisapp.store.following import Following
from gisapp.store.geopackage import srs_id_of
from gisapp.store.handling import Handling
from gisapp.store.making import new_store
from gisapp.store.operating import Operating
from gisapp.store.planning import Planning
from gisapp.store.probing import Standing, standing
from gisapp.store.reporting import Reporting
from gisapp.store.retention import Retention
from gisapp.store.rows import uncollected
from gisapp.store.saving import Progress, Saving, add_note
from gisapp.store.schema import read_settings, store_metadata, write_setting
from gisapp.store.siting import Siting
from gisapp.store.snapshots import Snapshots
from gisapp.store.values import checked_values
from gisapp.tables import TABLES
from gisapp.times import DEFAULT_ZONE, zone_named


class Store:
    """An open store: one process, any number of threads; :meth:`close` it or use it in ``with``."""

    def __init__(self, address: Address, *, anchored: bool = True) -> None:
        self.address = address
        self._connections = Connections(address, anchored=anchored)
        with self._connections.reading() as connection:
            settings = read_settings(connection)
        self.crs = pyproj.CRS.from_user_input(settings["crs"])
        self.zone = zone_named(str(settings["zone"]))
        self.name = str(settings["name"])
        self._schema = migrate.newest_schema()
        self._snapshots = Snapshots(self._connections, self.crs)
        metadata = store_metadata(srs_id_of(self.crs))
        self._decisions = metadata.tables["decisions"]
        self._reporting = Reporting(self._connections, metadata, self.zone)
        self.incidents = Handling(self._connections, metadata, self.crs, self.zone)
        self.operations = Operating(self._connections, metadata, self.zone)
        self.emergencies = Commanding(self._connections, metadata, self.zone)
        self.accounts = Accounts(self._connections, metadata)
        self.retention = Retention(self._connections, metadata)
        self.sites = Siting(self._connections, metadata, self.zone)
        self.measures = Following(self._connections, metadata, self.zone)
        self.plans = Planning(self._connections, metadata, self.crs, self.zone)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the file back; the store is not used any more."""
        self._reporting.close()
        self.accounts.close()
        self._snapshots.close()
        self._connections.close()

    def hold_readers(self, number: int) -> None:
        """Connect so many readers ahead: what a server answers from goes on being read should the file go away."""
        self._connections.hold_readers(number)

    def let_wait(self, number: int) -> None:
        """Let so many threads wait for long until they can write; the others are refused at once, and read on."""
        self._connections.patience.limit(number)

    def revision(self, table: str) -> int:
        """Return a number that moves with every change of a table, whichever program makes it.

        While a server is away it is that of the table in memory.
        """
        return self.revisions()[table]

    def revisions(self) -> dict[str, int]:
        """Return the revision of every table; costs microseconds while nobody writes."""
        return self._snapshots.revisions()

    def table(self, name: str, *, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a table, in the shape of the data dictionary, as it is now.

        The same frame comes back until somebody writes: callers never change it. A GeoDataFrame where the
        table has geometry; unlocated rows have None there. Rows stand in the order in which they came.

        Parameters
        ----------
        name
            A key of :data:`gisapp.tables.TABLES`.
        columns
            Only these, which saves time and memory.

        Raises
        ------
        InputError
            For a table or column that does not exist.
        """
        return self._snapshots.table(name, columns)

    def count(self, name: str) -> int:
        """Return the number of rows of a table."""
        if name not in TABLES:
            raise InputError(f"there is no table {name!r}", todo=f"choose one of {', '.join(TABLES)}")
        counted = f'SELECT count(*) FROM "{name}"'
        return self._connections.told(("count", name), lambda asked: int(asked.exec_driver_sql(counted).scalar_one()))

    def save(
        self,
        tables: Mapping[str, pd.DataFrame],
        *,
        actor: str,
        note: str = "",
        source: Mapping[str, object] | None = None,
        replace: bool = False,
        progress: Progress | None = None,
    ) -> None:
        """Add rows to any number of tables in one transaction, with an audit row.

        Nobody else can write until it ends; everybody can read what stood before.

        Parameters
        ----------
        tables
            Rows by table, in the shape of the data dictionary and the store's CRS.
        actor
            Who does it; stands in the audit.
        note
            Why, in a few words.
        source
            Where the rows came from; stands in the imports.
        replace
            Rows whose key is stored already take its place (append-only tables refuse them all the same).
        progress
            Called with rows done and rows in all between chunks; may raise ``Interrupted``: nothing is written.

        Raises
        ------
        InputError
            A value that does not fit, a key that stands twice or is stored already, a reference to what is not
            stored; names table, row and key. Nothing is written.
        CrsError
            Geometry in another frame than the store's.
        StoreError
            The disk is full, or another program has been writing for too long. Nothing is written.
        """
        ordered = sorted(tables, key=lambda name: list(TABLES).index(name) if name in TABLES else -1)
        batches = [checked(name, tables[name], self.crs) for name in ordered]
        counts = {batch.table.name: len(batch.frame) for batch in batches}
        with self._connections.writing() as connection, uncollected():
            Saving(connection, srs_id_of(self.crs), replace=replace, progress=progress).write(batches)
            add_note(connection, "audit", actor=actor, words=note, tables=counts, last="replace" if replace else "save")
            if source is not None:
                add_note(connection, "imports", actor=actor, words=note, tables=counts, last=dict(source))

    def report(self, incident: Mapping[str, object], *, actor: str, role: str = "customer_service") -> str:
        """Write one reported incident and its first step; return its code once both are on the disk.

        Reports of many threads share a commit.

        Parameters
        ----------
        incident
            Columns of ``incidents``, times aware, ``geom`` a shapely Point in the store's CRS or absent. Absent
            status is the first of its life, absent ``reported_at`` is now, absent code is the next one of the day on
            which it was reported in the store's zone, such as ``20261122-000123``.
        actor, role
            Who registered it, and as what.

        Raises
        ------
        InputError
            For a value that does not fit, a category that the rules do not have, or a code that is stored already.
        StoreError
            The disk is full, or another program has been writing for too long.
        """
        return self._reporting.report(incident, actor, role)

    def decide(self, decision: Mapping[str, object]) -> int:
        """Write a decision (a row of :func:`gisapp.reports.deciding.decision`) and return its number."""
        with self._connections.writing() as connection:
            last = connection.exec_driver_sql("SELECT max(number) FROM decisions").scalar()
            row = checked_values("decisions", {"at": datetime.now(UTC), **decision, "number": int(last or 0) + 1})
            connection.execute(self._decisions.insert(), row)
        return int(row["number"])

    def note_way_out(self, action: str, *, actor: str, why: str, rows: Mapping[str, int]) -> None:
        """Write in the audit that something left the house, or was seen in clear: who, what, why, how many rows."""
        with self._connections.writing() as connection:
            add_note(connection, "audit", actor=actor, words=why, tables=rows, last=action)

    def standing(self) -> Standing:
        """Return whether the store can be written now, and how far it has come; waits half a second at most."""
        return standing(self._connections, head=self._schema)

    @property
    def answered(self) -> datetime | None:
        """Return when a database that is away answered last, None while it answers; what was read is told until then.

        What is not in memory raises an UnavailableError.
        """
        return self._connections.reach.answered

    @property
    def folder(self) -> Path | None:
        """Return the folder whose disk the store needs: that of its file; None for a server's."""
        return self.address.parent if isinstance(self.address, Path) else None

    @property
    def writers(self) -> int:
        """Return how many threads of this process write or wait for their turn to."""
        return self._connections.writing_now

    def imports(self) -> pd.DataFrame:
        """Return every import, oldest first: at, actor, note, tables (rows by table), source (what it came from)."""
        return self._noted("imports", ("tables", "source"))

    def audit(self) -> pd.DataFrame:
        """Return who changed what, oldest first: at, actor, note, tables (rows by table), action, hash."""
        return self._noted("audit", ("tables",))

    def audit_head(self) -> Head:
        """Return the last row of the audit's chain; printed on what leaves the house, it anchors the chain there."""
        return self._connections.told("audit head", head_in)

    def verify_audit(self) -> Verdict:
        """Return whether the audit is the chain that was written, and the whole of it by its anchor."""
        # The heads first: what is written meanwhile is then in the chain and not yet missed.
        path = anchor_path(self.address)
        anchors = None if path is None else read_anchors(path)
        with self._connections.reading() as connection:
            return verdict(rows_in(connection), anchors)

    def anchor_audit(self, *, anew: str = "") -> Head:
        """Append the head of the audit to its anchor and return it.

        Parameters
        ----------
        anew
            Why what was anchored before holds no more, such as a store brought back from a backup; stays in the file.

        Raises
        ------
        InputError
            When the audit does not verify and no reason is given, or the file cannot be written.
        """
        found = self.verify_audit()
        if found.fault and not anew:
            todo = "find out why; where there is a good reason, anchor anew with it"
            raise InputError(found.fault, todo=todo, file=str(self.address))
        path = anchor_path(self.address)
        if path is None:
            raise InputError("a server's store has no anchor", todo=f"name a folder for it in {FOLDER_VARIABLE}")
        with self._connections.reading() as connection:
            head = head_in(connection)
        try:
            append_head(path, head, anew=anew)
        except OSError as error:
            todo = "name a folder that exists and can be written"
            raise InputError(error.strerror or str(error), todo=todo, file=str(path)) from error
        return head

    def _noted(self, name: str, as_json: tuple[str, ...]) -> pd.DataFrame:
        with self._connections.reading() as connection:
            rows = connection.exec_driver_sql(f'SELECT * FROM "{name}" ORDER BY fid')
            frame = pd.DataFrame(rows.fetchall(), columns=list(rows.keys())).drop(columns="fid")
        frame["at"] = pd.to_datetime(frame["at"], format="ISO8601", utc=True)
        for column in as_json:
            frame[column] = [json.loads(text) for text in frame[column]]
        return frame

    def find(self, text: str, *, limit: int = 20) -> pd.DataFrame:
        """Return things whose code or name holds ``text``, for a search box.

        Equal ones stand first, then those that begin with it; Latin letters match in either case. Customers are
        found by account number only, and nothing personal is in the answer.

        Returns
        -------
        DataFrame
            kind (a table's name), utility, code, label, and x, y of a point on it in the store's CRS.
        """
        return self._connections.told(("found", text, limit), lambda asked: found(asked, text, limit))

    def setting(self, key: str) -> object:
        """Return a setting, None if it was never set."""
        return self._connections.told("settings", read_settings).get(key)

    def set_setting(self, key: str, value: object, *, actor: str) -> None:
        """Keep a setting: any value that JSON can say."""
        if key in _FIXED:
            raise InputError(f"setting {key!r} is fixed when a store is made", todo="make a new store")
        with self._connections.writing() as connection:
            write_setting(connection, key, value)
            add_note(connection, "audit", actor=actor, words=key, tables={}, last="setting")

    def kept_rules(self, topic: str) -> str | None:
        """Return the utility's own copy of the rules of a topic, None where those of the program hold."""
        kept = self.setting(f"rules.{topic}")
        return None if kept is None else str(kept)

    @property
    def rule_book(self) -> RuleBook:
        """Return the rules of incidents of every day: the utility's own, or those of the program."""
        return RuleBook(self.zone, self.kept_rules("incidents"))

    def keep_rules(self, topic: str, text: str | None, *, actor: str) -> None:
        """Keep a utility's own copy of the rules of a topic, or (None) go back to those of the program.

        Raises
        ------
        InputError
            When a row is wrong; names the row and the field, and nothing is kept.
        """
        if text is not None:
            self._require_known(rows_of(topic, text).get("alias", ()))
        self.set_setting(f"rules.{topic}", text, actor=actor)

    def _require_known(self, aliases: Iterable[AliasRule]) -> None:
        """Raise where an alias names neither a building nor a community of the store."""
        known = {code for name in ("buildings", "communities") for code in self.table(name, columns=["code"])["code"]}
        for rule in aliases:
            if rule.code not in known:
                raise InputError(
                    f"{rule.row}: found {rule.code!r}, which is neither a building nor a community here",
                    todo="correct the code, or bring the building in first",
                    file="places.toml",
                    field="code",
                )

    def place_aliases(self, now: pd.Timestamp) -> dict[str, str]:
        """Return what people call buildings and communities, by the names that hold at a moment: name -> code."""
        return place_aliases(now.tz_convert(self.zone).date(), self.kept_rules("places"))

    def workload_weights(self, now: pd.Timestamp) -> dict[str, float]:
        """Return the share of each measure in the workload of an average grid, by the rules that hold at a moment."""
        return workload_weights(now.tz_convert(self.zone).date(), self.kept_rules("workload"))


_FIXED = ("crs", "zone")


def create_store(
    address: str | os.PathLike[str] | ServerAddress,
    *,
    crs: object,
    zone: str = DEFAULT_ZONE,
    name: str = "",
    anchored: bool = True,
) -> Store:
    """Make an empty store in a new file, or in a database of a server that holds nothing, and open it.

    Parameters
    ----------
    address
        A file, or a database such as ``postgresql://user@host/city``.
    crs
        The project's frame, in metres; anything that pyproj understands.
    zone
        The time zone in which people read and write times.
    name
        What the store is called on screens.
    anchored
        Whether the heads of the audit go to its anchor; not while the file has yet to take its name.

    Raises
    ------
    StoreError
        When the file exists, or the database is not there, not empty or without PostGIS.
    CrsError
        When the frame is not in metres.
    InputError
        When there is no such zone.
    """
    address = store_address(address)
    frame = require_metres(crs, "the store")
    zone_named(zone)
    with new_store(address, frame) as connection:
        code = frame.to_epsg()
        values = {"crs": f"EPSG:{code}" if code else frame.to_wkt(), "zone": zone, "name": name}
        for key, value in values.items():
            write_setting(connection, key, value)
        if anchored:
            begin_anchor(address, "a new store")
    return Store(address, anchored=anchored)


def open_store(address: str | os.PathLike[str] | ServerAddress) -> Store:
    """Open a store: a file, or a database of a server.

    Raises
    ------
    StoreError
        When the file is absent, is no store, or was made by a newer or an older version of the program; when the server
        does not answer.
    """
    address = store_address(address)
    migrate.require_current(address)
    return Store(address)
