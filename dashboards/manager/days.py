"""The time histogram: incidents a week, the period marked, the compared one too; dragging over it chooses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from dash import dcc

from dashboards import shell
from dashboards.manager.found import Found
from gisapp.words import word

_WEEK = pd.Timedelta(days=7)


def days(context: shell.Context) -> dcc.Graph:
    """Return the empty histogram."""
    locale = context.language.replace("Hans", "CN").replace("Hant", "TW").lower()
    config = {"displayModeBar": False, "locale": locale, "scrollZoom": False}
    return dcc.Graph(id="manager-days", className="days", config=config)


def histogram(found: Found | None, *, dark: bool, language: str) -> go.Figure:
    """Return incidents a week over all days; None gives an empty figure."""
    ink, quiet, accent = ("#e9eff5", "#4a5866", "#4cc9e0") if dark else ("#131f2a", "#b9c4ce", "#0b6e84")
    other = "#8a7ad6" if dark else "#7a68c9"
    figure = go.Figure()
    if found is not None:
        weekly = found.cube.daily(found.whole).resample("W-MON", label="left", closed="left").sum()
        colour = np.where(_inside(weekly.index, found), accent, quiet)
        if found.earlier is not None:
            colour = np.where(_inside(weekly.index, found.earlier), other, colour)
        words = word("manager.week", language)
        figure.add_bar(
            x=weekly.index,
            y=weekly.to_numpy(),
            marker={"color": colour.tolist(), "line": {"width": 0}},
            hovertemplate=f"%{{x|%Y-%m-%d}} {words}: %{{y:,}}<extra></extra>",
            selected={"marker": {"opacity": 1}},
            unselected={"marker": {"opacity": 1}},
        )
    figure.update_layout(
        height=132,
        margin={"l": 44, "r": 12, "t": 6, "b": 24},
        bargap=0.12,
        dragmode="select",
        selectdirection="h",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": ink, "size": 12, "family": "inherit"},
        showlegend=False,
        uirevision="days",
        newselection={"line": {"color": accent, "width": 1, "dash": "solid"}},
    )
    figure.update_xaxes(showgrid=False, fixedrange=True, tickformat="%Y-%m")
    figure.update_yaxes(gridcolor="rgba(128,140,150,.25)", fixedrange=True, rangemode="tozero", nticks=4)
    return figure


def _inside(weeks: pd.Index, found: Found) -> np.ndarray:
    """Return which weeks touch the period."""
    start, end = pd.Timestamp(found.start), pd.Timestamp(found.end)
    return np.asarray((weeks > start - _WEEK) & (weeks <= end))
