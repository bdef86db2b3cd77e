"""The tools over the map of a draft; the hand that draws with them is ``assets/map-edit.js``."""

from __future__ import annotations

import json

from dash import html
from dash.development.base_component import Component

from dashboards import shell
from gisapp.words import catalog

TOOLS = ("assign", "drag", "split", "merge", "draw")


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
    return [bar, html.Div(className="hint", role="status")]
