"""The rejected rows as they stood in the file, with what is wrong beside them: to correct and bring in again."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.guard import Limits, Request, guarded
from gisapp.imports.report import Report

KINDS = ("csv", "xlsx")
REASON = "gisapp"
"""The column that is added; nobody maps it, so that the file can be brought in again as it is."""


def rejected_rows(path: str | Path, report: Report, *, limits: Limits | None = None) -> pd.DataFrame:
    """Return the rejected rows of a CSV or XLSX file, each once, in the order of the file.

    Parameters
    ----------
    report
        What :func:`gisapp.imports.read_file` told of that very file.

    Returns
    -------
    DataFrame
        Every column of the file as its text, then :data:`REASON`: what was found and what to do, fault by fault.

    Raises
    ------
    InputError
        When the file is of another kind, or has changed since.
    """
    file, told = Path(path), report.provenance
    read = told["mapping"].get("read", {})
    if sniff.kind_named(file) not in KINDS:
        raise InputError(f"{file.name} is no table", todo="give a CSV or XLSX file", file=file.name)
    request = Request({"rows": []}, told.get("encoding"), read.get("delimiter"), told.get("sheet"), whole=True)
    reading = guarded(file, request, limits=limits or Limits())
    if reading.facts["sha256"] != told["sha256"]:
        raise InputError("it is not the file that was checked", todo="check it again", file=file.name)
    raw = next(iter(reading.tables.values()))
    faults = report.rejected
    said = faults["field"].astype("str") + ": " + faults["found"] + "; " + faults["todo"]
    reasons = said.groupby(faults["row"]).agg(" | ".join)
    rows = reasons.index.to_numpy() - 1
    columns = {name: text.full()[rows] for name, text in raw.columns.items()}
    return pd.DataFrame(columns).assign(**{REASON: reasons.to_numpy()})
