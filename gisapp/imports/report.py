"""The import report: what came in, what did not and why, and how the coordinates got here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gisapp import refusals
from gisapp.durable import replaced
from gisapp.errors import InputError
from gisapp.words import word

if TYPE_CHECKING:
    from gisapp.grids.cleaning import Cleaning

COLUMNS = ("table", "row", "field", "found", "todo")


@dataclass(frozen=True)
class Report:
    """What became of the rows of one file.

    Parameters
    ----------
    rows, accepted
        Rows of the file, over all its tables, and how many of them can come in.
    rejected
        One row for each fault: ``table``, ``row`` (data rows from 1), ``field``, ``found``, ``todo``;
        a row with two faults stands twice.
    warnings
        What the person should know although it stops nothing.
    provenance
        file, sha256, bytes, kind, encoding, crs, frame, operation, accuracy_m, mapping and more.
    cleaning
        What was done to make the polygons a valid coverage, where that was asked for.
    answers
        Of incidents: how many were located in which way, lie in a grid, go to a unit by which row of the rules, and how
        their clocks stand.
    """

    rows: int
    accepted: int
    rejected: pd.DataFrame
    warnings: tuple[str, ...]
    provenance: dict[str, Any]
    cleaning: Cleaning | None = None
    answers: dict[str, Any] | None = None

    @property
    def rejected_rows(self) -> int:
        """Return how many rows cannot come in; ``rows`` is ``accepted`` plus this and what cleaning lost."""
        return self.rows - self.accepted - (len(self.cleaning.of("lost")) if self.cleaning else 0)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values for JSON."""
        told = {
            "rows": self.rows,
            "accepted": self.accepted,
            "rejected_rows": self.rejected_rows,
            "rejected": self.rejected.astype({"row": int}).to_dict(orient="records"),
            "warnings": list(self.warnings),
            "provenance": self.provenance,
        }
        told |= {"answers": self.answers} if self.answers else {}
        return told | ({"cleaning": self.cleaning.as_json()} if self.cleaning else {})

    def summary(self, language: str) -> str:
        """Return the report in a few lines for a person."""
        lines = [
            word(
                "imports.summary",
                language,
                file=self.provenance["file"],
                rows=self.rows,
                accepted=self.accepted,
                rejected=self.rejected_rows,
            )
        ]
        for fault in self.rejected.head(5).itertuples():
            place = word("imports.row", language, table=fault.table, row=fault.row, field=fault.field or "-")
            lines.append(f"{place}: {refusals.told(InputError(str(fault.found), todo=str(fault.todo)), language)}")
        if len(self.rejected) > 5:
            lines.append(word("imports.more", language, count=len(self.rejected) - 5))
        lines += [word("imports.warning", language, text=refusals.told_text(text, language)) for text in self.warnings]
        return "\n".join(lines)


class RejectedError(InputError):
    """Rows of a file that cannot come in, so that nothing of it does; carries the whole report."""

    def __init__(self, report: Report) -> None:
        first = report.rejected.iloc[0]
        self.report = report
        super().__init__(
            f"{report.rejected_rows:,} of {report.rows:,} rows cannot come in, so nothing was imported; the first: "
            f"{first['found']}",
            todo=f"{first['todo']}; the report lists every row",
            file=report.provenance["file"],
            row=int(first["row"]),
            field=str(first["field"]) or None,
        )


class Faults:
    """Collects what is wrong with the rows of one table."""

    def __init__(self, table: str, rows: int) -> None:
        self.table = table
        self.mask = np.zeros(rows, dtype=bool)
        self._parts: list[pd.DataFrame] = []

    def add(self, rows: np.ndarray, field: str, found: list[str] | str, todo: str) -> None:
        """Reject the rows at these positions (from 0), each for what was found there."""
        if not len(rows):
            return
        self.mask[rows] = True
        part = pd.DataFrame({"table": self.table, "row": np.asarray(rows) + 1, "field": field})
        self._parts.append(part.assign(found=found, todo=todo)[list(COLUMNS)])

    def table_of(self) -> pd.DataFrame:
        """Return every fault, by row."""
        return by_row(self._parts)


def by_row(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return faults as one table, in the order of the file."""
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in COLUMNS})
    return pd.concat(parts).sort_values("row", kind="stable").reset_index(drop=True)


def save_report(report: Report, path: str | Path) -> None:
    """Write the report as JSON: staged beside its place, forced to the disk, then moved there.

    Raises
    ------
    InputError
        When the folder cannot be written.
    StoreError
        When the disk is full. In both cases an older report stays as it was.
    """
    with replaced(path) as staged:
        staged.write_text(json.dumps(report.as_json(), ensure_ascii=False, indent=1), encoding="utf-8")
