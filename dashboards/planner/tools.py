"""The tools over the map of a draft; the hand that draws with them is ``assets/map-edit.js``."""

from __future__ import annotations

import json

from dash import html
from dash.development.base_component import Component
from flask import current_app, has_request_context

from dashboards import shell
from dashboards.drafting import leaders_known
from dashboards.snapshot import snapshot_of
from gisapp.words import catalog

TOOLS = ("assign", "brush", "drag", "split", "merge", "draw", "bridge")
_MOST_LEADERS = 2_000  # offered by name


def toolbar(context: shell.Context) -> list[Component]:
    """Return the tools and what to do with the one in hand; they are shown while a draft is."""
    tools = [
        html.Button(
            context.word(f"planner.tool_{name}"),
            className="button",
            title=context.word(f"planner.tool_{name}.tip"),
            **{"data-tool": name, "aria-pressed": "false"},
        )
        for name in TOOLS
    ]
    cut = html.Button(
        context.word("planner.cut"),
        className="button",
        title=context.word("planner.cut.tip"),
        **{"data-cut": "true", "aria-pressed": "false"},
    )
    steps = [
        html.Button(
            sign,
            className="button",
            title=context.word(f"planner.{name}"),
            **{"data-step": name, "aria-label": context.word(f"planner.{name}")},
        )
        for name, sign in (("undo", "↶"), ("redo", "↷"))
    ]
    said = {
        key.removeprefix("planner.js."): text
        for key, text in catalog(context.language).items()
        if key.startswith("planner.js.")
    }
    bar = html.Div(
        [*tools, cut, *steps],
        className="tools writes",
        role="toolbar",
        **{"aria-label": context.word("planner.tools"), "data-words": json.dumps(said, ensure_ascii=False)},
    )
    return [html.Div([bar, html.Div(className="hint", role="status")], className="over"), _leaders()]


def _leaders() -> Component:
    """Return the people who may lead a grid; the browser offers them where one is asked for."""
    people = leaders_known(snapshot_of(current_app).store) if has_request_context() else []
    return html.Datalist(id="planner-leaders", **{"data-people": json.dumps(people[:_MOST_LEADERS])})
