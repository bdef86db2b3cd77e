"""What the sections of the page are built from: a section, a button that writes, what it asks first, moments."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component
from flask import current_app, has_request_context

from dashboards import shell
from dashboards.access import Permission, Person, access_of
from gisapp.words import word


@dataclass(frozen=True)
class Field:
    """What a button asks before it writes: an input of the dialog (text, area, moment, past, tick, choice).

    A ``past`` is a moment in ``zone`` that is not before ``least`` and has happened; empty stands for now.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    zone: str = ""
    least: str = ""


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


def may(needs: Permission) -> bool:
    """Return whether the person who asks holds a permission."""
    person = _person()
    return person is not None and needs in person.permissions


def me() -> str:
    """Return the code of the person who asks."""
    person = _person()
    return person.code if person is not None else ""


def _person() -> Person | None:
    return access_of(current_app).person() if has_request_context() else None


def deed(
    words: str,
    done: Mapping[str, Any],
    *,
    needs: Permission = Permission.SHUTOFF_RECORD,
    ask: Sequence[Field] = (),
    look: str = "",
    sign: str = "",
    title: str = "",
) -> Component | None:
    """Return a button that writes ``done`` into the record, None for a person who may not.

    Parameters
    ----------
    done
        As :func:`dashboards.emergency.record.write` takes it; answers to ``ask`` are added to it.
    look
        ``main`` for what is usually done next, ``bad`` for what is not undone.
    title
        Of the dialog that asks; the button's words when absent.
    """
    if not may(needs):
        return None
    told = {"data-deed": json.dumps(done), "data-needs": str(needs)}
    if ask:
        told |= {"data-ask": json.dumps([asdict(field) for field in ask]), "data-title": sentence(title or words)}
    said = sentence(words)
    inside = [shell.icon(sign), said] if sign else said
    return html.Button(inside, className=f"button writes {look}".strip(), **told)


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


def sentence(words: str) -> str:
    """Return words as they begin a line."""
    return words[:1].upper() + words[1:]


def dn(value: Any) -> str | None:
    """Return a nominal diameter as it is said."""
    return f"DN{value:.0f}" if pd.notna(value) else None


def actor(code: str, spoken: str) -> str:
    """Return who did something: the code of the person; without accounts, this machine."""
    return word("emergency.local", spoken) if code == "local" else code
