"""Clocks and duties: what must be done, until when, and was it; the estimate of the restoration with all before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, actor, deed, sentence
from dashboards.emergency.parts import chip, clock, joined, section
from dashboards.emergency.standing import Standing
from gisapp.operations import allowed, recordable
from gisapp.operations.duties import duties
from gisapp.operations.lifecycle import DECISIONS
from gisapp.words import utility_word, word

TONES = {"breached": "bad", "due_soon": "warn", "running": "", "not_judged": "", "met": "good"}
"""The colour of every state of a clock, the worst first."""
DOES = {
    "approval": "approve",
    "written_notice": "inform_dispatch",
    "K11": "publish",
    "K24": "publish",
    "K25": "publish",
    "K26": "publish",
    "emergency_notice": "publish",
    "K12": "inform_dispatch",
    "K13": "answer",
    "K14": "arrange_supply",
    "fire_service": "inform_fire_service",
    "planned_end": "restore",
    "filing": "inform_dispatch",
}
"""What is recorded when a duty is done."""


def duties_of(standing: Standing, now: datetime, zone: ZoneInfo) -> pd.DataFrame | None:
    """Return the duties of an operation as they stand now, None where there is no record."""
    operation = standing.operation
    if operation is None:
        return None
    told = standing.situation
    return duties(operation, told.rules, now=now, zone=zone, reach=told.reach)


def clocks(standing: Standing, now: datetime, zone: ZoneInfo, spoken: str) -> Component | None:
    """Return the duties of an operation as they stand now, the worst first."""
    table = duties_of(standing, now, zone)
    if table is None:
        return None
    title = word("emergency.clocks", spoken)
    if table.empty:
        return section("clocks", title, html.P(word("emergency.no_clocks", spoken), className="quiet"))
    ordered = table.sort_values("state", key=lambda states: states.map(list(TONES).index), kind="stable")
    rows = [_duty(row, standing, now, spoken) for row in ordered.to_dict("records")]
    return section("clocks", title, html.Ul(rows, className="lines duties"))


def estimate(standing: Standing, spoken: str) -> Component | None:
    """Return the estimate of the restoration, the button that sets another, and every earlier one."""
    operation, course = standing.operation, standing.situation.course
    if operation is None or course is None:
        return None
    now = standing.situation.made_at
    latest = clock(course.etr, spoken, today=now) if course.etr else word("emergency.no_etr", spoken)
    ask = [
        Field("value", word("emergency.field_etr", spoken), "moment", required=True),
        Field("note", word("emergency.field_note", spoken)),
    ]
    done = {"do": "step", "code": operation.code, "action": "set_etr"}
    button = None
    if "set_etr" in recordable(operation):
        button = deed(word("emergency.set_etr", spoken), done, needs=Permission.SHUTOFF_RECORD, ask=ask)
    said = [
        html.Li(
            joined(
                clock(row["etr"], spoken, today=now),
                word(
                    "emergency.said_at",
                    spoken,
                    when=clock(row["at"], spoken, today=now),
                    who=actor(row["actor"], spoken),
                ),
            )
        )
        for row in course.etrs.iloc[:-1].iloc[::-1].to_dict("records")
    ]
    line = html.Div([html.B(latest, className="grows large"), button], className="line")
    history = html.Ul(said, className="history") if said else None
    return section("etr", word("emergency.etr", spoken), line, history, beside=_later(course.later, spoken))


def _later(later: bool, spoken: str) -> Component:
    return chip(word("emergency.later", spoken), "warn") if later else html.Span()


def _duty(row: Mapping[Any, Any], standing: Standing, now: datetime, spoken: str) -> Component:
    """Return one duty: its name, its state in a colour and in words, until when, the button that records it."""
    state = chip(word(f"duty.state.{row['state']}", spoken), TONES[row["state"]])
    own = word("duty.own_setting", spoken) if row["own_setting"] else None
    told = html.Span(
        [
            html.Span([html.Strong(sentence(word(f"duty.{row['duty']}", spoken))), state], className="head"),
            html.Span(joined(until(row, now, spoken), own), className="quiet", title=row["article"]),
        ],
        className="grows",
    )
    open_ = pd.isna(row["done_at"])
    button = fact_button(DOES[row["duty"]], standing, spoken) if open_ and row["duty"] in DOES else None
    return html.Li([told, button], className=f"line {TONES[row['state']]}")


def until(row: Mapping[Any, Any], now: datetime, spoken: str) -> str:
    """Return when it was done, else until when it must be, and how long that still is."""
    zone = now.tzinfo
    due = None if pd.isna(row["due_at"]) else row["due_at"].tz_convert(zone)
    said = word("emergency.due", spoken, when=clock(due, spoken, today=now)) if due is not None else None
    if pd.notna(row["done_at"]):
        done = clock(row["done_at"].tz_convert(zone), spoken, today=now)
        return joined(word("emergency.done_at", spoken, when=done), said)
    if due is None:
        return word("emergency.no_due", spoken)
    return joined(said, left(due - now, spoken))


def left(span: pd.Timedelta, spoken: str) -> str:
    """Return how long is left, or by how much a limit is overrun, in the two largest units."""
    minutes = int(abs(span) / pd.Timedelta(minutes=1))
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    key = "days" if days else "hours" if hours else "minutes"
    length = word(f"emergency.span_{key}", spoken, days=days, hours=hours, minutes=rest)
    return word("emergency.over" if span < pd.Timedelta(0) else "emergency.left", spoken, span=length)


def fact_button(
    action: str, standing: Standing, spoken: str, *, subject: str | None = None, ask: list[Field] | None = None
) -> Component | None:
    """Return the button that records a fact or takes the step, None where it may not be taken now."""
    operation = standing.operation
    if operation is None or action not in (*recordable(operation), *allowed(operation)) or action in DECISIONS:
        return None
    done = {"do": "step", "code": operation.code, "action": action, "subject": subject}
    if action in allowed(operation):
        done["seen"] = operation.status
    asked = ask if ask is not None else _asked(action, spoken)
    words = (
        word("emergency.record", spoken)
        if subject is None
        else utility_word(f"emergency.do_{action}", operation.utility, spoken)
    )
    title = utility_word(f"operation.action.{action}", operation.utility, spoken)
    return deed(words, done, needs=Permission.SHUTOFF_RECORD, ask=asked, title=joined(title, subject))


def _asked(action: str, spoken: str) -> list[Field]:
    """Return what is asked about a fact."""
    if action == "arrange_supply":
        return [Field("value", word("emergency.ask_supply", spoken), required=True)]
    if action == "publish":
        return [Field("value", word("emergency.ask_medium", spoken))]
    return []
