"""The sheet of an assessment on the page: the tables of the file, and the links that fetch it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.judging import Sheet
from gisapp.reports.assessing import assessment_text
from gisapp.reports.texts.text import Listing
from gisapp.words import word

MOST = 400
"""So many rows of a table are shown; the file has them all."""


def sheet_shown(sheet: Sheet, name: str, by: str, spoken: str) -> list[Component]:
    """Return the tables of a sheet as its file has them, and the links to the files."""
    text = assessment_text(sheet.facts, sheet.rates, sheet.weights, by=by, span=name, language=spoken)
    links = [
        html.A(
            [shell.icon("download"), word(f"assessment.file_{form}", spoken)],
            href=f"/assessment-sheet?{urlencode({'span': name, 'by': by, 'format': form, 'lang': spoken})}",
            className="button",
            download="",
        )
        for form in ("xlsx", "html")
    ]
    if sheet.facts.empty:
        return [shell.empty(word("assessment.no_facts", spoken), [word("assessment.other_span", spoken)], sign="list")]
    parts: list[Component] = [
        html.Div([html.H2(text.title), html.Div(links, className="buttons")], className="heading")
    ]
    for section in text.sections:
        inside: list[Any] = [html.P(one, className="quiet") for one in section.paragraphs]
        inside += [_table(section.listing, section.heading, spoken)] if section.listing is not None else []
        parts.append(html.Section([html.H3(section.heading), *inside]))
    return parts


def _table(listing: Listing, name: str, spoken: str) -> Component:
    head = html.Thead(html.Tr([html.Th(one, scope="col") for one in listing.columns]))
    rows = [html.Tr([html.Th(row[0], scope="row"), *map(html.Td, row[1:])]) for row in listing.rows[:MOST]]
    table = html.Table([head, html.Tbody(rows)])
    more = len(listing.rows) - MOST
    note = html.P(word("assessment.more_rows", spoken, count=more), className="quiet") if more > 0 else None
    return html.Div([html.Div(table, className="scrolls", tabIndex="0", role="region", **{"aria-label": name}), note])
