"""The steps that may follow: the usual one large, the others beside it; a reason is asked where it is demanded."""

from __future__ import annotations

import json
from dataclasses import asdict
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import Field, deed, may
from dashboards.emergency.parts import happened
from dashboards.emergency.standing import Standing
from gisapp.operations import Operation, allowed, amendable, burst_text, wants_reason
from gisapp.operations.lifecycle import DECISIONS, DONE
from gisapp.words import utility_word, word


def next_steps(standing: Standing, spoken: str) -> list[Component]:
    """Return a button for every transition that may follow."""
    operation = standing.operation
    if operation is None:
        return []
    moves = allowed(operation)
    made = [_move(action, operation, spoken, main=place == 0) for place, action in enumerate(moves)]
    return [button for button in made if button is not None]


def amending(standing: Standing, zone: ZoneInfo, spoken: str) -> list[Component]:
    """Return the buttons that say the head better, by a dialog or a clicked burst, and that of late entries."""
    operation = standing.operation
    if operation is None or not may(Permission.SHUTOFF_RECORD):
        return []
    names = amendable(operation)
    words = word("emergency.amend", spoken)
    asked = [_head_field(name, operation, zone, spoken) for name in names]
    buttons = (
        [
            deed(
                words,
                {"do": "amend", "code": operation.code},
                needs=Permission.SHUTOFF_RECORD,
                ask=asked,
                sign="pencil",
            )
        ]
        if names
        else []
    )
    if "links" in names and operation.kind == "emergency":
        told = {"data-case": "adding", "aria-pressed": "false"}
        buttons.append(html.Button([shell.icon("plus"), word("emergency.add", spoken)], className="button", **told))
    if operation.status not in DONE:
        buttons.append(_late(operation, zone, spoken))
    return [button for button in buttons if button is not None]


def _late(operation: Operation, zone: ZoneInfo, spoken: str) -> Component:
    """Return the button after which the next entry asks when it happened; dialogs that ask anyway take it from here."""
    asked = happened(zone, spoken, least=operation.opened_at)
    inside = [shell.icon("clock"), word("emergency.late", spoken)]
    return html.Button(inside, className="button late", **{"data-when": json.dumps(asdict(asked))})


def _head_field(name: str, operation: Operation, zone: ZoneInfo, spoken: str) -> Field:
    """Return the field of one column of the head, filled in as it stands."""
    label = word(f"emergency.field_{name}", spoken)
    if name == "links":
        return Field(name, label, value=burst_text(operation.bursts), required=True)
    value = getattr(operation, name)
    if name in ("planned_start", "planned_end"):
        return Field(name, label, "moment", value.astimezone(zone).strftime("%Y-%m-%dT%H:%M"), required=True)
    return Field(name, label, value=value or "")


def _move(action: str, operation: Operation, spoken: str, *, main: bool) -> Component | None:
    """Return the button of one transition; what ends or stops the work never looks like the usual step."""
    words = utility_word(f"operation.action.{action}", operation.utility, spoken)
    done = {"do": "step", "code": operation.code, "action": action, "seen": operation.status}
    reason = Field("note", word("emergency.field_why", spoken), "area", required=True)
    look = "bad" if action in ("cancel", "refuse") else "main" if main else ""
    return deed(
        words,
        done,
        needs=Permission.SHUTOFF_DECIDE if action in DECISIONS else Permission.SHUTOFF_RECORD,
        ask=[reason] if wants_reason(operation, action) else [],
        look=look,
        title=f"{words} · {operation.code}",
    )
