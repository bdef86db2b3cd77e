"""The only door for files: readers, checks, the import report.

``read_file`` and the values it takes and gives are found here. They are looked up when first asked
for, because the reading child imports this package too and must start fast, without the map libraries.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gisapp.imports.case import TARGETS
    from gisapp.imports.door import Batch, read_file
    from gisapp.imports.keys import tables_needed
    from gisapp.imports.mapping import Mapping
    from gisapp.imports.originals import rejected_rows
    from gisapp.imports.report import RejectedError, Report, save_report

__all__ = [
    "TARGETS",
    "Batch",
    "Mapping",
    "RejectedError",
    "Report",
    "read_file",
    "rejected_rows",
    "save_report",
    "tables_needed",
]
_HOMES = {
    "TARGETS": "case",
    "Batch": "door",
    "read_file": "door",
    "tables_needed": "keys",
    "Mapping": "mapping",
    "rejected_rows": "originals",
    "RejectedError": "report",
    "Report": "report",
    "save_report": "report",
}


def __getattr__(name: str) -> object:
    """Return a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"gisapp.imports.{_HOMES[name]}"), name)
