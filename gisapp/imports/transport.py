"""How the reading child hands tables to its parent: plain text, numbers and WKB, never code.

A pickle from a process that has just read a stranger's file would let that file run code in the
server, and pyarrow is not among the dependencies. So every attribute travels as the text that stood
in the file: one UTF-8 file a column, values parted by NUL, or a list of the different values and
an int32 a row while those are few. An empty value is a missing one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np

from gisapp.errors import InputError

FEW_VALUES = 4096
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Text:
    """A column as it stood in the file: texts a row, or different texts and a code a row."""

    texts: np.ndarray
    codes: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.texts if self.codes is None else self.codes)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return one value a row from one value a text."""
        return values if self.codes is None else values[self.codes]

    def full(self) -> np.ndarray:
        """Return the text of every row."""
        return self.spread(self.texts)


@dataclass
class Raw:
    """One table of a file, unchecked: texts by the file's column names, shapes as WKB, and what the reader rejects.

    ``headers`` are all columns of the file, ``columns`` only those asked for. ``row_numbers`` is None when
    they are 1, 2, 3, ...; ``faults`` are (row position from 0, field, found, todo). ``warnings`` are the
    reader's own; ``numbers`` are the columns that are numbers in the file, so that leading zeros are lost.
    """

    name: str
    rows: int
    headers: list[str]
    columns: dict[str, Text]
    wkb: np.ndarray | None = None
    crs: str | None = None
    crs_said_by: str = ""
    faults: list[tuple[int, str, str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


class ColumnFile:
    """Takes the values of one column in chunks and writes them, as codes while they are few."""

    def __init__(self, stem: Path, header: str) -> None:
        self.stem, self.header = stem, header
        self._codes: list[np.ndarray] = []
        self._known: dict[str, int] | None = {}
        self._stream: IO[str] | None = None
        self._rows = 0

    def add(self, values: Sequence[str]) -> None:
        """Take the next values."""
        if self._known is not None:
            self._add_codes(values)
        else:
            self._write(values)
        self._rows += len(values)

    def close(self) -> str:
        """Finish and return the form written: ``codes`` or ``texts``."""
        if self._known is None:
            assert self._stream is not None
            self._stream.close()
            return "texts"
        codes = np.concatenate(self._codes) if self._codes else np.zeros(0, dtype=np.int32)
        codes.astype(np.int32).tofile(self.stem.with_suffix(".codes"))
        self._rows = 0
        self._open()
        self._write(list(self._known))
        assert self._stream is not None
        self._stream.close()
        return "codes"

    def _add_codes(self, values: Sequence[str]) -> None:
        assert self._known is not None
        for text in set(values).difference(self._known):
            if "\0" in text:
                raise self._holds_nul(values)
            self._known[text] = len(self._known)
        self._codes.append(np.fromiter(map(self._known.__getitem__, values), dtype=np.int32, count=len(values)))
        if len(self._known) > FEW_VALUES:
            texts = np.array(list(self._known), dtype=object)
            done, self._known, self._codes = self._codes, None, []
            rows, self._rows = self._rows, 0
            self._open()
            for chunk in done:
                self._write(texts[chunk].tolist())
                self._rows += len(chunk)
            self._rows = rows

    def _open(self) -> None:
        self._stream = self.stem.with_suffix(".texts").open("w", encoding="utf-8", newline="")

    def _write(self, values: Sequence[str]) -> None:
        assert self._stream is not None
        joined = "\0".join(values)
        if joined.count("\0") != max(len(values) - 1, 0):
            raise self._holds_nul(values)
        try:
            self._stream.write(("\0" if self._rows else "") + joined)
        except UnicodeEncodeError as error:
            self._stream.close()
            raise InputError(
                "holds half of a Unicode character", todo="write the file again as UTF-8", field=self.header
            ) from error

    def _holds_nul(self, values: Sequence[str]) -> InputError:
        row = next(number for number, text in enumerate(values) if "\0" in text)
        if self._stream is not None:
            self._stream.close()
        return InputError(
            "holds a NUL character", todo="remove it from the file", row=self._rows + row + 1, field=self.header
        )


class Outbox:
    """The child's side: writes tables into a folder, and a manifest last, so that half an answer is none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._entries: list[dict[str, object]] = []

    def column(self, number: int, header: str) -> ColumnFile:
        """Return the file for column ``number`` of the next table."""
        return ColumnFile(self.folder / f"t{len(self._entries)}-c{number}.x", header)

    def put(self, raw: Raw, columns: Sequence[ColumnFile], wkb: Sequence[bytes | None] | None = None) -> None:
        """Finish a table whose columns were written already."""
        table = len(self._entries)
        if wkb is not None:
            sizes = np.fromiter((len(shape or b"") for shape in wkb), dtype=np.int64, count=len(wkb))
            sizes.tofile(self.folder / f"t{table}.sizes")
            with (self.folder / f"t{table}.wkb").open("wb") as stream:
                stream.writelines(shape for shape in wkb if shape)
        self._entries.append(
            {
                "name": raw.name,
                "rows": raw.rows,
                "headers": raw.headers,
                "columns": [[column.header, column.close(), column.stem.stem] for column in columns],
                "wkb": wkb is not None,
                "crs": raw.crs,
                "crs_said_by": raw.crs_said_by,
                "faults": raw.faults,
                "warnings": raw.warnings,
                "numbers": raw.numbers,
            }
        )

    def put_columns(
        self, raw: Raw, columns: Iterable[tuple[str, Sequence[str]]], wkb: Sequence[bytes | None] | None
    ) -> None:
        """Write a whole table at once."""
        files = []
        for number, (header, values) in enumerate(columns):
            file = self.column(number, header)
            file.add(values)
            files.append(file)
        self.put(raw, files, wkb)

    def close(self, facts: dict[str, object]) -> None:
        """Write the manifest with what is known of the whole file."""
        text = json.dumps({"facts": facts, "tables": self._entries}, ensure_ascii=True)
        (self.folder / MANIFEST).write_text(text, encoding="utf-8")


def received(folder: Path) -> tuple[dict[str, object], dict[str, Raw]]:
    """Return the facts and the tables that a child left in ``folder``."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    tables = {}
    for number, entry in enumerate(manifest["tables"]):
        rows = int(entry["rows"])
        columns = {header: _column(folder / f"{stem}.x", form, rows) for header, form, stem in entry["columns"]}
        tables[str(entry["name"])] = Raw(
            entry["name"],
            rows,
            entry["headers"],
            columns,
            _shapes(folder, number) if entry["wkb"] else None,
            entry["crs"],
            entry["crs_said_by"],
            [(int(row), name, found, todo) for row, name, found, todo in entry["faults"]],
            entry["warnings"],
            entry["numbers"],
        )
    return manifest["facts"], tables


def _column(stem: Path, form: str, rows: int) -> Text:
    """Return one column as it was written."""
    text = stem.with_suffix(".texts").read_bytes().decode("utf-8")
    codes = np.fromfile(stem.with_suffix(".codes"), dtype=np.int32) if form == "codes" else None
    texts = np.array(text.split("\0"), dtype=object)
    # A reader may leave empty rows at the end that it found out too late are none.
    return Text(texts[:rows]) if codes is None else Text(texts, codes[:rows])


def _shapes(folder: Path, number: int) -> np.ndarray:
    """Return WKB a row, None where there is none."""
    sizes = np.fromfile(folder / f"t{number}.sizes", dtype=np.int64)
    ends = np.cumsum(sizes)
    wkb = (folder / f"t{number}.wkb").read_bytes()
    shapes = np.empty(len(sizes), dtype=object)
    shapes[:] = [
        wkb[end - size : end] if size else None for end, size in zip(ends.tolist(), sizes.tolist(), strict=True)
    ]
    return shapes
