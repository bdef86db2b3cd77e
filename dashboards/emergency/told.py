"""Who was told and what was arranged: facts with their time, and the buttons that record them; postings; crews."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.deeds import MYSELF, Field, actor, sentence
from dashboards.emergency.clocks import fact_button
from dashboards.emergency.parts import chip, clock, joined, section
from dashboards.emergency.standing import Standing
from gisapp.operations.duties import proposed_level
from gisapp.reports.course import Course
from gisapp.words import term, utility_word, word

LEVELS = (1, 2, 3, 4)
REPORTS = ("initial", "update", "final")
_TELLS = (
    "inform_dispatch",
    "inform_fire_service",
    "publish",
    "report_up",
    "arrange_supply",
    "set_level",
    "take_command",
    "remark",
)


def told(standing: Standing, spoken: str) -> Component | None:
    """Return the facts of an operation, each with when it was last recorded and the button to record it."""
    course = standing.situation.course
    if course is None:
        return None
    rows = [_fact(action, course, standing, spoken) for action in _TELLS]
    return section("told", word("emergency.told", spoken), html.Ul(rows, className="lines facts-told"))


def posted(standing: Standing, spoken: str) -> Component | None:
    """Return every community in which somebody loses supply, and whether the notice hangs there."""
    rows = standing.situation.lost.communities.to_dict("records")
    if standing.operation is None or not rows:
        return None
    done = sum(pd.notna(row["posted_at"]) for row in rows)
    listed = html.Ul([_community(row, standing, spoken) for row in rows], className="lines")
    return section(
        "posted", word("emergency.posted", spoken), listed, beside=html.Span(f"{done} / {len(rows)}", className="quiet")
    )


def _fact(action: str, course: Course, standing: Standing, spoken: str) -> Component:
    """Return one fact."""
    title = utility_word(f"operation.action.{action}", standing.utility, spoken)
    value = _value(action, course, standing, spoken)
    button = fact_button(action, standing, spoken, ask=_asked(action, standing, spoken))
    return html.Li(
        [
            html.Span([html.Strong(sentence(title)), html.Span(value or "–", className="quiet")], className="grows"),
            button,
        ],
        className="line" if value else "line open",
    )


def _value(action: str, course: Course, standing: Standing, spoken: str) -> str | None:
    """Return what the record says of a fact."""
    if action == "set_level":
        return _level(course, standing, spoken)
    if action == "take_command":
        return actor(course.commander, spoken) if course.commander else None
    if action == "arrange_supply":
        return joined(*course.supplies) or None
    rows = course.timeline[course.timeline["action"] == action]
    if rows.empty:
        return None
    last = rows.iloc[-1]
    when = clock(last["at"], spoken, today=standing.situation.made_at)
    kind = word(f"emergency.report_{last['subject']}", spoken) if action == "report_up" else None
    return joined(kind, when, actor(last["actor"], spoken))


def _level(course: Course, standing: Standing, spoken: str) -> str | None:
    """Return the level that is set, and the one that the figures propose."""
    situation = standing.situation
    expected = None if course.expected is None else course.expected / timedelta(hours=1)
    rule = proposed_level(
        situation.rules,
        situation.utility,
        households=situation.total("households"),
        critical=situation.critical_count,
        hours=expected,
    )
    said = term("level", course.level, spoken) if course.level else None
    sample = word("emergency.sample", spoken) if rule is not None and rule.sample else ""
    proposed = (
        word("emergency.proposed", spoken, level=word(f"level.{rule.level}", spoken), sample=sample) if rule else None
    )
    return joined(said, proposed) or None


def _asked(action: str, standing: Standing, spoken: str) -> list[Field] | None:
    """Return what a fact asks beyond the usual."""

    def label(name: str) -> str:
        return word(f"emergency.field_{name}", spoken)

    if action == "set_level":
        choices = tuple((str(level), word(f"level.{level}", spoken)) for level in LEVELS)
        return [Field("value", label("level"), "choice", required=True, choices=choices)]
    if action == "report_up":
        choices = tuple((name, word(f"emergency.report_{name}", spoken)) for name in REPORTS)
        return [Field("subject", label("report"), "choice", required=True, choices=choices)]
    if action == "take_command":
        return [Field("subject", label("person"), "choice", required=True, choices=_persons(standing, spoken))]
    if action == "remark":
        return [Field("note", label("note"), "area", required=True)]
    return None


def _persons(standing: Standing, spoken: str) -> tuple[tuple[str, str], ...]:
    """Return who may take command, by code: whoever asks, and the heads and those on duty of the units concerned."""
    names = {"zh-Hans": "name_hans", "zh-Hant": "name_hant", "en": "name_en"}
    found = {MYSELF: sentence(word("emergency.myself", spoken))}
    for row in standing.situation.contacts.to_dict("records"):
        for kind in ("heads", "on_duty"):
            codes = [code for code in str(row[kind]).split(", ") if code]
            said = joined(str(row[names[spoken]]), word(f"emergency.{kind}", spoken))
            found |= {code: joined(code, said) for code in codes if code not in found}
    return tuple(found.items())


def _community(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component:
    """Return one community: how many households, when and by whom the notice was posted."""
    name = html.Strong(row["name"])
    count = word("emergency.of_households", spoken, households=f"{row['households']:,}")
    inside = html.Span([name, html.Span(count, className="quiet")], className="grows")
    if pd.notna(row["posted_at"]):
        now = standing.situation.made_at
        when = clock(row["posted_at"].tz_convert(now.tzinfo), spoken, today=now)
        return html.Li([inside, chip(joined(when, actor(row["posted_by"], spoken)), "good")], className="line")
    ask = [Field("value", word("emergency.ask_where", spoken))]
    return html.Li([inside, fact_button("post", standing, spoken, subject=row["code"], ask=ask)], className="line")
