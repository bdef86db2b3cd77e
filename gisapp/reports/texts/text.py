"""A text as a value: a title and sections, which a person edits as plain lines before it is released."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

BLANK = re.compile(r"\[[^\[\]\n]+\]")
"""What a person still has to fill in stands in square brackets."""


@dataclass(frozen=True)
class Listing:
    """A table in a text: headings and rows, all in words."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of a text: its heading (empty for none), paragraphs, points of a list, a table; in this order."""

    heading: str = ""
    paragraphs: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    listing: Listing | None = None


@dataclass(frozen=True)
class Text:
    """A text of a shutoff: one of :data:`gisapp.tables.NOTICE_KINDS`, its language, title and sections."""

    kind: str
    language: str
    title: str
    sections: tuple[Section, ...]

    @property
    def body(self) -> str:
        """Return all but the title as plain lines: ``# heading``, ``- point``, ``| cell | cell |``, paragraphs.

        Empty lines part paragraphs and sections. :func:`text_of` reads them back.
        """
        return "\n\n".join(block for section in self.sections for block in _blocks(section))

    @property
    def blanks(self) -> tuple[str, ...]:
        """Return what a person still has to fill in, in the order in which it stands."""
        return tuple(BLANK.findall(self.body))


def text_of(kind: str, language: str, title: str, body: str) -> Text:
    """Return the text that a body says, as it was released or as a person edited it.

    Every line is taken: what is no heading, point or row of a table is a paragraph.

    Examples
    --------
    >>> text_of("sms", "en", "SMS", "Water is off.").sections[0].paragraphs
    ('Water is off.',)
    """
    runs = [
        (mark, [_bare(line) for line in group])
        for mark, group in groupby((line for line in body.splitlines() if line.strip()), key=_mark)
    ]
    sections: list[Section] = []
    part = Section()
    for mark, lines in runs:  # one run of like lines after another
        if mark == "#":
            sections += [part, *(Section(heading) for heading in lines[:-1])]
            part = Section(lines[-1])
        elif part.listing is not None or (part.points and mark != "|") or (mark == "" and part.paragraphs):
            sections.append(part)
            part = _filled(Section(), mark, lines)
        else:
            part = _filled(part, mark, lines)
    kept = tuple(section for section in [*sections, part] if section != Section())
    return Text(kind, language, title, kept)


def _filled(part: Section, mark: str, lines: list[str]) -> Section:
    """Return a section with one more run of lines in it."""
    paragraphs, points, listing = part.paragraphs, part.points, part.listing
    if mark == "-":
        points = tuple(lines)
    elif mark == "|":
        cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
        listing = Listing(cells[0], tuple(cells[1:]))
    else:
        paragraphs = tuple(lines)
    return Section(part.heading, paragraphs, points, listing)


def _blocks(section: Section) -> list[str]:
    """Return the blocks of a section, each one or more lines."""
    blocks = [f"# {section.heading}"] if section.heading else []
    blocks += [_plain(paragraph) for paragraph in section.paragraphs]
    if section.points:
        blocks.append("\n".join(f"- {point}" for point in section.points))
    if section.listing is not None:
        rows = [section.listing.columns, *section.listing.rows]
        blocks.append("\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows))
    return blocks


def _plain(paragraph: str) -> str:
    """Return a paragraph that cannot be taken for a heading, a point or a row."""
    line = " ".join(paragraph.split())
    return f"\\{line}" if _mark(line) else line


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "｜").split())


def _mark(line: str) -> str:
    """Return what a line is: ``#``, ``-``, ``|`` or nothing for a paragraph."""
    bare = line.lstrip()
    if bare.startswith(("# ", "- ")):
        return bare[0]
    return "|" if bare.startswith("|") else ""


def _bare(line: str) -> str:
    """Return a line without its mark."""
    mark, bare = _mark(line), line.strip()
    if mark in ("#", "-"):
        return bare[2:].strip()
    return bare.removeprefix("\\") if mark == "" else bare
