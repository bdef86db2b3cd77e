"""A page that is nothing but a map, for the tests of the map: what it says is written below it."""

from __future__ import annotations

import json

import shapely
from dash import Dash, Input, Output, html

from dashboards import shell
from dashboards.access import Permission, callback
from dashboards.bundles import tiles_of
from dashboards.map import Map, extent_of
from dashboards.snapshot import snapshot_of
from dashboards.specs import static_specs

PATH = "/map"
TITLE = "planner.title"
ICON = "map-2"
NEEDS = Permission.GRIDS_VIEW


def layout(context):
    return html.Div(
        [
            Map(id="map", language=context.language, height="100%"),
            html.Pre(id="said", hidden=True),
        ],
        style={"position": "absolute", "inset": 0},
    )


def attach(app: Dash) -> None:
    store = snapshot_of(app.server).store

    @callback(
        app, Output("map", "layers"), Output("map", "fit"), Input(shell.VERSION, "data"), needs=Permission.GRIDS_VIEW
    )
    def draw(_version):
        names = ("base", "grids", "water", "incidents")
        specs = static_specs(tiles_of(app.server), *names, language=shell.language())
        return specs, extent_of(store.table("grids"))

    @callback(
        app,
        Output("said", "children"),
        Input("map", "click"),
        Input("map", "extent"),
        Input("map", "visible"),
        needs=Permission.GRIDS_VIEW,
    )
    def hear(click, extent, visible):
        return json.dumps({"click": click, "extent": extent, "visible": visible})


def middle_of(store, table, code):
    """The longitude and latitude of the middle of one shape."""
    frame = store.table(table)
    shape = frame.loc[frame["code"] == code].to_crs(4326).geometry.iloc[0]
    place = (
        shape.interpolate(0.5, normalized=True) if shape.geom_type == "LineString" else shapely.point_on_surface(shape)
    )
    return place.x, place.y
