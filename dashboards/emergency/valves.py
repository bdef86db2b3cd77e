"""The valves: which to close in which order, what was done to each, what cannot be closed and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.access import Permission
from dashboards.deeds import actor, deed
from dashboards.emergency.parts import clock, dn, joined, section
from dashboards.emergency.standing import Standing
from gisapp.words import utility_word, word

DOUBTFUL = ("unknown", "stuck", "unreachable")
OPENING = ("work_done", "refilling", "restored", "answered", "closed")
"""While an operation stands so, what it closed is opened again."""


def valves(standing: Standing, spoken: str) -> Component:
    """Return the valves to close in order, and below what else concerns valves."""
    rows = standing.situation.valves.to_dict("records")
    return section(
        "valves",
        utility_word("page.must_close", standing.utility, spoken),
        html.Ol([_valve(row, standing, spoken) for row in rows], className="valves"),
        html.P(word("emergency.keys_record" if standing.operation else "emergency.keys", spoken), className="keys")
        if rows
        else None,
        _unusable(standing, spoken),
        *(_listed(name, standing, spoken) for name in ("verify_closed", "trips")),
        _for_nothing(standing, spoken),
        beside=html.Span(_progress(standing), className="quiet"),
    )


def to_open_again(standing: Standing, still_closed: tuple[str, ...], spoken: str) -> Component | None:
    """Return what the operation still holds closed, once its work is done; None before."""
    operation = standing.operation
    if operation is None or operation.status not in OPENING or operation.valves.empty:
        return None
    if not still_closed:
        done = utility_word("emergency.all_open", standing.utility, spoken)
        return html.P([shell.icon("circle-check"), done], className="verdict good")
    rows = [
        html.Li(
            [html.Strong(code, className="grows"), _operated("opened", code, "closed", standing, spoken, "main")],
            className="line",
        )
        for code in still_closed
    ]
    count = utility_word("emergency.still_closed", standing.utility, spoken, count=len(still_closed))
    return html.Div([html.Strong(count), html.Ul(rows, className="lines")], className="stuck reopen")


def _progress(standing: Standing) -> str:
    situation = standing.situation
    return f"{situation.valves_done} / {len(situation.valves)}" if standing.operation is not None else ""


def _valve(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component:
    """Return one valve to close: number, code, place, size, turns, way; what was done to it, or the buttons for it."""
    closed = row["done"] == "closed"
    inside = [
        html.Span([html.Strong(row["code"]), html.Span(_size(row, spoken))], className="head"),
        html.Span(joined(row["place"].words(spoken), _kind(row, spoken)), className="quiet"),
        _state(row, standing, spoken),
    ]
    shown = html.Button([part for part in inside if part is not None], className="row", **{"data-valve": row["code"]})
    number = html.Span(shell.icon("check") if closed else str(row["order"]), className="number")
    buttons = html.Div(_buttons(row, standing, spoken), className="buttons")
    return html.Li([number, shown, buttons], id=f"valve-{row['code']}", className="done" if closed else "")


def _size(row: Mapping[Any, Any], spoken: str) -> str:
    """Return size and turns."""
    turns = word("emergency.turns", spoken, count=row["turns"]) if pd.notna(row["turns"]) else None
    return joined(dn(row["diameter_mm"]), turns)


def _kind(row: Mapping[Any, Any], spoken: str) -> str | None:
    """Return what kind of device it is, where it is not the usual one."""
    return None if row["kind"] == "gate_valve" else word(f"emergency.kind_{row['kind']}", spoken)


def _way(row: Mapping[Any, Any], spoken: str) -> str | None:
    """Return how far it is along the pipe."""
    if pd.isna(row["distance_m"]):
        return None
    return word("emergency.along", spoken, metres=f"{row['distance_m']:,.0f}")


def _state(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component | None:
    """Return what the log says was done, else what is doubtful about the valve."""
    if pd.notna(row["done"]):
        said = utility_word(f"operation.valve.{row['done']}", standing.utility, spoken)
        when = clock(row["done_at"], spoken, today=standing.situation.made_at)
        return html.Span(joined(f"{said} {when}", actor(row["done_by"], spoken)), className="badge good")
    way = _way(row, spoken)
    doubts = [word(f"page.operable_{row['operable']}", spoken)] if row["operable"] in DOUBTFUL else []
    if row["normal"] == "unknown":
        doubts.append(word("emergency.state_unknown", spoken))
    if pd.notna(row["last_operated"]):
        doubts.append(word("emergency.last_operated", spoken, day=row["last_operated"].strftime("%Y-%m-%d")))
    bad = row["operable"] in DOUBTFUL or row["normal"] == "unknown"
    said = joined(way, *doubts)
    return html.Span(said, className="badge warn" if bad else "quiet") if said else None


def _buttons(row: Mapping[Any, Any], standing: Standing, spoken: str) -> list[Component]:
    """Return the buttons of a valve: of a trial that it cannot be closed, of a record what was done."""
    utility, code = standing.utility, row["code"]
    if standing.operation is None:
        cannot = utility_word("emergency.cannot", utility, spoken)
        return [html.Button(cannot, className="button", **{"data-stuck": code})]
    seen = row["done"] if pd.notna(row["done"]) else ""
    actions = ("opened",) if seen == "closed" else ("closed", "could_not_close")
    looks = {"closed": "main", "opened": "", "could_not_close": ""}
    made = [_operated(action, code, seen, standing, spoken, looks[action]) for action in actions]
    return [button for button in made if button is not None]


def _operated(action: str, code: str, seen: str, standing: Standing, spoken: str, look: str = "") -> Component | None:
    """Return the button that writes into the log what was done to a valve."""
    operation = standing.operation
    if operation is None or operation.status in ("closed", "cancelled"):
        return None
    words = utility_word(f"emergency.do_{action}", standing.utility, spoken)
    done = {"do": "operate", "code": operation.code, "device": code, "action": action, "seen": seen}
    return deed(words, done, needs=Permission.SHUTOFF_RECORD, look=f"{look} {action}".strip())


def _unusable(standing: Standing, spoken: str) -> Component | None:
    """Return what cannot be closed, with all that each costs."""
    rows = standing.answer.unusable.to_dict("records")
    if not rows:
        return None
    return html.Div(
        [
            html.H3(utility_word("page.unusable", standing.utility, spoken)),
            html.Ul([_cost(row, standing, spoken) for row in rows], className="lines"),
        ]
    )


def _cost(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component:
    """Return one valve that cannot be closed and what it costs; in a record it may be closed after all."""
    cost = word("emergency.cost_unknown", spoken)
    if pd.notna(row["extra_households"]):
        names = ("customers", "households", "critical", "length_m")
        values = {name: f"{row[f'extra_{name}']:,.0f}" for name in names}
        cost = word("emergency.cost", spoken, **values)
    button = _operated("closed", row["code"], "could_not_close", standing, spoken) if _mine(row, standing) else None
    known = word(f"page.operable_{row['operable']}", spoken) if row["operable"] in DOUBTFUL else None
    told = html.Span([html.Strong(row["code"]), html.Span(joined(known, cost), className="quiet")], className="grows")
    parts = [html.Span("✕", className="number"), told, button]
    return html.Li([part for part in parts if part is not None], className="line unusable")


def _mine(row: Mapping[Any, Any], standing: Standing) -> bool:
    return row["code"] in standing.stuck


def _listed(name: str, standing: Standing, spoken: str) -> Component | None:
    """Return the codes of what to find closed, or of what opened by itself."""
    frame = getattr(standing.answer, name)
    if frame.empty:
        return None
    head = html.H3(utility_word(f"emergency.{name}", standing.utility, spoken))
    return html.Div([head, html.P(", ".join(frame["code"].astype(str)), className="codes")])


def _for_nothing(standing: Standing, spoken: str) -> Component | None:
    """Return what is closed though the answer no longer needs it."""
    codes = standing.closed_for_nothing
    if not codes:
        return None
    rows = [
        html.Li(
            [html.Strong(code, className="grows"), _operated("opened", code, "closed", standing, spoken)],
            className="line",
        )
        for code in codes
    ]
    head = html.H3(utility_word("emergency.for_nothing", standing.utility, spoken))
    return html.Div([head, html.Ul(rows, className="lines")])
