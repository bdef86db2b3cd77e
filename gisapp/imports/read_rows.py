"""CSV and XLSX into raw tables, in the reading child: every cell as the text that stands there."""

from __future__ import annotations

import csv
import datetime
import gc
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from gisapp.children import Progress
from gisapp.errors import InputError
from gisapp.imports import sniff
from gisapp.imports.transport import ColumnFile, Outbox, Raw

CHUNK_ROWS = 8192
MAX_CELL_CHARACTERS = 4_000_000
TABLE = "rows"
_FIRST_CELL = itemgetter(0)
# What openpyxl raises on broken parts.
_BROKEN = (KeyError, ValueError, OSError, SyntaxError, IndexError, TypeError, AttributeError, EOFError, zlib.error)


def read_csv(
    path: Path,
    wanted: set[str] | None,
    outbox: Outbox,
    *,
    encoding: str | None,
    delimiter: str | None,
    progress: Progress,
) -> dict[str, object]:
    """Write the wanted columns of a CSV file, None: all, into the outbox and return the facts about the file."""
    codec, notes = sniff.encoding_of(path, encoding)
    gc.disable()  # millions of short-lived lists of text hold no cycles; looking for them doubles the time
    csv.field_size_limit(MAX_CELL_CHARACTERS)
    with path.open("rb") as source, io.TextIOWrapper(source, encoding=codec, newline="") as stream:
        reader = csv.reader(stream, delimiter=delimiter or ("\t" if path.suffix == ".tsv" else ","), strict=True)
        try:
            headers = next(reader, [])
            size = path.stat().st_size
            raw, files = _put_rows(
                [header.strip() for header in headers],
                reader,
                wanted,
                outbox,
                tick=lambda _rows: progress(source.tell(), size),
            )
        except csv.Error as error:
            raise InputError(
                f"line {reader.line_num} is not CSV ({error})", todo="close the quotes, or export it again"
            ) from error
    raw.warnings += notes
    _refuse_delimiter(raw.headers)
    outbox.put(raw, files)
    return {"encoding": "utf-8" if codec == "utf-8-sig" else codec}


def read_xlsx(
    path: Path, wanted: set[str] | None, outbox: Outbox, *, sheet: str | None, progress: Progress
) -> dict[str, object]:
    """Write the wanted columns of one sheet into the outbox; a formula comes as its text, from = on."""
    import openpyxl

    sniff.require_sound_zip(path)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except _BROKEN as error:
        raise InputError(f"the workbook cannot be read ({error})", todo="save it again as XLSX") from error
    if sheet is None and len(book.sheetnames) > 1:
        raise InputError(
            f"the workbook has the sheets {', '.join(book.sheetnames)}", todo="name one as sheet under [read]"
        )
    if sheet is not None and sheet not in book.sheetnames:
        raise InputError(f"no sheet {sheet!r}; there are {', '.join(book.sheetnames)}", todo="name one of them")
    page: Any = book[sheet or book.sheetnames[0]]
    numbers: set[int] = set()
    rows = _cells(_sound(page.iter_rows()), numbers)
    headers = [text.strip() for text in next(rows, [])]
    while headers and not headers[-1]:
        headers.pop()
    numbers.clear()
    total = page.max_row or 0
    body = _trimmed(rows, len(headers))
    raw, files = _put_rows(headers, body, wanted, outbox, tick=lambda done: progress(done, total))
    raw.numbers = [headers[place] for place in sorted(numbers) if place < len(headers)]
    outbox.put(raw, files)
    return {"sheet": page.title}


def _put_rows(
    headers: list[str],
    rows: Iterator[list[str]],
    wanted: set[str] | None,
    outbox: Outbox,
    *,
    tick: Callable[[int], None],
) -> tuple[Raw, list[ColumnFile]]:
    """Write the wanted columns; rows that are empty or have too few or too many cells become faults."""
    raw = Raw(TABLE, 0, headers, {})
    if not any(headers):
        raise InputError("the first row has no column names", todo="put the names of the columns in the first row")
    names = _told_apart(headers) if wanted is None else headers
    twice = sorted({name for name in names if (wanted is None or name in wanted) and names.count(name) > 1})
    if twice:
        raise InputError(f"the column {twice[0]!r} stands twice", todo="rename one of them", field=twice[0])
    places = [number for number, name in enumerate(names) if wanted is None or name in wanted]
    files = [outbox.column(place, names[place]) for place in places]
    empty_tail: list[int] = []
    while chunk := list(islice(rows, CHUNK_ROWS)):
        _mend_shape(chunk, raw, empty_tail)
        columns = list(zip(*chunk, strict=True))
        for place, file in zip(places, files, strict=True):
            file.add(columns[place])
        raw.rows += len(chunk)
        tick(raw.rows)
    _drop_tail(raw, empty_tail)
    return raw, files


def _told_apart(headers: list[str]) -> list[str]:
    """Return names of which none stands twice: one that does, or is none, has the number of its column."""
    return [name if name and headers.count(name) == 1 else f"{name} {place}" for place, name in enumerate(headers, 1)]


def _mend_shape(chunk: list[list[str]], raw: Raw, empty_tail: list[int]) -> None:
    """Note rows of the wrong width as faults and give them the right one, so that columns line up."""
    width = len(raw.headers)
    if {*map(len, chunk)} == {width} and all(map(_FIRST_CELL, chunk)):  # nearly every chunk
        empty_tail.clear()
        return
    for number, row in enumerate(chunk):
        if len(row) == width and (row[0] or any(row)):
            empty_tail.clear()
            continue
        place = raw.rows + number
        if any(row):
            empty_tail.clear()
            found = f"{len(row)} cells where the first row has {width}"
            raw.faults.append((place, "", found, "quote cells that hold the delimiter, or add the missing cells"))
        else:
            empty_tail.append(place)
            raw.faults.append((place, "", "the row is empty", "remove the row"))
        chunk[number] = [""] * width


def _drop_tail(raw: Raw, empty_tail: list[int]) -> None:
    """Forget that empty rows at the very end are faulty: they are not rows. (They stay as empty positions.)"""
    gone = set(empty_tail)
    raw.faults = [fault for fault in raw.faults if fault[0] not in gone]
    raw.rows -= len(gone)


def _sound(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the rows of a sheet; raise InputError behind the last that can be read, where the sheet is broken."""
    number = 0
    try:
        for row in rows:
            yield row
            number += 1
    except _BROKEN as error:
        raise InputError(f"the sheet is broken below row {number} ({error})", todo="save it again as XLSX") from error


def _cells(rows: Iterable[Sequence[Any]], numbers: set[int]) -> Iterator[list[str]]:
    """Return each row's cells as text, noting in which columns numbers stand."""
    for row in rows:
        texts = []
        for place, cell in enumerate(row):
            if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                numbers.add(place)
            texts.append(_cell_text(cell.value))
        yield texts


def _cell_text(value: object) -> str:
    """Return what stands in a cell as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    text = getattr(value, "text", None)  # an array formula
    return f"={str(text).removeprefix('=')}" if text is not None else str(value)


def _trimmed(rows: Iterable[list[str]], width: int) -> Iterator[list[str]]:
    """Return rows cut or filled to the width: a sheet has no cells after the last one written."""
    for row in rows:
        while len(row) > width and not row[-1]:
            row.pop()
        yield row + [""] * (width - len(row))


def _refuse_delimiter(headers: list[str]) -> None:
    """Raise when the whole first row is one name with another delimiter in it."""
    other = [name for mark, name in ((";", "semicolon"), ("\t", "tab"), ("|", "bar")) if mark in headers[0]]
    if len(headers) == 1 and other:
        raise InputError(
            f"the first row is one column, parted by {other[0]}s: {headers[0][:60]!r}",
            todo='name the delimiter under [read], such as delimiter = ";"',
        )
