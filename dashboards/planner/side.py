"""Beside the table of a plan's grids: its history, what is wrong with it, and what it moves against another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from dash import html
from dash.development.base_component import Component

from dashboards import shell
from dashboards.cut import lonlat_in_frame
from dashboards.deeds import actor
from dashboards.planner.drafts import Opened
from dashboards.planner.told import kind_word
from gisapp.crs import to_degrees
from gisapp.grids.plan_diff import PlanDiff
from gisapp.words import word
from layers.plan_page import moves_of

VIEWS = ("grids", "propose", "history", "checks", "compare", "comments")
MOST = 200  # rows of a list
_AROUND_M = 60.0  # of a place that is shown


def view_buttons(context: shell.Context) -> Component:
    """Return the buttons that choose what stands beside the map."""
    buttons = [
        html.Button(
            context.word(f"planner.view_{name}"),
            className="button",
            **{"data-view": name, "aria-pressed": str(name == VIEWS[0]).lower()},
        )
        for name in VIEWS
    ]
    return html.Div(buttons, className="views buttons", role="group", **{"aria-label": context.word("planner.views")})


def locks(context: shell.Context) -> Component:
    """Return the buttons that lock the chosen grid, all or none, and the one that names it."""
    buttons = [
        html.Button(context.word(f"planner.lock_{name}"), className="button writes", **{"data-lock": name})
        for name in ("chosen", "all", "none")
    ]
    call = html.Button(context.word("planner.name_grid"), className="button writes", **{"data-name": ""})
    return html.Div([*buttons, call], className="locks buttons")


def history(opened: Opened, rows: pd.DataFrame, zone: ZoneInfo, spoken: str) -> list[Component]:
    """Return every step of a plan, the newest first; a click goes to it. Steps that were undone stand above."""
    done = len(opened.draft.history.done)
    made = [_step(row, done, zone, spoken) for row in rows.iloc[::-1].head(MOST).to_dict("records")]
    first = _position(0, [html.Strong(word("planner.began", spoken))], here=done == 0, undone=False)
    return [
        html.P(word("planner.history_hint", spoken), className="quiet"),
        html.Ol([*made, first], className="plan-steps"),
    ]


def _step(row: Mapping[Any, Any], done: int, zone: ZoneInfo, spoken: str) -> Component:
    number, clock = int(row["number"]), row["at"].tz_convert(zone).strftime("%m-%d %H:%M")
    told = f"{clock} · {actor(row['actor'], spoken)} · {row['grids'].replace(',', ', ')}"
    inside: list[Component] = [html.Strong(kind_word(row["kind"], spoken)), html.Small(told)]
    return _position(number, inside, here=number == done, undone=number > done)


def _position(number: int, inside: list[Component], *, here: bool, undone: bool) -> Component:
    told = {"data-position": str(number)} | ({"aria-current": "step"} if here else {})
    return html.Li(html.Button(inside, className="row undone" if undone else "row", **told))


def comparison(found: PlanDiff, spoken: str, *, frame: str) -> list[Component]:
    """Return what moves from which grid to which, the most households first; a click goes to the place."""
    if found.matrix.empty:
        return [html.P(word("diff.no_moves", spoken), className="quiet")]
    moves = moves_of(found)
    figures = [
        shell.figure(
            word(f"diff.{name}", spoken),
            f"{moves[name].sum():,.{1 if name == 'pipe_km' else 0}f}",
            word("diff.moves", spoken),
        )
        for name in ("households", "open_incidents", "critical", "pipe_km")
    ]
    inherited = f"{found.leaders['open_incidents'].sum():,.0f}"
    figures.append(shell.figure(word("diff.inherited", spoken), inherited, word("diff.leaders", spoken)))
    names = ("households", "open_incidents", "incidents_12m", "pipe_km", "critical")
    heads = [html.Th(word(f"diff.{name}", spoken), scope="col") for name in ("from_to", *names)]
    places = bounds_of(moves.geometry, moves.crs, frame)
    rows = [
        html.Tr(
            [
                html.Th(html.Button(row["code"], className="row", **{"data-fit": fit}), scope="row"),
                *(html.Td(f"{row[name]:,.{1 if name == 'pipe_km' else 0}f}") for name in names),
            ]
        )
        for row, fit in zip(moves.head(MOST).to_dict("records"), places, strict=False)
    ]
    return [
        html.Div(figures, className="figures"),
        html.Div(
            html.Table([html.Thead(html.Tr(heads)), html.Tbody(rows)], className="moves"),
            className="scrolled",
            tabIndex="0",
        ),
    ]


def whole_bounds(shapes: gpd.GeoSeries, frame: str) -> list[float] | None:
    """Return around some shapes west, south, east and north in degrees of the map; None around none."""
    if shapes.empty:
        return None
    whole = gpd.GeoSeries([shapely.box(*shapes.total_bounds)], crs=shapes.crs)
    return [float(part) for part in bounds_of(whole, whole.crs, frame)[0].split(",")]


def bounds_of(shapes: gpd.GeoSeries, crs: pyproj.CRS, frame: str) -> list[str]:
    """Return around each shape west, south, east and north in degrees of the map, as the browser reads them."""
    boxes = shapely.bounds(shapes.to_numpy()) + np.array([-_AROUND_M, -_AROUND_M, _AROUND_M, _AROUND_M])
    change = to_degrees(crs)
    corners = [
        lonlat_in_frame(np.column_stack(change.transform(boxes[:, at], boxes[:, at + 1])), frame) for at in (0, 2)
    ]
    return [",".join(f"{part:.6f}" for part in row) for row in np.column_stack(corners)]
