"""What the sections of the page are built from: a section, a button that writes, what it asks first, moments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.deeds import Field
from gisapp.words import word


def section(name: str, title: str, *parts: Component | None, beside: Component | None = None) -> Component:
    """Return a section under its heading; ``name`` is its place in the list of sections on a phone."""
    heading = html.H2(title) if beside is None else html.Div([html.H2(title), beside], className="heading")
    return html.Section([heading, *(part for part in parts if part is not None)], id=f"emergency-at-{name}")


def folded(rows: Sequence[Component], most: int, name: str, spoken: str) -> list[Component]:
    """Return rows as a list, those beyond ``most`` folded away."""
    first = html.Ul(list(rows[:most]), className=f"lines {name}")
    if len(rows) <= most:
        return [first]
    more = html.Summary(word("emergency.and_more", spoken, count=len(rows) - most))
    return [first, html.Details([more, html.Ul(list(rows[most:]), className=f"lines {name}")])]


def happened(zone: ZoneInfo, spoken: str, *, least: datetime | None = None) -> Field:
    """Return the field that asks when something happened, which is often written down later."""
    said = "" if least is None else least.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
    return Field("when", word("emergency.field_when", spoken), "past", zone=zone.key, least=said)


def clock(moment: datetime | pd.Timestamp, spoken: str, *, today: datetime) -> str:
    """Return a moment as it is said on this day: the time, with the date when it is another day."""
    if moment.date() == today.date():
        return moment.strftime("%H:%M")
    return word("emergency.day_clock", spoken, month=moment.month, day=moment.day, clock=moment.strftime("%H:%M"))


def chip(text: str, tone: str = "", sign: str = "") -> Component:
    """Return a short remark in a colour and in words."""
    signs = {"good": "circle-check", "bad": "alert-triangle", "warn": "alert-triangle"}
    shown = sign or signs.get(tone, "")
    return html.Span([shell.icon(shown), text] if shown else text, className=f"badge {tone}".strip())


def joined(*parts: str | None) -> str:
    """Return what is known, with dots between."""
    return " · ".join(part for part in parts if part)


def dn(value: Any) -> str | None:
    """Return a nominal diameter as it is said."""
    return f"DN{value:.0f}" if pd.notna(value) else None
