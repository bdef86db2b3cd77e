"""The timeline of an operation: every step and every valve, with who did it and when, the newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import actor, may, sentence
from dashboards.emergency.parts import clock, joined, section
from dashboards.emergency.standing import Standing
from gisapp.words import catalog, term, utility_word, word

LATE = pd.Timedelta(minutes=2)
"""What is written down no later than this counts as written at once."""
VALVES = ("closed", "opened", "could_not_close", "could_not_open")


def timeline(standing: Standing, spoken: str) -> Component | None:
    """Return the timeline; remarks, which may name persons, only for those who may write."""
    course, operation = standing.situation.course, standing.operation
    if course is None or operation is None:
        return None
    notes = _notes(standing) if may(Permission.SHUTOFF_RECORD) else {}
    rows = [_entry(row, notes, standing, spoken) for row in course.timeline.iloc[::-1].to_dict("records")]
    return section("timeline", word("emergency.timeline", spoken), html.Ol(rows, className="timeline"))


def _notes(standing: Standing) -> dict[tuple[datetime, str], str]:
    """Return the remarks of steps and valve operations by moment and action."""
    assert standing.operation is not None
    parts = [frame[["at", "action", "note"]] for frame in (standing.operation.steps, standing.operation.valves)]
    rows = [row for part in parts for row in part.dropna(subset="note").to_dict("records")]
    return {(row["at"].to_pydatetime(warn=False), row["action"]): str(row["note"]) for row in rows}


def _entry(row: Mapping[Any, Any], notes: Mapping[Any, str], standing: Standing, spoken: str) -> Component:
    """Return one entry: when it happened, what, who; and when it was written down, where that was later."""
    when = clock(row["at"], spoken, today=standing.situation.made_at)
    note = notes.get((row["at"].to_pydatetime(warn=False), row["action"]))
    return html.Li(
        [
            html.Time(when, dateTime=row["at"].isoformat()),
            html.Span(
                [
                    html.Span(sentence(joined(_what(row, standing, spoken), _value(row, standing, spoken)))),
                    html.Span(
                        joined(note, actor(row["actor"], spoken), _noted(row, standing, spoken)), className="quiet"
                    ),
                ],
                className="grows",
            ),
        ]
    )


def _noted(row: Mapping[Any, Any], standing: Standing, spoken: str) -> str | None:
    """Return when a step was written down, None where that was at once."""
    if pd.isna(row["noted_at"]) or row["noted_at"] - row["at"] < LATE:
        return None
    return word("emergency.noted_at", spoken, when=clock(row["noted_at"], spoken, today=standing.situation.made_at))


def _what(row: Mapping[Any, Any], standing: Standing, spoken: str) -> str:
    """Return what was done, to whom or what."""
    subject = row["subject"] if pd.notna(row["subject"]) else None
    if row["action"] in VALVES:
        return joined(subject, utility_word(f"operation.valve.{row['action']}", standing.utility, spoken))
    said = utility_word(f"operation.action.{row['action']}", standing.utility, spoken)
    return joined(said, catalog(spoken).get(f"emergency.report_{subject}", subject))


def _value(row: Mapping[Any, Any], standing: Standing, spoken: str) -> str | None:
    """Return what was said with it: a moment in the zone, a level in words."""
    if pd.isna(row["value"]):
        return None
    if row["action"] == "set_etr":
        now = standing.situation.made_at
        return clock(pd.Timestamp(row["value"]).tz_convert(now.tzinfo), spoken, today=now)
    if row["action"] == "amend":
        changed = json.loads(row["value"]).items()
        return joined(
            *(f"{term('emergency.field', name, spoken)} {old or '–'} → {new or '–'}" for name, (old, new) in changed)
        )
    return term("level", row["value"], spoken) if row["action"] == "set_level" else str(row["value"])
