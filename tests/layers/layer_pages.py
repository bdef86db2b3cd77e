"""The hand-made town with every layer on it, as an exported page."""

from datetime import datetime, timedelta, timezone

import layer_town as town
import pandas as pd

from gisapp.density import surface_3857
from gisapp.grids import leaders_at
from layers.basemap import basemap_layers
from layers.density import class_limits, density_raster
from layers.folium_map import folium_html
from layers.grids import grid_shapes
from layers.incidents import incident_shapes
from layers.network import network_layers
from layers.shutoff import shutoff_layers

NOW = datetime(2026, 11, 22, 9, 5, tzinfo=timezone(timedelta(hours=8)))
BOX = (town.X, town.Y, town.X + 1000, town.Y + 1000)


def all_layers(language="en", theme="light"):
    points = town.incidents().geometry.dropna().get_coordinates().to_numpy()
    found = surface_3857(points, crs=town.CRS, bandwidth_m=100, bounds=BOX)
    leaders = leaders_at(town.posts(), pd.Timestamp(NOW))
    return [
        *basemap_layers(town.landcover(), town.streets(), town.buildings(), language=language, theme=theme),
        density_raster(found, limits=class_limits(found.peak), language=language, theme=theme),
        grid_shapes(town.grids(), leaders, theme=theme),
        *network_layers("water", **town.network(), language=language, theme=theme),
        incident_shapes(town.incidents(), language=language, theme=theme),
        *shutoff_layers(town.shutoff(), **town.pipes(), language=language, theme=theme),
    ]


def page(language="en", **more):
    return folium_html(all_layers(language), title="Town", language=language, made_at=NOW, **more)
