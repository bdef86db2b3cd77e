"""What pages of a list and of one row chosen in it share: buttons of choices, links, words; ``assets/listed.js``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell


def choices(name: str, offered: Iterable[tuple[str, str]], asked: Mapping[str, Any]) -> Component:
    """Return one button a choice, value and words, the chosen one pressed."""
    buttons = [
        html.Button(
            words,
            className="button",
            **{f"data-{name}": value, "data-choice": name, "aria-pressed": str(asked[name] == value).lower()},
        )
        for value, words in offered
    ]
    return html.Div(buttons, className="buttons", role="group")


def facts(told: Iterable[tuple[str, str | None]]) -> Component:
    """Return names with what is known of them; what is not known is left out."""
    return html.Dl([html.Div([html.Dt(name), html.Dd(said)]) for name, said in told if said], className="told-facts")


def joined(*parts: str | None) -> str:
    """Return what is known, with dots between."""
    return " · ".join(part for part in parts if part)


def link(page: str, name: str, code: str | None, sign: str, spoken: str) -> Component | None:
    """Return a link to what has a code on another page, None without a code."""
    if not code:
        return None
    return html.A([shell.icon(sign), code], href=f"/{spoken}/{page}?{name}={code}", className="button")


def plain(value: Any) -> str | None:
    """Return a value as text, None for none."""
    return None if value is None or pd.isna(value) or value == "" else str(value)
