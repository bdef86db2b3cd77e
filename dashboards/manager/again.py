"""What fails again: the pipes to expect most failures of, and repairs that did not hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.manager.asked import Asked
from dashboards.snapshot import Snapshot
from gisapp.density import back_test, pipe_breaks, pipe_ranking
from gisapp.errors import InputError
from gisapp.incidents import repeat_repairs
from gisapp.tables import UTILITIES
from gisapp.words import word

COHORTS = ("material", "decade")
MOST_PIPES, MOST_REPEATS = 8, 8
TOLERANCE_M = 5.0


@dataclass(frozen=True, eq=False)
class Worst:
    """The pipes of a utility, worst first, and what that order would have caught; None where it cannot be tested."""

    pipes: pd.DataFrame
    caught: float | None


def worst(utility: str, snapshot: Snapshot) -> Worst:
    """Return the ranking of a utility's pipes by all that is on record."""

    def make() -> Worst:
        links, incidents = snapshot.store.table("links"), snapshot.incidents()
        pipes = links[(links["utility"] == utility).to_numpy()]
        breaks = pipe_breaks(incidents[(incidents["utility"] == utility).to_numpy()], snapshot.store.zone)
        cube = snapshot.cube()
        period = {"start": cube.first_day, "end": cube.last_day}
        ranked = pipe_ranking(pipes, breaks, by=list(COHORTS), **period)
        return Worst(ranked.head(MOST_PIPES), _caught(pipes, breaks, cube.first_day, cube.last_day))

    return snapshot.derived(("worst pipes", utility, snapshot.open_rules), ("links", "incidents"), make)


def _caught(pipes: pd.DataFrame, breaks: pd.DataFrame, start: date, end: date) -> float | None:
    """Return the share of next year's breaks that the worst 5 % of length would have caught in past years."""
    last = end.year if (end.month, end.day) == (12, 31) else end.year - 1
    if last <= start.year:
        return None
    try:
        table = back_test(pipes, breaks, by=list(COHORTS), start=start, cuts=range(start.year + 1, last + 1))
    except InputError:
        return None
    ours = table[(table["order"] == "smoothed") & (table["breaks"] > 0)]
    return float((ours["caught_5"] * ours["breaks"]).sum() / ours["breaks"].sum()) if len(ours) else None


def again(asked: Asked, span: tuple[date, date], snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return both lists, of the first utility asked for, else of water."""
    utility = next((name for name in asked.utilities if name), UTILITIES[0])
    return [*_worst(utility, snapshot, spoken), *_repeats(utility, span, snapshot, spoken)]


def _worst(utility: str, snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return the pipes to expect most failures of."""
    found = worst(utility, snapshot)
    title = html.H2(word("manager.worst", spoken, utility=word(f"utility.{utility}", spoken)))
    if found.pipes.empty or not found.pipes["breaks"].sum():
        return [title, html.P(word("manager.worst.none", spoken), className="quiet")]
    rows = [
        html.Tr(
            [
                html.Td(html.A(row["code"], href=_pipe(utility, row["code"], spoken))),
                html.Td(f"{row['length_m']:,.0f}"),
                html.Td(f"{row['breaks']:,}"),
                html.Td(f"{row['expected']:.2f}"),
            ]
        )
        for row in found.pipes.to_dict("records")
    ]
    heads = [html.Th(word(f"manager.worst.{name}", spoken)) for name in ("code", "length", "breaks", "expected")]
    told = [] if found.caught is None else [word("manager.worst.test", spoken, share=f"{found.caught:.0%}")]
    return [
        title,
        html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)]),
        *(html.P(text, className="quiet") for text in told),
    ]


def _repeats(utility: str, span: tuple[date, date], snapshot: Snapshot, spoken: str) -> list[Component]:
    """Return the repairs of the period that repeat an earlier one, the newest first."""
    incidents = snapshot.incidents()
    mine = incidents[(incidents["utility"] == utility).to_numpy()]
    found = repeat_repairs(mine, snapshot.store.zone, tolerance_m=TOLERANCE_M, period=span)
    table = found.table.iloc[::-1].head(MOST_REPEATS)
    title = html.H2(word("manager.repeats", spoken, count=f"{len(found.table):,}"))
    tip = html.P(word("manager.repeats.tip", spoken, metres=f"{TOLERANCE_M:g}"), className="quiet")
    rows = [
        html.Tr(
            [
                html.Td(html.A(row["link_code"], href=_pipe(utility, row["link_code"], spoken))),
                html.Td(row["repaired_at"].tz_convert(snapshot.store.zone).strftime("%Y-%m-%d")),
                html.Td(f"{row['days']:.0f}"),
                html.Td(row["unit_code"] if pd.notna(row["unit_code"]) else "–"),
            ]
        )
        for row in table.to_dict("records")
    ]
    heads = [html.Th(word(f"manager.repeats.{name}", spoken)) for name in ("code", "at", "days", "unit")]
    return [title, tip, *([html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)])] if rows else [])]


def _pipe(utility: str, code: str, spoken: str) -> str:
    """Return the address that shows what a burst of a pipe costs."""
    return f"/{spoken}/emergency?{urlencode({'utility': utility, 'pipe': code})}"
