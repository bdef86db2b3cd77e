"""How the network stands otherwise than normally, and what that costs: today's closings, what was found stuck."""

from __future__ import annotations

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.emergency.numbers import change
from dashboards.emergency.standing import Standing
from gisapp.words import utility_word, word

_MOST = 8


def found_stuck(standing: Standing, spoken: str) -> Component | None:
    """Return the valves that this case found impossible to close, and what they cost in households and valves."""
    if standing.easier is None:
        return None
    more = {name: f"{count:+,}" for name, count in change(standing.easier, standing.plain).items()}
    words = utility_word("emergency.wider", standing.utility, spoken, **more)
    return html.Div(
        [
            html.Span(utility_word("emergency.stuck", standing.utility, spoken)),
            *(_stuck(code, standing, spoken) for code in standing.stuck),
            html.Strong(words),
        ],
        className="stuck",
    )


def as_of_today(standing: Standing, spoken: str) -> Component | None:
    """Return the devices that by the log stand otherwise than normally, those first that this answer touches."""
    today, answer = standing.today, standing.answer
    touched = pd.concat([answer.must_close["code"], answer.verify_closed["code"], answer.unusable["code"]])
    others = {"closed": today.closed, "opened": today.opened, "stuck": _others(standing)}
    lines = [_line(name, codes, set(touched), standing, spoken) for name, codes in others.items() if codes]
    if not lines:
        return None
    matters = set(touched) & {code for codes in others.values() for code in codes}
    if matters:
        return html.Div([html.Strong(word("emergency.today_matters", spoken)), *lines], className="note")
    return html.Details([html.Summary(word("emergency.today", spoken)), *lines], className="quiet")


def _others(standing: Standing) -> tuple[str, ...]:
    return tuple(code for code in standing.today.stuck if code not in standing.stuck)


def _line(name: str, codes: tuple[str, ...], touched: set[str], standing: Standing, spoken: str) -> Component:
    """Return one line of codes."""
    ordered = sorted(codes, key=lambda code: (code not in touched, code))
    rest = word("emergency.and_more", spoken, count=len(ordered) - _MOST) if len(ordered) > _MOST else ""
    said = utility_word(f"emergency.today_{name}", standing.utility, spoken, count=len(ordered))
    marked = [html.B(code) if code in touched else html.Span(code) for code in ordered[:_MOST]]
    return html.P([said, *marked, rest], className="codes")


def _stuck(code: str, standing: Standing, spoken: str) -> Component:
    """Return one valve that cannot be closed; of a trial it can be taken back, of a record it is closed after all."""
    if standing.operation is None:
        undo = word("emergency.undo", spoken)
        return html.Button([code, shell.icon("x")], className="chip", title=undo, **{"data-free": code})
    return html.Span(code, className="chip")
