"""The map of every page: an own Dash component on MapLibre GL JS.

A page puts one map into its skeleton and lets callbacks output its props, never the map itself
(a callback that returns the map's parent would make it anew)::

    from dashboards.bundles import tiles_of
    from dashboards.map import Map, extent_of
    from dashboards.specs import layer_specs, static_specs

    Map(id="planner-map", language=context.language, height="100%")         # in layout(context)

    @callback(app, Output("planner-map", "layers"), Output("planner-map", "fit"),
              Input(shell.VERSION, "data"), needs=Permission.GRIDS_VIEW)
    def show(_version):
        tiles = tiles_of(app.server)
        specs = static_specs(tiles, "base", "water", "grids", language=shell.language())
        return specs, extent_of(store.table("grids"))

    @callback(app, Output("planner-map", "answers"), Input("planner-map", "click"), needs=...)
    def answer(click):                     # {layer, id, properties, lng, lat, at}; id is the code
        return layer_specs(lambda theme: shutoff_layers(..., theme=theme), language=...)

Props in
    ``layers``     from :func:`~dashboards.specs.static_specs`: bundles of tiles, lowest first
    ``laid``       ``True`` when ``layers`` came with the skeleton (:func:`~dashboards.specs.first_props`)
    ``answers``    from :func:`~dashboards.specs.layer_specs`: shapes and pictures, drawn above ``layers``
    ``shapes``     ``{name: GeoJSON}``: only the shapes of an answer, its look unchanged
    ``image``      ``{name: {url, coordinates}}`` (:func:`~dashboards.specs.picture`): only its picture
    ``markers``    ``[{lng, lat, text, colour?, id?}]``: numbered badges
    ``visible``    ``{name: bool}``, ``opacity`` ``{name: 0..1}``: also changed by the layer list
    ``highlight``  ``{name: [codes]}``; ``flash`` ``{lng, lat, at}``: a ring that draws the eye once
    ``view``       ``{center: [lng, lat], zoom}``, ``fit`` ``[west, south, east, north]``: fly there
    ``theme``      ``light``, ``dark``, or ``auto`` (as the page shows itself)
    ``clickable``  names of layers that answer clicks; all that have a popup by default
    ``cursor``     a CSS cursor while a tool is active
    ``basemap``    a setting of :func:`raster_basemap`; none by default
    ``panel``      ``False`` hides the layer list and legend
    ``room``       pixels kept free for the legend at the left of what is flown to, on a wide stage
    ``legend``     ``False`` begins with the legend folded up, on a narrow stage
Props out
    ``click``      as above, places as they are drawn; ``layer`` and ``id`` are None beside every shape
    ``hover``      ``{layer, id}`` or None, only if ``hoverable``
    ``extent``     ``{west, south, east, north, zoom}``, when the map rests
    ``ready``      ``True`` once the first picture stands
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import geopandas as gpd
import numpy as np
import pyproj
from dash.development.base_component import Component

from dashboards.cut import lonlat_in_frame
from dashboards.tiles import degrees
from gisapp.crs import to_degrees, wgs84_from_bd09, wgs84_from_gcj02
from gisapp.errors import InputError
from gisapp.words import catalog

ASSETS = Path(__file__).parent / "assets"
FRAMES = ("wgs84", "gcj02", "bd09")
_TO_WGS84 = {"wgs84": lambda lonlat: lonlat, "gcj02": wgs84_from_gcj02, "bd09": wgs84_from_bd09}
_PROPS = (
    *("id", "layers", "answers", "shapes", "image", "markers", "visible", "opacity", "highlight", "flash", "view"),
    *(
        "fit",
        "theme",
        "clickable",
        "cursor",
        "basemap",
        "panel",
        "legend",
        "room",
        "hoverable",
        "words",
        "language",
        "height",
    ),
    *("className", "laid", "click", "hover", "extent", "ready"),
)


class Map(Component):
    """A map; see the module for its props. Its browser half is ``assets/map.js``."""

    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _namespace = "dashboards"
    _type = "Map"
    _prop_names: ClassVar[list[str]] = list(_PROPS)
    _valid_wildcard_attributes: ClassVar[list[str]] = ["aria-", "data-"]
    available_properties: ClassVar[list[str]] = list(_PROPS)
    available_wildcard_properties: ClassVar[list[str]] = ["aria-", "data-"]

    def __init__(self, id: str, *, language: str, **props: Any) -> None:
        """Take the words of the controls from the catalog of ``language``."""
        words = {key.removeprefix("map."): text for key, text in catalog(language).items() if key.startswith("map.")}
        super().__init__(id=id, language=language, words=words, **props)


def extent_of(frame: gpd.GeoDataFrame, *, to: str = "wgs84") -> list[float]:
    """Return west, south, east, north in degrees of the base map's frame, for the prop ``fit``."""
    return list(degrees([frame], to=to))


def place_on_map(x: float, y: float, crs: pyproj.CRS, *, frame: str = "wgs84") -> tuple[float, float]:
    """Return the longitude and latitude at which a place is drawn."""
    lng, lat = to_degrees(crs).transform(x, y)
    drawn = lonlat_in_frame(np.array([[lng, lat]]), frame)
    return float(drawn[0, 0]), float(drawn[0, 1])


def place_from_map(lng: float, lat: float, crs: pyproj.CRS, *, frame: str = "wgs84") -> tuple[float, float]:
    """Return the x and y of a place that somebody points at on the map."""
    true = _TO_WGS84[frame](np.array([[lng, lat]]))
    x, y = to_degrees(crs).transform(true[0, 0], true[0, 1], direction="INVERSE")
    return float(x), float(y)


def raster_basemap(
    url: str,
    *,
    frame: Literal["wgs84", "gcj02", "bd09"],
    attribution: str,
    max_zoom: int = 18,
    key_variable: str | None = None,
) -> dict[str, Any]:
    """Return the setting of an outside tile source: the map's prop ``basemap``, and the only host it may ask.

    ``url`` holds {z}, {x}, {y}, and {key} when the environment variable ``key_variable`` holds one. The
    content security policy must let ``host`` in, in img-src and connect-src.

    Raises
    ------
    InputError
        On a url without its places or not https, an unknown frame, or a key that is not set.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.netloc or not all(mark in url for mark in ("{z}", "{x}", "{y}")):
        raise InputError(f"found {url!r}", todo="give an https address with {z}, {x} and {y}", field="basemap url")
    if frame not in FRAMES:
        raise InputError(f"found {frame!r}", todo=f"use one of {', '.join(FRAMES)}", field="basemap frame")
    key = os.environ.get(key_variable, "") if key_variable else ""
    if "{key}" in url and not key:
        raise InputError("the key is not set", todo=f"set {key_variable or 'its variable'}", field="basemap key")
    return {
        "url": url.replace("{key}", key),
        "host": f"{parts.scheme}://{parts.netloc}",
        "frame": frame,
        "attribution": attribution,
        "max_zoom": max_zoom,
    }
