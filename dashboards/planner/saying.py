"""What planners say about a plan, its grids and places: listed, put on the map by number, and said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import geopandas as gpd
from dash import html
from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, actor, deed
from dashboards.planner.side import MOST, bounds_of
from dashboards.specs import layer_specs
from gisapp.words import word
from layers.grids import comment_shapes


def comments(said: gpd.GeoDataFrame, code: str, zone: ZoneInfo, spoken: str, *, frame: str) -> list[Component]:
    """Return what was said about a plan, the newest first; a click goes to the place."""
    ask = [Field("text", word("planner.field_text", spoken), "area", required=True)]
    say = deed(
        word("planner.comment", spoken),
        {"do": "comment", "plan": code},
        needs=Permission.GRIDS_EDIT,
        ask=ask,
        sign="plus",
    )
    place = None
    if say is not None:
        place = html.Button(word("planner.comment_place", spoken), className="button writes", **{"data-saying": "true"})
    rows = [_comment(row, zone, spoken, frame, said) for row in said.iloc[::-1].head(MOST).to_dict("records")]
    nothing = [] if rows else [html.P(word("planner.no_comments", spoken), className="quiet")]
    return [
        html.Div([one for one in (say, place) if one is not None], className="buttons"),
        *nothing,
        html.Ol(rows, className="plan-steps"),
    ]


def _comment(row: Mapping[Any, Any], zone: ZoneInfo, spoken: str, frame: str, said: gpd.GeoDataFrame) -> Component:
    """Return one comment."""
    clock = row["at"].tz_convert(zone).strftime("%Y-%m-%d %H:%M")
    about = f" · {row['grid_code']}" if isinstance(row["grid_code"], str) else ""
    told = html.Small(f"{row['number']} · {clock} · {actor(row['actor'], spoken)}{about}")
    inside = [html.Span(row["text"]), told]
    if row["geom"] is None or row["geom"].is_empty:
        return html.Li(html.Div(inside, className="row"))
    fit = bounds_of(gpd.GeoSeries([row["geom"]], crs=said.crs), said.crs, frame)[0]
    return html.Li(html.Button(inside, className="row", **{"data-fit": fit}))


def comment_specs(said: gpd.GeoDataFrame, spoken: str, *, frame: str) -> list[dict[str, Any]]:
    """Return the places that comments are about, as a layer; none where there are none."""
    placed = said[~(said.geometry.isna() | said.geometry.is_empty)]
    placed = placed.assign(number=placed["number"].astype("int64").astype("str"))
    if placed.empty:
        return []
    return layer_specs(lambda theme: [comment_shapes(placed, theme=theme)], language=spoken, frame=frame)
