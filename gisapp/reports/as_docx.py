"""A text as a DOCX file, for offices that edit and stamp it there."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from gisapp.reports.as_html import numeric_columns
from gisapp.reports.texts.edition import Edition
from gisapp.reports.texts.text import Listing, Section

_FONTS = {"zh-Hans": "SimSun", "zh-Hant": "PMingLiU", "en": "SimSun"}
_TAGS = {"zh-Hans": "zh-CN", "zh-Hant": "zh-TW", "en": "zh-CN"}
_RED, _GREY = RGBColor(0xB3, 0x26, 0x1E), RGBColor(0x56, 0x61, 0x73)


@dataclass(frozen=True)
class Figure:
    """A picture (PNG) in a text, what it shows in words, and the keys to its colours (CSS colour, words)."""

    png: bytes
    words: str
    keys: tuple[tuple[str, str], ...] = ()


def text_docx(
    edition: Edition, *, issuer: str = "", made_at: datetime, figure: Figure | None = None, note: str = ""
) -> bytes:
    """Return a text as a DOCX file on A4: a head with issuer, operation and revision, a title, sections, tables.

    Parameters
    ----------
    made_at
        When it was made; stands in the properties of the file.
    figure
        Stands after the first section.
    note
        A last line of the paper that is no part of the text: who took it out, or the head of the audit.
    """
    text = edition.text
    document = Document()
    _set_up(document, text.language)
    _head(document, edition, issuer)
    title = document.add_paragraph(text.title, style="Title")
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for number, section in enumerate(text.sections):
        _add(document, section, facts=text.kind == "report_up")
        if number == 0 and figure is not None:
            _add_figure(document, figure)
    for said in filter(None, [*edition.notes(text.language), note]):
        line = document.add_paragraph().add_run(said)
        line.font.size, line.font.color.rgb = Pt(8), _GREY
    properties = document.core_properties
    properties.title, properties.author, properties.language = text.title, issuer, text.language
    properties.comments, properties.created, properties.modified = "", made_at, made_at
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _set_up(document: Any, language: str) -> None:
    """Set page and fonts: Chinese in a font that offices have, lines close enough for one page."""
    page = document.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.left_margin = page.right_margin = Mm(20)
    page.top_margin, page.bottom_margin = Mm(20), Mm(16)
    page.header_distance = page.footer_distance = Mm(8)
    sizes = {"Normal": 11.0, "Title": 18.0, "Heading 2": 12.5, "List Bullet": 11.0, "Header": 9.0}
    for name, size in sizes.items():
        style = document.styles[name]
        style.font.name, style.font.size = "Times New Roman", Pt(size)
        style.font.color.rgb = _GREY if name == "Header" else RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), _FONTS[language])
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # else the theme's fonts win
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        style.paragraph_format.space_before = Pt(8 if name == "Heading 2" else 0)
        style.paragraph_format.space_after = Pt(10 if name == "Title" else 3)
    _speak(document, language)
    border = document.styles["Title"].element.pPr.find(qn("w:pBdr"))
    if border is not None:
        document.styles["Title"].element.pPr.remove(border)


def _speak(document: Any, language: str) -> None:
    """Say in which language it is written, so that offices check and break lines rightly."""
    properties = document.styles["Normal"].element.get_or_add_rPr()
    mark = OxmlElement("w:lang")
    mark.set(qn("w:val"), "en-GB")
    mark.set(qn("w:eastAsia"), _TAGS[language])
    properties.append(mark)


def _head(document: Any, edition: Edition, issuer: str) -> None:
    """Write the head of the page."""
    line = document.sections[0].header.paragraphs[0]
    line.add_run(f"{issuer}　{edition.code}　" if issuer else f"{edition.code}　")
    mark = line.add_run(edition.mark(edition.text.language))
    if edition.released_at is None:
        mark.font.color.rgb, mark.font.bold = _RED, True


def _add(document: Any, section: Section, *, facts: bool) -> None:
    """Write one section."""
    if section.heading:
        document.add_paragraph(section.heading, style="Heading 2")
    for paragraph in section.paragraphs:
        document.add_paragraph(paragraph)
    for point in section.points:
        document.add_paragraph(point, style="List Bullet")
    if section.listing is not None:
        _add_table(document, section.listing, facts=facts)


def _add_figure(document: Any, figure: Figure) -> None:
    """Put a picture as wide as the lines, and below it its words and keys."""
    document.add_picture(io.BytesIO(figure.png), width=Mm(_TEXT_MM))
    shape = document.inline_shapes[-1]._inline.docPr
    shape.set("descr", figure.words)
    line = document.add_paragraph()
    line.add_run(f"{figure.words}　").font.size = Pt(9)
    for colour, words in figure.keys:
        mark = line.add_run("■ ")
        mark.font.size, mark.font.color.rgb = Pt(9), RGBColor.from_string(colour.lstrip("#").upper())
        line.add_run(f"{words}　").font.size = Pt(9)


def _add_table(document: Any, listing: Listing, *, facts: bool) -> None:
    """Write a table; its first row stands again on every page. Of facts the first column is a heading too."""
    right = numeric_columns(listing)
    table = document.add_table(rows=0, cols=len(listing.columns), style="Table Grid")
    for number, row in enumerate((listing.columns, *listing.rows)):
        cells = table.add_row().cells
        for place, cell in enumerate(row[: len(listing.columns)]):
            paragraph = cells[place].paragraphs[0]
            run = paragraph.add_run(cell)
            run.font.size, run.font.bold = Pt(10), number == 0 or (facts and place == 0)
            paragraph.paragraph_format.space_after = Pt(0)
            if place in right and number:
                paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if table.rows:
        first = table.rows[0]._tr.get_or_add_trPr()
        first.append(OxmlElement("w:tblHeader"))
    _widths(table, listing)


def _widths(table: Any, listing: Listing) -> None:
    """Give columns widths by what stands in them, so that short ones stay narrow and no word is broken."""
    rows = (listing.columns, *listing.rows)
    columns = [[row[place] for row in rows if place < len(row)] for place in range(len(listing.columns))]
    least = [
        max((_ems(word) for cell in cells for word in cell.split() if word.isascii()), default=2.0) for cells in columns
    ]
    wanted = [max(min(max(map(_ems, cells)), _WIDEST_EMS), one) for cells, one in zip(columns, least, strict=True)]
    room = _TEXT_MM / _EM_MM - _PAD_EMS * len(columns)
    share = (room - sum(least)) / max(sum(wanted) - sum(least), 1.0)
    table.autofit = False
    for place, (one, other) in enumerate(zip(least, wanted, strict=True)):
        width = Mm(_EM_MM * (_PAD_EMS + one + (other - one) * share))
        table.columns[place].width = width  # some offices read this, some the cells
        for cell in table.columns[place].cells:
            cell.width = width


_WIDEST_EMS = 26.0
_TEXT_MM, _EM_MM, _PAD_EMS = 170, 3.53, 1.6  # the page's lines, a letter of 10 points, the padding of a cell


def _ems(text: str) -> float:
    """Return how wide a text is, a Chinese letter counting as one."""
    return sum(1.0 if ord(letter) > 0x2E80 else 0.55 for letter in text)
