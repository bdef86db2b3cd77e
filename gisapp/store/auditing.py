"""The audit as a chain: each row's hash is over its content and the hash before; the last one is anchored outside.

The chain tells that a row was changed, taken out or put in. Who may write the file can still write the whole chain
anew, or cut off its end: the anchor, a file of its own to which every head is appended, tells that. So the anchor
belongs where those who may write the store cannot (``GISAPP_AUDIT_ANCHOR`` names a folder; beside the store otherwise).
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, pairwise
from pathlib import Path

from sqlalchemy import Connection

from gisapp.addresses import Address
from gisapp.errors import InputError
from gisapp.store.moment import iso, now_iso

FOLDER_VARIABLE = "GISAPP_AUDIT_ANCHOR"
START = "0" * 64
"""The hash before the first row."""
_MARK = "gisapp audit"
_SHOWN = 16
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Head:
    """The last row of a chain: its number and hash; number 0 where there is no row."""

    number: int = 0
    hash: str = START

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:_SHOWN]}"


@dataclass(frozen=True)
class AuditRow:
    """One row as its hash sees it; ``at`` and ``tables`` are texts."""

    number: int
    at: str
    actor: str
    note: str
    tables: str
    action: str
    hash: str | None = None

    def chained(self, before: str) -> str:
        """Return the hash of this row after the hash ``before``: SHA-256 of both as JSON without spaces, in UTF-8."""
        content = [before, self.number, self.at, self.actor, self.note, self.tables, self.action]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class Anchors:
    """What stands in the file of heads: the first hash of each number, since when, why anew, lines nobody can read."""

    path: Path
    heads: Mapping[int, str] = field(default_factory=dict)
    anew: str = ""
    unreadable: tuple[int, ...] = ()

    @property
    def last(self) -> int:
        """Return the highest number that was anchored, 0 if none."""
        return max(self.heads, default=0)


@dataclass(frozen=True)
class Verdict:
    """What verifying an audit found: its head, the first fault in words (empty where there is none), and remarks."""

    head: Head
    fault: str = ""
    remarks: tuple[str, ...] = ()


def add_row(connection: Connection, *, actor: str, words: str, tables: Mapping[str, int], action: str) -> None:
    """Write one row of the audit inside a transaction that holds the write lock; its head is anchored after it."""
    head = head_in(connection)
    row = AuditRow(head.number + 1, now_iso(), actor, words, json.dumps(dict(tables)), action)
    values = (row.number, row.at, row.actor, row.note, row.tables, row.action, row.chained(head.hash))
    connection.exec_driver_sql(
        'INSERT INTO "audit" ("fid", "at", "actor", "note", "tables", "action", "hash") VALUES (?, ?, ?, ?, ?, ?, ?)',
        values,
    )
    connection.info[_MARK] = Head(row.number, values[-1])


def head_in(connection: Connection) -> Head:
    """Return the last row of the chain."""
    row = connection.exec_driver_sql('SELECT "fid", "hash" FROM "audit" ORDER BY "fid" DESC LIMIT 1').fetchone()
    return Head(int(row[0]), row[1] or START) if row else Head()


def forget_head(connection: Connection) -> None:
    """Forget what a transaction wrote that did not come to its end."""
    connection.info.pop(_MARK, None)


def written_head(connection: Connection) -> Head | None:
    """Return the head that the transaction which now ends has written, None if it wrote no row of the audit."""
    found = connection.info.pop(_MARK, None)
    return found if isinstance(found, Head) else None


def rows_in(connection: Connection) -> Iterable[AuditRow]:
    """Return every row of the audit in the order of their numbers."""
    return (AuditRow(*row) for row in connection.exec_driver_sql(
        'SELECT "fid", "at", "actor", "note", "tables", "action", "hash" FROM "audit" ORDER BY "fid"'
    ))  # fmt: skip


def anchor_path(store: Address) -> Path | None:
    """Return the file to which the heads of a store's audit are appended; None for a server's, unless it is said."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder:
        return Path(folder) / f"{store.name}.anchor"
    return store.with_name(f"{store.name}.anchor") if isinstance(store, Path) else None


def append_head(path: Path, head: Head, *, anew: str = "") -> None:
    """Append a head to an anchor and have it on the disk; ``anew`` tells why what stood before holds no more.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    told = {"number": head.number, "hash": head.hash, "at": iso(datetime.now(UTC))} | ({"anew": anew} if anew else {})
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    try:
        size = os.lseek(handle, 0, os.SEEK_END)
        broken = size and os.lseek(handle, size - 1, os.SEEK_SET) and os.read(handle, 1) != b"\n"
        os.write(handle, (("\n" if broken else "") + json.dumps(told, ensure_ascii=False) + "\n").encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def try_append(path: Path, head: Head, *, anew: str = "") -> None:
    """Append a head to an anchor; what is committed stays so where that fails, and the log tells."""
    try:
        append_head(path, head, anew=anew)
    except OSError as error:
        log.error("%s: the audit's head %s could not be anchored: %s", path, head, error.strerror or error)


def begin_anchor(store: Address, why: str) -> None:
    """Begin the anchor of a store that is about to take its name; what another of that name has left holds no more.

    Not after it: a store that is killed in between would seem to be the other one with its tail cut off.
    """
    path = anchor_path(store)
    if path is not None:
        try_append(path, Head(), anew=why if path.exists() else "")


def read_anchors(path: Path) -> Anchors | None:
    """Return what stands in an anchor, None where there is no such file.

    Raises
    ------
    InputError
        When the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(error.strerror or str(error), todo="let this user read it", file=str(path)) from error
    heads: dict[int, str] = {}
    anew, unreadable = "", []
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            head, why = Head(int(told["number"]), str(told["hash"])), told.get("anew")
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable.append(number)
            continue
        if why:
            heads, anew = {}, f"{told.get('at')}: {why}"
        heads.setdefault(head.number, head.hash)
    return Anchors(path, heads, anew, tuple(unreadable))


def verdict(rows: Iterable[AuditRow], anchors: Anchors | None) -> Verdict:
    """Return whether the rows are the chain that was written, and the whole of it.

    The first row that is wrong is named: changed, taken out, put in, or written anew with all that follow. A cut tail
    shows by the anchor alone.
    """
    head, heads = Head(), anchors.heads if anchors else {}
    following: Iterator[AuditRow | None] = chain(rows, [None])  # the audit may be long: two rows are held at a time
    for row, after in pairwise(following):
        assert row is not None
        fault = _fault(row, after, head) or _unlike(row, heads)
        if fault:
            return Verdict(head, fault, _remarks(head, anchors))
        head = Head(row.number, row.hash or START)
    if anchors is not None and anchors.last > head.number:
        missing = _span(head.number + 1, anchors.last, "stood")
        return Verdict(head, f"the tail was cut: {missing} there by {anchors.path}", _remarks(head, anchors))
    return Verdict(head, "", _remarks(head, anchors))


def _fault(row: AuditRow, after: AuditRow | None, head: Head) -> str:
    """Return what is wrong with a row after the chain up to ``head``, empty where nothing is."""
    if row.number > head.number + 1:
        return _span(head.number + 1, row.number - 1, "taken out")
    if not row.hash:
        return f"row {row.number} was put in by another program: it has no hash"
    if row.hash == row.chained(head.hash):
        return ""
    if after is not None and _before(after, row.number).chained(head.hash) == after.hash:
        return f"row {row.number} was put in: row {after.number} follows on row {head.number}"
    if after is not None and after.hash == after.chained(row.hash):
        return f"row {row.number} was changed: its content is not that of its hash"
    return f"row {row.number} was changed or put in, or the row before it was: it does not follow on row {head.number}"


def _before(row: AuditRow, number: int) -> AuditRow:
    """Return a row as it was before another took its number."""
    return AuditRow(number, row.at, row.actor, row.note, row.tables, row.action)


def _unlike(row: AuditRow, heads: Mapping[int, str]) -> str:
    """Return what an anchor says against a row that fits into its chain."""
    if row.number not in heads or heads[row.number] == row.hash:
        return ""
    return f"row {row.number} was written anew, hash and all: it is not the row that was anchored"


def _span(first: int, last: int, done: str) -> str:
    """Return what was done with rows: "rows 3 to 5 taken out"."""
    return f"row {first} {done}" if first == last else f"rows {first} to {last} {done}"


def _remarks(head: Head, anchors: Anchors | None) -> tuple[str, ...]:
    """Return what a reader of the verdict should know besides."""
    if anchors is None:
        return ("there is no anchor: a cut tail, or a chain written anew, cannot be seen",)
    told = [f"anchored anew {anchors.anew}"] if anchors.anew else []
    if anchors.last < head.number:
        words = "written while the anchor could not be, by another program, or right before the program was killed"
        told.append(f"{_span(anchors.last + 1, head.number, 'not anchored')}: {words}")
    told += [f"{anchors.path}: line {number} cannot be read" for number in anchors.unreadable]
    return tuple(told)
