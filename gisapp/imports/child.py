"""The reading child: ``python -m gisapp.imports.child FOLDER`` reads the staged file and leaves tables there.

It is the only process that runs parsers over a stranger's file. It limits itself before it opens
anything, tells its progress on standard output, and writes ``fault.json`` when the file cannot be used.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.transport import Outbox

REQUEST = "request.json"
FAULT = "fault.json"
_PR_SET_PDEATHSIG = 1


def main(folder: Path) -> int:
    """Read as ``request.json`` in the folder asks; return 0, or 2 with the reason in ``fault.json``."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    _limit(request["limits"])
    _die_with_parent()
    try:
        _read(folder, request)
    except InputError as error:
        fault = {"found": error.found, "todo": error.todo, "row": error.row, "field": error.field}
        (folder / FAULT).write_text(json.dumps(fault), encoding="utf-8")
        return 2
    return 0


def _read(folder: Path, request: dict[str, Any]) -> None:
    """Choose the reader by the kind the name promises, after the content kept that promise."""
    path = folder / request["file"]
    kind: str = request["kind"]
    sniff.require_kind(path, kind)
    outbox = Outbox(folder)
    wanted = {table: set(columns) for table, columns in request["wanted"].items()}
    encoding, layers = request["encoding"], request["layers"]
    first = next(iter(wanted))
    facts: dict[str, object]
    if kind == "csv":
        from gisapp.imports.read_rows import read_csv

        facts = read_csv(
            path, wanted[first], outbox, encoding=encoding, delimiter=request["delimiter"], progress=_progress
        )
    elif kind == "xlsx":
        from gisapp.imports.read_rows import read_xlsx

        facts = read_xlsx(path, wanted[first], outbox, sheet=request["sheet"], progress=_progress)
    elif kind in ("inp", "json"):
        from gisapp.imports.read_networks import read_network

        facts = read_network(path, kind, wanted, outbox, encoding=encoding)
    elif kind == "geojson":
        from gisapp.imports.read_shapes import read_geojson

        facts = read_geojson(path, wanted[first], outbox, table=first, encoding=encoding, progress=_progress)
    else:
        from gisapp.imports.read_shapes import read_gdal

        if kind == "zip":
            path, kind = sniff.unpacked_shapefile(path, layers.pop(first, None)), "shapefile"
        facts = read_gdal(path, kind, wanted, outbox, encoding=encoding, layers=layers)
    outbox.close({"kind": kind, **facts})


def _progress(done: int, total: int) -> None:
    """Tell the parent how far the reading is."""
    print(json.dumps([done, total]), flush=True)


def _limit(limits: dict[str, int]) -> None:
    """Bound memory, processor time and the size of what is written; leave no core dump of personal data."""
    memory, written = limits["memory_mb"] * 2**20, limits["written_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written, written))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit then fails with an error


def _die_with_parent() -> None:
    """On Linux ask to be killed when the parent is gone: nobody would read the answer."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            sys.exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
