"""What the page shows before a burst is named: what to do, and the operations that run or are planned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.emergency.event import drill_chip
from dashboards.emergency.overlap import overlaps
from dashboards.emergency.parts import clock, joined, section
from dashboards.emergency.standing import Standings
from dashboards.snapshot import Snapshot
from gisapp.operations import operation_list
from gisapp.operations.lifecycle import DONE
from gisapp.words import utility_word, word

PAST = 12
"""How many operations that are over are listed."""
_BACK = ("restored", "answered")


def invitation(snapshot: Snapshot, utility: str, spoken: str) -> Component:
    """Return what to do first; where there is no network, how to bring one in."""
    links = snapshot.store.table("links")
    if not (links["utility"] == utility).any():
        commands = [f"gisapp import FILE.inp --store STORE --as network --utility {utility} --crs EPSG:N"]
        return shell.empty(word("emergency.no_network", spoken), [word("emergency.bring", spoken)], code=commands)
    return html.Div(
        [
            shell.icon("map-2"),
            html.Div([html.H2(word("emergency.start", spoken)), html.P(word("emergency.start.how", spoken))]),
        ],
        className="invitation",
    )


def operations(snapshot: Snapshot, standings: Standings, spoken: str) -> Component | None:
    """Return the operations that run and those that are planned, newest first, and a few that are over."""
    store = snapshot.store
    rows = operation_list(store.table("shutoffs"), store.table("shutoff_steps"))
    if rows.empty:
        return None
    rows["where"] = _places(snapshot, rows)
    over = rows["status"].isin(DONE)
    now = pd.Timestamp.now(tz=store.zone)
    running = [_row(row, standings, now, spoken) for row in rows[~over].to_dict("records")]
    past = [_past(row, now, spoken) for row in rows[over].head(PAST).to_dict("records")]
    nothing = html.P(word("emergency.none_running", spoken), className="quiet")
    older = html.Details(
        [html.Summary(word("emergency.past", spoken, count=int(over.sum()))), html.Ul(past, className="lines records")]
    )
    listed = html.Ul(running, className="lines records") if running else nothing
    notes = overlaps(standings, "", store.zone, spoken)
    return section("operations", word("emergency.operations", spoken), *notes, listed, older if past else None)


def _places(snapshot: Snapshot, rows: pd.DataFrame) -> np.ndarray:
    """Return where each operation is: by the nearest streets, empty where its place is not known."""
    heads = snapshot.store.table("shutoffs").set_index("code").loc[rows["code"]]
    return snapshot.streets().places(heads.geometry.to_numpy())


def _row(row: Mapping[Any, Any], standings: Standings, now: pd.Timestamp, spoken: str) -> Component:
    """Return an operation that is not over: status, households, since when it runs or when it is to begin."""
    households = standings.households(standings.operation(row["code"]))
    count = word("emergency.of_households", spoken, households="–" if households is None else f"{households:,}")
    status = utility_word(f"operation.status.{row['status']}", row["utility"], spoken)
    told = [
        html.Span(
            [
                html.Strong(row["code"]),
                html.Span(status, className=f"badge {_tone(row)}"),
                drill_chip(spoken) if row["drill"] else None,
            ],
            className="head",
        ),
        html.Span(_where(row, spoken), className="quiet"),
        html.Span([html.B(count), _when(row, now, spoken)], className="line-foot"),
    ]
    return _opener(row, told)


def _past(row: Mapping[Any, Any], now: pd.Timestamp, spoken: str) -> Component:
    """Return an operation that is over."""
    status = utility_word(f"operation.status.{row['status']}", row["utility"], spoken)
    day = clock(row["opened_at"].tz_convert(now.tz), spoken, today=now)
    head = [html.Strong(row["code"]), html.Span(joined(status, day), className="quiet")]
    told = [
        html.Span(head + ([drill_chip(spoken)] if row["drill"] else []), className="head"),
        html.Span(_where(row, spoken), className="quiet"),
    ]
    return _opener(row, told)


def _opener(row: Mapping[Any, Any], told: list[Component]) -> Component:
    sign = html.Span(shell.icon(shell.UTILITY_ICONS[row["utility"]]), className=f"sign {row['utility']}")
    button = html.Button(
        [sign, html.Span(told, className="grows")],
        className="row wide",
        **{"data-record": row["code"], "data-of": row["utility"]},
    )
    return html.Li(button, className="line drill" if row["drill"] else "line")


def _where(row: Mapping[Any, Any], spoken: str) -> str:
    kind = utility_word(f"operation.kind.{row['kind']}", row["utility"], spoken)
    said = row["place"] if isinstance(row["place"], str) and row["place"] else row["where"].words(spoken)
    return joined(kind, said, row["links"])


def _when(row: Mapping[Any, Any], now: datetime, spoken: str) -> Component:
    """Return the running time of an emergency, the planned time of planned work."""
    if row["kind"] == "emergency" and row["status"] not in _BACK:
        return html.Span(**{"data-since": row["opened_at"].isoformat()})
    times = [row["planned_start"], row["planned_end"]]
    said = [clock(moment.tz_convert(now.tzinfo), spoken, today=now) for moment in times if pd.notna(moment)]
    return html.Span(" – ".join(said))


def _tone(row: Mapping[Any, Any]) -> str:
    """Return the colour of a status: red while supply is going or off."""
    if row["status"] in ("closing", "in_force", "work_done", "refilling"):
        return "bad"
    return "warn" if row["kind"] == "emergency" and row["status"] not in _BACK else ""
