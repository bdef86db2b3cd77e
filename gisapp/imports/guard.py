"""The guard at the door: a stranger's file is copied aside and read by a child with limits.

When the child runs out of memory or time, crashes, or the person interrupts, it is killed and the copy removed.
"""

from __future__ import annotations

import errno
import hashlib
import json
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gisapp.children import ERRORS, Progress, run_child
from gisapp.durable import private_folder
from gisapp.errors import InputError, Interrupted
from gisapp.imports import child, sniff
from gisapp.imports.transport import MANIFEST, Raw, received

MAX_FILE_MB = 2048


@dataclass(frozen=True)
class Limits:
    """What one reading may use: address space, processor seconds, size of each file written, seconds in all."""

    memory_mb: int = 6144
    cpu_s: int = 600
    written_mb: int = 8192
    wall_s: float = 900.0


@dataclass(frozen=True)
class Request:
    """What the child is asked: the columns wanted a table, and what the person declared about the file.

    ``whole`` asks for every column of a table in CSV or XLSX, whatever it is called.
    """

    wanted: dict[str, list[str]]
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    layers: dict[str, str] = field(default_factory=dict)
    whole: bool = False


@dataclass(frozen=True)
class Reading:
    """What came back: the tables, and the facts of the file (name, sha256, bytes, kind, encoding)."""

    tables: dict[str, Raw]
    facts: dict[str, object]


def guarded(path: Path, request: Request, *, limits: Limits = Limits(), progress: Progress | None = None) -> Reading:
    """Return the raw tables of a file, read by a limited child on a private copy.

    Raises
    ------
    InputError
        When the file is absent, too large, not what its name says, broken, or costs more than the limits.
    Interrupted
        When ``progress`` raises it or the person presses Ctrl-C; nothing stays behind.
    """
    kind = sniff.kind_named(path)
    with private_folder("import") as folder:
        facts = _copied(path, kind, folder)
        asked = {**asdict(request), "file": f"input{path.suffix.lower()}", "kind": kind, "limits": asdict(limits)}
        (folder / child.REQUEST).write_text(json.dumps(asked), encoding="utf-8")
        try:
            status = run_child("gisapp.imports.child", folder, wall_s=limits.wall_s, progress=progress)
        except KeyboardInterrupt as error:
            raise Interrupted(f"reading {path.name} was interrupted; nothing was imported") from error
        _refuse_failure(status, folder, path, limits)
        found, tables = received(folder)
    return Reading(tables, {**facts, **found})


def _copied(path: Path, kind: str, folder: Path) -> dict[str, object]:
    """Copy the file, and the parts of a shapefile, into the folder; return name, bytes and sha256."""
    if not path.is_file():
        raise InputError("there is no such file", todo="check the path", file=str(path))
    size = path.stat().st_size
    if size > MAX_FILE_MB * 2**20:
        raise InputError(
            f"the file has {size / 2**20:,.0f} MB", todo=f"split it; the limit is {MAX_FILE_MB} MB", file=path.name
        )
    journal = path.with_name(f"{path.name}-wal")
    if kind == "gpkg" and journal.exists() and journal.stat().st_size:
        raise InputError(
            "another program has the GeoPackage open and has not finished writing it",
            todo="close it there, or save a copy",
            file=path.name,
        )
    parts = [path]
    if kind == "shapefile":
        beside = {other.suffix.lower(): other for other in path.parent.glob(f"{_literal(path.stem)}.*")}
        parts += [beside[ending] for ending in sniff.SHAPEFILE_PARTS[1:] if ending in beside]
    try:
        sums = {part.name: _copy(part, folder / f"input{part.suffix.lower()}") for part in parts}
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise _no_space(path, folder) from error
        raise InputError(f"the file cannot be read ({error.strerror})", todo="check it", file=path.name) from error
    facts: dict[str, object] = {"file": path.name, "sha256": sums[path.name], "bytes": size}
    return facts if len(parts) == 1 else {**facts, "parts": sums}


def _literal(stem: str) -> str:
    """Return a name with the letters that glob would read as patterns disarmed."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in stem)


def _copy(source: Path, target: Path) -> str:
    """Copy a file and return its sha256 as it was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(2**20):
            digest.update(chunk)
            writing.write(chunk)
    return digest.hexdigest()


def _no_space(path: Path, folder: Path) -> InputError:
    return InputError(
        f"no space is left in {folder.parent} for reading it",
        todo=f"free at least {3 * path.stat().st_size / 2**20:,.0f} MB there, or set TMPDIR to another folder",
        file=path.name,
    )


def _refuse_failure(status: int | None, folder: Path, path: Path, limits: Limits) -> None:
    """Raise what the child found, or why it did not come to an end."""
    if status == 0 and (folder / MANIFEST).exists():
        return
    if status == 2 and (folder / child.FAULT).exists():
        fault = json.loads((folder / child.FAULT).read_text(encoding="utf-8"))
        found, todo = fault["found"], fault["todo"]
        raise InputError(found, todo=todo, file=path.name, row=fault["row"], field=fault["field"])
    told = (folder / ERRORS).read_text(encoding="utf-8", errors="replace")
    if "No space left on device" in told:
        raise _no_space(path, folder)
    if status is None:
        found = f"reading took more than {limits.wall_s:g} s"
    elif "MemoryError" in told or "bad_alloc" in told or "File too large" in told:
        found = f"reading needed more than {limits.memory_mb} MB of memory or {limits.written_mb} MB of disk"
    elif status in (-signal.SIGXCPU, -signal.SIGKILL):
        found = f"reading took more than {limits.cpu_s} s of processor time or was killed"
    else:
        last = told.strip().splitlines()[-1][:300] if told.strip() else f"status {status}"
        found = f"the reader broke on it ({last})"
    raise InputError(found, todo="check the file, split it, or export it again", file=path.name)
