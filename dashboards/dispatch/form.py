"""What the form of the intake offers; the browser makes it of this: ``assets/dispatch-intake.js``."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from dash import html
from dash.development.base_component import Component
from flask import current_app, has_request_context

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import may
from dashboards.dispatch.desk import category_name
from dashboards.dispatch.intake import OF_TYPE
from dashboards.snapshot import snapshot_of
from gisapp.rules import IncidentRules, incident_rules
from gisapp.tables import CHANNELS, UTILITIES

FIELDS = ("category", "place", "words", "phone", "channel", "utility")
"""The fields in the order in which a caller tells."""
_WORDS = (
    "title",
    "pin",
    "pin.tip",
    "unpin",
    "send",
    "drill",
    "keys",
    "sent",
    "choose",
    *(f"{n}.label" for n in FIELDS),
)
_HINTS = ("place.hint", "words.hint", "phone.hint")


def intake_form(context: shell.Context) -> Component:
    """Return the place of the form with what it offers; it stays empty for a person who may not report."""
    told = {"offers": _offers(context), "words": {n: context.word(f"dispatch.form.{n}") for n in (*_WORDS, *_HINTS)}}
    form = {"data-form": json.dumps(told, ensure_ascii=False)} if may(Permission.INCIDENTS_REPORT) else {}
    preview = html.Div(id="dispatch-preview", className="preview", **{"aria-live": "polite"})
    return html.Div([html.Div(id="dispatch-form"), preview], id="dispatch-intake", className="intake", **form)


def rules_now() -> IncidentRules:
    """Return the rules of incidents that hold today."""
    if has_request_context():
        return snapshot_of(current_app).store.rule_book.at(datetime.now(UTC))
    return incident_rules(date.today())


def _offers(context: shell.Context) -> dict[str, Any]:
    """Return what can be chosen: categories by type, each behind a number that a keyboard finds it by."""
    groups: dict[str, list[list[str]]] = {}
    for number, rule in enumerate(rules_now().category, 1):
        name = f"{number} {category_name(rule, context.language)}"
        groups.setdefault(rule.type, []).append([rule.category, name, OF_TYPE.get(rule.type, "water")])
    return {
        "category": [[context.word(f"incident.{kind}"), rows] for kind, rows in groups.items()],
        "channel": [[name, context.word(f"channel.{name}")] for name in CHANNELS],
        "utility": [[name, context.word(f"utility.{name}")] for name in UTILITIES],
    }
