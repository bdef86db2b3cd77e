"""Proposals as rows of the table, and one of them with its facts, what speaks against it, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, actor, deed, sentence
from dashboards.listed import facts, joined, link, plain
from gisapp.tables import VERDICTS
from gisapp.words import catalog, term, word

COLUMNS = ("finding", "what", "about", "unit_code", "grid_code", "person", "at", "range", "verdict")
_WIDTHS = {
    "finding": 140,
    "what": 130,
    "about": 170,
    "unit_code": 100,
    "grid_code": 90,
    "person": 100,
    "at": 140,
    "range": 120,
}


def columns(spoken: str) -> list[dict[str, Any]]:
    """Return the columns of the table; each is filtered by what is written below its head."""
    return [
        {
            "field": name,
            "headerName": word(f"assessment.column.{name}", spoken),
            "width": _WIDTHS.get(name, 120),
            "floatingFilter": True,
            "filter": "agTextColumnFilter",
        }
        for name in COLUMNS
    ]


def rows_of(found: pd.DataFrame, zone: Any, spoken: str) -> list[dict[str, Any]]:
    """Return proposals as rows; ``code`` is the proposal's id."""
    return [
        {
            "code": row["proposal"],
            "finding": finding(row, spoken),
            "what": what(row, spoken),
            "about": plain(row["incident_code"]) or plain(row["shutoff_code"]) or plain(row["linked"]) or "",
            "unit_code": plain(row["unit_code"]) or "",
            "grid_code": plain(row["grid_code"]) or "",
            "person": plain(row["person"]) or "",
            "at": row["at"].tz_convert(zone).strftime("%Y-%m-%d %H:%M"),
            "range": money(row, spoken),
            "verdict": ""
            if pd.isna(row["verdict"])
            else sentence(word(f"assessment.verdict.{row['verdict']}", spoken)),
        }
        for row in found.to_dict("records")
    ]


def finding(row: Mapping[Any, Any], spoken: str) -> str:
    """Return what was found."""
    return sentence(word(f"assessment.finding.{row['finding']}", spoken))


def what(row: Mapping[Any, Any], spoken: str) -> str:
    """Return the clock, duty, cause or days in words."""
    said = str(row["what"] or "")
    if row["finding"] == "breach":
        return joined(said, catalog(spoken).get(f"clock.{said}"))
    if row["finding"] == "duty":
        return term("duty", said, spoken)
    if said.endswith(" days"):
        return word("assessment.days", spoken, days=said.split(maxsplit=1)[0])
    return term("assessment.what", said, spoken)


def money(row: Mapping[Any, Any], spoken: str) -> str:
    """Return the sum that was decided, else the range that the rules name."""
    if pd.notna(row["amount"]):
        return word("assessment.yuan", spoken, sum=f"{row['amount']:,.0f}")
    least, most = row["least"], row["most"]
    if pd.isna(least) or pd.isna(most):
        return ""
    told = f"{least:,.0f}" if least == most else f"{least:,.0f}–{most:,.0f}"
    return word("assessment.yuan", spoken, sum=told)


def chosen(row: Mapping[Any, Any], decisions: pd.DataFrame, zone: Any, spoken: str) -> Component:
    """Return one proposal: the facts it rests on, with their links, and the buttons that decide about it."""
    told = [
        (word("assessment.column.at", spoken), row["at"].tz_convert(zone).strftime("%Y-%m-%d %H:%M")),
        (word("assessment.column.unit_code", spoken), plain(row["unit_code"])),
        (word("assessment.column.person", spoken), plain(row["person"])),
        (word("assessment.column.grid_code", spoken), plain(row["grid_code"])),
        (word("assessment.column.range", spoken), money(row, spoken)),
        (word("assessment.article", spoken), plain(row["article"])),
    ]
    against = [one for one in str(row["against"] or "").split(",") if one]
    said = [html.Li(term("assessment.against", one, spoken)) for one in against]
    parts = [
        html.H2(joined(finding(row, spoken), what(row, spoken))),
        html.Div(_links(row, spoken), className="buttons"),
        facts(told),
        html.Div([html.Strong(word("assessment.speaks_against", spoken)), html.Ul(said)], className="note")
        if said
        else None,
        _decided(row, decisions, zone, spoken),
        html.Div(_deciding(row, spoken), className="buttons"),
        html.P(word("assessment.no_verdict", spoken), className="quiet"),
    ]
    shown = [part for part in parts if part is not None]
    return html.Section(shown, className="chosen", **{"data-code": row["proposal"]})


def _links(row: Mapping[Any, Any], spoken: str) -> list[Component]:
    """Return links to the rows that it rests on."""
    incident, shutoff, linked = (plain(row[name]) for name in ("incident_code", "shutoff_code", "linked"))
    of_incident = row["finding"] in ("reward", "repeat_repair", "repeat_complaint")
    made = [
        link("dispatch", "incident", incident, "list", spoken),
        link("emergency", "shutoff", shutoff, "alert-triangle", spoken),
    ]
    if linked != incident:
        made.append(
            link("dispatch", "incident", linked, "list", spoken)
            if of_incident
            else linked and html.Span(linked, className="chip")
        )
    return [one for one in made if one]


def _decided(row: Mapping[Any, Any], decisions: pd.DataFrame, zone: Any, spoken: str) -> Component | None:
    """Return every decision about a proposal, the last one first."""
    mine = decisions[decisions["proposal"] == row["proposal"]].sort_values("number", ascending=False)
    if mine.empty:
        return None
    items = []
    for one in mine.to_dict("records"):
        at = one["at"].tz_convert(zone).strftime("%Y-%m-%d %H:%M")
        amount = "" if pd.isna(one["amount"]) else word("assessment.yuan", spoken, sum=f"{one['amount']:,.0f}")
        verdict = html.Strong(word(f"assessment.verdict.{one['verdict']}", spoken))
        items.append(html.Li([verdict, " ", joined(amount, at, actor(one["decided_by"], spoken), plain(one["note"]))]))
    return html.Div([html.H3(word("assessment.decisions", spoken)), html.Ul(items)])


def _deciding(row: Mapping[Any, Any], spoken: str) -> list[Component]:
    """Return the buttons by which a named person decides."""
    note = word("assessment.field.note", spoken)
    asked = {
        VERDICTS[0]: [
            Field("amount", word("assessment.field.amount", spoken), "quantity", value=_number(row["least"])),
            *([Field("base", word("assessment.field.base", spoken), "quantity")] if pd.isna(row["least"]) else []),
            Field("note", note, "area"),
        ],
        VERDICTS[1]: [Field("note", note, "area", required=True)],
    }
    made = [
        deed(
            word(f"assessment.do.{verdict}", spoken),
            {"do": "decide", "proposal": row["proposal"], "verdict": verdict},
            needs=Permission.ASSESSMENT_DECIDE,
            ask=asked[verdict],
            look="main" if verdict == VERDICTS[0] else "",
            title=joined(word(f"assessment.do.{verdict}", spoken), finding(row, spoken)),
        )
        for verdict in VERDICTS
    ]
    return [button for button in made if button is not None]


def _number(value: Any) -> str:
    return "" if pd.isna(value) else f"{value:g}"
