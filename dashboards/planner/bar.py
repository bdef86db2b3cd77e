"""Which set of grids the page shows: those in force or a plan of the list, where it stands, and what may follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, actor, deed
from gisapp.grids.plan_life import STEPS
from gisapp.words import word

TONES = {"draft": "", "submitted": "warn", "approved": "good", "in_force": "good", "retired": "", "withdrawn": ""}
NEEDED = {"submit": Permission.GRIDS_EDIT, "withdraw": Permission.GRIDS_EDIT}
"""By which right a step is taken; all others are decisions."""


def plan_bar(listed: pd.DataFrame, code: str, zone: ZoneInfo, spoken: str) -> list[Component]:
    """Return the list of plans, folded under the name of the one that is shown, and the buttons of its life."""
    found = listed[listed["code"] == code]
    head = None if found.empty else found.iloc[0]
    title = word("planner.in_force", spoken) if head is None else str(head["name"])
    shown = [html.Strong(title)] if head is None else [html.Strong(title), html.Small(code), status_badge(head, spoken)]
    rows = [_choice("", [html.Strong(word("planner.in_force", spoken))], chosen=head is None)]
    rows += [
        _choice(row["code"], _row(row, zone, spoken), chosen=row["code"] == code) for row in listed.to_dict("records")
    ]
    begin = deed(
        word("planner.new", spoken),
        {"do": "new", "plan": code},
        needs=Permission.GRIDS_EDIT,
        ask=[Field("name", word("planner.field_name", spoken), required=True), *_joined(code, spoken)],
        sign="plus",
        title=word("planner.new_from", spoken, of=title),
    )
    return [
        html.Details(
            [html.Summary(shown, title=word("planner.plans", spoken)), html.Ul(rows, className="plans")],
            className="choice",
        ),
        html.Div([one for one in (*_steps(head, zone, spoken), begin) if one is not None], className="buttons"),
    ]


def _joined(code: str, spoken: str) -> list[Field]:
    """Return the field that asks whether streets over a river join units; a copy takes over what its plan says."""
    return [] if code else [Field("bridges", word("planner.field_bridges", spoken), "tick")]


def status_badge(head: Mapping[str, Any] | pd.Series, spoken: str) -> Component:
    """Return where a plan stands."""
    status = str(head["status"])
    return html.Span(word(f"planner.status_{status}", spoken), className=f"badge {TONES[status]}".strip())


def _row(row: Mapping[Any, Any], zone: ZoneInfo, spoken: str) -> list[Component]:
    """Return what the list says of a plan."""
    begun = row["in_force_from"]
    day = row["made_at"].tz_convert(zone).strftime("%Y-%m-%d")
    told = f"{row['code']} · {actor(row['author'], spoken)} · {day}"
    if pd.notna(begun):
        told += " · " + word("planner.from_minute", spoken, minute=begun.tz_convert(zone).strftime("%Y-%m-%d %H:%M"))
    return [html.Span([html.Strong(row["name"]), html.Small(told)]), status_badge(row, spoken)]


def _choice(code: str, inside: list[Component], *, chosen: bool) -> Component:
    button = html.Button(inside, className="row", **{"data-plan": code, "aria-pressed": str(chosen).lower()})
    return html.Li(button)


def _steps(head: pd.Series | None, zone: ZoneInfo, spoken: str) -> list[Component | None]:
    """Return a button for every step that may follow; an activation asks from which minute on."""
    if head is None or head["status"] not in STEPS or pd.notna(head["in_force_from"]):
        return []
    made = []
    for place, action in enumerate(STEPS[head["status"]]):
        note = Field("note", word("planner.field_note", spoken), "area")
        made.append(
            deed(
                word(f"planner.do_{action}", spoken),
                {"do": "step", "plan": head["code"], "action": action},
                needs=NEEDED.get(action, Permission.GRIDS_APPROVE),
                ask=[_minute(zone, spoken), _excepted(spoken), note] if action == "activate" else [note],
                look="bad" if action == "withdraw" else "main" if place == 0 else "",
                title=f"{word(f'planner.do_{action}', spoken)} · {head['name']}",
            )
        )
    return made


def _excepted(spoken: str) -> Field:
    """Return the field that asks which grids may begin without exactly one leader."""
    return Field("excepted", word("planner.field_excepted", spoken))


def _minute(zone: ZoneInfo, spoken: str) -> Field:
    """Return the field that asks from when on: the next midnight, unless somebody says otherwise."""
    midnight = (pd.Timestamp.now(zone) + pd.Timedelta(days=1)).strftime("%Y-%m-%dT00:00")
    return Field("minute", word("planner.field_minute", spoken), "moment", midnight, required=True)
