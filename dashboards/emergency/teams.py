"""The crews nearest to the burst, how the way to each was measured, and which were sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from dashboards.emergency.clocks import fact_button
from dashboards.emergency.parts import chip, clock, joined, section
from dashboards.emergency.standing import Standing
from dashboards.snapshot import Snapshot
from gisapp.operations.crews import crews_at_work, nearest_crews
from gisapp.words import word

SHOWN = 3


def nearest(standing: Standing, snapshot: Snapshot, spoken: str) -> Component:
    """Return the crews on duty, free ones first, the nearest first, with the way and how it was measured."""
    title = word("emergency.crews", spoken)
    table = snapshot.store.table
    if standing.spot is None or table("crews").empty:
        return section("crews", title, html.P(word("emergency.no_crews", spoken), className="quiet"))
    rows = snapshot.derived(
        ("nearest crews", standing.utility, standing.case.code, standing.spot.x, standing.spot.y),
        ("crews", "streets", "shutoffs", "shutoff_steps"),
        lambda: _nearest(standing, snapshot),
    )
    if rows.empty:
        return section("crews", title, html.P(word("emergency.no_crews", spoken), className="quiet"))
    listed = [_crew(row, standing, spoken) for row in rows.to_dict("records")]
    return section("crews", title, html.Ul(listed, className="lines"))


def _nearest(standing: Standing, snapshot: Snapshot) -> pd.DataFrame:
    """Return the crews and their ways, the same for all who look at the case."""
    table, utility = snapshot.store.table, standing.utility
    busy = crews_at_work(table("shutoffs"), table("shutoff_steps"), leaving_out=standing.case.code)
    rows = nearest_crews(table("crews"), table("streets"), standing.spot, utility=utility, at_work=busy, most=SHOWN)
    return pd.DataFrame(rows.drop(columns="geom"))


def _crew(row: Mapping[Any, Any], standing: Standing, spoken: str) -> Component:
    """Return one crew: name, way, since when it is sent or the button that sends it, and where else it works."""
    way = word(f"emergency.by_{row['by']}", spoken, km=f"{row['distance_m'] / 1000:,.1f}")
    told = html.Span(
        [html.Strong(row["name"]), html.Span(joined(way, row["code"]), className="quiet")], className="grows"
    )
    sent = _sent(row["code"], standing)
    if sent is not None:
        when = clock(sent, spoken, today=standing.situation.made_at)
        return html.Li([told, chip(word("emergency.sent_at", spoken, when=when), "good")], className="line")
    busy = chip(word("emergency.at_work", spoken, code=row["at_work"]), "warn") if pd.notna(row["at_work"]) else None
    return html.Li([told, busy, fact_button("send_crew", standing, spoken, subject=row["code"])], className="line")


def _sent(code: str, standing: Standing) -> Any:
    """Return when a crew was sent, None if it was not."""
    course = standing.situation.course
    if course is None:
        return None
    moments = course.crews.loc[course.crews["code"] == code, "at"]
    return None if moments.empty else moments.iloc[-1]
