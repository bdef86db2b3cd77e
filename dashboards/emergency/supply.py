"""Alternative supply: closed devices that could feed from elsewhere, tried with one click and taken back with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import deed
from dashboards.emergency.numbers import change
from dashboards.emergency.parts import chip, folded, joined, section
from dashboards.emergency.standing import Standing
from gisapp.words import utility_word, word

SHOWN = 3
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def marks(standing: Standing) -> dict[str, str]:
    """Return the letter of every device that could feed from elsewhere, as in the list and on the map."""
    codes = standing.plain.restoration["code"].head(len(_LETTERS))
    return dict(zip(codes, _LETTERS, strict=False))


def alternatives(standing: Standing, spoken: str) -> Component:
    """Return the devices that could feed from elsewhere, best first, with what is not checked said aloud."""
    rows = standing.plain.restoration.to_dict("records")
    title = utility_word("page.restoration", standing.utility, spoken)
    if not rows:
        return section("supply", title, html.P(word("emergency.no_supply", spoken), className="quiet"))
    letters = marks(standing)
    useful = sum(row["customers"] + row["storage_customers"] > 0 for row in rows)
    listed = [_candidate(row, letters.get(row["code"], "·"), standing, spoken) for row in rows]
    return section(
        "supply",
        title,
        *folded(listed, max(1, min(SHOWN, useful)), "candidates", spoken),
        html.P([shell.icon("alert-triangle"), word("page.unchecked", spoken)], className="note"),
        beside=chip(str(len(rows))),
    )


def trial_band(standing: Standing, spoken: str) -> Component | None:
    """Return what opening the tried device gains, above the figures that hold with it; with the way back."""
    row = standing.tried
    if row is None:
        return None
    gained = change(standing.plain, standing.answer)
    said = utility_word(
        "emergency.tried",
        standing.utility,
        spoken,
        code=row["code"],
        **{name: f"{count:+,}" for name, count in gained.items()},
    )
    back = html.Button(
        [shell.icon("x"), word("emergency.untry", spoken)], className="button", **{"data-open": row["code"]}
    )
    told = html.Div([html.Strong(said), html.Span(word("page.unchecked", spoken))])
    return html.Div([told, back], className="trial-band", role="status")


def _candidate(row: Mapping[Any, Any], letter: str, standing: Standing, spoken: str) -> Component:
    """Return one device: its letter, what opening it brings back, what goes with it."""
    gain = word(
        "emergency.feeds",
        spoken,
        households=f"{row['households']:,}",
        customers=f"{row['customers']:,}",
        km=f"{row['length_m'] / 1000:,.2f}",
    )
    storage = row["storage_customers"]
    off = word("emergency.off_storage", spoken, customers=f"{storage:,}") if storage else None
    also = [
        utility_word(f"emergency.{name}", standing.utility, spoken, codes=row[name].replace(",", ", "))
        for name in ("also_open", "close_first")
        if row[name]
    ]
    told = [
        html.Span(
            [html.Strong(row["code"]), html.Span(word(f"emergency.kind_{row['kind']}", spoken))], className="head"
        ),
        html.Span(joined(gain, off), className="gain"),
        *(html.Span(text, className="badge warn") for text in also),
    ]
    pressed = standing.tried is not None and standing.case.opened == row["code"]
    tries = html.Button(
        word("emergency.try", spoken),
        className="button",
        **{"data-open": row["code"], "aria-pressed": str(pressed).lower()},
    )
    opens = _opened(row, standing, spoken)
    buttons = html.Div([tries] if opens is None else [tries, opens], className="buttons")
    return html.Li(
        [html.Span(letter, className="number"), html.Span(told, className="grows"), buttons], className="line"
    )


def _opened(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component | None:
    """Return the button that records that the device was opened."""
    operation = standing.operation
    if operation is None or operation.status in ("closed", "cancelled"):
        return None
    done = {"do": "operate", "code": operation.code, "device": row["code"], "action": "opened"}
    return deed(
        utility_word("emergency.do_feed", standing.utility, spoken),
        done | {"seen": standing.seen(row["code"])},
        needs=Permission.SHUTOFF_RECORD,
    )


def feeding(standing: Standing, spoken: str) -> Component | None:
    """Return the devices that the operation opened to feed from elsewhere: to be closed again when it ends."""
    if not standing.feeding:
        return None
    operation = standing.operation
    assert operation is not None
    rows = []
    for code in standing.feeding:
        done = {"do": "operate", "code": operation.code, "device": code, "action": "closed", "seen": "opened"}
        button = deed(
            utility_word("emergency.do_unfeed", standing.utility, spoken), done, needs=Permission.SHUTOFF_RECORD
        )
        rows.append(html.Li([html.Strong(code, className="grows"), button], className="line"))
    title = utility_word("emergency.feeding", standing.utility, spoken)
    return html.Div([html.H3(title), html.Ul(rows, className="lines")])
