"""One command begun in a process of its own, killed at some moment, and what became of it.

It is all there or not at all, all there if it had said so, and asked for again it ends as it should.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.killing import Ground, Outcome, asked, faults_of_store, store_words
from benchmarks.served import begun, killed
from gisapp.errors import StoreError
from gisapp.store import Store, open_store, verify_backup
from gisapp.store.points import points_in

LATER = "2099-01-01 00:00"
_IMPORTED = [
    *("--as", "incidents", "--geometry", "x=x", "--geometry", "y=y"),
    *("--column", "code=code", "--column", "reported_at=reported_at", "--value", "type=leak"),
    *("--value", "channel=phone", "--value", "status=registered", "--value", "drill=false"),
]


@dataclass(frozen=True)
class Operation:
    """One thing that the program is asked to do."""

    name: str
    words: Callable[[Ground], list[str]]
    """What the command line is asked."""
    tells: str
    """What it says when all is done."""
    parts: Callable[[Ground, Store], Mapping[str, bool | None]]
    """What it leaves: whether it is there; None for a part of it."""
    again: int
    """The exit status when it is asked for once more after all was done."""
    writes: Callable[[Ground], bool]
    """Whether it has begun to write, as far as can be seen from outside."""


def _import_words(on: Ground) -> list[str]:
    return ["import", str(on.before.file), *store_words(on), "--crs", on.before.crs, *_IMPORTED]


def _import_parts(on: Ground, store: Store) -> dict[str, bool | None]:
    rows = store.count("incidents") - on.before.incidents
    imports, audit = store.imports(), store.audit()
    parts: dict[str, bool | None] = {
        "rows": {0: False, on.before.rows: True}.get(rows),
        "rows read": {0: False, on.before.rows: True}.get(len(store.table("incidents")) - on.before.incidents),
        "revision": store.revision("incidents") != on.before.revision,
        "provenance": any(source.get("file") == on.before.file.name for source in imports["source"]),
        "audit": (audit["actor"] == "command line").any(),
    }
    report = on.before.file.with_name(f"{on.before.file.name}.report.json")
    if report.exists() and json.loads(report.read_text(encoding="utf-8"))["accepted"]:
        parts["report"] = True  # it is written last; that of a file that was refused tells of none
    return {name: None if there is None else bool(there) for name, there in parts.items()}


def _activate_words(on: Ground) -> list[str]:
    return ["plan", "activate", on.before.plan, "--at", LATER, *store_words(on)]


def _activate_parts(on: Ground, store: Store) -> dict[str, bool | None]:
    steps, grids = store.table("plan_steps"), store.table("grids")
    ours = steps[steps["plan_code"] == on.before.plan]
    added, now = len(grids) - on.before.grids, pd.Timestamp.now("UTC")
    return {
        "step": bool((ours["action"] == "activate").any()),
        "grids": added > 0,
        "grids of before": bool((grids["valid_to"] > now).any()),
        "audit": bool((store.audit()["action"] == "activate").any()),
    }


def _backup_words(on: Ground) -> list[str]:
    return ["backup", *store_words(on), "-o", str(on.folder / "kept.gpkg")]


def _backup_parts(on: Ground, store: Store) -> dict[str, bool | None]:
    return {"backup": _whole_backup(on.folder / "kept.gpkg")}


def _point_words(on: Ground) -> list[str]:
    return ["backup", "point", *store_words(on), "--folder", str(on.folder / "points")]


def _point_parts(on: Ground, store: Store) -> dict[str, bool | None]:
    found = [_whole_backup(path) for path in (on.folder / "points").glob("*.gpkg")]
    counted = len(points_in(on.store, on.folder / "points"))
    return {"points": bool(found) if all(found) else None, "counted": counted > 0}


def _whole_backup(path: Path) -> bool | None:
    """Return whether a backup is there; None where one stands that is no good."""
    if not path.exists():
        return False
    try:
        return bool(verify_backup(path).tables)
    except StoreError:
        return None


def _log_grows(on: Ground) -> bool:
    return on.size_of("-wal") > 0


def _copy_begun(on: Ground) -> bool:
    return any(on.folder.rglob(".*.part"))


OPERATIONS = [
    Operation("import", _import_words, " rows brought in", _import_parts, 2, _log_grows),
    Operation("activation", _activate_words, '"in_force_from"', _activate_parts, 2, _log_grows),
    Operation("backup", _backup_words, " checked", _backup_parts, 2, _copy_begun),
    Operation("backup point", _point_words, ": made", _point_parts, 0, _copy_begun),
]


Wait = Callable[[Ground, Operation, "subprocess.Popen[str]"], None]


def after(seconds: float) -> Wait:
    """Kill so long after the beginning."""
    return lambda on, operation, running: time.sleep(seconds)


def while_writing(seconds: float) -> Wait:
    """Kill so long after it was seen to write."""

    def wait(on: Ground, operation: Operation, running: subprocess.Popen[str]) -> None:
        while running.poll() is None and not operation.writes(on):
            time.sleep(0.0005)
        time.sleep(seconds)

    return wait


def timed(on: Ground, operation: Operation) -> tuple[float, float]:
    """Let an operation come to its end; return how long it took in all, and how long from its first write, in s."""
    start, writing = time.monotonic(), 0.0
    running = begun("-m", "dashboards", *operation.words(on))
    while running.poll() is None:
        if not writing and operation.writes(on):
            writing = time.monotonic()
        time.sleep(0.0005)
    end = time.monotonic()
    said = killed(running)
    assert running.returncode == 0, said
    assert operation.tells in said, said
    return end - start, end - (writing or start)


def kill(on: Ground, operation: Operation, wait: Wait) -> bool:
    """Begin an operation and kill it; return whether it had told that all was done."""
    running = begun("-m", "dashboards", *operation.words(on))
    wait(on, operation, running)
    told = operation.tells in killed(running)
    return told or running.returncode == 0


def judged(on: Ground, told: bool, operation: Operation) -> Outcome:
    """Return what became of an operation that was killed, and how it went when it was asked for again."""
    faults = faults_of_store(on.store)
    if faults:
        return Outcome(False, told, faults)
    done = _judge_parts(on, operation, told, faults)
    status, said = asked(*operation.words(on))
    if status != (operation.again if done else 0):
        faults.append(f"next try: exit status {status}: {said[-300:]}")
    faults += faults_of_store(on.store)
    if not _judge_parts(on, operation, True, faults):
        faults.append("next try: it left nothing")
    faults += [f"left behind: {path.name}" for path in on.folder.rglob(".*.part*")]
    return Outcome(done, told, faults)


def _judge_parts(on: Ground, operation: Operation, told: bool, faults: list[str]) -> bool:
    with open_store(on.store) as store:
        parts = operation.parts(on, store)
    done = all(parts.values())
    if not done and any(there is not False for there in parts.values()):
        faults.append(f"partial: {dict(parts)}")
    if told and not done:
        faults.append(f"lost: it was told that all was done, and there is {dict(parts)}")
    return done
