"""The reading child: ``python -m gisapp.imports.child FOLDER`` reads the staged file and leaves tables there.

It is the only process that runs parsers over a stranger's file. It limits itself before it opens
anything, tells its progress on standard output, and writes ``fault.json`` when the file cannot be used.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gisapp.children import limit, tell
from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.transport import Outbox

REQUEST = "request.json"
FAULT = "fault.json"


def main(folder: Path) -> int:
    """Read as ``request.json`` in the folder asks; return 0, or 2 with the reason in ``fault.json``."""
    request = json.loads((folder / REQUEST).read_text(encoding="utf-8"))
    limits = request["limits"]
    limit(memory_mb=limits["memory_mb"], cpu_s=limits["cpu_s"], written_mb=limits["written_mb"])
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
    columns = None if request["whole"] else wanted[first]
    facts: dict[str, object]
    if kind == "csv":
        from gisapp.imports.read_rows import read_csv

        facts = read_csv(path, columns, outbox, encoding=encoding, delimiter=request["delimiter"], progress=tell)
    elif kind == "xlsx":
        from gisapp.imports.read_rows import read_xlsx

        facts = read_xlsx(path, columns, outbox, sheet=request["sheet"], progress=tell)
    elif kind in ("inp", "json"):
        from gisapp.imports.read_networks import read_network

        facts = read_network(path, kind, wanted, outbox, encoding=encoding)
    elif kind == "geojson":
        from gisapp.imports.read_shapes import read_geojson

        facts = read_geojson(path, wanted[first], outbox, table=first, encoding=encoding, progress=tell)
    else:
        from gisapp.imports.read_shapes import read_gdal

        if kind == "zip":
            path, kind = sniff.unpacked_shapefile(path, layers.pop(first, None)), "shapefile"
        facts = read_gdal(path, kind, wanted, outbox, encoding=encoding, layers=layers)
    outbox.close({"kind": kind, **facts})


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
