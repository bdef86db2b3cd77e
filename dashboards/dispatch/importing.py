"""A hotline's export comes in from the page: checked first, then brought in, told step by step while it runs.

The file is read by the door of the command (:mod:`dashboards.incoming`), in a child with limits; what is brought in is
read anew and must be the very file that was checked. Whoever closes the page stops it, and nothing of it stays.
"""

from __future__ import annotations

import contextlib
import json
import queue
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from os import getpid
from pathlib import Path
from typing import Any

from dash import Dash
from flask import Response, request
from werkzeug.datastructures import FileStorage

from dashboards import shell
from dashboards.access import Permission, route
from dashboards.deeds import asking, may, me, roles
from dashboards.dispatch.desk import Desk
from dashboards.incoming import answered, read_for
from dashboards.scope import acts_everywhere
from dashboards.unavailable import words_of
from gisapp import refusals
from gisapp.children import Progress
from gisapp.errors import AccessError, GisappError, InputError, Interrupted, StoreError
from gisapp.harmless import harmless_cells
from gisapp.imports import Batch, Mapping, Report, rejected_rows
from gisapp.imports.guard import Limits
from gisapp.imports.layouts import LAYOUTS, mapping_by_layout
from gisapp.words import term, word

RULE = "/dispatch-import"
MAX_MB = 32
"""Of one file on the page; a larger one goes by the command."""
LIMITS = Limits(memory_mb=4096, cpu_s=120, written_mb=1024, wall_s=240)
KINDS = (".csv", ".xlsx")
PLACES = ("EPSG:4326", "EPSG:4490", "gcj02", "bd09", "project")
"""What coordinates of a file may be in: degrees, those of map services, or the project's metres."""
ENCODINGS = ("utf-8", "gb18030", "big5")
SHOWN = 200
"""Rejected rows that the page shows; its file has them all."""
_FRAMES = ("gcj02", "bd09")
_WORDS = (
    "title", "file", "layout", "mapping", "encoding", "places", "skip", "check", "bring", "stop", "sending", "reading",
    "too_large", "none", "rows", "accepted", "rejected", "columns", "answers", "faults", "all_faults", "more_faults",
    "row", "done", "checked", "refused", "lost", "stopped", "close", "tip",
)  # fmt: skip
_MAPPING_BYTES = 64 * 1024
_ONE = threading.Lock()  # one file at a time: each may take a processor and gigabytes


@dataclass(frozen=True)
class Asked:
    """What a person states of a file on the page; ``checked`` is the sum of the file that they saw checked."""

    file: Path
    layout: str
    own: Path | None
    encoding: str | None
    places: str
    skip_rejected: bool
    write: bool
    checked: str

    @property
    def folder(self) -> Path:
        """Return the folder in which the file lies, alone with its mapping."""
        return self.file.parent


def importing_role() -> str:
    """Return as what who asks may bring files in: a role that takes reports down everywhere; empty for nobody."""
    return next((role for role in roles() if acts_everywhere(asking(), role, "n")), "")


def add_import(app: Dash, desk: Desk) -> None:
    """Register the route that takes a file."""
    route(app, RULE, lambda: take(desk), needs=Permission.INCIDENTS_REPORT, method="POST")


def take(desk: Desk) -> Response:
    """Answer a file: lines of JSON that tell how far it is, and at the end what became of it."""
    role, who, spoken = importing_role(), me(), shell.language()
    if not role:
        raise AccessError("only who takes reports down for every grid may bring files in")
    asked = _received()
    stop = threading.Event()

    def work(progress: Progress) -> dict[str, Any]:
        report, written = brought_in(desk, asked, progress, note=f"hotline export as {role}", who=who)
        said = in_words(report, spoken)
        return told(said, written, spoken) | {"csv": _to_correct(asked.file, said)}

    answer = Response(_lines(work, stop, spoken, asked.folder), mimetype="application/x-ndjson")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Cache-Control"] = "no-store"
    answer.call_on_close(stop.set)
    return answer


def brought_in(desk: Desk, asked: Asked, progress: Progress, *, note: str, who: str) -> tuple[Report, bool]:
    """Return the report on a file, and whether its rows were written: all or, where that is asked, the accepted ones.

    Raises
    ------
    InputError
        When the file cannot be used, or is to be written and is not the one that was checked, or has rejected rows.
    """
    if asked.own is not None:
        mapping = Mapping.from_toml(asked.own)
    else:
        mapping = mapping_by_layout(asked.file, asked.layout, encoding=asked.encoding, limits=LIMITS)
    if "x" in mapping.geometry and not asked.places:
        names = ", ".join(str(mapping.geometry[key]) for key in ("x", "y") if key in mapping.geometry)
        raise InputError(
            f"it is not stated what the coordinates in {names} are in", todo="choose it under coordinates", field=names
        )
    crs = desk.store.crs.to_string() if asked.places == "project" else asked.places
    batch = read_for(
        desk.store,
        asked.file,
        "incidents",
        crs=None if not asked.places or asked.places in _FRAMES else crs,
        frame=asked.places if asked.places in _FRAMES else None,
        mapping=mapping,
        encoding=asked.encoding,
        skip_rejected=asked.skip_rejected or not asked.write,
        limits=LIMITS,
        progress=progress,
    )
    batch = answered(desk.store, batch)
    if asked.write:
        _write(desk, batch, asked, progress, note=note, who=who)
    return batch.report, asked.write


def in_words(report: Report, spoken: str) -> Report:
    """Return a report whose faults and warnings are told in a language."""
    faults = report.rejected
    words = {name: [refusals.told_text(text, spoken) for text in faults[name]] for name in ("found", "todo")}
    fields = [term("dispatch.import.field", name, spoken) for name in faults["field"]]
    warnings = tuple(refusals.told_text(text, spoken) for text in report.warnings)
    return replace(report, rejected=faults.assign(**words, field=fields), warnings=warnings)


def told(report: Report, written: bool, spoken: str) -> dict[str, Any]:
    """Return a report, which is in words already, as the page shows it."""
    faults = report.rejected[["row", "field", "found", "todo"]]
    mapping = report.provenance["mapping"]
    columns = {**mapping.get("columns", {}), **{k: v for k, v in mapping.get("geometry", {}).items() if k != "missing"}}
    return {
        "file": report.provenance["file"],
        "sum": report.provenance["sha256"],
        "rows": report.rows,
        "accepted": report.accepted,
        "rejected": report.rejected_rows,
        "written": written,
        "encoding": report.provenance.get("encoding"),
        "columns": [[term("dispatch.import.field", name, spoken), theirs] for name, theirs in columns.items()],
        "answers": _answers(report, spoken),
        "faults": [[int(row), *said] for row, *said in faults.head(SHOWN).to_numpy()],
        "fault_count": len(faults),
        "warnings": list(report.warnings),
    }


def _to_correct(file: Path, report: Report) -> str:
    """Return the rejected rows as they stand in the file, with what is wrong, as CSV for a spreadsheet."""
    if not report.rejected_rows:
        return ""
    return harmless_cells(rejected_rows(file, report, limits=LIMITS)).to_csv(index=False)


def _write(desk: Desk, batch: Batch, asked: Asked, progress: Progress, *, note: str, who: str) -> None:
    source = batch.report.provenance
    if source["sha256"] != asked.checked:
        raise InputError("it is not the file that was checked", todo="check it again", file=str(source["file"]))
    if not batch.report.accepted:
        raise InputError("no row can come in", todo="correct the rejected rows", file=str(source["file"]))
    desk.store.save(batch.tables, actor=who, note=note, source=source, progress=progress)


def _answers(report: Report, spoken: str) -> list[list[Any]]:
    """Return how many rows were answered how, in words."""
    found = report.answers or {}
    rows = [[word(f"dispatch.import.by.{way}", spoken), many] for way, many in found.get("located", {}).items()]
    grids = {**found.get("grids", {}), "near_border": found.get("near_border", 0)}
    rows += [[word(f"dispatch.import.{name}", spoken), many] for name, many in grids.items()]
    rows.append([word("dispatch.import.no_unit", spoken), found.get("units", {}).get("no row fits", 0)])
    late = sum(states.get("breached", 0) for states in found.get("clocks", {}).values())
    return [*rows, [word("dispatch.import.breached", spoken), late]]


def _received() -> Asked:
    """Return what was sent; the file and its mapping lie in a folder of their own."""
    given, sent = request.form, request.files.get("file")
    if sent is None or not sent.filename:
        raise InputError("no file was sent", todo="choose a file", field="file")
    name = Path(sent.filename.replace("\\", "/")).name
    if Path(name).suffix.lower() not in KINDS:
        raise InputError(
            f"{name} is not taken here", todo=f"give {' or '.join(KINDS)}; other kinds come by gisapp import", file=name
        )
    encoding, places = given.get("encoding", ""), given.get("places", "")
    for field, value, known in (("encoding", encoding, ENCODINGS), ("coordinates", places, PLACES)):
        if value and value not in known:
            raise InputError(f"found {value!r}", todo=f"use one of {', '.join(known)}", field=field)
    folder = Path(tempfile.mkdtemp(prefix=f"gisapp-import-{getpid()}-"))
    sent.save(folder / name)
    sent.close()
    own = request.files.get("mapping")
    return Asked(
        folder / name,
        given.get("layout", LAYOUTS[0]),
        _own_mapping(own, folder) if own is not None and own.filename else None,
        encoding if encoding and name.lower().endswith(".csv") else None,
        places,
        given.get("skip") == "true",
        given.get("write") == "true",
        given.get("checked", ""),
    )


def _own_mapping(sent: FileStorage, folder: Path) -> Path:
    text = sent.stream.read(_MAPPING_BYTES + 1)
    if len(text) > _MAPPING_BYTES:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError("the mapping has more than 64 kB", todo="give a mapping in TOML", field="mapping")
    path = folder / "mapping.toml.txt"
    path.write_bytes(text)
    return path


def _lines(
    work: Callable[[Progress], dict[str, Any]], stop: threading.Event, spoken: str, folder: Path
) -> Iterator[str]:
    """Begin the work and return lines of what it tells."""
    said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def progress(done: int, total: int) -> None:
        if stop.is_set():
            raise Interrupted("the page was closed or stopped; nothing was imported")
        said.put({"done": done, "total": total})

    def run() -> None:
        end: dict[str, Any] = {"fault": word("dispatch.import.broke", spoken)}
        try:
            with _one_at_a_time():
                end = {"end": work(progress)}
        except GisappError as refused:
            end = {"fault": words_of(refused, spoken)}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            said.put(end)

    threading.Thread(target=run, name="import", daemon=True).start()
    return _as_they_come(said)


def _as_they_come(said: queue.SimpleQueue[dict[str, Any]]) -> Iterator[str]:
    """Yield a line at least every second, so that a reader who is gone is noticed."""
    line: dict[str, Any] = {}
    while not {"end", "fault"} & set(line):
        try:
            line = said.get(timeout=1.0)
        except queue.Empty:
            line = {}
        yield json.dumps(line, ensure_ascii=False) + "\n"


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold the one place there is for a file that is read.

    Raises
    ------
    StoreError
        When another file has it.
    """
    if not _ONE.acquire(blocking=False):
        raise StoreError("another file is being read; try again in a minute")
    try:
        yield
    finally:
        _ONE.release()


def import_form(context: shell.Context) -> dict[str, str]:
    """Return what the browser makes the form of: its choices and words; nothing for a person who may not."""
    if not may(Permission.INCIDENTS_REPORT) or not importing_role():
        return {}
    offers = {
        "layout": [[name, context.word(f"dispatch.import.layout.{name}")] for name in (*LAYOUTS, "own")],
        "encoding": [[name, context.word(f"dispatch.import.encoding.{name}")] for name in ENCODINGS],
        "places": [["", context.word("dispatch.import.places.none")]]
        + [[name, context.word(f"dispatch.import.places.{name}")] for name in PLACES],
    }
    words = {name: context.word(f"dispatch.import.{name}").replace("{mb}", str(MAX_MB)) for name in _WORDS}
    told = {"rule": RULE, "offers": offers, "words": words, "max_bytes": MAX_MB * 2**20}
    return {"data-import": json.dumps(told, ensure_ascii=False)}
