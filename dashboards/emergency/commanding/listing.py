"""The emergencies that are not over, drills apart and marked; and the button that declares one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import Field, deed
from dashboards.emergency.case import Case
from dashboards.emergency.commanding.asking import declaring
from dashboards.emergency.commanding.board import OVER
from dashboards.emergency.event import drill_chip
from dashboards.emergency.parts import chip, clock, joined, section
from dashboards.snapshot import Snapshot
from gisapp.emergencies import emergency_list
from gisapp.emergencies.model import Emergency, emergency_of
from gisapp.words import term, word

PAST = 8
"""How many that are over are listed."""
TONES = {"reported": "bad", "verified": "bad", "active": "bad", "stood_down": "warn"}


def events(case: Case, snapshot: Snapshot, spoken: str) -> Component:
    """Return the list of emergencies, those that are open first."""
    store = snapshot.store
    heads, steps = store.table("emergencies"), store.table("emergency_steps")
    rows = emergency_list(heads, steps, drills=True)
    now = pd.Timestamp.now(tz=store.zone)
    over = rows["status"].isin(OVER)
    known = {code: emergency_of(code, heads, steps) for code in rows["code"]}
    real = rows.loc[over & ~rows["drill"].astype(bool), "code"]
    late = sum(one.overdue(now.date()) for code in real for one in known[code].measures)
    running = [_row(row, known[row["code"]], now, spoken) for row in rows[~over].to_dict("records")]
    past = [_past(row, now, spoken) for row in rows[over].head(PAST).to_dict("records")]
    listed = (
        html.Ul(running, className="lines records")
        if running
        else html.P(word("command.none", spoken), className="quiet")
    )
    older = None
    if past:
        told = word("emergency.past", spoken, count=int(over.sum()))
        summary = html.Summary(
            [told, " ", chip(word("command.measures_late", spoken, count=late), "bad") if late else None]
        )
        older = html.Details([summary, html.Ul(past, className="lines records")])
    return section(
        "events", word("command.events", spoken), listed, older, beside=pointing(case.utility, snapshot, spoken)
    )


def pointing(utility: str, snapshot: Snapshot, spoken: str) -> Component | None:
    """Return the button after which a point of the map is an emergency."""
    return deed(
        word("command.declare", spoken),
        {"do": "declare"},
        needs=Permission.EMERGENCY_RECORD,
        ask=[
            *declaring(utility, spoken, snapshot.store.zone),
            Field("drill", word("emergency.field_drill", spoken), "tick"),
        ],
        sign="plus",
        point=True,
    )


def _row(row: Mapping[Any, Any], emergency: Emergency, now: pd.Timestamp, spoken: str) -> Component:
    """Return one that is open: status, level, who commands, since when."""
    level = term("level", str(emergency.level), spoken) if emergency.level else None
    commander = emergency.commander or word("command.nobody", spoken)
    head = [
        html.Strong(row["code"]),
        html.Span(word(f"command.status.{row['status']}", spoken), className=f"badge {TONES[row['status']]}"),
        drill_chip(spoken) if row["drill"] else None,
    ]
    said = joined(level, word("command.commands", spoken, who=commander))
    ends = emergency.moment("stand_down")
    running = {"data-since": emergency.opened_at.isoformat()} | ({"data-until": ends.isoformat()} if ends else {})
    told = [
        html.Span(head, className="head"),
        html.Span(_what(row, spoken), className="quiet"),
        html.Span([html.B(said), html.Span(**running)], className="line-foot"),
    ]
    return _opener(row, told)


def _past(row: Mapping[Any, Any], now: pd.Timestamp, spoken: str) -> Component:
    """Return one that is over."""
    day = clock(row["opened_at"].tz_convert(now.tz), spoken, today=now)
    status = joined(word(f"command.status.{row['status']}", spoken), day)
    head = [
        html.Strong(row["code"]),
        html.Span(status, className="quiet"),
        drill_chip(spoken) if row["drill"] else None,
    ]
    return _opener(row, [html.Span(head, className="head"), html.Span(_what(row, spoken), className="quiet")])


def _opener(row: Mapping[Any, Any], told: list[Component]) -> Component:
    utility = None if pd.isna(row["utility"]) else str(row["utility"])
    sign = html.Span(
        shell.icon(shell.UTILITY_ICONS.get(utility or "", "alert-triangle")), className=f"sign {utility or ''}"
    )
    shutoff = "" if pd.isna(row["shutoff_code"]) else str(row["shutoff_code"])
    button = html.Button(
        [sign, html.Span(told, className="grows")],
        className="row wide",
        **{"data-event": row["code"], "data-shutoff": shutoff, "data-of": utility or ""},
    )
    return html.Li(button, className="line drill" if row["drill"] else "line")


def _what(row: Mapping[Any, Any], spoken: str) -> str:
    place = None if pd.isna(row["place"]) else str(row["place"])
    return joined(str(row["summary"]), place, word(f"command.kind.{row['kind']}", spoken))
