"""A text as a page: HTML that prints on A4 and opens without a network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from gisapp.reports.offline_page import offline_page
from gisapp.reports.texts.edition import Edition
from gisapp.reports.texts.text import Listing, Section

_NUMBER = re.compile(r"[-+]?[\d,.]+( [a-z%]+)?")
_STYLE = """
:root{--ink:#1c2430;--quiet:#566173;--line:#9aa4b2;--paper:#fff;--mark:#b3261e;--shade:#eef1f5}
body{margin:0 auto;max-width:800px;padding:24px;background:var(--paper);color:var(--ink);
font:16px/1.65 "Noto Serif CJK SC","Songti SC","SimSun","PMingLiU",serif}
header{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 16px;border-bottom:1px solid var(--line);
color:var(--quiet);font-size:13px}
.draft{color:var(--mark);font-weight:700}
h1{font-size:24px;text-align:center;margin:20px 0 12px}h2{font-size:17px;margin:14px 0 2px}
p{margin:4px 0;overflow-wrap:anywhere}ul{margin:4px 0;padding-left:24px}
table{border-collapse:collapse;width:100%;margin:8px 0;font-size:14.5px;line-height:1.5}
th,td{border:1px solid var(--line);padding:3px 8px;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:var(--shade);font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.facts td:first-child{width:8em;font-weight:600;overflow-wrap:normal}
figure{margin:12px 0}.keys{display:flex;flex-wrap:wrap;gap:2px 14px;list-style:none;padding:0;font-size:13px}
figure .swatch{display:inline;width:22px;height:14px}
figure svg{display:block;width:100%;height:auto}
footer{margin-top:16px;color:var(--quiet);font-size:12px;overflow-wrap:anywhere}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--quiet:#a9b4c2;--line:#4a5563;--paper:#15191f;
--mark:#ff8a80;--shade:#222a35}}
@media print{@page{size:A4;margin:16mm 18mm}body{max-width:none;padding:0;font-size:11.5pt;line-height:1.5}
h1{font-size:18pt}h2{font-size:12.5pt;break-after:avoid}table{font-size:10pt}tr{break-inside:avoid}thead{display:table-header-group}}
"""


def text_html(edition: Edition, *, issuer: str = "", figure: str = "", style: str = "", note: str = "") -> str:
    """Return a text as one HTML page, headed with issuer, operation and whether it is a draft or which revision.

    A figure, with the style that it needs, stands after the first section; a note that is no part of the text ends
    the page.
    """
    text = edition.text
    mark = "draft" if edition.released_at is None else "released"
    head = f"<span>{escape(issuer)}</span><span>{escape(edition.code)}</span>"
    head += f'<span class="{mark}">{escape(edition.mark(text.language))}</span>'
    said = filter(None, [*edition.notes(text.language), note])
    notes = "".join(f"<div>{escape(one)}</div>" for one in said)
    parts = [section_html(section, facts=text.kind == "report_up") for section in text.sections]
    sections = "".join([*parts[:1], figure, *parts[1:]])
    body = f"<header>{head}</header><main><h1>{escape(text.title)}</h1>{sections}</main><footer>{notes}</footer>"
    return offline_page(text.title, text.language, _STYLE + style, body)


def section_html(section: Section, *, facts: bool = False) -> str:
    """Return one section."""
    parts = [f"<h2>{escape(section.heading)}</h2>"] if section.heading else []
    parts += [f"<p>{escape(paragraph)}</p>" for paragraph in section.paragraphs]
    if section.points:
        parts.append(f"<ul>{''.join(f'<li>{escape(point)}</li>' for point in section.points)}</ul>")
    if section.listing is not None:
        parts.append(listing_html(section.listing, facts=facts))
    return f"<section>{''.join(parts)}</section>"


def listing_html(listing: Listing, *, facts: bool = False) -> str:
    """Return a table; columns of numbers stand at the right, of facts the first column is a heading too."""
    right = numeric_columns(listing)
    kind = ' class="facts"' if facts else ""

    def row(cells: Sequence[str], tag: str) -> str:
        marks = (' class="n"' if place in right else "" for place in range(len(cells)))
        inner = "".join(f"<{tag}{mark}>{escape(cell)}</{tag}>" for cell, mark in zip(cells, marks, strict=True))
        return f"<tr>{inner}</tr>"

    body = "".join(row(cells, "td") for cells in listing.rows)
    return f"<table{kind}><thead>{row(listing.columns, 'th')}</thead><tbody>{body}</tbody></table>"


def numeric_columns(listing: Listing) -> frozenset[int]:
    """Return the columns that hold nothing but numbers."""
    columns = range(len(listing.columns))
    cells = {place: [row[place] for row in listing.rows if place < len(row)] for place in columns}
    return frozenset(place for place in columns if cells[place] and all(map(_NUMBER.fullmatch, cells[place])))
