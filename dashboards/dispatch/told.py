"""What the page says of a report before it is sent, of one that was, and of one that somebody else has changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.deeds import actor
from dashboards.dispatch.desk import Desk
from dashboards.dispatch.intake import Preview
from gisapp.incidents import Clock, Incident, Step
from gisapp.words import catalog, term, word


def preview_told(shown: Preview, desk: Desk, spoken: str) -> list[Component]:
    """Return what becomes of a draft: place, grid, unit, clocks, and what it may repeat."""
    return [
        *([_same(shown, desk, spoken)] if len(shown.same) else []),
        html.Dl(
            [
                *_line("place", _place(shown, spoken), spoken),
                *_line("grid", grid_told(shown.answers, spoken), spoken),
                *_line("unit", unit_told(shown.answers, desk, spoken), spoken),
                *_line("clocks", _clocks(shown, desk.store.zone, spoken), spoken),
                *(_line("wants", _wanted(shown, spoken), spoken) if shown.draft.rule.demands else []),
            ],
            className="answers",
        ),
    ]


def _wanted(shown: Preview, spoken: str) -> list[Component]:
    """Return what a registration of this category must hold; it is refused without."""
    groups = [[word(f"dispatch.wants.{name}", spoken) for name in group] for group in shown.draft.rule.demands]
    return [html.B(" / ".join(group)) for group in groups]


def grid_told(answers: Mapping[str, Any], spoken: str) -> list[Component]:
    """Return the grid of a place with its reason; a border that is near is a warning."""
    if answers["grid"] is None:
        return [shell.badge(word("dispatch.no_grid", spoken), str(answers["grid_why"]), tone="warn")]
    near = [html.Span(word("dispatch.near_border", spoken), className="badge warn")] if answers["near_border"] else []
    return [html.B(answers["grid"]), html.Span(answers["grid_why"], className="quiet"), *near]


def unit_told(answers: Mapping[str, Any], desk: Desk, spoken: str) -> list[Component]:
    """Return the unit that must act, the row of the rules that says so, and what of it fits."""
    if answers["unit"] is None:
        return [html.Span(word("dispatch.no_unit", spoken), className="badge warn")]
    name = desk.units(spoken).get(answers["unit_code"], answers["unit"])
    why, rule = answers["unit_why"], f"{answers['unit_rule']} · {answers['unit_article']}"
    unknown = [] if answers["unit_code"] else [html.Span(word("dispatch.unit_unknown", spoken), className="badge warn")]
    return [html.B(name), *unknown, html.Span(why, className="quiet", title=rule), html.Small(rule)]


def moment_told(moment: datetime | None, zone: ZoneInfo) -> str:
    """Return a moment in the utility's zone, with its year when that is not this one; a dash for none."""
    if moment is None:
        return "–"
    local = moment.astimezone(zone)
    return local.strftime("%m-%d %H:%M" if local.year == datetime.now(zone).year else "%Y-%m-%d %H:%M")


def clock_name(clock: str, spoken: str) -> str:
    """Return the name of a clock with its number, by which the rules speak of it."""
    name = term("clock", clock, spoken)
    return clock if name == clock else f"{name} {clock}"


def step_told(step: Step, zone: ZoneInfo, spoken: str) -> str:
    """Return when who did what."""
    parts = (moment_told(step.at, zone), actor(step.actor, spoken), action_name(step.action, spoken))
    return " · ".join((*parts, step.subject or step.value or ""))


def action_name(action: str, spoken: str) -> str:
    """Return the words of an action."""
    key = f"dispatch.do.{action}"
    return word(key, spoken) if key in catalog(spoken) else action


def conflict_told(incident: Incident, seen: int, zone: ZoneInfo, spoken: str) -> Component:
    """Return what others did to an incident since somebody looked, which kept their step from being written."""
    rows = [html.Li(step_told(step, zone, spoken).rstrip(" ·")) for step in incident.steps[seen:]]
    now = word(f"layers.status_{incident.status}", spoken)
    return html.Div(
        [
            html.P(html.Strong(word("dispatch.conflict", spoken, code=incident.code))),
            html.Ul(rows),
            html.P(word("dispatch.conflict_todo", spoken, status=now), className="quiet"),
        ],
        className="told refused",
        role="alert",
    )


def alike_told(same: pd.DataFrame, desk: Desk, spoken: str, button: Any) -> list[Component]:
    """Return open incidents that another may repeat, each with a button."""
    known = desk.listed("").set_index("code")
    made = []
    for row in same.to_dict("records"):
        there = [word("dispatch.same_account", spoken)] if row["same_account"] else []
        if pd.notna(row["apart_m"]):
            there.append(word("dispatch.apart_m", spoken, metres=f"{row['apart_m']:,.0f}"))
        there.append(word("dispatch.apart_h", spoken, hours=f"{row['apart_h']:.1f}"))
        if row["code"] in known.index:
            one = known.loc[row["code"]]
            there = [desk.category(one, spoken), word(f"layers.status_{one['status']}", spoken), *there]
        link = html.Button(row["code"], type="button", className="link", **{"data-incident": row["code"]})
        made.append(html.Li([link, html.Span(" · ".join(there)), button(row["code"])]))
    return made


def _same(shown: Preview, desk: Desk, spoken: str) -> Component:
    """Return what a draft may repeat."""

    def button(code: str) -> Component:
        return html.Button(
            word("dispatch.add_to", spoken), type="button", className="button writes", **{"data-into": code}
        )

    title = html.P([shell.icon("alert-triangle"), html.Strong(word("dispatch.alike", spoken, count=len(shown.same)))])
    return html.Div([title, html.Ul(alike_told(shown.same, desk, spoken, button))], className="alike", role="status")


def _line(name: str, said: Sequence[Component], spoken: str) -> list[Component]:
    return [html.Dt(word(f"dispatch.{name}", spoken)), html.Dd(said)]


def _place(shown: Preview, spoken: str) -> list[Component]:
    """Return how the place was found, or that it is not known."""
    location = shown.location
    if location.point is None:
        told = "unlocated" if shown.draft.place else "no_place"
        return [html.Span(word(f"dispatch.{told}", spoken), className="badge warn")]
    found = word(f"dispatch.by_{location.how}", spoken)
    about = word("dispatch.accuracy", spoken, metres=f"{location.accuracy_m:,.0f}")
    named = location.why.partition(" ")[2] if location.how == "alias" else location.code or ""
    return [html.B(found), html.Span(named, className="code"), html.Span(about, className="quiet")]


def _clocks(shown: Preview, zone: ZoneInfo, spoken: str) -> list[Component]:
    """Return the clocks that start now, and those that start when the report is passed on."""
    made = [html.Li(_clock(clock, zone, spoken)) for clock in shown.now]
    made += [
        html.Li([word("dispatch.once_passed", spoken), " ", *_clock(clock, zone, spoken)]) for clock in shown.later
    ]
    return [html.Ul(made) if made else html.Span(word("dispatch.no_clock", spoken), className="quiet")]


def _clock(clock: Clock, zone: ZoneInfo, spoken: str) -> list[Component]:
    until = word("dispatch.until", spoken, moment=moment_told(clock.due_at, zone)) if clock.due_at else ""
    return [html.B(clock_name(clock.clock, spoken)), f" {until}"]
