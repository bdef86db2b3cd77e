"""Reduced pressure: who keeps supply but falls below a pressure; asked for, watched, stopped, ever an estimate."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import dcc, html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.emergency.estimates import STEPS, Run
from dashboards.emergency.parts import folded, section
from dashboards.emergency.standing import Standing, Standings
from dashboards.unavailable import words_of
from gisapp.errors import InputError
from gisapp.network import USUAL_PRESSURE_M, ReducedPressure
from gisapp.words import word

LEAST_M, MOST_M = 1.0, 100.0
MOST_LISTED = 30


def below_of(asked: object) -> float:
    """Return the pressure that a person typed.

    Raises
    ------
    InputError
        When it is no number of metres that a network has.
    """
    try:
        metres = float(str(asked))
    except ValueError:
        metres = float("nan")
    if not LEAST_M <= metres <= MOST_M:
        raise InputError(f"found a pressure of {asked!r}", todo=f"give metres of water from {LEAST_M:g} to {MOST_M:g}")
    return metres


def order(asked: Mapping[str, Any], standing: Standing, standings: Standings) -> None:
    """Do what a person asked: begin an estimate, or stop it."""
    if asked["do"] == "stop":
        standings.estimates.stop(standing.answer)
    else:
        standings.estimate(standing, below_of(asked["below"]))


def pressure(standing: Standing, run: Run | None, spoken: str, *, gone: bool = False) -> Component | None:
    """Return the section: how to ask, how far it is, or what was found; None for another utility than water.

    ``gone`` is whether the page waits for an estimate that the server, started anew, knows nothing of.
    """
    if standing.utility != "water":
        return None
    badge = shell.badge(word("emergency.estimate", spoken), word("emergency.estimate.tip", spoken), tone="warn")
    title = word("emergency.pressure", spoken)
    if run is not None and not run.over.is_set():
        return section("pressure", title, _running(run, spoken), beside=badge)
    told: list[Component | None] = []
    if run is not None and run.found is not None:
        told = _found(run.found, spoken)
    elif run is not None:
        told = [html.P(_why_not(run, spoken), className="note")]
    elif gone:
        told = [html.P(word("emergency.pressure.gone", spoken), className="note", role="status")]
    else:
        told = [html.P(word("emergency.pressure.about", spoken), className="quiet")]
    return section("pressure", title, *told, _ask(run, spoken), beside=badge)


def _ask(run: Run | None, spoken: str) -> Component:
    """Return the pressure to ask for, and the button."""
    label = html.Label(
        [
            html.Span(word("emergency.pressure.below", spoken)),
            dcc.Input(
                id="emergency-pressure-below",
                type="number",
                value=USUAL_PRESSURE_M if run is None else run.below_m,
                min=LEAST_M,
                max=MOST_M,
                step=1,
            ),
            html.Span("m"),
        ],
        className="asks",
    )
    button = html.Button(
        [shell.icon("droplet"), word("emergency.pressure.start", spoken)],
        className="button",
        **{"data-pressure": "start"},
    )
    return html.Div([label, button], className="line pressure-ask")


def _running(run: Run, spoken: str) -> Component:
    """Return how far it is, with the way to stop it."""
    step = (
        word("emergency.pressure.waits", spoken)
        if run.done is None
        else word(f"emergency.pressure.step_{min(run.done, STEPS - 1)}", spoken)
    )
    seconds = int(time.monotonic() - run.started)
    elapsed = word("emergency.pressure.elapsed", spoken, below=f"{run.below_m:g}", seconds=seconds)
    return html.Div(
        [
            html.Progress(value=str(run.done or 0), max=str(STEPS), **{"aria-label": step}),
            html.Div([html.Strong(step), html.Span(elapsed, className="quiet")], className="grows"),
            html.Button(
                [shell.icon("x"), word("emergency.pressure.stop", spoken)],
                className="button",
                **{"data-pressure": "stop"},
            ),
        ],
        className="line pressure-runs",
        role="status",
    )


def _why_not(run: Run, spoken: str) -> str:
    """Return why there is no estimate."""
    if run.stopped:
        return word("emergency.pressure.stopped", spoken)
    return word("emergency.pressure.failed", spoken, why="-" if run.fault is None else words_of(run.fault, spoken))


def _found(found: ReducedPressure, spoken: str) -> list[Component | None]:
    """Return who falls below the pressure, the tanks, and what was assumed."""
    fallen = found.fallen.sort_values(["after_m", "code"])
    critical = fallen[fallen["critical"].notna()]
    below = f"{found.below_m:g}"
    figures = html.Div(
        [
            _figure("households", int(fallen["households"].sum()), below, spoken),
            _figure("customers", len(fallen), below, spoken),
            _figure("critical", len(critical), below, spoken),
            _figure("pipes", len(found.links), below, spoken),
        ],
        className="figures four",
    )
    rows = [
        _line(row, spoken)
        for row in pd.concat([critical, fallen[fallen["critical"].isna()]]).head(MOST_LISTED).to_dict("records")
    ]
    rest = len(fallen) - len(rows)
    more = html.P(word("emergency.pressure.more", spoken, count=f"{rest:,}"), className="quiet") if rest > 0 else None
    low = int(str(found.totals["already_low_customers"]))
    ordinary = html.P(word("emergency.pressure.already", spoken, count=f"{low:,}", below=below)) if low else None
    return [
        figures,
        ordinary,
        *(folded(rows, 3, "fallen", spoken) if rows else []),
        more,
        _tanks(found, spoken),
        _basis(found, spoken),
    ]


def _figure(name: str, count: int, below: str, spoken: str) -> Component:
    """Return one figure."""
    label = word(f"emergency.pressure.{name}", spoken)
    tip = word("emergency.pressure.figure.tip", spoken, below=below)
    shown = shell.figure(label, f"{count:,}", tip, tone="warn" if count else "")
    return html.Div(shown, **{"data-figure": f"{label} < {below} m"})


def _line(row: Mapping[Any, Any], spoken: str) -> Component:
    """Return one customer who falls below the pressure."""
    kind = word(f"critical.{row['critical']}", spoken) if pd.notna(row["critical"]) else ""
    metres = word("emergency.pressure.falls", spoken, before=_metres(row["before_m"]), after=_metres(row["after_m"]))
    return html.Li([html.Strong(row["code"]), html.Span(kind), html.Span(metres, className="grows")], className="line")


def _metres(value: float) -> str:
    return f"{value:.1f}" if pd.notna(value) else "–"


def _tanks(found: ReducedPressure, spoken: str) -> Component | None:
    """Return how long tanks last that give water after the shutoff."""
    rows = found.tanks.dropna(subset=["hours"]).sort_values(["hours", "code"]).head(5)
    if rows.empty:
        return None
    told = [
        word(
            "emergency.pressure.tank",
            spoken,
            code=row["code"],
            hours=f"{row['hours']:.1f}",
            flow=f"{row['outflow_m3h']:,.0f}",
        )
        for row in rows.to_dict("records")
    ]
    return html.Ul([html.Li(text) for text in told], className="lines")


def _basis(found: ReducedPressure, spoken: str) -> Component:
    """Return what the estimate rests on."""
    notes = [html.Li(word("emergency.pressure.basis", spoken)), *(html.Li(note.words(spoken)) for note in found.notes)]
    return html.Details([html.Summary(word("emergency.pressure.assumed", spoken)), html.Ul(notes)])
